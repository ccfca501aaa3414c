"""The catalogue's pages: who sees what, one address with two bodies, verbs done once, forms that keep what is typed."""

import csv
import io
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import VERBS, Role
from inventory.models import Product
from inventory.views import CreateProductView
from tests.factories.core import CompanyFactory, UserFactory, person, signed_in
from tests.factories.inventory import ProductFactory, UnitFactory, stock
from tests.pinned import assert_pinned
from tests.race import race

pytestmark = pytest.mark.django_db

QUEUE = "/products/"
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{QUEUE}"}


@pytest.fixture
def company():
    """The company whose people look at the catalogue."""
    return CompanyFactory()


@pytest.fixture
def manager(company):
    """Somebody who may change products."""
    return person(Role.SALES_MANAGER, company=company)


@pytest.fixture
def client(manager):
    """The manager's browser."""
    return signed_in(manager)


def row_ids(response):
    """Return the keys of the rows that an answer shows."""
    return [int(key) for key in re.findall(r'id="product-(\d+)"', response.content.decode())]


class TestProductQueue:
    def test_shows_the_products_of_the_persons_company_only(self, client, company):
        mine = ProductFactory(company=company)
        ProductFactory()
        assert row_ids(client.get(QUEUE)) == [mine.pk]

    def test_takes_as_many_statements_for_thirty_rows_as_for_three(self, client, company):
        def statements():
            with CaptureQueriesContext(connection) as queries:
                client.get(QUEUE)
            return len(queries)

        for _ in range(3):
            stock(ProductFactory(company=company), 5)
        three = statements()
        for _ in range(27):
            stock(ProductFactory(company=company), 5)
        assert statements() == three
        assert_pinned("inventory:products", three)

    def test_is_a_page_for_a_browser_and_its_fragment_for_htmx(self, client, company):
        ProductFactory(company=company)
        page, fragment = client.get(QUEUE), client.get(QUEUE, headers=HTMX)
        assert b"<html" in page.content
        assert fragment.content.lstrip().startswith(b'<div id="queue"')
        assert row_ids(page) == row_ids(fragment)

    @pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
    def test_is_a_page_where_htmx_wants_the_whole(self, client, header):
        assert b"<html" in client.get(QUEUE, headers={**HTMX, header: "true"}).content

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_tells_caches_that_it_has_two_bodies(self, client, headers):
        vary = client.get(QUEUE, headers=headers)["Vary"]
        assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= {name.strip() for name in vary.split(",")}

    def test_cleans_the_address_of_empty_parameters(self, client):
        assert client.get(QUEUE, {"q": "lamp", "kind": ""}, headers=HTMX)["HX-Push-Url"] == f"{QUEUE}?q=lamp"

    def test_counts_each_tab_within_the_filters(self, client, company):
        ProductFactory(company=company, name="Red lamp")
        ProductFactory(company=company, name="Blue lamp", is_active=False)
        ProductFactory(company=company, name="Chair")
        tabs = client.get(QUEUE, {"q": "lamp"}).context["tabs"]
        assert [(tab.slug, tab.count.number) for tab in tabs] == [("open", 1), ("closed", 1), ("all", 2)]

    def test_finds_rows_that_hold_every_word(self, client, company):
        found = ProductFactory(company=company, name="Red glass lamp")
        ProductFactory(company=company, name="Red chair")
        assert row_ids(client.get(QUEUE, {"q": "LAMP red"})) == [found.pk]

    def test_finds_a_product_by_its_sku_and_by_its_gtin(self, client, company):
        found = ProductFactory(company=company, sku="85123A", gtin="2000000000015")
        ProductFactory(company=company)
        assert (
            row_ids(client.get(QUEUE, {"q": "85123a"}))
            == row_ids(client.get(QUEUE, {"q": "2000000000015"}))
            == [found.pk]
        )

    def test_shows_nothing_rather_than_everything_for_a_filter_it_does_not_know(self, client, company):
        ProductFactory(company=company)
        assert row_ids(client.get(QUEUE, {"kind": "NONSENSE"})) == []

    def test_sorts_by_a_column_both_ways_and_ignores_one_it_does_not_have(self, client, company):
        pear, apple = ProductFactory(company=company, name="Pear"), ProductFactory(company=company, name="Ápple")
        assert row_ids(client.get(QUEUE, {"sort": "name"})) == [apple.pk, pear.pk]
        assert row_ids(client.get(QUEUE, {"sort": "-name"})) == [pear.pk, apple.pk]
        assert row_ids(client.get(QUEUE, {"sort": "password"})) == [pear.pk, apple.pk]

    def test_leads_to_the_next_page_and_back(self, client, company):
        ProductFactory.create_batch(60, company=company)
        first = client.get(QUEUE)
        second = client.get(first.context["next_url"])
        assert (len(row_ids(first)), len(row_ids(second)), second.context["next_url"]) == (50, 10, "")
        assert row_ids(client.get(second.context["previous_url"])) == row_ids(first)

    def test_escapes_what_people_typed(self, client, company):
        ProductFactory(company=company, name="<script>alert(1)</script>")
        content = client.get(QUEUE, {"q": "<script>"}).content
        assert b"<script>alert" not in content
        assert b"&lt;script&gt;alert" in content

    def test_offers_changes_only_to_those_who_may(self, client, company):
        ProductFactory(company=company)
        picker = signed_in(person(Role.PICKER, company=company))
        assert b"New product" in client.get(QUEUE).content
        assert not re.search(rb"New product|queue-bulk|type=.checkbox", picker.get(QUEUE).content)

    def test_says_what_would_fill_it_when_empty(self, client):
        assert b"Add the first product" in client.get(QUEUE).content


