"""The search box in Chromium: keys alone, a scan that is quicker than the answer, and nothing behind it that hears."""

import pytest
from playwright.sync_api import expect

from core.roles import Role
from tests.factories.core import CompanyFactory, person
from tests.factories.inventory import ProductFactory

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_the_box_finds_goes_and_does_and_keeps_the_keys(page, sign_in, assert_accessible):
    company = CompanyFactory()
    sign_in(person(Role.SALES_MANAGER, company=company))
    lamp = ProductFactory(company=company, sku="LAMP-1", name="Red lamp")
    lamps = ProductFactory(company=company, sku="LAMP-2", name="Blue lamp", gtin="4006381333931")
    page.goto("/products/")
    page.keyboard.press("/")
    box = page.locator("#palette").get_by_role("combobox")
    options = page.locator("#palette").get_by_role("option")
    expect(box).to_be_focused()
    expect(options.filter(has_text="New order")).to_be_visible()
    page.keyboard.type("lamp")
    expect(options).to_have_count(2)
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)
    page.emulate_media(color_scheme="light")
    page.keyboard.press("ArrowDown")
    expect(options.filter(has_text="LAMP-2")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/products/{lamps.pk}/")

    # A scan and its Enter come before any answer
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.insert_text("LAMP-1")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/products/{lamp.pk}/")

    # A scan needs no box: whatever has the focus, it opens what was scanned and presses no key on its way
    page.goto("/products/")
    page.evaluate("document.body.dataset.scanGap = 5000")
    page.locator("#queue [data-row] a").first.focus()
    page.keyboard.type("4006381333931\n")
    page.wait_for_url(f"**/products/{lamps.pk}/")

    # What the page can do is offered too; behind the box no key acts, and neither does the box behind another dialog
    page.goto("/products/")
    page.keyboard.press("Control+k")
    page.keyboard.type("new prod")
    expect(options).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("n")
    assert page.url.endswith("/products/")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Search, or go anywhere")
    page.keyboard.press("/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_hidden()


def test_the_box_does_what_has_no_key_on_the_page(page, sign_in):
    company = CompanyFactory()
    sign_in(person(Role.SALES_MANAGER, company=company))
    ProductFactory(company=company, sku="LAMP-1")
    page.goto("/products/")
    options = page.locator("#palette").get_by_role("option")

    page.keyboard.press("/")
    expect(options.filter(has_text="New product")).to_be_visible()
    expect(options.filter(has_text="CSV")).to_have_count(0)
    page.keyboard.type("save csv")
    expect(options).to_have_count(1)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert "LAMP-1" in download.value.path().read_text()

    page.goto("/orders/")
    page.keyboard.press("/")
    page.keyboard.type("show late")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#queue-tabs [aria-current]")).to_contain_text("Late")
    page.keyboard.press("/")
    page.keyboard.type("views of")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save this view")).to_be_focused()
