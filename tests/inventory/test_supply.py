"""Supplier orders: what waits is promised what they bring, and that promise moves with them."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import registry
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import Role
from inventory import services
from inventory.models import Allocation, BrokenPeg, Calendar, Demand, StockLevel, SupplierOrder, Warehouse
from orders import services as orders_services
from orders.models import CancelReason, Hold, OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import arrive, day, lines, ordered, sent, supplier

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    """Return the proofs that fail."""
    return [f"{check.name}: {found}" for check in registry.audit_checks if (found := check.find()[1])]


def demand(house: House, order) -> Demand:
    return Demand.objects.get(pk__in=house.demands(order))


def pegs(house: House, order) -> list[tuple[Decimal, object]]:
    rows = Allocation.objects.filter(demand__in=house.demands(order), status="SOFT").order_by("supply__expected_on")
    return [(row.quantity, row.supply.expected_on) for row in rows]


def told(order) -> list[dict]:
    return [event.data for event in OrderEvent.objects.filter(order=order, kind="PROMISED").order_by("pk")]


class TestPegging:
    def test_an_order_that_is_sent_gives_what_waits_a_day_the_most_urgent_first(self):
        house = House.open()
        product = house.product([1])
        first, later = house.order((product, 4)), house.order((product, 5))
        due = house.order((product, 2), requested_on=day(-1), ordered_on=day(-9))
        order = sent(house, (product, 4, 5), (product, 3, 9))
        assert pegs(house, due) == [(2, day(5))]
        assert pegs(house, first) == [(2, day(5)), (1, day(9))]
        assert pegs(house, later) == [(2, day(9))]
        assert [demand(house, one).promised_on for one in (due, first, later)] == [day(5), day(9), None]
        assert (demand(house, first).allocated, demand(house, first).backordered) == (1, 3)
        assert StockLevel.objects.get(product=product).allocated == 1
        assert told(first) == [
            {"before": None, "after": day(9).isoformat(), "cause": "ordered", "supplier_order": order.number}
        ]
        assert told(later) == []
        assert drift() == []

    def test_a_confirmed_order_that_is_short_is_pegged_by_a_job_and_a_plain_one_defers_none(self):
        house = House.open()
        product = house.product([5])
        sent(house, (product, 10, 5))
        house.order((product, 5))
        assert jobs() == []
        short = house.order((product, 2))
        assert jobs() == [{"product_ids": [product.pk]}]
        assert services.peg_demands(product_ids=[product.pk], at=AT) == 1
        assert services.peg_demands(product_ids=[product.pk], at=AT) == 0
        row = demand(house, short)
        assert (row.promised_on, row.first_promised_on) == (day(5), day(5))

    def test_a_peg_that_stands_is_not_taken_for_somebody_more_urgent(self):
        house = House.open()
        product = house.product()
        mine = house.order((product, 3))
        sent(house, (product, 3, 5))
        urgent = house.order((product, 3), requested_on=day(-5), ordered_on=day(-9))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert (pegs(house, mine), pegs(house, urgent)) == ([(3, day(5))], [])

    def test_drafts_promise_nothing(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        ordered(house, (product, 3, 5))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(house, order) == []

    def test_what_gets_stock_gives_its_peg_back_to_who_waits(self):
        house = House.open()
        product = house.product()
        first, second = house.order((product, 3)), house.order((product, 3))
        sent(house, (product, 3, 5))
        house.receive(product, 2)
        orders_services.allocate_orders(order_ids=[first.pk], actor=house.boss, at=AT)
        assert pegs(house, first) == [(1, day(5))]
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(house, second) == [(2, day(5))]
        assert drift() == []

    def test_what_is_held_gives_its_peg_back(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        sent(house, (product, 3, 5))
        terms = orders_services.HoldTerms(Hold.Kind.CUSTOMER, keep_reservation=False, reason="Asked")
        orders_services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)
        assert (pegs(house, order), demand(house, order).promised_on) == ([], None)
        assert drift() == []


class TestCancelledOrder:
    def test_a_customer_who_cancels_leaves_the_purchaser_a_question(self):
        """PRODUCT.md case 45: nothing changes by itself after the supplier has it."""
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        bought = sent(house, (product, 5, 5))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.CUSTOMER, actor=house.boss, at=AT)
        assert pegs(house, order) == []
        (line,) = lines(bought)
        assert line.open == 5
        (asked,) = BrokenPeg.objects.all()
        assert (asked.kind, asked.supply_id, asked.quantity) == ("SUPPLY_SPARE", line.pk, 3)
        services.answer_broken_pegs(peg_ids=[asked.pk], answer=BrokenPeg.Answer.CUT, actor=house.boss, at=AT)
        assert lines(bought)[0].open == 2
        again = services.answer_broken_pegs(peg_ids=[asked.pk], answer=BrokenPeg.Answer.CUT, actor=house.boss, at=AT)
        assert not isinstance(again[asked.pk], Refused)
        assert lines(bought)[0].open == 2
        assert drift() == []

    def test_what_others_were_promised_meanwhile_is_not_cut(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        bought = sent(house, (product, 3, 5))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.CUSTOMER, actor=house.boss, at=AT)
        house.order((product, 2))
        services.peg_demands(product_ids=[product.pk], at=AT)
        asked = BrokenPeg.objects.get()
        services.answer_broken_pegs(peg_ids=[asked.pk], answer=BrokenPeg.Answer.CUT, actor=house.boss, at=AT)
        assert lines(bought)[0].open == 2
        assert drift() == []


class TestAcknowledge:
    def test_a_later_day_moves_the_promise_and_tells_the_order_and_keeps_what_was_said_first(self):
        """PRODUCT.md case 44."""
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        bought = sent(house, (product, 3, 5))
        (line,) = lines(bought)
        for _ in range(2):
            services.acknowledge_supplier_order(
                order_id=bought.pk, their_number="A-7", dates={line.pk: day(12)}, actor=house.boss, at=AT
            )
        row = demand(house, order)
        assert (row.first_promised_on, row.promised_on) == (day(5), day(12))
        assert told(order)[1:] == [
            {
                "before": day(5).isoformat(),
                "after": day(12).isoformat(),
                "cause": "moved",
                "supplier_order": bought.number,
            }
        ]
        bought = SupplierOrder.objects.get(pk=bought.pk)
        assert (bought.status, bought.their_number, bought.expected_on) == ("ACKNOWLEDGED", "A-7", day(12))

    def test_takes_what_comes_earlier_now_and_serves_nobody_before_who_had_it(self):
        house = House.open()
        product = house.product()
        mine = house.order((product, 3))
        bought = sent(house, (product, 3, 5))
        urgent = house.order((product, 3), requested_on=day(-5), ordered_on=day(-9))
        sent(house, (product, 3, 8))
        assert pegs(house, urgent) == [(3, day(8))]
        sent(house, (product, 2, 9))
        services.acknowledge_supplier_order(
            order_id=bought.pk,
            their_number="",
            dates={lines(bought)[0].pk: day(12)},
            actor=house.boss,
            at=AT,
        )
        assert pegs(house, mine) == [(2, day(9)), (1, day(12))]
        assert demand(house, mine).promised_on == day(12)
        assert drift() == []

    def test_a_day_that_has_gone_is_no_promise(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 3))
        sent(house, (product, 3, 5))
        late = AT.replace(day=29)
        assert services.note_late(at=late) == 1
        assert services.note_late(at=late) == 0
        assert demand(house, order).promised_on is None
        assert told(order)[-1]["cause"] == "late"


class TestCancelSupplierOrders:
    def test_asks_what_happens_with_who_waited_and_tells_them(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 5))
        bought, other = sent(house, (product, 5, 5)), sent(house, (product, 2, 9))
        services.cancel_supplier_orders(order_ids=[bought.pk], actor=house.boss, at=AT)
        services.cancel_supplier_orders(order_ids=[bought.pk], actor=house.boss, at=AT)
        assert pegs(house, order) == [(2, day(9))]
        assert demand(house, order).promised_on is None
        (asked,) = BrokenPeg.objects.all()
        assert (asked.kind, asked.quantity, asked.supply.order) == ("ORDER_WAITS", 3, bought)
        assert told(order)[-1] == {
            "before": day(5).isoformat(),
            "after": None,
            "cause": "cancelled",
            "supplier_order": bought.number,
        }
        services.answer_broken_pegs(peg_ids=[asked.pk], answer=BrokenPeg.Answer.WAIT, actor=house.boss, at=AT)
        assert BrokenPeg.objects.get().status == "ANSWERED"
        assert SupplierOrder.objects.get(pk=other.pk).status == "SENT"
        assert drift() == []

    def test_locks_the_lines_of_all_orders_before_any_demand(self):
        house = House.open()
        products = [house.product() for _ in range(2)]
        waits = [house.order((product, 2)) for product in products]
        bought = [sent(house, (product, 2, 5)) for product in products]
        assert [pegs(house, order) for order in waits] == [[(2, day(5))]] * 2
        with CaptureQueriesContext(connection) as made:
            done = services.cancel_supplier_orders(order_ids=[one.pk for one in bought], actor=house.boss, at=AT)
        assert [result.number for result in done.values()] == [one.number for one in bought]
        selects = [q["sql"] for q in made if q["sql"].startswith("SELECT") and "FOR NO KEY UPDATE" in q["sql"]]
        assert sum('FROM "inventory_supplierorderline"' in text for text in selects) == 1
        assert sum('FROM "inventory_demand"' in text for text in selects) == 1
        assert [pegs(house, order) for order in waits] == [[], []]
        assert BrokenPeg.objects.count() == 2
        assert drift() == []

    def test_is_too_late_once_part_of_it_came(self):
        house = House.open()
        product = house.product()
        bought = sent(house, (product, 5, 5))
        arrive(house, bought, 2)
        results = services.cancel_supplier_orders(order_ids=[bought.pk], actor=house.boss, at=AT)
        assert isinstance(results[bought.pk], ChangedMeanwhile)


class TestTakeIn:
    def test_serves_who_was_promised_it_first_then_who_waits(self):
        house = House.open()
        product = house.product()
        mine = house.order((product, 3))
        bought = sent(house, (product, 3, 5), (product, 4, 20))
        urgent = house.order((product, 6), requested_on=day(-5), ordered_on=day(-9))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(house, urgent) == [(4, day(20))]
        arrive(house, bought, 2, 3)
        assert (demand(house, mine).allocated, pegs(house, mine)) == (2, [(1, day(5))])
        assert (demand(house, urgent).allocated, pegs(house, urgent)) == (3, [(1, day(20))])
        level = StockLevel.objects.get(product=product)
        assert (level.sellable, level.allocated, level.value) == (5, 5, Decimal("12.50"))
        assert SupplierOrder.objects.get(pk=bought.pk).status == "PART_RECEIVED"
        arrive(house, bought, 1, 1)
        assert demand(house, mine).promised_on == TODAY
        assert [line.received for line in lines(bought)] == [3, 4]
        assert SupplierOrder.objects.get(pk=bought.pk).status == "RECEIVED"
        assert demand(house, urgent).allocated == 4
        events = OrderEvent.objects.filter(order=mine, kind="ALLOCATED").order_by("pk")
        assert [Decimal(event.data["allocated"]) for event in events] == [2, 1]
        assert drift() == []

    def test_a_promise_made_whole_leaves_when_all_its_warehouses_are_open(self):
        house = House.open(warehouses=2)
        closed = Calendar.objects.create(company=house.company, name="Mondays off", weekdays=[2, 3, 4, 5])
        Warehouse.objects.filter(pk=house.warehouses[0].pk).update(calendar=closed)
        product = house.product([1])
        by_receipt, by_rule = house.order((product, 3)), house.order((product, 2))
        bought = sent(house, (product, 2, 5), warehouse=house.warehouses[1])
        assert (demand(house, by_receipt).allocated, pegs(house, by_receipt)) == (1, [(2, day(5))])
        arrive(house, bought, 2)
        assert demand(house, by_receipt).promised_on == day(1)
        house.receive(product, 1)
        orders_services.allocate_orders(order_ids=[by_rule.pk], actor=house.boss, at=AT)
        house.receive(product, 1, shelf=house.shelves[house.warehouses[1].pk][0])
        orders_services.allocate_orders(order_ids=[by_rule.pk], actor=house.boss, at=AT)
        assert (demand(house, by_rule).backordered, demand(house, by_rule).promised_on) == (0, day(1))

    def test_takes_as_many_statements_for_thirty_arrivals_as_for_three(self):
        house = House.open()
        product = house.product()

        def statements(pieces: int) -> int:
            bought = sent(house, (product, pieces, 5))
            (line,) = lines(bought)
            shelf = house.shelves[bought.warehouse_id][0].pk
            with CaptureQueriesContext(connection) as made:
                services.take_in(
                    order_id=bought.pk,
                    arrivals=[services.Arrival(line.pk, shelf, Decimal(1)) for _ in range(pieces)],
                    places=2,
                    reference="R",
                    actor=house.boss,
                    at=AT,
                )
            return len(made)

        statements(3)
        assert statements(30) == statements(3)

    def test_what_is_over_goes_to_who_waits_within_the_tolerance_and_no_further(self):
        house = House.open()
        product = house.product()
        bought = sent(house, (product, 10, 5), seller=supplier(house, product, over_percent=10))
        order = house.order((product, 12))
        with pytest.raises(Blocked, match="may bring 11 more"):
            arrive(house, bought, 12)
        arrive(house, bought, 11)
        assert demand(house, order).allocated == 11
        assert SupplierOrder.objects.get(pk=bought.pk).status == "RECEIVED"
        with pytest.raises(Blocked, match="nothing of it is expected"):
            arrive(house, bought, 1)
        assert drift() == []

    def test_closed_short_asks_about_the_rest(self):
        house = House.open()
        product = house.product()
        order = house.order((product, 5))
        bought = sent(house, (product, 5, 5))
        arrive(house, bought, 2, last=True)
        assert (demand(house, order).allocated, pegs(house, order)) == (2, [])
        assert demand(house, order).promised_on is None
        assert BrokenPeg.objects.get().quantity == 3
        assert SupplierOrder.objects.get(pk=bought.pk).status == "RECEIVED"
        assert drift() == []

    def test_the_cost_of_the_parts_is_that_of_the_whole(self):
        """PRODUCT.md rule 7, for what is bought."""
        house = House.open()
        product = house.product()
        pk = services.draft_supplier_order(
            supplier_id=supplier(house).pk,
            warehouse_id=house.warehouses[0].pk,
            wanted=[services.Wanted(product.pk, Decimal(3), unit_cost=Decimal("0.333333"))],
            actor=house.boss,
            at=AT,
        )
        services.approve_supplier_orders(order_ids=[pk], actor=house.boss, at=AT)
        services.send_supplier_orders(order_ids=[pk], actor=house.boss, at=AT)
        order = SupplierOrder.objects.get(pk=pk)
        values = [arrive(house, order, 1).lines.get().value for _ in range(3)]
        assert values == [Decimal("0.33"), Decimal("0.34"), Decimal("0.33")]
        assert drift() == []

    def test_a_bin_of_another_warehouse_is_refused(self):
        house = House.open(warehouses=2)
        product = house.product()
        bought = sent(house, (product, 5, 5), warehouse=house.warehouses[1])
        (line,) = lines(bought)
        with pytest.raises(Blocked, match="warehouse that ordered it"):
            services.take_in(
                order_id=bought.pk,
                arrivals=[services.Arrival(line.pk, house.shelves[house.warehouses[0].pk][0].pk, Decimal(1))],
                places=2,
                reference="R",
                actor=house.boss,
                at=AT,
            )


class TestWhoMay:
    @pytest.mark.parametrize("role", [Role.SALES_ADMIN, Role.PICKER, Role.ACCOUNTANT])
    def test_only_who_buys_sends(self, role):
        house = House.open()
        order = ordered(house, (house.product(), 1, 5))
        with pytest.raises(Refused):
            services.send_supplier_orders(order_ids=[order.pk], actor=person(role, company=house.company), at=AT)
        assert SupplierOrder.objects.get(pk=order.pk).status == "APPROVED"

    def test_another_company_s_order_is_none_of_ours(self):
        house, other = House.open(), House.open()
        order = ordered(house, (house.product(), 1, 5))
        assert services.send_supplier_orders(order_ids=[order.pk], actor=other.boss, at=AT) == {}
        with pytest.raises(Blocked):
            services.take_in(order_id=order.pk, arrivals=[], places=2, reference="R", actor=other.boss, at=AT)


def jobs() -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'inventory.peg_demands' ORDER BY id")
        return [json.loads(args) for (args,) in cursor.fetchall()]
