"""Targets of the manager's page: what each figure should come to."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.views.generic import FormView

from core.pages import FormPageMixin, moment, person
from dashboards import services
from dashboards.forms import TargetsForm
from dashboards.queries import figures


class TargetsView(FormPageMixin, FormView):
    """Sets them all at once."""

    verb = "dashboards.set_targets"
    form_class = TargetsForm
    template_name = "core/form.html"
    title = "Targets"
    submit_label = "Save targets"
    done = "Targets saved."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Name the currency."""
        return {**super().get_form_kwargs(), "currency": person(self.request).company.currency}

    def get_initial(self) -> dict[str, Any]:
        """Show the targets as they are."""
        targets = figures.frame(person(self.request)).targets
        return {name: f"{value.normalize():f}" for name, value in targets.items()}

    def save(self, form: TargetsForm) -> int:
        """Set what was typed."""
        user = person(self.request)
        company_id = user.company.pk
        return services.set_targets(company_id=company_id, targets=form.targets(), actor=user, at=moment(self.request))

    def url_of(self, reference: Any) -> str:
        """Return the page that shows them."""
        return reverse("dashboards:board")

    def cancel_url(self) -> str:
        """Return the same."""
        return reverse("dashboards:board")
