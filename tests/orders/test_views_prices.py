"""The pages of price lists and of customers' own numbers: who keeps them, and what may not stand in them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from inventory.models import Product
from orders.models import Customer, CustomerPart, Price, PriceList
from tests.factories.core import person
from tests.factories.orders import CustomerFactory, PriceListFactory, priced
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(number="C-100", name="Bright & Day")


@pytest.fixture
def prices(customer: Customer) -> PriceList:
    return customer.price_list


@pytest.fixture
def product(customer: Customer) -> Product:
    return priced(customer, sku="85123A", name="White hanging heart", price="2.55", gtin="4006381333931")


@pytest.fixture
def client(customer: Customer) -> Client:
    client = Client()
    client.force_login(person(Role.SALES_MANAGER, company=customer.company))
    return client


def keyed(**changes: str) -> dict[str, str]:
    return {"item": "85123A", "price": "2.1", "from_quantity": "0", "valid_from": "", "valid_until": "", **changes}


def said(response) -> list[str]:
    return re.findall(r'class="field-error".*?<span>(.*?)</span></span>', response.content.decode(), re.DOTALL)


class TestPriceLists:
    def test_stand_with_their_prices_and_customers_and_no_others(self, client, prices, product):
        foreign = PriceListFactory(name="Foreign")
        html = client.get(reverse("orders:price_lists")).content.decode()
        assert reverse("orders:prices", args=[prices.pk]) in html
        assert foreign.name not in html

    def test_are_made_and_changed_by_sales_managers(self, client, customer):
        url = reverse("orders:create_price_list")
        response = client.post(url, {"name": "Retail", "code": "retail", "currency": "eur"})
        made = PriceList.objects.get(code="retail")
        assert response["Location"] == reverse("orders:prices", args=[made.pk])
        assert (made.company, made.currency) == (customer.company, "EUR")

    def test_keep_the_currency_that_prices_are_in(self, client, prices, product):
        url = reverse("orders:edit_price_list", args=[prices.pk])
        client.post(url, {"name": "New name", "code": prices.code, "currency": "EUR"})
        kept = PriceList.objects.get(pk=prices.pk)
        assert (kept.name, kept.currency) == ("New name", "GBP")

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [({"currency": "XQQ"}, "XQQ is no currency"), ({"code": "a b"}, "valid"), ({"name": ""}, "required")],
    )
    def test_that_cannot_be_are_said_at_their_field(self, client, fields, sentence):
        form = {"name": "Retail", "code": "retail", "currency": "GBP", **fields}
        response = client.post(reverse("orders:create_price_list"), form)
        assert response.status_code == 422
        assert sentence in said(response)[0]


class TestPrices:
    def test_stand_by_whether_they_count_today(self, client, prices, product):
        today = timezone.localdate()
        Price.objects.create(price_list=prices, product=product, price=2, valid_from=today + timedelta(days=1))
        Price.objects.create(
            price_list=prices, product=product, price=3, valid_until=today - timedelta(days=1), from_quantity=5
        )
        url = reverse("orders:prices", args=[prices.pk])
        shown = {tab: client.get(url, {"tab": tab}).content.decode() for tab in ("now", "later", "over", "all")}
        assert {tab: html.count("data-row") for tab, html in shown.items()} == {
            "now": 1,
            "later": 1,
            "over": 1,
            "all": 3,
        }
        assert "2.55" in client.get(url, {"format": "csv"}).getvalue().decode()

    def test_take_as_many_statements_for_thirty_as_for_three(self, client, customer, prices):
        def statements(number: int) -> int:
            while Price.objects.count() < number:
                priced(customer)
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("orders:prices", args=[prices.pk]))
            return len(queries)

        assert statements(3) == statements(30)
        assert_pinned("orders:prices", statements(30))

    def test_are_added_by_quantity_and_day(self, client, prices, product):
        url = reverse("orders:create_price", args=[prices.pk])
        form = keyed(item="4006381333931", from_quantity="10", valid_from="2026-12-01", valid_until="2026-12-24")
        assert client.post(url, form)["Location"] == reverse("orders:prices", args=[prices.pk])
        price = Price.objects.get(from_quantity=10)
        assert (price.product, price.price, f"{price.valid_until}") == (product, Decimal("2.1"), "2026-12-24")

    def test_are_changed_and_keep_their_history(self, client, prices, product):
        price = Price.objects.get()
        url = reverse("orders:edit_price", args=[prices.pk, price.pk])
        assert 'value="2.55"' in client.get(url).content.decode()
        assert client.post(url, keyed(price="2.40")).status_code == 302
        assert Price.objects.get().price == Decimal("2.40")
        assert price.events.filter(price=Decimal("2.55")).exists()

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"item": "NOSUCH"}, "There is no product NOSUCH."),
            ({"item": ""}, "Name the product."),
            ({"price": "-1"}, "A price lies between 0 and 10,000,000."),
            ({"price": "1.1234567"}, "no more than 6 decimal places"),
            ({"price": "cheap"}, "Enter a number."),
            ({"from_quantity": "1.5"}, "85123A is sold in steps of 1 pc."),
            ({"from_quantity": "-1"}, "A quantity lies between 0 and 1,000,000."),
            ({"from_quantity": "2", "valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "before the first"),
            ({}, "from this quantity and day already"),
        ],
    )
    def test_that_cannot_be_are_said_and_nothing_typed_is_lost(self, client, prices, product, fields, sentence):
        response = client.post(reverse("orders:create_price", args=[prices.pk]), keyed(**fields))
        html = response.content.decode()
        assert response.status_code == 422
        assert sentence in html
        assert all(f'value="{value}"' in html for value in fields.values() if value)
        assert Price.objects.count() == 1

    def test_are_deleted(self, client, prices, product):
        price = Price.objects.get()
        client.post(reverse("orders:drop_price", args=[prices.pk, price.pk]))
        assert not Price.objects.exists()

    def test_are_read_and_not_changed_by_who_only_sells(self, customer, prices, product):
        client = Client()
        client.force_login(person(Role.SALES_ADMIN, company=customer.company))
        price = Price.objects.get()
        page = client.get(reverse("orders:prices", args=[prices.pk])).content.decode()
        assert "2.55" in page
        assert reverse("orders:edit_price", args=[prices.pk, price.pk]) not in page
        assert client.post(reverse("orders:drop_price", args=[prices.pk, price.pk])).status_code == 403
        assert Price.objects.exists()

    def test_of_another_list_are_not_found_under_this_one(self, client, customer, prices, product):
        other = PriceListFactory(company=customer.company)
        assert client.get(reverse("orders:edit_price", args=[other.pk, Price.objects.get().pk])).status_code == 404


class TestPartNumbers:
    def test_are_added_once_for_a_customer_however_they_are_written(self, client, customer, product):
        url = reverse("orders:create_part", args=[customer.pk])
        response = client.post(url, {"number": " Heart-1 ", "item": "85123a"})
        assert response["Location"] == reverse("orders:parts", args=[customer.pk])
        part = CustomerPart.objects.get()
        assert (part.number, part.key, part.product) == ("Heart-1", "HEART-1", product)
        again = client.post(url, {"number": "HEART-1", "item": "85123A"})
        assert again.status_code == 422
        assert "The customer calls another product so already." in again.content.decode()
        other = CustomerFactory(company=customer.company, price_list=customer.price_list)
        assert client.post(reverse("orders:create_part", args=[other.pk]), {"number": "HEART-1", "item": "85123A"})
        assert CustomerPart.objects.count() == 2

    def test_stand_on_the_customers_page_and_are_deleted(self, client, customer, product):
        part = CustomerPart.objects.create(customer=customer, product=product, number="Heart-1")
        listing = reverse("orders:parts", args=[customer.pk])
        assert listing in client.get(reverse("orders:customer", args=[customer.pk])).content.decode()
        assert "Heart-1" in client.get(listing, {"q": "hanging"}).content.decode()
        client.post(reverse("orders:drop_part", args=[customer.pk, part.pk]))
        assert not CustomerPart.objects.exists()

    def test_of_another_company_name_nothing(self, client, customer):
        foreign = priced(CustomerFactory(), sku="FOREIGN")
        response = client.post(reverse("orders:create_part", args=[customer.pk]), {"number": "A", "item": foreign.sku})
        assert said(response) == ["There is no product FOREIGN."]

    def test_take_as_many_statements_for_thirty_as_for_three(self, client, customer):
        def statements(number: int) -> int:
            for n in range(CustomerPart.objects.count(), number):
                CustomerPart.objects.create(customer=customer, product=priced(customer), number=f"N-{n}")
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("orders:parts", args=[customer.pk]))
            return len(queries)

        assert statements(3) == statements(30)


class TestExemption:
    def test_is_kept_on_the_customer(self, client, customer):
        form = {
            "number": "C-100",
            "name": "A",
            "price_list": customer.price_list_id,
            "terms_days": "30",
            "invoice_on": "DISPATCH",
            "ship_policy": "PARTIAL",
            "ship_minimum": "0",
        }
        url = reverse("orders:edit_customer", args=[customer.pk])
        client.post(url, {**form, "tax_exemption": "EX-1", "exempt_until": "2027-03-31", "is_active": "on"})
        kept = Customer.objects.get()
        assert (kept.tax_exemption, f"{kept.exempt_until}") == ("EX-1", "2027-03-31")
        assert "EX-1" in client.get(reverse("orders:customer", args=[customer.pk])).content.decode()
