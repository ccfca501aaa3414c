"""Posting invoices: what was shipped and not billed yet, or what was confirmed, one by one or several orders on one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing import queries
from billing.models import Invoice, InvoiceLine
from billing.queries import BillableLine, OrderBilling
from billing.services import snapshots
from billing.services.posting import Draft, order_shares, post
from core.models import NumberSeries, User
from core.money import document_totals
from core.numbering import DateBeforeSeries, ensure_series
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import CreditEntry, Facet, OrderEvent, SalesOrder

SERIES, PREFIX, SERIES_LABEL = "invoice", "INV", "Invoices"


@dataclass(frozen=True, slots=True)
class _Billed:
    """One order of an invoice to be, with what it bills of it."""

    order: SalesOrder
    facts: OrderBilling


@atomic
def invoice_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Invoice | Refused]:
    """Post invoices for what was shipped and not billed yet, with all charges and services on the first.

    An order of a customer who is invoiced once orders are confirmed is billed in full. Each order has an invoice of
    its own, unless its customer takes several on one: those with the same bill-to, currency and terms then share it.

    An order of which nothing is left to bill gets its last invoice back, and nothing is written. Each other one is
    invoiced or refused with its blockers. The invoices are dated the day of `at` in their company's time zone.

    :raises NotAllowed: where the actor may not invoice.
    :raises DateBeforeSeries: where somebody else numbered a later date in this very moment; nothing was posted.
    """
    require(actor, "billing.invoice")
    orders = orders_queries.locked_orders_to_bill(actor.company_ids, order_ids)
    facts = queries.billing_facts([order.pk for order in orders])
    results: dict[int, Invoice | Refused] = {}
    groups: dict[Any, list[_Billed]] = defaultdict(list)
    standing = queries.last_invoices([order.pk for order in orders if not facts[order.pk].billable])
    for order in orders:
        if order.pk in standing:
            results[order.pk] = standing[order.pk]
        elif facts[order.pk].blockers:
            results[order.pk] = Blocked.because(facts[order.pk].blockers)
        else:
            groups[invoice_key(order)].append(_Billed(order, facts[order.pk]))
    drafts: list[Draft] = []
    billed: list[_Billed] = []
    series_of: dict[tuple[int, int], NumberSeries] = {}
    for group in groups.values():
        try:
            draft = _draft(group, series_of, actor, at)
        except (DateBeforeSeries, snapshots.DoesNotAddUp) as refusal:
            results |= {one.order.pk: refusal for one in group}
            continue
        results |= {one.order.pk: draft.invoice for one in group}
        drafts.append(draft)
        billed += group
    if drafts:
        _post(drafts, billed, actor, at)
    return results


def invoice_key(order: SalesOrder) -> Any:
    """Return what orders have in common that go on one invoice (PRODUCT.md case 80); `customer` is loaded."""
    if not order.customer.joins_invoices:
        return order.pk
    return order.customer_id, order.currency, order.terms_days, json.dumps(order.bill_to, sort_keys=True)


def _draft(
    group: Sequence[_Billed], series_of: dict[tuple[int, int], NumberSeries], actor: User, at: datetime
) -> Draft:
    """Return the invoice of what is billable of orders that share it.

    :raises DateBeforeSeries: where the series has a later date already.
    :raises DoesNotAddUp: where its figures break EN 16931.
    """
    order = group[0].order
    zone = order.company.zone
    issued_on = at.astimezone(zone).date()
    key = (order.company_id, issued_on.year)
    if key not in series_of:
        series_of[key] = ensure_series(company_id=key[0], kind=SERIES, year=key[1], prefix=PREFIX)
    series = series_of[key]
    if series.last_on is not None and series.last_on > issued_on:
        raise DateBeforeSeries.after(series.last_on)
    lines = [(one.order, line) for one in group for line in one.facts.billable]
    totals = document_totals([_taxed(line) for _order, line in lines], order.currency)
    due_on = order.company.working_day(issued_on + timedelta(days=order.terms_days))
    left = [one.facts.dispatched_at for one in group if one.facts.dispatched_at]
    snapshot = snapshots.build(
        orders=[one.order for one in group],
        lines=lines,
        totals=totals,
        issued_on=issued_on,
        tax_point_on=max(left).astimezone(zone).date() if left else issued_on,
        due_on=due_on,
    )
    snapshots.prove(snapshot)
    invoice = Invoice(
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
        posted_by_id=actor.pk,
        posted_at=at,
    )
    return Draft(invoice, _lines(invoice, [line for _order, line in lines]), order_shares(invoice, _alone(group)))


def _alone(group: Sequence[_Billed]) -> dict[int, Decimal]:
    """Return what each order's lines would come to on an invoice of their own."""
    return {
        one.order.pk: document_totals([_taxed(line) for line in one.facts.billable], one.order.currency).gross
        if len(group) > 1
        else Decimal(1)
        for one in group
    }


def _taxed(line: BillableLine) -> tuple[str, Decimal, Decimal]:
    return line.tax_category, line.tax_rate, line.net


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


def _post(drafts: Sequence[Draft], billed: Sequence[_Billed], actor: User, at: datetime) -> None:
    orders_services.note_invoiced(
        invoiced={line.line_id: (line.quantity, line.net) for one in billed for line in one.facts.billable}
    )
    gross_of = {share.order_id: share.gross for draft in drafts for share in draft.orders}
    post(
        drafts,
        kind=OrderEvent.Kind.INVOICED,
        # A new invoice on an order that has payments makes it less than fully paid.
        paid=[one.order.pk for one in billed if one.order.payment != Facet.NONE],
        credit=[
            orders_services.CreditChange(
                one.order.company_id,
                one.order.customer_id,
                CreditEntry.Kind.INVOICED,
                one.facts.credit_change(gross_of[one.order.pk]),
                one.order.currency,
                one.order.pk,
                str(one.order.number),
            )
            for one in billed
        ],
        actor=actor,
        at=at,
    )
