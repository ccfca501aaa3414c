"""What surrounds every request: its id, the person's time zone, history, refusals and expired sessions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, cast
from zoneinfo import ZoneInfo

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

from core import tracing
from core.history import attributed_to
from core.idempotency import KeyReused
from core.pages import COMPANY, vary_on_htmx, wants_fragment
from core.refusals import NotAllowed, Refused
from core.transactions import as_refusal
from core.views import not_allowed

GetResponse = Callable[[HttpRequest], HttpResponse]
_ACCEPTED_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


class RequestIdMiddleware:
    """Gives each request an id (the proxy's X-Request-ID where it is sane), binds it to logs and answers with it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if _ACCEPTED_ID.fullmatch(sent) else uuid.uuid4().hex
        cast(Any, request).request_id = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        tracing.request_id.set(request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class PersonMiddleware:
    """Lets a person work for the company they chose, and shows times in their time zone and words in their language.

    No cache shows to others what was shown to them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        structlog.contextvars.bind_contextvars(user_id=user.pk)
        cast(Any, user).chosen_company_id = request.session.get(COMPANY)
        with timezone.override(ZoneInfo(user.time_zone)), translation.override(user.language):
            response = self.get_response(request)
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
        return response


class HistoryMiddleware:
    """Hangs the person, the address and the request id on the history rows of a request that may change something."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)

        def context() -> dict[str, Any]:
            return {
                "user": request.user.pk if hasattr(request, "user") else None,
                "url": request.path,
                "request_id": getattr(request, "request_id", ""),
            }

        with attributed_to(context):
            return self.get_response(request)


class SessionExpiryMiddleware:
    """Turns a login redirect into 401 for htmx, so that a login page never lands in a cell and the typed form stays."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            request.headers.get("HX-Request") == "true"
            and isinstance(response, HttpResponseRedirect)
            and response.url.split("?")[0] == reverse("core:login")
            and not request.user.is_authenticated
        ):
            expired = HttpResponse(status=401)
            expired["HX-Trigger"] = "sessionExpired"
            return expired
        return response


class RefusalMiddleware:
    """Answers a refusal that no view has answered, with its sentence.

    403 for roles, 422 for a key used again for something else (TRUST 8), 409 for the rest. What answers with nothing, a
    method that an address does not take, gets words as well.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and request.method != "HEAD":
            return vary_on_htmx(not_allowed(request, response.get("Allow", "")))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the refusal's page or fragment; let every other exception pass."""
        if isinstance(exception, OperationalError):
            exception = as_refusal(exception) or exception
        if not isinstance(exception, Refused):
            return None
        status = _STATUS.get(type(exception), 409)
        is_fragment = wants_fragment(request)
        template = "_refusal.html" if is_fragment else "refusal.html"
        response = render(request, template, {"refusal": exception}, status=status)
        if is_fragment:  # a 422 is swapped into its form elsewhere; a refusal leaves what was typed alone
            response["HX-Retarget"], response["HX-Reswap"] = "#refusal", "innerHTML"
        return vary_on_htmx(response)


_STATUS: dict[type[Refused], int] = {NotAllowed: 403, KeyReused: 422}
