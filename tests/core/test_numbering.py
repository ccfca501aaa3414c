"""Gapless numbers under threads and rollbacks (T3), and the control that shows what they are guarded from."""

import hashlib
import random
import time
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Greatest

from core.models import NumberSeries
from core.numbering import DateBeforeSeries, document_number, ensure_series, take_gapless
from tests.factories.core import CompanyFactory, NumberSeriesFactory
from tests.race import race
from tests.soak import count

THREADS = 12
EACH = count(short=5, full=20)
TODAY = date(2026, 3, 31)
DIGEST = "d" * 64


class ChangedTheirMind(Exception):
    """What makes a posting roll back."""


def insert_documents(number: int = 1) -> list[int]:
    """Insert documents that have no number yet, into a table of this connection's own, and return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS document"
            " (id bigint GENERATED ALWAYS AS IDENTITY, number text, previous_hash text, hash text)"
        )
        cursor.execute("INSERT INTO document (number) SELECT NULL FROM generate_series(1, %s) RETURNING id", [number])
        return [pk for (pk,) in cursor.fetchall()]


def documents() -> list[tuple[str, str, str]]:
    """Return number, previous hash and hash of this connection's documents, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, previous_hash, hash FROM document ORDER BY id")
        return cursor.fetchall()


def take(series: NumberSeries, *, on: date = TODAY) -> str:
    """Insert one document and return the number that it is given."""
    (pk,) = insert_documents()
    return take_gapless(series_id=series.pk, on=on, table="document", digests={pk: DIGEST})[pk].number


def chained(previous: str, number: str) -> str:
    """Return the hash that a document has at its place."""
    return hashlib.sha256(f"{previous}{number}{DIGEST}".encode()).hexdigest()


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


@pytest.mark.soak("T3")
@pytest.mark.django_db(transaction=True)
class TestTakeGaplessInThreads:
    def test_gives_every_number_once_and_leaves_no_gap_behind_those_who_roll_back(self):
        series = NumberSeriesFactory()
        taken = post_in_threads(lambda: take(series))
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
            NumberSeries.objects.filter(pk=series.pk).update(next_value=Greatest("next_value", value + 1))
            return f"INV-2026-{value:06d}"

        taken = post_in_threads(take_naively)
        del taken["rolled back"]
        assert max(taken.values()) > 1


@pytest.mark.django_db
class TestTakeGapless:
    def test_says_prefix_year_and_number_and_counts_on(self):
        series = NumberSeriesFactory(prefix="CN", year=2031)
        assert [take(series), take(series)] == ["CN-2031-000001", "CN-2031-000002"]

    def test_goes_on_beyond_six_digits(self):
        assert take(NumberSeriesFactory(next_value=1_000_000)) == "INV-2026-1000000"

    def test_refuses_a_date_before_the_last_one_and_spends_no_number_on_it(self):
        series = NumberSeriesFactory()
        take(series)
        with pytest.raises(DateBeforeSeries, match="take that date or a later one"):
            take(series, on=TODAY - timedelta(days=1))
        series = NumberSeries.objects.get(pk=series.pk)
        assert (series.next_value, series.last_on, series.last_hash) == (2, TODAY, chained("", "INV-2026-000001"))

    def test_takes_the_same_date_and_a_later_one(self):
        series = NumberSeriesFactory()
        for on in (TODAY, TODAY, TODAY + timedelta(days=1)):
            take(series, on=on)
        assert NumberSeries.objects.get(pk=series.pk).last_on == TODAY + timedelta(days=1)

    def test_numbers_many_at_once_in_the_order_given_and_chains_each_onto_the_one_before(self):
        series = NumberSeriesFactory()
        take(series)
        ids = insert_documents(3)[::-1]
        taken = take_gapless(series_id=series.pk, on=TODAY, table="document", digests=dict.fromkeys(ids, DIGEST))
        assert [taken[pk].number for pk in ids] == [f"INV-2026-{value:06}" for value in (2, 3, 4)]
        previous = chained("", "INV-2026-000001")
        for pk in ids:
            assert (taken[pk].previous_hash, taken[pk].hash) == (previous, chained(previous, taken[pk].number))
            previous = taken[pk].hash
        assert NumberSeries.objects.get(pk=series.pk).last_hash == previous
        assert documents()[1:] == [(taken[pk].number, taken[pk].previous_hash, taken[pk].hash) for pk in ids[::-1]]

    def test_takes_one_statement_for_one_and_for_fifty(self, django_assert_num_queries):
        series = NumberSeriesFactory()
        for number in (1, 50):
            digests = dict.fromkeys(insert_documents(number), DIGEST)
            with django_assert_num_queries(1):
                take_gapless(series_id=series.pk, on=TODAY, table="document", digests=digests)


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
