"""What surrounds every request: its id, the person's time zone, history, refusals and expired sessions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, cast
from zoneinfo import ZoneInfo

import structlog
from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_sameorigin

from core import access, tracing
from core.history import attributed_to
from core.idempotency import KeyReused
from core.pages import ACTED, COMPANY, SAFE, go_to, is_beside, vary_on_htmx, wants_fragment
from core.refusals import NotAllowed, Refused
from core.sessions import SessionStore
from core.transactions import as_refusal
from core.views import not_allowed
from core.views.entering import STEP

GetResponse = Callable[[HttpRequest], HttpResponse]
OPEN_WITHOUT_STEP = {
    *("core:security", "core:confirm_password", "core:set_up_app", "core:add_passkey", "core:passkey_options"),
    *("core:login", "core:logout", "core:second_step", "core:passkey_sign_in", "core:change_password", "core:theme"),
    *("core:company", "core:end_session", "core:end_others", "core:healthz", "core:readyz"),
}
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
        cast(SessionStore, request.session).note_seen(timezone.now())
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
        return response


class SecondStepMiddleware:
    """Leads those to their security page who came in by the password alone where their company asks for more.

    They can set it up there, sign out, and do nothing else before.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Return the way there, or nothing where the person may go on."""
        user = request.user
        if not user.is_authenticated or request.session.get(STEP) or not user.owes_second_step:
            return None
        match = request.resolver_match
        if match is None or match.view_name in OPEN_WITHOUT_STEP:
            return None
        if access.needs_second_step(user):
            # Set up elsewhere since this session began: they come in again, by it
            logout(request)
            return redirect_to_login(request.get_full_path())
        return go_to(request, reverse("core:security"))


class BesideMiddleware:
    """Lets a page of ours show another one in a frame; nobody else may show any."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.get_framed = xframe_options_sameorigin(csp_replace({"frame-ancestors": [SELF]})(get_response))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = cast(HttpResponse, self.get_framed(request)) if is_beside(request) else self.get_response(request)
        patch_vary_headers(response, ["Sec-Fetch-Dest"])
        return response


class HistoryMiddleware:
    """Hangs the person, the address and the request id on the history rows of a request that may change something."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return self.get_response(request)

        def context() -> dict[str, Any]:
            return {
                "user": request.user.pk if hasattr(request, "user") else None,
                "url": request.path,
                "request_id": getattr(request, "request_id", ""),
            }

        with attributed_to(context):
            return self.get_response(request)


class ActedMiddleware:
    """Notes with whoever did something that no count from before that is to be told to them, while such are kept."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method not in SAFE and request.user.is_authenticated:
            is_safe = settings.SESSION_COOKIE_SECURE
            seconds = settings.COUNTS_KEPT_SECONDS
            response.set_cookie(ACTED, "1", max_age=seconds, secure=is_safe, httponly=True, samesite="Lax")
        return response


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
