"""What there is to bill of orders, and why a verb of billing is off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from billing import sql
from core import bulk
from core.models import User
from core.money import ZERO, cumulative_share
from core.refusals import Blocker
from inventory.models import Product
from orders.models import Facet, InvoiceOn, LinePart, SalesOrder, SalesOrderLine
from orders.queries import Unbilled, unbilled_gross
from orders.queries.kits import units_whole
from shipping.models import Shipment

BILLABLE_STATUSES = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED, SalesOrder.Status.COMPLETED)
_STATUS = dict(SalesOrder.Status.choices)


@dataclass(frozen=True, slots=True)
class BillableLine:
    """What the next invoice of an order bills of one line; its net is the cumulative share (PRODUCT.md rule 7)."""

    line_id: int
    sku: str
    customer_sku: str
    description: str
    kind: str
    unit: str
    quantity: Decimal
    price: Decimal
    discount_percent: Decimal
    tax_category: str
    tax_rate: Decimal
    tax_note: str
    net: Decimal


@dataclass(frozen=True, slots=True)
class OrderBilling:
    """How far an order can be billed: its blockers, or the lines of its next invoice."""

    order_id: int
    currency: str
    dispatched_at: datetime | None
    blockers: tuple[Blocker, ...] = ()
    billable: tuple[BillableLine, ...] = ()
    lines: tuple[_LineFacts, ...] = ()

    @property
    def net(self) -> Decimal:
        """What the next invoice comes to before tax."""
        return sum((line.net for line in self.billable), ZERO)

    def credit_change(self, gross: Decimal) -> Decimal:
        """Return by how much a customer owes more when the next invoice of this total takes the place of its lines.

        An order that is billed at once comes to what was entered when it was confirmed, and the change is nothing.
        """
        billed = {line.line_id: line for line in self.billable}
        before = [line.unbilled() for line in self.lines]
        after = [line.unbilled(billed.get(line.line_id)) for line in self.lines]
        return gross + unbilled_gross(after, self.currency) - unbilled_gross(before, self.currency)


def joining_customers(order_ids: Collection[int]) -> dict[int, int]:
    """Return the customer of each order of those who take several orders on one invoice."""
    joining = SalesOrder.objects.filter(pk__in=order_ids, customer__joins_invoices=True)
    return dict(joining.order_by().values_list("pk", "customer"))


def billing_facts(order_ids: Collection[int]) -> dict[int, OrderBilling]:
    """Return for each order what its next invoice would bill, or why there is none. One statement.

    Called under the orders' locks to post, and without to show.
    """
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.BILLING_FACTS, [bulk.array(order_ids)])
        rows = cursor.fetchall()
    by_order: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_order[row[0]].append(row)
    return {order_id: _order_billing(of_order) for order_id, of_order in by_order.items()}


def _order_billing(rows: list[tuple[Any, ...]]) -> OrderBilling:
    order_id, status, currency, dispatched_at, invoice_on = rows[0][:5]
    lines = tuple(_LineFacts(*row[5:]) for row in rows if row[5] is not None)
    stocked = [line for line in lines if line.kind in Product.GOODS]
    # Charges and services go with the first goods, or by themselves where there are no goods.
    is_due = any(line.due > line.billed for line in stocked) if stocked else True
    billable = tuple(line.billable(currency) for line in lines if line.due > line.billed) if is_due else ()
    blockers = _invoice_blockers(status, invoice_on, stocked, billable)
    return OrderBilling(order_id, currency, dispatched_at, blockers, billable, lines)


@dataclass(frozen=True, slots=True)
class _LineFacts:
    line_id: int
    position: int
    sku: str
    customer_sku: str
    description: str
    kind: str
    unit: str
    ordered: Decimal
    price: Decimal
    discount_percent: Decimal
    tax_category: str
    tax_rate: Decimal
    tax_note: str
    net: Decimal
    billed: Decimal
    billed_net: Decimal
    cancelled: Decimal
    due: Decimal

    def billable(self, currency: str) -> BillableLine:
        quantity = self.due - self.billed
        return BillableLine(
            line_id=self.line_id,
            sku=self.sku,
            customer_sku=self.customer_sku,
            description=self.description,
            kind=self.kind,
            unit=self.unit,
            quantity=quantity,
            price=self.price,
            discount_percent=self.discount_percent,
            tax_category=self.tax_category,
            tax_rate=self.tax_rate,
            tax_note=self.tax_note,
            net=cumulative_share(
                self.net,
                done_before=self.billed,
                done_now=quantity,
                of=self.ordered,
                billed_before=self.billed_net,
                currency=currency,
            ),
        )

    def unbilled(self, billed: BillableLine | None = None) -> Unbilled:
        """Return what is left of the line, after a billing where one is given."""
        quantity, net = (billed.quantity, billed.net) if billed else (ZERO, ZERO)
        return Unbilled(
            self.tax_category,
            self.tax_rate,
            self.net,
            self.ordered,
            self.cancelled,
            self.billed + quantity,
            self.billed_net + net,
        )


def _invoice_blockers(
    status: str, invoice_on: str, stocked: list[_LineFacts], billable: tuple[BillableLine, ...]
) -> tuple[Blocker, ...]:
    if status not in BILLABLE_STATUSES:
        return (
            Blocker("not_billable", f"The order is {_STATUS[status].lower()}: only confirmed orders are invoiced."),
        )
    if billable:
        return ()
    if stocked and invoice_on == InvoiceOn.DISPATCH:
        if any(line.billed for line in stocked):
            return (Blocker("already_invoiced", "All that was shipped is invoiced."),)
        return (Blocker("nothing_shipped", "Nothing was shipped yet: an invoice bills what has left the house."),)
    return (Blocker("already_invoiced", "The order is invoiced in full."),)


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order; an order not named has nothing against it. One statement per verb.

    Knows "billing.invoice" and "billing.pay".

    :raises KeyError: for a verb that is not billing's.
    """
    find = {"billing.invoice": _blocked_from_invoice, "billing.pay": _blocked_from_pay}[verb]
    return find(order_ids) if order_ids else {}


