"""People: who works for the company, what they may do, where, and how they get in (PRODUCT.md V4)."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core.models import Membership
from core.pages import FormPage, FormPageMixin, VerbRequiredMixin, go_to, moment, person
from core.people import ADMINISTERS, ask_for_second_step, let_go, reset_second_step, sign_in_link
from core.queues import QueueView, Tab
from inventory.filters import PeopleFilter
from inventory.forms.people import AskForSecondStepForm, PersonForm, ResetSecondStepForm
from inventory.queries.people import WORKS_HERE, people
from inventory.tables import PeopleTable


class PeopleQueueView(QueueView):
    """The people of the company."""

    verb = ADMINISTERS
    model = Membership
    table_class = PeopleTable
    filterset_class = PeopleFilter
    template_name = "inventory/people/people.html"
    row_template = "inventory/people/_person_row.html"
    title = "People"
    noun = "person"
    noun_plural = "people"
    default_sort = "user__name"
    tabs: ClassVar[tuple[Tab, ...]] = (Tab("here", "Work here", WORKS_HERE), Tab("gone", "Let go", ~WORKS_HERE))

    def get_queryset(self) -> QuerySet[Any]:
        """Return them with their accounts and warehouses."""
        return people(person(self.request))


class PersonFormPage(FormPage):
    """What taking a person on and changing one share."""

    verb = ADMINISTERS
    model = Membership
    form_class = PersonForm
    template_name = "inventory/people/person.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the administrator, whose company it is."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("people:people")


class CreatePersonView(PersonFormPage):
    """Takes a person on, and goes to where their way in is made."""

    title = "New person"
    submit_label = "Add person"
    done = "Added. Give them their way in: a link on which they choose a password."

    def url_of(self, reference: Any) -> str:
        """Return the person's page."""
        return reverse("people:edit", args=[reference])


class EditPersonView(PersonFormPage):
    """Changes what a person may do; it holds from their next click on."""

    title = "Edit person"
    submit_label = "Save person"
    done = "Person saved."

    def get_queryset(self) -> QuerySet[Any]:
        """Return the company's people."""
        return people(person(self.request))

    def url_of(self, reference: Any) -> str:
        """Return the queue."""
        return self.cancel_url()


class AskForSecondStepView(FormPageMixin, FormView):
    """Says in which roles nobody works without a second step."""

    verb = ADMINISTERS
    form_class = AskForSecondStepForm
    title = "Second step"
    done = "Saved: it holds from the next click on."

    def get_initial(self) -> dict[str, Any]:
        """Return the roles of now."""
        return {"roles": person(self.request).company.second_step_roles}

    def save(self, form: Any) -> Any:
        """Keep them."""
        return ask_for_second_step(roles=form.cleaned_data["roles"], actor=person(self.request)).pk

    def url_of(self, reference: Any) -> str:
        """Return the queue."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("people:people")


class ResetSecondStepView(FormPageMixin, FormView):
    """Takes the second step of a person away who lost their device, and says why."""

    verb = ADMINISTERS
    form_class = ResetSecondStepForm
    submit_label = "Reset the second step"
    done = "Their second step is reset, and they are signed out everywhere."

    @cached_property
    def membership(self) -> Membership:
        """The person, of the company's."""
        return get_object_or_404(people(person(self.request)), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the person."""
        return super().get_context_data(title=f"Reset the second step of {self.membership.user}", **kwargs)

    def save(self, form: Any) -> Any:
        """Reset it."""
        user, now = person(self.request), moment(self.request)
        reason = form.cleaned_data["reason"]
        return reset_second_step(membership_id=self.membership.pk, reason=reason, actor=user, at=now).pk

    def url_of(self, reference: Any) -> str:
        """Return the person's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the person's page."""
        return reverse("people:edit", args=[self.kwargs["pk"]])


class LetGoView(VerbRequiredMixin, View):
    """Takes all roles from a person."""

    verb = ADMINISTERS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let them go, and go back to the people."""
        user = person(request)
        get_object_or_404(people(user), pk=pk)
        membership = let_go(membership_id=pk, actor=user)
        messages.success(request, f"{membership.user} does not work here any more.")
        return go_to(request, reverse("people:people"))


class SignInLinkView(VerbRequiredMixin, View):
    """Shows a person's way in, to be handed to them; it is kept nowhere."""

    verb = ADMINISTERS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the link and show it."""
        user = person(request)
        membership = get_object_or_404(people(user), pk=pk)
        link = request.build_absolute_uri(sign_in_link(membership_id=pk, actor=user))
        answer = render(
            request,
            "inventory/people/link.html",
            {"title": f"Way in for {membership.user}", "membership": membership, "link": link},
        )
        answer["Cache-Control"] = "no-store"
        return answer
