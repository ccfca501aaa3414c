"""A product's page: its stock day by day, the moves behind each figure, what comes and who waits."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.queries import stock
from inventory.queries.stock import levels_by_day, moves_of
from tests.factories.core import signed_in
from tests.factories.house import TODAY, House

DAYS = st.integers(-9, 3).map(lambda n: TODAY + timedelta(days=n))


class TestLevelsByDay:
    @given(st.dictionaries(DAYS, st.integers(-20, 20).map(Decimal)), st.integers(0, 50).map(Decimal))
    def test_each_day_differs_from_the_one_before_by_what_changed_on_it(self, changes, now):
        since = TODAY - timedelta(days=5)
        levels = levels_by_day(changes, now, since, TODAY)
        assert levels[0][0] == since
        for (_before, level), (day, after) in pairwise(levels):
            assert after - level == changes[day]
        ahead = sum((units for day, units in changes.items() if day > TODAY), Decimal(0))
        assert levels[-1][1] == now - ahead


@pytest.mark.django_db
class TestProductPage:
    def test_shows_where_it_lies_what_comes_who_waits_and_every_move(self, monkeypatch):
        house = House.open(warehouses=2)
        product = house.product([[4, 3], 5])
        house.issue(house.pick(house.order((product, 2))))
        waiting = house.order((product, 30))
        day = timezone.localdate() + timedelta(days=20)
        house.comes(product, 40, day)
        url = reverse("inventory:product", args=[product.pk])
        text = unescape(" ".join(re.sub(r"<[^>]+>", " ", signed_in(house.boss).get(url).content.decode()).split()))
        assert "Site 1 5 5 0 0 0" in text
        assert "Site 2 5 5 0 0 0" in text
        assert f"{waiting.number} {house.customer.name} 20" in text
        assert re.search(r"PO-\d+ Site 1 40 0 40", text)
        assert re.search(r"Issue SH-1 .*? Site 1 TOTE Customer 2 −2", text)
        assert re.search(r"Pick W-1 .*? Site 1 A-01 Site 1 TOTE 2 –", text)
        assert re.search(r"Free to promise \d+ \w+ – 0 \d+ \w+( \d{4})? – 20 ", text)
        monkeypatch.setattr(stock, "MOVES_SHOWN", 2)
        moves, older = moves_of(product)
        rest, oldest = moves_of(product, before=older)
        last, end = moves_of(product, before=oldest)
        assert [move.change for move in (*moves, *rest, *last)] == [-2, 0, 5, 3, 4]
        assert end is None
        site = house.warehouses[1]
        (only,), _older = moves_of(product, warehouse_id=site.pk)
        assert (only.destination, only.change) == ("Site 2 A-01", 5)
        page = signed_in(house.boss).get(url, {"warehouse": site.pk, "before": "9" * 30})
        assert f"Moves of {site.name}" in page.content.decode()
