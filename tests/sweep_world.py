"""Gives the sweeps their house: built and committed once for all tests of a module, each of which is rolled back."""

import copy
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.sweep import World


@pytest.fixture(scope="module")
def built_world(django_db_setup: Callable[[], None], django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Build a house with something on every page; after the module the database is made anew."""
    with django_db_blocker.unblock():
        try:
            world = World.build()
            with connection.cursor() as cursor:
                # As if a worker had done them: left undone for ten minutes they make the house unfit, on a slow machine
                cursor.execute("DELETE FROM procrastinate_jobs")
            yield world
        finally:
            django_db_setup()


@pytest.fixture
def world(built_world: World, db: None) -> World:
    """A house with something on every page, for one test to do with as it likes."""
    return copy.deepcopy(built_world)
