"""Pages by key: nothing is left out or shown twice, forwards and backwards, with ties and with NULLs."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.paging import CappedCount, KeysetPager, SortKey, capped_counts
from inventory.models import Product, Supplier, SupplierItem
from tests.factories.core import CompanyFactory
from tests.factories.inventory import ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def products():
    """Thirty products whose weights hold ties and NULLs, and whose keys run against their names."""
    company = CompanyFactory()
    weights = [None, Decimal("1.5"), Decimal("1.5"), Decimal(200), None]
    for number in range(30):
        ProductFactory(company=company, name=f"Name {(number * 7) % 10}", weight_g=weights[number % 5])
    return Product.objects.filter(company=company).select_related("unit")


def walk(products, ordering, size=4):
    """Return the keys of all pages from first to last, and of all pages back again."""
    pager = KeysetPager(products, SortKey.parse(ordering), size=size)
    page, there, back = pager.page(), [], []
    while True:
        there.append([row.pk for row in page.rows])
        if not page.after:
            break
        page = pager.page(after=page.after)
    while True:
        back.insert(0, [row.pk for row in page.rows])
        if not page.before:
            break
        page = pager.page(before=page.before)
    return there, back


def test_asks_each_condition_once(products):
    """What is shown of a page's rows is asked by their keys alone."""
    with CaptureQueriesContext(connection) as captured:
        KeysetPager(products.filter(name__gte="Name"), SortKey("sku"), size=4).page()
    assert captured[0]["sql"].count("'Name'") == 1


def test_keeps_a_condition_that_leads_to_one_of_several_rows(products):
    """Without it a product would stand there once for each of its suppliers."""
    product = products.order_by("pk")[0]
    for code in ("one", "two"):
        supplier = Supplier.objects.create(company=product.company, code=code, name=code)
        SupplierItem.objects.create(supplier=supplier, product=product, unit_cost=1)
    page = KeysetPager(products.filter(supplier_items__supplier__code="two"), SortKey("sku"), size=4).page()
    assert page.rows == [product]


@pytest.mark.parametrize(
    "ordering", ["pk", "-pk", "sku", "-sku", "name", "-name", "weight_g", "-weight_g", "unit.code", "-unit.code"]
)
class TestKeysetPager:
    def test_walks_every_row_once_in_the_order_of_the_database(self, products, ordering):
        there, _back = walk(products, ordering)
        expected = products.order_by(*SortKey.parse(ordering).ordering()).values_list("pk", flat=True)
        assert [key for page in there for key in page] == list(expected)
        assert len(there) == 8

    def test_comes_back_over_the_same_rows(self, products, ordering):
        there, back = walk(products, ordering)
        assert [key for page in back for key in page] == [key for page in there for key in page]
        assert all(len(page) == 4 for page in back[:-1])

    def test_uses_no_offset_and_no_count(self, products, ordering):
        pager = KeysetPager(products, SortKey.parse(ordering), size=4)
        with CaptureQueriesContext(connection) as queries:
            pager.page(after=pager.page().after)
        assert len(queries) <= 3
        assert not [query for query in queries if "OFFSET" in query["sql"] or "COUNT" in query["sql"].upper()]


class TestCursor:
    @pytest.mark.parametrize("cursor", ["nonsense", "W10", "WyJhYmMiLCAieCJd", "ééé", "eyJhIjogMX0"])
    def test_that_cannot_be_read_means_the_first_page(self, products, cursor):
        pager = KeysetPager(products, SortKey.parse("weight_g"), size=4)
        assert pager.page(after=cursor).rows == pager.page().rows

    def test_holds_when_its_row_is_gone(self, products):
        pager = KeysetPager(products, SortKey.parse("sku"), size=4)
        first = pager.page()
        expected = pager.page(after=first.after).rows
        first.rows[-1].delete()
        assert pager.page(after=first.after).rows == expected

    def test_reads_ties_from_one_place_of_the_index(self, products):
        pager = KeysetPager(products, SortKey.parse("sku"), size=4)
        with CaptureQueriesContext(connection) as queries:
            pager.page(after=pager.page().after)
        assert "ROW(" in queries[-1]["sql"]


class TestPlannedAnew:
    def test_plans_pages_and_counts_for_their_values_however_often_they_are_asked_for(self, products):
        for weight in range(20):
            some = products.filter(weight_g__gt=weight)
            capped_counts({"": some})
            KeysetPager(some, SortKey("pk"), size=4).page()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ['%"weight_g" > $%'])
            assert cursor.fetchone()[0] == 0


class TestCappedCounts:
    def test_counts_all_in_one_statement(self, products, django_assert_num_queries):
        with django_assert_num_queries(1):
            counts = capped_counts({"all": products, "light": products.filter(weight_g=Decimal("1.5"))})
        assert {name: count.number for name, count in counts.items()} == {"all": 30, "light": 12}

    def test_knows_without_asking_that_nothing_is_nothing(self, products, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert capped_counts({"none": products.none()}) == {"none": CappedCount(0)}

    def test_says_so_beyond_the_cap(self, products):
        Product.objects.bulk_create(
            Product(company=products[0].company, unit=products[0].unit, sku=f"BULK-{n}", name="Many")
            for n in range(1_000)
        )
        counts = capped_counts({"all": products, "bulk": products.filter(name="Many")})
        assert str(counts["all"]) == "1,000+"
        assert str(counts["bulk"]) == "1,000"
        assert str(capped_counts({"bulk": products.filter(name="Many")}, cap=100)["bulk"]) == "100+"
