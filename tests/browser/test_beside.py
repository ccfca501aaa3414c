"""A queue that stays fresh under the eye, and a document beside it."""

import pytest
from playwright.sync_api import expect

from core.roles import Role
from tests.factories.core import person
from tests.factories.house import House

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_document_opens_beside_its_row_and_the_list_follows_without_moving(sign_in, page, assert_accessible):
    house = House.open()
    product = house.product([50])
    first, second = (house.draft((product, 1), po_number=f"PO-{name}") for name in "AB")
    sign_in(person(Role.SALES_ADMIN, company=house.company))
    page.goto("/orders/")
    row = page.locator(f"#salesorder-{first.pk}")
    page.keyboard.press("j")
    expect(row.get_by_role("link")).to_be_focused()
    page.keyboard.press("Space")
    beside = page.frame_locator("#beside iframe")
    expect(beside.locator("h1")).to_contain_text(str(first.pk))
    expect(beside.locator(".bottom-bar")).to_have_count(0)
    assert_accessible(page)
    page.keyboard.press("j")
    expect(beside.locator("h1")).to_contain_text(str(second.pk))
    page.keyboard.press("k")
    expect(beside.locator("h1")).to_contain_text(str(first.pk))

    # What is done beside the list shows in it, and nobody's row has moved
    beside.get_by_role("button", name="Confirm").click()
    expect(row).to_have_attribute("title", "No longer in this list")
    third = house.draft((product, 1), po_number="PO-C")
    page.evaluate("document.dispatchEvent(new Event('orderly:look'))")
    expect(page.locator("#queue-news")).to_contain_text("1 new")
    expect(page.locator("#queue [data-row]")).to_have_count(2)
    page.locator(f"#salesorder-{second.pk} a").focus()
    page.keyboard.press(".")
    expect(page.locator(f"#salesorder-{third.pk}")).to_be_visible()
    expect(row).to_have_count(0)
    expect(page.locator(f"#salesorder-{second.pk} a")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    expect(page.locator(f"#salesorder-{second.pk} a")).to_be_focused()
