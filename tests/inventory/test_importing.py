"""Files of products: made, changed, left, refused in words, and the same when they come back."""

from decimal import Decimal

import pytest

from core.exports import csv_lines, xlsx_file
from core.models import Membership
from core.roles import Role
from inventory.models import Product, Unit
from inventory.services.importing import COLUMNS, PRODUCTS
from tests.factories.core import loaded_file, person, refused_rows
from tests.factories.house import House

pytestmark = pytest.mark.django_db
HEADER = "SKU,name,kind,unit,GTIN,weight in grams,may be ordered\n"


@pytest.fixture
def house() -> House:
    return House.open()


def load(house: House, *rows: str):
    return loaded_file("products", HEADER + "\n".join(rows), house.boss)


def export(house: House) -> str:
    return "".join(csv_lines([column.label for column in COLUMNS], PRODUCTS.rows(house.boss)))


def workbook_of(house: House) -> bytes:
    with xlsx_file([column.label for column in COLUMNS], PRODUCTS.rows(house.boss)) as file:
        return file.read()


class TestTakeProducts:
    def test_makes_what_is_new_and_changes_what_stands(self, house):
        lamp = house.product()
        run = load(house, f"{lamp.sku},Lamp of old,stock,{house.unit.code},,12.5,no", "NEW-1,New,charge,,,,")
        assert (run.loaded, run.made, run.refused) == (2, 2, 0)
        lamp = Product.objects.get(pk=lamp.pk)
        assert (lamp.name, lamp.sort_key, lamp.weight_g, lamp.is_active) == ("Lamp of old", "lamp of old", 12.5, False)
        made = Product.objects.get(sku="NEW-1")
        assert (made.kind, made.unit, made.is_active, made.weight_g) == ("CHARGE", house.unit, True, None)

    def test_leaves_what_stands_so_already(self, house):
        load(house, "NEW-1,New,stock,,4006381333931,1,yes")
        run = load(house, "NEW-1,New,stock,,4006381333931,1,yes")
        assert (run.loaded, run.same) == (0, 1)

    def test_leaves_what_the_file_does_not_say(self, house):
        load(house, "NEW-1,New,service,,4006381333931,1,no")
        run = loaded_file("products", "SKU,name\nNEW-1,Newer\n", house.boss)
        product = Product.objects.get(sku="NEW-1")
        assert (run.loaded, product.name, product.kind, product.gtin) == (1, "Newer", "SERVICE", "4006381333931")
        assert (product.weight_g, product.is_active) == (1, False)

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("A B,x,,,,,", "SKU", "SKU A B has a blank in it: use a dash."),
            ("1.23E+05,x,,,,,", "SKU", "SKU 1.23E+05 was made a number by a spreadsheet, and its digits are lost."),
            (f"{'x' * 41},x,,,,,", "SKU", f"SKU {'x' * 39}… is longer than 40 characters."),
            ("A,,,,,,", "name", "name is empty."),
            ("A,x,box,,,,", "kind", "kind box is none of stock, charge, service, kit."),
            ("A,x,,BOX,,,", "unit", "There is no unit BOX. There is "),
            ("A,x,,,4006381333932,,", "GTIN", "GTIN 4006381333932 has a wrong digit: with these the last would be 1."),
            ("A,x,,,12,,", "GTIN", "GTIN 12 is no GTIN: it has 8, 12, 13 or 14 digits."),
            ("A,x,,,,1.2345,", "weight in grams", "weight in grams 1.2345 has more than 3 decimals."),
            ("A,x,,,,-1,", "weight in grams", "weight in grams -1 is below zero."),
            ("A,x,,,,,maybe", "may be ordered", "may be ordered maybe is neither yes nor no."),
        ],
    )
    def test_refuses_in_words(self, house, row, column, reason):
        run = load(house, row)
        ((number, where, said),) = refused_rows(run)
        assert (number, where) == (2, column)
        assert said.startswith(reason)
        assert not Product.objects.filter(company=house.company).exists()

    def test_refuses_a_second_row_of_one_product(self, house):
        run = load(house, "A,x,,,,,", "A,y,,,,,")
        assert refused_rows(run) == [(3, "", "The same product stands in line 2 already.")]
        assert Product.objects.get(sku="A").name == "x"

    def test_refuses_a_gtin_of_another_product(self, house):
        run = load(house, "A,x,,,4006381333931,,", "B,y,,,4006381333931,,")
        assert refused_rows(run) == [(3, "GTIN", "GTIN 4006381333931 is that of A.")]

    def test_keeps_kind_and_unit_of_what_was_moved(self, house):
        moved = house.product([3])
        Unit.objects.create(company=house.company, code="BOX", name="Box")
        run = load(house, f"{moved.sku},{moved.name},charge,,,,")
        assert refused_rows(run) == [(2, "kind", f"Stock of {moved.sku} was moved: kind and unit stay.")]
        run = load(house, f"{moved.sku},{moved.name},,BOX,,,")
        assert refused_rows(run)[0][1] == "unit"

    def test_asks_for_the_unit_where_there_are_several(self, house):
        Unit.objects.create(company=house.company, code="BOX", name="Box")
        assert refused_rows(load(house, "A,x,,,,,")) == [(2, "unit", "Say in which unit it is counted.")]

    def test_never_touches_another_companys_products(self, house):
        other = House.open()
        theirs = other.product()
        Product.objects.filter(pk=theirs.pk).update(sku="A")
        Membership.objects.create(user=house.boss, company=other.company, roles=[Role.SALES_MANAGER])
        load(house, "A,x,,,,,")
        assert Product.objects.get(pk=theirs.pk).name == theirs.name
        assert Product.objects.get(company=house.company).name == "x"

    def test_tells_the_history_who_it_was(self, house):
        load(house, "A,x,,,,,")
        product = Product.objects.get(sku="A")
        assert product.events.latest("pgh_id").pgh_context["user"] == house.boss.pk

    def test_is_for_who_may_change_products(self, house):
        with pytest.raises(Exception, match="Your roles do not include"):
            loaded_file("products", HEADER, person(Role.SALES_ADMIN, company=house.company))


class TestRoundTrip:
    @pytest.mark.parametrize("export", [export, workbook_of])
    def test_of_every_product_changes_nothing(self, house, export):
        for name in ("=1+1", "'=quoted", "Café «ž» 3,5", 'Say "hi", twice', "two\nlines", "  spaced  out", "-12", "+x"):
            product = house.product()
            Product.objects.filter(pk=product.pk).update(name=name.strip(), weight_g=Decimal("0.125"))
        house.product(kind=Product.Kind.CHARGE)
        before = list(Product.objects.order_by("pk").values())
        run = loaded_file("products", export(house), house.boss)
        assert (run.loaded, run.refused, run.same) == (0, 0, 9)
        assert list(Product.objects.order_by("pk").values()) == before

    def test_into_another_company_makes_the_same(self, house):
        load(house, "A,=1+1,service,,4006381333931,0.5,no", "B,Brush,,,,,")
        text, other = export(house), House.open()
        Unit.objects.filter(pk=other.unit.pk).update(code=house.unit.code)
        assert loaded_file("products", text, other.boss).made == 2
        assert export(other) == text
