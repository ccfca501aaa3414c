"""What files there are: each app says of its own which columns they have, who may load them, and what a row becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.intake.columns import Column, Judge, plain
from core.models import ImportRow, User
from core.registry import Registry

State = ImportRow.State


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A good row: its line in the file, its cells as they came, and what they say by column."""

    number: int
    cells: Sequence[str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """The good rows of one key, which go in together; how many of that key were refused, and which stand already."""

    rows: Sequence[StagedRow]
    left_out: int = 0
    standing: Sequence[StagedRow] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from: the company they are for, the file that is kept, and its headings by column."""

    company_id: int
    import_id: int
    file_id: int
    file_name: str
    headings: Mapping[str, str]

    def heading(self, column: str) -> str:
        """Return the heading of a column, for a sentence about a cell."""
        return self.headings.get(column, "")

    def refused(self, column: str, reason: str) -> RowResult:
        """Return why a row was not taken in, at the heading that its file has for the column."""
        return refused(reason, self.heading(column))

    @property
    def reference(self) -> str:
        """What is posted for the import is found by this again."""
        return reference(self.import_id)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row: loaded as part of `made_id`, there already, or refused with the column and the reason."""

    state: State
    reason: str = ""
    column: str = ""
    made_id: int | None = None


def loaded(made_id: int) -> RowResult:
    """Return that a row was taken in as part of a document or a record."""
    return RowResult(State.LOADED, made_id=made_id)


def same(reason: str, made_id: int | None = None) -> RowResult:
    """Return that what a row says is so already."""
    return RowResult(State.SAME, reason, made_id=made_id)


def refused(reason: str, column: str = "") -> RowResult:
    """Return why a row was not taken in, and at which heading."""
    return RowResult(State.REFUSED, reason, column)


def reference(import_id: int) -> str:
    """Return how ledgers name an import."""
    return f"Import {import_id}"


def by(*columns: str) -> Callable[[Mapping[str, Any]], str]:
    """Return the key of rows of which there is one for all that these columns say together."""
    return lambda values: "\n".join(str(values.get(column, "")) for column in columns)


# Takes groups in: (*, groups, origin, actor, at) -> what became of each row, by its line number
Load = Callable[..., Mapping[int, RowResult]]
Totals = dict[str, Decimal]


@dataclass(frozen=True)
class ImportKind:
    """A kind of file.

    `key` names what rows belong together by their values; where it `is_unique`, two rows of one key are one too many.
    `load` takes groups in, `slice` of them in one transaction. `rows` gives everything that stands, in
    the kind's columns, for a file that can be loaded again. `page` is where what was made is seen.

    Opening balances have `totals`: they load whole or not at all, and once. `totals` returns what rows come to, by
    name, and `posted` what the ledger says was posted for an import, under the same names.
    """

    name: str
    label: str
    noun: str
    verb: str
    columns: Sequence[Column]
    key: Callable[[Mapping[str, Any]], str]
    load: Load
    noun_plural: str = ""
    is_unique: bool = False
    slice: int = 50
    most_in_group: int = 5_000
    judge: Judge | None = None
    about: str = ""
    page: str = ""
    icon: str = "file"
    rows: Callable[[User], Iterable[Sequence[Any]]] | None = None
    view_verb: str = ""
    totals: Callable[[Sequence[Group]], Totals] | None = None
    posted: Callable[[int], Totals] | None = None

    @property
    def is_opening(self) -> bool:
        """Whether it posts opening balances."""
        return self.totals is not None

    @property
    def gives_rows(self) -> bool:
        """Whether what stands can leave as a file."""
        return self.rows is not None

    def plural(self, count: int) -> str:
        """Return the noun for a number of what rows become."""
        return self.noun if count == 1 else self.noun_plural or f"{self.noun}s"

    def knows(self, heading: str) -> bool:
        """Say whether a heading names one of the columns."""
        return any(plain(heading) in column.known_as for column in self.columns)


import_kinds: Registry[ImportKind] = Registry()


def kind_named(name: str) -> ImportKind:
    """Return a kind by its name.

    :raises KeyError: where there is none.
    """
    return dict(import_kinds.items())[name]


def kinds_for(user: User) -> list[ImportKind]:
    """Return the kinds that a person may load, in order."""
    return [kind for kind in import_kinds if user.can(kind.verb)]
