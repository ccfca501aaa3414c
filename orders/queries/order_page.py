"""Reads of one order's page: its lines with how far each is, its totals and its timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, F, Sum, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import number_format

from core import registry
from core.models import User
from core.money import Totals, document_totals, exponent
from core.registry import DocumentLink
from inventory.models import Product
from inventory.queries.substitutes import is_substituted
from orders.models import CancelReason, CustomerPO, Hold, MoveReason, OrderEvent, SalesOrder, SalesOrderLine
from orders.queries.changes import words_of
from orders.queries.kits import begun_by, kit_parts
from orders.queries.substituting import instead_of

ZERO = Decimal(0)
_QUANTITY: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=6)
Kind = OrderEvent.Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, as the timeline shows it."""

    at: datetime
    title: str
    actor: str
    detail: str = ""
    tone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """How many units of an order or of a line have come how far; each step contains what went further."""

    ordered: Decimal
    cancelled: Decimal
    allocated: Decimal
    backordered: Decimal
    picked: Decimal
    packed: Decimal
    shipped: Decimal
    invoiced: Decimal
    returned: Decimal


def order_lines(order: SalesOrder) -> list[SalesOrderLine]:
    """Return the order's lines with their product and unit, each with `steps`, and kits with their `components`.

    `instead` is what is shipped instead of units of a line; `has_substitutes` says whether anything could be.

    By one statement, and one more where there are kits: of these whole ones count. `begun`: units of which some or all
    has left.
    """

    def total(path: str | CombinedExpression) -> Coalesce:
        return Coalesce(Sum(path), Value(ZERO), output_field=_QUANTITY)

    lines: list[SalesOrderLine] = list(
        SalesOrderLine.objects.filter(order=order)
        .select_related("product__unit")
        .annotate(
            promised=total(F("parts__demand__allocated") + F("parts__demand__picked")),
            waiting=total("parts__demand__backordered"),
            parts_made=Count("parts"),
            has_substitutes=is_substituted("product"),
            picked=total("parts__picked"),
            packed=total("parts__packed"),
            shipped=total("parts__shipped"),
            returned=total("parts__returned"),
        )
        .order_by("position")
    )
    components = kit_parts(order, lines)
    several = [line.pk for line in lines if line.pk not in components and line.parts_made > 1]  # type: ignore[attr-defined]
    instead = instead_of(several) if several else {}
    for line in lines:
        row: Any = line
        row.components, row.begun = components.get(line.pk, []), row.shipped
        row.instead = instead.get(line.pk, [])
        if row.components:
            for name in ("allocated", "picked", "packed", "shipped", "returned"):
                setattr(row, _OF_KIT.get(name, name), min(part.kits(name) for part in row.components))
            row.waiting = line.quantity - line.cancelled - row.promised
            row.begun = max(begun_by(part.shipped, part.ratio) for part in row.components)
        row.steps = Steps(
            line.quantity,
            line.cancelled,
            row.promised,
            row.waiting,
            row.picked,
            row.packed,
            row.shipped,
            line.invoiced,
            row.returned,
        )
    return lines


_OF_KIT = {"allocated": "promised"}


def steps_of(lines: Sequence[SalesOrderLine]) -> Steps:
    """Return how far the goods of all lines together are; charges and services are not counted."""
    steps = [line.steps for line in lines if line.product.kind in Product.GOODS]  # type: ignore[attr-defined]
    return Steps(*(sum((getattr(step, name) for step in steps), ZERO) for name in Steps.__slots__))


# What is always told of a line that ships, and what only where there is any
_ALWAYS = ("allocated", "backordered", "picked", "packed", "shipped", "invoiced")


def told_steps(steps: Steps) -> list[str]:
    """Return the steps that a bridge shows: those of every order, and cancelled and returned where there is any."""
    return [name for name in Steps.__slots__[1:] if name in _ALWAYS or getattr(steps, name)]


def figures_of(line: SalesOrderLine, names: Sequence[str]) -> list[tuple[str, Decimal | None]]:
    """Return how far a line is, step by step; nothing for the steps that goods alone take."""
    steps: Steps = line.steps  # type: ignore[attr-defined]
    ships = line.product.kind in Product.GOODS
    return [(name, getattr(steps, name) if ships or name == "invoiced" else None) for name in names]


def totals_of(order: SalesOrder, lines: Sequence[SalesOrderLine]) -> Totals:
    """Return the order's totals with the tax table behind them, without what was cancelled."""
    return document_totals([(line.tax_category, line.tax_rate, line.remaining_net) for line in lines], order.currency)


