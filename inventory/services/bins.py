"""Warehouses and their bins: opening one, many bins at once from a pattern, changing a bin, retiring those unused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from django.db.models import Max

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.registry import bin_users
from core.roles import require
from core.transactions import atomic
from inventory.models import Bin, BinStock, Warehouse, accesses_of

KEEPS = "inventory.keep_sites"
MOST = 2_000
# In walking order these come after whatever is picked from
_BEHIND_ALL = 100_000
_CODE_LENGTH = Bin._meta.get_field("code").max_length or 0
_TOKENS = re.compile(r"\d+|[A-Z]+|[^A-Z\d]+")


class NotAPattern(Blocked):
    """A text names no bins; the sentence says where."""

    code = "not_a_pattern"


@dataclass(frozen=True, slots=True)
class NewBins:
    """Bins that a pattern names: those to be made, in walking order from a place on, and how many are there already."""

    codes: tuple[str, ...]
    there: int
    sequence: int


def codes_of(text: str) -> list[str]:
    """Return the codes that a pattern names, in its order, each once: A-01-01..A-05-04, T-1, T-2.

    Between two dots each number and each single letter that differs runs from one to the other, the last one fastest.

    :raises NotAPattern: where two ends do not match, or there are none, too many or too long ones.
    """
    codes: dict[str, None] = {}
    for piece in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*\.\.+\s*", "..", text.strip().upper()))):
        first, is_range, last = piece.partition("..")
        for code in _between(first, last) if is_range else [first]:
            codes[code] = None
            if len(codes) > MOST:
                raise NotAPattern(f"These are more than {MOST:,} bins: make them in parts.")
    if not codes:
        raise NotAPattern("Name at least one bin, such as A-01-01, or A-01-01..A-05-04 for many.")
    for code in codes:
        if len(code) > _CODE_LENGTH:
            raise NotAPattern(f"{code} is too long: a code has {_CODE_LENGTH} letters and digits at most.")
    return list(codes)


def _between(first: str, last: str) -> Iterator[str]:
    ends = list(zip(_TOKENS.findall(first), _TOKENS.findall(last), strict=False))
    whole = "".join(one for one, _other in ends) == first and "".join(other for _one, other in ends) == last
    if not first or not last or not whole:
        raise NotAPattern(f"{first}..{last}: both ends need the same parts, such as A-01-01..A-05-04.")
    steps = [_steps(one, other, first, last) for one, other in ends]
    for parts in product(*steps):
        yield "".join(parts)


def _steps(one: str, other: str, first: str, last: str) -> list[str]:
    if one == other:
        return [one]
    if one.isdecimal() and other.isdecimal() and int(one) < int(other) < 10**6:
        return [f"{value:0{len(one)}}" for value in range(int(one), int(other) + 1)]
    if len(one) == len(other) == 1 and one.isalpha() and other.isalpha() and one < other:
        return [chr(value) for value in range(ord(one), ord(other) + 1)]
    raise NotAPattern(f"{first}..{last}: nothing runs from {one} to {other}.")


def plan_bins(*, warehouse: Warehouse, pattern: str, sequence: int | None) -> NewBins:
    """Return what bins a pattern would add to a warehouse, after its last one in walking order unless a place is said.

    :raises NotAPattern: where it names none.
    """
    codes = codes_of(pattern)
    there = set(Bin.objects.filter(warehouse=warehouse, code__in=codes).values_list("code", flat=True))
    if sequence is None:
        of_picks = Bin.objects.filter(warehouse=warehouse, kind=Bin.Kind.PICK)
        sequence = (of_picks.aggregate(last=Max("sequence"))["last"] or 0) + 1
    return NewBins(tuple(code for code in codes if code not in there), len(there), sequence)


@atomic
def open_warehouse(*, warehouse: Warehouse, actor: User) -> Warehouse:
    """Open a warehouse of the actor's company, with a bin for each use but that to pick from.

    :raises NotAllowed: where the actor may not keep sites.
    :raises Blocked: where the actor is kept to some warehouses, and would not see it.
    """
    require(actor, KEEPS)
    if accesses_of(actor).exists():
        raise Blocked("You work in some warehouses only: somebody who works in all of them opens a new one.")
    warehouse.company = actor.company
    warehouse.save()
    uses = [kind for kind in Bin.Kind if kind not in (Bin.Kind.PICK, Bin.Kind.RETIRED)]
    bulk.insert([Bin(warehouse=warehouse, code=kind.label.upper(), kind=kind, sequence=_BEHIND_ALL) for kind in uses])
    return warehouse


@atomic
def add_bins(*, warehouse_id: int, pattern: str, kind: Bin.Kind, sequence: int | None, actor: User) -> int:
    """Add the bins that a pattern names, in its order, and return how many; those that are there stay as they are.

    :raises NotAllowed: where the actor may not keep sites.
    :raises Blocked: where the pattern names none, or all of them are there.
    :raises Warehouse.DoesNotExist: where it is none in which the actor works.
    """
    require(actor, KEEPS)
    (warehouse,) = Warehouse.objects.for_user(actor).filter(pk=warehouse_id).locked()
    new = plan_bins(warehouse=warehouse, pattern=pattern, sequence=sequence)
    if not new.codes:
        raise NotAPattern("All of these bins are there already.")
    bulk.insert(
        [
            Bin(warehouse=warehouse, code=code, kind=kind, sequence=place)
            for place, code in enumerate(new.codes, new.sequence)
        ]
    )
    return len(new.codes)


@atomic
def change_bin(*, bin_id: int, code: str, kind: Bin.Kind, sequence: int, actor: User) -> Bin:
    """Call a bin otherwise, give it another place in walking order, or take a retired one back for a use.

    :raises NotAllowed: where the actor may not keep sites.
    :raises Blocked: where the use would change of one that is not retired.
    :raises Bin.DoesNotExist: where it is of no warehouse in which the actor works.
    """
    require(actor, KEEPS)
    place = Bin.objects.for_user(actor).filter(pk=bin_id).locked().get()
    if kind != place.kind and place.kind != Bin.Kind.RETIRED:
        raise Blocked(f"Retire {place.code} first, which needs it empty: then take it back for another use.")
    place.code, place.kind, place.sequence = code, kind, sequence
    place.save(update_fields=["code", "kind", "sequence"])
    return place


@atomic
def retire_bins(*, bin_ids: Collection[int], actor: User, at: datetime) -> dict[int, Bin | Refused]:
    """Retire bins that are empty: nothing is put into them from now on, and what names them keeps them.

    Each other one is refused. Sent again it changes nothing.

    :raises NotAllowed: where the actor may not keep sites.
    """
    require(actor, KEEPS)
    places = list(Bin.objects.for_user(actor).filter(pk__in=bin_ids).locked())
    needed = _needed(places)
    refused: dict[int, Bin | Refused] = {place.pk: _refusal(place) for place in places if place.pk in needed}
    leaving = [place for place in places if place.pk not in needed and place.kind != Bin.Kind.RETIRED]
    _forget(leaving)
    for place in leaving:
        place.kind = Bin.Kind.RETIRED
        place.save(update_fields=["kind"])
    return {place.pk: place for place in places} | refused


def _needed(places: Collection[Bin]) -> set[int]:
    """Return which of some bins, by their keys, hold goods or have work that leads there; their stock is locked."""
    ids = [place.pk for place in places]
    needed = {row.bin_id for row in list(BinStock.objects.filter(bin__in=ids).locked()) if row.quantity}
    for uses in bin_users:
        needed |= set(uses(ids))
    return needed


def _forget(places: Collection[Bin]) -> None:
    """Forget what once lay in empty bins.

    Whoever wants to put it there again makes its row anew, which waits for us and finds that the bin's use has changed.
    """
    BinStock.objects.filter(bin__in=places).delete()


def _refusal(place: Bin) -> Blocked:
    return Blocked(f"Goods lie in {place.code}, or work leads there: empty it first.")
