"""A service is all or nothing, and so is what it calls."""

import contextlib

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from core.models import Company
from core.transactions import atomic
from tests.factories.core import CompanyFactory


class Stopped(Exception):
    """What a service raises here."""


@atomic
def found(code: str, *, fails: bool = False) -> None:
    CompanyFactory(code=code)
    if fails:
        raise Stopped


@atomic
def found_two(*, fails: bool = False) -> None:
    found("one")
    found("two", fails=fails)


@atomic
def found_two_and_swallow() -> None:
    found("one")
    with contextlib.suppress(Stopped):
        found("two", fails=True)


def codes() -> list[str]:
    return sorted(Company.objects.values_list("code", flat=True))


@pytest.mark.django_db
class TestAtomic:
    def test_keeps_all_of_it(self):
        found_two()
        assert codes() == ["one", "two"]

    def test_keeps_nothing_of_it_when_the_last_part_fails(self):
        with pytest.raises(Stopped):
            found_two(fails=True)
        assert codes() == []

    def test_lets_nobody_swallow_a_failure_and_go_on(self):
        with pytest.raises(TransactionManagementError, match="found_two_and_swallow went on"):
            found_two_and_swallow()
        assert codes() == []

    def test_takes_no_savepoint_for_a_service_in_a_service(self):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found_two()
        assert (
            len([query for query in captured if query["sql"].startswith("SAVEPOINT")]) == 1
        )  # the outermost's, in a test


@pytest.mark.django_db(transaction=True)
class TestAtomicOutside:
    def test_rolls_back_for_good(self):
        with pytest.raises(Stopped):
            found_two(fails=True)
        assert codes() == []
