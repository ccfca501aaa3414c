"""Coming in: what stands between the password and the first page, and asking for the password once more."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views.generic import FormView, View

from core import access
from core.client_address import client_address
from core.forms import CodeForm, ConfirmForm, SignInForm
from core.models import User
from core.pages import go_to, next_url, vary_on_htmx, wants_fragment
from core.sessions import WHENCE

# What a session keeps of the way in: who gave a right password a moment ago, by what second step, and when last asked
PENDING, STEP, ASKED = "pending", "second_step", "asked_at"
BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING_FOR = timedelta(minutes=5)
TRUSTED_FOR = timedelta(minutes=15)


def whence(request: HttpRequest) -> access.Whence:
    """Return whence a request came."""
    return access.Whence(client_address(request), access.device_words(request.headers.get("User-Agent", "")))


def site(request: HttpRequest) -> access.Site | None:
    """Return where passkeys are for, seen from this page; nothing where no browser would make or use one."""
    name, domain = request.get_host().rsplit(":", 1)[0], settings.PASSKEY_DOMAIN
    is_there = name == domain or name.endswith(f".{domain}")
    is_safe = request.is_secure() or name == "localhost"
    return access.Site(domain, f"{request.scheme}://{request.get_host()}") if is_there and is_safe else None


def enter(request: HttpRequest, user: User, *, step: str = "") -> None:
    """Sign a person in who gave all that is asked of them, and tell them who took their second step away meanwhile."""
    now, place, last = timezone.now(), whence(request), user.last_login
    request.session.pop(PENDING, None)
    login(request, user, backend=BACKEND)
    request.session[WHENCE] = {"at": now.isoformat(), "address": place.address, "device": place.device}
    request.session[ASKED] = now.isoformat()
    request.session[STEP] = step
    access.note_sign_in(user=user, how=step, whence=place, at=now)
    for event in access.resets_since(user, last):
        by = f" by {event.actor}" if event.actor else ""
        messages.warning(request, f"Your second step was taken away{by}: {event.note}")


def came_in(request: HttpRequest, user: User, url: str) -> HttpResponse:
    """Go on to where the person wanted to be, or tell the page underneath who signed in over it."""
    if not wants_fragment(request):
        return HttpResponseRedirect(url)
    answer = HttpResponse()
    answer["HX-Trigger"] = json.dumps({"signedInAgain": {"user": user.pk}})
    return answer


def pending(request: HttpRequest) -> User | None:
    """Return who gave the right password in this browser minutes ago, and owes the second step still."""
    kept = request.session.get(PENDING)
    if not kept or timezone.now() - datetime.fromisoformat(kept["at"]) > PENDING_FOR:
        return None
    user = access.person_behind(kept["user"])
    # A password that was changed meanwhile is not the one that was given
    return user if user and constant_time_compare(kept["hash"], user.get_session_auth_hash()) else None


def ask_for_step(request: HttpRequest, user: User, form: CodeForm, status: int, mistake: str = "") -> HttpResponse:
    """Ask for the second step by the ways that the person has; over another page for the form alone."""
    page = "core/_second_step_form.html" if wants_fragment(request) else "core/second_step.html"
    context = {"form": form, "ways": access.ways(user), "mistake": mistake, "passkeys": site(request)}
    return render(request, page, context, status=status)


def show_door(request: HttpRequest, user: User | None, mistake: str) -> HttpResponse:
    """Show the step again at which somebody stands, with what was wrong."""
    if user is not None:
        return ask_for_step(request, user, CodeForm(), 422, mistake)
    page = "core/_login_form.html" if wants_fragment(request) else "core/login.html"
    context = {"form": SignInForm(request), "mistake": mistake, "next": next_url(request), "passkeys": site(request)}
    return render(request, page, context, status=422)


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """Signs a person in: on a page of its own, or over the page whose session has ended."""

    authentication_form = SignInForm
    template_name = "core/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Serve the page; over another page it is never a redirect."""
        self.redirect_authenticated_user = not wants_fragment(request)
        return vary_on_htmx(super().dispatch(request, *args, **kwargs))

    def get_template_names(self) -> list[str]:
        """Return the form alone for htmx."""
        return ["core/_login_form.html" if wants_fragment(self.request) else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether a passkey can be used here."""
        return super().get_context_data(passkeys=site(self.request), **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer 422 with the address as it was typed."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, or ask those for their second step who have one."""
        user, url = form.get_user(), self.get_success_url()
        if not access.needs_second_step(user):
            enter(self.request, user)
            return came_in(self.request, user, url)
        # Who shared this session before the password was given does not share what it is worth now
        self.request.session.cycle_key()
        self.request.session[PENDING] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "at": timezone.now().isoformat(),
            "url": url,
        }
        if wants_fragment(self.request):
            return ask_for_step(self.request, user, CodeForm(), 200)
        return HttpResponseRedirect(reverse("core:second_step"))


