"""Gapless numbers under threads and rollbacks (T3), and the control that shows what they are guarded from."""

import random
import time
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from core.models import NumberSeries
from core.numbering import DateBeforeSeries, document_number, ensure_series, take_gapless
from tests.factories.core import CompanyFactory, NumberSeriesFactory
from tests.race import race

THREADS = 12
EACH = 20
TODAY = date(2026, 3, 31)


class ChangedTheirMind(Exception):
    """What makes a posting roll back."""


def post_all(thread: int, take) -> Counter[str]:
    """Post documents one after the other as one thread does, a fifth of them rolled back once they had a number."""
    chance = random.Random(thread)
    outcomes: Counter[str] = Counter()
    for _ in range(EACH):
        rolls_back = chance.random() < 0.2
        try:
            with transaction.atomic():
                number = take()
                if rolls_back:
                    raise ChangedTheirMind
        except ChangedTheirMind:
            outcomes["rolled back"] += 1
        else:
            outcomes[number] += 1
    return outcomes


def post_in_threads(take) -> Counter[str]:
    """Post in all threads at once and return how often each number was committed, and how many rolled back."""
    outcomes = race(*(lambda thread=thread: post_all(thread, take) for thread in range(THREADS)))
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return sum(outcomes, Counter())


@pytest.mark.django_db(transaction=True)
class TestTakeGaplessInThreads:
    def test_gives_every_number_once_and_leaves_no_gap_behind_those_who_roll_back(self):
        series = NumberSeriesFactory()
        taken = post_in_threads(lambda: take_gapless(series_id=series.pk, on=TODAY))
        rolled_back = taken.pop("rolled back")
        committed = THREADS * EACH - rolled_back
        assert rolled_back > THREADS * EACH * 0.1
        assert sorted(taken) == [f"INV-2026-{value:06d}" for value in range(1, committed + 1)]
        assert set(taken.values()) == {1}
        assert NumberSeries.objects.get(pk=series.pk).next_value == committed + 1

    def test_guards_from_a_race_that_reading_and_writing_back_loses(self):
        """The control: the same posting without the lock gives a number twice."""
        series = NumberSeriesFactory()

        def take_naively() -> str:
            value = NumberSeries.objects.get(pk=series.pk).next_value
            time.sleep(0.001)
            NumberSeries.objects.filter(pk=series.pk).update(next_value=value + 1)
            return f"INV-2026-{value:06d}"

        taken = post_in_threads(take_naively)
        del taken["rolled back"]
        assert max(taken.values()) > 1


@pytest.mark.django_db
class TestTakeGapless:
    def test_says_prefix_year_and_number_and_counts_on(self):
        series = NumberSeriesFactory(prefix="CN", year=2031)
        assert take_gapless(series_id=series.pk, on=TODAY) == "CN-2031-000001"
        assert take_gapless(series_id=series.pk, on=TODAY) == "CN-2031-000002"

    def test_goes_on_beyond_six_digits(self):
        series = NumberSeriesFactory(next_value=1_000_000)
        assert take_gapless(series_id=series.pk, on=TODAY) == "INV-2026-1000000"

    def test_refuses_a_date_before_the_last_one_and_spends_no_number_on_it(self):
        series = NumberSeriesFactory()
        take_gapless(series_id=series.pk, on=TODAY)
        with pytest.raises(DateBeforeSeries, match="take that date or a later one"):
            take_gapless(series_id=series.pk, on=TODAY - timedelta(days=1))
        series = NumberSeries.objects.get(pk=series.pk)
        assert (series.next_value, series.last_on) == (2, TODAY)

    def test_takes_the_same_date_and_a_later_one(self):
        series = NumberSeriesFactory()
        for on in (TODAY, TODAY, TODAY + timedelta(days=1)):
            take_gapless(series_id=series.pk, on=on)
        assert NumberSeries.objects.get(pk=series.pk).last_on == TODAY + timedelta(days=1)

    def test_takes_one_statement(self, django_assert_num_queries):
        series = NumberSeriesFactory()
        with django_assert_num_queries(1):
            take_gapless(series_id=series.pk, on=TODAY)


@pytest.mark.django_db
class TestEnsureSeries:
    def test_makes_a_series_once(self):
        company = CompanyFactory()
        made = [ensure_series(company_id=company.pk, kind="INVOICE", year=2026, prefix="INV") for _ in range(2)]
        assert made[0] == made[1]
        assert NumberSeries.objects.filter(company=company).count() == 1

    def test_keeps_companies_kinds_and_years_apart(self):
        company = CompanyFactory()
        same = {"company_id": company.pk, "kind": "INVOICE", "year": 2026, "prefix": "INV"}
        others = [{"company_id": CompanyFactory().pk}, {"kind": "CREDIT"}, {"year": 2027}]
        made = {ensure_series(**{**same, **other}).pk for other in ({}, *others)}
        assert len(made) == 4

    def test_takes_no_lock_on_an_existing_series(self, django_assert_num_queries):
        series = NumberSeriesFactory()
        with django_assert_num_queries(1) as captured:
            ensure_series(company_id=series.company_id, kind="INVOICE", year=2026, prefix="INV")
        assert "FOR " not in captured[0]["sql"]

    def test_leaves_a_second_series_of_the_same_kind_and_year_to_the_database_to_refuse(self):
        series = NumberSeriesFactory()
        with pytest.raises(IntegrityError, match="numberseries_one_per_company_kind_year"):
            NumberSeriesFactory(company=series.company)


@pytest.mark.django_db(transaction=True)
class TestEnsureSeriesInThreads:
    def test_makes_one_series_when_all_come_first(self):
        company = CompanyFactory()
        made = race(
            *[lambda: ensure_series(company_id=company.pk, kind="INVOICE", year=2026, prefix="INV").pk] * THREADS
        )
        assert len(set(made)) == 1
        assert isinstance(made[0], int)


class TestDocumentNumber:
    def test_prints_the_prefix_and_six_digits_or_more(self):
        assert [document_number("SO", pk) for pk in (7, 1234567)] == ["SO-000007", "SO-1234567"]
