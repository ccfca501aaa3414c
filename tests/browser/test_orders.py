"""The sales admin's desk in Chromium: an order keyed without the mouse, mended, confirmed once, and a file imported."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from core.models import Note, Session, User
from core.roles import Role
from inventory.models import Demand, Product, Substitute
from orders.models import Customer, OrderEvent, SalesOrder
from tests.browser.looks import every_look
from tests.factories.core import PASSWORD, person, work_imports
from tests.factories.inventory import stock
from tests.factories.orders import CustomerFactory, make_order, priced

pytestmark = pytest.mark.django_db(transaction=True)

NEW = reverse("orders:create")


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(number="C-100", name="Bright & Day")


@pytest.fixture
def heart(customer: Customer) -> Product:
    heart = priced(customer, sku="85123A", name="White hanging heart", price="2.55")
    stock(heart, 5)
    return heart


@pytest.fixture
def bottle(customer: Customer) -> Product:
    return priced(customer, sku="84029E", name="Red woolly bottle", price="3.39", gtin="4006381333931")


@pytest.fixture
def seller(customer: Customer, sign_in: Callable[[User], None]) -> User:
    seller = person(Role.SALES_ADMIN, company=customer.company)
    sign_in(seller)
    return seller


def pick(page: Page, text: str, offered: str) -> None:
    """Type letters into the box that has the focus, and take the first that is offered."""
    page.keyboard.type(text)
    expect(page.locator("#lookup-list [aria-selected=true]")).to_contain_text(offered)
    page.keyboard.press("Enter")


def key_head(page: Page, po_number: str) -> None:
    """Key the head of an order, from the customer to the first item, without the mouse."""
    page.goto(NEW)
    expect(page.get_by_label("Customer")).to_be_focused()
    pick(page, "bri", "Bright & Day")
    expect(page.get_by_label("PO number")).to_be_focused()
    page.keyboard.type(po_number)
    for _box in range(4):
        page.keyboard.press("Enter")
    expect(item(page, 1)).to_be_focused()


def item(page: Page, line: int):
    return page.locator(f"#row-{line}-item")


class TestKeying:
    def test_an_order_is_keyed_priced_and_confirmed_by_keys_alone(self, page, seller, heart, bottle, assert_accessible):
        key_head(page, "PO-77")
        pick(page, "heart", "5 free")
        page.keyboard.type("12")
        expect(page.locator("#row-1-net")).to_have_text("30.60")
        expect(page.locator("#row-1-item-note")).to_contain_text("5 free")
        for _box in range(3):
            page.keyboard.press("Enter")
        page.keyboard.type("4006381333931")
        page.keyboard.press("Tab")
        page.keyboard.type("2")
        page.keyboard.press("Tab")
        page.keyboard.type("3")
        page.keyboard.press("Tab")
        page.keyboard.type("10")
        expect(page.locator("#row-2-item-note")).to_contain_text("Red woolly bottle")
        expect(page.locator("#row-2-net")).to_have_text("5.40")
        expect(page.locator("#entry-totals")).to_contain_text("43.20")
        assert_accessible(page)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("SO-")
        expect(page.locator("#toasts")).to_contain_text("confirmed. 9 units wait for stock.")
        order = SalesOrder.objects.get()
        assert (order.status, order.po_number) == ("CONFIRMED", "PO-77")
        assert [(line.product, line.quantity) for line in order.lines.order_by("position")] == [
            (heart, 12),
            (bottle, 2),
        ]
        assert_accessible(page)

    def test_the_next_order_follows_at_once_and_a_deleted_line_comes_back(self, page, seller, heart):
        key_head(page, "PO-1")
        pick(page, "heart", "5 free")
        page.keyboard.type("2")
        page.keyboard.press("Control+Backspace")
        expect(page.locator("#toasts")).to_contain_text("Line 1 deleted.")
        expect(item(page, 1)).to_have_value("")
        page.keyboard.press("Control+z")
        expect(item(page, 1)).to_have_value("85123A")
        expect(page.locator("#row-1-quantity")).to_have_value("2")
        page.keyboard.press("Control+Shift+Enter")
        expect(page.locator("#toasts")).to_contain_text("confirmed.")
        expect(page.get_by_label("PO number")).to_be_focused()
        expect(page.get_by_label("PO number")).to_have_value("")
        expect(page.get_by_label("Customer")).to_have_value(re.compile("C-100"))
        assert SalesOrder.objects.get().status == SalesOrder.Status.CONFIRMED

    def test_a_typed_price_stays_while_the_quantity_changes(self, page, seller, heart):
        key_head(page, "PO-1")
        pick(page, "85123", "White hanging heart")
        expect(page.locator("#row-1-price")).to_have_attribute("placeholder", "2.55")
        page.locator("#row-1-price").fill("2")
        page.locator("#row-1-quantity").fill("3")
        expect(page.locator("#row-1-net")).to_have_text("6.00")
        expect(page.locator("#row-1-price")).to_have_value("2")

    def test_a_mistake_is_said_at_its_cell_with_the_focus_in_it_and_everything_there(
        self, page, seller, heart, assert_accessible
    ):
        key_head(page, "PO-1")
        page.keyboard.type("NOSUCH")
        page.keyboard.press("Tab")
        page.keyboard.type("4")
        expect(page.locator("#row-1-item-note")).to_have_text("There is no product NOSUCH.")
        page.keyboard.press("Control+Enter")
        expect(item(page, 1)).to_be_focused()
        expect(item(page, 1)).to_have_value("NOSUCH")
        expect(page.locator("#row-1-quantity")).to_have_value("4")
        expect(page.get_by_label("PO number")).to_have_value("PO-1")
        assert_accessible(page)
        item(page, 1).fill("")
        pick(page, "heart", "White hanging heart")
        expect(page.locator("#row-1-item-note .field-error")).to_have_count(0)
        page.keyboard.press("Control+s")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert SalesOrder.objects.get().lines.get().quantity == 4

    def test_stock_prices_and_substitutes_are_looked_up_and_taken_by_keys(self, page, seller, heart, bottle):
        Product.objects.update(unit=heart.unit)
        Substitute.objects.create(product=heart, stand_in=bottle)
        key_head(page, "PO-1")
        pick(page, "heart", "5 free")
        page.keyboard.type("4")
        expect(page.locator("#row-1-net")).to_have_text("10.20")
        page.keyboard.press("F6")
        expect(page.locator("#peek")).to_contain_text("5 pc free now")
        page.keyboard.press("Escape")
        expect(page.locator("#row-1-quantity")).to_be_focused()
        page.keyboard.press("F7")
        expect(page.locator("#peek [data-take-price]").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#row-1-price")).to_have_value("2.55")
        expect(page.locator("#row-1-price")).to_be_focused()
        page.keyboard.press("F8")
        expect(page.locator("#peek [data-take-item]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(item(page, 1)).to_have_value(bottle.sku)
        expect(page.locator("#row-1-net")).to_have_text("10.20")
        here = page.evaluate("document.activeElement.id")
        page.keyboard.press("F9")
        page.keyboard.type("Ring first.")
        page.keyboard.press("Enter")
        page.keyboard.type("Then come.")
        page.keyboard.press("F9")
        assert page.evaluate("document.activeElement.id") == here
        page.keyboard.press("Control+s")
        expect(page.locator("#notes")).to_contain_text("Ring first.")
        assert Note.objects.get().text == "Ring first.\nThen come."

    def test_what_was_offered_before_is_not_chosen_once_letters_follow(self, page, seller, heart):
        key_head(page, "PO-1")
        page.keyboard.type("hear")
        chosen = page.locator("#lookup-list [aria-selected=true]")
        expect(chosen).to_contain_text("White hanging heart")
        page.route("**/orders/new/products/**", lambda _never_answered: None)
        page.keyboard.type("t")
        expect(chosen).to_have_count(0)
        expect(page.locator("#lookup-list")).to_contain_text("White hanging heart")
        page.keyboard.press("ArrowDown")
        expect(chosen).to_contain_text("White hanging heart")
        page.keyboard.press("Enter")
        expect(item(page, 1)).to_have_value("85123A")

    def test_lines_are_added_copied_and_deleted_by_keys(self, page, seller, heart):
        key_head(page, "PO-1")
        rows = page.locator("#grid-rows tr")
        page.keyboard.type("85123A")
        expect(page.locator("#lookup-list [aria-selected=true]")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+d")
        expect(item(page, 2)).to_have_value("85123A")
        page.locator("#row-1-quantity").fill("1")
        page.locator("#row-2-quantity").fill("2")
        expect(page.locator("#entry-totals")).to_contain_text("7.65")
        page.locator("#row-1-quantity").press("Control+Backspace")
        expect(page.locator("#row-1-quantity")).to_have_value("2")
        expect(page.locator("#row-1-net")).to_have_text("5.10")
        expect(rows).to_have_count(4)
        page.locator("#row-4-discount").press("Enter")
        expect(rows).to_have_count(5)
        expect(item(page, 5)).to_be_focused()

    def test_rows_of_a_spreadsheet_are_pasted(self, page, seller, heart, bottle):
        key_head(page, "PO-1")
        page.evaluate(
            """() => {
                const data = new DataTransfer();
                data.setData("text/plain", Array(7).fill("85123A\\t2\\r\\n84029E\\t1\\t3").join("\\r\\n"));
                document.activeElement.dispatchEvent(
                    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }"""
        )
        expect(page.locator("#row-14-net")).to_have_text("3.00")
        page.keyboard.press("Control+s")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert SalesOrder.objects.get().lines.count() == 14

    def test_a_double_click_makes_one_order(self, page, seller, heart):
        key_head(page, "PO-1")
        pick(page, "heart", "White")
        page.keyboard.type("1")
        page.get_by_role("button", name="Save and confirm").dblclick()
        expect(page.get_by_role("heading", level=1)).to_contain_text("SO-")
        assert SalesOrder.objects.count() == 1
        assert Demand.objects.count() == 1

    def test_a_po_number_that_is_taken_leads_to_its_order(self, page, seller, customer, heart):
        order = make_order(customer, (heart, 1), po_number="PO 1", actor=seller)
        key_head(page, "po-1")
        link = page.get_by_role("link", name="Open that order")
        expect(link).to_have_attribute("href", reverse("orders:detail", args=[order.pk]))
        pick(page, "heart", "White")
        page.keyboard.type("2")
        expect(page.locator("#entry-duplicate tbody tr")).to_contain_text("differs")
        page.get_by_label("Take this in as an additional release").check()
        expect(page.locator("#po_number-note")).to_be_empty()
        page.keyboard.press("Control+s")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert sorted(SalesOrder.objects.values_list("po_release", flat=True)) == [1, 2]

    def test_a_press_is_not_lost_while_what_was_typed_is_priced(self, page, seller, customer, heart):
        make_order(customer, (heart, 1), po_number="PO 1", actor=seller)
        key_head(page, "po-1")
        pick(page, "heart", "White")
        page.keyboard.type("2")
        expect(page.locator("#entry-duplicate tbody tr")).to_contain_text("differs")
        again = page.get_by_label("Take this in as an additional release")
        again.hover()
        with page.expect_response(lambda answer: answer.url.endswith("/preview/")):
            page.mouse.down()
        page.wait_for_timeout(100)
        page.mouse.up()
        expect(again).to_be_checked()
        expect(page.locator("#po_number-note")).to_be_empty()
        expect(again).to_be_checked()

    def test_nothing_is_lost_when_the_session_ends(self, page, seller, heart):
        key_head(page, "PO-1")
        # Its price has come, so that the dialog comes of what is typed, not before it
        with page.expect_response(lambda answer: answer.url.endswith("/preview/") and "heart" in answer.text()):
            pick(page, "heart", "White")
        Session.objects.all().delete()
        page.keyboard.type("3")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Your session has ended")
        dialog.get_by_label("E-mail address").fill(seller.email)
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog).to_be_hidden()
        expect(page.locator("#row-1-quantity")).to_have_value("3")
        page.get_by_role("button", name="Save draft").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert SalesOrder.objects.get().lines.get().quantity == 3

    def test_what_was_typed_survives_a_closed_tab(self, page, context, seller, heart, assert_accessible):
        key_head(page, "PO-1")
        pick(page, "heart", "White")
        page.keyboard.type("7")
        expect(page.locator("#entry-kept")).to_contain_text("Kept")
        page.keyboard.type("8")
        page.close()
        other = context.new_page()
        other.goto(NEW)
        expect(other.get_by_role("region", name="Not saved yet")).to_contain_text("Bright & Day, 1 line")
        assert_accessible(other)
        other.get_by_role("link", name="Go on with it").click()
        # The last key was pressed in the moment before the tab was closed
        expect(other.locator("#row-1-quantity")).to_have_value("78")
        expect(other.get_by_label("PO number")).to_have_value("PO-1")
        other.get_by_role("button", name="Save draft").click()
        expect(other.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert SalesOrder.objects.get().lines.get().quantity == 78
        other.goto(NEW)
        expect(other.get_by_role("region", name="Not saved yet")).to_have_count(0)

    def test_what_was_typed_can_be_discarded(self, page, seller, heart):
        key_head(page, "PO-1")
        expect(page.locator("#entry-kept")).to_contain_text("Kept")
        page.get_by_role("link", name="Close").click()
        page.goto(NEW)
        page.get_by_role("button", name="Discard").click()
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(page.get_by_role("region", name="Not saved yet")).to_have_count(0)
        assert not SalesOrder.objects.exists()

    def test_leaving_is_asked_about_where_nothing_could_be_kept(self, page, seller, heart):
        key_head(page, "PO-1")
        page.route("**/orders/new/sheet/", lambda route: None)
        page.keyboard.type("85")
        asked = []

        def answer(dialog):
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", answer)
        page.wait_for_timeout(1200)
        page.get_by_role("link", name="Close").click()
        page.wait_for_timeout(200)
        assert asked == ["beforeunload"]
        expect(page.get_by_label("PO number")).to_have_value("PO-1")
        page.remove_listener("dialog", answer)
        page.on("dialog", lambda dialog: dialog.accept())


class TestPrices:
    def test_of_a_quantity_are_added_and_counted_while_an_order_is_keyed(
        self, page, sign_in, customer, heart, assert_accessible
    ):
        sign_in(person(Role.SALES_MANAGER, company=customer.company))
        page.goto(reverse("orders:prices", args=[customer.price_list_id]))
        assert_accessible(page)
        page.keyboard.press("n")
        page.get_by_label("Product").click()
        pick(page, "hanging", "White hanging heart")
        page.get_by_label("Price").fill("2.20")
        page.get_by_label("From quantity").fill("12")
        assert_accessible(page)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#queue [data-row]")).to_have_count(2)
        key_head(page, "PO-1")
        pick(page, "heart", "White hanging heart")
        page.keyboard.type("12")
        expect(page.locator("#row-1-net")).to_have_text("26.40")
        expect(page.locator("#row-1-price-note")).to_contain_text("from 12 pc")
        page.locator("#row-1-quantity").fill("11")
        expect(page.locator("#row-1-net")).to_have_text("28.05")

    def test_name_an_item_by_the_customers_own_number(self, page, seller, customer, heart, assert_accessible):
        page.goto(reverse("orders:create_part", args=[customer.pk]))
        page.get_by_label("Their number").fill("LOVE-1")
        page.get_by_label("Product").click()
        pick(page, "hanging", "White hanging heart")
        assert_accessible(page)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#queue")).to_contain_text("LOVE-1")
        key_head(page, "PO-1")
        pick(page, "love", "their LOVE-1")
        expect(page.locator("#row-1-item-note")).to_contain_text("White hanging heart")


class TestDrafts:
    def test_is_edited_by_keys_on_the_same_page(self, page, seller, customer, heart, bottle, assert_accessible):
        order = make_order(customer, (heart, 3), (bottle, 1), actor=seller)
        page.goto(reverse("orders:detail", args=[order.pk]))
        page.keyboard.press("e")
        expect(page.locator("#row-1-quantity")).to_have_value("3")
        expect(page.locator("#entry-totals")).to_contain_text(re.compile(r"Total"))
        page.locator("#row-1-quantity").fill("4")
        page.locator("#row-2-item").press("Control+Backspace")
        page.get_by_label("Order discount").fill("10 %")
        expect(page.locator("#entry-totals")).to_contain_text("1.02")
        assert_accessible(page)
        page.keyboard.press("Control+s")
        expect(page.locator("#toasts")).to_contain_text(f"Draft {order.pk} saved.")
        order = SalesOrder.objects.get()
        assert [(line.product, line.quantity) for line in order.lines.all()] == [(heart, 4)]
        assert order.net == Decimal("9.18")

    def test_changed_in_two_tabs_is_not_overwritten_unasked(self, page, context, seller, customer, heart):
        order = make_order(customer, (heart, 3), actor=seller)
        other = context.new_page()
        for tab in (page, other):
            tab.goto(reverse("orders:edit", args=[order.pk]))
        page.locator("#row-1-quantity").fill("4")
        page.keyboard.press("Control+s")
        expect(page.locator("#toasts")).to_contain_text("saved")
        other.locator("#row-1-quantity").fill("5")
        other.keyboard.press("Control+s")
        expect(other.locator("form.entry [role=alert]")).to_contain_text("quantity 3 → 4")
        expect(other.locator("#row-1-quantity")).to_have_value("5")
        assert SalesOrder.objects.get().lines.get().quantity == 4
        other.keyboard.press("Control+s")
        expect(other.locator("#toasts")).to_contain_text("saved")
        assert SalesOrder.objects.get().lines.get().quantity == 5

    def test_is_discarded_once_asked(self, page, seller, customer, heart):
        order = make_order(customer, (heart, 3), actor=seller)
        page.goto(reverse("orders:detail", args=[order.pk]))
        page.get_by_role("button", name="More").click()
        page.get_by_role("button", name="Discard").click()
        assert SalesOrder.objects.get().status == "DRAFT"
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Cancelled")


class TestWithoutJavaScript:
    @pytest.fixture
    def plain_page(self, browser, live_server, customer):
        context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
        page = context.new_page()
        seller = person(Role.SALES_ADMIN, company=customer.company)
        page.goto("/login/")
        page.get_by_label("E-mail address").fill(seller.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        yield page
        context.close()

    def test_five_lines_can_be_keyed_and_more_asked_for(self, plain_page, customer, heart):
        page = plain_page
        page.goto(NEW)
        page.get_by_label("Customer").fill("C-100")
        page.get_by_label("PO number").fill("PO-1")
        item(page, 1).fill("85123A")
        page.locator("#row-1-quantity").fill("2")
        page.get_by_role("button", name="Add a line").click()
        expect(page.locator("#grid-rows tr")).to_have_count(10)
        page.get_by_role("button", name="Save draft").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Draft")
        assert SalesOrder.objects.get().lines.get().quantity == 2


class TestOrderPage:
    def test_every_button_pressed_twice_does_it_once(self, page, seller, customer, heart, bottle):
        order = make_order(customer, (heart, 1), (bottle, 3), actor=seller)
        page.goto(reverse("orders:detail", args=[order.pk]))
        page.get_by_role("button", name="Confirm").dblclick()
        expect(page.get_by_role("heading", level=1)).to_contain_text("SO-")
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.CONFIRMED).count() == 1
        assert Demand.objects.count() == 2
        stock(bottle, 2)
        page.reload()
        page.get_by_role("button", name="Allocate").dblclick()
        expect(page.locator("#toasts")).to_contain_text("Stock allocated.")
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.ALLOCATED).count() == 1
        assert Demand.objects.get(product=bottle).allocated == 2

    def test_two_tabs_confirm_once(self, page, context, seller, customer, heart):
        order = make_order(customer, (heart, 1), actor=seller)
        other = context.new_page()
        for tab in (page, other):
            tab.goto(reverse("orders:detail", args=[order.pk]))
        for tab in (page, other):
            tab.get_by_role("button", name="Confirm").click()
            expect(tab.get_by_role("heading", level=1)).to_contain_text("SO-")
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.CONFIRMED).count() == 1

    @every_look()
    def test_fits_its_screen_and_can_be_read(
        self, page, seller, customer, heart, bottle, assert_accessible, width, theme
    ):
        order = make_order(customer, (heart, 7), (bottle, 3), confirmed=True, actor=seller)
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        for url in (
            "/orders/?tab=all",
            reverse("orders:detail", args=[order.pk]),
            NEW,
            reverse("orders:customer", args=[customer.pk]),
        ):
            page.goto(url)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
            assert_accessible(page)


class TestQueue:
    def test_drafts_are_confirmed_together_by_keys(self, page, seller, customer, heart, assert_accessible):
        orders = [make_order(customer, (heart, 1), po_number=f"PO-{n}", actor=seller) for n in range(2)]
        page.goto("/orders/")
        assert_accessible(page)
        for key in "jxjx":
            page.keyboard.press(key)
        page.keyboard.press("c")
        expect(page.locator("#toasts")).to_contain_text("2 orders confirmed.")
        for order in orders:
            expect(page.locator(f"#salesorder-{order.pk}")).to_contain_text("Confirmed")


class TestImport:
    def test_a_file_is_taken_in_and_its_refused_rows_come_back(
        self, page, seller, heart, tmp_path: Path, assert_accessible
    ):
        file = tmp_path / "may orders.csv"
        file.write_text(
            "PO number,customer,SKU,quantity,price,date\n"
            "P1,C-100,85123A,2,2.5,2026-11-20\n"
            "P1,C-100,NONE,2,2.5,2026-11-20\n"
        )
        page.goto(f"{reverse('core:import_file')}?kind=orders")
        assert_accessible(page)
        page.get_by_label("File of orders").set_input_files(file)
        page.get_by_role("button", name="Look at the file").dblclick()
        expect(page.get_by_label("SKU")).to_have_value("2")
        assert_accessible(page)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#import")).to_contain_text("Reading the file")
        work_imports()
        expect(page.locator("#import")).to_contain_text("There is no product NONE.")
        assert_accessible(page)
        assert not SalesOrder.objects.exists()
        page.get_by_role("button", name="Load 1 row").click()
        expect(page.locator("#import")).to_contain_text("Loading")
        work_imports()
        expect(page.locator("#import")).to_contain_text("made or changed")
        with page.expect_download() as download:
            page.get_by_role("link", name="All 1 as CSV").click()
        assert download.value.suggested_filename == "may orders-refused.csv"
        assert "NONE" in Path(download.value.path()).read_text()
        assert SalesOrder.objects.count() == 1


def test_a_phone_sees_the_tab_that_it_is_on(page, seller):
    page.set_viewport_size({"width": 360, "height": 740})
    tab = page.locator("#queue-tabs [aria-current]")
    page.goto(f"{reverse('orders:queue')}?tab=credit")
    expect(tab).to_contain_text("Credit hold")
    expect(tab).to_be_in_viewport(ratio=1)
    page.locator("#queue-tabs").get_by_role("link", name="Released").click()
    expect(tab).to_contain_text("Released")
    expect(tab).to_be_in_viewport(ratio=1)
