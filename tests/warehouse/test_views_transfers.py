"""Pages of transfers: made of typed or scanned items, sent from bins, received in parts, or made for an order."""

import io

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from core.roles import Role
from inventory.models import StockLevel, Transfer
from orders.models import OrderEvent
from tests.factories.core import person
from tests.factories.house import House
from tests.factories.supply import day
from tests.factories.transfers import drafted, lines_of

pytestmark = pytest.mark.django_db


def signed_in(house: House, role: Role = Role.WAREHOUSE_MANAGER) -> Client:
    client = Client()
    client.force_login(person(role, company=house.company), backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(client: Client, name: str, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200, response.content
    return response.content.decode()


def paper(client: Client, transfer: Transfer) -> str:
    content = client.get(reverse("transfers:slip", args=[transfer.pk])).content
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_transfer_is_made_sent_and_received_in_parts():
    house = House.open(warehouses=2)
    here, there = house.warehouses
    one, two = house.product([0, [3, 4]], gtin="4006381333931"), house.product([0, 9])
    client = signed_in(house)
    typed = {"from_warehouse": there.pk, "to_warehouse": here.pk, "expected_on": day(2).isoformat()}
    wrong = client.post(reverse("transfers:create"), {**typed, "items": f"NONE 2\n{one.sku} half\n{two.sku}"})
    assert wrong.status_code == 422
    assert "NONE is none of your products." in wrong.content.decode()
    assert f"half is no number of units of {one.sku}." in wrong.content.decode()
    items = f"{one.sku.lower()} 4\n\n4006381333931\n{two.sku} 2"
    made = client.post(reverse("transfers:create"), {**typed, "items": items})
    transfer = Transfer.objects.get()
    assert made["Location"] == reverse("transfers:transfer", args=[transfer.pk])
    assert [(line.product_id, line.quantity) for line in lines_of(transfer)] == [(one.pk, 5), (two.pk, 2)]
    assert transfer.number in text(client, "transfers:queue")
    page = text(client, "transfers:send", transfer.pk)
    assert "A-01" in page
    assert "A-02" in page
    assert "A-01: 3" in paper(client, transfer)
    first, second = (f"line-{line.pk}" for line in lines_of(transfer))
    client.post(reverse("transfers:send", args=[transfer.pk]), {first: "5", second: "1"})
    assert StockLevel.objects.get(product=two, warehouse=there).sellable == 8
    assert "A-01" not in paper(client, transfer)
    assert "Receive" in text(client, "transfers:transfer", transfer.pk)
    bins = {f"bin-{line.pk}": "A-02" for line in lines_of(transfer)}
    over = client.post(reverse("transfers:receive", args=[transfer.pk]), {**bins, first: "6"})
    assert (over.status_code, "5 may come at most." in over.content.decode()) == (422, True)
    client.post(reverse("transfers:receive", args=[transfer.pk]), {**bins, first: "2", second: "1"})
    last = {**bins, first: "2", f"last-{lines_of(transfer)[0].pk}": "on"}
    client.post(reverse("transfers:receive", args=[transfer.pk]), last)
    assert [(line.received, line.lost) for line in lines_of(transfer)] == [(4, 1), (1, 0)]
    assert StockLevel.objects.get(product=one, warehouse=here).sellable == 4
    page = text(client, "transfers:transfer", transfer.pk)
    assert "1 lost" in " ".join(page.replace("</span>", " ").split())
    assert "nothing of it" not in page
    assert "is received" in text(client, "transfers:receive", transfer.pk)
    assert transfer.number in text(client, "inventory:product", one.pk)


def test_an_order_is_brought_together_from_its_page_and_others_only_look():
    house = House.open(warehouses=2)
    product = house.product([0, 6])
    order = house.order((house.product([5]), 3), (product, 4))
    client = signed_in(house)
    bring = reverse("orders:bring_together", args=[order.pk])
    assert bring in text(client, "orders:detail", order.pk)
    assert bring not in text(signed_in(house, Role.SALES_ADMIN), "orders:detail", order.pk)
    assert "Site 2" in text(client, "orders:bring_together", order.pk)
    answer = client.post(bring, {"warehouse": house.warehouses[0].pk, "expected_on": day(3).isoformat()})
    assert answer["Location"] == reverse("orders:detail", args=[order.pk])
    transfer = Transfer.objects.get()
    page = text(client, "orders:detail", order.pk)
    assert bring not in page
    assert reverse("transfers:transfer", args=[transfer.pk]) in page
    assert f"{transfer.number} brings it to Site 1" in page
    assert OrderEvent.objects.filter(order=order, kind="BROUGHT").count() == 1
    assert str(order) in text(client, "transfers:transfer", transfer.pk)
    client.post(reverse("transfers:date", args=[transfer.pk]), {"expected_on": day(5).isoformat()})
    assert Transfer.objects.get().expected_on == day(5)
    looker = signed_in(house, Role.PICKER)
    page = text(looker, "transfers:transfer", transfer.pk)
    assert reverse("transfers:send", args=[transfer.pk]) not in page
    drafted(house, (product, 1))
    assert text(looker, "transfers:queue").count("TR-") > 1
    client.post(reverse("transfers:cancel"), {"id": transfer.pk})
    assert Transfer.objects.get(pk=transfer.pk).status == "CANCELLED"
    assert bring in text(client, "orders:detail", order.pk)
