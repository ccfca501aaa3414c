"""Passkeys: made, named and removed, and the way in by one. The browser's part is static/js/passkeys.js."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import View

from core import access
from core.pages import go_to, next_url, person, vary_on_htmx
from core.refusals import Blocked
from core.views.entering import PENDING, STEP, AskedAgainMixin, came_in, enter, pending, show_door, site, whence
from core.views.security import codes_page

# What a browser was asked stays with it for as long as somebody looks for their key
ASKED, ASKED_FOR = "passkey", 5 * 60
PASSKEY = "passkey"


def _asked(request: HttpRequest, asked: tuple[dict[str, Any], dict[str, Any]], why: str) -> HttpResponse:
    """Ask a browser, and have it keep what its answer is checked with, sealed against its own hand."""
    options, state = asked
    answer = JsonResponse(options["publicKey"], headers={"Cache-Control": "no-store"})
    kept = signing.dumps({**state, "at": timezone.now().isoformat()}, salt=f"{ASKED}.{why}")
    is_safe = settings.SESSION_COOKIE_SECURE
    answer.set_cookie(ASKED, kept, max_age=ASKED_FOR, secure=is_safe, httponly=True, samesite="Strict")
    return answer


def _kept(request: HttpRequest, why: str) -> dict[str, Any] | None:
    try:
        state = signing.loads(request.COOKIES.get(ASKED, ""), salt=f"{ASKED}.{why}", max_age=ASKED_FOR)
    except signing.BadSignature:
        return None
    return dict(state)


@method_decorator(login_not_required, name="dispatch")
class PasskeySignInView(View):
    """Lets in who signs by a passkey: alone, or as the second step after the password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Say what is to be signed."""
        place = site(request)
        if place is None:
            return JsonResponse({}, status=422)
        user = pending(request)
        return _asked(request, access.options_to_sign(place, user), _why(user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Let them in whose passkey signed it."""
        place, owing, now = site(request), pending(request), timezone.now()
        state = _kept(request, _why(owing))
        answer = request.POST.get("answer", "")
        user = None
        if place and state:
            user = access.check_passkey(user=owing, site=place, state=state, answer=answer, at=now)
        if user is None:
            return vary_on_htmx(show_door(request, owing, "That passkey does not open an account here."))
        url = request.session[PENDING]["url"] if owing else next_url(request) or reverse("core:home")
        enter(request, user, step=PASSKEY)
        return vary_on_htmx(came_in(request, user, url))


def _why(user: Any) -> str:
    return f"second-step.{user.pk}" if user else "sign-in"


class PasskeyOptionsView(AskedAgainMixin, View):
    """Says by what a browser makes a passkey for the person."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask it."""
        place, user = site(request), person(request)
        if place is None:
            return JsonResponse({}, status=422)
        return _asked(request, access.options_to_add(place, user), f"add.{user.pk}")


class AddPasskeyView(AskedAgainMixin, View):
    """Adds a passkey under a name."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self.show(200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep what the device made, and show recovery codes where it is the first second step."""
        place, user, now = site(request), person(request), timezone.now()
        state = _kept(request, f"add.{user.pk}")
        if place is None or state is None:
            return self.show(422, "That took too long: try again.")
        answer, name = request.POST.get("answer", ""), request.POST.get("name", "")
        try:
            codes = access.add_passkey(
                user=user, site=place, state=state, answer=answer, name=name, whence=whence(request), at=now
            )
        except Blocked as refusal:
            return self.show(422, refusal.sentence)
        request.session[STEP] = PASSKEY
        messages.success(request, "The passkey is added: you can sign in with it.")
        return codes_page(request, codes) if codes else HttpResponseRedirect(reverse("core:security"))

    def show(self, status: int, mistake: str = "") -> HttpResponse:
        """Show the form, with what was wrong."""
        name = self.request.POST.get("name") or access.device_words(self.request.headers.get("User-Agent", ""))
        context = {
            "title": "Add a passkey",
            "mistake": mistake,
            "name": name[:60],
            "site": site(self.request),
            "domain": settings.PASSKEY_DOMAIN,
        }
        return render(self.request, "core/add_passkey.html", context, status=status)


class NamePasskeyView(AskedAgainMixin, View):
    """Calls a passkey otherwise."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the name."""
        name = request.POST.get("name", "")
        if access.name_passkey(user=person(request), passkey_id=_number(request), name=name):
            messages.success(request, "Name saved.")
        return go_to(request, reverse("core:security"))


class RemovePasskeyView(AskedAgainMixin, View):
    """Forgets a passkey."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Forget it."""
        number, now = _number(request), timezone.now()
        if access.remove_passkey(user=person(request), passkey_id=number, whence=whence(request), at=now):
            messages.success(request, "The passkey opens nothing any more: delete it on your device as well.")
        return go_to(request, reverse("core:security"))


def _number(request: HttpRequest) -> int:
    """Return which passkey is meant; one that there is not, where it is no number."""
    typed = request.POST.get("passkey", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
