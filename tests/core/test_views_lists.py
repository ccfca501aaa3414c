"""Short lists that a company keeps, tried on its carriers and its units, and what the dock makes of carriers."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core import lists
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory.models import Calendar, Unit
from shipping.models import Carrier, Shipment
from tests.factories.core import person, signed_in
from tests.factories.house import House
from tests.factories.warehouse import packed

pytestmark = pytest.mark.django_db
CARRIER = {"name": "DPD", "services": "Next day\nTwo days\nNext day", "tracking_url": "https://dpd.example/{number}"}


def url(name, *args, of="carriers"):
    return reverse(f"core:{name}", args=[of, *args])


@pytest.fixture
def boss():
    return person(Role.ADMINISTRATOR)


@pytest.fixture
def client(boss):
    return signed_in(boss)


class TestList:
    def test_adds_and_changes_rows_and_says_by_whom(self, boss, client):
        assert client.post(url("create_row"), CARRIER)["Location"] == url("list")
        carrier = Carrier.objects.get(company=boss.company)
        assert carrier.offers == ["DPD", "DPD Next day", "DPD Two days"]
        client.post(url("edit_row", carrier.pk), {**CARRIER, "name": "GLS"})
        page = client.get(url("list")).content.decode()
        assert "GLS" in page
        assert "Next day, Two days" in page
        assert [event.pgh_context["user"] for event in carrier.events.all()] == [boss.pk] * 2

    def test_opens_its_form_beside_it_and_shows_what_comes_of_it(self, client):
        beside = client.get(url("create_row"), headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in beside
        assert 'name="tracking_url"' in beside
        shown = client.post(url("create_row") + "?preview=1", CARRIER).content.decode()
        assert "https://dpd.example/1Z999AA10123456784" in shown
        assert not Carrier.objects.exists()

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"tracking_url": "https://dpd.example/"}, "Write {number} once"),
            ({"tracking_url": "http://dpd.example/{number}"}, "begins with https://"),
            ({"tracking_url": "https://{number}/{x}"}, "Write {number} once"),
            ({"tracking_url": "javascript:{number}"}, "begins with https://"),
            ({"services": "x" * 30}, "is too long"),
            ({"name": "gls"}, "Another carrier is called so."),
        ],
    )
    def test_refuses_a_mistake_at_its_field_and_keeps_what_was_typed(self, boss, client, said, sentence):
        Carrier.objects.create(company=boss.company, name="GLS")
        answer = client.post(url("create_row"), {**CARRIER, **said})
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
        assert Carrier.objects.count() == 1

    def test_tells_the_second_of_two(self, boss, client):
        carrier = Carrier.objects.create(company=boss.company, name="GLS")
        seen = re.search(r'name="seen" value="(\w+)"', client.get(url("edit_row", carrier.pk)).content.decode())[1]
        client.post(url("edit_row", carrier.pk), CARRIER)
        answer = client.post(url("edit_row", carrier.pk), {**CARRIER, "name": "Mine", "seen": seen})
        assert (answer.status_code, "Somebody changed this" in answer.content.decode()) == (422, True)

    def test_is_kept_by_administrators(self, boss):
        of = lists.reference_lists.get("units")
        seller = person(Role.SALES_MANAGER, company=boss.company)
        with pytest.raises(NotAllowed):
            lists.keep_row(of=of, row=Unit(company=boss.company, code="kg", name="Kilogram"), actor=seller)
        assert signed_in(seller).get(url("list")).status_code == 403
        assert signed_in(boss).get(url("list", of="no-such")).status_code == 404

    def test_leaves_the_step_of_a_unit_in_which_products_are_counted(self):
        house = House.open()
        client = signed_in(house.boss)
        said = {"code": "pc", "name": "Piece", "step": "0.5"}
        client.post(url("edit_row", house.unit.pk, of="units"), said)
        assert Unit.objects.get(pk=house.unit.pk).step == Decimal("0.5")
        house.product()
        client.post(url("edit_row", house.unit.pk, of="units"), {**said, "step": "0.25", "name": "Bit"})
        unit = Unit.objects.get(pk=house.unit.pk)
        assert (unit.name, unit.step) == ("Bit", Decimal("0.5"))

    def test_removes_what_nothing_names_and_nothing_else(self):
        house = House.open()
        client = signed_in(house.boss)
        spare = Unit.objects.create(company=house.company, code="kg", name="Kilogram")
        house.product()
        assert client.post(url("remove_row", spare.pk, of="units")).status_code == 302
        answer = client.post(url("remove_row", house.unit.pk, of="units"))
        assert (answer.status_code, "is used, so it stays." in answer.content.decode()) == (409, True)
        assert list(Unit.objects.filter(company=house.company)) == [house.unit]
        # Units are not retired
        assert client.post(url("retire_row", house.unit.pk, of="units")).status_code == 404


class TestCarriersAtTheDock:
    def dispatch(self, client, order, carrier):
        return client.post(
            reverse("shipping:dispatch_order", args=[order.pk]), {"carrier": carrier, "tracking_number": "1Z 5/7"}
        )

    def test_are_offered_and_lead_to_the_page_on_which_a_shipment_is_followed(self):
        house = House.open()
        carrier = Carrier.objects.create(
            company=house.company, name="DPD", services=["Next day"], tracking_url="https://dpd.example/{number}"
        )
        order = packed(house, (house.product([5]), 1))
        client = signed_in(house.boss)
        page = client.get(reverse("shipping:dispatch_order", args=[order.pk])).content.decode()
        assert '<option value="DPD Next day">' in page
        self.dispatch(client, order, "dpd  next DAY")
        shipment = Shipment.objects.get(order=order)
        assert (shipment.carrier, shipment.carried_by) == ("DPD Next day", carrier)
        link = 'href="https://dpd.example/1Z%205%2F7"'
        assert link in client.get(reverse("shipping:shipment", args=[shipment.pk])).content.decode()
        assert link in client.get(reverse("orders:detail", args=[order.pk])).content.decode()
        with pytest.raises(Blocked, match="DPD is used, so it stays: retire it instead"):
            lists.remove_row(of=lists.reference_lists.get("carriers"), row_id=carrier.pk, actor=house.boss)

    def test_are_not_offered_once_they_are_retired(self):
        house = House.open()
        carrier = Carrier.objects.create(company=house.company, name="DPD")
        order = packed(house, (house.product([5]), 1))
        client = signed_in(house.boss)
        client.post(url("retire_row", carrier.pk))
        assert (
            '<option value="DPD">'
            not in client.get(reverse("shipping:dispatch_order", args=[order.pk])).content.decode()
        )
        answer = self.dispatch(client, order, "DPD")
        assert (answer.status_code, "DPD is retired" in answer.content.decode()) == (422, True)
        client.post(url("take_back_row", carrier.pk))
        assert self.dispatch(client, order, "DPD").status_code == 302

    def test_say_when_they_collect_next(self):
        house = House.open()
        Carrier.objects.create(company=house.company, name="Always")
        client = signed_in(house.boss)
        days = Calendar.objects.create(company=house.company, name="Week", weekdays=[1, 2, 3, 4, 5])
        said = {"name": "DPD", "calendar": days.pk, "cut_off": "16:00"}
        client.post(reverse("core:create_row", args=["carriers"]), said)
        carrier = Carrier.objects.get(name="DPD")
        friday = datetime(2026, 11, 27, 16, 0, tzinfo=house.company.zone)
        assert carrier.collects_on(friday - timedelta(minutes=1)) == date(2026, 11, 27)
        assert carrier.collects_on(friday) == date(2026, 11, 30)
        assert "Week, until 16:00" in client.get(reverse("core:list", args=["carriers"])).content.decode()
        order = packed(house, (house.product([5]), 1))
        where = reverse("shipping:dispatch_order", args=[order.pk])
        Carrier.objects.filter(pk=carrier.pk).update(cut_off=time(0))
        page = client.get(where).content.decode()
        assert "DPD collects next on" in page
        assert "Always collects next" not in page

    def test_are_nobody_who_has_to_be_there(self):
        house = House.open()
        order = packed(house, (house.product([5]), 1))
        assert self.dispatch(signed_in(house.boss), order, "Own van").status_code == 302
        shipment = Shipment.objects.get(order=order)
        assert (shipment.carrier, shipment.carried_by, shipment.tracking_link) == ("Own van", None, "")
