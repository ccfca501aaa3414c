"""What can be promised on which day: never below nothing, never more than there is and comes, each unit once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from inventory import services
from inventory.atp import Inbound, Shelf, project
from inventory.models import Allocation, SupplierOrder
from inventory.queries.atp import available
from tests.factories.house import AT, TODAY, House

PRODUCT = 1
UNITS = st.integers(0, 40)
DAYS = st.integers(-3, 9).map(lambda n: TODAY + timedelta(days=n))


def shelf(on_hand, promised=0, site=1):
    return Shelf(PRODUCT, site, f"Site {site}", Decimal(on_hand), Decimal(promised))


def inbound(on, units, promised=0, document=1):
    return Inbound(PRODUCT, 1, "Site 1", document, f"PO-{document}", on, Decimal(units), Decimal(promised))


def within(pairs):
    return pairs.map(lambda pair: (max(pair), min(pair)))


SHELVES = st.lists(within(st.tuples(UNITS, UNITS)), max_size=3).map(
    lambda rows: [shelf(there, taken, site) for site, (there, taken) in enumerate(rows)]
)
INBOUNDS = st.lists(st.tuples(DAYS, within(st.tuples(UNITS, UNITS))), max_size=5).map(
    lambda rows: [inbound(on, there, taken, n) for n, (on, (there, taken)) in enumerate(rows)]
)
WAITING = UNITS.map(Decimal)


def of(shelves, inbounds, waiting=Decimal(0), today=TODAY):
    return project([PRODUCT], shelves, inbounds, {PRODUCT: Decimal(waiting)}, today)[PRODUCT]


class TestProject:
    @given(SHELVES, INBOUNDS, WAITING)
    def test_a_day_has_no_less_than_the_one_before_and_no_more_than_there_is_and_comes_by_then(
        self, shelves, inbounds, waiting
    ):
        promise = of(shelves, inbounds, waiting)
        before = Decimal(0)
        for day in sorted({TODAY, *(one.expected_on for one in inbounds)}):
            if day < TODAY:
                continue
            come = sum(one.open - one.promised for one in inbounds if TODAY <= one.expected_on <= day)
            there = sum(one.on_hand - one.promised for one in shelves)
            assert before <= promise.on(day) <= there + come
            before = promise.on(day)
        free = sum(one.free for one in shelves) + sum(one.free for one in inbounds)
        assert promise.on(date.max) + promise.late == max(promise.now, free - waiting)

    @given(SHELVES, INBOUNDS, WAITING, st.integers(0, 40), st.data())
    def test_units_that_come_are_counted_once(self, shelves, inbounds, waiting, units, data):
        """Case 13: what was on its way stands on its shelf when it has come, and its promise with it."""
        if not inbounds:
            return
        came = data.draw(st.sampled_from(inbounds))
        units = min(units, came.open)
        pegged = min(units, came.promised)
        index = inbounds.index(came)
        rest = inbound(came.expected_on, came.open - units, came.promised - pegged, came.document_id)
        after = of([*shelves, shelf(units, pegged, 9)], [*inbounds[:index], rest, *inbounds[index + 1 :]])
        before = of(shelves, inbounds)
        assert after.on(date.max) + after.late == before.on(date.max) + before.late
        assert after.now == before.now + units - pegged

    def test_who_waits_comes_before_who_asks_and_late_goods_after_everything(self):
        soon, later = TODAY + timedelta(days=2), TODAY + timedelta(days=5)
        comes = [inbound(later, 10), inbound(TODAY - timedelta(days=1), 7, document=2), inbound(soon, 4, document=3)]
        promise = of([shelf(3, 1)], comes, waiting=6)
        assert [(one.on, one.more, one.total) for one in promise.arrivals] == [(later, 8, 10)]
        assert (promise.now, promise.on(soon), promise.on(later), promise.late) == (2, 2, 10, 7)

    def test_says_what_it_takes_to_have_a_quantity(self):
        soon, later = TODAY + timedelta(days=2), TODAY + timedelta(days=5)
        promise = of([shelf(3)], [inbound(soon, 4), inbound(later, 4, document=2)])
        assert [one.on for one in promise.until(Decimal(3))] == []
        assert [one.on for one in promise.until(Decimal(7))] == [soon]
        assert [one.on for one in promise.until(Decimal(99))] == [soon, later]


@pytest.mark.django_db
class TestAvailable:
    def test_reads_shelves_what_comes_and_who_waits_by_one_statement(self):
        house = House.open(warehouses=2)
        soon, later = TODAY + timedelta(days=2), TODAY + timedelta(days=9)
        few, many, none = house.product([5, 3]), house.product([100]), house.product()
        shipped = house.order((many, 3))
        house.issue(house.pick(shipped))
        house.order((few, 6))
        waiting = house.order((none, 4))
        line = house.comes(none, 10, soon)
        house.comes(none, 9, later, received=4)
        house.comes(none, 50, soon, status=SupplierOrder.Status.DRAFT)
        (demand_id,) = house.demands(waiting)
        peg = {"company": house.company, "quantity": 3, "created_at": AT, "status": Allocation.Status.SOFT}
        Allocation.objects.create(demand_id=demand_id, supply=line, **peg)
        other = House.open()
        other.comes(other.product([7]), 5, soon)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found = available([few.pk, many.pk, none.pk], TODAY)
        assert len(asked) == 1
        assert found[few.pk].now == 2
        assert [(one.warehouse, one.on_hand, one.free) for one in found[few.pk].shelves] == [
            ("Site 1", 5, 0),
            ("Site 2", 3, 2),
        ]
        assert found[many.pk].now == 97
        # Of 10 that come 3 are promised, and of 4 that wait 1 is not: 6 are left
        assert [(one.on, one.total) for one in found[none.pk].arrivals] == [(soon, 6), (later, 11)]
        # What is held waits for nothing and gives its promise back
        services.hold_demands(demand_ids=[demand_id], held=True, at=AT)
        assert available([none.pk], TODAY)[none.pk].on(soon) == 10
