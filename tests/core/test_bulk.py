"""Many rows by one statement: what goes in comes out, in every type of column, with history's context on and off."""

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import bulk
from core.history import attributed_to
from core.models import Company, Membership
from core.refusals import ChangedMeanwhile
from core.roles import Role
from inventory.models import Demand, Product, StockLevel, StockMove, Unit
from orders.models import CustomerPO
from tests.core.stock import NOON, Stock
from tests.factories.core import CompanyFactory, UserFactory

FLOORS = {"core", "inventory", "orders", "warehouse", "shipping", "billing", "returns", "dashboards", "portal"}


@pytest.fixture(params=["history's context on", "history's context off"], autouse=True)
def context(request, db) -> Iterator[None]:
    """Run each test twice: a request's context puts a statement of its own before each of ours."""
    with attributed_to(lambda: {"user": 1}) if request.param.endswith("on") else contextlib.nullcontext():
        yield


@pytest.fixture
def stock(db) -> Stock:
    return Stock()


@contextlib.contextmanager
def statements(count: int) -> Iterator[None]:
    """Check how many statements are issued."""
    with CaptureQueriesContext(connection) as captured:
        yield
    assert len(captured) == count, [query["sql"] for query in captured]


class TestInsert:
    def test_sets_every_primary_key_and_writes_what_was_given(self, stock):
        rows = [stock.demand(quantity, priority=number) for number, quantity in enumerate(("5", "0.000001", "7.5"))]
        with statements(1):
            bulk.insert(rows)
        found = Demand.objects.in_bulk([row.pk for row in rows])
        assert [found[row.pk].quantity for row in rows] == [Decimal(5), Decimal("0.000001"), Decimal("7.5")]
        assert [found[row.pk].priority for row in rows] == [0, 1, 2]
        assert [row.pk for row in rows] == sorted(row.pk for row in rows)
        assert not any(row._state.adding for row in rows)

    def test_leaves_generated_columns_and_database_defaults_to_the_database(self, stock):
        demand, product = (
            stock.demand("5", allocated=2),
            Product(company=stock.company, sku="B", name="b", unit=stock.unit),
        )
        bulk.insert([demand])
        bulk.insert([product])
        assert Demand.objects.get(pk=demand.pk).backordered == 3
        assert Product.objects.get(pk=product.pk).created_at is not None

    def test_writes_dates_and_nothing_alike(self, stock):
        rows = [stock.demand(promised_on=None), stock.demand(promised_on=date(2026, 4, 2))]
        bulk.insert(rows)
        assert [Demand.objects.get(pk=row.pk).promised_on for row in rows] == [None, date(2026, 4, 2)]

    def test_writes_a_column_of_nothing(self, stock):
        rows = [Product(company=stock.company, sku=sku, name=sku, unit=stock.unit, weight_g=None) for sku in "BC"]
        bulk.insert(rows)
        assert set(Product.objects.filter(pk__in=[row.pk for row in rows]).values_list("weight_g", flat=True)) == {None}

    def test_writes_booleans_times_and_any_text(self, stock):
        name = 'A "quoted", {braced}, back\\slashed, NULL 100 % %s naïve — 猫\nname'
        product = Product(company=stock.company, sku="B", name=name, unit=stock.unit, is_active=False, created_at=NOON)
        bulk.insert([product])
        saved = Product.objects.get(pk=product.pk)
        assert (saved.name, saved.is_active, saved.created_at) == (name, False, NOON)

    def test_writes_json_of_any_kind(self, stock):
        contents = [{"a": [1, None, 'x"y']}, [], "text", 7, True]
        rows = [stock.purchase_order(content) for content in contents]
        bulk.insert(rows)
        assert [CustomerPO.objects.get(pk=row.pk).content for row in rows] == contents

    def test_writes_children_with_their_parents(self, stock):
        postings = [stock.posting("GR-1"), stock.posting("GR-2")]
        moves = [
            _move(stock, posting, quantity)
            for posting, quantity in [(postings[1], 1), (postings[0], 2), (postings[1], 3)]
        ]
        with statements(1):
            bulk.insert(postings, (moves, "posting"))
        saved = [StockMove.objects.get(pk=move.pk) for move in moves]
        assert [(move.posting.reference, move.quantity) for move in saved] == [("GR-2", 1), ("GR-1", 2), ("GR-2", 3)]
        assert [move.posting_id for move in moves] == [postings[1].pk, postings[0].pk, postings[1].pk]

    def test_writes_children_of_several_kinds(self, stock):
        unit = Unit(company=stock.company, code="bx", name="Box")
        products = [Product(company=stock.company, sku=sku, name=sku, unit=unit, sort_key=sku) for sku in "BC"]
        more = [Product(company=stock.company, sku="D", name="D", unit=unit, sort_key="D")]
        with statements(1):
            bulk.insert([unit], (products, "unit"), (more, "unit"), ([], "unit"))
        assert set(Product.objects.filter(unit=unit).values_list("sku", flat=True)) == set("BCD")

    def test_writes_grandchildren(self, stock):
        unit = Unit(company=stock.company, code="bx", name="Box")
        products = [Product(company=stock.company, sku=sku, name=sku, unit=unit, sort_key=sku) for sku in "BC"]
        demands = [stock.demand("1"), stock.demand("2")]
        demands[0].product, demands[1].product = products[1], products[0]
        with statements(1):
            bulk.insert([unit], (products, "unit"), (demands, "product"))
        saved = Demand.objects.filter(product__unit=unit).order_by("quantity")
        assert [(demand.product.sku, demand.quantity) for demand in saved] == [("C", 1), ("B", 2)]

    def test_refuses_children_of_one_kind_whose_parents_are_of_several(self, stock):
        units = [Unit(company=stock.company, code=code, name=code) for code in ("bx", "ct")]
        products = [Product(company=stock.company, sku=unit.code, name="A", unit=unit, sort_key="A") for unit in units]
        demands = [stock.demand(), stock.demand()]
        demands[0].product, demands[1].product = products
        with pytest.raises(ValueError, match="rows of one entry"):
            bulk.insert(units, (products[:1], "unit"), (products[1:], "unit"), (demands, "product"))

    def test_writes_nothing_for_no_rows(self):
        with statements(0):
            bulk.insert([])

    def test_writes_all_or_nothing(self, stock):
        with pytest.raises(IntegrityError, match="demand_"):
            bulk.insert([stock.demand("1"), stock.demand("-1")])

    def test_refuses_a_column_of_arrays_which_unnest_would_take_apart(self):
        rows = [Membership(user=UserFactory(), company=CompanyFactory(), roles=[Role.PICKER, Role.ACCOUNTANT])]
        with pytest.raises(TypeError, match="roles"):
            bulk.insert(rows)


