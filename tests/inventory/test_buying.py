"""What should be bought, and that asking twice buys nothing twice."""

from datetime import date
from decimal import Decimal

import pytest

from core.refusals import Blocked
from inventory import services
from inventory.decide import Terms, to_buy
from inventory.models import (
    Calendar,
    Product,
    ReorderRule,
    Supplier,
    SupplierItem,
    SupplierOrder,
    SupplierOrderLine,
    SupplierPriceBreak,
)
from inventory.services.suggesting import suggestions
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import day, lines, ordered, sent, supplier

pytestmark = pytest.mark.django_db


def found(house: House) -> dict[str, Decimal]:
    return {one.product.sku: one.quantity for one in suggestions(company_ids=[house.company.pk], today=TODAY)}


def rule(house: House, product, point: int, target: int, warehouse=None) -> ReorderRule:
    return ReorderRule.objects.create(
        company=house.company,
        product=product,
        warehouse=warehouse or house.warehouses[0],
        reorder_point=point,
        order_up_to=target,
    )


def draft(house: House) -> list[SupplierOrder]:
    keys = [one.key for one in suggestions(company_ids=[house.company.pk], today=TODAY)]
    return services.draft_suggestions(keys=keys, actor=house.boss, at=AT)


class TestToBuy:
    @pytest.mark.parametrize(
        ("short", "projected", "minimum", "multiple", "quantity"),
        [
            (3, 20, 0, 1, 3),
            (3, 20, 10, 1, 10),
            (13, 20, 10, 6, 18),
            (0, 5, 0, 1, 25),
            (0, 10, 0, 1, 0),
            (4, 6, 0, 5, 25),
        ],
    )
    def test_fills_up_by_the_supplier_s_terms(self, short, projected, minimum, multiple, quantity):
        asked = to_buy(
            short=Decimal(short),
            projected=Decimal(projected),
            reorder_point=Decimal(10),
            order_up_to=Decimal(30),
            terms=Terms(Decimal(minimum), Decimal(multiple)),
        )
        assert asked == quantity


class TestWorkingDays:
    def test_of_a_supplier_s_calendar_date_drafts_and_what_comes_in_time(self):
        """Ordered on a Monday, what takes five working days comes on Monday, and on Tuesday where Friday is none.

        What is on its way counts as coming in time until the very day.
        """
        house = House.open()
        product = house.product()
        seller = supplier(house, product, lead_days=5)
        assert TODAY.isoweekday() == 1
        assert _drafted(house, seller, product) == day(5)
        seller.calendar = Calendar.objects.create(company=house.company, name="Weekdays", holidays=[day(4)])
        seller.save()
        assert _drafted(house, seller, product) == day(8)
        SupplierItem.objects.update(lead_days=290)
        assert _drafted(house, seller, product) == day(407)
        SupplierItem.objects.update(lead_days=None)
        rule(house, product, 5, 5)
        sent(house, (product, 5, 9), seller=seller)
        assert found(house) == {product.sku: 5}
        sent(house, (product, 5, 8), seller=seller)
        assert found(house) == {}

    def test_of_the_company_date_drafts_where_a_supplier_has_no_calendar(self):
        house = House.open()
        product = house.product()
        seller = supplier(house, product, lead_days=5)
        house.company.weekdays, house.company.holidays = [1, 2, 3, 4, 5], [day(4)]
        house.company.save()
        assert _drafted(house, seller, product) == day(8)
        seller.calendar = Calendar.objects.create(company=house.company, name="Daily", weekdays=[1, 2, 3, 4, 5, 6, 7])
        seller.save()
        assert _drafted(house, seller, product) == day(5)


def _drafted(house: House, seller: Supplier, product: Product) -> date:
    """Return the day on which an order drafted now is expected; the order is not kept."""
    pk = services.draft_supplier_order(
        supplier_id=seller.pk,
        warehouse_id=house.warehouses[0].pk,
        wanted=[services.Wanted(product.pk, Decimal(1))],
        actor=house.boss,
        at=AT,
    )
    order = SupplierOrder.objects.get(pk=pk)
    services.cancel_supplier_orders(order_ids=[pk], actor=house.boss, at=AT)
    return order.expected_on


class TestSuggestions:
    def test_what_orders_lack_is_merged_per_supplier_and_suggested_once(self):
        """PRODUCT.md K1, and odoo#24586: a second run buys nothing."""
        house = House.open()
        first, second, third = house.product([1]), house.product(), house.product()
        supplier(house, first, second, code="acme")
        supplier(house, third, code="zeta")
        house.order((first, 5), (second, 2), (third, 1))
        house.order((first, 2))
        SupplierItem.objects.filter(product=second).update(minimum=10, multiple=4)
        assert found(house) == {first.sku: 6, second.sku: 12, third.sku: 1}
        made = draft(house)
        assert [(order.supplier.code, order.status, len(lines(order))) for order in made] == [
            ("acme", "DRAFT", 2),
            ("zeta", "DRAFT", 1),
        ]
        assert found(house) == {}
        with pytest.raises(Blocked):
            draft(house)
        house.order((first, 3))
        assert found(house) == {first.sku: 3}
        (grown,) = draft(house)
        assert grown == made[0]
        assert [line.quantity for line in lines(grown)] == [9, 12]

    def test_nothing_is_suggested_for_what_is_on_its_way(self):
        house = House.open()
        product = house.product()
        supplier(house, product)
        house.order((product, 5))
        sent(house, (product, 3, 5))
        assert found(house) == {product.sku: 2}

    def test_a_point_counts_what_comes_in_time_and_drafts_and_nothing_that_comes_too_late(self):
        """PRODUCT.md K5: slwh#582, odoo#24586."""
        house = House.open()
        product = house.product([8])
        supplier(house, product, lead_days=10)
        rule(house, product, 10, 20)
        assert found(house) == {product.sku: 12}
        late = sent(house, (product, 5, 60))
        assert found(house) == {product.sku: 12}
        in_time = sent(house, (product, 5, 9))
        assert found(house) == {}
        services.cancel_supplier_orders(order_ids=[late.pk, in_time.pk], actor=house.boss, at=AT)
        ordered(house, (product, 12, 60))
        assert found(house) == {}

    def test_a_price_falls_with_the_quantity(self):
        house = House.open()
        product = house.product()
        item = supplier(house, product).items.get()
        SupplierPriceBreak.objects.create(item=item, quantity=10, unit_cost=2)
        SupplierPriceBreak.objects.create(item=item, quantity=100, unit_cost=1)
        house.order((product, 12))
        (order,) = draft(house)
        assert lines(order)[0].unit_cost == 2

        def cost_of(units: int) -> Decimal:
            (line,) = lines(order)
            quantities = {line.pk: Decimal(units)}
            services.change_draft(order_id=order.pk, quantities=quantities, actor=house.boss, at=AT)
            return lines(order)[0].unit_cost

        assert [cost_of(120), cost_of(5), cost_of(10)] == [1, Decimal("2.5"), 2]
        SupplierOrderLine.objects.update(unit_cost=Decimal("1.75"))
        assert cost_of(100) == Decimal("1.75"), "what somebody agreed stays"
        house.order((product, 200))
        draft(house)
        assert (lines(order)[0].quantity, lines(order)[0].unit_cost) == (212, Decimal("1.75"))

    def test_what_nobody_sells_is_shown_and_not_bought(self):
        house = House.open()
        product = house.product()
        house.order((product, 5))
        assert found(house) == {product.sku: 5}
        with pytest.raises(Blocked):
            draft(house)
