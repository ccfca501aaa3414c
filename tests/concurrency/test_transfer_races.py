"""Transfers under pressure: a line takes in no more than was sent, and what is kept for one is sold to nobody."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connections

from core import registry
from inventory import services as inventory_services
from inventory.models import Demand, StockLevel, StockMove, Transfer, TransferLine
from orders import services as orders_services
from tests.factories.house import AT, House
from tests.factories.transfers import brought, drafted, leave, lines_of, reach
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

CLERKS = count(short=3, full=8)


def drift() -> list[str]:
    return [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name]


def errors(outcomes: list[object]) -> list[object]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


class TestTwoClerks:
    def receive(self) -> tuple[Transfer, list[object]]:
        """Let several take six of ten units in at once."""
        house = House.open(warehouses=2)
        transfer = drafted(house, (house.product([0, 10]), 10))
        leave(house, transfer)
        reach(house, transfer, 1)
        return transfer, race(*(lambda: reach(house, transfer, 6) for _ in range(CLERKS)))

    def test_receive_no_more_of_a_line_than_was_sent(self):
        transfer, outcomes = self.receive()
        assert len(errors(outcomes)) == CLERKS - 1
        (line,) = lines_of(transfer)
        assert (line.received, line.open, line.settled) == (7, 3, 35)
        assert drift() == []

    def test_receive_more_without_the_locks(self, monkeypatch):
        """The control: the constraints on the line are taken away too, or they would refuse."""
        with connections["owner"].cursor() as cursor:
            for name in ("arrived_within_sent_within_quantity", "settled_within_value"):
                cursor.execute(f"ALTER TABLE inventory_transferline DROP CONSTRAINT transferline_{name}")
        take_locks_away(monkeypatch, Transfer, TransferLine, pause=0.05)
        transfer, _outcomes = self.receive()
        assert lines_of(transfer)[0].received > 10


class TestKeepingAgainstConfirming:
    def race(self) -> Decimal:
        """Let transfers and orders ask for the same six units; return how many too many were promised."""
        house = House.open(warehouses=2)
        product = house.product([0, 6])
        drafts = [house.draft((product, 2)) for _ in range(CLERKS)]

        def confirm(draft) -> None:
            orders_services.confirm_orders(order_ids=[draft.pk], actor=house.boss, at=AT)

        race(
            *(lambda: drafted(house, (product, 4)) for _ in range(2)),
            *(lambda draft=draft: confirm(draft) for draft in drafts),
        )
        return sum(Demand.objects.values_list("allocated", flat=True), Decimal(0)) - 6

    def test_never_oversells(self):
        assert self.race() <= 0
        assert drift() == []

    def test_oversells_without_the_lock(self, monkeypatch):
        """The control: the constraint on the level is taken away too, or it would refuse."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE inventory_stocklevel DROP CONSTRAINT stocklevel_allocated_within_sellable")
        take_locks_away(monkeypatch, StockLevel, pause=0.1)
        assert self.race() > 0


class TestSending:
    def test_meets_its_cancellation_its_order_s_and_allocation_and_nothing_is_lost(self):
        house = House.open(warehouses=2)
        product = house.product([0, 6])
        order = house.order((house.product([3]), 1), (product, 4))
        transfer = brought(house, order)
        waiting = house.demands(order)

        def cancel() -> None:
            inventory_services.cancel_transfers(transfer_ids=[transfer.pk], actor=house.boss, at=AT)

        def give_up() -> None:
            orders_services.cancel_orders(order_ids=[order.pk], reason="LATE", actor=house.boss, at=AT)

        outcomes = race(
            lambda: leave(house, transfer),
            lambda: leave(house, transfer),
            cancel,
            give_up,
            lambda: inventory_services.allocate_demands(demand_ids=waiting, at=AT),
            lambda: inventory_services.peg_demands(product_ids=[product.pk], at=AT),
        )
        assert [one for one in errors(outcomes) if "cancelled" not in str(one)] == []
        transfer = Transfer.objects.get(pk=transfer.pk)
        gone = sum(StockMove.objects.filter(to_place="TRANSIT").values_list("quantity", flat=True))
        assert gone == (4 if transfer.status == "SENT" else 0)
        level = StockLevel.objects.get(product=product, warehouse=house.warehouses[1])
        assert (level.sellable, level.allocated) == (6 - gone, 0)
        assert drift() == []