def _blocked_from_invoice(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    facts = billing_facts(order_ids)
    return {order_id: list(fact.blockers) for order_id, fact in facts.items() if fact.blockers}


def _blocked_from_pay(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.PAYMENT_FACTS, [bulk.array(order_ids)])
        facts: list[tuple[int, int, Decimal]] = cursor.fetchall()
    found = {}
    for order_id, invoices, open_amount in facts:
        if not invoices:
            found[order_id] = [NOT_INVOICED]
        elif open_amount <= 0:
            found[order_id] = [ALL_PAID]
    return found


NOT_INVOICED = Blocker("not_invoiced", "There is no invoice to pay yet.")
ALL_PAID = Blocker("already_paid", "Every invoice of the order is paid.")


def orders_in_billing(user: User) -> QuerySet[SalesOrder]:
    """Return the orders that are or can be invoiced, each with whether an invoice is due and when its goods left last.

    Due is what was shipped and not billed, all that is not cancelled where the order is invoiced once confirmed, or an
    order of charges and services alone. An index finds those that may be due; each is asked about its own few lines.
    """
    parts = LinePart.objects.filter(line=OuterRef("pk")).order_by().values("line")
    lines = SalesOrderLine.objects.filter(order=OuterRef("pk")).annotate(billed=F("invoiced") - F("credited"))
    shipped = parts.annotate(total=units_whole(F("shipped"))).values("total")
    wanted = parts.annotate(total=units_whole(F("ordered") - F("cancelled"))).values("total")
    without_goods = ~Exists(lines.filter(product__kind__in=Product.GOODS))
    left = Shipment.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(last=Max("dispatched_at"))
    is_due = (
        (~Q(fulfilment=Facet.NONE) & Exists(lines.filter(billed__lt=Subquery(shipped))))
        | (Q(invoice_on=InvoiceOn.CONFIRM) & Exists(lines.filter(billed__lt=Subquery(wanted))))
        # What is promised to an order is goods: its lines need not be read
        | (Q(billing=Facet.NONE, fulfilment=Facet.NONE, allocation=Facet.NONE, promise=[]) & without_goods)
    )
    return (
        SalesOrder.objects.for_user(user)
        .filter(status__in=BILLABLE_STATUSES)
        .select_related("customer")
        .annotate(
            is_due=ExpressionWrapper(is_due, output_field=BooleanField()),
            # Nothing is asked of those, most of them, of which nothing left
            shipped_at=Case(When(~Q(fulfilment=Facet.NONE), then=Subquery(left.values("last")))),
        )
    )


# The rows of `orders_in_billing()` that somebody has to do something with, in words of the index.
NOT_INVOICED_IN_FULL = Q(billing__in=[Facet.NONE, Facet.PART])