def _move(stock: Stock, posting: models.Model, quantity: int = 1) -> StockMove:
    return StockMove(
        company=stock.company,
        posting=posting,
        product=stock.product,
        from_place="SUPPLIER",
        to_place="CUSTOMER",
        quantity=quantity,
    )


class TestLater:
    def test_writes_rows_with_the_next_insert_by_its_statement(self, stock):
        demand, more = stock.demand("5"), [stock.demand("6"), stock.demand("7")]
        with bulk.waiting():
            bulk.later(more[:1])
            bulk.later(more[1:])
            with statements(1):
                bulk.insert([demand])
            assert set(Demand.objects.values_list("quantity", flat=True)) == {5, 6, 7}
            with statements(0):
                bulk.flush()

    def test_writes_rows_with_the_next_insert_of_parents_and_children(self, stock):
        posting = stock.posting()
        with bulk.waiting():
            bulk.later([stock.demand("6")])
            with statements(1):
                bulk.insert([posting], ([_move(stock, posting)], "posting"))
        assert (Demand.objects.count(), StockMove.objects.get().posting) == (1, posting)

    def test_writes_rows_of_several_models_and_updates_in_the_end_by_one_statement(self, stock):
        demand = stock.demand("5")
        bulk.insert([demand])
        demand.quantity = Decimal(8)
        with statements(1), bulk.waiting():
            bulk.later([stock.demand("6"), stock.demand("7")])
            bulk.later([Unit(company=stock.company, code="box", name="box")])
            bulk.update_later([demand], ["quantity"])
        assert list(Demand.objects.order_by("pk").values_list("quantity", flat=True)) == [8, 6, 7]
        assert Unit.objects.filter(code="box").exists()

    @pytest.mark.parametrize("was", ["5", "7"])
    @pytest.mark.parametrize("with_insert", [False, True])
    def test_refuses_all_where_a_row_was_changed_meanwhile(self, stock, with_insert, was):
        demands = [stock.demand("5"), stock.demand("6")]
        bulk.insert(demands)
        for demand in demands:
            demand.priority = 7
        with bulk.waiting():
            bulk.update_later(demands, ["priority"], where={"quantity": [Decimal(was), Decimal(6)]})
            with contextlib.nullcontext() if was == "5" else pytest.raises(ChangedMeanwhile):
                bulk.insert([stock.demand("8")] if with_insert else [])
                bulk.flush()

    def test_writes_rows_beside_what_is_added_to_counters_and_leaves_updates_waiting(self, stock):
        demands = [stock.demand("5"), stock.demand("6")]
        bulk.insert(demands)
        demands[1].priority = 7
        with bulk.waiting():
            bulk.later([stock.demand("8")])
            bulk.update_later(demands[1:], ["priority"])
            with statements(1):
                assert bulk.add(Demand, {demands[0].pk: {"quantity": Decimal(2)}}) == [(demands[0].pk,)]
            assert list(Demand.objects.order_by("pk").values_list("quantity", flat=True)) == [7, 6, 8]
            assert not Demand.objects.filter(priority=7).exists()
        assert Demand.objects.get(priority=7) == demands[1]

    def test_adds_to_counters_of_locked_rows_with_the_next_insert(self, stock):
        demands = [stock.demand("5"), stock.demand("6")]
        bulk.insert(demands)
        with bulk.waiting():
            more = {demands[0].pk: {"quantity": Decimal(2)}, demands[1].pk: {"priority": Decimal(1)}}
            bulk.add_later(Demand, more)
            bulk.add_later(Demand, {})
            with statements(1):
                bulk.insert([stock.demand("8")])
        figures = Demand.objects.order_by("pk").values_list("quantity", "priority")
        assert list(figures) == [(7, demands[0].priority), (6, demands[1].priority + 1), (8, demands[0].priority)]

    def test_adds_to_no_row_that_is_gone_and_past_no_guard(self, stock):
        demand = stock.demand("5")
        bulk.insert([demand])
        for more, error in ({0: {"quantity": 1}}, ChangedMeanwhile), ({demand.pk: {"quantity": -6}}, IntegrityError):
            with pytest.raises(error), transaction.atomic(), bulk.waiting():
                bulk.add_later(Demand, more)
        assert Demand.objects.get().quantity == 5

    @pytest.mark.parametrize("was", ["5", "7"])
    def test_writes_all_beside_a_statement_or_refuses_it_with_them(self, stock, was):
        demands = [stock.demand("5"), stock.demand("6")]
        bulk.insert(demands)
        demands[0].priority = 7
        with bulk.waiting():
            bulk.later([stock.demand("8")])
            bulk.update_later(demands[:1], ["priority"], where={"quantity": [Decimal(was)]})
            with contextlib.nullcontext() if was == "5" else pytest.raises(ChangedMeanwhile), statements(1):
                bulk.execute_with_all("a AS (UPDATE inventory_demand SET quantity = 9 WHERE id = %s)", [demands[1].pk])
            if was == "5":
                figures = Demand.objects.order_by("pk").values_list("quantity", "priority")
                assert list(figures) == [(5, 7), (9, demands[1].priority), (8, demands[1].priority)]

    def test_refuses_a_row_that_waits_twice(self, stock):
        demand = stock.demand("5")
        bulk.insert([demand])
        with bulk.waiting():
            bulk.update_later([demand], ["quantity"])
            bulk.update_later([demand], ["priority"])
            with pytest.raises(ChangedMeanwhile):
                bulk.flush()

    def test_leaves_nothing_behind_what_raises(self, stock):
        with contextlib.suppress(ValueError), bulk.waiting():
            bulk.later([stock.demand("6")])
            raise ValueError
        with bulk.waiting():
            bulk.insert([stock.demand("5")])
        assert Demand.objects.get().quantity == 5

    def test_does_not_wait_outside_a_service(self, stock):
        demand = stock.demand("5")
        bulk.later([demand])
        demand.quantity = Decimal(8)
        bulk.update_later([demand], ["quantity"])
        assert Demand.objects.get().quantity == 8


