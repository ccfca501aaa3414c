"""Stock planning: classes, cover, and the money in what is too much, too little or dead."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.generic import View
from django.views.generic.edit import FormView

from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, person
from core.queues import QueueView, Tab
from inventory import services
from inventory.filters import PlanningFilter
from inventory.forms.planning import ServiceLevelForm
from inventory.models import PlanningFigure
from inventory.queries import planning as planning_queries
from inventory.tables import PlanningTable


class PlanningQueueView(QueueView):
    """How products go in warehouses, and what should be done about them; costs are for all who see what is bought."""

    verb = "inventory.view_supply"
    model = PlanningFigure
    table_class = PlanningTable
    filterset_class = PlanningFilter
    template_name = "inventory/supply/planning.html"
    row_template = "inventory/supply/_planning_row.html"
    empty_template = "inventory/supply/_no_planning.html"
    title = "Stock planning"
    noun = "item"
    default_sort = "-worth"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("all", "All", Q()),
        Tab("a", "Class A", Q(value_class="A")),
        Tab("short", "Runs out", Q(state="SHORT")),
        Tab("over", "Over-stock", Q(state="OVER")),
        Tab("dead", "Dead stock", Q(state="DEAD")),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the figures."""
        return planning_queries.planning_figures(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say as of when the figures are, in what currency, and for which service level."""
        user = person(self.request)
        return {
            "as_of": planning_queries.reckoned_at(user),
            "currency": user.company.currency,
            "level": planning_queries.service_level(user),
            "can_buy": user.can("inventory.purchase"),
        }


class ReckonPlanningView(VerbRequiredMixin, View):
    """Reckons the figures anew instead of at night."""

    verb = "inventory.view_supply"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Reckon them and go back to them."""
        services.reckon_planning(actor=person(request), at=moment(request))
        messages.success(request, "Reckoned anew.")
        return go_to(request, reverse("supply:planning"))


class ServiceLevelView(FormPageMixin, FormView):
    """Says how seldom each class may run out while more of it is bought."""

    verb = "inventory.purchase"
    form_class = ServiceLevelForm
    title = "Service level"
    done = "Kept: the figures were reckoned anew."

    def get_initial(self) -> dict[str, Any]:
        """Show the levels as they are."""
        level = planning_queries.service_level(person(self.request))
        return {name: f"{getattr(level, name).normalize():f}" for name in ("a", "b", "c")}

    def save(self, form: ServiceLevelForm) -> int:
        """Keep the levels."""
        kept = services.keep_service_level(
            levels=form.cleaned_data, actor=person(self.request), at=moment(self.request)
        )
        return kept.pk

    def url_of(self, reference: Any) -> str:
        """Return to the figures."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the figures."""
        return reverse("supply:planning")
