"""Passwords: changed by who has one, chosen behind a link by who has none yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator

from core import access
from core.pages import go_to, wants_fragment
from core.views.entering import whence


class ChangePasswordView(PasswordChangeView):
    """Lets people choose another password; whoever else is signed in as them is signed out by it."""

    title = "Change password"
    template_name = "core/form.html"

    def get_template_names(self) -> list[str]:
        """Return the fragment for htmx, the whole page for others."""
        return ["core/_form.html" if wants_fragment(self.request) else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form's words."""
        words = {"submit_label": "Change password", "cancel_url": self.get_success_url()}
        return super().get_context_data(**{**words, "fragment_name": "core/_form.html", **kwargs})

    def get_success_url(self) -> str:
        """Return the person's preferences."""
        return reverse("core:preferences")

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it; this session stays."""
        super().form_valid(form)
        here = self.request.session.session_key
        access.note_password(user=form.user, but=here, whence=whence(self.request), at=timezone.now())
        messages.success(self.request, "Password changed. Other devices are signed out.")
        return go_to(self.request, self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer with the form, its mistakes beside their fields."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


@method_decorator(login_not_required, name="dispatch")
class ChoosePasswordView(PasswordResetConfirmView):
    """The page behind a sign-in link, on which a person chooses a password."""

    template_name = "core/choose_password.html"
    title = "Choose a password"

    def get_success_url(self) -> str:
        """Return the door."""
        return reverse("core:login")

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it, and send them to the door with it."""
        answer = super().form_valid(form)
        access.note_password(user=form.user, but=None, whence=whence(self.request), at=timezone.now())
        messages.success(self.request, "Your password stands: sign in with it.")
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer with the form, its mistakes beside their fields."""
        return self.render_to_response(self.get_context_data(form=form), status=422)
