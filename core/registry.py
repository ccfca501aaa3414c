"""Contributions that higher apps register in ready(), so that lower apps' pages can show them in one request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.urls import reverse

from core.seeking import Sought

T = TypeVar("T")


class Registry(Generic[T]):
    """Named contributions of one type, in the order of their `order` then name."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[int, T]] = {}

    def register(self, name: str, item: T, *, order: int = 100) -> None:
        """Add a contribution.

        :raises ValueError: where the name is taken by another contribution.
        """
        if name in self._items and self._items[name][1] is not item:
            raise ValueError(f"{name} is registered already")
        self._items[name] = (order, item)

    def get(self, name: str) -> T | None:
        """Return the contribution of a name; none where nobody made it."""
        return self._items[name][1] if name in self._items else None

    def __iter__(self) -> Iterator[T]:
        return iter(item for _name, item in self.items())

    def items(self) -> Iterable[tuple[str, T]]:
        """Return the names with their contributions, in order."""
        return [
            (name, item) for name, (_order, item) in sorted(self._items.items(), key=lambda pair: (pair[1][0], pair[0]))
        ]


@dataclass(frozen=True, slots=True)
class Drift:
    """One place where a stored figure differs from what the ledgers say."""

    subject: str
    stored: str
    proved: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """One proof of audit_ledger: `find()` returns the rows it read and the drift it found."""

    name: str
    find: Callable[[], tuple[int, list[Drift]]]


@dataclass(frozen=True, slots=True)
class OrderAction:
    """A verb that an app offers on the order's page: its button, its blockers, and the URL it posts to.

    `confirm` is the question that is asked once before it; "{order}" in it is the order. `opens`: the button opens a
    page of the verb's own, whose address takes the order's key. `aside`: it stands in the menu, never as the one that
    comes next, like a hold or a cancellation.
    """

    verb: str
    label: str
    url_name: str
    blockers: Callable[[list[int]], dict[int, list[Any]]]
    key: str = ""
    confirm: str = ""
    opens: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """A part of the order's page owned by a higher app: a template and its context, of (order_id, user, at).

    Under `documents` the context may hold DocumentLinks, for the trail of papers at the head of the page.
    """

    template: str
    context: Callable[[int, Any, datetime], dict[str, Any]]
    verb: str = ""


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document that an order led to or came from, as its page names it: what it is, its number, its page."""

    kind: str
    label: str
    url: str
    state: str = ""
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """Where a document named in the timeline has its page, which takes its key; a link for those who may do `verb`."""

    url_name: str
    verb: str


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document to which people put notes and files, and which they own and follow; its page is a SubjectPage.

    `model` has a `for_user`, which returns the rows that a person may see. `noun` is its word. `owner` is the path to
    who looks after a row where nobody was chosen. Who may not do `office` sees only what is for the warehouse: the rest
    may hold prices.
    """

    model: Any
    noun: str
    owner: str = ""
    office: str = "orders.view_prices"


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of the main navigation, seen by those who may do `verb`; those of one `group` stand together."""

    label: str
    url_name: str
    icon: str
    verb: str
    key: str = ""
    group: str = "Set-up"


@dataclass(frozen=True, slots=True)
class Command:
    """A verb that the command palette offers from anywhere: its words and the page on which it begins.

    `query` is what stands in that page's address.
    """

    label: str
    url_name: str
    icon: str
    verb: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that the search box found: what it is, its number, whose it is, its state, and its page.

    `state` is the word of the value `status`. `is_exact`: the text is its number, not only the beginning of it. Nothing
    in it may be a price: everybody searches.
    """

    kind: str
    number: str
    url: str
    party: str = ""
    state: str = ""
    status: str = ""
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchProvider:
    """Finds documents of one kind for those who may do `verb`: at most one statement, its hits already theirs.

    `queue` is the list that is searched further, by words anywhere in its rows.
    """

    label: str
    verb: str
    find: Callable[[Any, Sought], list[Hit]]
    queue: str = ""


@dataclass(frozen=True, slots=True)
class LotStep:
    """Units of a lot that came into the house or went out of it: by which document, from or to whom, and when."""

    is_out: bool
    label: str
    url: str
    party: str
    quantity: Decimal
    at: datetime
    state: str = ""


