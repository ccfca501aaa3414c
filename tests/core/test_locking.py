"""Row locks: the shape of their SQL, and the watch that every test of the suite runs under."""

import contextlib
import threading
from datetime import date

import pytest
from django.apps import apps
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.errors import LockNotAvailable

from core import bulk
from core.locking import LOCK_ORDER
from core.models import Company, IdempotencyKey, NumberSeries
from inventory.models import BinStock, Demand, StockLevel
from orders.models import SalesOrder, SalesOrderLine
from tests.factories.core import CompanyFactory, NumberSeriesFactory, UserFactory
from tests.lock_watch import LockedBackwards, tables_locked
from tests.race import race


def sql_of(act) -> list[str]:
    """Return the statements that a callable issues."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured]


@pytest.fixture
def expected_backwards(locked_backwards):
    """Let a test provoke the watch: what it noted is taken for said."""
    yield locked_backwards
    assert locked_backwards
    locked_backwards.clear()


class TestLockOrder:
    def test_names_tables_that_exist(self):
        assert set(LOCK_ORDER) <= {model._meta.db_table for model in apps.get_models()}
        assert len(set(LOCK_ORDER)) == len(LOCK_ORDER)

    @pytest.mark.django_db
    def test_lets_the_app_role_wait_three_seconds_for_a_lock(self):
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("2s",)


@pytest.mark.django_db
class TestLocked:
    def test_orders_by_primary_key_and_locks_its_own_rows_without_their_keys(self):
        rows = Company.objects.order_by("-name").filter(currency="GBP")
        (sql,) = sql_of(lambda: list(rows.locked()))
        assert sql.endswith(' ORDER BY "core_company"."id" ASC FOR NO KEY UPDATE OF "core_company"')

    def test_leaves_joined_rows_alone(self):
        lines = SalesOrderLine.objects.select_related("order").filter(order__currency="GBP")
        (sql,) = sql_of(lambda: list(lines.locked()))
        assert sql.endswith('ORDER BY "orders_salesorderline"."id" ASC FOR NO KEY UPDATE OF "orders_salesorderline"')
        assert tables_locked(sql) == ["orders_salesorderline"]

    def test_locks_nothing_while_lazy(self):
        assert sql_of(lambda: Company.objects.locked()) == []


@pytest.mark.django_db
class TestTablesLocked:
    """What the watch reads out of a statement."""

    @pytest.mark.parametrize(
        ("sql", "tables"),
        [
            ('SELECT "id" FROM "orders_salesorder" WHERE "id" = 1', []),
            (
                'SELECT id FROM "orders_salesorder" WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE',
                ["orders_salesorder"],
            ),
            ("select id from orders_salesorder for update", ["orders_salesorder"]),
            ("SELECT id FROM orders_salesorder FOR KEY SHARE", []),
            (
                "SELECT l.id FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = 1 FOR NO KEY UPDATE OF l",
                ["orders_salesorderline"],
            ),
            (
                "SELECT 1 FROM orders_salesorder AS o, orders_linepart p WHERE p.id = 1 FOR NO KEY UPDATE OF o, p",
                ["orders_salesorder", "orders_linepart"],
            ),
            (
                "SELECT 1 FROM orders_salesorder o JOIN orders_linepart p ON p.order_id = o.id FOR UPDATE NOWAIT",
                ["orders_salesorder", "orders_linepart"],
            ),
            (
                "SELECT id FROM orders_linepart WHERE demand_id IN (SELECT id FROM inventory_demand) FOR NO KEY UPDATE",
                ["orders_linepart"],
            ),
            (
                "WITH d AS (SELECT id FROM inventory_demand FOR UPDATE) SELECT 1 FROM inventory_stocklevel FOR UPDATE",
                ["inventory_demand", "inventory_stocklevel"],
            ),
            (
                "UPDATE inventory_demand AS t SET picked = 1 FROM orders_linepart p WHERE t.id = p.demand_id",
                ["inventory_demand"],
            ),
            (
                "WITH d AS (UPDATE inventory_demand SET picked = 1) UPDATE inventory_stocklevel SET value = 0",
                ["inventory_demand", "inventory_stocklevel"],
            ),
            ("SELECT set_config('a', 'b', true); UPDATE core_numberseries SET next_value = 2", ["core_numberseries"]),
            ('DELETE FROM "inventory_binstock" WHERE id = 1', ["inventory_binstock"]),
            ("INSERT INTO inventory_binstock (id) VALUES (1)", []),
            ("INSERT INTO inventory_binstock (id) VALUES (1) ON CONFLICT DO NOTHING", []),
            (
                "INSERT INTO inventory_binstock (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET quantity = 1",
                ["inventory_binstock"],
            ),
            ("INSERT INTO core_idempotencykey (key) VALUES ('k') ON CONFLICT DO NOTHING", ["core_idempotencykey"]),
            ('UPDATE "core_idempotencykey" SET "reference" = 1', []),
            ("/* own rows */ UPDATE orders_salesorder SET number = 'x'", []),
        ],
    )
    def test_are_those_whose_rows_it_makes_others_wait_for(self, sql, tables):
        assert tables_locked(sql) == tables

    @pytest.mark.parametrize(
        ("act", "table"),
        [
            (lambda: bulk.add(StockLevel, {1: {"sellable": 1}}), "inventory_stocklevel"),
            (lambda: bulk.update([Demand(pk=1, picked=0)], ["picked"]), "inventory_demand"),
            (lambda: list(SalesOrder.objects.filter(pk=1).locked()), "orders_salesorder"),
            (lambda: BinStock.objects.filter(pk=1).update(quantity=1), "inventory_binstock"),
            (lambda: BinStock.objects.filter(pk=1).delete(), "inventory_binstock"),
        ],
        ids=["bulk.add", "bulk.update", "locked", "update", "delete"],
    )
    def test_are_found_in_what_the_kernel_issues(self, act, table):
        assert [name for sql in sql_of(act) for name in tables_locked(sql)] == [table]


def lock(model) -> None:
    list(model.objects.filter(pk=1).locked())


def lock_order_then_demand() -> None:
    with transaction.atomic():
        lock(SalesOrder)
        lock(Demand)


def lock_demand_then_order() -> None:
    with transaction.atomic():
        lock(Demand)
        lock(SalesOrder)


@pytest.mark.django_db
class TestLockOrderWatch:
    def test_lets_the_order_pass(self):
        lock_order_then_demand()

    def test_begins_anew_with_each_transaction(self):
        lock_order_then_demand()
        lock_order_then_demand()
        lock(Demand)
        lock(SalesOrder)

    def test_lets_a_table_be_locked_twice(self):
        with transaction.atomic():
            lock(Demand)
            bulk.add(Demand, {1: {"picked": 0}})

    def test_stops_a_transaction_that_locks_backwards(self, expected_backwards):
        with pytest.raises(LockedBackwards, match="orders_salesorder was locked after inventory_demand"):
            lock_demand_then_order()

    def test_notes_what_a_caller_swallows(self, expected_backwards):
        with contextlib.suppress(LockedBackwards):
            lock_demand_then_order()
        assert "orders_salesorder was locked after inventory_demand" in expected_backwards[0]

    def test_stops_an_update_after_a_lock_further_down(self, expected_backwards):
        with transaction.atomic():
            NumberSeries.objects.filter(pk=1).update(last_on=date(2026, 1, 1))
            with pytest.raises(LockedBackwards):
                bulk.add(StockLevel, {1: {"sellable": 1}})

    def test_lets_a_transaction_change_what_it_made(self):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders_salesorder (id) SELECT id FROM orders_salesorder WHERE FALSE")
            lock(Demand)
            cursor.execute("UPDATE orders_salesorder SET number = 'x' WHERE FALSE")

    def test_stops_it_where_it_locks_others_of_them(self, expected_backwards):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders_salesorder (id) SELECT id FROM orders_salesorder WHERE FALSE")
            lock(Demand)
            with pytest.raises(LockedBackwards):
                lock(SalesOrder)

    def test_looks_into_savepoints(self, expected_backwards):
        with transaction.atomic():
            with transaction.atomic():
                lock(Demand)
            with transaction.atomic(), pytest.raises(LockedBackwards):
                lock(SalesOrder)

    def test_forgets_what_was_locked_inside_a_savepoint_that_is_rolled_back(self):
        with transaction.atomic():
            mark = transaction.savepoint()
            lock(Demand)
            transaction.savepoint_rollback(mark)
            lock(SalesOrder)

    def test_remembers_what_was_locked_before_a_savepoint_that_is_rolled_back(self, expected_backwards):
        with transaction.atomic():
            lock(Demand)
            mark = transaction.savepoint()
            transaction.savepoint_rollback(mark)
            with pytest.raises(LockedBackwards):
                lock(SalesOrder)

    def test_wants_the_idempotency_key_before_every_lock(self, expected_backwards):
        user = UserFactory()
        with transaction.atomic():
            lock(SalesOrder)
            with pytest.raises(LockedBackwards, match="core_idempotencykey was locked after"):
                IdempotencyKey.objects.create(user=user, key="late", verb="orders.confirm", request_digest="")


@pytest.mark.django_db(transaction=True)
class TestLockOrderWatchOutsideATest:
    """Transactions that really commit, on connections of their own."""

    def test_begins_anew_with_each_transaction(self):
        for _ in range(2):
            lock_order_then_demand()

    def test_stops_a_thread_that_locks_backwards(self, expected_backwards):
        raised: list[Exception] = []

        def run() -> None:
            try:
                lock_demand_then_order()
            except LockedBackwards as error:
                raised.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert len(raised) == len(expected_backwards) == 1

    def test_watches_a_connection_made_anew(self, expected_backwards):
        connection.close()
        with pytest.raises(LockedBackwards):
            lock_demand_then_order()

    @pytest.mark.django_db(transaction=True, databases=["default", "owner"])
    def test_watches_the_owner_s_connection(self, expected_backwards):
        with connections["owner"].cursor() as cursor, transaction.atomic("owner"):
            cursor.execute("SELECT id FROM inventory_demand FOR NO KEY UPDATE")
            with pytest.raises(LockedBackwards):
                cursor.execute("SELECT id FROM orders_salesorder FOR NO KEY UPDATE")


@pytest.mark.django_db(transaction=True)
class TestChildren:
    """Rows that refer to a locked parent."""

    def insert_elsewhere(self, company: Company) -> list[NumberSeries | Exception]:
        """Insert a child of the company on another connection, and wait for it a moment only."""

        def insert() -> NumberSeries:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            return NumberSeriesFactory(company=company)

        return race(insert)

    def test_are_inserted_without_waiting_for_the_parent_s_lock(self):
        company = CompanyFactory()
        with transaction.atomic():
            list(Company.objects.filter(pk=company.pk).locked())
            (made,) = self.insert_elsewhere(company)
        assert isinstance(made, NumberSeries)

    def test_would_wait_for_the_lock_that_locked_does_not_take(self):
        company = CompanyFactory()
        with transaction.atomic():
            list(Company.objects.select_for_update().filter(pk=company.pk))
            (refused,) = self.insert_elsewhere(company)
        assert isinstance(refused, OperationalError)
        assert isinstance(refused.__cause__, LockNotAvailable)
