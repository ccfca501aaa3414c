"""The proofs of what was cancelled and held: silent on a true ledger, and each heard when its figure is bent."""

import pytest
from django.db import connection

from orders import services
from orders.audit import CHECKS
from orders.models import CancelReason, Hold, SalesOrderLine
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.warehouse import released

pytestmark = pytest.mark.django_db

BENDS = {
    "cancelled of a line = of its parts, and its net is their share": (
        "UPDATE orders_salesorderline SET cancelled_net = cancelled_net + 0.01 WHERE cancelled = 1"
    ),
    "an order that was confirmed is cancelled where nothing is left of it, and says so once": (
        "INSERT INTO orders_orderevent (company_id, order_id, subject_kind, subject_id, kind, at, request_id, data)"
        " SELECT company_id, id, 'order', id, 'CANCELLED', now(), '', '{}' FROM orders_salesorder"
        " WHERE status = 'CANCELLED'"
    ),
    "demand is held where a hold gives its stock free, and nothing is promised to it": (
        "UPDATE inventory_demand SET is_held = FALSE"
    ),
    "demand is of its order's channel, which is of the order's company": (
        "UPDATE orders_salesorder SET channel_id = (SELECT id FROM inventory_channel)"
    ),
    "release facet = stock is promised to the order that no wave has": (
        "UPDATE orders_salesorder SET to_release = FALSE WHERE status = 'CONFIRMED'"
    ),
    "facets of the promise of what is under way = what its demands and allocations say": (
        "UPDATE orders_salesorder SET leaves_from = '[]' WHERE status = 'CONFIRMED'"
    ),
    "ordered = cancelled + allocated + backordered + picked (PRODUCT.md case 4)": (
        "UPDATE orders_linepart SET cancelled = cancelled - 1 WHERE cancelled = 1"
    ),
    "order net, tax and gross = its lines, taxed once per group": (
        "UPDATE orders_salesorder SET net = net + 1, gross = gross + 1 WHERE status = 'CONFIRMED'"
    ),
}


@pytest.fixture(autouse=True)
def house():
    """A company with an order that is cut, one that is cancelled and one on hold."""
    house = House.open()
    house.channel("Web")
    cut, cancelled, held = (house.order((house.product([9]), 4)) for _ in range(3))
    line = SalesOrderLine.objects.get(order=cut)
    common = {"reason": CancelReason.CUSTOMER, "actor": house.boss, "at": AT}
    services.cancel_lines(units={line.pk: 1}, **common)
    services.cancel_orders(order_ids=[cancelled.pk], **common)
    terms = services.HoldTerms(Hold.Kind.OTHER, keep_reservation=False)
    services.hold_orders(
        order_ids=[held.pk, released(house, (house.product([9]), 4)).pk], terms=terms, actor=house.boss, at=AT
    )
    return house


def test_find_nothing_wrong_with_a_true_ledger():
    assert drift() == []


@pytest.mark.parametrize("name", BENDS)
def test_hear_a_bent_figure(name):
    with connection.cursor() as cursor:
        cursor.execute(BENDS[name])
    assert name in [check.name for check in CHECKS if check.find()[1]]
