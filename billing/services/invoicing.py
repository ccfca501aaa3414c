"""Posting invoices: what was shipped and not billed yet, numbered without gaps and chained by the last statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from billing import events, queries
from billing.models import Invoice, InvoiceLine
from billing.queries import BillableLine, OrderBilling
from billing.services import snapshots
from core import bulk, jobs
from core.models import NumberSeries, User
from core.money import document_totals
from core.numbering import DateBeforeSeries, ensure_series, take_gapless
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import Facet, OrderEvent, SalesOrder

SERIES, PREFIX = "invoice", "INV"


@atomic
def invoice_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Invoice | Refused]:
    """Post one invoice per order for what was shipped and not billed yet, with all charges and services on the first.

    An order of which nothing is left to bill gets its last invoice back, and nothing is written. Each other one is
    invoiced or refused with its blockers. The invoices are dated the day of `at` in their company's time zone.

    :raises NotAllowed: where the actor may not invoice.
    :raises DateBeforeSeries: where somebody else numbered a later date in this very moment; nothing was posted.
    """
    require(actor, "billing.invoice")
    orders = orders_queries.locked_orders_to_bill(actor.company_ids, order_ids)
    facts = queries.billing_facts([order.pk for order in orders])
    results: dict[int, Invoice | Refused] = {}
    posted: dict[NumberSeries, list[Invoice]] = defaultdict(list)
    lines: list[tuple[InvoiceLine, BillableLine]] = []
    series_of: dict[tuple[int, int], NumberSeries] = {}
    standing = queries.last_invoices([order.pk for order in orders if not facts[order.pk].billable])
    for order in orders:
        if order.pk in standing:
            results[order.pk] = standing[order.pk]
            continue
        issued_on = at.astimezone(order.company.zone).date()
        key = (order.company_id, issued_on.year)
        if facts[order.pk].blockers:
            results[order.pk] = Blocked.because(facts[order.pk].blockers)
            continue
        if key not in series_of:
            series_of[key] = ensure_series(company_id=key[0], kind=SERIES, year=key[1], prefix=PREFIX)
        series = series_of[key]
        try:
            invoice = _draft(order, facts[order.pk], series, issued_on, actor, at)
        except (DateBeforeSeries, snapshots.DoesNotAddUp) as refusal:
            results[order.pk] = refusal
            continue
        results[order.pk] = invoice
        posted[series].append(invoice)
        lines += zip(_lines(invoice, facts[order.pk].billable), facts[order.pk].billable, strict=True)
    if posted:
        _post(posted, lines, actor, at)
    return results


def _draft(
    order: SalesOrder, facts: OrderBilling, series: NumberSeries, issued_on: date, actor: User, at: datetime
) -> Invoice:
    """Return the invoice of what is billable of an order: computed, frozen and proved, but neither saved nor numbered.

    :raises DateBeforeSeries: where the series has a later date already.
    :raises DoesNotAddUp: where its figures break EN 16931.
    """
    if series.last_on is not None and series.last_on > issued_on:
        raise DateBeforeSeries.after(series.last_on)
    totals = document_totals([(line.tax_category, line.tax_rate, line.net) for line in facts.billable], order.currency)
    due_on = issued_on + timedelta(days=order.terms_days)
    dispatched_at = facts.dispatched_at
    snapshot = snapshots.build(
        order=order,
        lines=facts.billable,
        totals=totals,
        issued_on=issued_on,
        tax_point_on=dispatched_at.astimezone(order.company.zone).date() if dispatched_at else issued_on,
        due_on=due_on,
    )
    snapshots.prove(snapshot)
    return Invoice(
        company_id=order.company_id,
        series=series,
        customer_id=order.customer_id,
        order=order,
        currency=order.currency,
        issued_on=issued_on,
        due_on=due_on,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        snapshot=snapshot,
        digest=snapshots.digest(snapshot),
        posted_by=actor,
        posted_at=at,
    )


def _lines(invoice: Invoice, billable: Sequence[BillableLine]) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            invoice=invoice,
            order_line_id=line.line_id,
            position=position,
            quantity=line.quantity,
            price=line.price,
            discount_percent=line.discount_percent,
            tax_category=line.tax_category,
            tax_rate=line.tax_rate,
            net=line.net,
        )
        for position, line in enumerate(billable, 1)
    ]


def _post(
    posted: dict[NumberSeries, list[Invoice]],
    lines: Sequence[tuple[InvoiceLine, BillableLine]],
    actor: User,
    at: datetime,
) -> None:
    invoices = [invoice for of_series in posted.values() for invoice in of_series]
    bulk.insert(invoices, ([line for line, _billable in lines], "invoice"))
    orders_services.note_invoiced(
        invoiced={billable.line_id: (billable.quantity, billable.net) for _line, billable in lines}
    )
    # A new invoice on an order that has payments makes it less than fully paid.
    paid = [invoice.order_id for invoice in invoices if invoice.order.payment != Facet.NONE]
    if paid:
        orders_services.note_settled(settled=queries.settled_totals(paid))
    orders_services.record(
        facts=[
            orders_services.Fact(
                invoice.order_id,
                invoice.company_id,
                OrderEvent.Kind.INVOICED,
                "invoice",
                invoice.pk,
                {"net": str(invoice.net), "gross": str(invoice.gross), "currency": invoice.currency},
            )
            for invoice in invoices
        ],
        actor=actor,
        at=at,
    )
    jobs.defer("billing.render_invoices", invoice_ids=[invoice.pk for invoice in invoices])
    events.invoices_posted.send(
        sender=Invoice, event=events.InvoicesPosted(tuple(invoice.pk for invoice in invoices), at)
    )
    # Number and hash last: the series row is the one lock that every posting of the company waits for.
    for series, of_series in sorted(posted.items(), key=lambda item: item[0].pk):
        _take_numbers(series, of_series)


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
