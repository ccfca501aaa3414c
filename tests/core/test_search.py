"""The search box: each number opens what it names, nobody is told of what is not theirs, and each way has its index."""

import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import services as billing_services
from core import registry
from core.roles import Role
from core.seeking import Sought
from core.views.search import found
from inventory.models import Lot, SupplierOrder, WarehouseAccess
from orders import services as orders_services
from orders.models import Reservation
from shipping.models import Label, Shipment
from tests.factories.core import CompanyFactory, person, signed_in
from tests.factories.house import AT, TODAY, House
from tests.factories.returns import asked
from tests.factories.shipping import dispatch
from tests.factories.supply import day, sent, supplier
from tests.factories.transfers import drafted
from tests.factories.warehouse import packed
from warehouse.models import Parcel, Wave

pytestmark = pytest.mark.django_db
GTIN, PRICE = "4006381333931", "1234.56"


@pytest.fixture
def traded():
    """A house in which one order went all the way out and one of everything else stands around it."""
    house = House.open(warehouses=2)
    product = house.product([9, 9], price=PRICE, gtin=GTIN)
    house.receive(house.product(tracking="LOT"), 1, lot="LT77")
    order = packed(house, (product, 1), po_number="PO/4711-a")
    dispatch(house, order, tracking_number="1Z999")
    shipment = Shipment.objects.get(order=order)
    Label.objects.create(shipment=shipment, parcel=Parcel.objects.get(order=order), tracking_number="LBL55")
    invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
    seller = supplier(house, product)
    bought = sent(house, (product, 1, 5))
    SupplierOrder.objects.filter(pk=bought.pk).update(their_number="A-900")
    order.refresh_from_db(fields=["number"])
    kept = orders_services.make_reservation(
        product_id=product.pk,
        quantity=Decimal(1),
        wanted_on=TODAY,
        expires_on=day(9),
        customer_id=house.customer.pk,
        actor=house.boss,
        at=AT,
    )
    return SimpleNamespace(
        house=house,
        product=product,
        order=order,
        shipment=shipment,
        invoice=invoice,
        seller=seller,
        bought=bought,
        transfer=drafted(house, (product, 1)),
        back=asked(house, order, {product: 1}),
        wave=Wave.objects.get(company=house.company),
        parcel=Parcel.objects.get(order=order),
        lot=Lot.objects.get(company=house.company),
        draft=house.draft((product, 1)),
        kept=Reservation.objects.get(pk=kept),
    )


