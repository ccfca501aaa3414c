"""What an order's lines were promised, first and now, and what can be had: on its page and while it is keyed."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from inventory import services as inventory_services
from inventory.models import Allocation, Demand
from orders import services
from orders.models import CancelReason, SalesOrder, SalesOrderLine
from orders.queries.order_page import order_lines
from orders.queries.promises import line_promises, order_promise
from tests.factories.core import person, signed_in
from tests.factories.house import AT, TODAY, House
from tests.factories.proof import drift
from tests.factories.supply import arrive, lines, sent
from tests.factories.supply import day as in_days

pytestmark = pytest.mark.django_db
SOON, LATER = TODAY + timedelta(days=3), TODAY + timedelta(days=10)


@pytest.fixture
def house():
    return House.open()


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def promises(house, order, user=None):
    lines = order_lines(order)
    found = line_promises(order, lines, user or house.boss, TODAY)
    return [found.get(line.pk) for line in lines]


class TestLinePromises:
    def test_lines_have_days_of_their_own_and_freight_none(self, house):
        """Case 43: lines at 3 and 10 days and a freight line make first 3, complete 10."""
        goods, other, freight = house.product([9]), house.product([9]), house.product(kind="CHARGE")
        order = house.order((goods, 1), (other, 1), (freight, 1))
        days = dict(zip(house.demands(order), (SOON, LATER), strict=True))
        for pk, day in days.items():
            Demand.objects.filter(pk=pk).update(promised_on=day)
        first, second, charge = promises(house, order)
        assert (first.now_on, second.now_on, charge) == (SOON, LATER, None)
        assert first.first_on == TODAY
        assert first.has_moved
        assert [source.quantity for source in first.sources] == [1]
        whole = order_promise([first, second])
        assert (whole.first_on, whole.complete_on) == (SOON, LATER)

    def test_what_waits_has_no_day_until_something_comes_for_it_and_keeps_what_was_said_first(self, house):
        """Case 44: a past date is not shown for what waits, and the first promise is kept for OTIF."""
        goods, product = house.product([9]), house.product([2])
        order = house.order((goods, 1), (product, 5))
        line = house.comes(product, 8, SOON)
        ready, waits = promises(house, order)
        assert (waits.now_on, waits.waits, waits.available.now) == (None, 3, 0)
        assert [(one.on, one.more) for one in waits.arrivals] == [(SOON, 5)]
        whole = order_promise([ready, waits])
        assert (whole.first_on, whole.complete_on) == (TODAY, None)
        demand = Demand.objects.get(pk=house.demands(order)[1])
        soft = Allocation.Status.SOFT
        peg = {"company": house.company, "demand": demand, "created_at": AT, "status": soft, "reason": "PO-1 brings it"}
        Allocation.objects.create(supply=line, quantity=3, **peg)
        Demand.objects.filter(pk=demand.pk).update(promised_on=SOON, first_promised_on=TODAY)
        _ready, waits = promises(house, order)
        assert (waits.first_on, waits.now_on) == (TODAY, SOON)
        assert [(source.quantity, source.comes_on) for source in waits.sources] == [(2, None), (3, SOON)]

    def test_asks_as_much_for_twenty_lines_as_for_two_and_tells_stock_only_to_those_who_may_see_it(self, house):
        few, many = (house.order(*((house.product([1]), 2) for _ in range(number))) for number in (2, 20))
        counts = []
        for order in (few, many):
            lines = order_lines(order)
            with CaptureQueriesContext(connection) as asked:
                found = line_promises(order, lines, house.boss, TODAY)
            assert all(promise.available for promise in found.values())
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 3
        blind = person(Role.ACCOUNTANT, company=house.company)
        seen = promises(house, few, blind)
        assert [promise.available is None for promise in seen] == [not blind.can("inventory.view_stock")] * 2


class TestPages:
    def test_a_line_says_what_is_free_now_and_on_which_day_more(self, house):
        product, day = house.product([2]), timezone.localdate() + timedelta(days=40)
        house.comes(product, 30, day)
        order = house.order((product, 12))
        client = signed_in(house.boss)
        page = words(client.get(reverse("orders:detail", args=[order.pk])))
        assert f"No day known 2 piece {Allocation.objects.get().reason} 10 piece without stock None free now" in page
        assert "20 more on" in page
        typed = {
            "customer": house.customer.number,
            "po_number": "PO-9",
            "ordered_on": TODAY,
            "requested_on": TODAY,
            "item": [product.sku],
            "quantity": ["7"],
            "price": [""],
            "discount": [""],
        }
        before = words(client.post(reverse("orders:preview"), typed))
        assert "None free now 20 more on" in before
        house.receive(product, 9)
        after = words(client.post(reverse("orders:preview"), typed))
        assert "9 free now" in after
        assert "more on" not in after


class TestStanding:
    """How the promise of an order stands is on the order, where its queue finds it."""

    @pytest.fixture(autouse=True)
    def _adds_up(self):
        yield
        assert drift() == []

    @staticmethod
    def stand(*orders):
        """Return what orders say once the jobs are done that were deferred for them, and do them."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'orders.note_allocation'")
            due = {pk for (args,) in cursor.fetchall() for pk in json.loads(args)["order_ids"]}
            cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'orders.note_allocation'")
        services.note_allocation(order_ids=due)
        rows = {row.pk: row for row in SalesOrder.objects.filter(pk__in=[order.pk for order in orders])}
        return [(rows[order.pk].promise, rows[order.pk].leaves_from) for order in orders]

    def test_moves_with_what_comes(self, house):
        site = house.warehouses[0].pk
        product = house.product([2])
        ready, waits = house.order((product, 2)), house.order((product, 3), requested_on=in_days(8))
        draft = house.draft((product, 1))
        assert self.stand(ready, waits, draft) == [(["KEPT"], [site]), (["WAITS", "UNKNOWN"], []), ([], [])]
        bought = sent(house, (product, 3, 5))
        assert self.stand(waits) == [(["WAITS", "KEPT"], [])]
        (line,) = lines(bought)
        inventory_services.acknowledge_supplier_order(
            order_id=bought.pk, their_number="A-7", dates={line.pk: in_days(12)}, actor=house.boss, at=AT
        )
        assert self.stand(waits) == [(["WAITS", "SLIPS", "LATE"], [])]
        arrive(house, bought, 3)
        ((stands, leaves_from),) = self.stand(waits)
        assert (stands, leaves_from) == (["KEPT"], [site])

    def test_names_all_warehouses_and_forgets_what_was_cut(self):
        house = House.open(warehouses=2)
        split, plain = house.product([2, 3]), house.product([9])
        both = house.order((split, 5), (plain, 1))
        sites = [site.pk for site in house.warehouses]
        assert self.stand(both) == [(["KEPT"], sites)]
        line = SalesOrderLine.objects.get(order=both, product=split)
        services.cancel_lines(units={line.pk: 5}, reason=CancelReason.CUSTOMER, actor=house.boss, at=AT)
        assert self.stand(both) == [(["KEPT"], sites[:1])]

    def test_takes_over_what_a_reservation_waits_for(self, house):
        product = house.product([1])
        sent(house, (product, 2, 5))
        services.make_reservation(
            customer_id=house.customer.pk,
            product_id=product.pk,
            quantity=Decimal(3),
            wanted_on=in_days(5),
            expires_on=in_days(30),
            actor=house.boss,
            at=AT,
        )
        order = house.order((product, 3), requested_on=in_days(6))
        assert self.stand(order)[0][0] == ["WAITS", "KEPT"]
