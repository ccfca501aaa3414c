"""The pages of what is bought: what they show, and that a form does its one thing."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.refusals import Blocked
from core.roles import Role
from inventory import services
from inventory.models import BrokenPeg, Supplier, SupplierItem, SupplierOrder
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.supply import arrive, lines, ordered, sent, supplier
from warehouse.models import Receipt

pytestmark = pytest.mark.django_db
COLUMNS = ("from", "cost")


@pytest.fixture
def house() -> House:
    return House.open()


def signed_in(house: House, role: Role = Role.PURCHASER) -> Client:
    client = Client()
    client.force_login(person(role, company=house.company), backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(client: Client, name: str, *args, **query) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, response.content
    return response.content.decode()


class TestSuppliers:
    def test_are_made_with_items_and_ordered_from(self, house):
        client = signed_in(house)
        product = house.product()
        made = client.post(
            reverse("supply:create_supplier"),
            {"code": "acme", "name": "Acme Ltd", "lead_days": "7", "over_percent": "0", "is_active": "on"},
        )
        assert made.status_code == 302
        acme = Supplier.objects.get()
        item = {"sku": product.sku, "unit_cost": "2.5", "minimum": "10", "multiple": "5", "rank": "1"}
        assert client.post(reverse("supply:create_item", args=[acme.pk]), item).status_code == 302
        again = client.post(reverse("supply:create_item", args=[acme.pk]), item)
        assert (again.status_code, "has this product already" in again.content.decode()) == (422, True)
        assert product.sku in text(client, "supply:supplier", acme.pk)
        assert "Acme Ltd" in text(client, "supply:suppliers")
        (one,) = acme.items.all()
        where = reverse("supply:order_from", args=[acme.pk])
        form = {"warehouse": house.warehouses[0].pk, f"item-{one.pk}": "12"}
        assert "In multiples of 5" in client.post(where, form).content.decode()
        assert client.post(where, {**form, f"item-{one.pk}": "15"}).status_code == 302
        order = SupplierOrder.objects.get()
        assert [(line.quantity, line.unit_cost) for line in lines(order)] == [(15, Decimal("2.5"))]


class TestPriceBreaks:
    def test_are_added_changed_and_dropped_on_the_item_s_page(self, house):
        client = signed_in(house)
        seller = supplier(house, house.product())
        (item,) = seller.items.all()
        SupplierItem.objects.filter(pk=item.pk).update(minimum=10)
        where = reverse("supply:edit_item", args=[seller.pk, item.pk])
        terms = {"unit_cost": "2.5", "minimum": "10", "multiple": "5", "rank": "1"}

        def save(*rows: tuple[str, str]) -> str:
            typed = {
                f"{name}-{place}": text
                for place, row in enumerate(rows, 1)
                for name, text in zip(COLUMNS, row, strict=True)
            }
            answer = client.post(where, {**terms, **typed})
            if answer.status_code == 302:
                return ", ".join(f"{row.quantity:f} {row.unit_cost:f}" for row in item.breaks.all())
            assert answer.status_code == 422
            assert all(f'value="{text}"' in answer.content.decode() for row in rows for text in row if text)
            return answer.content.decode()

        assert save(("100", "2.25"), ("10", "2.4")) == "10.000000 2.400000, 100.000000 2.250000"
        kept = {row.quantity: row.pk for row in item.breaks.all()}
        assert "Below the least quantity of 10." in save(("9.5", "2.45"))
        assert "Below the least quantity of 10." in save(("0", "2.45"))
        assert "This quantity stands here twice." in save(("10", "2.4"), ("10.0", "2.3"))
        assert "What does a unit cost then?" in save(("20", ""))
        assert "From how many units?" in save(("", "2.3"))
        assert {row.quantity: row.pk for row in item.breaks.all()} == kept
        assert 'value="2.25"' in text(client, "supply:edit_item", seller.pk, item.pk)
        assert save(("", ""), ("100", "2.2"), ("200", "2")) == "100.000000 2.200000, 200.000000 2.000000"
        assert item.breaks.get(quantity=100).pk == kept[Decimal(100)]
        with pytest.raises(Blocked):
            services.keep_price_breaks(item_id=item.pk, costs={Decimal(9): Decimal(2)}, actor=house.boss)
        with pytest.raises(Blocked):
            services.keep_price_breaks(item_id=item.pk, costs={}, actor=House.open().boss)


class TestSupplierOrders:
    def test_go_from_draft_to_sent_and_say_who_waits(self, house):
        client = signed_in(house)
        product = house.product()
        order = house.order((product, 3))
        bought = ordered(house, (product, 5, 5))
        assert client.post(reverse("supply:send"), {"id": bought.pk}).status_code == 302
        page = text(client, "supply:order", bought.pk)
        assert order.number in page
        assert "Mark sent" not in page
        for tab in ("draft", "sent", "late", "part", "done"):
            assert (bought.number in text(client, "supply:orders", tab=tab)) == (tab == "sent")
        line = lines(bought)[0]
        dates = {"their_number": "A-7", f"line-{line.pk}": "2026-12-24"}
        assert client.post(reverse("supply:acknowledge", args=[bought.pk]), dates).status_code == 302
        assert lines(bought)[0].expected_on.isoformat() == "2026-12-24"
        assert client.get(reverse("supply:print_order", args=[bought.pk])).content.startswith(b"%PDF")

    def test_take_as_many_statements_for_three_as_for_one(self, house, django_assert_max_num_queries):
        client = signed_in(house)
        product = house.product()
        supplier(house, product)
        for _ in range(3):
            house.order((product, 3))
        sent(house, (product, 5, 5))
        with django_assert_max_num_queries(12) as one:
            text(client, "supply:orders", tab="sent")
        for _ in range(2):
            sent(house, (product, 5, 5))
        with django_assert_max_num_queries(len(one)):
            text(client, "supply:orders", tab="sent")


class TestSuggestions:
    def test_become_drafts_once(self, house):
        client = signed_in(house)
        product = house.product()
        supplier(house, product)
        house.order((product, 3))
        rule = {"sku": product.sku, "warehouse": house.warehouses[0].pk, "reorder_point": "10", "order_up_to": "20"}
        where = reverse("supply:create_rule")
        assert client.post(where, {**rule, "safety_stock": "11"}).status_code == 422
        assert client.post(where, {**rule, "safety_stock": "1"}).status_code == 302
        assert product.sku in text(client, "supply:rules")
        key = f"{product.pk}-{house.warehouses[0].pk}"
        assert f'value="{key}"' in text(client, "supply:suggestions")
        assert client.post(reverse("supply:draft_suggestions"), {"key": key}).status_code == 302
        assert client.post(reverse("supply:draft_suggestions"), {"key": key}).status_code == 409
        order = SupplierOrder.objects.get()
        (line,) = lines(order)
        assert (order.is_suggested, line.quantity) == (True, 23)
        where = reverse("supply:edit_order", args=[order.pk])
        assert "cancel it instead" in client.post(where, {f"line-{line.pk}": "0"}).content.decode()
        assert client.post(where, {f"line-{line.pk}": "25"}).status_code == 302
        assert lines(order)[0].quantity == 25
        assert "Nothing to buy" in text(client, "supply:suggestions")


class TestBrokenPromises:
    def test_are_answered_by_their_own_side(self, house):
        product = house.product()
        order = house.order((product, 3))
        bought = sent(house, (product, 3, 5))
        services.cancel_supplier_orders(order_ids=[bought.pk], actor=house.boss, at=AT)
        asked = BrokenPeg.objects.get()
        buyer, seller = signed_in(house), signed_in(house, Role.SALES_ADMIN)
        assert order.number in text(seller, "supply:questions")
        assert buyer.post(reverse("supply:wait"), {"id": asked.pk}).status_code == 403
        assert seller.post(reverse("supply:wait"), {"id": asked.pk}).status_code == 302
        assert "Let it wait" in text(seller, "supply:questions", tab="answered")


class TestReceiving:
    def test_checks_goods_in_once_and_names_who_gets_them(self, house):
        client = signed_in(house, Role.WAREHOUSE_MANAGER)
        product = house.product()
        order = house.order((product, 3))
        bought = sent(house, (product, 5, 5))
        assert bought.number in text(client, "warehouse:arrivals")
        where = reverse("warehouse:receive", args=[bought.pk])
        assert order.number in text(client, "warehouse:receive", bought.pk)
        (line,) = lines(bought)
        form = {f"line-{line.pk}": "4", f"bin-{line.pk}": "A-02", "delivery_note": "DN 7", "idempotency_key": "k1"}
        assert "No shelf of this warehouse" in client.post(where, {**form, f"bin-{line.pk}": "?"}).content.decode()
        assert "at most" in client.post(where, {**form, f"line-{line.pk}": "6"}).content.decode()
        for _ in range(2):
            assert client.post(where, form).status_code == 302
        receipt = Receipt.objects.get()
        assert [(row.quantity, row.bin.code) for row in receipt.lines.all()] == [(4, "A-02")]
        assert lines(bought)[0].received == 4
        assert str(receipt) in text(client, "warehouse:receive", bought.pk)
        arrive(house, bought, 1)
        assert "Nothing more of it is expected" in text(client, "warehouse:receive", bought.pk)
