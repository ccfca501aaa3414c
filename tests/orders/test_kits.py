"""Kits: sold as one, promised, picked, shipped and returned as what they consisted of when they were confirmed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from billing import queries as billing_queries
from billing import services as billing_services
from billing.models import InvoiceLine
from core import registry
from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from dashboards import services as dashboards_services
from inventory import services as inventory_services
from inventory.models import KitComponent, Product
from inventory.queries.atp import available
from orders import services
from orders.models import CancelReason, CreditAccount, Hold, LinePart, Price, SalesOrder, SalesOrderLine
from orders.queries.order_page import order_lines
from returns import services as returns_services
from returns.models import ReturnSettlement
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.returns import decided
from tests.factories.shipping import dispatched, shipped_later
from tests.factories.supply import day
from tests.factories.warehouse import Statements
from warehouse.models import Parcel
from warehouse.queries import packing_slip

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    return [f"{check.name}: {found}" for check in registry.audit_checks if (found := check.find()[1])]


def kit_of(house: House, *content: tuple[Product, int], price: str = "30") -> Product:
    """Add a kit that consists of some units of each product."""
    kit = house.product(kind=Product.Kind.KIT, price=price)
    compose(house, kit, *content)
    return kit


def compose(house: House, kit: Product, *content: tuple[Product, int]) -> None:
    units = {product.pk: Decimal(quantity) for product, quantity in content}
    inventory_services.keep_components(kit_id=kit.pk, units=units, actor=house.boss, at=AT)


def parts(order: SalesOrder) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    rows = LinePart.objects.filter(order=order).select_related("product").order_by("pk")
    return [(part.product.sku, part.ordered, part.ratio, part.price_share) for part in rows]


def billed(order: SalesOrder) -> list[tuple[Decimal, Decimal]]:
    """Return units and net of what is invoiced of an order, invoice by invoice."""
    lines = InvoiceLine.objects.filter(order_line__order=order, is_amount=False).order_by("pk")
    return [(line.quantity, line.net) for line in lines]


def invoice(house: House, order: SalesOrder) -> None:
    (result,) = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT).values()
    if isinstance(result, Refused):
        raise result


def settle(house: House, order: SalesOrder, units: dict[Product, int], *, with_freight: bool = False) -> Decimal:
    """Have units come back and be credited, and return the net of the credit."""
    made = decided(house, order, units)
    kind = ReturnSettlement.Kind.CREDIT
    settlement = returns_services.settle_return(
        return_id=made.pk, kind=kind, with_freight=with_freight, actor=house.boss, at=AT
    )
    return sum((note.net for note in returns_services.settlement_notes(settlement_id=settlement.pk)), Decimal(0))


class TestConfirming:
    def test_freezes_what_a_kit_consists_of_and_what_each_component_is_worth(self):
        house = House.open()
        a, b, c = house.product([9], price="12"), house.product([9], price="4"), house.product()
        kit = kit_of(house, (a, 1), (b, 2))
        order = house.order((kit, 3))
        frozen = [(a.sku, 3, 1, Decimal("0.6")), (b.sku, 6, 2, Decimal("0.4"))]
        assert parts(order) == frozen
        compose(house, kit, (b, 5), (c, 1))
        assert parts(order) == frozen, "a recipe that changes later is not that of this order"
        assert [(one.product_id, one.quantity) for one in kit.components.all()] == [(b.pk, 5), (c.pk, 1)]
        Price.objects.filter(product=b).delete()
        assert [share for *_part, share in parts(house.order((kit, 1)))] == [
            Decimal("0.83333333"),
            Decimal("0.16666667"),
        ]
        assert drift() == []

    def test_of_an_order_without_kits_asks_nothing_about_kits(self):
        house = House.open()
        kit_of(house, (house.product([5]), 1))
        draft = house.draft((house.product([5]), 1))
        with Statements(house.boss) as made:
            house.confirm(draft)
        assert not [text for text in made.told if "kitcomponent" in text]

    def test_takes_as_many_statements_for_five_kits_as_for_one(self):
        house = House.open()
        a, b = house.product([90]), house.product([90])

        def statements(number: int) -> int:
            draft = house.draft(*((kit_of(house, (a, 1), (b, 2)), 1) for _ in range(number)))
            with Statements(house.boss) as made:
                house.confirm(draft)
            return len(made)

        assert statements(1) == statements(5)


class TestComposing:
    def test_refuses_what_a_kit_cannot_be(self):
        house, other = House.open(), House.open()
        stock, foreign = house.product(), other.product()
        kit = house.product(kind=Product.Kind.KIT)
        for units in ({}, {kit.pk: Decimal(1)}, {foreign.pk: Decimal(1)}, {stock.pk: Decimal("0.5")}):
            with pytest.raises(Blocked):
                inventory_services.keep_components(kit_id=kit.pk, units=units, actor=house.boss, at=AT)
        with pytest.raises(Blocked):
            inventory_services.keep_components(kit_id=stock.pk, units={stock.pk: 1}, actor=house.boss, at=AT)
        assert KitComponent.objects.count() == 0

    def test_by_its_pages_makes_a_kit_that_orders_take_once_it_consists_of_something(self):
        house = House.open()
        a, b = house.product([4]), house.product([7])
        client = Client()
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        said = {"sku": "KIT-1", "name": "Party box", "kind": "KIT", "unit": house.unit.pk, "is_active": "on"}
        assert client.post(reverse("inventory:create_product"), said).status_code == 302
        kit = Product.objects.get(sku="KIT-1")
        assert not kit.is_active
        assert client.post(reverse("inventory:open_product", args=[kit.pk])).status_code == 409
        page, form = (reverse(f"inventory:{name}", args=[kit.pk]) for name in ("product", "edit_kit"))
        assert "Nothing yet" in client.get(page).content.decode()
        wrong = client.post(form, {"sku-1": a.sku, "units-1": "1", "sku-2": "NONE", "units-2": "2"})
        assert (wrong.status_code, "No stock of yours has this SKU" in wrong.content.decode()) == (422, True)
        assert client.post(form, {"sku-1": a.sku, "units-1": "1", "sku-2": b.sku, "units-2": "2"}).status_code == 302
        assert Product.objects.get(sku="KIT-1").is_active
        shown = client.get(page).content.decode()
        assert (a.sku in shown, "Can be promised" in shown) == (True, True)
        assert 'value="2"' in client.get(form).content.decode()
        edit = reverse("inventory:edit_product", args=[kit.pk])
        assert client.post(edit, {**said, "kind": "STOCK", "name": "Box"}).status_code == 302
        assert Product.objects.get(sku="KIT-1").kind == "KIT"
        unmoved = house.product()
        stock = reverse("inventory:edit_product", args=[unmoved.pk])
        form_of = {"sku": unmoved.sku, "name": unmoved.name, "kind": "KIT", "unit": house.unit.pk, "is_active": "on"}
        assert client.post(stock, form_of).status_code == 422
        Price.objects.create(price_list=house.prices, product=kit, price=30)
        order = house.order((kit, 1))
        assert f"{b.sku}</a>" in client.get(reverse("orders:detail", args=[order.pk])).content.decode()


class TestAvailable:
    def test_is_as_many_whole_kits_as_the_scarcest_component_allows(self):
        house = House.open()
        a, b = house.product([7]), house.product([5])
        kit = kit_of(house, (a, 1), (b, 2))
        house.comes(b, 4, day(3))
        house.comes(a, 9, day(5))
        house.comes(b, 20, day(8))
        promise = available([], TODAY, kits=[kit.pk])[kit.pk]
        assert (promise.now, [(one.on, one.more, one.total) for one in promise.arrivals]) == (
            2,
            [(day(3), 2, 4), (day(8), 10, 14)],
        )


class TestShippedInPart:
    def test_bills_whole_kits_and_the_rest_stays_open(self):
        """PRODUCT.md case 70: odoo#158054, doli#39258, erpnext#47273."""
        house = House.open()
        a, b = house.product([5]), house.product([4])
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2), price="9.99"), 5))
        assert order.fulfilment == "PART"
        slip = packing_slip(Parcel.objects.get(order=order))
        assert [line["description"] for line in slip["parcels"][0]["lines"]] == [a.name, b.name]
        (line,) = order_lines(order)
        assert (line.steps.shipped, line.steps.backordered, line.begun) == (2, 3, 5)
        assert [(part.shipped, part.backordered) for part in line.components] == [(5, 0), (4, 6)]
        invoice(house, order)
        assert billed(order) == [(2, Decimal("19.98"))]
        invoice(house, order)
        assert len(billed(order)) == 1
        house.receive(b, 6)
        order = shipped_later(house, order)
        invoice(house, order)
        assert billed(order) == [(2, Decimal("19.98")), (3, Decimal("29.97"))]
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.fulfilment, order.billing) == ("FULL", "FULL")
        assert drift() == []

    def test_is_due_in_billing_only_with_a_whole_kit(self):
        house = House.open()
        a, b = house.product([5]), house.product()
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2)), 5))
        assert not billing_queries.orders_in_billing(house.boss).get(pk=order.pk).is_due
        house.receive(b, 2)
        shipped_later(house, order)
        assert billing_queries.orders_in_billing(house.boss).get(pk=order.pk).is_due

    def test_can_be_cancelled_as_far_as_no_component_of_a_kit_has_left(self):
        house = House.open()
        a, b = house.product([3]), house.product([9])
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2)), 4))
        (line,) = SalesOrderLine.objects.filter(order=order)
        cancel = {"reason": CancelReason.CUSTOMER, "actor": house.boss, "at": AT}
        (refused,) = services.cancel_lines(units={line.pk: Decimal(1)}, **cancel).values()
        assert "what has left" in str(refused), "8 of B have left, those of 4 kits"
        other = house.order((kit_of(house, (a, 1), (b, 2)), 4))
        (line,) = SalesOrderLine.objects.filter(order=other)
        services.cancel_lines(units={line.pk: Decimal(3)}, **cancel)
        assert [part.cancelled for part in LinePart.objects.filter(order=other).order_by("pk")] == [3, 6]
        services.cancel_orders(order_ids=[other.pk], **cancel)
        assert SalesOrder.objects.get(pk=other.pk).status == "CANCELLED"
        assert drift() == []

    def test_can_be_cancelled_but_for_those_of_which_a_part_of_a_component_has_left(self):
        house = House.open()
        order = dispatched(house, (kit_of(house, (house.product([3]), 2), (house.product(), 1)), 4))
        services.cancel_rest(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        (line,) = SalesOrderLine.objects.filter(order=order)
        assert line.cancelled == 2, "of 4 kits of 2 one is begun by the third unit"
        assert [part.cancelled for part in LinePart.objects.filter(order=order).order_by("pk")] == [4, 2]
        assert order_lines(order)[0].begun == 2
        assert drift() == []


class TestBreakingUp:
    """PRODUCT.md D4 and A13: a customer keeps the components that came, and is billed for these alone."""

    def opened(
        self, house: House, price: str = "9.99", kits: int = 5
    ) -> tuple[SalesOrder, SalesOrderLine, Product, Product]:
        """Return an order of kits of an A and two B, of which five A and three B have left, and its line."""
        a, b = house.product([5], price="12"), house.product([3], price="4")
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2), price=price), kits))
        return order, order.lines.get(), a, b

    def test_bills_what_has_left_by_component_and_lets_the_rest_be_cancelled(self):
        house = House.open()
        order, kit, a, b = self.opened(house)
        before = CreditAccount.objects.values_list("balance", flat=True).first()
        gross = order.gross
        dashboards_services.rebuild(company_id=house.company.pk, at=AT)
        done = services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        assert [(one.product, one.quantity, one.net) for one in done.lines] == [
            (a, 5, Decimal("29.97")),
            (b, 10, Decimal("19.98")),
        ]
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.gross, order.fulfilment) == (gross, "PART")
        assert CreditAccount.objects.values_list("balance", flat=True).first() == before
        dashboards_services.roll_up(company_id=house.company.pk, at=AT)
        assert drift() == []
        services.cancel_rest(order_ids=[order.pk], reason=CancelReason.STOCK, actor=house.boss, at=AT)
        invoice(house, order)
        assert billed(order) == [(5, Decimal("29.97")), (3, Decimal("5.99"))]
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.fulfilment, order.billing) == ("FULL", "FULL")
        assert settle(house, order, {a: 1}) == Decimal("5.99"), "a component comes back at its own line's price"
        assert drift() == []

    def test_or_ships_the_rest_later_by_component(self):
        house = House.open()
        order, kit, _a, b = self.opened(house)
        services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        house.receive(b, 7)
        invoice(house, shipped_later(house, order))
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.fulfilment, order.billing, sum(net for _units, net in billed(order))) == (
            "FULL",
            "FULL",
            Decimal("49.95"),
        )
        assert drift() == []

    def test_keeps_what_was_cancelled_before_and_shares_an_odd_price_to_the_cent(self):
        house = House.open()
        order, kit, _a, _b = self.opened(house, price="0.07", kits=6)
        cancel = {"reason": CancelReason.CUSTOMER, "actor": house.boss, "at": AT}
        services.cancel_lines(units={kit.pk: Decimal(1)}, **cancel)
        done = services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        assert [(one.cancelled, one.net) for one in done.lines] == [(1, Decimal("0.25")), (2, Decimal("0.17"))]
        assert SalesOrder.objects.get(pk=order.pk).net == Decimal("0.35")
        assert drift() == []

    def test_moves_totals_and_credit_by_the_cent_that_components_round_to(self):
        """Half of ten cents is five cents by kit, and three cents for each of two components."""
        house = House.open()
        services.set_credit_terms(customer_id=house.customer.pk, limit=Decimal(100), is_prepay=False, actor=house.boss)
        a, b = house.product([1]), house.product()
        order = dispatched(house, (kit_of(house, (a, 1), (b, 1), price="0.05"), 2))
        kit, cancel = order.lines.get(), {"reason": CancelReason.CUSTOMER, "actor": house.boss, "at": AT}
        cut = services.cancel_lines(units={kit.pk: Decimal(1)}, **cancel)
        assert not any(isinstance(one, Refused) for one in cut.values())

        def figures() -> tuple[Decimal, ...]:
            order.refresh_from_db(fields=["net", "tax", "gross"])
            return (order.net, order.tax, order.gross, CreditAccount.objects.get().balance)

        assert figures() == (Decimal("0.05"), Decimal("0.01"), Decimal("0.06"), Decimal("0.06"))
        services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        assert figures() == (Decimal("0.06"), Decimal("0.01"), Decimal("0.07"), Decimal("0.07"))
        assert drift() == []

    def test_leaves_the_facets_of_an_order_with_other_lines_as_they_are(self):
        house = House.open()
        a, b, plain = house.product([5]), house.product([3]), house.product([2])
        order = dispatched(house, (kit_of(house, (a, 1), (b, 5)), 5), (plain, 2))
        kit = order.lines.get(position=1)
        invoice(house, order)
        facets = SalesOrder.objects.values_list("allocation", "fulfilment", "billing")
        before = facets.get(pk=order.pk)
        services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        assert before == facets.get(pk=order.pk) == ("PART", "PART", "PART")
        assert drift() == []

    def test_refuses_an_order_that_is_not_open(self):
        house = House.open()
        draft = house.draft((kit_of(house, (house.product([5]), 1)), 1))
        order = dispatched(house, (kit_of(house, (house.product([5]), 1)), 1))
        services.complete_orders(at=AT)
        for one, status in ((draft, "DRAFT"), (order, "COMPLETED")):
            assert SalesOrder.objects.get(pk=one.pk).status == status
            with pytest.raises(Blocked, match="no open kit"):
                services.break_up_kit(line_id=one.lines.get().pk, actor=house.boss, at=AT)
            assert one.lines.count() == 1

    def test_refuses_what_is_no_kit_that_left_in_part_unbilled_and_free(self):
        house = House.open()
        order, kit, a, _b = self.opened(house)
        untouched, plain = house.order((kit.product, 1)).lines.get(), house.order((a, 1)).lines.get()
        said = []
        for line in (untouched, plain):
            with pytest.raises(Blocked) as refused:
                services.break_up_kit(line_id=line.pk, actor=house.boss, at=AT)
            said.append(str(refused.value))
        hold = services.HoldTerms(Hold.Kind.CUSTOMER, True, "Rang.")
        services.hold_lines(line_ids=[kit.pk], terms=hold, actor=house.boss, at=AT)
        with pytest.raises(Blocked, match="on hold"):
            services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        services.release_holds_of_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        invoice(house, order)
        with pytest.raises(Blocked, match=r"1 of .* on an invoice: credit it first"):
            services.break_up_kit(line_id=kit.pk, actor=house.boss, at=AT)
        with pytest.raises(NotAllowed):
            services.break_up_kit(line_id=kit.pk, actor=person(Role.PICKER, company=house.company), at=AT)
        with pytest.raises(Blocked, match="no such line"):
            services.break_up_kit(line_id=kit.pk, actor=House.open().boss, at=AT)
        assert "has left yet" in said[0]
        assert "is no kit" in said[1]
        assert drift() == []

    def test_by_the_orders_page_once(self):
        house = House.open()
        order, kit, *_products = self.opened(house)
        client = Client()
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        page, door = reverse("orders:detail", args=[order.pk]), reverse("orders:break_up_kit", args=[kit.pk])
        assert door in client.get(page).content.decode()
        assert client.post(door).status_code == 302
        shown = client.get(page).content.decode()
        assert ("Kit broken up" in shown, door in shown) == (True, False)
        again = client.post(door)
        assert (again.status_code, "no open kit" in again.content.decode()) == (409, True)
        assert order.lines.count() == 3


