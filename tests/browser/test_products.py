"""The catalogue in Chromium: worked by keys alone, on a phone, in both themes, and across the end of a session."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from core.models import User
from core.roles import Role
from inventory.models import Product
from tests.browser.looks import DESK, PHONE, every_look
from tests.factories.core import PASSWORD, CompanyFactory, person
from tests.factories.inventory import ProductFactory, UnitFactory, stock

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company():
    """The company at work."""
    return CompanyFactory()


@pytest.fixture
def manager(company, sign_in):
    """A sales manager, signed in."""
    manager = person(Role.SALES_MANAGER, company=company, name="Ann Marsh")
    sign_in(manager)
    return manager


@pytest.fixture
def products(company):
    """Enough products for two pages."""
    products = ProductFactory.create_batch(60, company=company)
    stock(products[0], 1_234)
    return products


def row(page, product):
    """Return a product's row."""
    return page.locator(f"#product-{product.pk}")


class TestKeys:
    def test_select_rows_and_close_them(self, page, manager, products):
        page.goto("/products/")
        page.keyboard.press("j")
        expect(row(page, products[0])).to_have_attribute("data-current", "")
        expect(row(page, products[0]).get_by_role("link")).to_be_focused()
        for key in "xjjx":
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="Close 2 products")).to_be_enabled()
        page.keyboard.press("c")
        expect(page.locator("#toasts")).to_contain_text("2 products closed to new orders.")
        expect(row(page, products[0])).to_contain_text("Closed")
        expect(page.locator("#queue-tabs")).to_contain_text("Closed 2")
        expect(page.get_by_role("button", name="Close selected")).to_be_disabled()
        assert Product.objects.filter(is_active=False).count() == 2

    def test_open_a_row_and_come_back_to_it(self, page, manager, products):
        page.goto("/products/?sort=-sku")
        for key in ["j", "j", "k", "j", "Enter"]:
            page.keyboard.press(key)
        page.wait_for_url(f"**/products/{products[58].pk}/")
        page.go_back()
        page.wait_for_url(f"**/products/?sort=-sku#product-{products[58].pk}")
        expect(row(page, products[58]).get_by_role("link")).to_be_focused()

    def test_search_without_losing_a_letter_and_leave_the_search(self, page, manager, company):
        ProductFactory(company=company, name="Red lamp")
        ProductFactory(company=company, name="Blue chair")
        page.goto("/products/")
        page.keyboard.press("f")
        page.keyboard.type("red lamp", delay=40)
        expect(page.locator("[data-row]")).to_have_count(1)
        expect(page.get_by_role("searchbox")).to_be_focused()
        expect(page.get_by_role("searchbox")).to_have_value("red lamp")
        expect(page.locator("#queue-count")).to_have_text("1")
        assert page.url.endswith("/products/?q=red+lamp")
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(page.locator("[data-row] a")).to_be_focused()

    def test_turn_the_page_and_sort(self, page, manager, products):
        page.goto("/products/")
        page.keyboard.press("]")
        expect(page.locator("[data-row]")).to_have_count(10)
        page.keyboard.press("[")
        expect(page.locator("[data-row]")).to_have_count(50)
        page.get_by_role("link", name="Name").click()
        expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
        page.get_by_role("link", name="Name").click()
        expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
        expect(page.locator("[data-row]").first).to_contain_text(products[59].name)
        page.go_back()
        expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
        expect(page.locator("nav.side")).to_have_count(1)

    def test_are_told_on_a_card_that_keeps_the_focus(self, page, manager, products):
        page.goto("/products/")
        page.keyboard.press("?")
        card = page.get_by_role("dialog", name="Keys")
        expect(card).to_contain_text("Next row")
        expect(card).to_contain_text("New product")
        page.keyboard.press("n")
        for _ in range(3):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        assert page.url.endswith("/products/")

    def test_go_places_and_do_nothing_while_one_types(self, page, manager, company):
        UnitFactory(company=company)
        page.goto("/products/")
        page.keyboard.press("n")
        page.wait_for_url("**/products/new/")
        expect(page.get_by_label("SKU")).to_be_focused()
        page.keyboard.type("gp?n/")
        expect(page.get_by_label("SKU")).to_have_value("gp?n/")
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/products/")