class TestUpdate:
    def test_sets_fields_of_each_row_by_one_statement(self, stock):
        rows = [stock.demand(), stock.demand()]
        bulk.insert(rows)
        for number, row in enumerate(rows):
            row.promised_on, row.priority, row.quantity = date(2026, 4, 2 + number), number, Decimal("9.5")
        with statements(1):
            assert bulk.update(rows, ["promised_on", "priority"]) == 2
        saved = [Demand.objects.get(pk=row.pk) for row in rows]
        assert [(row.promised_on, row.priority) for row in saved] == [(date(2026, 4, 2), 0), (date(2026, 4, 3), 1)]
        assert {row.quantity for row in saved} == {Decimal(5)}, "a field that was not named"

    def test_sets_nothing(self, stock):
        row = stock.demand(promised_on=date(2026, 4, 2))
        bulk.insert([row])
        row.promised_on = None
        bulk.update([row], ["promised_on"])
        assert Demand.objects.get(pk=row.pk).promised_on is None

    def test_sets_foreign_keys(self, stock):
        other = Unit.objects.create(company=stock.company, code="bx", name="Box")
        stock.product.unit = other
        bulk.update([stock.product], ["unit"])
        assert Product.objects.get(pk=stock.product.pk).unit == other

    def test_leaves_rows_alone_that_are_not_as_expected_any_more(self, stock):
        rows = [stock.demand(priority=1), stock.demand(priority=2)]
        bulk.insert(rows)
        for row in rows:
            row.destination_country = "FR"
        changed = bulk.update(rows, ["destination_country"], where={"priority": [1, 1]})
        assert changed == 1
        assert [Demand.objects.get(pk=row.pk).destination_country for row in rows] == ["FR", "GB"]

    def test_needs_every_guard_to_hold(self, stock):
        row = stock.demand(priority=1)
        bulk.insert([row])
        row.destination_country = "FR"
        guards = {"priority": [1], "due_on": [date(2020, 1, 1)]}
        assert bulk.update([row], ["destination_country"], where=guards) == 0

    def test_expects_nothing_where_the_guard_is_nothing(self, stock):
        rows = [stock.demand(promised_on=None), stock.demand(promised_on=date(2026, 4, 2))]
        bulk.insert(rows)
        for row in rows:
            row.destination_country = "FR"
        assert bulk.update(rows, ["destination_country"], where={"promised_on": [None, None]}) == 1

    def test_changes_nothing_for_no_rows(self):
        with statements(0):
            assert bulk.update([], ["priority"]) == 0


