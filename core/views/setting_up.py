"""Setting up a company: what there is to do until the first order is billed, what it says of itself, its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.generic import FormView, TemplateView, View

from core import numbering, registry
from core.companies import SETS_UP, change_logo, frozen_columns, own_company
from core.filing import parts_of
from core.forms import CompanyForm, LogoForm, SeriesForm
from core.models import Company, NumberSeries
from core.pages import FormPage, FormPageMixin, PreviewMixin, VerbRequiredMixin, go_to, moment, person


@dataclass(frozen=True, slots=True)
class Step:
    """A part of setting up as the page shows it."""

    part: registry.SetUpPart
    found: registry.Found

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return not self.found.missing


class SetUpView(VerbRequiredMixin, TemplateView):
    """What there is to set up, what is there and what is missing, in the order in which one does it."""

    verb = SETS_UP
    template_name = "core/setup/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the steps by stage, and the first that is missing."""
        user, now = person(self.request), moment(self.request)
        steps = [Step(part, part.look(user, now)) for part in registry.set_up_parts if user.can(part.verb)]
        owed = [step for step in steps if step.part.stage != registry.Stage.LATER]
        stages = [(stage, [step for step in steps if step.part.stage == stage]) for stage in registry.Stage]
        return super().get_context_data(
            title="Set-up",
            stages=[(stage, of_stage) for stage, of_stage in stages if of_stage],
            done=sum(step.is_done for step in owed),
            owed=len(owed),
            next=next((step for step in owed if not step.is_done), None),
            **kwargs,
        )


class SetUpFormMixin:
    """What the forms of the kernel's set-up share."""

    verb = SETS_UP

    def url_of(self, reference: Any) -> str:
        """Return the set-up."""
        return reverse("core:set_up")

    def cancel_url(self) -> str:
        """Return where the form leads."""
        return self.url_of(None)


class EditCompanyView(SetUpFormMixin, FormPage):
    """Changes what the company says of itself; what was posted keeps what it says."""

    model = Company
    form_class = CompanyForm
    template_name, fragment_name = "core/setup/form.html", "core/setup/_company_form.html"
    title = "Company"
    submit_label = "Save company"
    done = "Company saved."
    changes_a_row = True

    def get_queryset(self) -> QuerySet[Any]:
        """Return the person's company."""
        return cast("QuerySet[Any]", own_company(person(self.request)))

    def get_object(self, queryset: Any = None) -> Company:
        """Return the company."""
        return (self.get_queryset() if queryset is None else queryset).get()

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person, and what must stand."""
        frozen = frozen_columns(person(self.request).company)
        return {**super().get_form_kwargs(), "actor": person(self.request), "frozen": frozen}


class LogoView(SetUpFormMixin, FormPageMixin, FormView):
    """Shows the company's logo, and takes another one."""

    form_class = LogoForm
    template_name, fragment_name = "core/setup/logo.html", "core/_form.html"
    title = "Logo"
    submit_label = "Save logo"
    done = "Logo saved."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the company, whose logo is shown."""
        return super().get_context_data(title=self.title, company=person(self.request).company, **kwargs)

    def save(self, form: Any) -> Any:
        """Keep it."""
        user = person(self.request)
        return change_logo(picture=form.cleaned_data["picture"], actor=user, at=moment(self.request)).pk

    def url_of(self, reference: Any) -> str:
        """Return this page."""
        return reverse("core:logo")

    def cancel_url(self) -> str:
        """Return the set-up."""
        return reverse("core:set_up")


class LogoPictureView(VerbRequiredMixin, View):
    """Gives the logo to the page that shows it."""

    verb = SETS_UP

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return it, or nothing where there is none."""
        file = person(request).company.logo
        if file is None:
            return HttpResponse(status=204)
        return HttpResponse(b"".join(parts_of(file)), content_type="image/png")


class RemoveLogoView(VerbRequiredMixin, View):
    """Takes the logo off papers from now on."""

    verb = SETS_UP
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it off, and show that there is none."""
        change_logo(picture=None, actor=person(request), at=moment(request))
        messages.success(request, "Logo removed.")
        return go_to(request, reverse("core:logo"))


class SeriesView(VerbRequiredMixin, TemplateView):
    """The numbers of all kinds of documents: the next one of those without gaps, and whether any is missing."""

    verb = SETS_UP
    template_name = "core/setup/series.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the series, the kinds with numbers of their own, and what a check found where one was asked for."""
        company = person(self.request).company
        year = timezone.localdate(timezone=company.zone).year
        now, past = numbering.gapless_of(company, [year, year + 1]), numbering.past_series(company, year)
        missing = numbering.missing_numbers([*now, *past]) if "check" in self.request.GET else None
        kinds = dict(registry.number_kinds.items())

        def shown(series: NumberSeries) -> dict[str, Any]:
            return {"series": series, "label": kinds[series.kind].label, "missing": (missing or {}).get(series.pk, ())}

        return super().get_context_data(
            title="Number series",
            current=[shown(series) for series in now],
            past=[shown(series) for series in past if series.kind in kinds],
            others=sorted(
                (kind.label, numbering.document_number(kind.prefix, 1)) for kind in kinds.values() if kind.gaps is None
            ),
            is_checked=missing is not None,
            is_whole=not missing,
            **kwargs,
        )


class EditSeriesView(SetUpFormMixin, PreviewMixin, FormPageMixin, FormView):
    """Says how the numbers of a series begin of which none was given yet."""

    form_class = SeriesForm
    template_name, fragment_name = "core/setup/form.html", "core/setup/_series_form.html"
    preview_template = "core/setup/_series_preview.html"
    submit_label = "Save series"
    done = "Series saved."

    @cached_property
    def series(self) -> NumberSeries:
        """The series in the address, as it will be where there is none yet.

        :raises Http404: where its kind is none without gaps, or its year is over or far away.
        """
        company, year = person(self.request).company, self.kwargs["year"]
        this = timezone.localdate(timezone=company.zone).year
        found = numbering.gapless_of(company, [year]) if year in (this, this + 1) else []
        series = next((one for one in found if one.kind == self.kwargs["kind"]), None)
        if series is None:
            raise Http404("No such series.")
        return series

    def get_initial(self) -> dict[str, Any]:
        """Return how the numbers begin now."""
        return {"begins": self.series.prefix, "digits": self.series.digits, "first_value": self.series.next_value}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the series."""
        label = dict(registry.number_kinds.items())[self.series.kind].label
        return super().get_context_data(title=f"{label} of {self.series.year}", series=self.series, **kwargs)

    def preview(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first two numbers."""
        if len(typed) < len(SeriesForm.base_fields):
            return {"numbers": ()}
        first, series = typed["first_value"], self.series
        looks = {"year": series.year, "prefix": typed["begins"], "digits": typed["digits"]}
        return {"numbers": [NumberSeries(**looks, next_value=value).next_number for value in (first, first + 1)]}

    def save(self, form: Any) -> Any:
        """Keep the beginning."""
        typed = form.cleaned_data
        beginning = numbering.Beginning(typed["begins"], typed["digits"], typed["first_value"])
        series = self.series
        saved = numbering.begin_series(
            kind=series.kind, year=series.year, beginning=beginning, actor=person(self.request)
        )
        return saved.pk

    def url_of(self, reference: Any) -> str:
        """Return the series."""
        return reverse("core:series")
