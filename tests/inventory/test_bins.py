"""Warehouses and bins: opening one, many from a pattern, and retiring those that are empty."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory.models import Bin, BinStock, Warehouse, WarehouseAccess
from inventory.services import bins
from tests.factories.core import person, signed_in
from tests.factories.house import AT, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open()


def codes(house, **fields):
    return list(
        Bin.objects.filter(warehouse=house.warehouses[0], **fields)
        .order_by("sequence", "code")
        .values_list("code", flat=True)
    )


class TestPattern:
    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("a-01", ["A-01"]),
            ("A-1, b-2;C-3", ["A-1", "B-2", "C-3"]),
            ("A-01-01..A-02-02", ["A-01-01", "A-01-02", "A-02-01", "A-02-02"]),
            ("A1 .. C1", ["A1", "B1", "C1"]),
            ("A-09..A-11", ["A-09", "A-10", "A-11"]),
            ("A-1...A-2, A-2", ["A-1", "A-2"]),
        ],
    )
    def test_names_bins_in_its_order_each_once(self, text, named):
        assert bins.codes_of(text) == named

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "Name at least one bin"),
            ("A-01..A-01-02", "both ends need the same parts"),
            ("A-05..A-01", "nothing runs from 05 to 01"),
            ("AB-1..AC-1", "nothing runs from AB to AC"),
            ("A-1..A_2", "nothing runs from - to _"),
            ("A-1..", "both ends"),
            ("A-1..A-2001", "more than 2,000 bins"),
            ("A-1..A-99999999999", "nothing runs"),
            ("X" * 21, "is too long"),
        ],
    )
    def test_that_is_none_is_refused(self, text, sentence):
        with pytest.raises(bins.NotAPattern, match=sentence):
            bins.codes_of(text)


class TestAdding:
    def test_makes_many_after_the_last_that_is_picked_from_and_leaves_those_there(self, house):
        client = signed_in(house.boss)
        address = reverse("sites:add_bins", args=[house.warehouses[0].pk])
        said = {"pattern": "A-03..A-05", "kind": "PICK"}
        shown = client.post(address + "?preview=1", said).content.decode()
        assert "</span> new bins" in shown
        assert "A-04 A-05" in shown
        assert "1 is there already and stays as it is" in shown
        assert codes(house, kind="PICK") == ["A-01", "A-02", "A-03"]
        assert client.post(address, said).status_code == 302
        assert codes(house, kind="PICK") == ["A-01", "A-02", "A-03", "A-04", "A-05"]
        assert Bin.objects.get(code="A-05").events.get().pgh_context["user"] == house.boss.pk
        answer = client.post(address, said)
        assert (answer.status_code, "are there already" in answer.content.decode()) == (409, True)

    def test_refuses_a_pattern_at_its_field(self, house):
        answer = signed_in(house.boss).post(
            reverse("sites:add_bins", args=[house.warehouses[0].pk]), {"pattern": "A-05..A-01", "kind": "PICK"}
        )
        assert (answer.status_code, "nothing runs from 05 to 01" in answer.content.decode()) == (422, True)

    def test_is_for_who_keeps_sites(self, house):
        with pytest.raises(NotAllowed):
            bins.add_bins(
                warehouse_id=house.warehouses[0].pk,
                pattern="A-9",
                kind=Bin.Kind.PICK,
                sequence=None,
                actor=person(Role.PICKER, company=house.company),
            )


class TestOpeningAWarehouse:
    PLACE = {"code": "hull", "name": "Hull", "priority": "10", "country": "GB"}

    def test_gives_it_a_bin_for_each_use_and_goes_on_to_those_to_pick_from(self, house):
        answer = signed_in(house.boss).post(reverse("sites:create_warehouse"), self.PLACE)
        hull = Warehouse.objects.get(company=house.company, code="hull")
        assert answer["Location"] == reverse("sites:add_bins", args=[hull.pk])
        assert set(hull.bins.values_list("kind", flat=True)) == {"TOTE", "PACKED", "QUARANTINE", "RETURNS", "DOCK"}

    def test_is_refused_twice_and_to_who_would_not_see_it(self, house):
        taken = signed_in(house.boss).post(reverse("sites:create_warehouse"), {**self.PLACE, "code": "site-1"})
        assert (taken.status_code, "Another warehouse has this code." in taken.content.decode()) == (422, True)
        keeper = person(Role.WAREHOUSE_MANAGER, company=house.company)
        WarehouseAccess.objects.create(user=keeper, warehouse=house.warehouses[0])
        answer = signed_in(keeper).post(reverse("sites:create_warehouse"), self.PLACE)
        assert (answer.status_code, "works in all of them" in answer.content.decode()) == (409, True)


class TestRetiring:
    def retire(self, house, *places):
        return bins.retire_bins(bin_ids=[place.pk for place in places], actor=house.boss, at=AT)

    def test_takes_empty_bins_out_of_use_and_refuses_those_in_which_goods_lie(self, house):
        product = house.product([[5, 0, 5]])
        first, second, third = house.shelves[house.warehouses[0].pk]
        outcome = self.retire(house, first, second)
        assert isinstance(outcome[first.pk], Blocked)
        assert codes(house, kind="RETIRED") == [second.code]
        page = signed_in(house.boss).get(reverse("sites:bins", args=[house.warehouses[0].pk])).content.decode()
        assert first.code in page
        assert f">{second.code}<" not in page
        # Nothing is put there from now on
        with pytest.raises(Exception, match=r"bin|Bin"):
            house.receive(product, 1, shelf=second)
        assert third.code in codes(house, kind="PICK")

    @pytest.mark.parametrize("page", ["", "http://["])
    def test_by_the_page_answers_with_the_row_and_the_tabs_of_its_warehouse(self, house, page):
        house.product([[5, 0, 5]])
        site = house.warehouses[0]
        second = house.shelves[site.pk][1]
        address = reverse("sites:bins", args=[site.pk])
        headers = {"HX-Request": "true", "HX-Current-URL": page or f"http://testserver{address}"}
        key = {"idempotency_key": "key-1"}
        answer = signed_in(house.boss).post(reverse("sites:retire_bins"), {"id": [second.pk], **key}, headers=headers)
        assert answer.status_code == 200
        assert "Bin retired." in answer.content.decode()
        assert codes(house, kind="RETIRED") == [second.code]

    def test_holds_in_the_database_too(self, house):
        product = house.product([[5, 0, 5]])
        first, second, _third = house.shelves[house.warehouses[0].pk]
        self.retire(house, second)
        with pytest.raises(IntegrityError, match="is retired"), transaction.atomic():
            BinStock.objects.create(bin=second, product=product, quantity=Decimal(1))
        with pytest.raises(ProgrammingError, match="its use stays"), transaction.atomic():
            Bin.objects.filter(pk=first.pk).update(kind="QUARANTINE")

    def test_forgets_what_lay_there_and_can_be_taken_back_for_another_use(self, house):
        product = house.product([[5]])
        first = house.shelves[house.warehouses[0].pk][0]
        edit = reverse("sites:edit_bin", args=[house.warehouses[0].pk, first.pk])
        client = signed_in(house.boss)
        said = {"code": first.code, "kind": "QUARANTINE", "sequence": "3"}
        with pytest.raises(Blocked, match="Retire A-01 first"):
            bins.change_bin(bin_id=first.pk, code="A-01", kind=Bin.Kind.DOCK, sequence=1, actor=house.boss)
        BinStock.objects.filter(bin=first).update(quantity=0)
        self.retire(house, first)
        assert not BinStock.objects.filter(bin=first, product=product).exists()
        assert client.post(edit, said).status_code == 302
        first.refresh_from_db()
        assert (first.kind, first.sequence) == ("QUARANTINE", 3)

    def test_refuses_a_code_that_another_bin_has(self, house):
        first = house.shelves[house.warehouses[0].pk][0]
        edit = reverse("sites:edit_bin", args=[house.warehouses[0].pk, first.pk])
        answer = signed_in(house.boss).post(edit, {"code": "a-02", "kind": "PICK", "sequence": "3"})
        assert (answer.status_code, "has a bin of this code already" in answer.content.decode()) == (422, True)
