"""What waits in each queue is counted once for all who look at the same rows, and anew for whoever just acted."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.paging import CappedCount, capped_counts
from core.queues import listing
from core.roles import Role
from inventory.models import Product
from tests.factories.core import CompanyFactory, person, signed_in
from tests.factories.inventory import ProductFactory
from tests.sweep import addresses

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(settings):
    """Keep counts as a running server does, and none of another test's."""
    settings.COUNTS_KEPT_SECONDS = 5
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def company():
    """A company with one product."""
    return ProductFactory().company


class TestCappedCounts:
    def counted(self, company, **told):
        return capped_counts({"all": Product.objects.filter(company=company)}, **told)["all"]

    def test_are_kept_for_the_same_rows_alone(self, company, django_assert_num_queries):
        assert self.counted(company, kept_for=5) == CappedCount(1)
        ProductFactory(company=company)
        with django_assert_num_queries(0):
            assert self.counted(company, kept_for=5) == CappedCount(1)
        assert self.counted(CompanyFactory(), kept_for=5) == CappedCount(0)
        assert self.counted(company) == CappedCount(2)

    def test_are_made_anew_for_all_where_one_has_to_know(self, company, django_assert_num_queries):
        self.counted(company, kept_for=5)
        ProductFactory(company=company)
        assert self.counted(company, kept_for=5, anew=True) == CappedCount(2)
        with django_assert_num_queries(0):
            assert self.counted(company, kept_for=5) == CappedCount(2)


class TestTabs:
    def shown(self, client):
        return {tab.slug: tab.count.number for tab in client.get("/products/").context["tabs"]}

    def test_show_what_others_did_once_it_is_counted_again(self, company, monkeypatch):
        monkeypatch.setattr(listing, "PAGE_SIZE", 1)
        boss, other = (signed_in(person(Role.ADMINISTRATOR, company=company)) for _ in range(2))
        ProductFactory(company=company)
        before = self.shown(boss)
        ProductFactory(company=company)
        assert self.shown(boss) == self.shown(other) == before
        cache.clear()
        assert self.shown(other) != before

    def test_never_differ_from_the_rows_below_where_these_are_all(self, company):
        boss = signed_in(person(Role.ADMINISTRATOR, company=company))
        self.shown(boss)
        ProductFactory(company=company)
        context = boss.get("/products/").context
        assert len(context["rows"]) == context["count"].number == 2
        assert next(tab for tab in context["tabs"] if tab.is_current).count == context["count"]

    def test_show_what_oneself_did_at_once(self, company):
        boss, other = (signed_in(person(Role.ADMINISTRATOR, company=company)) for _ in range(2))
        before = self.shown(boss)
        product = Product.objects.get(company=company)
        boss.post(f"/products/{product.pk}/close/", {"id": product.pk})
        assert not Product.objects.get(pk=product.pk).is_active
        assert {**self.shown(other), "open": 1} == before
        assert {**self.shown(boss), "open": 1} != before
        assert self.shown(other) == self.shown(boss)

    def test_are_kept_in_every_queue(self, world):
        """Were the time of day among what is asked for, nothing would ever be asked for twice."""
        client = signed_in(world.house.boss)
        counted_twice = []
        for address in addresses():
            if not address.is_queue:
                continue
            url = world.url(address)
            client.get(url, {"view": "0"})
            with CaptureQueriesContext(connection) as captured:
                client.get(url, {"view": "0"})
            if any(query["sql"].startswith("SELECT (SELECT count(*) FROM") for query in captured):
                counted_twice.append(address.name)
        assert counted_twice == []


def test_what_stands_beside_the_navigation_is_counted_anew_for_whoever_acted(company):
    boss = signed_in(person(Role.ADMINISTRATOR, company=company))

    def statements():
        with CaptureQueriesContext(connection) as captured:
            boss.get("/work/")
        return len(captured)

    first = statements()
    assert statements() == first - 1
    boss.post("/theme/", {"theme": "dark"})
    assert statements() == first
