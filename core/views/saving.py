"""Keeping views of queues: naming one, sharing it, letting the queue open with it, and dropping it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, resolve, reverse
from django.views.generic import View

from core.models import SavedView, User
from core.models.views import EVERYBODY, LONGEST_QUERY
from core.pages import FormPage, VerbRequiredMixin, person
from core.queues import QueueView
from core.refusals import Refused

VERB = "core.keep_views"


class NotYourView(Refused):
    """Somebody wanted to change a view that another person shares with them."""

    @classmethod
    def of(cls, view: SavedView) -> NotYourView:
        """Say whose it is."""
        return cls(f"“{view.name}” is {view.owner}'s: only they change it. Save what you see under another name.")


class SavedViewForm(forms.ModelForm):
    """A view's name, whom it is for, and whether the queue opens with it."""

    class Meta:
        model = SavedView
        fields = ("name", "shared_with", "is_default")
        help_texts = {"is_default": "For you, or for those with whom it is shared and who have chosen none themselves."}

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        mine = {"", EVERYBODY, self.instance.shared_with, *actor.roles}
        words = {role: f"Every {label.lower()}" for role, label in SavedView.AUDIENCES}
        choices = [(value, words[value] if value in actor.roles else label) for value, label in SavedView.AUDIENCES]
        self.fields["shared_with"] = forms.ChoiceField(
            label="For",
            required=False,
            choices=[(value, label) for value, label in choices if value in mine],
            widget=forms.RadioSelect,
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a name that another view of the same queue has, for the same people."""
        cleaned: dict[str, Any] = super().clean() or {}
        name, audience = cleaned.get("name", ""), cleaned.get("shared_with", "")
        others = self.others(audience)
        if name and others.filter(name__iexact=name).exists():
            whose = "You have a view" if not audience else "There is a view for them"
            self.add_error("name", f"{whose} called “{name}” here already. Give this one another name.")
        return cleaned

    def others(self, audience: str) -> Any:
        """Return the other views of the queue that the same people see."""
        view: SavedView = self.instance
        seen_by = {"shared_with": audience} if audience else {"shared_with": "", "owner": view.owner}
        theirs = SavedView.objects.for_user(self.actor).filter(company=view.company, queue=view.queue, **seen_by)
        return theirs.exclude(pk=view.pk)

    def save(self, commit: bool = True) -> SavedView:
        """Save the view; where the queue opens with it, with none other."""
        if self.cleaned_data["is_default"]:
            self.others(self.cleaned_data["shared_with"]).update(is_default=False)
        view: SavedView = super().save(commit)
        return view


class _ViewPage(FormPage):
    """A form over a view that is kept."""

    verb = VERB
    model = SavedView
    form_class = SavedViewForm
    template_name = "core/view_form.html"
    submit_label = "Save view"
    done = "View saved."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Say who asks."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Name the queue."""
        context = super().get_context_data(**kwargs)
        queue: Any = resolve(reverse(context["form"].instance.queue)).func
        return {**context, "queue_title": queue.view_class.title}

    def url_of(self, reference: Any) -> str:
        """Return the queue as the view shows it."""
        view = SavedView.objects.for_user(person(self.request)).get(pk=reference)
        return view.url(reverse(view.queue))


class SaveViewView(_ViewPage):
    """Keeps what somebody sees of a queue under a name."""

    title = "Save this view"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Begin with the queue and what is seen of it, which stand in the address.

        :raises BadRequest: where that is no queue of ours, or says more than is kept.
        """
        parameters, user = self.request.GET, person(self.request)
        queue = parameters.get("queue", "")
        try:
            view = getattr(resolve(reverse(queue)).func, "view_class", object)
        except NoReverseMatch as error:
            raise BadRequest("No such queue.") from error
        if not issubclass(view, QueueView):
            raise BadRequest("No such queue.")
        query = kept_of(parameters.get("query", ""))
        instance = SavedView(company=user.company, owner=user, queue=queue, query=query)
        return {**super().get_form_kwargs(), "instance": instance}

    def cancel_url(self) -> str:
        """Return the queue as it was seen."""
        view = self.get_form_kwargs()["instance"]
        return f"{reverse(view.queue)}?{view.query}"


def kept_of(query: str) -> str:
    """Return what a view keeps of an address.

    :raises BadRequest: where that is more than it can.
    """
    kept = SavedView.kept(QueryDict(query[:LONGEST_QUERY]))
    if len(kept) > LONGEST_QUERY:
        raise BadRequest("That is too much to keep.")
    return kept


def mine(request: HttpRequest, pk: int, *, or_left: bool = False) -> SavedView:
    """Return a view that the person keeps; for an administrator also what others left behind, where they may drop it.

    :raises Http404: where they do not see it.
    :raises NotYourView: where another person shares it with them.
    """
    user = person(request)
    view: SavedView = get_object_or_404(SavedView.objects.for_user(user).select_related("owner"), pk=pk)
    if view.owner_id != user.pk and not (or_left and user.can("core.administer")):
        raise NotYourView.of(view)
    return view


class EditViewView(_ViewPage):
    """Gives a view another name, another audience, or makes it the queue's first."""

    title = "Change this view"

    def get_object(self, queryset: Any = None) -> SavedView:
        """Return the view, where it is theirs."""
        return mine(self.request, self.kwargs["pk"])

    def cancel_url(self) -> str:
        """Return the queue as the view shows it."""
        return str(self.object.url(reverse(self.object.queue)))


class KeepViewView(VerbRequiredMixin, View):
    """Puts what is seen now in the place of what a view kept."""

    http_method_names = ["post"]
    verb = VERB

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep it, and go on looking at it."""
        view = mine(request, pk)
        view.query = kept_of(request.POST.get("query", ""))
        view.save(update_fields=["query"])
        messages.success(request, f"“{view}” shows this now.")
        return HttpResponseRedirect(view.url(reverse(view.queue)))


class DropViewView(VerbRequiredMixin, View):
    """Drops a view; the queue and its rows stay."""

    http_method_names = ["post"]
    verb = VERB

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Drop it, and go back to the whole queue."""
        view = mine(request, pk, or_left=True)
        view.delete()
        messages.success(request, f"“{view}” is dropped.")
        return HttpResponseRedirect(f"{reverse(view.queue)}?view=0")