class TestForm:
    def test_adds_a_product_after_a_mistake(self, page, manager, company):
        UnitFactory(company=company)
        page.goto("/products/new/")
        page.keyboard.type("LAMP-1")
        page.get_by_label("Name").fill("Lamp")
        page.get_by_label("GTIN").fill("2000000000016")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_label("GTIN")).to_be_focused()
        expect(page.get_by_text("with these the last would be 5")).to_be_visible()
        expect(page.get_by_label("Name")).to_have_value("Lamp")
        page.get_by_label("GTIN").fill("2000000000015")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile(r"/products/\d+/$"))
        expect(page.locator("#toasts")).to_contain_text("Product added.")

    def test_adds_it_once_for_a_double_click(self, page, manager, company):
        UnitFactory(company=company)
        page.goto("/products/new/")
        page.get_by_label("SKU").fill("LAMP-1")
        page.get_by_label("Name").fill("Lamp")
        page.get_by_role("button", name="Add product").dblclick()
        page.wait_for_url(re.compile(r"/products/\d+/$"))
        assert Product.objects.count() == 1

    def test_outlives_the_session(self, page, context, manager, company):
        UnitFactory(company=company)
        page.goto("/products/new/")
        page.get_by_label("SKU").fill("LAMP-1")
        page.get_by_label("Name").fill("Lamp")
        context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        page.keyboard.press("Control+Enter")
        door = page.get_by_role("dialog", name="Your session has ended")
        expect(door.get_by_label("E-mail address")).to_be_focused()
        door.get_by_label("E-mail address").fill(manager.email)
        door.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(door.get_by_role("alert")).to_contain_text("do not belong together")
        expect(door.get_by_label("Password")).to_be_focused()
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(door).to_be_hidden()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Lamp")
        page.get_by_role("button", name="Add product").click()
        page.wait_for_url(re.compile(r"/products/\d+/$"))
        assert Product.objects.get().name == "Lamp"

    def test_works_without_scripts(self, browser, live_server, manager, company, sign_in, context):
        unit = UnitFactory(company=company)
        plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
        plain.add_cookies(context.cookies())
        page = plain.new_page()
        page.goto("/products/new/")
        page.get_by_label("SKU").fill("LAMP-1")
        page.get_by_role("button", name="Add product").click()
        expect(page.get_by_text("This field is required.")).to_be_visible()
        page.get_by_label("Name").fill("Lamp")
        page.get_by_role("button", name="Add product").click()
        expect(page.get_by_role("heading", name="Lamp")).to_be_visible()
        page.get_by_role("button", name="Close to orders").click()
        expect(page.get_by_text("Closed to new orders.")).to_be_visible()
        ProductFactory(company=company, unit=unit)
        page.goto("/products/?tab=all")
        page.get_by_role("checkbox", name="Select LAMP-1").check()
        page.get_by_role("button", name="Open selected").click()
        expect(page.get_by_text("Open for orders.")).to_be_visible()
        plain.close()


@every_look(PHONE, DESK, 1920)
def test_every_page_is_accessible_and_fits(page, manager, products, assert_accessible, theme, width):
    User.objects.filter(pk=manager.pk).update(theme=theme)
    page.set_viewport_size({"width": width, "height": 800})
    addresses = ["", "?q=nothing-has-this", f"{products[0].pk}/", f"{products[0].pk}/edit/", "new/", "999999999/"]
    for address in addresses:
        page.goto(f"/products/{address}")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is wider than {width}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_follows_the_device_and_is_accessible(page, assert_accessible, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/login/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    assert_accessible(page)


def test_a_phone_shows_an_entry_and_opens_it_by_a_touch_anywhere(page, manager, products):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/products/")
    entry = row(page, products[0])
    assert entry.bounding_box()["height"] >= 48
    expect(entry).to_contain_text("1,234")
    entry.click(position={"x": 250, "y": 40})
    page.wait_for_url(f"**/products/{products[0].pk}/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.wait_for_url(f"**/products/{products[0].pk}/")
