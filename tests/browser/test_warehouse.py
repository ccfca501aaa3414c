"""The floor in Chromium: release by keys, the walk with one thumb or one key, dispatch from the dock."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core.roles import Role
from orders.models import SalesOrder
from shipping.models import Shipment
from tests.browser.looks import every_look
from tests.factories.core import person
from tests.factories.house import House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import packed, picked, released
from warehouse.models import Parcel, PickTask, Wave

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


@pytest.fixture
def manager(house, sign_in):
    """The warehouse manager, signed in."""
    user = person(Role.WAREHOUSE_MANAGER, company=house.company)
    sign_in(user)
    return user


class TestReleaseDesk:
    def test_releases_what_is_selected_by_keys(self, house, manager, page):
        product = house.product([9])
        for _ in range(3):
            house.order((product, 1))
        page.goto(reverse("warehouse:release_queue"))
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        expect(page.get_by_role("button", name="Release 2 orders")).to_be_enabled()
        page.keyboard.press("r")
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text("goes to the pickers at once")
        assert not PickTask.objects.exists()
        asked.get_by_role("button", name="Release 2 orders").click()
        expect(page.get_by_text("2 orders released.")).to_be_visible()
        expect(page.locator("#queue-tabs a[aria-current] .count")).to_have_text("1")
        expect(page.locator("#queue .chip", has_text="Released")).to_have_count(2)
        assert PickTask.objects.count() == 2


class TestWalk:
    def test_goes_from_bin_to_bin_by_one_key(self, house, manager, page):
        released(house, *((house.product([[*[0] * n, 9]]), n + 1) for n in range(3)))
        page.goto(reverse("warehouse:wave", args=[Wave.objects.get().pk]))
        for number in range(3):
            expect(page.locator(".walk-bin dd")).to_have_text(f"A-0{number + 1}")
            expect(page.locator(".walk-progress")).to_contain_text(f"{number}/3")
            expect(page.get_by_role("button", name="Picked")).to_be_focused()
            page.keyboard.press("Enter")
        expect(page.get_by_text("is picked")).to_be_visible()
        assert {task.status for task in PickTask.objects.all()} == {PickTask.Status.PICKED}

    def test_has_the_button_under_the_key_as_soon_as_the_next_task_is_seen(self, house, manager, page):
        released(house, (house.product([9]), 1), (house.product([9]), 2))
        page.goto(reverse("warehouse:wave", args=[Wave.objects.get().pk]))
        page.evaluate("""() => new MutationObserver(() => { window.heard ??= document.activeElement.tagName })
            .observe(document.querySelector("main"), {childList: true, subtree: true})""")
        page.keyboard.press("Enter")
        expect(page.locator(".walk-progress")).to_contain_text("1/2")
        assert page.evaluate("window.heard") == "BUTTON"

    def test_fits_a_phone_with_the_button_under_the_thumb(self, house, manager, page, assert_accessible):
        page.set_viewport_size(PHONE)
        released(house, (house.product([9]), 1))
        page.goto(reverse("warehouse:wave", args=[Wave.objects.get().pk]))
        button = page.get_by_role("button", name="Picked").bounding_box()
        assert button is not None
        assert button["height"] >= 64
        assert PHONE["height"] * 0.6 < button["y"] < PHONE["height"] - 60 - button["height"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert_accessible(page)
        page.get_by_role("button", name="Picked").click()
        expect(page.get_by_text("is picked")).to_be_visible()
        assert_accessible(page)

    def test_hears_scans_wherever_the_focus_is_and_takes_none_that_is_wrong(self, house, manager, page):
        products = [house.product([[*[0] * n, 9]]) for n in range(2)]
        released(house, *((product, 2) for product in products))
        page.goto(reverse("warehouse:wave", args=[Wave.objects.get().pk]))
        page.evaluate("document.body.dataset.scanGap = 5000")  # Chromium's keys come as slowly as the machine is busy
        expect(page.get_by_role("button", name="Picked")).to_be_focused()
        page.keyboard.type("SKIP-99\n")
        expect(page.get_by_role("alert").filter(has_text="SKIP-99")).to_contain_text("It is bin A-01")
        page.keyboard.press("Enter")
        expect(page.locator(".walk-wrong")).to_have_count(0)
        expect(page.locator(".walk-bin dd")).to_have_text("A-01")
        assert not PickTask.objects.filter(status=PickTask.Status.PICKED).exists()
        page.keyboard.type("A-01\n")
        expect(page.locator(".walk-bin[data-scanned]")).to_be_visible()
        page.keyboard.type(f"{products[0].sku}\n".lower())
        expect(page.locator(".walk-bin dd")).to_have_text("A-02")
        assert [task.product for task in PickTask.objects.filter(status=PickTask.Status.PICKED)] == [products[0]]

    def test_says_in_place_why_a_pick_was_refused(self, house, manager, page):
        released(house, (house.product([9]), 1))
        task = PickTask.objects.get()
        page.goto(reverse("warehouse:wave", args=[task.wave_id]))
        task.allocation.free(at=None)
        task.allocation.save()
        page.keyboard.press("Enter")
        expect(page.locator("#refusal")).to_contain_text("Nothing was moved")
        expect(page.locator(".walk-bin dd")).to_have_text("A-01")


class TestDock:
    def test_sends_an_order_off_without_the_mouse(self, house, manager, page):
        order = packed(house, (house.product([9]), 4))
        page.goto(reverse("shipping:dispatch_queue"))
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Carrier")).to_be_focused()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Say with whom it leaves.")).to_be_visible()
        page.get_by_label("Carrier").fill("Parcel Van")
        page.get_by_label("Tracking number").fill("PV 1")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text(f"{order.number} dispatched.")).to_be_visible()
        assert Shipment.objects.get().tracking_number == "PV 1"


class TestOrderPage:
    def test_takes_an_order_from_release_to_the_dock(self, house, manager, page):
        order = house.order((house.product([9]), 4))
        page.goto(reverse("orders:detail", args=[order.pk]))
        for verb, next_verb in (("Release", "Pick all"), ("Pick all", "Pack"), ("Pack", "Dispatch")):
            page.get_by_role("button", name=re.compile(rf"^{verb}")).click()
            expect(page.get_by_role("button", name=re.compile(rf"^{next_verb}"))).to_be_enabled()
        expect(page.locator("main")).to_contain_text(Parcel.objects.get().number)
        page.get_by_role("button", name=re.compile("^Dispatch")).click()
        expect(page).to_have_url(re.compile(reverse("shipping:dispatch_order", args=[order.pk])))
        assert SalesOrder.objects.get().status == SalesOrder.Status.RELEASED


class TestPages:
    @every_look()
    def test_are_accessible_and_fit_the_screen(self, house, manager, page, theme, width, assert_accessible):
        manager.theme = theme
        manager.save()
        product = house.product([99])
        house.order((product, 1))
        house.order((house.product(), 1))
        released(house, (product, 1))
        picked(house, (product, 1))
        order = packed(house, (product, 1))
        dispatched(house, (product, 1))
        addresses = [
            reverse("warehouse:release_queue"),
            reverse("warehouse:waves"),
            reverse("warehouse:pack_queue"),
            reverse("shipping:dispatch_queue"),
            reverse("shipping:dispatch_order", args=[order.pk]),
            reverse("shipping:shipments"),
        ]
        page.set_viewport_size({"width": width, "height": 800})
        for address in addresses:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert_accessible(page)
