"""The floor's whole way out in Chromium: a short pick, two parcels, two shipments, each delivered."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core.roles import Role
from inventory.models import BinStock
from orders.models import Facet, LinePart, SalesOrder
from shipping.models import Shipment
from tests.factories.core import person
from tests.factories.house import House
from tests.factories.warehouse import released
from warehouse.models import Count, Parcel, PickTask

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


def test_what_comes_up_short_is_fetched_elsewhere_packed_in_parts_and_leaves_in_two_shipments(
    house, sign_in, page, assert_accessible
):
    product = house.product([[10, 3]])
    order = released(house, (product, 10))
    sign_in(person(Role.WAREHOUSE_MANAGER, company=house.company))

    # The picker's phone: six of ten are there, the rest is fetched from the next bin as far as it goes
    page.set_viewport_size(PHONE)
    page.goto(reverse("warehouse:wave", args=[PickTask.objects.get().wave_id]))
    page.get_by_text("Not all there").click()
    page.get_by_label("Found").fill("6")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert_accessible(page)
    page.get_by_role("button", name="Fewer than that").click()
    expect(page.locator(".walk-note")).to_contain_text("The rest: 3 from A-02, 1 waits for stock.")
    expect(page.locator(".walk-bin dd")).to_have_text("A-02")
    page.get_by_role("button", name="Picked").click()
    expect(page.get_by_text("is picked")).to_be_visible()
    assert LinePart.objects.get().picked == 9

    # The manager counts the bin: two more were there than anybody found
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(reverse("warehouse:counts"))
    page.get_by_role("link", name="A-01").click()
    page.get_by_label("Really there").fill("2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("A-01 is counted.")).to_be_visible()
    assert Count.objects.get().status == Count.Status.DONE
    stock = BinStock.objects.get(product=product, bin__code="A-01")
    assert (stock.quantity, stock.blocked) == (2, 0)

    # Two parcels: four by scan, then what is left
    page.goto(reverse("warehouse:pack_order", args=[order.pk]))
    expect(page.get_by_role("button", name=re.compile("^Pack 9 units"))).to_be_visible()
    for _ in range(4):
        page.get_by_label("Scan").fill(product.sku.lower())
        page.keyboard.press("Enter")
    expect(page.locator("[data-scan-note]")).to_contain_text("4 of 9")
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name=re.compile("^Pack 5 units"))).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(reverse("warehouse:pack_queue")))
    first, second = Parcel.objects.order_by("pk")

    # Two shipments, each of one parcel
    for number, parcel in enumerate((first, second), start=1):
        page.goto(reverse("shipping:dispatch_order", args=[order.pk]))
        page.get_by_label("Scan").fill(parcel.number)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile("^Dispatch 1 parcel"))).to_be_visible()
        page.get_by_label("Carrier").fill("Parcel Van")
        page.get_by_label("Tracking number", exact=False).last.fill(f"PV {number}")
        assert_accessible(page)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text(f"{order.number} dispatched.")).to_be_visible()
    assert [shipment.tracking_number for shipment in Shipment.objects.order_by("pk")] == ["PV 1", "PV 2"]
    assert (LinePart.objects.get().shipped, SalesOrder.objects.get().fulfilment) == (9, Facet.PART)

    # Both arrive
    page.goto(reverse("shipping:shipments"))
    page.locator("[data-check-all]").check()
    page.get_by_role("button", name=re.compile("^Deliver 2 shipments")).click()
    page.get_by_label("Received by").fill("J. Smith")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 shipments delivered.")).to_be_visible()
    assert LinePart.objects.get().delivered == 9
