"""The customers' pages: the queue, one customer with its orders, and the forms that keep terms and addresses."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import User
from core.roles import Role
from orders.models import Customer, CustomerAddress
from orders.views import customers
from tests.factories.core import person
from tests.factories.orders import AddressFactory, CustomerFactory, make_order, priced
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db

QUEUE = reverse("orders:customers")


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(number="C-100", name="Bright & Day")


@pytest.fixture
def seller(customer: Customer) -> User:
    return person(Role.SALES_ADMIN, company=customer.company)


@pytest.fixture
def client(seller: User) -> Client:
    client = Client()
    client.force_login(seller)
    return client


def keyed(customer: Customer, **changes: object) -> dict[str, object]:
    return {
        "number": "C-200",
        "name": "Night & Co",
        "email": "",
        "phone": "",
        "vat_number": "",
        "price_list": customer.price_list_id,
        "terms_days": "14",
        "invoice_on": "DISPATCH",
        "ship_policy": "PARTIAL",
        "ship_minimum": "0",
        "is_active": "on",
        **changes,
    }


ADDRESS = {"name": "Dock", "street": "2 Short Lane", "postcode": "N1", "city": "London", "country": "GB"}


class TestQueue:
    def test_shows_the_companys_customers_with_their_open_orders(self, client, customer, seller):
        CustomerFactory(name="Foreign")
        make_order(customer, (priced(customer), 1), actor=seller)
        text = re.sub(r"<[^>]+>|\s+", " ", client.get(QUEUE).content.decode())
        assert "Foreign" not in text
        assert re.search(r"C-100\s+Bright &amp; Day\s+London\s+1\s+open", text)

    def test_counts_open_orders_to_the_cap_and_in_a_file_all_of_them(self, client, customer, seller, monkeypatch):
        monkeypatch.setattr(customers, "COUNT_CAP", 1)
        product = priced(customer)
        for number in range(3):
            make_order(customer, (product, 1), actor=seller, po_number=f"PO-{number}")
        text = re.sub(r"<[^>]+>|\s+", " ", client.get(QUEUE).content.decode())
        assert re.search(r"London\s+1\+\s+open", text)
        header, row = csv.reader(io.StringIO(b"".join(client.get(QUEUE, {"format": "csv"})).decode("utf-8-sig")))
        assert dict(zip(header, row, strict=True))["Open orders"] == "3"

    def test_takes_as_many_statements_for_thirty_rows_as_for_three(self, client, customer):
        def statements() -> int:
            with CaptureQueriesContext(connection) as queries:
                client.get(QUEUE)
            return len(queries)

        CustomerFactory.create_batch(2, company=customer.company)
        three = statements()
        CustomerFactory.create_batch(27, company=customer.company)
        assert statements() == three
        assert_pinned("orders:customers", three)


class TestCustomerPage:
    def test_shows_terms_addresses_and_orders_without_prices_to_the_warehouse(self, client, customer, seller):
        make_order(customer, (priced(customer, price="1234.56"), 1), po_number="PO-7", actor=seller)
        url = reverse("orders:customer", args=[customer.pk])
        assert "1,234.56" in client.get(url).content.decode()
        client.force_login(person(Role.WAREHOUSE_MANAGER, company=customer.company))
        page = client.get(url).content.decode()
        assert "1 Long Lane" in page
        assert "PO-7" in page
        assert "1,234.56" not in page
        assert reverse("orders:edit_customer", args=[customer.pk]) not in page

    def test_of_another_company_is_not_there(self, client):
        assert client.get(reverse("orders:customer", args=[CustomerFactory().pk])).status_code == 404


class TestCustomerForm:
    def test_adds_a_customer_once_however_often_it_is_sent(self, client, customer):
        url = reverse("orders:create_customer")
        answers = {client.post(url, keyed(customer, idempotency_key="once"))["Location"] for _click in range(2)}
        made = Customer.objects.get(number="C-200")
        assert answers == {reverse("orders:customer", args=[made.pk])}
        assert (made.company, made.terms_days) == (customer.company, 14)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"number": "C-100"}, "Another customer has this number."),
            ({"number": "C 300"}, "A customer number has no blanks: use a dash."),
            ({"email": "nobody"}, "Enter a valid email address."),
            ({"terms_days": "9999"}, "Nobody has more than a year to pay."),
        ],
    )
    def test_says_a_mistake_at_its_field_with_everything_still_there(self, client, customer, changes, sentence):
        response = client.post(reverse("orders:create_customer"), keyed(customer, **changes))
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert "Night &amp; Co" in response.content.decode()
        assert Customer.objects.count() == 1

    def test_offers_no_price_list_of_another_company(self, client, customer):
        foreign = CustomerFactory()
        response = client.post(reverse("orders:create_customer"), keyed(customer, price_list=foreign.price_list_id))
        assert response.status_code == 422

    def test_changes_one_but_leaves_taken_orders_their_terms(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        client.post(reverse("orders:edit_customer", args=[customer.pk]), keyed(customer, number="C-100"))
        customer.refresh_from_db()
        order = type(order).objects.get(pk=order.pk)
        assert (customer.name, customer.terms_days, order.terms_days) == ("Night & Co", 14, 30)

    def test_is_closed_to_who_may_not_change_customers(self, client, customer):
        client.force_login(person(Role.ACCOUNTANT, Role.WAREHOUSE_MANAGER, company=customer.company))
        urls = [
            reverse("orders:create_customer"),
            reverse("orders:edit_customer", args=[customer.pk]),
            reverse("orders:create_address", args=[customer.pk]),
            reverse("orders:edit_address", args=[customer.pk, customer.addresses.get().pk]),
        ]
        assert {client.post(url, keyed(customer)).status_code for url in urls} == {403}
        assert list(Customer.objects.values_list("name", flat=True)) == ["Bright & Day"]


class TestAddressForm:
    def test_bills_that_go_to_a_new_address_go_no_more_to_the_old_one(self, client, customer):
        client.post(reverse("orders:create_address", args=[customer.pk]), {**ADDRESS, "is_bill_to": "on"})
        old, new = CustomerAddress.objects.filter(customer=customer).order_by("pk")
        assert (old.is_bill_to, old.is_ship_to) == (False, True)
        assert (new.is_bill_to, new.is_ship_to, new.street) == (True, False, "2 Short Lane")

    def test_the_first_address_takes_bills_and_goods(self, client, customer):
        CustomerAddress.objects.filter(customer=customer).delete()
        client.post(reverse("orders:create_address", args=[customer.pk]), ADDRESS)
        address = CustomerAddress.objects.get(customer=customer)
        assert address.is_bill_to
        assert address.is_ship_to

    def test_changes_one(self, client, customer):
        address = AddressFactory(customer=customer)
        client.post(reverse("orders:edit_address", args=[customer.pk, address.pk]), ADDRESS)
        assert CustomerAddress.objects.get(pk=address.pk).street == "2 Short Lane"

    @pytest.mark.parametrize("changes", [{"street": ""}, {"country": "XX"}, {"country": "GBR"}])
    def test_says_a_mistake_with_everything_still_there(self, client, customer, changes):
        url = reverse("orders:create_address", args=[customer.pk])
        response = client.post(url, {**ADDRESS, **changes})
        assert response.status_code == 422
        assert 'value="Dock"' in response.content.decode()

    def test_of_another_companys_customer_is_not_there(self, client, customer):
        foreign = CustomerFactory()
        address = foreign.addresses.get()
        for url in (
            reverse("orders:create_address", args=[foreign.pk]),
            reverse("orders:edit_address", args=[foreign.pk, address.pk]),
            reverse("orders:edit_address", args=[customer.pk, address.pk]),
        ):
            assert client.post(url, ADDRESS).status_code == 404
        assert foreign.addresses.get().street == "1 Long Lane"
