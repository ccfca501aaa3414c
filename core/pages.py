"""What every page of ours shares: a verb that opens it, forms that keep what was typed, and one way to answer htmx."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import quote_etag, url_has_allowed_host_and_scheme
from django.views.generic.detail import SingleObjectTemplateResponseMixin
from django.views.generic.edit import ModelFormMixin, ProcessFormView

from core import idempotency
from core.models import User

# What is new in every answer
_TOKENS = re.compile(rb'name="(?:csrfmiddlewaretoken|idempotency_key)" value="[^"]*"')
# Where the session keeps the company that a person of several works for
COMPANY = "company"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# The cookie that says so to the process which answers next
ACTED = "acted"
Answer = TypeVar("Answer", bound=HttpResponseBase)


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether the answer is swapped into a page: asked by htmx, not boosted, not to restore the history."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def vary_on_htmx(response: Answer) -> Answer:
    """Mark an answer as one of several for its address, so that no cache shows a fragment as a page."""
    patch_vary_headers(response, ("HX-Request", "HX-Boosted", "HX-History-Restore-Request"))
    return response


def is_beside(request: HttpRequest) -> bool:
    """Say whether a page of ours shows this one in a frame, beside a list; no other site can make a browser say so."""
    return (request.headers.get("Sec-Fetch-Dest"), request.headers.get("Sec-Fetch-Site")) == ("iframe", "same-origin")


def person(request: HttpRequest) -> User:
    """Return who is signed in; every page of ours but the door asks for that."""
    return cast(User, request.user)


def moment_for(user: User) -> datetime:
    """Return this moment on the clock of the company that somebody works for: its date is the company's day."""
    now = timezone.now()
    return user.company.local(now) if user.membership else now


def moment(request: HttpRequest) -> datetime:
    """Return this moment on the company's clock, as services take it."""
    return moment_for(person(request))


def today_of(request: HttpRequest) -> date:
    """Return the company's day."""
    return moment(request).date()


