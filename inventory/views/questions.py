"""The questions that a broken promise leaves: which stand open, and what somebody says to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from core.pages import person
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Run, Tab
from inventory import services
from inventory.filters import BrokenPegFilter
from inventory.models import BrokenPeg
from inventory.queries import supply as supply_queries
from inventory.tables import BrokenPegTable


class BrokenPegQueueView(QueueView):
    """What somebody has to say: orders whose supply was cancelled, and supply whose order was."""

    verb = "inventory.view_supply"
    model = BrokenPeg
    table_class = BrokenPegTable
    filterset_class = BrokenPegFilter
    row_template = "inventory/supply/_question_row.html"
    empty_template = "inventory/supply/_no_questions.html"
    title = "Broken promises"
    noun = "question"
    default_sort = "asked_at"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("orders", "Orders without supply", Q(kind="ORDER_WAITS", status="OPEN")),
        Tab("spare", "Supply without order", Q(kind="SUPPLY_SPARE", status="OPEN")),
        Tab("answered", "Answered", Q(status="ANSWERED")),
    )
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Orders whose supply was cancelled",
            Q(kind="ORDER_WAITS", status="OPEN"),
            *("asked_at", "orders.confirm", "tab=orders"),
            called="supply__product__sku",
            party="supply__product__name",
        ),
        Alert(
            "Supply that nobody waits for any more",
            Q(kind="SUPPLY_SPARE", status="OPEN"),
            *("asked_at", "inventory.purchase", "tab=spare"),
            called="supply__product__sku",
            party="supply__product__name",
        ),
    )

    @property
    def bulk_actions(self) -> tuple[BulkAction, ...]:  # type: ignore[override]
        """The answers that fit the tab."""
        if self.current_tab is None or self.current_tab.slug == "answered":
            return ()
        if self.current_tab.slug == "spare":
            return (
                BulkAction("supply:keep", "inventory.purchase", "Keep for stock", key="s", phrase="Keep {} for stock"),
                BulkAction(
                    "supply:cut",
                    "inventory.purchase",
                    "Cut from supplier order",
                    phrase="Cut {} from supplier order",
                    confirm="Take what nobody waits for off the supplier's order? Tell the supplier as well.",
                ),
            )
        return (
            BulkAction("supply:wait", "orders.confirm", "Let wait", key="w", phrase="Let {} wait"),
            BulkAction(
                "supply:other_supplier", "orders.confirm", "Bought elsewhere", phrase="Note {} as bought elsewhere"
            ),
            BulkAction(
                *("supply:give_up", "orders.confirm", "Cancelled with the customer"),
                phrase="Note {} as cancelled with the customer",
            ),
        )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the questions."""
        return supply_queries.broken_pegs(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add the orders that waited."""
        owners = supply_queries.owners_of({row.demand_id for row in rows})
        for row in rows:
            row.owner = owners.get(row.demand_id)
        return rows


class AnswerView(QueueActionView):
    """Answers questions one way."""

    verb = "inventory.view_supply"
    says = BrokenPeg.Answer.WAIT
    queue, queue_url = BrokenPegQueueView, "supply:questions"
    service, ids_name = services.answer_broken_pegs, "peg_ids"
    done, done_many = "Answered.", "{n} questions answered."

    def run(self, ids: Sequence[int], extra: Mapping[str, Any]) -> Run:
        """Answer the questions."""
        return super().run(ids, {**extra, "answer": self.says})
