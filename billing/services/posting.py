"""Posting a document: it is saved with its lines and told of, and numbered and chained by the last statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from billing import events, queries
from billing.models import Invoice, InvoiceLine, InvoiceOrder, Settlement
from core import bulk
from core.models import NumberSeries, User
from core.money import exponent, spread
from core.numbering import take_gapless
from orders import services as orders_services
from orders.models import OrderEvent


@dataclass(frozen=True, slots=True)
class Draft:
    """A document that is computed, frozen and proved, but neither saved nor numbered, with its lines and its orders."""

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    orders: Sequence[InvoiceOrder]
    settlements: Sequence[Settlement] = field(default_factory=list)


def order_shares(invoice: Invoice, gross_of: Mapping[int, Decimal]) -> list[InvoiceOrder]:
    """Return what of an invoice's total is whose order's, by what each would come to alone (rule 6)."""
    weights = [abs(gross) for gross in gross_of.values()]
    shares = [invoice.gross] if len(weights) == 1 else spread(invoice.gross, weights, exponent(invoice.currency))
    return [
        InvoiceOrder(invoice=invoice, order_id=order_id, gross=share)
        for order_id, share in zip(gross_of, shares, strict=True)
    ]


def post(
    drafts: Sequence[Draft],
    *,
    kind: OrderEvent.Kind,
    paid: Sequence[int],
    credit: Sequence[orders_services.CreditChange],
    actor: User,
    at: datetime,
) -> None:
    """Save documents, tell their orders and the apps above, and number them. The caller holds the orders' locks.

    `paid` are those of the orders that have payments or credit: what their documents come to is another sum now.

    :raises DateBeforeSeries: where somebody else numbered a later date in this very moment.
    """
    invoices = [draft.invoice for draft in drafts]
    bulk.insert(
        invoices,
        ([line for draft in drafts for line in draft.lines], "invoice"),
        ([share for draft in drafts for share in draft.orders], "invoice"),
        ([settlement for draft in drafts for settlement in draft.settlements], "credit_note"),
    )
    if paid:
        orders_services.note_settled(settled=queries.settled_totals(paid))
    orders_services.record(
        facts=[
            orders_services.Fact(
                share.order_id,
                draft.invoice.company_id,
                kind,
                "invoice",
                draft.invoice.pk,
                {"net": str(draft.invoice.net), "gross": str(share.gross), "currency": draft.invoice.currency},
            )
            for draft in drafts
            for share in draft.orders
        ],
        actor=actor,
        at=at,
    )
    orders_services.move_credit(changes=credit, actor=actor, at=at)
    ids = tuple(invoice.pk for invoice in invoices)
    if kind == OrderEvent.Kind.INVOICED:
        events.invoices_posted.send(sender=Invoice, event=events.InvoicesPosted(ids, at))
    else:
        events.credit_notes_posted.send(sender=Invoice, event=events.CreditNotesPosted(ids, at))
    # Number and hash last: the series row is the one lock that every posting of the company waits for.
    of_series: dict[NumberSeries, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        of_series[invoice.series].append(invoice)
    for series in sorted(of_series, key=lambda series: series.pk):
        # What is brought forward has many dates, and a series goes from one to the next
        for _day, of_day in groupby(of_series[series], key=lambda invoice: invoice.issued_on):
            _take_numbers(series, list(of_day))


def _take_numbers(series: NumberSeries, invoices: Sequence[Invoice]) -> None:
    taken = take_gapless(
        series_id=series.pk,
        on=invoices[0].issued_on,
        table=Invoice._meta.db_table,
        digests={invoice.pk: invoice.digest for invoice in invoices},
    )
    for invoice in invoices:
        given = taken[invoice.pk]
        invoice.number, invoice.previous_hash, invoice.hash = given.number, given.previous_hash, given.hash
