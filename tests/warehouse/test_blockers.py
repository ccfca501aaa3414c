"""Why a verb is off, in the words that stand beside its button, at every stage of an order."""

import pytest

from orders import services as orders_services
from shipping import queries as shipping_queries
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import Statements, packed, picked, released
from warehouse import queries

pytestmark = pytest.mark.django_db

VERBS = ("warehouse.release", "warehouse.pick", "warehouse.pack", "shipping.dispatch")


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


def codes(order):
    """Return the first blocker's code of each verb, or None where it is open."""
    found = []
    for verb in VERBS:
        find = shipping_queries.blockers if verb.startswith("shipping") else queries.blockers
        blockers = find([order.pk], verb).get(order.pk)
        found.append(blockers[0].code if blockers else None)
    return found


class TestBlockers:
    @pytest.mark.parametrize(
        ("reach", "expected"),
        [
            (House.draft, ["not_confirmed", "not_released", "not_picked", "not_packed"]),
            (House.order, [None, "not_released", "not_picked", "not_packed"]),
            (released, ["already_released", None, "not_picked", "not_packed"]),
            (picked, ["already_released", "already_picked", None, "not_packed"]),
            (packed, ["already_released", "already_picked", "already_packed", None]),
            (dispatched, ["already_released", "already_picked", "already_packed", "already_dispatched"]),
        ],
    )
    def test_leave_open_the_one_verb_that_is_next(self, house, reach, expected):
        assert codes(reach(house, (house.product([9]), 2))) == expected

    def test_name_the_lines_that_wait_for_stock(self, house):
        order = house.order((house.product(), 1), (house.product(), 1))
        [blocker] = queries.blockers([order.pk], "warehouse.release")[order.pk]
        assert (blocker.code, blocker.sentence) == (
            "nothing_allocated",
            "Nothing is allocated yet: 2 lines wait for stock.",
        )

    def test_say_of_a_released_order_what_still_waits(self, house):
        order = released(house, (house.product([2]), 5))
        [blocker] = queries.blockers([order.pk], "warehouse.release")[order.pk]
        assert blocker.sentence == "Everything allocated is released already. 1 line waits for stock."

    def test_say_that_charges_come_from_no_shelf(self, house):
        order = house.order((house.product(kind="CHARGE"), 1))
        [blocker] = queries.blockers([order.pk], "warehouse.release")[order.pk]
        assert blocker.code == "nothing_stocked"

    def test_say_that_a_completed_order_is(self, house):
        order = dispatched(house, (house.product([9]), 2))
        orders_services.complete_orders(at=AT)
        [blocker] = queries.blockers([order.pk], "warehouse.release")[order.pk]
        assert blocker.sentence == "The order is completed."

    @pytest.mark.parametrize("verb", VERBS)
    def test_take_one_statement_for_any_number_of_orders(self, house, verb):
        find = shipping_queries.blockers if verb.startswith("shipping") else queries.blockers
        orders = [house.order((house.product([9]), 2)) for _ in range(3)]
        with Statements(house.boss) as statements:
            find([order.pk for order in orders], verb)
        assert len(statements) == 1
        assert find([], verb) == {}

    @pytest.mark.parametrize("find", [queries.blockers, shipping_queries.blockers])
    def test_refuse_a_verb_that_is_another_apps(self, find):
        with pytest.raises(KeyError):
            find([1], "orders.confirm")