class TestComingBack:
    def test_is_by_component_at_its_frozen_share_of_the_price(self):
        """PRODUCT.md J6 and case 89: the shares of all returns come to what was billed, to the cent."""
        house = House.open()
        a, b = house.product([9], price="12"), house.product([9], price="4")
        kit = kit_of(house, (a, 1), (b, 2), price="9.99")
        order = dispatched(house, (kit, 3))
        invoice(house, order)
        assert billed(order) == [(3, Decimal("29.97"))]
        compose(house, kit, (b, 1))
        nets = [settle(house, order, units) for units in ({b: 1}, {a: 1}, {b: 5, a: 2})]
        assert nets == [Decimal("2.00"), Decimal("5.99"), Decimal("21.98")]
        assert sum(nets) == Decimal("29.97")
        assert SalesOrder.objects.get(pk=order.pk).returned == "FULL"
        assert drift() == []

    def test_takes_its_share_of_the_freight_along_and_goods_again_cost_nothing(self):
        house = House.open()
        a, b = house.product([9], price="12"), house.product([9], price="4")
        freight = house.product(kind=Product.Kind.CHARGE, price="10")
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2), price="20"), 2), (freight, 1))
        invoice(house, order)
        assert settle(house, order, {a: 1}, with_freight=True) == Decimal("12.00") + Decimal("3.00")
        Price.objects.filter(product=b).delete()
        made = decided(house, order, {b: 2})
        kind = ReturnSettlement.Kind.EXCHANGE
        again = returns_services.settle_return(return_id=made.pk, kind=kind, actor=house.boss, at=AT).exchange
        assert [(line.product_id, line.quantity, line.net) for line in again.lines.all()] == [(b.pk, 2, 0)]
        assert drift() == []

    def test_of_units_that_no_invoice_bills_is_not_credited(self):
        house = House.open()
        a, b = house.product([5]), house.product([4])
        order = dispatched(house, (kit_of(house, (a, 1), (b, 2)), 5))
        invoice(house, order)
        with pytest.raises(returns_services.NotInvoiced, match="1 of these units"):
            settle(house, order, {a: 3})


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders_linepart SET ordered = ordered + 1 WHERE ratio = 2",
        "UPDATE orders_linepart SET price_share = 0.1 WHERE ratio = 2",
        "UPDATE orders_linepart SET ratio = NULL, price_share = NULL WHERE ratio = 2",
        "UPDATE orders_linepart SET cancelled = 1 WHERE ratio = 2",
    ],
)
def test_a_kit_whose_parts_do_not_fit_is_found(statement):
    house = House.open()
    house.order((kit_of(house, (house.product([5]), 1), (house.product([5]), 2)), 2))
    assert drift() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
    assert drift() != []
