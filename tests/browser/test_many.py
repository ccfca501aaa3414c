"""Hundreds of rows in Chromium: a whole tab chosen, sent slice by slice with a number, and each refusal named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from core.models import IdempotencyKey, User
from core.roles import Role
from inventory.models import Product
from orders.models import Customer, SalesOrder
from tests.factories.core import person
from tests.factories.orders import CustomerFactory, make_order, priced

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = reverse("orders:queue")


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(number="C-100", name="Bright & Day")


@pytest.fixture
def seller(customer: Customer, sign_in: Callable[[User], None]) -> User:
    seller = person(Role.SALES_ADMIN, company=customer.company)
    sign_in(seller)
    return seller


def test_a_whole_tab_is_confirmed_slice_by_slice(
    page: Page, customer: Customer, seller: User, assert_accessible: Callable[[Page], None]
) -> None:
    lamp, gone = priced(customer), priced(customer)
    for number in range(58):
        make_order(customer, (lamp, 1), po_number=f"PO-{number:03}", actor=seller)
    bad = make_order(customer, (gone, 1), po_number="PO-BAD", actor=seller)
    Product.objects.filter(pk=gone.pk).update(is_active=False)
    page.goto(QUEUE)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Select all 59").click()
    page.get_by_role("button", name="Confirm 59 orders").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Finished: 58 orders done, 1 refused.")
    expect(dialog.get_by_role("link", name=str(bad))).to_be_visible()
    expect(dialog).to_contain_text("No longer sold")
    assert_accessible(page)
    assert IdempotencyKey.objects.filter(verb="orders.confirm").count() == 2, "two slices"
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("link", name="To confirm")).to_contain_text("1")
    assert SalesOrder.objects.filter(status="CONFIRMED").count() == 58


def test_a_few_rows_say_in_place_what_was_refused(page: Page, customer: Customer, seller: User) -> None:
    lamp, gone = priced(customer), priced(customer)
    good = make_order(customer, (lamp, 1), po_number="PO-1", actor=seller)
    bad = make_order(customer, (gone, 1), po_number="PO-2", actor=seller)
    Product.objects.filter(pk=gone.pk).update(is_active=False)
    page.goto(QUEUE)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Confirm 2 orders").click()
    report = page.locator("#refusal")
    expect(report).to_contain_text("Order confirmed. 1 order refused.")
    expect(report.get_by_role("link", name=str(bad))).to_be_visible()
    expect(page.locator(f"#salesorder-{good.pk}")).to_contain_text("Confirmed")
    # The same button again, once the cause is gone, is another attempt
    Product.objects.filter(pk=gone.pk).update(is_active=True)
    page.locator(f"#salesorder-{bad.pk} .check").check()
    page.get_by_role("button", name="Confirm 1 order").click()
    expect(page.locator(f"#salesorder-{bad.pk}")).to_contain_text("Confirmed")


def test_what_cannot_be_undone_is_asked_once_and_can_be_left(page: Page, customer: Customer, seller: User) -> None:
    draft = make_order(customer, (priced(customer), 1), actor=seller)
    page.goto(reverse("orders:detail", args=[draft.pk]))
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Leave it").click()
    expect(dialog).to_be_hidden()
    assert SalesOrder.objects.filter(pk=draft.pk).exists()