class TestProductFile:
    def read(self, client, **parameters):
        response = client.get(QUEUE, {"format": "csv", **parameters})
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def test_holds_every_row_of_the_filtered_queue(self, client, company):
        ProductFactory.create_batch(60, company=company)
        ProductFactory(company=company, name="Closed one", is_active=False)
        ProductFactory()
        assert len(self.read(client)) == 60
        assert [row["Name"] for row in self.read(client, tab="closed")] == ["Closed one"]

    def test_lists_each_row_once_and_in_order_whoever_moves_or_goes_meanwhile(self, client, company, monkeypatch):
        monkeypatch.setattr("core.queues.listing.FETCHED", 2)
        first, second, third, fourth, fifth = (ProductFactory(company=company, sku=sku) for sku in "ABCDE")
        lines = iter(client.get(QUEUE, {"format": "csv", "sort": "sku"}).streaming_content)
        begun = [next(lines), next(lines)]
        Product.objects.filter(pk=first.pk).update(sku="Z")
        Product.objects.filter(pk=fifth.pk).update(sku="0")
        Product.objects.filter(pk=third.pk).delete()
        rows = list(csv.DictReader(io.StringIO(b"".join([*begun, *lines]).decode("utf-8-sig"))))
        assert [row["SKU"] for row in rows] == ["A", second.sku, fourth.sku, "0"]

    def test_speaks_the_words_of_the_page(self, client, company):
        stock(ProductFactory(company=company, sku="A-1", gtin="2000000000015"), 7)
        [row] = self.read(client)
        assert {name: row[name] for name in ("SKU", "Kind", "GTIN", "Free stock", "State")} == {
            "SKU": "A-1",
            "Kind": "Stock",
            "GTIN": "2000000000015",
            "Free stock": "7",
            "State": "Open",
        }

    def test_cannot_run_in_a_spreadsheet(self, client, company):
        ProductFactory(company=company, sku="=cmd|'/C calc'!A0", name="@SUM(1)")
        [row] = self.read(client)
        assert (row["SKU"], row["Name"]) == ("'=cmd|'/C calc'!A0", "'@SUM(1)")

    def test_takes_as_many_statements_for_thirty_rows_as_for_three(self, client, company):
        def statements():
            with CaptureQueriesContext(connection) as queries:
                self.read(client)
            return len(queries)

        ProductFactory.create_batch(3, company=company)
        three = statements()
        ProductFactory.create_batch(27, company=company)
        assert statements() == three


