"""Files of what kits consist of: each kit whole or not at all, refused in words, and the same when they come back."""

from decimal import Decimal

import pytest

from core.exports import csv_lines, xlsx_file
from core.intake import ImportKind
from core.roles import Role
from inventory.models import KitComponent, Product, Unit
from inventory.services.importing import PRODUCTS
from inventory.services.kit_files import KITS
from tests.factories.core import loaded_file, person, refused_rows
from tests.factories.house import House
from tests.factories.warehouse import Statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    """A house with a kit that consists of nothing yet, and what goes into kits."""
    house = House.open()
    for sku, kind in (("KIT-1", "KIT"), ("A", "STOCK"), ("B", "STOCK"), ("CARD", "CHARGE")):
        product = house.product(kind=kind)
        Product.objects.filter(pk=product.pk).update(sku=sku, is_active=kind != "KIT")
    return house


def load(house: House, *rows: str):
    return loaded_file("kits", "kit,SKU,units in a kit\n" + "\n".join(rows), house.boss)


def text_of(kind: ImportKind, house: House) -> str:
    return "".join(csv_lines([column.label for column in kind.columns], kind.rows(house.boss)))


def workbook_of(kind: ImportKind, house: House) -> bytes:
    with xlsx_file([column.label for column in kind.columns], kind.rows(house.boss)) as file:
        return file.read()


def content(kit: str = "KIT-1") -> list[tuple[str, Decimal]]:
    return list(KitComponent.objects.filter(kit__sku=kit).values_list("product__sku", "quantity"))


class TestTakeKits:
    def test_fills_a_kit_and_opens_it_and_changes_one_to_what_its_rows_say(self, house):
        run = load(house, "KIT-1,B,2", "KIT-1,A,1")
        assert (run.loaded, run.made, run.refused) == (2, 1, 0)
        assert content() == [("B", 2), ("A", 1)]
        assert Product.objects.get(sku="KIT-1").is_active
        Product.objects.filter(sku="KIT-1").update(is_active=False)
        load(house, "KIT-1,A,3")
        assert content() == [("A", 3)], "what is not among its rows is taken out"
        assert not Product.objects.get(sku="KIT-1").is_active, "it is opened once"
        load(house, "KIT-1,A,3", "KIT-1,B,1")
        run = load(house, "KIT-1,B,1", "KIT-1,A,3")
        assert (run.loaded, content()) == (2, [("B", 1), ("A", 3)]), "their order is that of the rows"

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("A,B,1", "kit", "There is no kit A: it comes as a product of that kind first."),
            ("NONE,B,1", "kit", "There is no kit NONE: it comes as a product of that kind first."),
            ("KIT-1,NONE,1", "SKU", "No stock of yours has SKU NONE: a kit consists of stock."),
            ("KIT-1,KIT-1,1", "SKU", "No stock of yours has SKU KIT-1: a kit consists of stock."),
            ("KIT-1,CARD,1", "SKU", "No stock of yours has SKU CARD: a kit consists of stock."),
            ("KIT-1,B,0.5", "units in a kit", "B is counted in steps of 1 piece."),
            ("KIT-1,B,0", "units in a kit", "units in a kit 0 is not above zero."),
        ],
    )
    def test_refuses_in_words(self, house, row, column, reason):
        assert refused_rows(load(house, row)) == [(2, column, reason)]
        assert not KitComponent.objects.exists()

    @pytest.mark.parametrize("wrong", ["KIT-1,NONE,1", "KIT-1,A,2", "KIT-1,B,many"])
    def test_takes_a_kit_whole_or_not_at_all(self, house, wrong):
        """Neither does a row that cannot be read leave the rest of its kit behind."""
        other = house.product(kind="KIT")
        run = load(house, "KIT-1,A,1", wrong, f"{other.sku},A,1")
        refused = refused_rows(run)
        assert (run.loaded, [number for number, *_said in refused]) == (1, [2, 3])
        assert refused[0][2] == "Another row of KIT-1 was refused, and a kit is taken in whole."
        assert (content(), content(other.sku)) == ([], [("A", 1)])

    def test_never_touches_another_companys_kits(self, house):
        theirs = House.open().product(kind="KIT")
        assert refused_rows(load(house, f"{theirs.sku},A,1"))[0][1] == "kit"

    def test_is_for_who_may_change_products(self, house):
        with pytest.raises(Exception, match="Your roles do not include"):
            loaded_file("kits", "kit,SKU,quantity\n", person(Role.SALES_ADMIN, company=house.company))

    def test_takes_as_many_statements_for_five_kits_as_for_one(self, house):
        def statements(number: int) -> int:
            kits = [house.product(kind="KIT").sku for _ in range(number)]
            with Statements(house.boss) as made:
                load(house, *(f"{kit},{sku},1" for kit in kits for sku in "AB"))
            return len(made)

        assert statements(1) == statements(5)


class TestProductsOfTheKind:
    def test_come_closed_to_orders_and_are_opened_by_what_is_in_them(self, house):
        header = "SKU,name,kind,unit,may be ordered\n"
        assert loaded_file("products", header + "KIT-2,Box,kit,,yes\n", house.boss).loaded == 1
        assert not Product.objects.get(sku="KIT-2").is_active
        assert loaded_file("products", header + "KIT-2,Box,kit,,yes\n", house.boss).same == 1
        load(house, "KIT-2,A,1")
        assert Product.objects.get(sku="KIT-2").is_active
        assert loaded_file("products", header + "KIT-2,Box,kit,,no\n", house.boss).loaded == 1
        assert not Product.objects.get(sku="KIT-2").is_active

    def test_stay_kits_and_are_sold_whole(self, house):
        Unit.objects.create(company=house.company, code="M", name="Metre", step="0.01")
        run = loaded_file("products", "SKU,name,kind,unit\nKIT-1,Box,stock,\nA,Box,kit,\nKIT-3,Box,kit,M\n", house.boss)
        assert refused_rows(run) == [
            (2, "kind", "KIT-1 is a kit, and stays one."),
            (3, "kind", "A is no kit, and becomes none."),
            (4, "unit", "A kit is sold whole: choose a unit that is counted."),
        ]


class TestRoundTrip:
    @pytest.mark.parametrize("export", [text_of, workbook_of])
    def test_of_every_kit_changes_nothing(self, house, export):
        other = house.product(kind="KIT")
        load(house, "KIT-1,B,2", "KIT-1,A,1", f"{other.sku},A,7")
        before = list(KitComponent.objects.order_by("pk").values())
        run = loaded_file("kits", export(KITS, house), house.boss)
        assert (run.loaded, run.refused, run.same) == (0, 0, 3)
        assert list(KitComponent.objects.order_by("pk").values()) == before

    def test_into_another_company_makes_the_same(self, house):
        load(house, "KIT-1,B,2", "KIT-1,A,1")
        other = House.open()
        Unit.objects.filter(pk=other.unit.pk).update(code=house.unit.code)
        for kind in (PRODUCTS, KITS):
            assert loaded_file(kind.name, text_of(kind, house), other.boss).refused == 0
        assert [text_of(kind, other) for kind in (PRODUCTS, KITS)] == [
            text_of(kind, house) for kind in (PRODUCTS, KITS)
        ]
