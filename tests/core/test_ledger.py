"""What is posted stays: triggers against everybody, privileges against the app's role (T4 and T23, the ground)."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connections, models
from psycopg import errors

from core.ledger import APPEND_ONLY, grant_app_role, ledgers
from inventory.models import StockMove
from tests.core.bare_rows import bare_row, undone

LEDGERS = ledgers()
POSTED = [model for model in LEDGERS if getattr(model, "pgh_tracked_model", None) is None]
HISTORY = [model for model in LEDGERS if model not in POSTED]
EXPECTED = {
    "inventory.StockPosting",
    "inventory.StockMove",
    "orders.OrderEvent",
    "orders.CustomerPO",
    "billing.InvoiceLine",
    "billing.InvoiceDocument",
    "billing.Settlement",
}

each_ledger = pytest.mark.parametrize("model", LEDGERS, ids=lambda model: model._meta.label)
each_posted = pytest.mark.parametrize("model", POSTED, ids=lambda model: model._meta.label)
both_roles = pytest.mark.django_db(databases=["default", "owner"])


def attempt(alias: str, model: type[models.Model], statement: str) -> None:
    """Run a statement on a table that has a row, both as one role; leave nothing behind."""
    row = bare_row(model)
    with undone(alias), connections[alias].cursor() as cursor:
        if not statement.startswith("TRUNCATE"):  # which the row's pending foreign keys would stop
            row.save(using=alias, force_insert=True)
        cursor.execute(statement.format(table=model._meta.db_table, key=model._meta.pk.column, id=row.pk))


@contextlib.contextmanager
def refusal(cause: type[psycopg.Error], match: str | None = None) -> Iterator[None]:
    """Check that PostgreSQL refuses a statement for the given cause."""
    with pytest.raises(ProgrammingError, match=match) as refused:
        yield
    assert isinstance(refused.value.__cause__, cause), refused.value


CHANGES = {
    "update": "UPDATE {table} SET {key} = {key} WHERE {key} = {id}",
    "delete": "DELETE FROM {table} WHERE {key} = {id}",
    "truncate": "TRUNCATE {table} CASCADE",
}
GROUND = {
    "alter": "ALTER TABLE {table} ADD COLUMN loophole int",
    "disable its triggers": "ALTER TABLE {table} DISABLE TRIGGER USER",
    "drop": "DROP TABLE {table} CASCADE",
    "own": "ALTER TABLE {table} OWNER TO current_user",
    "add a trigger": "CREATE TRIGGER loophole BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION now()",
    "rewrite": "CREATE RULE loophole AS ON INSERT TO {table} DO INSTEAD NOTHING",
}


class TestLedgers:
    def test_are_all_known(self):
        assert {model._meta.label for model in POSTED} >= EXPECTED
        assert {"core.UserEvent", "core.CompanyEvent", "core.MembershipEvent"} <= {
            model._meta.label for model in HISTORY
        }

    def test_are_all_those_whose_triggers_are_named_so(self):
        named = {
            model
            for model in apps.get_models()
            if any(trigger.name == APPEND_ONLY for trigger in getattr(model._meta, "triggers", []))
        }
        assert named == set(LEDGERS)


@pytest.mark.soak("T4")
@each_ledger
@both_roles
class TestTheAppRole:
    def test_adds_rows(self, model):
        attempt("default", model, "SELECT 1 FROM {table}")

    @pytest.mark.parametrize("change", CHANGES)
    def test_changes_none(self, model, change):
        with refusal(errors.InsufficientPrivilege):
            attempt("default", model, CHANGES[change])


@both_roles
class TestTheAppRoleAnywhere:
    @pytest.mark.parametrize(
        "statement",
        [
            "SET session_replication_role = replica",
            "CREATE TABLE loophole (id int)",
            "CREATE SCHEMA loophole",
            "SET ROLE orderly_owner",
            "CREATE ROLE loophole",
        ],
    )
    def test_has_no_way_round(self, statement):
        with connections["default"].cursor() as cursor, refusal(errors.InsufficientPrivilege):
            cursor.execute(statement)

    @pytest.mark.parametrize("loophole", GROUND)
    def test_makes_no_loophole_in_a_ledger(self, loophole):
        with refusal(errors.InsufficientPrivilege):
            attempt("default", StockMove, GROUND[loophole])

    def test_owns_nothing(self):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relowner = current_user::regrole")
            assert cursor.fetchall() == []

    def test_may_truncate_no_table_at_all(self):
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee = current_user AND privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')"
            )
            assert cursor.fetchall() == []


@pytest.mark.soak("T4")
@both_roles
class TestTheOwner:
    @each_ledger
    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_is_stopped_by_the_trigger(self, model, change):
        with refusal(errors.RaiseException, match="Cannot update or delete rows"):
            attempt("owner", model, CHANGES[change])

    @each_posted
    def test_is_stopped_from_truncating_by_the_trigger(self, model):
        with refusal(errors.RaiseException, match="Cannot truncate rows"):
            attempt("owner", model, CHANGES["truncate"])


@both_roles
class TestGrantAppRole:
    def in_a_new_database(self, check) -> None:
        with undone("owner"), connections["owner"].cursor() as cursor:
            check(cursor)

    def privileges(self, cursor, table: str) -> set[str]:
        cursor.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = 'orderly_app' AND table_name = %s",
            [table],
        )
        return {privilege for (privilege,) in cursor.fetchall()}

    def test_follows_tables_that_a_later_migration_makes(self):
        def check(cursor) -> None:
            cursor.execute("CREATE TABLE later (id bigint GENERATED BY DEFAULT AS IDENTITY)")
            assert self.privileges(cursor, "later") == set()
            grant_app_role("owner", "orderly_app")
            assert self.privileges(cursor, "later") == {"SELECT", "INSERT", "UPDATE", "DELETE"}
            cursor.execute("SELECT has_sequence_privilege('orderly_app', 'later_id_seq', 'USAGE')")
            assert cursor.fetchone() == (True,)

        self.in_a_new_database(check)

    def test_takes_back_what_somebody_gave_by_hand(self):
        table = StockMove._meta.db_table

        def check(cursor) -> None:
            cursor.execute(f"GRANT ALL ON {table} TO orderly_app")
            grant_app_role("owner", "orderly_app")
            assert self.privileges(cursor, table) == {"SELECT", "INSERT"}

        self.in_a_new_database(check)

    @pytest.mark.parametrize("role", ["nobody_of_that_name", "orderly_owner"])
    def test_leaves_everything_alone_for_a_role_that_is_missing_or_the_owner_s(self, role, django_assert_num_queries):
        with django_assert_num_queries(1, connection=connections["owner"]):
            grant_app_role("owner", role)

    def test_is_called_by_migrate(self):
        """The template of this very database was only ever migrated, so what the app's role may do comes from there."""
        with connections["default"].cursor() as cursor:
            assert self.privileges(cursor, StockMove._meta.db_table) == {"SELECT", "INSERT"}