class TestCloseProducts:
    def test_answers_htmx_with_the_row_the_counters_and_a_toast(self, client, company):
        product = ProductFactory(company=company)
        response = client.post(reverse("inventory:close_product", args=[product.pk]), headers=HTMX)
        content = response.content.decode()
        assert not Product.objects.get(pk=product.pk).is_active
        assert response.status_code == 200
        assert f'id="product-{product.pk}" data-row hx-swap-oob="true"' in content
        assert "Closed to new orders." in content
        assert re.search(r'id="queue-tabs" hx-swap-oob="true"', content)
        assert re.search(r'Closed <span class="count">1</span>', content)

    def test_counts_within_the_filters_of_the_page_it_was_sent_from(self, client, company):
        lamp, chair = ProductFactory(company=company, name="Lamp"), ProductFactory(company=company, name="Chair")
        page = {**HTMX, "HX-Current-URL": f"http://testserver{QUEUE}?q=lamp"}
        response = client.post(reverse("inventory:close_products"), {"id": [lamp.pk, chair.pk]}, headers=page)
        assert re.search(r'Closed <span class="count">1</span>', response.content.decode())

    def test_closes_several_at_once(self, client, company):
        products = ProductFactory.create_batch(3, company=company)
        response = client.post(reverse("inventory:close_products"), {"id": [row.pk for row in products]}, headers=HTMX)
        assert not Product.objects.filter(company=company, is_active=True).exists()
        assert "3 products closed to new orders." in response.content.decode()

    def test_leads_a_plain_browser_back_with_a_message(self, client, company):
        product = ProductFactory(company=company)
        response = client.post(reverse("inventory:close_products"), {"id": [product.pk]}, follow=True)
        assert response.redirect_chain == [(QUEUE, 302)]
        assert b"Closed to new orders." in response.content

    def test_goes_where_the_form_says_and_nowhere_else(self, client, company):
        product = ProductFactory(company=company)
        url, page = reverse("inventory:close_product", args=[product.pk]), f"{QUEUE}{product.pk}/"
        assert client.post(url, {"next": page}).url == page
        assert client.post(url, {"next": page}, headers=HTMX)["HX-Redirect"] == page
        assert client.post(url, {"next": "https://evil.example/"}).url == QUEUE

    def test_writes_nothing_when_sent_again(self, client, company):
        product = ProductFactory(company=company)
        url = reverse("inventory:close_product", args=[product.pk])
        assert [client.post(url, headers=HTMX).status_code for _ in range(2)] == [200, 200]
        titles = [change.title for change in client.get(f"{QUEUE}{product.pk}/").context["changes"]]
        assert titles == ["Closed to new orders", "Product made"]

    def test_does_not_touch_another_companys_product(self, client):
        product = ProductFactory()
        response = client.post(reverse("inventory:close_product", args=[product.pk]), headers=HTMX)
        assert response.status_code == 404
        assert Product.objects.get(pk=product.pk).is_active

    @pytest.mark.parametrize("ids", [[], ["x"]])
    def test_says_that_no_row_was_chosen(self, client, ids):
        response = client.post(reverse("inventory:close_products"), {"id": ids}, headers=HTMX)
        assert response.status_code == 400
        assert b"<html" not in response.content

    def test_is_no_address_to_open(self, client):
        assert client.get(reverse("inventory:close_products")).status_code == 405


