"""A run: one verb done to many rows in slices that commit each for itself, and what came of each row.

A slice is all or nothing, a run is not: a slice that fails leaves those before it done, and those after it are tried.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import structlog
from django.db import OperationalError

from core.idempotency import once
from core.models import User
from core.refusals import Refused
from core.transactions import as_refusal

# As many orders as are locked together: about a second's work
SLICE = 50
# What belongs together is not torn apart for that, but it has an end too
MOST_TOGETHER = 200
log = structlog.get_logger(__name__)

Verb = Callable[[Sequence[int]], Mapping[int, Any]]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run: the keys of the rows that were done, and why the others were not."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, Refused] = field(default_factory=dict)


def in_slices(ids: Sequence[int], together: Mapping[int, Hashable] = MappingProxyType({})) -> list[list[int]]:
    """Return the rows in slices, those that have the same thing in common in the same one."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row in ids:
        groups[("together", together[row]) if row in together else ("alone", row)].append(row)
    slices: list[list[int]] = [[]]
    for group in groups.values():
        for start in range(0, len(group), MOST_TOGETHER):
            part = group[start : start + MOST_TOGETHER]
            if slices[-1] and len(slices[-1]) + len(part) > SLICE:
                slices.append([])
            slices[-1].extend(part)
    return slices


def run_in_slices(
    verb: Verb,
    ids: Sequence[int],
    *,
    actor: User,
    key: str,
    name: str,
    request: Mapping[str, Any],
    together: Mapping[int, Hashable] = MappingProxyType({}),
) -> Run:
    """Do a verb to rows, slice by slice, each under a key of its own, so that a run sent again does nothing twice.

    `verb` takes the keys of rows and returns what came of each: a refusal, or anything else where it was done. What a
    run of one slice raises is raised; of several, the slice's rows are reported and the next slice is tried.

    :raises Refused: as the verb does, where all rows fit one slice.
    """
    run = Run()
    slices = in_slices(ids, together)
    for rows in slices:
        try:
            done, refused = _slice(verb, rows, actor=actor, key=key, name=name, request=request)
        except Exception as error:
            if len(slices) == 1:
                raise
            done, refused = [], dict.fromkeys(rows, _said(error))
        run.done.extend(done)
        run.refused.update(refused)
    return run


def _slice(
    verb: Verb, rows: Sequence[int], *, actor: User, key: str, name: str, request: Mapping[str, Any]
) -> tuple[list[int], dict[int, Refused]]:
    """Do the verb to the rows of one slice in one transaction."""
    results: dict[int, Any] = {}

    def effect() -> list[int]:
        results.update(verb(rows))
        return _done(results)

    asked = {"rows": list(rows), **request}
    outcome = once(actor=actor, key=f"{key}:{_digest(rows)}", verb=name, request=asked, effect=effect)
    if outcome.replayed:
        # What was refused had no effect to be kept: it is asked anew, for its reason may be gone
        again = [row for row in rows if row not in set(outcome.reference)]
        results = {**dict.fromkeys(outcome.reference), **(verb(again) if again else {})}
    return _done(results), {row: result for row, result in results.items() if isinstance(result, Refused)}


def _done(results: Mapping[int, Any]) -> list[int]:
    return [row for row, result in results.items() if not isinstance(result, Refused)]


def _digest(rows: Iterable[int]) -> str:
    return hashlib.sha256(",".join(map(str, rows)).encode()).hexdigest()[:16]


def _said(error: Exception) -> Refused:
    """Return a failed slice's reason as its rows tell it."""
    refusal = error if isinstance(error, Refused) else None
    if isinstance(error, OperationalError):
        refusal = as_refusal(error)
    if refusal is None:
        log.error("slice failed", exc_info=error)
        refusal = Refused("The server failed at these rows and changed nothing of them. Tell support, and try again.")
    return refusal
