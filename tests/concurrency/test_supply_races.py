"""What a supplier brings under pressure: a line takes in no more than it may, and nobody is promised a unit twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail as outbox
from django.db import connection, connections

from core import registry
from inventory import services as inventory_services
from inventory.models import Allocation, Demand, StockLevel, SupplierMail, SupplierOrder, SupplierOrderLine
from orders import services as orders_services
from tests.factories.house import AT, House
from tests.factories.supply import arrive, lines, ordered, sent, supplier
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

CLERKS = count(short=3, full=8)


def pegged() -> Decimal:
    return sum(Allocation.objects.filter(status="SOFT").values_list("quantity", flat=True), Decimal(0))


def receive_at_once(house: House, order: SupplierOrder) -> list[object]:
    return race(*(lambda: arrive(house, order, 6) for _ in range(CLERKS)))


class TestTwoClerks:
    def test_receive_no_more_of_a_line_than_it_may_bring(self):
        house = House.open()
        product = house.product()
        house.order((product, 20))
        order = sent(house, (product, 10, 5))
        arrive(house, order, 1)
        outcomes = receive_at_once(house, order)
        assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
        (line,) = lines(order)
        level = StockLevel.objects.get(product=product)
        assert (line.received, level.sellable, level.allocated, pegged()) == (7, 7, 7, 3)
        assert [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name] == []

    def test_receive_more_without_the_locks(self, monkeypatch):
        """The control: the constraint on the line is taken away too, or it would refuse."""
        house = House.open()
        product = house.product()
        order = sent(house, (product, 10, 5))
        arrive(house, order, 1)
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "ALTER TABLE inventory_supplierorderline DROP CONSTRAINT supplierorderline_received_within_tolerance"
            )
        take_locks_away(monkeypatch, SupplierOrder, SupplierOrderLine, pause=0.05)
        receive_at_once(house, order)
        assert lines(order)[0].received > 10


class TestPegging:
    def test_at_once_promises_no_unit_twice(self):
        house = House.open()
        product = house.product()
        order = sent(house, (product, 5, 5))
        for _ in range(3):
            house.order((product, 3))
        race(*(lambda: inventory_services.peg_demands(product_ids=[product.pk], at=AT) for _ in range(CLERKS)))
        assert pegged() == lines(order)[0].open

    def test_promises_units_twice_without_the_locks(self, monkeypatch):
        house = House.open()
        product = house.product()
        order = sent(house, (product, 5, 5))
        house.order((product, 9))
        take_locks_away(monkeypatch, SupplierOrderLine, Demand, pause=1)
        race(*(lambda: inventory_services.peg_demands(product_ids=[product.pk], at=AT) for _ in range(2)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(quantity) FROM inventory_allocation WHERE status = 'SOFT'")
            assert cursor.fetchone()[0] > lines(order)[0].open


class TestPeggingAgainstCancelling:
    """A peg on an order that is called off would wait for what never comes."""

    def race(self) -> list[Exception]:
        """Let the two meet, and return what they raised."""
        house = House.open()
        product = house.product()
        order = sent(house, (product, 9, 5))
        house.order((product, 4))

        def cancel() -> None:
            inventory_services.cancel_supplier_orders(order_ids=[order.pk], actor=house.boss, at=AT)

        outcomes = race(cancel, lambda: inventory_services.peg_demands(product_ids=[product.pk], at=AT))
        return [outcome for outcome in outcomes if isinstance(outcome, Exception)]

    def test_leaves_no_peg_on_what_does_not_come(self):
        assert self.race() == []
        assert SupplierOrder.objects.get().status == "CANCELLED"
        assert pegged() == 0

    def test_goes_wrong_without_the_locks(self, monkeypatch):
        """The control: a peg is left on what does not come, or one of the two finds gone what it had just read."""
        take_locks_away(monkeypatch, SupplierOrderLine, Demand, pause=0.5)
        assert self.race() or pegged() > 0


class TestTwoWorkers:
    def letters(self) -> int:
        house = House.open()
        order = ordered(house, (house.product(), 5, 5), seller=supplier(house, email="orders@acme.example"))
        inventory_services.mail_supplier_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        mail_id = SupplierMail.objects.get().pk
        letter = inventory_services.Letter("Us", "", "Order", "Please", "PO.pdf", b"%PDF")
        race(*(lambda: inventory_services.send_mail(mail_id=mail_id, letter=letter, at=AT) for _ in range(2)))
        return len(outbox.outbox)

    def test_send_one_letter(self):
        assert self.letters() == 1

    def test_send_two_without_the_locks(self, monkeypatch):
        take_locks_away(monkeypatch, SupplierMail, SupplierOrder, pause=0.5)
        assert self.letters() == 2


class TestCancellingSeveralOrders:
    def test_waits_for_a_peg_job_over_the_same_products_and_locks_nothing_backwards(self):
        house = House.open()
        products = [house.product() for _ in range(2)]
        for product in products:
            house.order((product, 2))
        ids = [sent(house, (product, 9, 5)).pk for product in products]

        def cancel() -> None:
            inventory_services.cancel_supplier_orders(order_ids=ids, actor=house.boss, at=AT)

        def peg() -> None:
            inventory_services.peg_demands(product_ids=[product.pk for product in products], at=AT)

        outcomes = race(cancel, *([peg] * CLERKS))
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert pegged() == 0


class TestReceiptAgainstConfirm:
    def test_never_oversells(self):
        house = House.open()
        product = house.product()
        house.order((product, 2))
        order = sent(house, (product, 6, 5))
        drafts = [house.draft((product, 1)) for _ in range(8)]

        def confirm(draft) -> None:
            house.boss.__dict__.pop("membership", None)
            orders_services.confirm_orders(order_ids=[draft.pk], actor=house.boss, at=AT)

        outcomes = race(lambda: arrive(house, order, 6), *(lambda draft=draft: confirm(draft) for draft in drafts))
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        level = StockLevel.objects.get(product=product)
        promised = sum(Demand.objects.values_list("allocated", flat=True))
        assert level.allocated == promised <= level.sellable == 6
        assert [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name] == []

    def test_oversells_without_the_lock(self, monkeypatch):
        """The control: the constraint on the level is taken away too, or it would refuse."""
        house = House.open()
        product = house.product([4])
        order = sent(house, (product, 1, 5))
        drafts = [house.draft((product, 4)) for _ in range(2)]
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE inventory_stocklevel DROP CONSTRAINT stocklevel_allocated_within_sellable")
        take_locks_away(monkeypatch, StockLevel, pause=0.1)

        def confirm(draft) -> None:
            orders_services.confirm_orders(order_ids=[draft.pk], actor=house.boss, at=AT)

        race(lambda: arrive(house, order, 1), *(lambda draft=draft: confirm(draft) for draft in drafts))
        level = StockLevel.objects.get(product=product)
        assert level.allocated > level.sellable
