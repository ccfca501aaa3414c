"""The accountant's desk in Chromium: from what was shipped to a paid invoice by keys; its paper arrives on the page."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing import services, tasks
from billing.models import Invoice, Payment
from inventory.models import Product
from tests.browser.looks import every_look
from tests.factories.billing import AT, Trade

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade(sign_in) -> Trade:
    trade = Trade.start()
    sign_in(trade.accountant)
    return trade


class TestToInvoice:
    def test_posts_the_selected_orders_by_keys_and_shows_each_result(self, page: Page, trade: Trade) -> None:
        first, second = trade.shipped(), trade.shipped()
        page.goto("/invoices/due/")
        expect(page.locator("#queue-count")).to_have_text("2")
        for key in "jxjx":
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="Invoice 2 orders")).to_be_enabled()
        page.keyboard.press("i")
        expect(page.locator("#toasts")).to_contain_text("2 invoices posted.")
        for order in (first, second):
            number = Invoice.objects.get(order=order).number
            expect(page.locator(f"#salesorder-{order.pk}")).to_contain_text(number)
        expect(page.locator("#queue-count")).to_have_text("0")

    def test_posts_once_however_quickly_the_button_is_pressed_again(self, page: Page, trade: Trade) -> None:
        order = trade.shipped()
        page.goto(f"/orders/{order.pk}/")
        page.get_by_role("button", name=re.compile("^Invoice")).dblclick()
        expect(page.locator("#invoices")).to_contain_text("INV-")
        assert Invoice.objects.count() == 1


class TestInvoice:
    def test_takes_a_payment_says_what_is_wrong_with_one_and_receives_its_paper(self, page: Page, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        page.goto(f"/invoices/{invoice.pk}/")
        expect(page.get_by_text("The PDF is being prepared.")).to_be_visible()
        page.keyboard.press("p")
        amount = page.get_by_label("Amount in GBP")
        expect(amount).to_be_focused()
        expect(amount).to_have_value("36.00")
        amount.fill("36.01")
        page.get_by_label("Reference").fill("FPS 4711")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Only 36.00 GBP is open")).to_be_visible()
        expect(page.get_by_label("Reference")).to_have_value("FPS 4711")
        expect(amount).to_be_focused()
        tasks.render_invoices([invoice.pk])
        expect(page.get_by_role("link", name="Open PDF")).to_be_visible()
        amount.fill("6")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Payment recorded.")
        expect(page.get_by_text("Partly paid")).to_be_hidden()  # it was due long ago
        expect(amount).to_have_value("30.00")
        paid = Payment.objects.get()
        assert (paid.amount, paid.reference) == (6, "FPS 4711")

    def test_serves_its_paper_to_the_one_who_downloads_it(self, page: Page, trade: Trade) -> None:
        invoice = trade.invoiced()
        tasks.render_invoices([invoice.pk])
        page.goto(f"/invoices/{invoice.pk}/")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == f"{invoice.number}.pdf"
        assert download.value.path().read_bytes() == bytes(invoice.document.content)


class TestPages:
    @every_look()
    def test_are_accessible_and_fit_the_screen(
        self, page: Page, trade: Trade, assert_accessible, theme: str, width: int
    ) -> None:
        goods, freight = trade.product("12.333333"), trade.product("4.95", kind=Product.Kind.CHARGE)
        trade.shipped((goods, "7", "5"), (freight, "1"))
        overdue = trade.invoiced((goods, "120", "2.5"), (freight, "1"))
        trade.invoice(trade.shipped((goods, "3")), at=timezone.now())
        services.record_payments(
            receipts=[services.Receipt(overdue.order_id, amount=Decimal(5), reference="FPS 88")],
            actor=trade.accountant,
            at=AT + timedelta(days=3),
        )
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        for address in ("/invoices/due/", "/invoices/due/?tab=waiting", "/invoices/", f"/invoices/{overdue.pk}/"):
            page.goto(address)
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
