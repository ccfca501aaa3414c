"""The pages of people: who they are, what they may do and where, and their way in."""

import pytest

from core.models import Membership
from core.roles import Role
from inventory.models import WarehouseAccess
from inventory.queries.places import warehouse_ids
from tests.factories.core import person, signed_in
from tests.factories.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open(warehouses=2)


class TestThePages:
    def test_take_somebody_on_for_one_warehouse_and_show_their_way_in(self, house):
        browser, site = signed_in(house.boss), house.warehouses[1]
        form = {"email": "Pat@Orderly.Example", "name": "Pat", "roles": ["PICKER"], "warehouses": [site.pk]}
        answer = browser.post("/people/new/", form)
        membership = Membership.objects.get(user__email="pat@orderly.example")
        assert answer.url == f"/people/{membership.pk}/"
        assert warehouse_ids(membership.user) == {site.pk}
        queue = browser.get("/people/").content.decode()
        assert all(word in queue for word in ("Pat", "Picker", site.name, "never"))
        told = b"".join(browser.get("/people/?format=csv").streaming_content).decode()
        assert f"pat@orderly.example,Picker,{site.name}" in told
        link = browser.post(f"/people/{membership.pk}/link/")
        assert "/welcome/" in link.content.decode()
        assert "no-store" in link["Cache-Control"]

    def test_keep_what_was_typed_and_say_what_is_wrong(self, house):
        browser = signed_in(house.boss)
        for form, words in (
            ({"email": house.boss.email.upper(), "name": "X", "roles": ["PICKER"]}, "among your people already"),
            ({"email": "no address", "name": "X", "roles": ["PICKER"]}, "valid email"),
            ({"email": "x@orderly.example", "name": "Typed Name"}, "at least one role"),
        ):
            answer = browser.post("/people/new/", form)
            assert answer.status_code == 422
            assert words in answer.content.decode()
            assert form["name"] in answer.content.decode()
        own = browser.post(f"/people/{house.boss.membership.pk}/", {"name": "I", "roles": ["PICKER"]})
        assert (own.status_code, "lock yourself out" in own.content.decode()) == (422, True)

    def test_change_where_somebody_works_and_let_them_go(self, house):
        browser, here = signed_in(house.boss), [site.pk for site in house.warehouses]
        elsewhere = House.open()
        picker = person(Role.PICKER, company=house.company)
        WarehouseAccess.objects.create(user=picker, warehouse=house.warehouses[0])
        WarehouseAccess.objects.create(user=picker, warehouse=elsewhere.warehouses[0])
        page = f"/people/{picker.membership.pk}/"
        form = {"name": "Pip", "roles": ["PICKER"]}
        foreign = browser.post(page, {**form, "warehouses": [here[1], elsewhere.warehouses[0].pk]})
        assert (foreign.status_code, warehouse_ids(picker)) == (422, {here[0]})
        browser.post(page, {**form, "warehouses": [here[1]]})
        bound = WarehouseAccess.objects.filter(user=picker).values_list("warehouse", flat=True)
        assert set(bound) == {here[1], elsewhere.warehouses[0].pk}
        assert browser.post(f"{page}let-go/").status_code == 302
        assert "Pip" in browser.get("/people/?tab=gone").content.decode()
        assert "Pip" not in browser.get("/people/").content.decode()