class TestAdd:
    def test_adds_to_each_row_what_is_meant_for_it_and_returns_what_is_there_now(self, stock):
        first, second = stock.levels(10, 20)
        with statements(1):
            rows = bulk.add(
                StockLevel,
                {second.pk: {"sellable": Decimal("-0.5"), "staged": 1}, first.pk: {"sellable": 5}},
                returning=["sellable", "staged"],
            )
        assert sorted(rows) == [(first.pk, 15, 0), (second.pk, Decimal("19.5"), 1)]
        assert set(StockLevel.objects.values_list("sellable", "staged")) == {(15, 0), (Decimal("19.5"), 1)}

    def test_locks_by_primary_key_before_it_writes(self, stock):
        levels = stock.levels(1, 1, 1)
        with CaptureQueriesContext(connection) as captured:
            bulk.add(StockLevel, {level.pk: {"sellable": 1} for level in reversed(levels)})
        sql = captured[-1]["sql"]
        lock = 'l AS MATERIALIZED (SELECT t.id FROM "inventory_stocklevel" t WHERE t.id IN (SELECT id FROM u)'
        assert lock in sql
        assert "ORDER BY t.id FOR NO KEY UPDATE)" in sql[sql.index(lock) :]
        assert sql.index(lock) < sql.index('UPDATE "inventory_stocklevel" AS t SET')

    def test_is_refused_whole_by_a_constraint_of_one_row(self, stock):
        first, second = stock.levels(10, 1)
        with pytest.raises(IntegrityError, match="stocklevel_allocated_within_sellable"):
            bulk.add(StockLevel, {first.pk: {"allocated": 1}, second.pk: {"allocated": 2}})

    def test_returns_only_rows_that_exist(self, stock):
        (level,) = stock.levels(1)
        assert bulk.add(StockLevel, {level.pk: {"sellable": 1}, level.pk + 1000: {"sellable": 1}}) == [(level.pk,)]

    def test_adds_nothing_for_no_rows(self):
        with statements(0):
            assert bulk.add(StockLevel, {}) == []

    def test_returns_generated_columns_as_they_are_after_the_change(self, stock):
        demand = stock.demand("5")
        bulk.insert([demand])
        rows = bulk.add(Demand, {demand.pk: {"allocated": 2}}, returning=["backordered", "product"])
        assert rows == [(demand.pk, 3, stock.product.pk)]


class TestByPk:
    def test_finds_rows_by_their_primary_key(self):
        rows = [Company(pk=3), Company(pk=1)]
        assert bulk.by_pk(rows) == {3: rows[0], 1: rows[1]}


TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30))


class TestArray:
    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values=st.lists(TEXTS | st.sampled_from(["NULL", "null", "{}", '"', "\\", "\\N", "a,b", " ", "", "'"])))
    def test_brings_every_text_as_it_is(self, values):
        assert _back(bulk.array(values), "text[]") == values

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values=st.lists(st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=6)))
    def test_brings_every_amount_as_it_is(self, values):
        assert _back(bulk.array(values), "numeric[]") == values

    def test_brings_days_moments_and_truths(self):
        assert _back(bulk.array([date(2026, 2, 28), None]), "date[]") == [date(2026, 2, 28), None]
        assert _back(bulk.array([NOON]), "timestamptz[]") == [NOON]
        assert _back(bulk.array([True, False]), "boolean[]") == [True, False]
        assert _back(bulk.array([Role.PICKER]), "text[]") == ["PICKER"]


def _back(text, kind):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (SELECT %s::{kind})", [text])
        return cursor.fetchone()[0]


class TestSequences:
    def test_are_named_as_inserts_name_them(self):
        for model in apps.get_models():
            if isinstance(model._meta.pk, models.BigAutoField) and model._meta.app_label in FLOORS:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', "id"])
                    assert cursor.fetchone()[0] == f"public.{bulk._sequence(model)}", model