def po_link(order: SalesOrder, user: User) -> DocumentLink:
    """Return the customer's own document, with which everything began; it names prices, so not all may open it."""
    po = order.customer_po
    url = reverse("orders:customer_po", args=[po.pk]) if po and user.can("orders.view_prices") else ""
    return DocumentLink("Customer's PO", order.po_number, url, po.get_channel_display().lower() if po else "")


@dataclass(frozen=True, slots=True)
class Content:
    """What a customer's document says: fields with their values, and rows of cells."""

    fields: list[tuple[str, str]]
    rows: list[tuple[str, list[str]]]


def content_of(po: CustomerPO) -> Content:
    """Return what a customer's document says, as it came: fields by name, and the rows of a file by their number."""
    content = dict(po.content)
    rows = content.pop("rows", {})
    numbered = rows.items() if isinstance(rows, dict) else enumerate(rows, 1)
    return Content(
        fields=[(str(name), str(value)) for name, value in content.items() if value not in ("", None, [])],
        rows=[
            (str(n), [str(cell) for cell in (row.values() if isinstance(row, dict) else row)]) for n, row in numbered
        ],
    )


def timeline(order: SalesOrder, user: User) -> list[Entry]:
    """Return what happened to an order and its documents, newest first; amounts only for those who may see prices."""
    events = OrderEvent.objects.filter(order=order).select_related("actor").order_by("-pk")
    shows_prices = user.can("orders.view_prices")
    pages = {kind: page.url_name for kind, page in registry.subject_pages.items() if user.can(page.verb)}
    return [
        Entry(
            at=event.at,
            title=_title(event),
            actor=str(event.actor) if event.actor else "Orderly",
            detail=_detail(event.data, shows_prices=shows_prices),
            tone=_TONES.get(event.kind, "going"),
            url=reverse(pages[event.subject_kind], args=[event.subject_id]) if event.subject_kind in pages else "",
        )
        for event in events
    ]


_TONES = {
    Kind.CREATED: "",
    Kind.CHANGED: "",
    Kind.DISCARDED: "wrong",
    Kind.PROMISED: "waiting",
    Kind.SHORT: "wrong",
    Kind.DELIVERY_REFUSED: "wrong",
    Kind.DELIVERY_MISSED: "wrong",
    Kind.DELIVERY_LOST: "wrong",
    Kind.RETURN_REJECTED: "wrong",
    Kind.RETURN_LOST: "waiting",
    Kind.RETURN_SETTLED: "done",
    Kind.DELIVERED: "done",
    Kind.COMPLETED: "done",
    Kind.PAID: "done",
    Kind.HELD: "waiting",
    Kind.CUT: "wrong",
    Kind.CANCELLED: "wrong",
    Kind.CLOSED: "done",
}
_TITLES: Mapping[str, str] = {
    Kind.CREATED: "Order keyed",
    Kind.CHANGED: "Draft changed",
    Kind.DISCARDED: "Draft discarded",
    Kind.CONFIRMED: "Order confirmed",
    Kind.ALLOCATED: "Stock allocated",
    Kind.RESERVED: "Taken over from a reservation",
    Kind.SUBSTITUTED: "Shipped instead of what was ordered",
    Kind.BROKEN_UP: "Kit broken up into its components",
    Kind.STOCK_MOVED: "Stock moved between orders",
    Kind.BROUGHT: "Brought together",
    Kind.RELEASED: "Released to the warehouse",
    Kind.PICKED: "Goods picked",
    Kind.SHORT: "Pick short",
    Kind.PACKED: "Parcel packed",
    Kind.UNPACKED: "Parcel opened again",
    Kind.DISPATCHED: "Goods dispatched",
    Kind.DELIVERED: "Goods delivered",
    Kind.COMPLETED: "Order completed",
    Kind.INVOICED: "Invoice posted",
    Kind.PAID: "Payment received",
    Kind.CREDITED: "Credit note posted",
    Kind.CREDIT_APPLIED: "Credit applied",
    Kind.UNSETTLED: "Settlement undone",
    Kind.REFUNDED: "Paid back",
    Kind.HELD: "Put on hold",
    Kind.LIFTED: "Hold lifted",
    Kind.CUT: "Units cancelled",
    Kind.CANCELLED: "Order cancelled",
    Kind.PUT_BACK: "Goods put back on the shelf",
    Kind.CLOSED: "Order closed",
}


def _title(event: OrderEvent) -> str:
    if event.kind == Kind.CREATED and event.data.get("channel") == "FILE":
        return "Order imported from a file"
    if event.kind == Kind.PROMISED:
        return _promise(event.data)
    return _TITLES.get(event.kind, event.get_kind_display())


