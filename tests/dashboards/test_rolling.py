"""Figures of days: they follow what happens to orders, late facts among it, and the proofs hear what is bent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing import services as billing_services
from billing.models import Payment
from dashboards import services
from dashboards.audit import CHECKS
from dashboards.models import DayFigure, LineFact, OrderFact
from inventory.models import Demand
from orders import services as orders_services
from orders.models import CancelReason, Hold
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.house import AT, TODAY, House
from tests.factories.proof import drift
from tests.factories.shipping import dispatched, shipped_later
from tests.factories.warehouse import packed, released
from warehouse import services as warehouse_services
from warehouse.models import PickTask

pytestmark = pytest.mark.django_db


def roll_up(house: House, **options: Any) -> int:
    """Bring the figures up to date."""
    return services.roll_up(company_id=house.company.pk, at=AT, **options)


def deliver(house: House, order: Any, at: Any) -> None:
    """Note that all of an order that is on its way arrived."""
    shipments = Shipment.objects.filter(order=order, status="DISPATCHED").values_list("pk", flat=True)
    shipping_services.deliver_shipments(
        shipment_ids=list(shipments), received_by="Ann", received_at=at, actor=house.boss, at=at
    )


def figures(house: House, *measures: str) -> list[tuple[Any, ...]]:
    """Return the figures of measures: (measure, day from today, cause, number, amount, whole)."""
    rows = DayFigure.objects.filter(company=house.company, measure__in=measures, number__gt=0)
    names = ("measure", "on", "cause", "number", "amount", "whole")
    return [
        (measure, (on - TODAY).days, *rest)
        for measure, on, *rest in rows.order_by("measure", "on", "cause").values_list(*names)
    ]


class TestRollUp:
    def test_counts_a_line_on_the_day_it_was_promised_for_and_keeps_a_moved_promise_a_miss(self):
        """PRODUCT.md case 102."""
        house = House.open()
        product = house.product([5])
        order = dispatched(house, (product, 5), requested_on=TODAY + timedelta(days=3))
        roll_up(house)
        # The warehouse moved its promise from day 3 to day 8, and the goods came on day 7
        Demand.objects.update(promised_on=TODAY + timedelta(days=8))
        orders_services.note_allocation(order_ids=[order.pk])
        deliver(house, order, AT + timedelta(days=7))
        roll_up(house)
        assert figures(house, "FIRST", "NOW", "ASKED") == [
            ("ASKED", 3, "MOVED", 1, 0, 0),
            ("FIRST", 3, "MOVED", 1, 0, 0),
            ("NOW", 8, "", 1, 0, 0),
        ]
        fact = LineFact.objects.get()
        assert (fact.done_on, fact.get_first_cause_display()) == (TODAY + timedelta(days=7), "Promise moved")
        assert drift() == []

    def test_follows_a_whole_life_and_a_delivery_that_is_noted_late(self):
        house = House.open()
        product = house.product([10])
        order = dispatched(house, (product, 4))
        roll_up(house)
        assert figures(house, "FIRST", "FILL", "STAGE", "OPEN") == [
            ("FILL", 0, "", 1, 4, 4),
            ("FIRST", 0, "CARRIER", 1, 0, 0),
            ("STAGE", 0, "INVOICE", 1, 40, 0),
        ]
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        deliver(house, order, AT)
        billing_services.pay_orders(
            order_ids=[order.pk], method=Payment.Method.BANK, reference="", actor=house.boss, at=AT + timedelta(days=2)
        )
        assert roll_up(house) == 1
        assert figures(house, "FIRST", "STAGE", "INVOICE", "T_CASH") == [
            ("FIRST", 0, "", 1, 0, 0),
            ("INVOICE", 0, "", 1, 40, 0),
            ("T_CASH", 2, "36", 1, 0, 0),
        ]
        assert drift() == []

    def test_tells_why_a_line_was_late(self):
        house = House.open()
        product, scarce = house.product([[3, 3]]), house.product([2])
        by: dict[str, Any] = {"actor": house.boss, "at": AT}
        held = house.order((product, 1))
        orders_services.hold_orders(order_ids=[held.pk], terms=orders_services.HoldTerms(Hold.Kind.CREDIT, True), **by)
        shorted = released(house, (product, 2))
        task = PickTask.objects.get(order=shorted)
        warehouse_services.pick_short(
            shorts=[warehouse_services.Short(task.pk, Decimal(1), PickTask.Reason.DAMAGED)], **by
        )
        waits = house.order((scarce, 5), requested_on=TODAY + timedelta(days=1))
        cut = house.order((scarce, 3))
        orders_services.cancel_orders(order_ids=[cut.pk], reason=CancelReason.STOCK, **by)
        packed(house, (product, 1))
        roll_up(house)
        causes = dict(LineFact.objects.values_list("order", "asked_cause"))
        assert (causes[held.pk], causes[shorted.pk], causes[waits.pk], causes[cut.pk]) == (
            "HOLD",
            "SHORT",
            "STOCK",
            "CUT",
        )
        assert figures(house, "SHORT", "HOLD", "HELD", "WAITING") == [
            ("HELD", 0, "CREDIT", 1, 0, 0),
            ("HOLD", 0, "CREDIT", 1, 0, 0),
            ("SHORT", 0, "DAMAGED", 1, 1, 0),
            ("WAITING", 0, "", 1, 30, 3),
        ]
        stages = dict(OrderFact.objects.values_list("order", "stage"))
        assert (stages[held.pk], stages[waits.pk], stages[cut.pk]) == ("RELEASE", "RELEASE", "")
        assert drift() == []

    def test_gives_the_same_whether_it_followed_or_was_rebuilt(self):
        house = House.open(warehouses=2)
        product = house.product([3, 9])
        for units in (2, 5):
            dispatched(house, (product, units))
            roll_up(house)
        waits = house.order((product, 9))
        house.receive(product, 20)
        roll_up(house)
        shipped_later(house, waits)
        roll_up(house, with_open=True)
        assert not DayFigure.objects.filter(number=0).exists()
        followed = sorted(
            DayFigure.objects.values_list("warehouse", "on", "measure", "cause", "number", "amount", "whole"), key=str
        )
        services.rebuild(company_id=house.company.pk, at=AT)
        rebuilt = sorted(
            DayFigure.objects.values_list("warehouse", "on", "measure", "cause", "number", "amount", "whole"), key=str
        )
        assert followed == rebuilt
        assert drift() == []

    def test_counts_nothing_that_the_customer_cancelled(self):
        house = House.open()
        order = house.order((house.product([5]), 5))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.CUSTOMER, actor=house.boss, at=AT)
        roll_up(house)
        assert figures(house, "FIRST", "ASKED", "FILL", "OPEN", "STAGE") == []


BENDS = [
    (0, "UPDATE dashboards_linefact SET first_cause = 'CARRIER'"),
    (1, "UPDATE dashboards_orderfact SET shipped_at = shipped_at - interval '1 hour'"),
    (2, "DELETE FROM dashboards_occurrence"),
    (3, "UPDATE dashboards_dayfigure SET number = number + 1 WHERE measure = 'FILL'"),
]


@pytest.mark.parametrize(("place", "bend"), BENDS)
def test_each_proof_hears_its_figure_bent(place: int, bend: str):
    house = House.open()
    order = dispatched(house, (house.product([5]), 5))
    deliver(house, order, AT)
    billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
    services.rebuild(company_id=house.company.pk, at=AT)
    assert drift() == []
    with connection.cursor() as cursor:
        cursor.execute(bend)
        assert cursor.rowcount
    assert CHECKS[place].name in {check.name for check in CHECKS if check.find()[1]}
