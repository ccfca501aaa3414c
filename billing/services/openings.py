"""What customers owe and what is theirs on the day on which the books begin, posted from files (V3).

An open invoice of the system before becomes an order of one line for what is open of it, not taxed again, and an
invoice of a series of its own, dated as it was; an open credit becomes a payment that no invoice has taken up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from billing import queries
from billing.models import Invoice, InvoiceLine, Payment
from billing.queries import BillableLine, OrderBilling
from billing.services import snapshots
from billing.services.posting import Draft, order_shares, post
from billing.services.settling import Taking, save_settlements
from core import intake
from core.intake import Column, Group, ImportKind, Origin, RowResult, StagedRow, Totals, readers
from core.models import NumberSeries, User
from core.money import ZERO, document_totals, exponent, round_amount
from core.numbering import ensure_series
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import CreditAccount, CreditEntry, Customer, CustomerPO, OrderEvent, SalesOrder

SERIES, PREFIX, SERIES_LABEL = "opening", "OPN", "Invoices brought forward"
NOT_TAXED = "Taxed on the invoice that is brought forward"
MAX_AMOUNT = Decimal(1_000_000_000)
_CUSTOMER = Column(
    "customer", "customer", readers.code(20), "customerno customernumber customerid account accountno accountnumber"
)
_AMOUNT = Column(
    "amount",
    "amount open",
    readers.number(most=MAX_AMOUNT, places=4),
    "amount open balance openamount outstanding",
    writes="number",
    help="With tax, in the currency of the customer's price list",
)
INVOICE_COLUMNS = (
    _CUSTOMER,
    Column("number", "invoice", readers.code(40, may_have_blanks=True), "invoiceno invoicenumber number document"),
    Column("issued_on", "invoice date", readers.day(), "date issued issuedon", writes="day"),
    Column("due_on", "due date", readers.day(), "due dueon", writes="day"),
    _AMOUNT,
)
CREDIT_COLUMNS = (
    _CUSTOMER,
    Column("number", "reference", readers.code(40, may_have_blanks=True), "document creditnote payment number"),
    Column("received_on", "date", readers.day(), "day received receivedon", writes="day"),
    _AMOUNT,
)


def open_invoices(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Post what is open of invoices of the system before, each under its own number and date.

    :raises NotAllowed: where the actor may not open balances of billing.
    """
    require(actor, "billing.open_balances")
    today = at.astimezone(actor.company.zone).date()
    rows, results = _sound([group.rows[0] for group in groups], origin, "issued_on", today)
    item_id = inventory_services.balance_item(company_id=origin.company_id)
    drafts = [
        orders_services.OrderDraft(
            customer_id=customer.pk,
            po_number=f"Invoice {row.values['number']}",
            ordered_on=today,
            requested_on=today,
            lines=[
                orders_services.LineDraft(
                    item_id,
                    Decimal(1),
                    row.values["amount"],
                    description=f"Balance of invoice {row.values['number']} of {row.values['issued_on']:%-d %b %Y}",
                )
            ],
            is_balance=True,
            channel=CustomerPO.Channel.FILE,
            source=origin.file_name,
            content={"file": origin.file_id, "import": origin.import_id, "rows": {str(row.number): list(row.cells)}},
        )
        for row, customer in rows
    ]
    orders: dict[int, StagedRow] = {}
    for (row, _customer), order in zip(
        rows, orders_services.bring_forward(drafts=drafts, actor=actor, at=at), strict=True
    ):
        if isinstance(order, SalesOrder):
            orders[order.pk] = row
        else:
            results[row.number] = origin.refused("number", order.sentence)
    for order_id, invoice in _post(orders, actor, at).items():
        results[orders[order_id].number] = intake.loaded(invoice.pk)
    return results


def _sound(
    rows: Sequence[StagedRow], origin: Origin, day: str, today: date
) -> tuple[list[tuple[StagedRow, Customer]], dict[int, RowResult]]:
    """Return the rows that can be posted with their customers, and what is wrong with the others."""
    numbers = {row.values["customer"] for row in rows}
    found = Customer.objects.filter(company=origin.company_id, number__in=numbers).select_related("price_list")
    customers = {customer.number: customer for customer in found}
    sound: list[tuple[StagedRow, Customer]] = []
    results: dict[int, RowResult] = {}
    for row in rows:
        customer, said = customers.get(row.values["customer"]), row.values
        currency = customer.price_list.currency if customer else ""
        if customer is None:
            fault = ("customer", f"There is no customer {said['customer']}.")
        elif said[day] > today:
            fault = (day, f"{said[day]:%-d %b %Y} is not over yet: only what was done before is brought forward.")
        elif "due_on" in said and said["due_on"] < said[day]:
            fault = ("due_on", "It was due before it was written.")
        elif said["amount"] != round_amount(said["amount"], currency):
            fault = ("amount", f"{currency} has {exponent(currency) or 'no'} decimals.")
        else:
            sound.append((row, customer))
            continue
        results[row.number] = origin.refused(*fault)
    return sound, results


