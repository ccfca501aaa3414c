"""What people see of their own access, and change: authenticator app, recovery codes, where they are signed in."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView, View

from core import access
from core.forms import CodeForm
from core.pages import go_to, person
from core.views.entering import STEP, AskedAgainMixin, whence

ISSUER = "Orderly"
# A secret that is shown to be set up, and comes back with its first code
SALT, SHOWN_FOR = "core.authenticator", 60 * 60
EVENTS = 10


class SecurityView(TemplateView):
    """A person's own access: the second step, where they are signed in, and what happened lately."""

    template_name = "core/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add it all."""
        user, here = person(self.request), self.request.session.session_key
        rows = [
            {"row": row, "name": access.name_of(row.session_key), "is_this": row.session_key == here}
            for row in access.sessions(user, timezone.now())
        ]
        return super().get_context_data(
            title="Security",
            ways=access.ways(user),
            owes=user.owes_second_step,
            most_codes=access.CODES,
            sessions=sorted(rows, key=lambda row: not row["is_this"]),
            entries=[_entry(event, user.pk) for event in access.happened(user)[:EVENTS]],
            **kwargs,
        )


def _entry(event: Any, own: int) -> dict[str, Any]:
    """Return an event as the timeline shows it."""
    by = "" if event.actor_id == own else str(event.actor or "on the server")
    tone = "wrong" if event.kind in {event.Kind.RESET, event.Kind.CLOSED} else ""
    where = " · ".join(filter(None, [event.device, event.address]))
    detail = " · ".join(filter(None, [event.note, where]))
    return {"at": event.at, "title": event.get_kind_display(), "detail": detail, "actor": by, "tone": tone}


class SetUpAppView(AskedAgainMixin, View):
    """Sets up an authenticator app: it scans a code or takes the secret typed, and shows what it makes of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a new secret."""
        return self.show(access.new_secret(), CodeForm(), 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the secret whose code was typed, and show the recovery codes."""
        user, form = person(request), CodeForm(request.POST)
        try:
            kept = signing.loads(request.POST.get("secret", ""), salt=SALT, max_age=SHOWN_FOR)
        except signing.BadSignature:
            kept = None
        if not kept or kept["user"] != user.pk:
            form = CodeForm(request.POST)
            form.add_error(None, "This page was open for too long: scan the new code.")
            return self.show(access.new_secret(), form, 422)
        if form.is_valid():
            code, place = form.cleaned_data["code"], whence(request)
            codes = access.confirm_app(user=user, secret=kept["secret"], code=code, whence=place, at=timezone.now())
            if codes is not None:
                request.session[STEP] = access.APP
                messages.success(request, "Your authenticator app is set up.")
                return codes_page(request, codes)
            form.add_error("code", "That is not what the app should show. Is the device's clock right?")
        return self.show(kept["secret"], form, 422)

    def show(self, secret: str, form: CodeForm, status: int) -> HttpResponse:
        """Show a secret as a picture and as letters."""
        user = person(self.request)
        code = segno.make_qr(access.address(secret, account=user.email, issuer=ISSUER), error="m")
        context = {
            "title": "Set up an authenticator app",
            "form": form,
            "side": len(code.matrix) + 8,
            "path": _path(code.matrix),
            "letters": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
            "signed": signing.dumps({"user": user.pk, "secret": secret}, salt=SALT),
        }
        answer = render(self.request, "core/set_up_app.html", context, status=status)
        answer["Cache-Control"] = "no-store"
        return answer


def _path(matrix: Any) -> str:
    """Return a picture's dark squares as one path, with a quiet frame of four squares."""
    return "".join(
        f"M{x + 4} {y + 4}h1v1h-1z" for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark
    )


class RemoveAppView(AskedAgainMixin, View):
    """Forgets the authenticator app."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Forget it."""
        access.remove_app(user=person(request), whence=whence(request), at=timezone.now())
        messages.success(request, "The authenticator app is removed: delete its entry on your device as well.")
        return go_to(request, reverse("core:security"))


class MakeCodesView(AskedAgainMixin, View):
    """Makes recovery codes in place of those before."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show them, this once."""
        codes = access.make_codes(user=person(request), whence=whence(request), at=timezone.now())
        return codes_page(request, codes)


def codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show new recovery codes, this once."""
    answer = render(request, "core/recovery_codes.html", {"title": "Recovery codes", "codes": codes})
    answer["Cache-Control"] = "no-store"
    return answer


class EndSessionView(View):
    """Signs the person out of one of their browsers."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End that session."""
        name = request.POST.get("session", "")
        if access.end_session(user=person(request), name=name, whence=whence(request), at=timezone.now()):
            messages.success(request, "That browser is signed out.")
        else:
            messages.info(request, "That browser was signed out already.")
        return go_to(request, reverse("core:security"))


class EndOthersView(View):
    """Signs the person out everywhere but here."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End all other sessions."""
        here = request.session.session_key
        ended = access.end_sessions(user=person(request), but=here, whence=whence(request), at=timezone.now())
        browsers = "1 other browser" if ended == 1 else f"{ended} other browsers"
        messages.success(request, f"Signed out of {browsers}." if ended else "You are signed in nowhere else.")
        return go_to(request, reverse("core:security"))
