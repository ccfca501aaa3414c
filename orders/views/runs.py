"""The run over everything that waits: beginning it, watching it, stopping it and going on with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views import View
from django.views.generic import FormView

from core.models import User
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, person, wants_fragment
from orders import services
from orders.models import AllocationRun, Rule
from orders.queries import backorders

PAST_RUNS = 10


class RuleForm(forms.Form):
    """Who is served first."""

    rule = forms.ChoiceField(label="Serve", choices=Rule.choices, initial=Rule.DUE)


def run_shown(user: User) -> dict[str, Any]:
    """Return the latest run of the person's company, for the part of a page that shows how far it is."""
    run = backorders.latest_run(user)
    return {"run": run, "is_under_way": run is not None and run.status == AllocationRun.Status.RUNNING}


class AllocationRunsView(FormPageMixin, FormView):
    """Begins a run over everything that waits, and shows how far the latest is and what came of those before."""

    verb = "orders.confirm"
    form_class = RuleForm
    template_name = "orders/backorders/runs.html"
    fragment_name = "orders/backorders/_run.html"
    title = "Allocate everything that waits"
    submit_label = "Begin"
    done = "The run has begun."

    def save(self, form: RuleForm) -> int:
        """Begin it.

        :raises Refused: where one is under way, or nothing could be given.
        """
        return services.begin_run(rule=form.cleaned_data["rule"], actor=person(self.request), at=moment(self.request))

    def url_of(self, reference: Any) -> str:
        """Stay, and see how far it is."""
        return reverse("orders:runs")

    def cancel_url(self) -> str:
        """Return to the workbench."""
        return reverse("orders:backorders")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the runs, and how many lines wait and could get something."""
        user = person(self.request)
        shown = run_shown(user)
        if wants_fragment(self.request):
            return super().get_context_data(**shown, **kwargs)
        past = AllocationRun.objects.for_user(user).defer("demand_ids").select_related("actor")
        return super().get_context_data(
            past=past.exclude(status=AllocationRun.Status.RUNNING)[:PAST_RUNS],
            can_be_filled=backorders.waiting_parts(user).filter(backorders.CAN_BE_FILLED).count(),
            **shown,
            **kwargs,
        )


class _RunVerbView(VerbRequiredMixin, View):
    """A verb on a run; the answer is the part that shows it, or the page."""

    verb = "orders.confirm"
    http_method_names = ("post",)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Carry it out."""
        run = get_object_or_404(AllocationRun.objects.for_user(person(request)).only("pk"), pk=pk)
        self.carry_out(run_id=run.pk, actor=person(request), at=moment(request))
        if wants_fragment(request):
            return render(request, "orders/backorders/_run.html", run_shown(person(request)))
        return go_to(request, reverse("orders:runs"))

    def carry_out(self, **asked: Any) -> None:
        """Call the service."""
        raise NotImplementedError


class StopRunView(_RunVerbView):
    """Stops a run behind the slice that is under way."""

    def carry_out(self, **asked: Any) -> None:
        """Stop it."""
        services.stop_run(**asked)


class GoOnWithRunView(_RunVerbView):
    """Goes on with a run that was stopped."""

    def carry_out(self, **asked: Any) -> None:
        """Go on."""
        services.go_on_with_run(**asked)