def unless_same(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Answer that nothing has changed where the browser has this very answer, its tokens apart."""
    response["ETag"] = quote_etag(hashlib.sha256(_TOKENS.sub(b"", response.content)).hexdigest()[:32])
    return cast(HttpResponseBase, get_conditional_response(request, etag=response["ETag"], response=response))


def has_just_acted(request: HttpRequest) -> bool:
    """Return whether the person did something with this request, or a few seconds ago, whichever process answered."""
    return request.method not in SAFE or ACTED in request.COOKIES


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to another page, whether it was a form or htmx that asked."""
    if not request.htmx:  # type: ignore[attr-defined]
        return HttpResponseRedirect(url)
    response = HttpResponse(status=204)
    # As Django writes a Location: a line break in it would be another header
    response["HX-Redirect"] = iri_to_uri(url)
    return response


def next_url(request: HttpRequest) -> str:
    """Return where the form asks to go afterwards, where that is a page of ours; otherwise nothing."""
    url = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if is_ours else ""


class VerbRequiredMixin:
    """Opens a view to those whose roles include its verb; every view of an app names one."""

    verb = ""
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the view.

        :raises PermissionDenied: where none of the person's roles includes the verb.
        """
        if not self.verb:
            raise ValueError(f"{type(self).__name__} names no verb")
        if not person(request).can(self.verb):
            raise PermissionDenied(self.verb)
        return vary_on_htmx(super().dispatch(request, *args, **kwargs))  # type: ignore[misc]


class _Mistaken(Exception):
    """The form holds a mistake: what was begun for it is undone, its key with it."""

    def __init__(self, form: BaseForm) -> None:
        super().__init__()
        self.form = form


class FormPageMixin(VerbRequiredMixin):
    """A form on a page of its own, before a FormView; for a form over a row see FormPage.

    A mistake answers 422 with the form as it was typed. The same form sent twice has one effect: its key is taken
    first, and validation is part of the keyed transaction. A service's refusal that `save` raises is shown above it.
    """

    template_name: str | None = "core/form.html"
    fragment_name = "core/_form.html"
    title = ""
    submit_label = "Save"
    done = "Saved."

    def save(self, form: Any) -> Any:
        """Write what was typed, by one call of a service or of the form, and return the key of what was made."""
        return form.save().pk

    def known_reference(self) -> Any:
        """Return the key that `url_of` takes where it is known before saving, which spares a statement."""
        return None

    def url_of(self, reference: Any) -> str:
        """Return the page of what was made."""
        raise NotImplementedError

    def cancel_url(self) -> str:
        """Return the page to go back to without saving."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do what the form asks, once, and go to what it made."""
        asked = {name: values for name, values in request.POST.lists() if name not in NOT_ASKED}
        once = partial(
            idempotency.once,
            actor=person(request),
            key=request.POST.get("idempotency_key") or uuid.uuid4().hex,
            verb=self.verb,
            request={"path": request.path, **asked},
            effect=self.effect,
            reference=self.known_reference(),
        )
        try:
            try:
                outcome = once()
            except IntegrityError:
                # Somebody saved the same code since it was validated: it is seen now, and said at its field
                outcome = once()
        except _Mistaken as mistaken:
            return self.form_invalid(mistaken.form)
        messages.success(request, self.done)
        return go_to(request, self.url_of(outcome.reference))

    def effect(self) -> Any:
        """Validate and save, inside the keyed transaction."""
        form = self.get_form()  # type: ignore[attr-defined]
        if not form.is_valid():
            raise _Mistaken(form)
        return self.save(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form's words."""
        words = {"title": self.title, "submit_label": self.submit_label, "cancel_url": self.cancel_url()}
        context = super().get_context_data(**{**words, "fragment_name": self.fragment_name, **kwargs})  # type: ignore[misc]
        return cast("dict[str, Any]", context)

    def get_template_names(self) -> list[str]:
        """Return the fragment for htmx, the whole page for others."""
        return [self.fragment_name if wants_fragment(self.request) else str(self.template_name)]

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer with the form, its mistakes beside their fields."""
        context = self.get_context_data(form=form)
        return cast(HttpResponse, self.render_to_response(context, status=422))  # type: ignore[attr-defined]


class FormPage(FormPageMixin, SingleObjectTemplateResponseMixin, ModelFormMixin, ProcessFormView):
    """A form over a row: with a key in the address it changes that row, without one it makes a row.

    A row that somebody changed since it was shown is locked, compared and not overwritten unasked.
    """

    object: Any

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the person's companies."""
        model: Any = self.model
        return cast("QuerySet[Any]", model._default_manager.for_user(self.request.user))

    @property
    def changes_a_row(self) -> bool:
        """Whether the address names a row to change."""
        return self.pk_url_kwarg in self.kwargs

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form."""
        self.object = self.get_object() if self.changes_a_row else None
        self.seen = seen_digest(self.object)
        return self.render_to_response(self.get_context_data())

    def effect(self) -> Any:
        """Validate and save the row as it is now, unless it is not the one that was shown."""
        queryset: Any = self.get_queryset()
        self.object = self.get_object(queryset.locked()) if self.changes_a_row else None
        self.seen = seen_digest(self.object)
        form = self.get_form()
        if self.object is not None and self.request.POST.get("seen", self.seen) != self.seen:
            form.add_error(None, "Somebody changed this since you opened it. Save again to overwrite what they wrote.")
        if not form.is_valid():
            raise _Mistaken(form)
        return self.save(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a digest of the row as it stands."""
        return super().get_context_data(seen=self.seen, **kwargs)


class PreviewMixin:
    """A form that shows what would come of it while it is typed, before a FormPageMixin.

    Asked with `preview` in its address it answers with that alone, and writes nothing.
    """

    preview_template = ""
    request: HttpRequest
    object: Any

    def preview(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the template shows of what was typed; what is mistaken is not there."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the preview, or save."""
        if "preview" not in request.GET:
            return cast(HttpResponse, super().post(request, *args, **kwargs))  # type: ignore[misc]
        if isinstance(self, FormPage):
            self.object = self.get_object() if self.changes_a_row else None
        form = self.get_form()  # type: ignore[attr-defined]
        form.is_valid()
        return render(request, self.preview_template, self.preview(form.cleaned_data))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the preview of what stands in the form."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        form = context["form"]
        form.is_valid()
        typed = form.cleaned_data if form.is_bound else form.initial
        return {**context, "preview_template": self.preview_template, **self.preview(typed)}


# What a form carries beside what is asked: the same request may come with another token
NOT_ASKED = frozenset({"csrfmiddlewaretoken", "idempotency_key", "seen"})


def seen_digest(row: Model | None) -> str:
    """Return a digest of a row's columns, by which a form knows whether the row is still as it was shown."""
    if row is None or row.pk is None:
        return ""
    values = [str(getattr(row, field.attname)) for field in row._meta.concrete_fields]
    return hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:20]
