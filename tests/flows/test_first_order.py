"""An empty database to the first invoice: found_company, then the pages through which an administrator is led."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice
from core.models import User
from inventory.models import Product, Unit, Warehouse
from orders.models import Customer, PriceList, SalesOrder
from tests.factories.core import loaded_file, signed_in

pytestmark = pytest.mark.django_db


def missing(client: Client) -> list[str]:
    """Return which parts of the set-up are missing before the first order is billed."""
    page = client.get("/setup/").content.decode()
    return re.findall(r"<b>([^<]+)</b>(?:(?!<b>).)*?</svg>Missing", page, re.DOTALL)


def post(client: Client, address: str, /, **said: object) -> str:
    """Send a form that is right, and return where it leads."""
    answer = client.post(address, said)
    mistakes = re.findall(r'class="field-error".*?<span>(.*?)</span>', answer.content.decode(), re.DOTALL)
    assert answer.status_code == 302, (address, answer.status_code, mistakes, answer.content.decode()[-2000:])
    return str(answer["Location"])


def test_an_empty_company_comes_to_its_first_invoice_by_its_pages():
    call_command(
        *("found_company", "acme", "Acme Ltd", "--country", "GB", "--currency", "GBP"),
        *("--time-zone", "Europe/London", "--administrator", "ann@acme.example", "--administrator-name", "Ann"),
    )
    ann = User.objects.get(email="ann@acme.example")
    client = signed_in(ann)
    assert missing(client) == [
        *("Company", "Units", "Products", "Warehouses", "Prices", "Taxes", "Customers"),
        *("Bins", "Stock", "Bank account"),
    ]

    post(
        client,
        "/setup/company/",
        name="Acme Ltd",
        address="1 Quay\nHull\nHU1 1AA",
        email="office@acme.example",
        country="GB",
        language="en",
        currency="GBP",
        time_zone="Europe/London",
        iban="GB33 BUKB 2020 1555 5555 55",
    )
    post(client, f"/setup/series/invoice/{timezone.localdate().year}/", begins="RE", digits="4", first_value="451")
    post(client, "/setup/lists/units/new/", code="pc", name="Piece", step="1")
    unit = Unit.objects.get()
    post(client, "/products/new/", sku="LAMP", name="Lamp", kind="STOCK", unit=unit.pk, is_active="on")
    post(client, "/orders/prices/new/", name="Trade", code="trade", currency="GBP")
    prices = PriceList.objects.get()
    post(client, f"/orders/prices/{prices.pk}/new/", item="LAMP", price="10", from_quantity="0")
    post(client, "/orders/taxes/new/", country="GB", valid_from="2020-01-01", category="S", rate="20")
    post(
        client,
        "/orders/customers/new/",
        number="C-1",
        name="Bright & Day",
        price_list=prices.pk,
        terms_days="30",
        is_active="on",
        invoice_on="DISPATCH",
        ship_policy="PARTIAL",
        ship_minimum="0",
        substitutes="ASK",
        language="en",
        good_for_days="0",
    )
    customer = Customer.objects.get()
    to = {"name": "Bright & Day", "street": "2 Road", "city": "Leeds", "postcode": "LS1 1AA", "country": "GB"}
    post(client, f"/orders/customers/{customer.pk}/addresses/new/", **to, is_bill_to="on", is_ship_to="on")
    bins = post(client, "/sites/new/", code="hull", name="Hull", priority="10", country="GB")
    assert bins == reverse("sites:add_bins", args=[Warehouse.objects.get().pk])
    post(client, bins, pattern="A-01..A-02", kind="PICK")
    loaded = loaded_file("opening_stock", "SKU,warehouse,bin,quantity,value\nLAMP,hull,A-01,5,20\n", ann)
    assert loaded.status == "DONE"
    assert missing(client) == []
    assert "Everything is there" in client.get("/setup/").content.decode()

    today = timezone.localdate()
    leads_to = post(
        client,
        "/orders/new/",
        customer="C-1 Bright & Day",
        po_number="PO-1",
        ordered_on=str(today),
        requested_on=str(today + timedelta(days=3)),
        item=["LAMP"],
        quantity=["2"],
        price=[""],
        discount=[""],
        then="confirm",
        idempotency_key="first",
    )
    order = SalesOrder.objects.get()
    assert order.status == SalesOrder.Status.CONFIRMED
    assert leads_to == reverse("orders:detail", args=[order.pk])
    for verb in ("warehouse:release", "warehouse:pick", "warehouse:pack"):
        post(client, reverse(verb), id=order.pk)
    post(client, reverse("shipping:dispatch_order", args=[order.pk]), carrier="Own van")
    post(client, reverse("billing:invoice_orders"), id=order.pk)
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.gross) == (f"RE-{invoice.issued_on.year}-0451", 24)
    assert invoice.snapshot["seller"]["name"] == "Acme Ltd"
    assert Product.objects.get().sku == "LAMP"
    call_command("audit_ledger", verbosity=0)
