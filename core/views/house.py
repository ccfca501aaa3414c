"""The kernel's pages: the way home, the theme, and what is shown when something is wrong."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import requires_csrf_token
from django.views.generic import TemplateView, UpdateView, View

from core import jobs, registry
from core.context import first_look, first_of_day
from core.forms import PreferencesForm, ThemeForm
from core.models import Company, User
from core.pages import COMPANY, VerbRequiredMixin, go_to, next_url, person, wants_fragment
from core.refusals import Blocked, Blocker


def home(request: HttpRequest) -> HttpResponse:
    """Send the person to the page where their role's day starts; who has no role is told whom to ask."""
    user = person(request)
    open_to_them = [item for item in registry.navigation if user.can(item.verb)]
    first = first_of_day(user, open_to_them)
    return HttpResponseRedirect(first_look(user, first)) if first else render(request, "core/no_role.html")


class ThemeView(View):
    """Keeps the person's choice of light, dark or what the device says."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the theme and go back to the page.

        :raises BadRequest: where it is no theme of ours.
        """
        form = ThemeForm(request.POST)
        if not form.is_valid():
            raise BadRequest("No such theme.")
        user = person(request)
        user.theme = form.cleaned_data["theme"]
        user.save(update_fields=["theme"])
        return HttpResponseRedirect(next_url(request) or reverse("core:home"))


class CompanyView(View):
    """Lets a person of several companies work for another one of them, until they choose again or sign out."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice, and begin there at the person's desk.

        :raises BadRequest: where none was chosen.
        :raises Http404: where they do not belong to the company.
        """
        chosen = request.POST.get("company", "")
        if not chosen:
            raise BadRequest("No company was chosen.")
        job = next((job for job in person(request).jobs if str(job.company_id) == chosen), None)
        if job is None:
            raise Http404("No such company.")
        request.session[COMPANY] = job.company_id
        messages.success(request, f"You work for {job.company} now.")
        return HttpResponseRedirect(reverse("core:home"))