@dataclass(frozen=True, slots=True)
class KeptUnits:
    """Units of a product that are kept for somebody's later order: by which document, for whom, and until when."""

    document: DocumentLink
    party: str
    quantity: Decimal
    wanted_on: date
    kept_through: date


class Stage(StrEnum):
    """Until when a part of setting up can wait: the first order that is keyed, shipped, billed; or for good."""

    ORDER = "Before the first order is keyed"
    SHIP = "Before it is shipped"
    BILL = "Before it is billed"
    LATER = "When you need it"


@dataclass(frozen=True, slots=True)
class Found:
    """How far a part of setting up is: what is there, and what is missing still."""

    there: str
    missing: str = ""


@dataclass(frozen=True, slots=True)
class SetUpPart:
    """A part of setting up a company, for those who may do `verb`: its page, and how far it is in a person's company.

    `why` says what it is for, shown while there is nothing.
    """

    label: str
    stage: Stage
    url_name: str
    why: str
    look: Callable[[Any, datetime], Found]
    verb: str = "core.set_up"
    url_args: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of its page."""
        return reverse(self.url_name, args=self.url_args)


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A kind of document that is numbered: its words, and the beginning of its numbers unless a company says otherwise.

    `gaps` is there for the gapless ones, whose beginning a company may choose: it names the numbers missing in some
    series, by their keys.
    """

    label: str
    prefix: str
    gaps: Callable[[Collection[int]], Mapping[int, Sequence[str]]] | None = None


audit_checks: Registry[AuditCheck] = Registry()
order_actions: Registry[OrderAction] = Registry()
order_panels: Registry[OrderPanel] = Registry()
# By the kind of document, such as invoice: the subject_kind of order events, the name of a queue's model
subject_pages: Registry[SubjectPage] = Registry()
# By the same names
document_kinds: Registry[DocumentKind] = Registry()
navigation: Registry[NavigationItem] = Registry()
commands: Registry[Command] = Registry()
# The addresses of the queues of which some rows are alerts
watched_queues: Registry[str] = Registry()
search_providers: Registry[SearchProvider] = Registry()
# Each says which of some parcels have left the house, by their keys: the warehouse does not see the dock
departures: Registry[Callable[[Collection[int]], Collection[int]]] = Registry()
# Each says of which of some shipments, by their keys, customers sent goods back: these arrived
sent_back: Registry[Callable[[Collection[int]], Collection[int]]] = Registry()
# Each says for which document some demands were placed, by the demands' keys
demand_owners: Registry[Callable[[Collection[int]], Mapping[int, DocumentLink]]] = Registry()
# Each says by which of its documents units of a lot came and went, by the lot's key, to a person who may see them
lot_steps: Registry[Callable[[int, Any], list[LotStep]]] = Registry()
# Each selects rows that name an `order` with which a higher app is not done: it does not close until then
unfinished: Registry[Callable[[], QuerySet[Any]]] = Registry()
# Each says for whom units of a product are kept, by the product's key, to a person who may see it
kept_units: Registry[Callable[[int, Any], list[KeptUnits]]] = Registry()
# Each says which of some bins, by their keys, work leads to that has not begun to lock stock there
bin_users: Registry[Callable[[Collection[int]], Collection[int]]] = Registry()
# What there is to set up, in the order in which one does it
set_up_parts: Registry[SetUpPart] = Registry()
# By the kind of their series
number_kinds: Registry[NumberKind] = Registry()
# Each says which columns of a company must stand, by the company's key: the column with the reason
company_freezes: Registry[Callable[[int], Mapping[str, str]]] = Registry()


def register_parts(parts: Sequence[SetUpPart], *, after: int) -> None:
    """Register parts of the set-up in the order given."""
    for place, part in enumerate(parts, start=after):
        set_up_parts.register(part.label, part, order=place)


def register_numbers(kinds: Mapping[str, str]) -> None:
    """Register the kinds of documents that count on with gaps, by the beginning of their numbers."""
    for prefix, label in kinds.items():
        number_kinds.register(prefix, NumberKind(label, prefix))
