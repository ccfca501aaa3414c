"""Leaving the straight way in Chromium: hold and lift, cancel after the pick, and the way back to the shelf."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core.roles import Role
from inventory.models import StockLevel
from orders.models import Hold, SalesOrder
from tests.factories.core import person
from tests.factories.house import House
from tests.factories.warehouse import picked
from warehouse.models import PutBack

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


def test_an_order_is_cancelled_after_its_pick_and_the_goods_go_back(house, sign_in, page, assert_accessible):
    """PRODUCT.md case 29, as the sales manager and the picker see it."""
    order = picked(house, (house.product([9]), 4), (house.product([9]), 2))
    sign_in(person(Role.SALES_MANAGER, company=house.company))
    page.goto(reverse("orders:detail", args=[order.pk]))
    page.get_by_role("button", name=re.compile("^More")).click()
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    expect(page.locator("#effect")).to_contain_text("6 picked units to be put back on the shelf")
    page.get_by_label("Reason").select_option("CUSTOMER")
    assert_accessible(page)
    page.get_by_label("Units of lines").check()
    page.get_by_label("Units of line 2 to cancel").fill("1")
    expect(page.locator("#effect")).to_contain_text("1 picked unit to be put back")
    page.get_by_label("The whole order").check()
    expect(page.locator("#effect")).to_contain_text("the order ends")
    assert SalesOrder.objects.get(pk=order.pk).status == "RELEASED"
    page.get_by_role("button", name=re.compile("^Cancel it")).click()
    expect(page.locator("h1 .chip", has_text="Cancelled")).to_be_visible()
    expect(page.locator(".timeline-list")).to_contain_text("6 to be put back")
    assert_accessible(page)

    page.context.clear_cookies()
    page.set_viewport_size(PHONE)
    sign_in(person(Role.PICKER, company=house.company))
    page.goto(reverse("warehouse:put_backs"))
    page.get_by_role("link", name=re.compile("^One by one")).click()
    expect(page.get_by_text("2 to put back")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.get_by_label("Another shelf").fill("NOWHERE")
    page.get_by_role("button", name="Put back").click()
    expect(page.locator("#refusal")).to_contain_text("No shelf here is called NOWHERE")
    page.get_by_label("Another shelf").fill("a-02")
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_text("1 to put back")).to_be_visible()
    expect(page.get_by_role("button", name="Put back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything is back")).to_be_visible()
    assert sorted(PutBack.objects.values_list("bin__code", flat=True)) == ["A-01", "A-02"]
    assert {(level.sellable, level.staged) for level in StockLevel.objects.all()} == {(9, 0)}


def test_an_order_is_held_without_its_stock_and_goes_on_when_that_is_lifted(house, sign_in, page, assert_accessible):
    order = house.order((house.product([9]), 4), (house.product([9]), 2))
    sign_in(person(Role.SALES_ADMIN, company=house.company))
    page.goto(reverse("orders:hold", args=[order.pk]))
    page.get_by_label(re.compile("^In words")).fill("New label on its way")
    expect(page.locator("#effect")).to_contain_text("neither released nor dispatched")
    page.get_by_label("Keep the stock promised").uncheck()
    expect(page.locator("#effect")).to_contain_text("6 units of stock can be sold to others")
    assert_accessible(page)
    assert not Hold.objects.exists()
    page.get_by_role("button", name=re.compile("^Put on hold")).click()
    expect(page.locator(".hold-notice")).to_contain_text("New label on its way")
    assert_accessible(page)
    page.goto(f"{reverse('orders:queue')}?tab=held")
    expect(page.locator("#queue .chip", has_text="On hold")).to_have_count(1)
    page.goto(reverse("orders:detail", args=[order.pk]))
    page.get_by_role("button", name="Lift hold").click()
    expect(page.get_by_text("6 units have stock again.")).to_be_visible()
    expect(page.locator(".hold-notice")).to_have_count(0)
