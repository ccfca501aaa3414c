"""Any way through the house that hypothesis can think of leaves a ledger that proves itself (TRUST.md T19)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from billing import services as billing_services
from billing.models import Invoice, InvoiceLine
from core.refusals import Refused
from core.registry import audit_checks
from inventory import services as inventory_services
from inventory.models import Channel, Product, StockLevel, StockMove, Substitute, Transfer, TransferLine
from orders import services as orders_services
from orders.models import CancelReason, Hold, LinePart, Reservation, SalesOrder, SalesOrderLine
from returns import services as returns_services
from returns.models import (
    Grade,
    QuarantineExit,
    ReturnDisposition,
    ReturnInspection,
    ReturnLine,
    ReturnOrder,
    ReturnSettlement,
)
from shipping import services as shipping_services
from shipping.models import DeliveryFailure, Shipment
from tests.factories.house import AT, TODAY, House
from tests.soak import IS_SOAK, count
from warehouse import services as warehouse_services
from warehouse.models import Count, Parcel, PickTask, PutBack

PRODUCTS, SHELVES = 3, 6
STEPS = settings(
    max_examples=count(short=10, full=500),
    stateful_step_count=count(short=20, full=50),
    suppress_health_check=list(HealthCheck),
)

# Verbs that take orders, and how often any verb went through in all lives
VERBS = (
    orders_services.allocate_orders,
    warehouse_services.release_orders,
    warehouse_services.pick_orders,
    warehouse_services.pack_orders,
    shipping_services.dispatch_orders,
    billing_services.invoice_orders,
    billing_services.pay_orders,
)
DONE: Counter[str] = Counter()
# The steps of the way back, in their order
WAY_BACK: list[Callable[[Ledger, int, Decimal], None]] = []

products = st.integers(0, PRODUCTS - 1)
units = st.integers(1, 9)
# Which of the orders there are: any of the last few
places = st.integers(1, 5)
verbs = st.integers(0, len(VERBS))


def detour(
    *, after: Callable[..., Any] | None = None
) -> Callable[[Callable[[Ledger, int, Decimal], None]], Callable[..., None]]:
    """Make a rule of what leaves the straight way of an order: after any of the verbs, or after one of them.

    For the latter a new order is made where the old one has been all the way.
    """

    def as_rule(leave: Callable[[Ledger, int, Decimal], None]) -> Callable[..., None]:
        @rule(place=places, times=verbs if after is None else st.just(VERBS.index(after) + 1), units=units)
        @wraps(leave)
        def way(self: Ledger, place: int, times: int, units: int) -> None:
            order = self.order(place)
            if after is not None and self.advanced[order] > times:
                product = int(units) % PRODUCTS
                self.receive(product=product, shelf=place, units=units, cents=place)
                self.promise(lines=[(product, 9), (place % PRODUCTS, units)])
                order = self.orders[-1]
            self.go_on(order, times - (0 if after is None else self.advanced[order]))
            leave(self, order, Decimal(units))

        return way

    return as_rule


def way_back(step: Callable[[Ledger, int, Decimal], None]) -> Callable[..., None]:
    """Make a rule of a step on the way back of one of the last orders of which something has left, if there is one."""

    WAY_BACK.append(step)

    @rule(place=places, units=units)
    @wraps(step)
    def way(self: Ledger, place: int, units: int) -> None:
        left = Shipment.objects.filter(order__in=self.orders).exclude(dispatched_at=None).order_by("-pk")
        orders = list(dict.fromkeys(left.values_list("order_id", flat=True)[:20]))
        if orders:
            step(self, orders[place % len(orders)], Decimal(units))

    return way


class Ledger(RuleBasedStateMachine):
    """A house in which anything may happen to any order at any time; what is refused is refused, and nothing drifts."""

    def __init__(self) -> None:
        super().__init__()
        self.block: Any = transaction.atomic()
        self.block._from_testcase = True  # a frame around the whole life, as a test's is, and no transaction of its own
        self.block.__enter__()
        self.house = House.open(warehouses=2)
        # The first is known by lot: some is good for a few days, some for a month, some for a year. The second goes
        # first in, first out
        self.products = [
            self.house.product(tracking="NONE" if n else "LOT", costing="FIRST_IN" if n == 1 else "AVERAGE")
            for n in range(PRODUCTS)
        ]
        # Of the third some is kept for the second channel and for the third; orders of the first are of none
        self.channels = [None, self.house.channel("Web").pk, self.house.channel("Wholesale").pk]
        for channel in Channel.objects.filter(company=self.house.company):
            self.house.pool(channel, self.products[2], 4)
        # Two units of the first and one of the third are sold as one as well
        self.kit = self.house.product(kind=Product.Kind.KIT, price="30")
        content = {self.products[0].pk: Decimal(2), self.products[2].pk: Decimal(1)}
        inventory_services.keep_components(kit_id=self.kit.pk, units=content, actor=self.house.boss, at=AT)
        for n, product in enumerate(self.products):
            Substitute.objects.create(product=product, stand_in=self.products[(n + 1) % PRODUCTS])
        self.shelves = [shelf for shelves in self.house.shelves.values() for shelf in shelves]
        self.orders: list[int] = []
        self.received: dict[int, Decimal] = defaultdict(Decimal)
        self.advanced: Counter[int] = Counter()
        self.steps = 0
        for number in range(PRODUCTS):
            self.receive(product=number, shelf=number, units=9, cents=1234)
            self.promise(lines=[(number, 4), ((number + 1) % PRODUCTS, 7)])

    def teardown(self) -> None:
        try:
            self.everything_is_proved()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @rule(product=products, shelf=st.integers(0, SHELVES - 1), units=units, cents=st.integers(0, 999))
    def receive(self, product: int, shelf: int, units: int, cents: int) -> None:
        thing = self.products[product]
        days = (3, 30, 365)[units % 3]
        lot = {} if product else {"lot": f"GOOD-{days}", "good_until": TODAY + timedelta(days=days)}
        self.house.receive(thing, units, value=Decimal(cents).scaleb(-2), shelf=self.shelves[shelf], **lot)
        self.received[thing.pk] += units

    @rule(lines=st.lists(st.tuples(products, units), min_size=1, max_size=3))
    def promise(self, lines: list[tuple[int, int]]) -> None:
        self.house.customer.good_for_days = 20 * (lines[0][1] % 3)
        self.house.customer.save()
        wanted = [(self.products[product], units) for product, units in lines]
        self.orders.append(self.house.order(*wanted, sold_through_id=self.channels[lines[-1][1] % 3]).pk)

    @rule(product=products, units=units, kits=st.integers(1, 4))
    def promise_kits(self, product: int, units: int, kits: int) -> None:
        lines = [(self.kit, kits), (self.products[product], units)]
        self.orders.append(self.house.order(*lines, sold_through_id=self.channels[units % 3]).pk)

    def order(self, place: int) -> int:
        """Return one of the last orders."""
        return self.orders[-place % len(self.orders)]

    def do(self, verb: Callable[..., dict[int, Any]], **arguments: Any) -> None:
        """Do a verb, which may refuse to."""
        results = verb(**arguments, actor=self.house.boss, at=AT)
        if any(not isinstance(result, Refused) for result in results.values()):
            DONE[verb.__name__] += 1

    @rule(place=places, times=verbs)
    def advance(self, place: int, times: int) -> None:
        self.go_on(self.order(place), times)

    def go_on(self, order: int, times: int) -> None:
        """Do the next verbs of an order's life to it, and begin anew at the end: something may have come since."""
        for _ in range(times):
            verb = VERBS[self.advanced[order] % len(VERBS)]
            more = {"carrier": "Van", "tracking_number": ""} if verb is shipping_services.dispatch_orders else {}
            self.do(verb, order_ids=[order], **more)
            self.advanced[order] += 1

    @detour(after=warehouse_services.release_orders)
    def pick_one_task(self, order: int, units: Decimal) -> None:
        task = PickTask.objects.filter(order=order, status=PickTask.Status.PLANNED).last()
        if task:
            self.do(warehouse_services.pick_tasks, task_ids=[task.pk])

    @detour(after=warehouse_services.pick_orders)
    def pack_some(self, order: int, units: Decimal) -> None:
        task = PickTask.objects.filter(order=order, status=PickTask.Status.PICKED).first()
        if task:
            box = warehouse_services.Box(order, task.bin.warehouse_id, {task.part_id: units})
            self.do(warehouse_services.pack_parcels, boxes=[box])

    @detour(after=warehouse_services.pack_orders)
    def unpack(self, order: int, units: Decimal) -> None:
        self.do(warehouse_services.unpack_parcels, parcel_ids=self.last_parcel(order))

    @detour(after=warehouse_services.pack_orders)
    def dispatch_one_parcel(self, order: int, units: Decimal) -> None:
        consignment = shipping_services.Consignment("Van", "")
        self.do(shipping_services.dispatch_parcels, parcel_ids=self.last_parcel(order), consignment=consignment)

    def last_parcel(self, order: int) -> list[int]:
        return list(Parcel.objects.filter(order=order).order_by("-pk").values_list("pk", flat=True)[:1])

    @detour(after=shipping_services.dispatch_orders)
    def deliver(self, order: int, units: Decimal) -> None:
        ids = list(Shipment.objects.filter(order=order).values_list("pk", flat=True))
        self.do(shipping_services.deliver_shipments, shipment_ids=ids, received_by="Ms Day", received_at=AT)

    @detour()
    def cancel_some(self, order: int, units: Decimal) -> None:
        line = SalesOrderLine.objects.filter(order=order).order_by("-pk")[0]
        self.do(orders_services.cancel_lines, units={line.pk: units}, reason=CancelReason.CUSTOMER)

    @detour()
    def cancel_rest(self, order: int, units: Decimal) -> None:
        self.do(orders_services.cancel_rest, order_ids=[order], reason=CancelReason.LATE)

    @detour()
    def cancel(self, order: int, units: Decimal) -> None:
        self.do(orders_services.cancel_orders, order_ids=[order], reason=CancelReason.MISTAKE)

    @detour()
    def cancel_after_the_pick(self, order: int, units: Decimal) -> None:
        for verb in (warehouse_services.release_orders, warehouse_services.pick_orders):
            self.do(verb, order_ids=[order])
        self.do(orders_services.cancel_rest, order_ids=[order], reason=CancelReason.LATE)

    @detour()
    def hold(self, order: int, units: Decimal) -> None:
        terms = orders_services.HoldTerms(Hold.Kind.CUSTOMER, keep_reservation=units % 2 == 0)
        self.do(orders_services.hold_orders, order_ids=[order], terms=terms)

    @detour()
    def lift(self, order: int, units: Decimal) -> None:
        self.do(orders_services.release_holds_of_orders, order_ids=[order])

    def attempt(self, verb: Callable[..., Any], **arguments: Any) -> None:
        """Do a verb that answers no but by raising."""
        try:
            verb(**arguments, actor=self.house.boss, at=AT)
        except Refused:
            return
        DONE[verb.__name__] += 1

    def a_part(self, order: int, units: Decimal) -> dict[int, Decimal]:
        """Return units of one of the parts of an order of which something has left, no more than that."""
        parts = list(LinePart.objects.filter(order=order, shipped__gt=0).order_by("pk"))
        part = parts[int(units) % len(parts)]
        return {part.pk: min(units, part.shipped)}

    def a_return(self, order: int, *statuses: str) -> int | None:
        found = ReturnOrder.objects.filter(order=order, status__in=statuses).order_by("-pk")
        return found.values_list("pk", flat=True).first()

    @way_back
    def ask_back(self, order: int, units: Decimal) -> None:
        draft = returns_services.ReturnDraft(order, self.a_part(order, units))
        by = {"actor": self.house.boss, "at": AT}
        (made,) = returns_services.create_returns(drafts=[draft], authorize=True, **by)
        if not isinstance(made, Refused):
            DONE["create_returns"] += 1

    @way_back
    def come_back(self, order: int, units: Decimal) -> None:
        found = self.a_return(order, "AUTHORIZED", "RECEIVED", "INSPECTED", "DECIDED")
        if found:
            arrival = returns_services.Arrival(self.a_part(order, units), is_all=units % 2 == 0)
            self.attempt(returns_services.receive_return, return_id=found, arrival=arrival)

    @way_back
    def come_unannounced(self, order: int, units: Decimal) -> None:
        arrival = returns_services.Arrival(self.a_part(order, units))
        self.attempt(returns_services.receive_blind, draft=returns_services.ReturnDraft(order, {}), arrival=arrival)

    @way_back
    def come_undelivered(self, order: int, units: Decimal) -> None:
        shipment = Shipment.objects.filter(order=order, status__in=Shipment.OUT).first()
        if shipment is None:
            return
        if units % 2 and shipment.status == Shipment.Status.DISPATCHED:
            failure = {"kind": DeliveryFailure.Kind.REFUSED, "note": "", "happened_at": AT}
            self.do(shipping_services.fail_deliveries, shipment_ids=[shipment.pk], **failure)
        draft = returns_services.ReturnDraft(order, {}, kind=ReturnOrder.Kind.DELIVERY_FAILURE, shipment_id=shipment.pk)
        arrival = returns_services.Arrival(self.a_part(order, units))
        self.attempt(returns_services.receive_blind, draft=draft, arrival=arrival)

    @way_back
    def lose(self, order: int, units: Decimal) -> None:
        shipment = Shipment.objects.filter(order=order, status="DISPATCHED").values_list("pk", flat=True)[:1]
        self.do(shipping_services.lose_shipments, shipment_ids=list(shipment), claim="CL-1", note="")

    @way_back
    def look_at(self, order: int, units: Decimal) -> None:
        found = self.a_return(order, "RECEIVED")
        lines = ReturnLine.objects.filter(return_order=found, received__gt=F("inspected")).order_by("pk")[:1]
        grade = Grade.values[int(units) % len(Grade)]
        goes = returns_services.PRESET[grade] if units > 4 else None
        for line in lines:
            graded = returns_services.Graded(
                line.part_id, Grade(grade), min(units, line.received - line.inspected), disposition=goes
            )
            self.attempt(returns_services.inspect_return, return_id=found, graded=[graded])

    @way_back
    def put_away(self, order: int, units: Decimal) -> None:
        waiting = ReturnInspection.objects.filter(line__return_order__order=order, quantity__gt=F("disposed"))
        for one in waiting.select_related("line").order_by("pk")[:1]:
            kinds = ReturnDisposition.Kind
            decided = returns_services.Decided(
                one.line.part_id,
                Grade(one.grade),
                kinds(kinds.values[int(units) % len(kinds)]),
                min(units, one.quantity - one.disposed),
            )
            self.attempt(returns_services.decide_return, return_id=one.line.return_order_id, decided=[decided])

    @way_back
    def take_out(self, order: int, units: Decimal) -> None:
        for line in ReturnLine.objects.filter(return_order__order=order, quarantined__gt=0).order_by("pk")[:1]:
            kind = QuarantineExit.Kind.RESTOCK if units % 2 else QuarantineExit.Kind.SCRAP
            cleared = returns_services.Cleared(line.part_id, kind, min(units, line.quarantined))
            self.attempt(returns_services.clear_quarantine, return_id=line.return_order_id, cleared=[cleared])

    @way_back
    def settle(self, order: int, units: Decimal) -> None:
        found = self.a_return(order, "DECIDED")
        if found:
            kinds = ReturnSettlement.Kind
            kind = kinds(kinds.values[int(units) % len(kinds)])
            self.attempt(returns_services.settle_return, return_id=found, kind=kind, with_freight=units > 4)

    @way_back
    def give_up(self, order: int, units: Decimal) -> None:
        found = self.a_return(order, "AUTHORIZED")
        if found:
            self.do(returns_services.cancel_returns, return_ids=[found], reason="They keep it")

    @detour(after=billing_services.invoice_orders)
    def come_all_the_way_back(self, order: int, units: Decimal) -> None:
        if LinePart.objects.filter(order=order, shipped__gt=0).exists():
            for step in WAY_BACK:
                step(self, order, units)

    @detour(after=warehouse_services.release_orders)
    def pick_short(self, order: int, units: Decimal) -> None:
        task = PickTask.objects.filter(order=order, status=PickTask.Status.PLANNED).first()
        if task:
            short = warehouse_services.Short(task.pk, min(units, task.quantity - 1), PickTask.Reason.FEWER)
            self.do(warehouse_services.pick_short, shorts=[short])

    @detour()
    def expire(self, order: int, units: Decimal) -> None:
        """Some days pass for lots alone."""
        warehouse_services.expire_lots(at=AT + timedelta(days=4 if units < 6 else 31))

    @detour()
    def count_bins(self, order: int, units: Decimal) -> None:
        count = Count.objects.filter(company=self.house.company, status="OPEN").first()
        if count:
            self.attempt(warehouse_services.count_bin, count_id=count.pk, counted=units)

    @detour(after=billing_services.invoice_orders)
    def credit(self, order: int, units: Decimal) -> None:
        self.credit_some(order, units)

    def credit_some(self, order: int, units: Decimal) -> None:
        line = InvoiceLine.objects.filter(invoice__order=order, invoice__kind="INVOICE").first()
        if line:
            credited = billing_services.CreditedLine(line.pk, min(units, line.quantity))
            self.attempt(
                billing_services.post_credit_note,
                invoice_id=line.invoice_id,
                lines=[credited],
                reason="Goodwill",
                bills_again=units > 6,
            )

    @detour(after=billing_services.pay_orders)
    def refund(self, order: int, units: Decimal) -> None:
        """Credit what was paid, so that something is left to go back."""
        self.credit_some(order, units)
        note = Invoice.objects.filter(order=order, kind="CREDIT_NOTE", settled__gt=F("gross")).first()
        if note:
            self.attempt(billing_services.refund_credit, credit_note_id=note.pk)

    @detour()
    def put_back(self, order: int, units: Decimal) -> None:
        ids = list(PutBack.objects.filter(company=self.house.company).values_list("pk", flat=True))
        self.do(warehouse_services.put_back_goods, put_back_ids=ids)

    @detour()
    def keep_for_elsewhere(self, order: int, units: Decimal) -> None:
        self.bring(order, units)

    @rule(place=places, units=units)
    def go_elsewhere(self, place: int, units: int) -> None:
        """Promise what lies in two warehouses, have it and more brought to one, and let it travel there, or not."""
        product = units % PRODUCTS
        for shelf in (0, SHELVES - 1):
            self.receive(product=product, shelf=shelf, units=9, cents=place)
        self.promise(lines=[(product, 9), (product, place)])
        self.bring(self.orders[-1], Decimal(units))
        for step in range(3):
            self.let_travel(Decimal(units + step))

    def bring(self, order: int, units: Decimal) -> None:
        here, there = self.house.warehouses if units % 2 else reversed(self.house.warehouses)
        self.attempt(orders_services.bring_together, order_id=order, warehouse_id=here.pk)
        carried = [inventory_services.Carried(self.products[int(units) % PRODUCTS].pk, min(units, Decimal(3)))]
        ends = {"from_id": there.pk, "to_id": here.pk}
        self.attempt(inventory_services.draft_transfer, **ends, carried=carried, expected_on=TODAY)

    @detour()
    def travel(self, order: int, units: Decimal) -> None:
        self.let_travel(units)

    def let_travel(self, units: Decimal) -> None:
        open_ones = Transfer.objects.filter(company=self.house.company, status__in=Transfer.OPEN).order_by("pk")
        for transfer in open_ones[: int(units) % 3 + 1]:
            lines = list(TransferLine.objects.filter(transfer=transfer, open__gt=0).order_by("pk"))
            if transfer.status != Transfer.Status.DRAFT:
                shelf = self.house.shelves[transfer.to_warehouse_id][0].pk
                arrivals = [
                    inventory_services.Arrival(line.pk, shelf, min(units, line.open), is_last=units % 4 == 0)
                    for line in lines
                ]
                self.attempt(warehouse_services.receive_transfer, transfer_id=transfer.pk, arrivals=arrivals)
            elif units % 5 == 0:
                self.do(inventory_services.cancel_transfers, transfer_ids=[transfer.pk])
            else:
                less = {line.pk: Decimal(1) for line in lines if units % 3 == 0}
                self.attempt(warehouse_services.send_transfer, transfer_id=transfer.pk, units=less)
            inventory_services.peg_demands(product_ids=[product.pk for product in self.products], at=AT)

    @detour()
    def ship_instead(self, order: int, units: Decimal) -> None:
        line = SalesOrderLine.objects.filter(order=order).order_by("-pk")[0]
        others = [product.pk for product in self.products if product.pk != line.product_id]
        answer = orders_services.Answer("Ms Day", TODAY)
        terms = {"quantity": units, "answer": answer, "product_id": others[int(units) % 2]}
        self.attempt(orders_services.substitute, line_id=line.pk, **terms)

    @detour()
    def break_up(self, order: int, units: Decimal) -> None:
        self.break_up_kits(order)

    @rule(place=places, units=units)
    def break_up_what_has_left(self, place: int, units: int) -> None:
        """Send what there is of a kit and its components, and break it up before it is billed."""
        for product in (0, PRODUCTS - 1):
            self.receive(product=product, shelf=place, units=units, cents=place)
        self.promise_kits(product=place % PRODUCTS, units=units, kits=1 + place % 3)
        order = self.orders[-1]
        self.go_on(order, 1 + VERBS.index(shipping_services.dispatch_orders))
        self.break_up_kits(order)

    def break_up_kits(self, order: int) -> None:
        for line in SalesOrderLine.objects.filter(order=order, product=self.kit).order_by("pk")[:1]:
            self.attempt(orders_services.break_up_kit, line_id=line.pk)

    @detour()
    def keep_for_later(self, order: int, units: Decimal) -> None:
        """Keep some, or give up what is kept; the orders that are promised meanwhile take it over."""
        kept = Reservation.objects.filter(company=self.house.company, status="OPEN").order_by("pk")
        if units % 4 == 0:
            orders_services.expire_reservations(at=AT + timedelta(days=4))
        elif units % 4 == 3:
            ids = list(kept.values_list("pk", flat=True)[:1])
            self.do(orders_services.free_reservations, reservation_ids=ids, reason="Off")
        else:
            self.attempt(
                orders_services.make_reservation,
                product_id=self.products[int(units) % PRODUCTS].pk,
                quantity=units,
                wanted_on=TODAY + timedelta(days=9 * int(units)),
                expires_on=TODAY + timedelta(days=3),
                customer_id=self.house.customer.pk,
            )
        orders_services.fill_reservations(at=AT)

    @detour()
    def complete(self, order: int, units: Decimal) -> None:
        warehouse_services.complete_waves(at=AT)
        orders_services.complete_orders(at=AT)

    @invariant()
    def what_is_there_is_what_came_less_what_left(self) -> None:
        left = dict(LinePart.objects.values_list("product").annotate(units=Sum("shipped") - Sum("returned")))
        there = dict(
            StockLevel.objects.values_list("product").annotate(units=Sum(F("sellable") + F("staged") + F("blocked")))
        )
        # Scrap is gone, and a count finds more or less than the books had
        to, of = (_adjusted(place) for place in ("to_place", "from_place"))
        for product in self.products:
            gone = to.get(product.pk, 0) - of.get(product.pk, 0)
            assert there.get(product.pk, 0) == self.received[product.pk] - left.get(product.pk, 0) - gone
        assert not StockLevel.objects.exclude(allocated__gte=0, allocated__lte=F("sellable"), staged__gte=0).exists()

    @invariant()
    def everything_is_proved_from_time_to_time(self) -> None:
        self.steps += 1
        if self.steps % 10 == 0:
            self.everything_is_proved()

    def everything_is_proved(self) -> None:
        drift = {check.name: found for check in audit_checks if (found := check.find()[1])}
        assert drift == {}


