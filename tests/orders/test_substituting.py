"""Substitution: what is short is shipped as another product at the line's price, to customers who take that (D8)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing import services as billing_services
from billing.models import Invoice
from core import registry
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from dashboards.models import LineFact
from dashboards.services.rolling import rebuild
from inventory.models import Demand, Substitute
from inventory.queries.substitutes import stand_ins
from orders import services
from orders.models import (
    CancelReason,
    Customer,
    Hold,
    LinePart,
    OrderEvent,
    SalesOrder,
    SalesOrderLine,
    Substitution,
)
from shipping import services as shipping_services
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import day, sent
from warehouse import services as warehouse_services
from warehouse.models import Parcel, Wave
from warehouse.queries.papers import packing_slip, pick_list

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    return [check.name for check in registry.audit_checks if check.find()[1]]


def stands_in(product, other, **terms) -> None:
    Substitute.objects.create(product=product, stand_in=other, **terms)


def substituted(house: House, order: SalesOrder, other, quantity, **terms) -> services.Substituted:
    line = SalesOrderLine.objects.filter(order=order).order_by("position")[0]
    terms = {"answer": services.Answer("Ms Day", TODAY), "actor": house.boss, "at": AT, **terms}
    return services.substitute(line_id=line.pk, product_id=other.pk, quantity=Decimal(quantity), **terms)


def parts(order: SalesOrder) -> list[tuple[str, Decimal, Decimal]]:
    rows = LinePart.objects.filter(order=order).order_by("pk")
    return list(rows.values_list("product__sku", "ordered", "cancelled"))


class TestStandIns:
    def test_come_by_rank_while_they_are_valid_sold_and_counted_alike_and_equals_both_ways(self):
        house = House.open()
        one, two, three, four, five = (house.product() for _ in range(5))
        stands_in(one, three, rank=2, is_equal=False, reason="Last year's")
        stands_in(one, two, rank=1)
        stands_in(one, four, valid_until=day(-1))
        stands_in(five, one)
        found = [(row.product.sku, row.is_equal) for row in stand_ins(one, TODAY)]
        assert found == [(two.sku, True), (three.sku, False), (five.sku, True)]
        assert [row.product for row in stand_ins(two, TODAY)] == [one]
        assert stand_ins(three, TODAY) == []
        two.is_active = False
        two.save()
        assert [row.product.sku for row in stand_ins(one, TODAY)] == [three.sku, five.sku]


class TestSubstituting:
    def test_ships_another_product_at_the_line_s_price_and_every_paper_says_so(self):
        house = House.open()
        product, other = house.product([3]), house.product([9], price="99")
        stands_in(product, other)
        sent(house, (product, 2, 6))
        order = house.order((product, 5))
        done = substituted(house, order, other, 2)
        assert (done.quantity, done.allocated) == (2, 2)
        assert parts(order) == [("SKU-0001", 5, 2), ("SKU-0002", 2, 0)]
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.allocation, order.net) == ("FULL", 50)
        (told,) = OrderEvent.objects.filter(order=order, kind="SUBSTITUTED")
        assert {"units": "2", "item": "SKU-0002", "instead_of": "SKU-0001"}.items() <= told.data.items()
        asked = Substitution.objects.get()
        assert (asked.answered_by, asked.answered_on) == ("Ms Day", TODAY)
        assert "Ms Day" not in str(told.data)
        assert drift() == []
        ids = {"order_ids": [order.pk], "actor": house.boss, "at": AT}
        warehouse_services.release_orders(**ids)
        tasks = pick_list(Wave.objects.get())["tasks"]
        said = {task["sku"]: task["description"] for task in tasks}
        assert said == {"SKU-0001": "Thing 1", "SKU-0002": "Thing 2 instead of SKU-0001"}
        warehouse_services.pick_orders(**ids)
        warehouse_services.pack_orders(**ids)
        (printed,) = packing_slip(Parcel.objects.get())["parcels"]
        assert [(one["sku"], one["description"]) for one in printed["lines"]] == [
            ("SKU-0001", "Thing 1"),
            ("SKU-0002", "Thing 2 instead of SKU-0001"),
        ]
        shipping_services.dispatch_orders(**ids, carrier="Van", tracking_number="")
        invoice = billing_services.invoice_orders(**ids)[order.pk]
        assert isinstance(invoice, Invoice)
        (line,) = invoice.lines.all()
        assert (line.quantity, line.net) == (5, 50)
        (printed,) = invoice.snapshot["lines"]
        assert printed["description"] == "Thing 1 (instead: 2 SKU-0002 Thing 2)"
        assert SalesOrder.objects.get(pk=order.pk).fulfilment == "FULL"
        # Managers see a line filled, not one of more units than were ordered
        rebuild(company_id=house.company.pk, at=AT)
        (fact,) = LineFact.objects.filter(order=order)
        assert (fact.ordered, fact.filled, fact.due) == (5, 5, 5)
        assert drift() == []

    def test_frees_what_was_promised_and_waits_where_the_substitute_is_short_too(self):
        house = House.open()
        product, other = house.product([4]), house.product([1])
        stands_in(product, other)
        coming = sent(house, (other, 9, 3))
        order = house.order((product, 4))
        assert substituted(house, order, other, 3).allocated == 1
        made = LinePart.objects.filter(order=order).order_by("pk").values_list("demand_id", flat=True)
        first, second = (Demand.objects.get(pk=pk) for pk in made)
        assert (first.quantity, first.allocated, second.quantity, second.allocated) == (1, 1, 3, 1)
        assert coming.lines.get().product == other
        # What is cancelled of the line goes off the substitute first
        line = SalesOrderLine.objects.get(order=order)
        common = {"reason": CancelReason.CUSTOMER, "actor": house.boss, "at": AT}
        services.cancel_lines(units={line.pk: Decimal(2)}, **common)
        assert parts(order) == [("SKU-0001", 4, 3), ("SKU-0002", 3, 2)]
        assert drift() == []
        services.cancel_orders(order_ids=[order.pk], **common)
        assert SalesOrder.objects.get(pk=order.pk).status == "CANCELLED"
        assert drift() == []

    def test_of_a_draft_all_of_a_line_becomes_the_other_at_its_price(self):
        house = House.open()
        product, other = house.product([3]), house.product([9], price="99")
        stands_in(product, other)
        order = house.draft((product, 5))
        substituted(house, order, other, 5)
        line = SalesOrderLine.objects.get(order=order)
        assert (line.product, line.description, line.price, line.net) == (other, "Thing 2", 10, 50)
        house.confirm(order)
        assert parts(order) == [("SKU-0002", 5, 0)]
        assert drift() == []

    def test_asks_as_the_customer_s_rule_says(self):
        house = House.open()
        product, equal, worse = (house.product([9]) for _ in range(3))
        stands_in(product, equal)
        stands_in(product, worse, is_equal=False)
        order = house.order((product, 9))
        with pytest.raises(Blocked, match="Ask Bright & Day Gifts first"):
            substituted(house, order, equal, 1, answer=None)
        with pytest.raises(Blocked, match="a day that has come"):
            substituted(house, order, equal, 1, answer=services.Answer("Ms Day", day(1)))
        Customer.objects.update(substitutes="GROUP")
        substituted(house, order, equal, 1, answer=None)
        with pytest.raises(Blocked, match="Ask Bright & Day Gifts first"):
            substituted(house, order, worse, 1, answer=None)
        substituted(house, order, worse, 1)
        Customer.objects.update(substitutes="NEVER")
        with pytest.raises(Blocked, match="takes no substitutes"):
            substituted(house, order, equal, 1)
        assert parts(order) == [("SKU-0001", 9, 2), ("SKU-0002", 1, 0), ("SKU-0003", 1, 0)]
        assert drift() == []

    def test_refuses_kits_what_is_held_what_is_with_the_pickers_and_what_stands_in_for_nothing(self):
        house = House.open()
        product, other, kit = house.product([9]), house.product([9]), house.product(kind="KIT")
        with pytest.raises(Blocked, match="does not stand in for SKU-0001"):
            substituted(house, house.order((product, 1)), other, 1)
        stands_in(product, other)
        with pytest.raises(Blocked, match="of a kit, nothing can"):
            substituted(house, house.draft((kit, 1)), other, 1)
        order = house.order((product, 4))
        with pytest.raises(NotAllowed):
            substituted(house, order, other, 1, actor=person(Role.WAREHOUSE_MANAGER, company=house.company))
        with pytest.raises(Blocked, match="no such line"):
            substituted(house, order, other, 1, actor=House.open().boss)
        for wrong, sentence in (("5", "4 of it can be substituted"), ("0", "no number"), ("0.5", "no number")):
            with pytest.raises(Blocked, match=sentence):
                substituted(house, order, other, wrong)
        terms = services.HoldTerms(Hold.Kind.CUSTOMER, keep_reservation=False)
        services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)
        with pytest.raises(Blocked, match="on hold"):
            substituted(house, order, other, 1)
        services.release_holds_of_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        warehouse_services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        with pytest.raises(Blocked, match="0 of it can be substituted"):
            substituted(house, order, other, 1)
        assert parts(order) == [("SKU-0001", 4, 0)]
        assert drift() == []


@pytest.mark.parametrize(
    ("check", "bend"),
    [
        ("what is shipped instead", "UPDATE orders_linepart SET cancelled = cancelled - 1 WHERE cancelled = 2"),
        ("confirmed lines of goods", "UPDATE orders_linepart SET ordered = 6 WHERE ordered = 5"),
        ("confirmed lines of goods", "DELETE FROM orders_substitution"),
    ],
)
def test_the_audit_hears_a_bent_substitution(check, bend):
    house = House.open()
    product, other = house.product([3]), house.product([9])
    stands_in(product, other)
    substituted(house, house.order((product, 5)), other, 2)
    assert drift() == []
    with connection.cursor() as cursor:
        cursor.execute(bend)
    assert any(name.startswith(check) for name in drift())


class TestPages:
    def test_say_what_stands_in_show_what_is_free_and_ship_it_instead(self, client):
        house = House.open()
        product, other = house.product([3]), house.product([9])
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        form = {"item": "SKU-0009", "rank": "1"}
        made = f"/products/{product.pk}/substitutes/new/"
        assert "none of your products" in client.post(made, form).text
        assert "It is the same product." in client.post(made, {**form, "item": "SKU-0001"}).text
        assert client.post(made, {**form, "item": "SKU-0002", "reason": "New pack"}).status_code == 302
        assert "It stands in for it already." in client.post(made, {**form, "item": "SKU-0002"}).text
        assert "New pack" in client.get(f"/products/{product.pk}/").text
        order = house.order((product, 5))
        line = SalesOrderLine.objects.get(order=order)
        page = f"/orders/lines/{line.pk}/substitute/"
        assert page in client.get(f"/orders/{order.pk}/").text
        assert page in client.get("/orders/backorders/?tab=all").text
        shown = client.get(page).text
        assert [words in shown for words in ("SKU-0002", "New pack", "Ask first", "9</span> free")] == [True] * 4
        typed = {"product": other.pk, "quantity": "2"}
        mistaken = client.post(page, typed)
        assert (mistaken.status_code, "say who said yes" in mistaken.text) == (422, True)
        later = str(timezone.localdate() + timedelta(days=2))
        assert "has not come yet" in client.post(page, {**typed, "answered_by": "Ms Day", "answered_on": later}).text
        today = str(timezone.localdate())
        answer = client.post(page, {**typed, "answered_by": "Ms Day", "answered_on": today}, follow=True)
        assert "2 of SKU-0002 instead, at the same price." in answer.text
        assert "Ms Day said yes" in answer.text
        Customer.objects.update(substitutes="NEVER")
        assert "takes no substitutes" in client.get(page).text
        (row,) = Substitute.objects.all()
        client.post(f"/products/{product.pk}/substitutes/{row.pk}/drop/")
        assert not Substitute.objects.exists()
        assert drift() == []