_CAUSES = {
    "late": "the supplier is late",
    "moved": "the supplier moved it",
    "cancelled": "the supply was cancelled",
    "expired": "what was promised expired",
    "lot_dated": "the last day of what was promised was corrected",
    "lot_held": "what was promised is blocked for its quality",
    "transfer_late": "the transfer is late",
    "transfer_moved": "the transfer was moved",
    "transfer_cancelled": "the transfer was cancelled",
    "sent_less": "less was sent to us than was to come",
    "lost": "some of it was lost on the way to us",
}


def _promise(data: Mapping[str, Any]) -> str:
    """Say to what day a promise moved, from what, and why."""
    days = {name: date.fromisoformat(data[name]) if data.get(name) else None for name in ("before", "after")}
    said = f"Expected {days['after']:%-d %B}" if days["after"] else "Expected on no known day any more"
    because = _CAUSES.get(data.get("cause", ""), "")
    instead = f" instead of {days['before']:%-d %B}" if days["before"] else ""
    return f"{said}{instead}{f': {because}' if because else ''}"


# What the facts of the apps hold, in the order in which it is said. Codes are said as they are.
_COUNTED = {"lines": "line", "units": "unit", "tasks": "pick task"}
_CODES = (
    "number",
    "supplier_order",
    "waves",
    "parcel",
    "parcels",
    "shipment",
    "return",
    "carrier",
    "tracking",
    "invoices",
)
_RETURNED = {"over": "over", "short": "short", "wrong": "of a wrong item"}
# What a hold or a cancellation undid
_UNDONE = {
    "freed": "{} free again",
    "called_off": "{} picks called off",
    "parcels_opened": "{} parcels opened",
    "to_put_back": "{} to be put back",
}
_REASONS = {"reason": CancelReason, "hold": Hold.Kind, "moved": MoveReason}
_MOVED = {
    "item": "{}",
    "instead_of": "instead of {}",
    "given_to": "to {}",
    "taken_from": "from {}",
    "anew": "{} when stock was given anew",
}
_AMOUNTS = {"net": "net", "gross": "gross", "amount": ""}


def _detail(data: Mapping[str, Any], *, shows_prices: bool) -> str:
    said = [
        _counted(int(data[name]) if name != "units" else Decimal(data[name]), noun)
        for name, noun in _COUNTED.items()
        if name in data
    ]
    said += words_of(data.get("changes", ()), shows_prices=shows_prices)
    if "allocated" in data:
        said.append(f"{_counted(Decimal(data['allocated']), 'unit')} allocated")
    if "expected" in data:
        said.append(f"expected {date.fromisoformat(data['expected']):%-d %B}")
    if "missing" in data:
        said.append(f"{_counted(Decimal(data['missing']), 'unit')} not found")
    said += [f"{Decimal(data[name]).normalize():,f} {word}" for name, word in _RETURNED.items() if name in data]
    said += [f"{units} {kind.replace('_', ' ').lower()}" for kind, units in data.get("dispositions", {}).items()]
    if Decimal(data.get("backordered", 0)):
        said.append(f"{_counted(Decimal(data['backordered']), 'unit')} backordered")
    said += _stopped(data)
    said += [words.format(data[name]) for name, words in _MOVED.items() if name in data]
    for name in _CODES:
        value = data.get(name)
        said += [str(code) for code in (value if isinstance(value, list) else [value]) if code]
    if shows_prices:
        currency = data.get("currency", "")
        places = exponent(currency) if currency else 2
        said += [
            " ".join(filter(None, [number_format(Decimal(data[name]), places, force_grouping=True), currency, word]))
            for name, word in _AMOUNTS.items()
            if name in data
        ]
    # From where it comes, and why not from elsewhere (PRODUCT.md F1)
    return "; ".join(filter(None, [", ".join(said), *data.get("sources", ())]))


def _stopped(data: Mapping[str, Any]) -> list[str]:
    """Return why something was cancelled or put on hold, which lines, and what that undid."""
    said = [str(kinds(data[name]).label) for name, kinds in _REASONS.items() if name in data]
    if positions := data.get("positions"):
        said.append(f"line {', '.join(map(str, positions))}")
    return said + [f.format(f"{Decimal(data[name]).normalize():,f}") for name, f in _UNDONE.items() if name in data]


def _counted(number: Decimal | int, noun: str) -> str:
    figure = f"{Decimal(number).normalize():,f}"
    return f"{figure} {noun}" if number == 1 else f"{figure} {noun}s"
