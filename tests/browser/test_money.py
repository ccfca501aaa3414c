"""Money beyond the straight way, in Chromium: a part payment, an overpayment applied elsewhere, a credit note."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing import services
from billing.models import Invoice, Payment
from orders.models import Customer
from tests.browser.looks import every_look
from tests.factories.billing import Trade

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade(sign_in) -> Trade:
    trade = Trade.start()
    sign_in(trade.accountant)
    return trade


class TestMoney:
    def test_comes_in_parts_and_too_much_is_applied_to_the_next_invoice(self, page: Page, trade: Trade) -> None:
        first = trade.invoice(trade.shipped((trade.product("10"), "3")), at=timezone.now())
        page.goto(f"/orders/customers/{trade.customer.pk}/")
        page.keyboard.press("p")
        amount = page.get_by_label("Amount in GBP")
        expect(amount).to_have_value("36.00")
        amount.fill("16")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Payment recorded.")
        page.goto(f"/invoices/customers/{trade.customer.pk}/pay/")
        expect(page.locator("table.lines").first).to_contain_text("20.00")
        page.get_by_label("Amount in GBP").fill("50")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Payment recorded.")
        assert Invoice.objects.get(pk=first.pk).settled == 36
        second = trade.invoice(trade.shipped((trade.product("10"), "2")), at=timezone.now())
        page.goto("/invoices/unapplied/")
        page.get_by_role("link", name=Payment.objects.get(amount=50).number).click()
        page.wait_for_url("**/payments/*/")
        page.get_by_role("link", name="Apply").click()
        page.wait_for_url("**/apply/")
        page.get_by_label(f"Amount for {second.number}").fill("24.01")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text(f"Only 24.00 GBP is open of {second.number}")).to_be_visible()
        page.get_by_label(f"Amount for {second.number}").fill("10")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Applied.")
        assert Invoice.objects.get(pk=second.pk).settled == 10
        page.goto(f"/invoices/{second.pk}/")
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        expect(page.locator("#toasts")).to_contain_text("Undone")
        assert Invoice.objects.get(pk=second.pk).settled == 0

    def test_goes_back_by_a_credit_note_that_the_clerk_keys_by_line(self, page: Page, trade: Trade) -> None:
        invoice = trade.invoice(trade.shipped((trade.product("10"), "3")), at=timezone.now())
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=timezone.now())
        page.goto(f"/invoices/{invoice.pk}/")
        page.keyboard.press("c")
        page.wait_for_url("**/credit/")
        page.get_by_label("Units to credit of line 1").fill("1")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Say why it is credited")).to_be_visible()
        page.get_by_label("Reason").fill("One was scratched")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Credit note posted.")
        note = Invoice.objects.get(kind=Invoice.Kind.CREDIT_NOTE)
        expect(page.locator("h1")).to_contain_text(note.number)
        page.get_by_role("link", name="Pay back").click()
        page.wait_for_url("**/refund/")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Refund recorded.")
        assert Invoice.objects.get(pk=note.pk).settled == -12


class TestPages:
    @every_look()
    def test_are_accessible_and_fit_the_screen(
        self, page: Page, trade: Trade, assert_accessible, tmp_path, theme: str, width: int
    ) -> None:
        Customer.objects.filter(pk=trade.customer.pk).update(joins_invoices=True)
        orders = [trade.shipped((trade.product("12.5"), "3")) for _ in range(2)]
        joint = services.invoice_orders(
            order_ids=[order.pk for order in orders], actor=trade.accountant, at=timezone.now()
        )[orders[0].pk]
        invoice = trade.invoice(trade.shipped((trade.product("10"), "3")), at=timezone.now())
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=timezone.now())
        note = services.post_credit_note(
            invoice_id=invoice.pk,
            lines=[services.CreditedLine(invoice.lines.get().pk, Decimal(1))],
            reason="One was scratched",
            bills_again=False,
            actor=trade.accountant,
            at=timezone.now(),
        )
        payment = services.receive_payment(
            customer_id=trade.customer.pk,
            currency="GBP",
            amount=Decimal(20),
            shares={},
            actor=trade.accountant,
            at=timezone.now(),
        )
        trade.shipped((trade.product("12.5"), "3"))
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        for address in (
            f"/invoices/{joint.pk}/",  # type: ignore[union-attr]
            f"/invoices/{invoice.pk}/",
            f"/invoices/{note.pk}/",
            f"/invoices/{note.pk}/refund/",
            f"/invoices/{note.pk}/apply/",
            f"/invoices/{invoice.pk}/credit/",
            f"/invoices/customers/{trade.customer.pk}/pay/",
            f"/invoices/payments/{payment.pk}/",
            f"/invoices/payments/{payment.pk}/apply/",
            f"/invoices/payments/{payment.pk}/refund/",
            f"/invoices/{joint.pk}/pay/",  # type: ignore[union-attr]
            "/invoices/unapplied/",
            "/invoices/?tab=credit",
            "/invoices/due/",
            f"/orders/customers/{trade.customer.pk}/",
            f"/orders/customers/{trade.customer.pk}/credit/",
        ):
            page.goto(address)
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
