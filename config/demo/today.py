"""Leaves today's work open in every queue: the orders of the last days as far as they came, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from billing import services as billing_services
from billing.models import Invoice
from config.demo.bundling import sell_hampers
from config.demo.buying import Buying
from config.demo.dividing import keep_for_channels
from config.demo.documents import COUNTER, Document, Kind, Plan
from config.demo.history import PROMISED_IN, History, Pace
from config.demo.keeping import keep_for_later, name_substitutes
from config.demo.noting import note_what_is_open
from core.models import Membership
from core.roles import Role
from inventory.models import Product
from orders import services as orders_services
from orders.models import CancelReason, CustomerPO, Hold, LinePart, SalesOrder
from returns import services as returns_services
from returns.models import Grade, ReturnOrder
from shipping import services as shipping_services
from shipping.models import DeliveryFailure, Shipment
from warehouse import services as warehouse_services
from warehouse.models import PickTask

# The orders of so many last days are open
OPEN_DAYS = 4
# The past is everything that is older
LIVE_FOR = timedelta(days=2)
# Whoever ordered so long ago orders the same again today
AGAIN_AFTER = timedelta(days=42)
REASONS = [ReturnOrder.Reason.DAMAGED, ReturnOrder.Reason.NOT_WANTED, ReturnOrder.Reason.WRONG_ITEM]
DRAFTS, SHORT_TASKS, AT_THE_DOCK, NOT_INVOICED = 9, 3, 6, 9


def pace_of(plan: Plan, now: datetime) -> Pace:
    """Return how a plan is taken so that its last day is yesterday."""
    last = plan.documents[-1].at.date()
    sold: dict[str, int] = {}
    for document in plan.documents:
        if document.kind == Kind.ORDER and document.at.date() > last - timedelta(days=9):
            for row in document.rows:
                sold[row.sku] = sold.get(row.sku, 0) + 1
    often = sorted(sku for sku, times in sold.items() if times >= 4)
    shift = timedelta(days=(now.date() - last).days - 1)
    return Pace(shift=shift, now=now, open_days=OPEN_DAYS, short=frozenset(often[::12]))


def beginning(plan: Plan, now: datetime) -> datetime:
    """Return a time on the day before the past of a plan begins."""
    return now + (plan.documents[0].at.date() - timedelta(days=1) + pace_of(plan, now).shift - now.date())


def open_work(history: History) -> None:
    """Take the orders of the last days as far as each came, and let happen what keeps people busy."""
    Today(history).work()


class Today:
    """The morning of the day on which somebody looks at Orderly for the first time."""

    def __init__(self, history: History) -> None:
        self.world, self.plan, self.now = history.world, history.plan, history.pace.now
        self.days = [history.played.fresh[day] for day in sorted(history.played.fresh)]
        jobs = list(Membership.objects.filter(company=self.world.company).select_related("user"))
        for job in jobs:
            job.user.chosen_company_id = self.world.company.pk
        self.people = {Role(role): job.user for job in jobs for role in job.roles}

    def by(self, role: Role, hours: float = 0) -> dict[str, Any]:
        """Return a person of a role, and a time so many hours ago."""
        return {"actor": self.people.get(role, self.world.admin), "at": self.now - timedelta(hours=hours)}

    def work(self) -> None:
        """Leave work in every queue; where the plan has too few days, in those that it reaches."""
        leaving, picking, held, ready = [*([[]] * OPEN_DAYS), *self.days][-OPEN_DAYS:]
        self._leave(leaving)
        self._pick(picking)
        self._hold(held)
        self._cancel(ready[:1])
        self._draft()
        self._fail()
        self._bring_back()
        self._credit()
        Buying(self.world, self.now, partial(self.by, Role.PURCHASER), partial(self.by, Role.WAREHOUSE_MANAGER)).work()
        keep_for_channels(self.world.company, self.by(Role.SALES_MANAGER)["actor"])
        keep_for_later(self.world.company, **self.by(Role.SALES_ADMIN, 1))
        name_substitutes(self.world.company)
        sell_hampers(
            self.world.company.pk,
            self.now,
            partial(self.by, Role.SALES_MANAGER),
            partial(self.by, Role.WAREHOUSE_MANAGER),
        )
        seller, manager = (self.by(role)["actor"] for role in (Role.SALES_ADMIN, Role.SALES_MANAGER))
        note_what_is_open(self.world.company, seller, manager, self.now - timedelta(hours=1))
        warehouse_services.complete_waves(at=self.now)

    def _draft(self) -> None:
        """Take in what came by mail this morning, and is not confirmed yet; some customers are over their limit."""
        then = self.now.date() - AGAIN_AFTER
        shift = self.now.date() - self.plan.documents[-1].at.date()
        again = [
            document
            for document in self.plan.documents
            if document.kind == Kind.ORDER
            and document.customer in self.world.customers
            and document.customer != COUNTER
            and (document.at + shift).date() >= then
            and all(row.sku in self.world.products and row.price for row in document.rows)
        ][: 3 * DRAFTS : 3]
        sales = self.by(Role.SALES_ADMIN, 0.5)
        made = orders_services.create_orders(drafts=[self._again(document) for document in again], **sales)
        orders = [one for one in made if isinstance(one, orders_services.Created)]
        customers = dict(
            SalesOrder.objects.filter(pk__in=[one.order_id for one in orders]).values_list("pk", "customer_id")
        )
        boss = self.people.get(Role.SALES_MANAGER, self.world.admin)
        for place, one in enumerate(orders[:3]):
            limit = None if place == 2 else (one.gross / 2).quantize(Decimal(1)) + 100
            orders_services.set_credit_terms(
                customer_id=customers[one.order_id], limit=limit, is_prepay=place == 2, actor=boss
            )

    def _again(self, document: Document) -> orders_services.OrderDraft:
        today = self.now.date()
        return orders_services.OrderDraft(
            customer_id=self.world.customers[document.customer],
            po_number=f"{document.number}-2",
            ordered_on=today,
            requested_on=today + PROMISED_IN,
            lines=[orders_services.LineDraft(self.world.products[row.sku], row.quantity) for row in document.rows],
            channel=CustomerPO.Channel.KEYED,
            source="E-mail",
        )

    def _hold(self, order_ids: Sequence[int]) -> None:
        """Put orders on hold: each for another reason, and one line alone."""
        terms = [
            orders_services.HoldTerms(Hold.Kind.CUSTOMER, True, "Rang: wants it in one delivery with the next order."),
            orders_services.HoldTerms(Hold.Kind.ADDRESS, True, "The shop moved; new address asked for."),
            orders_services.HoldTerms(Hold.Kind.CREDIT, False, "Two invoices are more than three weeks late."),
            orders_services.HoldTerms(Hold.Kind.PRICE, True, "Says that last month's offer was promised."),
        ]
        of_customers = SalesOrder.objects.filter(pk__in=order_ids).exclude(customer__number=COUNTER).order_by("pk")
        for order_id, one in zip(of_customers.values_list("pk", flat=True), terms, strict=False):
            orders_services.hold_orders(order_ids=[order_id], terms=one, **self.by(Role.SALES_ADMIN, 2))

    def _cancel(self, order_ids: Sequence[int]) -> None:
        orders_services.cancel_orders(
            order_ids=order_ids, reason=CancelReason.DUPLICATE, **self.by(Role.SALES_MANAGER, 1)
        )

    def _pick(self, order_ids: Sequence[int]) -> None:
        """Walk one wave, with bins that hold fewer than the books say, and leave another for the pickers."""
        if not order_ids:
            return
        half = len(order_ids) // 2
        walked, waiting = order_ids[:half], order_ids[half:]
        warehouse = self.by(Role.WAREHOUSE_MANAGER, 4)
        warehouse_services.release_orders(order_ids=walked, **warehouse)
        warehouse_services.release_orders(order_ids=waiting, **self.by(Role.WAREHOUSE_MANAGER, 3))
        picked = walked[: half * 3 // 4]
        tasks = PickTask.objects.filter(
            order__in=walked[half * 3 // 4 :], status=PickTask.Status.PLANNED, quantity__gt=1
        )
        reasons = [PickTask.Reason.FEWER, PickTask.Reason.NONE_LEFT, PickTask.Reason.DAMAGED]
        warehouse_services.pick_short(
            shorts=[
                warehouse_services.Short(
                    task.pk, Decimal(0) if reason == PickTask.Reason.NONE_LEFT else task.quantity - 1, reason
                )
                for task, reason in zip(tasks.order_by("-quantity", "pk")[:SHORT_TASKS], reasons, strict=False)
            ],
            **self.by(Role.PICKER, 2),
        )
        warehouse_services.pick_orders(order_ids=picked, **self.by(Role.PICKER, 2))
        # What was picked for a customer who changed his mind is put back
        orders_services.cancel_orders(
            order_ids=picked[:1], reason=CancelReason.CUSTOMER, **self.by(Role.WAREHOUSE_MANAGER, 1.5)
        )
        warehouse_services.pack_orders(order_ids=picked[1 : len(picked) // 2], **self.by(Role.SHIPPING_CLERK, 1))
        orders_services.note_allocation(order_ids=walked)

    def _leave(self, order_ids: Sequence[int]) -> None:
        """Send off what was packed yesterday but for a few parcels, one of them stopped at the dock; invoice half."""
        if not order_ids:
            return
        warehouse_services.release_orders(order_ids=order_ids, **self.by(Role.WAREHOUSE_MANAGER, 27))
        warehouse_services.pick_orders(order_ids=order_ids, **self.by(Role.PICKER, 25))
        warehouse_services.pack_orders(order_ids=order_ids, **self.by(Role.SHIPPING_CLERK, 23))
        dock, gone = order_ids[:AT_THE_DOCK], order_ids[AT_THE_DOCK:]
        terms = orders_services.HoldTerms(Hold.Kind.QUALITY, True, "A batch of these was found cracked: look inside.")
        orders_services.hold_orders(order_ids=dock[:1], terms=terms, **self.by(Role.WAREHOUSE_MANAGER, 20))
        for order_id in gone:
            tracking = f"RM{482_100_000 + order_id:09}GB"
            shipping_services.dispatch_orders(
                order_ids=[order_id], carrier="Royal Mail", tracking_number=tracking, **self.by(Role.SHIPPING_CLERK, 19)
            )
        billing_services.invoice_orders(order_ids=gone[NOT_INVOICED:], **self.by(Role.ACCOUNTANT, 1))

    def _fail(self) -> None:
        """Let some deliveries go wrong: nobody there, refused at the door, and one parcel that nobody finds."""
        out = Shipment.objects.filter(company=self.world.company, status=Shipment.Status.DISPATCHED)
        ids = list(
            out.filter(dispatched_at__lt=self.now - timedelta(hours=18)).order_by("pk")[:7].values_list("pk", flat=True)
        )
        clerk = self.by(Role.SHIPPING_CLERK, 1)
        for shipments, kind, note in (
            (ids[:3], DeliveryFailure.Kind.MISSED, "Shop closed, card left."),
            (ids[3:5], DeliveryFailure.Kind.REFUSED, "Says that it was cancelled."),
        ):
            if shipments:
                shipping_services.fail_deliveries(
                    shipment_ids=shipments, kind=kind, note=note, happened_at=clerk["at"], **clerk
                )
        if ids[5:6]:
            shipping_services.lose_shipments(
                shipment_ids=ids[5:6], claim="CL-20418", note="Not seen since the depot.", **clerk
            )

    def _bring_back(self) -> None:
        """Have goods come back, and leave the returns at each step: asked for, on the way, at the dock, looked at."""
        delivered = SalesOrder.objects.filter(
            company=self.world.company,
            status__in=[SalesOrder.Status.COMPLETED, SalesOrder.Status.CLOSED],
            billing="FULL",
            returned="NONE",
            completed_at__gt=self.now - timedelta(days=12),
        )
        order_ids = list(delivered.order_by("pk").values_list("pk", flat=True)[:13])
        parts = LinePart.objects.filter(order__in=order_ids, delivered__gt=0, product__kind=Product.Kind.STOCK)
        first = {part.order_id: part for part in parts.order_by("order_id", "-pk")}
        drafts = [
            returns_services.ReturnDraft(
                order_id=order_id,
                units={part.pk: min(part.delivered, Decimal(2 + place % 3))},
                reason=[ReturnOrder.Reason.DAMAGED, ReturnOrder.Reason.NOT_WANTED, ReturnOrder.Reason.WRONG_ITEM][
                    place % 3
                ],
                wish=ReturnOrder.Wish.REFUND if place % 2 else ReturnOrder.Wish.UNKNOWN,
            )
            for place, (order_id, part) in enumerate(first.items())
        ]
        clerk = self.by(Role.RETURNS_CLERK, 5)
        returns_services.create_returns(drafts=drafts[:3], authorize=False, **clerk)
        made = returns_services.create_returns(drafts=drafts[3:], authorize=True, **clerk)
        for place, (draft, row) in enumerate(zip(drafts[3:], made, strict=True)):
            if isinstance(row, ReturnOrder) and place >= 3:
                self._receive(row, draft, place)

    def _receive(self, row: ReturnOrder, draft: returns_services.ReturnDraft, place: int) -> None:
        arrival = returns_services.Arrival(units=draft.units, is_all=True)
        returns_services.receive_return(return_id=row.pk, arrival=arrival, **self.by(Role.RETURNS_CLERK, 3))
        if place < 6:
            return
        grade = [Grade.A, Grade.B][place % 2]
        disposition = returns_services.PRESET[grade] if place >= 8 else None
        graded = [
            returns_services.Graded(pk, grade, units, disposition=disposition) for pk, units in draft.units.items()
        ]
        returns_services.inspect_return(return_id=row.pk, graded=graded, **self.by(Role.RETURNS_CLERK, 2))

    def _credit(self) -> None:
        """Take money that fits no invoice, and a part of what is due the longest."""
        unpaid = Invoice.objects.filter(company=self.world.company, kind=Invoice.Kind.INVOICE, settled=0)
        money = self.by(Role.ACCOUNTANT, 1)
        for place, invoice in enumerate(unpaid.defer("snapshot").order_by("due_on", "pk")[:3]):
            billing_services.receive_payment(
                customer_id=invoice.customer_id,
                currency=invoice.currency,
                amount=(invoice.gross / 2).quantize(Decimal(1)) + 1,
                shares={} if place < 2 else {invoice.pk: (invoice.gross / 2).quantize(Decimal(1))},
                reference="No invoice named" if place < 2 else str(invoice.number),
                **money,
            )