def offered(client, text):
    """Return what the list under the box says."""
    return client.get("/search/", {"q": text}, headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize(
    ("typed", "serial", "gtin"),
    [
        ("W-000012", 12, None),
        ("w 12", 12, None),
        ("12", 12, None),
        ("SO-12", None, None),
        ("W-12x", None, None),
        ("9" * 20, None, None),
        ("]C10104006381333931", None, GTIN),
        ("(01)04006381333931", None, GTIN),
        (f" {GTIN}\r\n", None, GTIN),
        ("\0\ud800", None, None),
    ],
)
def test_what_is_typed_or_scanned_is_read_as_it_is_printed(typed, serial, gtin):
    sought = Sought.read(typed)
    assert sought.serial("W") == serial
    assert (gtin in sought.gtins) if gtin else not sought.gtins


def test_each_number_opens_the_one_thing_that_it_names(traded):
    client = signed_in(traded.house.boss)
    opens = {
        traded.order.number: reverse("orders:detail", args=[traded.order.pk]),
        "po 4711 A": reverse("orders:detail", args=[traded.order.pk]),
        "bright & day gifts": reverse("orders:customer", args=[traded.house.customer.pk]),
        traded.product.sku.lower(): reverse("inventory:product", args=[traded.product.pk]),
        GTIN: reverse("inventory:product", args=[traded.product.pk]),
        f"]C1010{GTIN}": reverse("inventory:product", args=[traded.product.pk]),
        "lt77": reverse("inventory:lot", args=[traded.lot.pk]),
        traded.parcel.number: reverse("orders:detail", args=[traded.order.pk]),
        traded.shipment.number: reverse("shipping:shipment", args=[traded.shipment.pk]),
        "1z 999": reverse("shipping:shipment", args=[traded.shipment.pk]),
        "LBL55": reverse("shipping:shipment", args=[traded.shipment.pk]),
        traded.invoice.number: reverse("billing:invoice", args=[traded.invoice.pk]),
        traded.back.number: reverse("returns:return", args=[traded.back.pk]),
        traded.seller.code: reverse("supply:supplier", args=[traded.seller.pk]),
        traded.bought.number: reverse("supply:order", args=[traded.bought.pk]),
        "a-900": reverse("supply:order", args=[traded.bought.pk]),
        traded.transfer.number: reverse("transfers:transfer", args=[traded.transfer.pk]),
        traded.wave.number: reverse("warehouse:wave", args=[traded.wave.pk]),
        traded.kept.number: reverse("reservations:reservation", args=[traded.kept.pk]),
        f"so-{traded.draft.pk}": reverse("orders:detail", args=[traded.draft.pk]),
    }
    answers = {text: client.get("/search/", {"q": text}) for text in opens}
    assert {text: answer.get("Location") for text, answer in answers.items()} == opens


def test_several_things_are_listed_exact_ones_first_and_none_says_where_to_look_further(traded):
    client = signed_in(traded.house.boss)
    second = traded.house.draft((traded.product, 1), po_number="PO 4711 B")
    page = client.get("/search/", {"q": "po47"}).content.decode()
    assert f"/orders/{second.pk}/" in page
    nothing = client.get("/search/", {"q": "lamp?"}).content.decode()
    assert "Nothing begins like that" in nothing
    assert "/orders/?q=lamp%3F" in nothing
    listed = offered(client, "SKU-0001")
    assert listed.index("SKU-0001") < listed.index("</li>")
    assert 'aria-selected="true"' in listed


def test_words_of_pages_and_verbs_are_offered_to_those_who_may(traded):
    client = signed_in(person(Role.SALES_ADMIN, company=traded.house.company))
    assert "/orders/new/" in offered(client, "new or")
    assert "kind=orders" in offered(client, "")
    assert 'data-url="/orders/backorders/"' in offered(client, "back")
    picker = signed_in(person(Role.PICKER, company=traded.house.company))
    assert "/orders/new/" not in offered(picker, "")
    assert "/invoices/" not in offered(picker, "")


def test_a_role_finds_what_its_verbs_open_and_never_a_price(traded):
    texts = [traded.order.number, "PO4711", traded.invoice.number, traded.wave.number, GTIN, "bright", "1Z999", "1"]
    for role in Role:
        user = person(role, company=traded.house.company)
        labels = {
            hit.kind for text in texts for hit in found(user, Sought.read(text)) if hit.kind in {"Order", "Invoice"}
        }
        assert ("Order" in labels) == user.can("orders.view"), role
        assert ("Invoice" in labels) == user.can("billing.view"), role
        client = signed_in(user)
        told = "".join(
            offered(client, text) + client.get("/search/", {"q": text}, follow=False).content.decode() for text in texts
        )
        assert "1,234.56" not in told
        assert PRICE not in told
    stranger = person(*Role, company=CompanyFactory())
    elsewhere = person(Role.ADMINISTRATOR, company=traded.house.company)
    WarehouseAccess.objects.create(user=elsewhere, warehouse=traded.house.warehouses[1])
    for text in [*texts, "1z", traded.back.number, traded.parcel.number, traded.kept.number]:
        assert not found(stranger, Sought.read(text)), text
    assert not found(elsewhere, Sought.read(traded.wave.number))


def test_every_way_of_finding_has_an_index_and_a_provider_one_statement(traded):
    boss = traded.house.boss
    assert boss.verbs
    named = {
        "orders": {"number", "po_key"},
        "customers": {"number"},
        "Products": {"sku"},
        "Lots": {"code"},
        "Supplier orders": {"their_number"},
        "shipments": {"tracking_number"},
        "invoices": {"number"},
    }
    for name, provider in registry.search_providers.items():
        for text in ("4006381333931", "SO-0001", "acme"):
            with CaptureQueriesContext(connection) as queries:
                provider.find(boss, Sought.read(text))
            assert len(queries) <= 1, name
            if text != "4006381333931" or name not in named:
                continue
            with connection.cursor() as cursor:
                # The house is small: what would be read whole is taken by an index here where there is one
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute("SET LOCAL enable_sort = off")
                cursor.execute(f"EXPLAIN (COSTS OFF) {queries[0]['sql']}")
                conditions = re.findall(r"Index Cond: (.*)", "\n".join(row[0] for row in cursor.fetchall()))
            for column in named[name]:
                assert any(re.search(rf"\b{column}\b", condition) for condition in conditions), (name, column)


def test_a_search_is_planned_for_its_words_however_often_something_is_sought(traded):
    def prepared():
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE %s", ["%LIKE $%"])
            return {statement for (statement,) in cursor.fetchall()}

    before = prepared()
    for number in range(20):
        for _name, provider in registry.search_providers.items():
            provider.find(traded.house.boss, Sought.read(f"SO-{number:06}"))
    assert prepared() == before