@method_decorator(login_not_required, name="dispatch")
class SecondStepView(View):
    """Asks who gave the right password for a code of their app, or for a recovery code."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send those back to the door who did not come through it."""
        user = pending(request)
        if user is None:
            return HttpResponseRedirect(reverse("core:home" if request.user.is_authenticated else "core:login"))
        self.user = user
        return vary_on_htmx(super().dispatch(request, *args, **kwargs))

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask."""
        return self.ask(CodeForm(), 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Let in who typed a good code."""
        form, now = CodeForm(request.POST), timezone.now()
        if not form.is_valid():
            return self.ask(form, 422)
        url = request.session[PENDING]["url"]
        code = form.cleaned_data["code"]
        answer = access.check_code(user=self.user, code=code, whence=whence(request), at=now)
        if answer.closed_until:
            request.session.pop(PENDING)
            wait = {"cooloff_timedelta": answer.closed_until - now, "codes": True}
            return render(request, "429.html", wait, status=429)
        if not answer.way:
            form.add_error("code", "That code is not right, or was used before. Type the newest one.")
            return self.ask(form, 422)
        enter(request, self.user, step=answer.way)
        if answer.way == access.RECOVERY_CODE:
            left = access.ways(self.user).codes_left
            messages.warning(request, f"You used a recovery code: {left} are left. Make new ones under Security.")
        return came_in(request, self.user, url)

    def ask(self, form: CodeForm, status: int) -> HttpResponse:
        """Show the form, alone over another page."""
        return ask_for_step(self.request, self.user, form, status)


class AskedAgainMixin:
    """Opens a view to who gave their password a while ago at most: a browser left open is no key to the house."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the view, or ask for the password first."""
        asked = request.session.get(ASKED)
        is_fresh = asked and timezone.now() - datetime.fromisoformat(asked) <= TRUSTED_FOR
        if not is_fresh and hasattr(self, str(request.method).lower()):
            back = request.path if request.method == "GET" else reverse("core:security")
            return go_to(request, f"{reverse('core:confirm_password')}?next={quote(back)}")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class ConfirmPasswordView(FormView):
    """Asks for the password once more, before what rests on it is changed."""

    form_class = ConfirmForm
    template_name = "core/confirm_password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form whose password it is."""
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where to go on."""
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        return super().get_context_data(title="Your password, please", next=asked, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Note it, and go on."""
        self.request.session[ASKED] = timezone.now().isoformat()
        return go_to(self.request, next_url(self.request) or resolve_url("core:security"))

    def form_invalid(self, form: Any) -> HttpResponse:
        """Ask again."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


@login_not_required
def door(request: HttpRequest) -> HttpResponse:
    """Send those who come to the administration's own door to ours, which has the lock.

    :raises PermissionDenied: where somebody has come through it already; ours would only send them back here.
    """
    if request.user.is_authenticated:
        raise PermissionDenied("The administration is for support alone.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