class TestProductForm:
    def typed(self, unit_given, **changes):
        return {
            "sku": "LAMP-1",
            "name": "Lamp",
            "kind": "STOCK",
            "unit": unit_given.pk,
            "gtin": "",
            "weight_g": "1200",
            "is_active": "on",
            "idempotency_key": str(uuid.uuid4()),
            **changes,
        }

    @pytest.fixture
    def unit(self, company):
        return UnitFactory(company=company)

    def test_adds_a_product_to_the_persons_company(self, client, company, unit):
        response = client.post(reverse("inventory:create_product"), self.typed(unit))
        product = Product.objects.get(company=company, sku="LAMP-1")
        assert (response.status_code, response.url) == (302, f"{QUEUE}{product.pk}/")

    def test_adds_it_once_however_often_the_form_is_sent(self, client, company, unit):
        typed = self.typed(unit)
        first, second = (client.post(reverse("inventory:create_product"), typed) for _ in range(2))
        assert first.url == second.url
        assert Product.objects.filter(company=company).count() == 1

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"sku": ""}, "sku", "required"),
            ({"sku": "A B"}, "sku", "no blanks"),
            ({"sku": "A\x00B"}, "sku", "Null"),
            ({"sku": "X" * 41}, "sku", "at most 40"),
            ({"gtin": "123"}, "gtin", "8, 12, 13 or 14"),
            ({"gtin": "2000000000016"}, "gtin", "the last would be 5"),
            ({"gtin": "٢٠٠٠٠٠٠٠٠٠٠١٥"}, "gtin", "8, 12, 13 or 14"),
            ({"weight_g": "-1"}, "weight_g", "from 0"),
            ({"weight_g": "1e9"}, "weight_g", "digits"),
            ({"weight_g": "NaN"}, "weight_g", "number"),
            ({"kind": "BOX"}, "kind", "not one of"),
            ({"unit": "999999"}, "unit", "not one of"),
        ],
    )
    def test_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(self, client, unit, changes, field, sentence):
        response = client.post(reverse("inventory:create_product"), self.typed(unit, **changes), headers=HTMX)
        assert response.status_code == 422
        assert sentence in " ".join(response.context["form"].errors[field])
        assert 'value="Lamp"' in response.content.decode()
        assert b"<html" not in response.content
        assert not Product.objects.exists()

    def test_can_be_sent_again_after_a_mistake_with_the_same_key(self, client, unit):
        typed = self.typed(unit, gtin="123")
        client.post(reverse("inventory:create_product"), typed)
        assert client.post(reverse("inventory:create_product"), {**typed, "gtin": ""}).status_code == 302

    def test_says_that_a_sku_is_taken_in_this_company_only(self, client, company, unit):
        ProductFactory(company=company, sku="LAMP-1")
        response = client.post(reverse("inventory:create_product"), self.typed(unit))
        assert "Another product has this SKU." in response.content.decode()
        Product.objects.all().delete()
        ProductFactory(sku="LAMP-1")
        assert client.post(reverse("inventory:create_product"), self.typed(unit)).status_code == 302

    @pytest.mark.django_db(transaction=True)
    def test_says_so_too_where_somebody_saves_the_sku_between_check_and_save(self, client, company, unit, monkeypatch):
        save, others = CreateProductView.save, []

        def save_second(view, form):
            if not others:
                others.extend(race(lambda: ProductFactory(company=company, unit=unit, sku="LAMP-1")))
            return save(view, form)

        monkeypatch.setattr(CreateProductView, "save", save_second)
        response = client.post(reverse("inventory:create_product"), self.typed(unit))
        assert response.status_code == 422
        assert "Another product has this SKU." in response.content.decode()
        assert Product.objects.get() == others[0]

    def test_offers_the_units_of_the_company_only(self, client, unit):
        foreign = UnitFactory()
        response = client.post(reverse("inventory:create_product"), self.typed(foreign))
        assert response.status_code == 422
        assert list(response.context["form"].fields["unit"].queryset) == [unit]

    def test_changes_a_product_and_remembers_who_did(self, client, manager, company, unit):
        product = ProductFactory(company=company, unit=unit, sku="LAMP-1", name="Lmap")
        page = client.get(reverse("inventory:edit_product", args=[product.pk]))
        client.post(
            reverse("inventory:edit_product", args=[product.pk]),
            self.typed(unit, seen=page.context["seen"], weight_g=""),
        )
        change = client.get(f"{QUEUE}{product.pk}/").context["changes"][0]
        assert (change.title, change.actor) == ("Name: Lmap → Lamp", manager.name)

    def test_does_not_overwrite_what_somebody_changed_meanwhile(self, client, company, unit):
        product = ProductFactory(company=company, unit=unit, name="Lmap")
        url = reverse("inventory:edit_product", args=[product.pk])
        seen = client.get(url).context["seen"]
        Product.objects.filter(pk=product.pk).update(name="Desk lamp")
        refused = client.post(url, self.typed(unit, seen=seen))
        assert (refused.status_code, Product.objects.get(pk=product.pk).name) == (422, "Desk lamp")
        assert "Somebody changed this" in refused.content.decode()
        client.post(url, self.typed(unit, seen=refused.context["seen"]))
        assert Product.objects.get(pk=product.pk).name == "Lamp"

    def test_keeps_kind_and_unit_once_stock_was_moved(self, client, company, unit):
        product = ProductFactory(company=company, unit=unit)
        stock(product, 3)
        client.post(reverse("inventory:edit_product", args=[product.pk]), self.typed(unit, kind="SERVICE"))
        assert Product.objects.get(pk=product.pk).kind == Product.Kind.STOCK

    def test_never_opens_another_companys_product(self, client, unit):
        product = ProductFactory(name="Theirs")
        url = reverse("inventory:edit_product", args=[product.pk])
        assert client.get(url).status_code == client.post(url, self.typed(unit)).status_code == 404
        assert Product.objects.get(pk=product.pk).name == "Theirs"


