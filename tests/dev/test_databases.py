"""What the two roles may do."""

import psycopg
import pytest

from config.dev.databases import clone_database, drop_database, ensure_roles_and_database
from config.dev.postgres import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from tests.database import CLUSTER


@pytest.fixture
def cluster(pytestconfig: pytest.Config) -> EmbeddedPostgres:
    """Give the session's cluster."""
    return pytestconfig.stash[CLUSTER]


@pytest.fixture
def database(cluster: EmbeddedPostgres, worker_id: str) -> str:
    """Make a database beside those of the other tests."""
    name = f"roles_{worker_id}"
    ensure_roles_and_database(cluster.uri(), database=name)
    yield name
    drop_database(cluster.uri(), database=name)


class TestEnsureRolesAndDatabase:
    def test_may_be_called_again(self, cluster: EmbeddedPostgres, database: str):
        ensure_roles_and_database(cluster.uri(), database=database)

    @pytest.mark.parametrize("statement", ["CREATE TABLE mine (id int)", "CREATE DATABASE mine", "CREATE ROLE mine"])
    def test_the_app_may_create_nothing(self, cluster: EmbeddedPostgres, database: str, statement: str):
        connection = psycopg.connect(cluster.uri(APP_ROLE, database), autocommit=True)
        with connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)

    def test_the_app_waits_three_seconds_for_a_lock(self, cluster: EmbeddedPostgres, database: str):
        with psycopg.connect(cluster.uri(APP_ROLE, database)) as connection:
            assert connection.execute("SHOW lock_timeout").fetchone() == ("2s",)


class TestCloneDatabase:
    def test_replaces_what_was_there_whoever_is_connected(self, cluster: EmbeddedPostgres, database: str):
        with psycopg.connect(cluster.uri(OWNER_ROLE, database)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        copy = f"{database}_copy"
        clone_database(cluster.uri(), template=database, database=copy)
        with psycopg.connect(cluster.uri(OWNER_ROLE, copy), autocommit=True) as connected:
            connected.execute("DROP TABLE kept")
            clone_database(cluster.uri(), template=database, database=copy)
            with pytest.raises(psycopg.OperationalError):
                connected.execute("SELECT 1")
        with psycopg.connect(cluster.uri(OWNER_ROLE, copy)) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        drop_database(cluster.uri(), database=copy)