def _post(rows: Mapping[int, StagedRow], actor: User, at: datetime) -> dict[int, Invoice]:
    """Post the invoices of orders that stand for balances, the oldest first; return them by order."""
    if not rows:
        return {}
    found = orders_queries.locked_orders_to_bill(actor.company_ids, list(rows))
    facts = queries.billing_facts([order.pk for order in found])
    series_of: dict[int, NumberSeries] = {}
    drafts: dict[int, Draft] = {}
    for order in sorted(found, key=lambda order: (rows[order.pk].values["issued_on"], order.pk)):
        year = rows[order.pk].values["issued_on"].year
        if year not in series_of:
            series_of[year] = ensure_series(company_id=order.company_id, kind=SERIES, year=year, prefix=PREFIX)
        drafts[order.pk] = _draft(order, facts[order.pk], rows[order.pk].values, series_of[year], actor, at)
    orders_services.note_invoiced(
        invoiced={line.order_line_id: (line.quantity, line.net) for draft in drafts.values() for line in draft.lines}
    )
    post(list(drafts.values()), kind=OrderEvent.Kind.INVOICED, paid=[], credit=[], actor=actor, at=at)
    return {order_id: draft.invoice for order_id, draft in drafts.items()}


def _draft(
    order: SalesOrder, facts: OrderBilling, said: Mapping[str, Any], series: NumberSeries, actor: User, at: datetime
) -> Draft:
    lines: list[BillableLine] = [replace(line, tax_note=NOT_TAXED) for line in facts.billable]
    totals = document_totals([(line.tax_category, line.tax_rate, line.net) for line in lines], order.currency)
    snapshot = snapshots.build_open_item(
        order,
        lines=lines,
        totals=totals,
        number=said["number"],
        issued_on=said["issued_on"],
        due_on=said["due_on"],
    )
    snapshots.prove(snapshot)
    invoice = Invoice(
        company_id=order.company_id,
        series=series,
        customer_id=order.customer_id,
        order=order,
        currency=order.currency,
        issued_on=said["issued_on"],
        due_on=said["due_on"],
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        snapshot=snapshot,
        digest=snapshots.digest(snapshot),
        posted_by=actor,
        posted_at=at,
    )
    of_invoice = [
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
        for position, line in enumerate(lines, 1)
    ]
    return Draft(invoice, of_invoice, order_shares(invoice, {order.pk: Decimal(1)}))


@atomic
def open_credits(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Post what customers have to their credit as payments that wait to be applied.

    :raises NotAllowed: where the actor may not open balances of billing.
    """
    require(actor, "billing.open_balances")
    today = at.astimezone(actor.company.zone).date()
    rows, results = _sound([group.rows[0] for group in groups], origin, "received_on", today)
    customers = {customer.pk for _row, customer in rows}
    list(CreditAccount.objects.for_user(actor).kept().filter(pk__in=customers).locked())
    taken = [
        Taking(
            Payment(
                company_id=origin.company_id,
                customer_id=customer.pk,
                currency=customer.price_list.currency,
                amount=row.values["amount"],
                reference=f"{origin.reference}: {row.values['number']}",
                received_on=row.values["received_on"],
                recorded_by=actor,
            ),
            [],
        )
        for row, customer in rows
    ]
    save_settlements(taken, orders=[], actor=actor, at=at)
    return results | {
        row.number: intake.loaded(taking.payment.pk) for (row, _customer), taking in zip(rows, taken, strict=True)
    }


def _totals(groups: Sequence[Group]) -> Totals:
    amounts = [group.rows[0].values["amount"] for group in groups]
    whole = sum(amounts, ZERO)
    return {"documents": Decimal(len(amounts)), "amount open": whole, "on credit accounts": whole}


def _posted_invoices(import_id: int) -> Totals:
    """Return what is open of the invoices of an import, and what it put on credit accounts."""
    orders = SalesOrder.objects.filter(customer_po__content__import=import_id)
    found = Invoice.objects.filter(order__in=orders, kind=Invoice.Kind.INVOICE, series__kind=SERIES).aggregate(
        documents=Count("pk"), gross=Sum("gross"), settled=Sum("settled")
    )
    entries = CreditEntry.objects.filter(order__in=orders).aggregate(whole=Sum("amount"))
    return {
        "documents": Decimal(found["documents"]),
        "amount open": (found["gross"] or ZERO) - (found["settled"] or ZERO),
        "on credit accounts": entries["whole"] or ZERO,
    }


def _posted_credits(import_id: int) -> Totals:
    """Return what is left of the payments of an import, and what it took off credit accounts."""
    payments = list(Payment.objects.filter(reference__startswith=f"{intake.reference(import_id)}: "))
    entries = CreditEntry.objects.filter(
        account__in={payment.customer_id for payment in payments}, reference__in=[str(one) for one in payments]
    ).aggregate(whole=Sum("amount"))
    return {
        "documents": Decimal(len(payments)),
        "amount open": sum((payment.amount - payment.settled for payment in payments), ZERO),
        "on credit accounts": -(entries["whole"] or ZERO),
    }


OPENING_INVOICES = ImportKind(
    name="opening_invoices",
    label="Open invoices",
    noun="invoice",
    verb="billing.open_balances",
    columns=INVOICE_COLUMNS,
    key=intake.by("customer", "number"),
    is_unique=True,
    load=open_invoices,
    totals=_totals,
    posted=_posted_invoices,
    page="billing:invoices",
    icon="invoices",
    about="What is open of each invoice of the system before, with its date and the day on which it is due.",
)
OPENING_CREDITS = ImportKind(
    name="opening_credits",
    label="Open credits",
    noun="credit",
    verb="billing.open_balances",
    columns=CREDIT_COLUMNS,
    key=intake.by("customer", "number"),
    is_unique=True,
    load=open_credits,
    totals=_totals,
    posted=_posted_credits,
    page="billing:unapplied",
    icon="payments",
    about="What customers have to their credit: money or credit notes that no invoice has taken up.",
)
