"""The way back in Chromium: from the scan at the dock over grades to the settlement, and out of quarantine."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing import services as billing_services
from billing.models import Payment
from core.roles import Role
from inventory.models import Product, StockLevel
from orders.models import LinePart
from returns import services
from returns.models import Grade, ReturnOrder, ReturnSettlement
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.browser.looks import every_look
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import asked, decided, inspected, received
from tests.factories.shipping import dispatch, dispatched
from tests.factories.warehouse import packed

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Hand-thrown stoneware jar with a lid, cork seal and a handle that is as long as its description is"


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


@pytest.fixture
def product(house):
    return house.product([20], price="10")


@pytest.fixture
def order(house, product):
    """Five units that have left and are billed and paid, at 12.00 with tax."""
    order = dispatched(house, (product, 5))
    billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
    billing_services.record_payments(receipts=[billing_services.Receipt(order.pk)], actor=house.boss, at=AT)
    return order


def test_a_refused_parcel_goes_from_the_scan_at_the_dock_to_its_refund(house, order, sign_in, page, assert_accessible):
    """PRODUCT.md case 71, as the returns clerk and the accountant see it."""
    part = LinePart.objects.get().pk
    sign_in(person(Role.RETURNS_CLERK, company=house.company))
    page.goto(reverse("returns:dock"))
    expect(page.get_by_label("Scan")).to_be_focused()
    page.keyboard.type("NOBODY")
    page.keyboard.press("Enter")
    expect(page.locator("#scan-note")).to_contain_text("look at the box again")
    page.get_by_label("Scan").fill("PV1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(f"Receive goods of {order}")
    expect(page.locator(f"[name=part-{part}]")).to_have_value("5")
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Say whether to send it again or to refund it.")).to_be_visible()
    page.get_by_label("What is to be done").select_option("REFUND")
    page.keyboard.press("Control+Enter")
    made_chip = page.locator("h1 .chip", has_text="Delivery failure")
    expect(made_chip).to_be_visible()
    made = ReturnOrder.objects.get()
    assert Shipment.objects.get().status == "RETURNED"

    grades = page.locator("form", has=page.get_by_role("heading", name="Inspect"))
    grades.locator(f"[name=part-{part}-A]").fill("3")
    grades.locator(f"[name=part-{part}-B]").fill("2")
    grades.get_by_role("button", name=re.compile("^Grade")).click()
    expect(page.locator("#return")).to_contain_text("2 in quarantine")
    assert StockLevel.objects.get().sellable == 18
    assert_accessible(page)

    page.context.clear_cookies()
    sign_in(person(Role.ACCOUNTANT, company=house.company))
    page.goto(reverse("returns:queue") + "?tab=decided")
    page.get_by_role("link", name=made.number).click()
    settlement = page.locator("#settlement")
    expect(settlement.get_by_label("Settle by")).to_have_value("REFUND")
    expect(settlement).to_contain_text("60.00")
    assert_accessible(page)
    page.keyboard.press("Control+Enter")
    expect(settlement.get_by_role("heading")).to_have_text("Settled: credit note and refund")
    assert Payment.objects.get(amount__lt=0).amount == -60

    page.context.clear_cookies()
    sign_in(person(Role.WAREHOUSE_MANAGER, company=house.company))
    page.goto(reverse("returns:queue") + "?tab=quarantine")
    page.get_by_role("link", name=made.number).click()
    quarantine = page.locator("form", has=page.get_by_role("heading", name="In quarantine"))
    quarantine.locator(f"[name=units-{part}-Q]").fill("2")
    quarantine.get_by_label("What was found").fill("Only the box was torn")
    quarantine.get_by_role("button", name=re.compile("^Take out")).click()
    expect(page.locator("#return")).to_contain_text("Restock from quarantine: 2")
    assert StockLevel.objects.get().sellable == 20


class TestPages:
    @pytest.fixture
    def returns(self, house, product):
        """A return at each step, one of a thing with a long name, and one of what was lost."""
        long = house.product([20])
        Product.objects.filter(pk=long.pk).update(name=LONG)
        order = packed(house, (product, 9), (long, 9))
        dispatch(house, order)
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        note = "They ordered the small one, got the large one, and would like to have the small one after all"
        made = [
            asked(house, order, {product: 1, long: 2}, authorize=False, note=note),
            asked(house, order, {product: 1}),
            received(house, order, {product: 1, long: 1}),
            inspected(house, order, {product: 1, long: 1}),
            decided(house, order, {product: 2, long: 1}, grade=Grade.B),
            decided(house, order, {long: 1}, grade=Grade.X),
        ]
        by = {"actor": house.boss, "at": AT}
        services.settle_return(return_id=made[-1].pk, kind=ReturnSettlement.Kind.CREDIT, **by)
        lost = dispatched(house, (long, 2))
        shipment = Shipment.objects.get(order=lost)
        shipping_services.lose_shipments(shipment_ids=[shipment.pk], claim="CL-7", note="", **by)
        return [*made, ReturnOrder.objects.get(reason="LOST")]

    @every_look()
    def test_are_accessible_and_fit_the_screen(self, house, returns, sign_in, page, assert_accessible, theme, width):
        sign_in(house.boss)
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        order = returns[0].order_id
        for address in (
            reverse("returns:dock"),
            reverse("returns:dock") + f"?code={returns[0].order}",
            reverse("returns:dock") + "?code=NOBODY",
            reverse("returns:create", args=[order]),
            reverse("returns:receive_blind", args=[order]),
            *(f"{reverse('returns:queue')}?tab={tab}" for tab in ("requested", "decided", "quarantine", "inspected")),
            *(reverse("returns:return", args=[row.pk]) for row in returns),
            reverse("orders:detail", args=[order]),
        ):
            page.goto(address)
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
