"""Reads of one order's page: its lines with how far each is, its totals and its timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Sum, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import number_format

from core import registry
from core.models import User
from core.money import Totals, document_totals, exponent
from orders.models import OrderEvent, SalesOrder, SalesOrderLine
from orders.queries.changes import words_of

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
    allocated: Decimal
    backordered: Decimal
    picked: Decimal
    packed: Decimal
    shipped: Decimal
    invoiced: Decimal


def order_lines(order: SalesOrder) -> list[SalesOrderLine]:
    """Return the order's lines with their product and unit, each with `steps`, by one statement."""

    def total(path: str | CombinedExpression) -> Coalesce:
        return Coalesce(Sum(path), Value(ZERO), output_field=_QUANTITY)

    lines: list[SalesOrderLine] = list(
        SalesOrderLine.objects.filter(order=order)
        .select_related("product__unit")
        .annotate(
            promised=total(F("parts__demand__allocated") + F("parts__demand__picked")),
            waiting=total("parts__demand__backordered"),
            picked=total("parts__picked"),
            packed=total("parts__packed"),
            shipped=total("parts__shipped"),
        )
        .order_by("position")
    )
    for line in lines:
        row: Any = line
        row.steps = Steps(line.quantity, row.promised, row.waiting, row.picked, row.packed, row.shipped, line.invoiced)
    return lines


def steps_of(lines: Sequence[SalesOrderLine]) -> Steps:
    """Return how far the goods of all lines together are; charges and services are not counted."""
    steps = [line.steps for line in lines if line.product.kind == "STOCK"]  # type: ignore[attr-defined]
    return Steps(*(sum((getattr(step, name) for step in steps), ZERO) for name in Steps.__slots__))


def totals_of(order: SalesOrder, lines: Sequence[SalesOrderLine]) -> Totals:
    """Return the order's totals with the tax table behind them."""
    return document_totals([(line.tax_category, line.tax_rate, line.net) for line in lines], order.currency)


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
    Kind.SHORT: "wrong",
    Kind.DELIVERED: "done",
    Kind.COMPLETED: "done",
    Kind.PAID: "done",
}
_TITLES: Mapping[str, str] = {
    Kind.CREATED: "Order keyed",
    Kind.CHANGED: "Draft changed",
    Kind.DISCARDED: "Draft discarded",
    Kind.CONFIRMED: "Order confirmed",
    Kind.ALLOCATED: "Stock allocated",
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
}


def _title(event: OrderEvent) -> str:
    if event.kind == Kind.CREATED and event.data.get("channel") == "FILE":
        return "Order imported from a file"
    return _TITLES.get(event.kind, event.get_kind_display())


# What the facts of the apps hold, in the order in which it is said. Codes are said as they are.
_COUNTED = {"lines": "line", "units": "unit", "tasks": "pick task"}
_CODES = ("number", "waves", "parcel", "parcels", "shipment", "carrier", "tracking", "invoices")
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
    if Decimal(data.get("backordered", 0)):
        said.append(f"{_counted(Decimal(data['backordered']), 'unit')} backordered")
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
    return ", ".join(said)


def _counted(number: Decimal | int, noun: str) -> str:
    figure = f"{Decimal(number).normalize():,f}"
    return f"{figure} {noun}" if number == 1 else f"{figure} {noun}s"
