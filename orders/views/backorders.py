"""The backorder workbench: lines that wait for stock, who gets what comes, and stock given from order to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from core.pages import FormPageMixin, moment, person, today_of
from core.queues import MOST_ROWS, BulkAction, QueueActionView, QueueView, Tab
from core.refusals import Blocked, Refused
from core.transactions import undone
from orders import services
from orders.filters import BackorderFilter
from orders.models import LinePart, MoveReason, Rule
from orders.queries import backorders
from orders.tables import BackorderTable
from orders.views.runs import RuleForm, run_shown

ALLOCATE = BulkAction("orders:allocate_lines", "orders.confirm", "Allocate", key="a", opens=True)


class BackorderQueueView(QueueView):
    """Lines that wait for stock, by what could help them."""

    verb = "orders.view"
    model = LinePart
    table_class = BackorderTable
    filterset_class = BackorderFilter
    template_name = "orders/backorders/queue.html"
    row_template = "orders/backorders/_row.html"
    empty_template = "orders/backorders/_empty.html"
    title = "Backorders"
    noun = "line"
    default_sort = "requested_on"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("fill", "Can be filled", backorders.CAN_BE_FILLED),
        Tab("expected", "Expected", backorders.IS_EXPECTED),
        Tab("none", "No supply", backorders.HAS_NO_SUPPLY),
        Tab("held", "On hold", Q(demand__is_held=True)),
        Tab("all", "All", Q()),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the waiting lines of the person's companies."""
        return backorders.waiting_parts(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each line how long it has waited, how late it is, and whether its first promise was moved."""
        now, today = moment(self.request), today_of(self.request)
        for row in rows:
            row.age = max(0, (now - row.order.confirmed_at).days) if row.order.confirmed_at else 0
            row.late_days = max(0, (today - row.requested_on).days)
            first, now_promised = row.demand.first_promised_on, row.demand.promised_on
            row.has_substitutes = row.has_substitutes and row.product_id == row.line.product_id
            row.was_promised = first if first and first != now_promised else None
        return rows

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """Lines can be allocated wherever some of their stock is free."""
        offers = self.current_tab is not None and self.current_tab.slug in {"fill", "all"}
        return [(ALLOCATE, reverse(ALLOCATE.url_name))] if offers and person(self.request).can(ALLOCATE.verb) else []

    def extra_context(self) -> dict[str, Any]:
        """Say what the person may do."""
        user = person(self.request)
        shown = run_shown(user) if user.can("orders.confirm") else {}
        return {
            "can_allocate": user.can("orders.confirm"),
            "can_move": user.can("orders.move_stock"),
            "can_substitute": user.can("orders.substitute"),
            **shown,
        }


class AllocateLinesView(QueueActionView):
    """Promises free stock to waiting lines by a rule, after showing who would get what (PRODUCT.md case 18)."""

    verb = "orders.confirm"
    queue, queue_url = BackorderQueueView, "orders:backorders"
    service, ids_name = services.allocate_parts, "part_ids"
    form_class = RuleForm
    template_name = "orders/backorders/allocate.html"
    done, done_many = "Stock allocated to the line.", "Stock allocated to {n} lines."

    def blank_form(self) -> RuleForm:
        """Return the form with the rule that was looked at."""
        return RuleForm(initial={"rule": self.rule})

    @property
    def rule(self) -> str:
        """The rule that was asked for, or the first one."""
        asked = self.request.POST.get("rule", "")
        return asked if asked in Rule.values else Rule.DUE

    def asking_context(self, ids: Sequence[int]) -> dict[str, Any]:
        """Add who would get what: the run itself, undone."""
        run = partial(services.allocate_parts, rule=self.rule, actor=person(self.request), at=moment(self.request))
        results = undone(lambda: run(part_ids=ids)) if ids else {}
        parts = backorders.waiting_parts(person(self.request)).filter(pk__in=ids).order_by("requested_on", "pk")
        return {
            "title": "Allocate backorders",
            "would": list(told(parts, results)),
            "action": reverse("orders:allocate_lines"),
        }


class AllocateFreeView(AllocateLinesView):
    """Shows who would get what of all that can be filled; its form goes to AllocateLinesView."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Ask about every line that could be filled, as many as one run takes."""
        can = backorders.waiting_parts(person(request)).filter(backorders.CAN_BE_FILLED)
        ids = can.order_by("requested_on", "pk").values_list("pk", flat=True)[:MOST_ROWS]
        return self.asking(list(ids), self.blank_form())


def told(parts: QuerySet[Any], results: Mapping[int, Any]) -> list[Any]:
    """Return lines with what each would get, those first that get something."""
    rows = list(parts)
    for row in rows:
        result = results.get(row.pk)
        row.gets = result.units if isinstance(result, services.Allocated) else None
        row.left = row.waits - (row.gets or 0)
        row.refusal = result if isinstance(result, Refused) else None
    return sorted(rows, key=lambda row: row.gets is None)


class MoveStockForm(forms.Form):
    """From which order, how many units, and why."""

    giver = forms.ChoiceField(label="From", widget=forms.RadioSelect)
    quantity = forms.DecimalField(label="Units", max_digits=18, decimal_places=6)
    reason = forms.ChoiceField(label="Why", choices=[("", "Choose why"), *MoveReason.choices])

    def __init__(self, *args: Any, givers: Sequence[LinePart], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["giver"]
        field.choices = [(str(giver.pk), giver) for giver in givers]
        field.error_messages["required"] = "Choose the order that gives."
        self.fields["quantity"].widget.attrs.update(inputmode="decimal", autocomplete="off")

    def givers(self) -> list[tuple[Any, bool]]:
        """Return the orders that could give, each with whether it is chosen."""
        chosen = self["giver"].value()
        return [(giver, str(giver.pk) == chosen) for _value, giver in self.fields["giver"].choices]  # type: ignore[attr-defined]


class MoveStockView(FormPageMixin, FormView):
    """Gives a waiting line stock that another order was promised; both orders' timelines tell of it."""

    verb = "orders.move_stock"
    template_name = "orders/backorders/move.html"
    fragment_name = "orders/backorders/_move_form.html"
    submit_label = "Move stock"

    @cached_property
    def part(self) -> Any:
        """The line that waits, with its order and product."""
        return get_object_or_404(backorders.waiting_parts(person(self.request)), pk=self.kwargs["pk"])

    @cached_property
    def givers(self) -> list[LinePart]:
        """The lines that could give, at most as many as a person looks through."""
        return list(backorders.givers_for(self.part)[:50])

    def get_form(self, form_class: Any = None) -> MoveStockForm:
        """Return the form; what the line waits for stands in it."""
        data = self.request.POST if self.request.method == "POST" else None
        only = str(self.givers[0].pk) if len(self.givers) == 1 else ""
        initial = {"giver": only, "quantity": f"{self.part.waits.normalize():f}"}
        return MoveStockForm(data, givers=self.givers, initial=initial)

    def save(self, form: MoveStockForm) -> int:
        """Move the stock.

        :raises Refused: where it is not there to be moved any more.
        """
        if not self.givers:
            raise Blocked("No other order has stock of it that could be moved.")
        typed = form.cleaned_data
        services.move_stock(
            from_part_id=int(typed["giver"]),
            to_part_id=self.part.pk,
            quantity=typed["quantity"],
            reason=typed["reason"],
            actor=person(self.request),
            at=moment(self.request),
        )
        self.done = f"{typed['quantity'].normalize():,f} of {self.part.product.sku} moved to {self.part.order}."
        return int(self.part.order_id)

    def url_of(self, reference: Any) -> str:
        """Return to the order that got it."""
        return reverse("orders:detail", args=[reference])

    def cancel_url(self) -> str:
        """Return to the workbench."""
        return reverse("orders:backorders")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the line that waits."""
        title = f"Move stock to {self.part.order}"
        return super().get_context_data(title=title, part=self.part, givers=self.givers, **kwargs)