def _adjusted(place: str) -> dict[int, Decimal]:
    """Return the units by product that went to, or came from, no place at all, or the way to another warehouse."""
    nowhere = [StockMove.Place.ADJUSTMENT, StockMove.Place.TRANSIT]
    moves = StockMove.objects.filter(**{f"{place}__in": nowhere})
    return dict(moves.order_by().values_list("product").annotate(units=Sum("quantity")))


@pytest.mark.soak("T19")
@pytest.mark.django_db
def test_any_way_leaves_a_ledger_that_proves_itself():
    run_state_machine_as_test(Ledger, settings=STEPS)
    assert set(DONE) >= {verb.__name__ for verb in VERBS}, "nothing is proved of what never happened"
    if IS_SOAK:
        assert set(DONE) >= {"cancel_lines", "cancel_rest", "cancel_orders", "hold_orders", "put_back_goods"}
        assert set(DONE) >= {"pick_short", "count_bin", "post_credit_note", "refund_credit"}
        assert set(DONE) >= {"create_returns", "receive_return", "receive_blind", "inspect_return", "decide_return"}
        assert set(DONE) >= {"settle_return", "lose_shipments", "clear_quarantine", "cancel_returns"}
        assert set(DONE) >= {"bring_together", "draft_transfer", "send_transfer", "receive_transfer"}
        assert set(DONE) >= {"make_reservation", "free_reservations", "substitute", "break_up_kit"}
    assert not SalesOrder.objects.exists()