class TrainingView(VerbRequiredMixin, TemplateView):
    """Makes the training company beside the real one, or begins it anew; a job fills it."""

    verb = "core.administer"
    template_name = "core/training.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the real company, and whether there is one to practice in."""
        real, standing = self.companies()
        label = "Begin anew" if standing else "Make it"
        return super().get_context_data(title="Training company", real=real, standing=standing, label=label, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Have it made; sent twice, it is made once.

        :raises Blocked: where the person works for no real company.
        """
        real, standing = self.companies()
        jobs.defer(
            "config.make_training_company",
            company_id=real.pk,
            user_id=person(request).pk,
            replaces=standing.pk if standing else None,
        )
        messages.success(
            request, "The training company is being filled: it is among your companies in a minute or two."
        )
        return HttpResponseRedirect(reverse("core:home"))

    def companies(self) -> tuple[Company, Company | None]:
        """Return the person's real company, and the training company beside it."""
        mine = [job.company for job in person(self.request).jobs]
        real = [company for company in mine if not company.is_training]
        if not real:
            raise Blocked("You work for no company that this could stand beside.")
        chosen = person(self.request).company
        practice = [company for company in mine if company.is_training]
        return (chosen if chosen in real else real[0]), (practice[-1] if practice else None)


class PreferencesView(UpdateView):
    """Lets people change how they are called and in which time zone they see times; everybody may, for themselves."""

    form_class = PreferencesForm

    def get_object(self, queryset: Any = None) -> User:
        """Return the person who asks."""
        return person(self.request)

    def get_template_names(self) -> list[str]:
        """Return the fragment for htmx, the whole page for others."""
        return ["core/_form.html" if wants_fragment(self.request) else "core/preferences.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form's words."""
        words = {"title": "Preferences", "submit_label": "Save", "cancel_url": reverse("core:home")}
        return super().get_context_data(**words, fragment_name="core/_form.html", **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Save, and show the page in the new time zone and theme."""
        form.save()
        messages.success(self.request, "Preferences saved.")
        return go_to(self.request, reverse("core:preferences"))

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer with the form, its mistakes beside their fields."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


class StyleguideView(VerbRequiredMixin, TemplateView):
    """Shows every component once, with values that try it."""

    verb = "core.administer"
    template_name = "core/styleguide.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the values."""
        now = timezone.now()
        blockers = (Blocker("short", "Two lines wait for stock.", "#main"), Blocker("held", "The customer is on hold."))
        form = ThemeForm({"theme": "pink"})
        form.fields["theme"].help_text = "Auto follows the device."
        return super().get_context_data(
            title="Components",
            tones=[
                ("Draft", "neutral"),
                ("Released", "going"),
                ("Short", "waiting"),
                ("Late", "wrong"),
                ("Paid", "done"),
            ],
            amount=Decimal("1234567.5"),
            loss=Decimal("-1234.5"),
            unit_price=Decimal("0.004250"),
            quantity=Decimal("1200.000000"),
            fraction=Decimal("12.750000"),
            none=None,
            now=now,
            today=now.date(),
            long_ago=date(2011, 12, 9),
            blockers=blockers,
            refusals=[Blocked.because(blockers)],
            form=form,
            entries=[
                {"at": now, "title": "Invoice INV-2026-000012 posted", "actor": "Ann Marsh", "tone": "done"},
                {
                    "at": now,
                    "title": "Pick short",
                    "actor": "Bo Reyes",
                    "detail": "2 of 12 missing",
                    "tone": "wrong",
                },
                {"at": now, "title": "Order confirmed", "actor": "Ann Marsh", "url": "#main"},
            ],
            steps=SimpleNamespace(ordered=240, cancelled=10, allocated=220, backordered=10, picked=180, shipped=120),
            papers=[
                registry.DocumentLink("Customer's PO", "4500012345", "#main", "file"),
                registry.DocumentLink("Waves", "W-000012", "#main"),
                registry.DocumentLink("Invoices", "INV-2026-000012", "#main", "part paid"),
                registry.DocumentLink("Invoices", "INV-2026-000013", "", "unpaid"),
            ],
            icons=sprite_icons(),
            **_charts(now.date()),
            **kwargs,
        )


def _charts(today: date) -> dict[str, Any]:
    """Return values that try the charts: a gap in a line, nothing at a stage, few beside many."""
    shares = [96, 94, None, 97, 91, 95, 98, 99, 97, 96]
    days = [today - timedelta(days=len(shares) - place) for place in range(len(shares))]
    stages = [("To confirm", 9, 0), ("To release", 46, 7), ("To pick", 25, 0), ("To be paid", 719, 16)]
    return {
        "trend": [(day, None if share is None else Decimal(share)) for day, share in zip(days, shares, strict=True)],
        "trend_target": Decimal(95),
        "causes": [
            SimpleNamespace(label="Late on the way", number=24, share=60, href="#main"),
            SimpleNamespace(label="Picked short", number=12, share=30),
            SimpleNamespace(label="On hold", number=4, share=10),
        ],
        "stages": [
            SimpleNamespace(
                label=label,
                number=north + south,
                value=Decimal((north + south) * 310),
                of_parts=[(north, Decimal(north * 310)), (south, Decimal(south * 310))],
            )
            for label, north, south in stages
        ],
        "stage_parts": ["North", "South"],
        "waits": [
            SimpleNamespace(label="To release", cells=[18, 35, 2, 0]),
            SimpleNamespace(label="To be paid", cells=[0, 106, 262, 719]),
        ],
        "wait_ages": ["today", "1–2 d", "3–7 d", "over 7 d"],
        "past_steps": [(today - timedelta(days=60), Decimal(80)), (today - timedelta(days=20), Decimal(35))],
        "steps_ahead": [(today, Decimal(20)), (today + timedelta(days=12), Decimal(70))],
    }


def sprite_icons() -> list[str]:
    """Return the names of all icons."""
    sprite = Path(str(finders.find("icons.svg"))).read_text()
    return re.findall(r'<symbol id="([\w-]+)"', sprite)


_FAULTS = {
    400: (
        "That could not be read",
        "The address or the form was damaged on its way. Go back, reload the page and try again.",
    ),
    403: ("Not yours to open", "Your roles do not include this page or action. An administrator can change that."),
    405: (
        "Not to be opened like this",
        "This address belongs to a button of a page, or takes no button. Nothing was changed: go back to the page.",
    ),
    404: ("Nothing here", "It may have been removed, or the address has a slip in it. Search for it by its number."),
}


def _fault(request: HttpRequest, status: int) -> HttpResponse:
    title, text = _FAULTS[status]
    htmx = getattr(request, "htmx", None)
    template = "_fault.html" if htmx and wants_fragment(request) else f"{status}.html"
    return render(request, template, {"title": title, "text": text, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that a request could not be read; its form is not touched, for reading that may be what failed."""
    return _fault(request, 400)


def not_allowed(request: HttpRequest, permitted: str) -> HttpResponse:
    """Show that an address does not take this method, and which it does."""
    response = _fault(request, 405)
    response["Allow"] = permitted
    return response


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that the person's roles do not include a page."""
    return _fault(request, 403)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that there is no such page, or none that the person may know of."""
    return _fault(request, 404)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """Show that the server failed, with the request's number; asks nothing of the database or the session."""
    context = {"request_id": getattr(request, "request_id", "")}
    return HttpResponseServerError(loader.get_template("500.html").render(context))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show that a form came without this browser's token: it is older than the sign-in, or not from our pages."""
    return _fault(request, 403)
