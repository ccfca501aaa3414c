"""Lives of documents: the graph in Python, the trigger in PostgreSQL, and carrying a verb out on many rows (T6)."""

import contextlib
import sys

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django_fsm import FSMField

from core import transitions
from core.refusals import ChangedMeanwhile
from core.transitions import Graph
from orders.models import SalesOrder
from tests.core.bare_rows import bare_row, undone
from tests.core.stock import NOON, Stock

# What a table asks for in a state besides
NEEDED = {
    ("inventory.Allocation", "SOFT"): {"level_id": None, "supply_id": 1},
    ("warehouse.PickTask", "SHORT"): {"reason": "FEWER"},
    ("inventory.SupplierMail", "FAILED"): {"reason": "The server refused it."},
}


def status_fields(model: type[models.Model]) -> list[FSMField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, FSMField)]


def graph_of(model: type[models.Model]) -> Graph:
    """Return the graph beside the model that its trigger was made from."""
    (trigger,) = [trigger for trigger in model._meta.triggers if trigger.name.endswith("_status_graph")]
    graphs = [graph for graph in vars(sys.modules[model.__module__]).values() if isinstance(graph, Graph)]
    made = trigger.compile(model).hash
    (graph,) = [graph for graph in graphs if graph.trigger(trigger.name).compile(model).hash == made]
    return graph


LIVES = [model for model in apps.get_models() if status_fields(model)]
each_life = pytest.mark.parametrize("model", LIVES, ids=lambda model: model._meta.label)


def set_status(model: type[models.Model], source: str, target: str) -> None:
    """Make a row in one state and set it to another by raw SQL, as the app's role; leave nothing behind."""
    with undone(), connection.cursor() as cursor:
        row = bare_row(model, status=source, **NEEDED.get((model._meta.label, source), {}))
        row.save(force_insert=True)
        cursor.execute(f"UPDATE {model._meta.db_table} SET status = %s WHERE id = %s", [target, row.pk])
        assert cursor.rowcount == 1


@pytest.mark.soak("T6")
@each_life
class TestEveryLife:
    def test_has_a_trigger_made_from_its_graph(self, model):
        assert graph_of(model).pairs()

    def test_has_no_transition_that_its_trigger_refuses(self, model):
        (field,) = status_fields(model)
        drawn = {(move.source, move.target) for move in field.get_all_transitions(model)}
        assert drawn
        assert drawn <= set(graph_of(model).pairs())

    def test_is_protected_from_assignment(self, model):
        row = bare_row(model)
        with pytest.raises(AttributeError, match="Direct status modification is not allowed"):
            row.status = next(iter(model.Status))

    @pytest.mark.django_db
    def test_is_kept_by_the_database_for_every_pair_of_states(self, model):
        states = list(model.Status.values)
        allowed = set(graph_of(model).pairs()) | {(state, state) for state in states}
        assert len(states) ** 2 > len(allowed), "every jump is legal: nothing is tested"
        for source in states:
            for target in states:
                if (source, target) in allowed:
                    with contextlib.suppress(IntegrityError):  # what else the table asks for in that state
                        set_status(model, source, target)
                    continue
                with pytest.raises(ProgrammingError, match="Invalid transition"):
                    set_status(model, source, target)


class TestGraph:
    graph = Graph(go=(["A", "B"], "C"), back=(["C"], "A"))

    def test_gives_source_and_target_of_a_verb(self):
        assert self.graph["go"] == {"source": ["A", "B"], "target": "C"}

    def test_lists_every_pair(self):
        assert self.graph.pairs() == [("A", "C"), ("B", "C"), ("C", "A")]


@pytest.mark.django_db
class TestApply:
    FIELDS = ("number", "confirmed_at")

    @pytest.fixture
    def stock(self) -> Stock:
        return Stock()

    def in_review(self, order: SalesOrder) -> SalesOrder:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_salesorder SET status = 'REVIEW' WHERE id = %s", [order.pk])
        return SalesOrder.objects.get(pk=order.pk)

    def test_saves_status_and_fields_of_all_by_one_statement(self, stock):
        orders = [stock.order("PO-1"), self.in_review(stock.order("PO-2"))]
        with CaptureQueriesContext(connection) as captured:
            transitions.apply(orders, "confirm", at=NOON, fields=self.FIELDS)
        assert len(captured) == 1
        for order in orders:
            saved = SalesOrder.objects.get(pk=order.pk)
            assert (saved.status, saved.number, saved.confirmed_at) == ("CONFIRMED", f"SO-{order.pk:06d}", NOON)

    def test_writes_no_field_that_was_not_named(self, stock):
        order = stock.order()
        order.po_number = "another"
        transitions.apply([order], "confirm", at=NOON, fields=self.FIELDS)
        assert SalesOrder.objects.get(pk=order.pk).po_number == "PO-1"

    def test_refuses_a_row_from_which_the_verb_does_not_start_and_says_where_it_stands(self, stock):
        orders = [stock.order("PO-1"), stock.order("PO-2")]
        transitions.apply(orders[:1], "confirm", at=NOON, fields=self.FIELDS)
        with pytest.raises(ChangedMeanwhile, match=rf"^Sales order SO-{orders[0].pk:06d} is confirmed now"):
            transitions.apply(list(reversed(orders)), "confirm", at=NOON, fields=self.FIELDS)
        assert SalesOrder.objects.get(pk=orders[1].pk).status == "DRAFT"

    def test_refuses_all_when_one_row_left_its_state_in_the_database(self, stock):
        orders = [stock.order("PO-1"), stock.order("PO-2")]
        self.in_review(orders[1])
        with pytest.raises(ChangedMeanwhile, match="sales orders changed meanwhile"), transaction.atomic():
            transitions.apply(orders, "confirm", at=NOON, fields=self.FIELDS)
        assert [SalesOrder.objects.get(pk=order.pk).status for order in orders] == ["DRAFT", "REVIEW"]

    def test_does_nothing_for_no_rows(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            transitions.apply([], "confirm", at=NOON)