class TestProductDetail:
    def test_shows_stock_to_those_who_may_see_it(self, client, company):
        product = ProductFactory(company=company)
        stock(product, 12)
        assert [level.free for level in client.get(f"{QUEUE}{product.pk}/").context["levels"]] == [12]

    def test_hides_stock_from_an_accountant(self, company):
        product = ProductFactory(company=company)
        stock(product, 12)
        accountant = person(Role.ACCOUNTANT, company=company)
        assert not accountant.can("inventory.view_stock")
        response = signed_in(accountant).get(f"{QUEUE}{product.pk}/")
        assert (response.status_code, response.context["levels"]) == (200, [])

    def test_takes_a_fixed_number_of_statements(self, client, company):
        product = ProductFactory(company=company)
        for _ in range(3):
            stock(product, 2)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{QUEUE}{product.pk}/")
        assert_pinned("inventory:product", len(queries))

    def test_is_not_there_for_another_company(self, client):
        assert client.get(f"{QUEUE}{ProductFactory().pk}/").status_code == 404


READS = ["inventory:products", "inventory:product"]
WRITES = ["inventory:create_product", "inventory:edit_product"]
POSTS = ["inventory:close_product", "inventory:open_product", "inventory:close_products", "inventory:open_products"]


def address(name, product):
    """Return a page's address, with the product's key where it takes one."""
    return reverse(name) if name.endswith(("products", "create_product")) else reverse(name, args=[product.pk])


@pytest.mark.parametrize("role", list(Role))
class TestRoles:
    @pytest.mark.parametrize("name", READS + WRITES)
    def test_opens_pages_to_those_whose_role_includes_them(self, company, role, name):
        product = ProductFactory(company=company)
        verb = "inventory.view_product" if name in READS else "inventory.change_product"
        response = signed_in(person(role, company=company)).get(address(name, product))
        assert response.status_code == (200 if verb in VERBS[role] else 403)

    @pytest.mark.parametrize("name", POSTS)
    def test_changes_nothing_for_those_whose_role_does_not(self, company, role, name):
        product = ProductFactory(company=company, is_active="close" in name)
        response = signed_in(person(role, company=company)).post(
            address(name, product), {"id": [product.pk]}, headers=HTMX
        )
        may = "inventory.change_product" in VERBS[role]
        assert response.status_code == (200 if may else 403)
        assert (Product.objects.get(pk=product.pk).is_active == product.is_active) is not may


@pytest.mark.parametrize("name", READS + WRITES + POSTS)
class TestStrangers:
    def test_are_sent_to_the_door(self, name, client):
        product = ProductFactory()
        url = address(name, product)
        assert Client().get(url).url == f"/login/?next={url}"

    def test_are_asked_to_sign_in_over_the_page_where_htmx_asks(self, name, client):
        response = Client().get(address(name, ProductFactory()), headers=HTMX)
        assert (response.status_code, response.content, response["HX-Trigger"]) == (401, b"", "sessionExpired")

    def test_have_no_role_without_a_membership(self, name, client):
        assert signed_in(UserFactory()).get(address(name, ProductFactory())).status_code in (403, 405)
