"""What every page of ours shares: a verb that opens it, forms that keep what was typed, and one way to answer htmx."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from core.refusals import Refused


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether the answer is swapped into a page: asked by htmx, neither boosted nor to restore a page of the history."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def vary_on_htmx(response: HttpResponseBase) -> HttpResponseBase:
    """Mark an answer as one of several for its address, so that no cache shows a fragment as a page."""
    patch_vary_headers(response, ("HX-Request", "HX-Boosted", "HX-History-Restore-Request"))
    return response


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to another page, whether it was a form or htmx that asked."""
    if not request.htmx:  # type: ignore[attr-defined]
        return HttpResponseRedirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
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
        if not request.user.can(self.verb):  # type: ignore[union-attr]
            raise PermissionDenied(self.verb)
        return vary_on_htmx(super().dispatch(request, *args, **kwargs))  # type: ignore[misc]


class FormPageMixin(VerbRequiredMixin):
    """A form on a page of its own. A mistake answers 422 with the form as it was typed, to htmx and to plain browsers alike."""

    template_name = ""
    fragment_name = "core/_form.html"
    title = ""
    submit_label = "Save"
    cancel_url = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form's words to the context."""
        return super().get_context_data(  # type: ignore[misc]
            **{
                "title": self.title,
                "submit_label": self.submit_label,
                "cancel_url": self.cancel_url,
                "fragment_name": self.fragment_name,
                **kwargs,
            }
        )

    def get_template_names(self) -> list[str]:
        """Return the fragment for htmx, the whole page for others."""
        return [self.fragment_name if wants_fragment(self.request) else self.template_name]

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Answer with the form, its mistakes beside their fields."""
        response: HttpResponse = self.render_to_response(  # type: ignore[attr-defined]
            self.get_context_data(form=form), status=422
        )
        return response

    def form_refused(self, form: BaseForm, refusal: Refused) -> HttpResponse:
        """Answer with the form and the sentence of the service that refused it."""
        form.add_error(None, refusal.sentence)
        return self.form_invalid(form)
