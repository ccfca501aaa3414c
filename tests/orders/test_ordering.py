"""Taking orders in and confirming them: prices, tax, frozen terms, refusals at their field."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import Allocation, Product, StockLevel
from orders import events, services
from orders.models import CreditEntry, CustomerAddress, OrderEvent, Price, SalesOrder, SalesOrderLine, TaxRate
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House

pytestmark = pytest.mark.django_db


class TestCreateOrders:
    def test_prices_from_the_list_and_taxes_by_ship_to(self):
        house = House.open()
        order = house.draft((house.product(price="2.55"), 3), (house.product(price="0.333333"), 10))
        assert list(order.lines.values_list("net", flat=True)) == [Decimal("7.65"), Decimal("3.33")]
        assert (order.net, order.tax, order.gross) == (Decimal("10.98"), Decimal("2.20"), Decimal("13.18"))
        assert (order.status, order.number, order.terms_days) == ("DRAFT", None, 30)

    def test_takes_the_rate_of_the_country_on_the_day(self):
        house = House.open()
        TaxRate.objects.create(company=house.company, country="", category="G", rate=0, valid_from=date(2000, 1, 1))
        TaxRate.objects.create(
            company=house.company, country="GB", category="S", rate=25, valid_from=TODAY + timedelta(days=1)
        )
        abroad = CustomerAddress.objects.create(
            customer=house.customer, name="Day", street="Rue 1", city="Lille", postcode="59000", country="FR"
        )
        product = house.product(price="100")
        assert house.draft((product, 1)).tax == 20
        assert house.draft((product, 1), ship_to_id=abroad.pk).tax == 0
        assert (
            house.draft((product, 1), ordered_on=TODAY + timedelta(days=2), requested_on=TODAY + timedelta(days=2)).tax
            == 25
        )

    def test_keeps_a_keyed_price_and_says_that_it_is_one(self):
        house = House.open()
        product = house.product(price="10")
        order = house.draft((product, 1), lines=[services.LineDraft(product.pk, Decimal(2), price=Decimal("8.5"))])
        line = order.lines.get()
        assert (line.price, line.price_source, line.net) == (Decimal("8.5"), "MANUAL", 17)

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"po_number": " - "}, "po_number"),
            ({"po_number": "1" * 61}, "po_number"),
            ({"po_number": "\ufdfa" * 10}, "po_number"),
            ({"requested_on": TODAY - timedelta(days=1)}, "requested_on"),
            ({"requested_on": date(9000, 1, 1)}, "requested_on"),
            ({"lines": []}, "lines"),
            ({"customer_id": 0}, "customer"),
        ],
    )
    def test_names_the_field_at_fault(self, change, where):
        house = House.open()
        with pytest.raises(services.OrderInvalid) as refusal:
            house.draft((house.product(), 1), **change)
        assert where in refusal.value.errors
        assert not SalesOrder.objects.exists()

    @pytest.mark.parametrize(
        ("line", "where"),
        [
            ({"quantity": Decimal(0)}, "quantity"),
            ({"quantity": Decimal(-1)}, "quantity"),
            ({"quantity": Decimal("1.5")}, "quantity"),
            ({"quantity": Decimal(2_000_000)}, "quantity"),
            ({"price": Decimal(-1)}, "price"),
            ({"price": Decimal("1.0000001")}, "price"),
            ({"discount_percent": Decimal(101)}, "discount_percent"),
            ({"discount_percent": Decimal("33.33333")}, "discount_percent"),
            ({"product_id": 0}, "product"),
        ],
    )
    def test_names_the_line_and_its_field(self, line, where):
        house = House.open()
        draft = {"product_id": house.product().pk, "quantity": Decimal(1), **line}
        with pytest.raises(services.OrderInvalid) as refusal:
            house.draft(lines=[services.LineDraft(**draft)])
        assert list(refusal.value.errors) == [(0, where)]

    def test_refuses_the_same_po_written_differently_and_links_the_order(self):
        """PRODUCT.md A3: exact and normalized match."""
        house = House.open()
        product = house.product()
        first = house.draft((product, 1), po_number="00-47 11")
        with pytest.raises(services.DuplicatePO) as refusal:
            house.draft((product, 1), po_number="4711")
        assert refusal.value.order_id == first.pk

    def test_refuses_what_is_not_priced_or_not_sold(self):
        house = House.open()
        unpriced, closed = house.product(), house.product()
        Price.objects.filter(product=unpriced).delete()
        Product.objects.filter(pk=closed.pk).update(is_active=False)
        for product, where in ((unpriced, "price"), (closed, "product")):
            with pytest.raises(services.OrderInvalid) as refusal:
                house.draft((product, 1))
            assert list(refusal.value.errors) == [(0, where)]

    def test_needs_as_many_statements_for_fifty_orders_as_for_one(self):
        house = House.open()
        product = house.product()

        def statements(count: int, prefix: str) -> int:
            drafts = [
                services.OrderDraft(
                    customer_id=house.customer.pk,
                    po_number=f"{prefix}{n}",
                    ordered_on=TODAY,
                    requested_on=TODAY,
                    lines=[services.LineDraft(product.pk, Decimal(1))] * 3,
                )
                for n in range(count)
            ]
            with CaptureQueriesContext(connection) as captured:
                created = services.create_orders(drafts=drafts, actor=house.boss, at=AT)
                services.confirm_orders(order_ids=[c.order_id for c in created], actor=house.boss, at=AT)
            return len([q for q in captured if "SAVEPOINT" not in q["sql"]])

        statements(1, "warm")
        assert statements(1, "one") == statements(50, "fifty") <= 15

    def test_never_prices_with_another_companys_product_or_customer(self):
        house, other = House.open(), House.open()
        foreign = other.product()
        with pytest.raises(services.OrderInvalid):
            house.draft((foreign, 1))
        with pytest.raises(services.OrderInvalid):
            house.draft((house.product(), 1), customer_id=other.customer.pk)

    def test_is_not_for_a_picker(self):
        house = House.open()
        product = house.product()
        house.boss = person(Role.PICKER, company=house.company)
        with pytest.raises(NotAllowed):
            house.draft((product, 1))
        assert not SalesOrder.objects.exists()


class TestConfirmOrders:
    def test_freezes_terms_numbers_and_promises(self):
        house = House.open()
        order = house.order((house.product([5], price="3"), 4), (house.product(kind="CHARGE", price="7"), 1))
        assert order.number == f"SO-{order.pk:06d}"
        assert (order.status, order.allocation, order.confirmed_at) == ("CONFIRMED", "FULL", AT)
        assert order.parts.count() == 1
        address = CustomerAddress.objects.get(customer=house.customer)
        address.street = "Elsewhere 9"
        address.save()
        assert SalesOrder.objects.get(pk=order.pk).ship_to["street"] == "12 Market Street"

    def test_writes_each_fact_once_with_its_actor(self):
        house = House.open()
        order = house.order((house.product([5]), 4))
        facts = OrderEvent.objects.filter(order=order).order_by("pk").values_list("kind", "actor", "at")
        assert list(facts) == [("CREATED", house.boss.pk, AT), ("CONFIRMED", house.boss.pk, AT)]

    def test_sent_again_returns_the_same_and_writes_nothing(self):
        house = House.open()
        order = house.order((house.product([5]), 4))
        again = house.confirm(order)
        assert again[order.pk].number == order.number
        assert OrderEvent.objects.filter(order=order).count() == 2
        assert Allocation.objects.count() == 1

    def test_leaves_stock_order_and_log_alone_when_blocked(self):
        house = House.open()
        product = house.product([5])
        order = house.draft((product, 1))
        Product.objects.filter(pk=product.pk).update(is_active=False)
        result = services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert isinstance(result, Refused)
        assert result.sentence == f"No longer sold: {product.sku}."
        assert SalesOrder.objects.get(pk=order.pk).status == "DRAFT"
        assert StockLevel.objects.get().allocated == 0
        assert OrderEvent.objects.count() == 1

    @pytest.mark.parametrize("fits", [True, False], ids=["within its credit", "over its credit"])
    def test_comes_to_the_same_at_once_as_in_two_steps(self, fits):
        house = House.open()
        services.set_credit_terms(
            customer_id=house.customer.pk, limit=Decimal(1000 if fits else 20), is_prepay=False, actor=house.boss
        )

        def sold(stock):
            lots, part = house.product(tracking="LOT"), house.product([stock])
            house.receive(lots, stock, lot="L-1", good_until=TODAY + timedelta(days=3))
            kit = house.product(kind=Product.Kind.KIT)
            inventory_services.keep_components(kit_id=kit.pk, units={part.pk: Decimal(2)}, actor=house.boss, at=AT)
            return [(house.product([stock]), 3), (lots, 1), (house.product(kind="CHARGE"), 1), (kit, 2)]

        in_steps = house.draft(*sold(3))
        (result,) = services.confirm_orders(order_ids=[in_steps.pk], actor=house.boss, at=AT).values()
        draft = services.OrderDraft(
            customer_id=house.customer.pk,
            po_number="AT-ONCE",
            ordered_on=TODAY,
            requested_on=TODAY,
            lines=[services.LineDraft(product.pk, Decimal(units)) for product, units in sold(3)],
        )
        (taken,) = services.create_and_confirm_orders(drafts=[draft], actor=house.boss, at=AT)
        at_once = SalesOrder.objects.get(pk=taken.created.order_id)
        assert type(taken.confirmed) is type(result) is (services.Confirmed if fits else Blocked)

        def told(order):
            row = SalesOrder.objects.values("status", "allocation", "promise", "leaves_from", "to_release", "gross")
            parts = order.parts.order_by("pk").values_list(
                *("ordered", "ratio", "price_share", "requested_on", "line__position"),
                *("demand__quantity", "demand__allocated", "demand__backordered", "demand__due_on"),
                *("demand__good_until", "demand__promised_on"),
            )
            events = [
                (
                    kind,
                    {
                        key: Decimal(value) if key in {"allocated", "backordered"} else value
                        for key, value in data.items()
                    },
                )
                for kind, data in OrderEvent.objects.filter(order=order).order_by("pk").values_list("kind", "data")
            ]
            entries = CreditEntry.objects.filter(order=order).values_list("kind", "amount", "currency")
            return row.get(pk=order.pk), list(parts), events, list(entries)

        assert told(at_once) == told(in_steps)
        assert len(told(at_once)[1]) == (3 if fits else 0)

    def test_confirms_the_clear_ones_beside_a_blocked_one(self):
        house = House.open()
        good, bad = house.product([5]), house.product([5])
        orders = [house.draft((good, 1)), house.draft((bad, 1))]
        Product.objects.filter(pk=bad.pk).update(is_active=False)
        results = services.confirm_orders(order_ids=[o.pk for o in orders], actor=house.boss, at=AT)
        assert isinstance(results[orders[0].pk], services.Confirmed)
        assert isinstance(results[orders[1].pk], Refused)

    def test_a_failing_receiver_rolls_all_back(self):
        house = House.open()
        order = house.draft((house.product([5]), 1))

        def fail(**_):
            raise RuntimeError("receiver")

        events.orders_confirmed.connect(fail)
        try:
            with pytest.raises(RuntimeError, match="receiver"):
                house.confirm(order)
        finally:
            events.orders_confirmed.disconnect(fail)
        assert SalesOrder.objects.get(pk=order.pk).status == "DRAFT"
        assert StockLevel.objects.get().allocated == 0
        assert not Allocation.objects.exists()

    def test_leaves_another_companys_order_alone(self):
        house, other = House.open(), House.open()
        order = other.draft((other.product([5]), 1))
        assert services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT) == {}
        assert SalesOrder.objects.get(pk=order.pk).status == "DRAFT"


class TestAllocateOrders:
    def test_gives_a_backorder_what_came_in_and_moves_the_facet(self):
        house = House.open()
        product = house.product([1])
        order = house.order((product, 3))
        house.receive(product, 2)
        (result,) = services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT).values()
        assert result.units == 2
        assert SalesOrder.objects.get(pk=order.pk).allocation == "FULL"

    def test_says_that_none_is_in_stock(self):
        house = House.open()
        order = house.order((house.product([1]), 3))
        (result,) = services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT).values()
        assert "2 units wait, and none of them is in stock." in result.sentence


class TestCompleteOrders:
    def test_completes_what_is_shipped_whole_and_only_once(self):
        house = House.open()
        done, part = house.order((house.product([5]), 2)), house.order((house.product([1]), 2))
        for order in (done, part):
            services.mark_released(orders=list(SalesOrder.objects.filter(pk=order.pk).locked()), in_part=(), at=AT)
            for row in order.parts.select_related("demand"):
                moved = {row.pk: row.demand.allocated}
                house.pick(order)
                services.note_picked(picked=moved)
                services.note_packed(packed=moved)
                with transaction.atomic():
                    list(SalesOrder.objects.filter(pk=order.pk).locked())
                    services.note_shipped(shipped=moved)
        assert services.complete_orders(at=AT) == 1
        assert services.complete_orders(at=AT) == 0
        statuses = dict(SalesOrder.objects.values_list("pk", "status"))
        assert statuses == {done.pk: "COMPLETED", part.pk: "RELEASED"}


class TestSalesOrderLine:
    def test_history_keeps_the_old_commercial_fields(self):
        """A10: what people type is tracked, by whatever statement it changes."""
        house = House.open()
        order = house.draft((house.product(price="10"), 1))
        SalesOrderLine.objects.filter(order=order).update(price=8)
        (old,) = SalesOrderLine.history.rel.related_model.objects.filter(pgh_obj__order=order)
        assert old.price == 10
