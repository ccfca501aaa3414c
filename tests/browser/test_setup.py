"""An administrator sets a company up in Chromium: by keys, with previews, on pages with which axe finds no fault."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.models import NumberSeries
from core.roles import Role
from inventory.models import Bin, Unit
from shipping.models import Carrier
from tests.browser.looks import every_look
from tests.factories.core import CompanyFactory, person
from tests.factories.house import House
from tests.factories.supply import sent

pytestmark = [pytest.mark.django_db(transaction=True)]
YEAR = timezone.now().year


class TestKeys:
    def test_lead_from_what_is_missing_through_the_company_to_its_first_unit(self, page, sign_in):
        sign_in(person(Role.ADMINISTRATOR, company=CompanyFactory(name="Acme")))
        page.goto("/imports/")
        page.keyboard.press("g")
        page.keyboard.press("j")
        expect(page.get_by_role("heading", name="Set-up", exact=True)).to_be_visible()
        page.keyboard.press("n")
        expect(page.get_by_label("Name", exact=True)).to_be_focused()
        page.locator("#id_address").fill("1 Quay\nHull")
        page.get_by_label("E-mail address").fill("office@acme.example")
        page.get_by_label("IBAN").fill("GB34BUKB20201555555555")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("This is no IBAN")).to_be_visible()
        expect(page.locator("#id_address")).to_have_value("1 Quay\nHull")
        page.get_by_label("IBAN").fill("GB33BUKB20201555555555")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Company saved.")
        expect(page.get_by_role("link", name="Go on: Units")).to_be_visible()
        page.keyboard.press("n")
        expect(page.get_by_role("heading", name="Units", exact=True)).to_be_visible()
        page.keyboard.press("n")
        expect(page.locator("#editor").get_by_label("Code")).to_be_focused()
        page.keyboard.type("pc")
        page.get_by_label("Name").fill("Piece")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("link", name="pc", exact=True)).to_be_visible()
        assert Unit.objects.get().name == "Piece"
        page.keyboard.press("u")
        expect(page.get_by_role("link", name="Go on: Products")).to_be_visible()

    def test_show_what_would_come_before_it_is_kept(self, page, sign_in):
        house = House.open()
        sign_in(house.boss)
        page.goto(f"/setup/series/invoice/{YEAR}/")
        page.get_by_label("Prefix").fill("re")
        page.get_by_label("First number").fill("451")
        expect(page.locator(".preview")).to_contain_text(f"RE-{YEAR}-000451")
        assert not NumberSeries.objects.exists()
        page.goto(f"/sites/{house.warehouses[0].pk}/bins/new/")
        page.get_by_label("Bins").fill("B-01-01..B-03-04")
        expect(page.locator(".preview")).to_contain_text("12 new bins")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toasts")).to_contain_text("Bins added.")
        assert Bin.objects.filter(code__startswith="B-").count() == 12


@every_look()
def test_pages_have_no_faults_that_axe_finds(page, sign_in, assert_accessible, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    house = House.open()
    house.boss.theme = theme
    house.boss.save()
    sent(house, (house.product(), 3, 5))
    sign_in(house.boss)
    carrier = Carrier.objects.create(company=house.company, name="Parcels", services=["Next day"])
    site = house.warehouses[0].pk
    pages = (
        *("/setup/", "/setup/company/", "/setup/series/?check=1", f"/setup/series/invoice/{YEAR}/"),
        *("/setup/messages/", "/setup/messages/supplier_order/de/", "/setup/lists/units/", "/sites/new/"),
        *(f"/setup/lists/carriers/{carrier.pk}/", f"/sites/{site}/bins/", f"/sites/{site}/bins/new/"),
        *(f"/sites/{site}/bins/{house.shelves[site][0].pk}/", "/orders/taxes/"),
    )
    for address in pages:
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.goto("/setup/lists/carriers/")
    page.get_by_role("link", name="Parcels", exact=True).click()
    page.locator("#editor").get_by_label("Tracking page").fill("x")
    page.locator("#editor").get_by_role("button", name="Save carrier").click()
    expect(page.get_by_text("Write {number} once")).to_be_visible()
    assert_accessible(page)
