"""Gives tests their own PostgreSQL: one throw-away cluster a session, one migrated template, one clone a test process.

The template is migrated by a process of its own from the beginning; meanwhile tests that need no database run.

Tests run as the app's role, on the tables that the owner's role migrated, so a missing grant shows here first. A plain
database test is rolled back. One with `transaction=True` commits for good, so afterwards the process's database is
made anew from the template; Django would empty it by TRUNCATE, which the app's role must not do.
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from config.dev.databases import clone_database, ensure_roles_and_database
from config.dev.postgres import APP_ROLE, OWNER_ROLE, EmbeddedPostgres, locked
from config.dev.throwaway import throwaway_cluster

TEMPLATE = "orderly_template"
ROLES = {"default": APP_ROLE, "owner": OWNER_ROLE}
CLUSTER = pytest.StashKey[EmbeddedPostgres]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the session's cluster in the process that outlives all others, and find it in the workers."""
    if hasattr(config, "workerinput"):
        place = Path(config.workerinput["cluster"])
        config.stash[CLUSTER] = EmbeddedPostgres(place, place=place)
        return
    running = contextlib.ExitStack()
    config.add_cleanup(running.close)
    cluster = config.stash[CLUSTER] = running.enter_context(throwaway_cluster(in_memory=True))
    if not config.option.collectonly:
        migrating = subprocess.Popen([sys.executable, "-m", __name__, str(cluster.place)])
        running.callback(migrating.wait)
        running.callback(migrating.kill)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests without a database before all others, and the quick ones last; pytest-django does it the other way.

    Those that commit, in browsers or in races, take seconds each: were they the last, one process would be left with
    them while the others have nothing to do.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    marker = item.get_closest_marker("django_db")
    if marker is None:
        return 0
    commits = marker.kwargs.get("transaction") or "live_server" in getattr(item, "fixturenames", ())
    return 1 if commits else 2


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell an xdist worker where the cluster is."""
    node.workerinput["cluster"] = str(node.config.stash[CLUSTER].place)


@pytest.fixture(scope="session")
def django_db_setup(pytestconfig: pytest.Config, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], None]]:
    """Clone the template for this process, made first by whoever comes first; replaces pytest-django's own.

    Gives a function that does so again, for a module that commits what all its tests read.
    """
    cluster = pytestconfig.stash[CLUSTER]
    database = f"orderly_{getattr(pytestconfig, 'workerinput', {}).get('workerid', 'alone')}"
    with django_db_blocker.unblock():
        make_template(cluster)
    point_connections_at(cluster, database)

    def make_anew(*test_case: TransactionTestCase) -> None:
        connections.close_all()
        clone_database(cluster.uri(), template=TEMPLATE, database=database)

    make_anew()
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(TransactionTestCase, "_fixture_teardown", make_anew)
        yield make_anew
    connections.close_all()


def make_template(cluster: EmbeddedPostgres) -> None:
    """Migrate the template, once a session, or wait for whoever does."""
    with locked(cluster.place / "template.lock"):
        ready = cluster.place / "template-is-ready"
        if ready.exists():
            return
        ensure_roles_and_database(cluster.uri(), database=TEMPLATE)
        point_connections_at(cluster, TEMPLATE)
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        connections.close_all()
        ready.touch()


def point_connections_at(cluster: EmbeddedPostgres, database: str) -> None:
    """Lead Django's connections to a database of the cluster, each as the role of its alias."""
    for alias, role in ROLES.items():
        connections.settings[alias].update(
            NAME=database, USER=role, PASSWORD="", HOST=str(cluster.data), PORT="", CONN_MAX_AGE=0
        )


if __name__ == "__main__":
    django.setup()
    make_template(EmbeddedPostgres(Path(sys.argv[1]), place=Path(sys.argv[1])))
