"""Settling returns: a credit note of what came back, by invoice line; a refund; goods again; or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum
from django.urls import reverse

from billing import queries as billing_queries
from billing import services as billing_services
from billing.models import Invoice, InvoiceLine
from core import bulk, transitions
from core.models import User
from core.money import ZERO, cumulative_share, round_amount
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory.models import Product
from inventory.queries.places import warehouse_ids
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from returns import queries
from returns.models import ReturnCredit, ReturnLine, ReturnOrder, ReturnSettlement
from returns.services.components import ReturnedComponents
from returns.services.requesting import plain, tell

Kind = ReturnSettlement.Kind


class NotInvoiced(Refused):
    """Units that came back have not been invoiced: there is nothing to credit them against."""

    code = "not_invoiced"


class MadeGood(Refused):
    """Units turned up that were made good already when they were lost."""

    code = "made_good"


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What a credit note takes back of one line of its invoice."""

    sku: str
    description: str
    quantity: Decimal
    is_amount: bool
    price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class PreviewNote:
    """A credit note as it would be posted: its lines, what it settles of its invoice, and what is left of it."""

    invoice: str
    currency: str
    lines: tuple[PreviewLine, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    settles: Decimal

    @property
    def left(self) -> Decimal:
        """What the customer has paid of it already: to refund, or theirs to use."""
        return self.gross - self.settles


@atomic
def settle_return(
    *,
    return_id: int,
    kind: ReturnSettlement.Kind,
    with_freight: bool = False,
    reason: str = "",
    actor: User,
    at: datetime,
) -> ReturnSettlement:
    """Settle a return whose goods are all put away; one that is settled already is returned as such.

    A credit note takes back each unit as its invoice billed it, with its discount and tax, and its share of the charges
    where freight is refunded too. What the customer had paid of that can be refunded, never more. Goods again are a
    draft of a new order, free of charge, for the first one stays billed.

    :raises NotAllowed: where the actor may not settle, credit, refund or create orders.
    :raises Blocked: where goods of the return are not put away.
    :raises NotInvoiced: where units are to be credited that no invoice bills.
    :raises MadeGood: where they turned up after they were made good as lost.
    """
    require(actor, "returns.settle")
    its_order = ReturnOrder.objects.for_user(actor).filter(pk=return_id).values_list("order_id", flat=True)
    invoices = billing_queries.orders_of_invoices_of(its_order) if kind in {Kind.CREDIT, Kind.REFUND} else {}
    locked = billing_services.lock_to_credit(
        order_ids_of=invoices, more_orders=[] if invoices else its_order, actor=actor
    )
    lines = queries.lines_of_returns(warehouse_ids(actor), [return_id])
    if not lines:
        raise Blocked("There is no such return.")
    row = lines[0].return_order
    order = locked.orders[row.order_id]
    if row.status == ReturnOrder.Status.SETTLED:
        return ReturnSettlement.objects.get(return_order=row)
    if row.status != ReturnOrder.Status.DECIDED:
        raise Blocked(f"{row} is {row.get_status_display().lower()}: its goods are not all put away yet.")
    if kind != Kind.NONE and row.kind == ReturnOrder.Kind.DELIVERY_FAILURE:
        _check_not_made_good(lines)
    settlement = ReturnSettlement(
        return_order=row, kind=kind, with_freight=with_freight, reason=reason.strip(), settled_by=actor, at=at
    )
    made: list[ReturnCredit] = []
    if kind in {Kind.CREDIT, Kind.REFUND}:
        made = _credit(row, order, lines, locked, settlement, actor, at)
    elif kind == Kind.EXCHANGE:
        settlement.exchange_id = _order_again(row, order, lines, actor, at)
    transitions.apply([row], "settle", at=at, fields=["closed_at"])
    said: dict[str, object] = {"settlement": settlement.get_kind_display()}
    if made:
        said |= {
            "invoices": [str(credit.credit_note) for credit in made],
            "gross": str(-sum((credit.credit_note.gross for credit in made), ZERO)),
            "currency": order.currency,
        }
    tell([row], OrderEvent.Kind.RETURN_SETTLED, actor, at, {row.pk: said})
    bulk.insert([settlement], (made, "settlement"))
    return settlement


def preview_settlement(
    *, return_id: int, kind: ReturnSettlement.Kind, with_freight: bool = False, actor: User, at: datetime
) -> tuple[PreviewNote, ...]:
    """Return the credit notes that settling would post: it is settled and undone, so that no other code can differ.

    :raises Refused: as settling does.
    """
    with transaction.atomic():
        settlement = settle_return(
            return_id=return_id, kind=kind, with_freight=with_freight, reason="Preview", actor=actor, at=at
        )
        shown = settlement_notes(settlement_id=settlement.pk)
        transaction.set_rollback(True)
    return shown


def settlement_notes(*, settlement_id: int) -> tuple[PreviewNote, ...]:
    """Return what the credit notes of a settlement take back, line by line."""
    notes = Invoice.objects.filter(pk__in=ReturnCredit.objects.filter(settlement=settlement_id).values("credit_note"))
    found = []
    for note in notes.select_related("corrects").order_by("pk"):
        lines = InvoiceLine.objects.filter(invoice=note).select_related("order_line__product").order_by("position")
        settled = note.corrects.settlements.filter(credit_note=note).first()
        found.append(
            PreviewNote(
                invoice=str(note.corrects),
                currency=note.currency,
                lines=tuple(
                    PreviewLine(
                        sku=line.order_line.product.sku,
                        description=line.order_line.description,
                        quantity=-line.quantity,
                        is_amount=line.is_amount,
                        price=line.price,
                        discount_percent=line.discount_percent,
                        tax_rate=line.tax_rate,
                        net=-line.net,
                    )
                    for line in lines
                ),
                net=-note.net,
                tax=-note.tax,
                gross=-note.gross,
                settles=settled.amount if settled else ZERO,
            )
        )
    return tuple(found)


def _check_not_made_good(lines: Sequence[ReturnLine]) -> None:
    """Check that no unit is made good twice: as lost, and then as one that turned up."""
    settled = ReturnLine.objects.filter(
        shipment_line__in=[line.shipment_line_id for line in lines], return_order__status=ReturnOrder.Status.SETTLED
    )
    made_good = dict(
        settled.exclude(return_order__settlement__kind=Kind.NONE, lost__gt=0)
        .order_by()
        .values_list("shipment_line")
        .annotate(units=Sum(F("received") - F("sent_back") + F("lost")))
    )
    for line in lines:
        here = line.received - line.sent_back + line.lost
        if here + made_good.get(line.shipment_line_id, ZERO) > line.shipment_line.quantity:
            raise MadeGood(
                "These units were made good when they were lost, before they turned up: settle this return by nothing."
            )


def _credit(
    row: ReturnOrder,
    order: SalesOrder,
    lines: Sequence[ReturnLine],
    locked: billing_services.ToCredit,
    settlement: ReturnSettlement,
    actor: User,
    at: datetime,
) -> list[ReturnCredit]:
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.part.ratio is None:
            wanted[line.part.line_id] += line.received - line.sent_back + line.lost
    components = ReturnedComponents(lines, order.currency)
    made = []
    for invoice_id in locked.order_ids:
        left = locked.left.get(invoice_id, {})
        asked = [*_take(left.values(), wanted), *components.take(left.values())]
        if not asked:
            continue
        if settlement.with_freight:
            asked += _freight(left.values(), asked, order.currency)
        note = billing_services.post_credit_note(
            invoice_id=invoice_id,
            lines=asked,
            reason=f"Return {row.number}: {row.get_reason_display()}",
            bills_again=False,
            actor=actor,
            at=at,
            locked=locked,
        )
        credit = ReturnCredit(settlement=settlement, credit_note=note)
        if settlement.kind == Kind.REFUND and note.settled > note.gross:
            credit.refund = billing_services.refund_credit(
                credit_note_id=note.pk, reference=row.number, actor=actor, at=at
            )
        made.append(credit)
    missing = sum(wanted.values(), ZERO) + components.missing
    if missing:
        raise NotInvoiced(
            f"{plain(missing)} of these units have not been invoiced, or are credited already:"
            " invoice the order first, or settle without a credit note.",
            link=reverse("orders:detail", args=[order.pk]),
        )
    return made


def _take(
    left: Iterable[billing_queries.LeftToCredit], wanted: dict[int, Decimal]
) -> Iterable[billing_services.CreditedLine]:
    """Yield what to credit of an invoice's lines, and lower what is wanted by it."""
    for rest in left:
        units = min(wanted.get(rest.line.order_line_id, ZERO), rest.quantity)
        if units > 0:
            wanted[rest.line.order_line_id] -= units
            yield billing_services.CreditedLine(rest.line.pk, quantity=units)


def _freight(
    left: Iterable[billing_queries.LeftToCredit], asked: Sequence[billing_services.CreditedLine], currency: str
) -> list[billing_services.CreditedLine]:
    """Return the share of an invoice's charges that goes back with goods: all of them with the last of the goods."""
    credited = {one.line_id: one for one in asked}
    rows = list(left)
    kinds = dict(
        InvoiceLine.objects.filter(pk__in=[rest.line.pk for rest in rows]).values_list(
            "pk", "order_line__product__kind"
        )
    )
    goods = [rest for rest in rows if kinds[rest.line.pk] in Product.GOODS]
    whole = sum((rest.line.net for rest in goods), ZERO)
    if whole <= 0:
        return []
    before = sum((rest.line.net - rest.net for rest in goods), ZERO)
    now = sum((_net(credited[rest.line.pk], rest, currency) for rest in goods if rest.line.pk in credited), ZERO)
    shares = []
    for rest in rows:
        if kinds[rest.line.pk] != Product.Kind.CHARGE:
            continue
        share = cumulative_share(
            rest.line.net,
            done_before=before,
            done_now=now,
            of=whole,
            billed_before=round_amount(rest.line.net * before / whole, currency),
            currency=currency,
        )
        if min(share, rest.net) > 0:
            shares.append(billing_services.CreditedLine(rest.line.pk, amount=min(share, rest.net)))
    return shares


def _net(asked: billing_services.CreditedLine, rest: billing_queries.LeftToCredit, currency: str) -> Decimal:
    return asked.amount if asked.amount is not None else rest.net_of(asked.quantity or ZERO, currency)


def _order_again(row: ReturnOrder, order: SalesOrder, lines: Sequence[ReturnLine], actor: User, at: datetime) -> int:
    """Take in a draft of the same goods, free of charge, and return its key."""
    units: dict[int, Decimal] = defaultdict(Decimal)
    priced_with_kit = {line.product_id for line in lines if line.part.ratio is not None}
    for line in lines:
        units[line.product_id] += line.received - line.sent_back + line.lost
    today = at.astimezone(order.company.zone).date()
    (made,) = orders_services.create_orders(
        drafts=[
            orders_services.OrderDraft(
                customer_id=order.customer_id,
                po_number=row.number,
                ordered_on=today,
                requested_on=today,
                lines=[
                    orders_services.LineDraft(
                        product_id,
                        quantity,
                        # A component may have no price of its own
                        price=ZERO if product_id in priced_with_kit else None,
                        discount_percent=Decimal(100),
                    )
                    for product_id, quantity in units.items()
                    if quantity
                ],
            )
        ],
        actor=actor,
        at=at,
    )
    if isinstance(made, Refused):
        raise made
    return made.order_id
