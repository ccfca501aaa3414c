"""The kernel's forms: signing in; and how every form of ours is drawn."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from core.models import User

MAX_EMAIL = 254


class SignInForm(AuthenticationForm):
    """E-mail address and password. It never says which of the two was wrong."""

    error_messages = {
        "invalid_login": "That e-mail address and password do not belong together. Capitals count in the password.",
        "inactive": "This account has been closed. Ask an administrator.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "username", "inputmode": "email", "maxlength": MAX_EMAIL}
        )
        # After a slip the address stands, and the password is what is typed next
        next_field = "password" if self.data.get("username") else "username"
        self.fields[next_field].widget.attrs["autofocus"] = True

    def clean_username(self) -> str:
        """Return the address as it is stored: in lower case.

        :raises ValidationError: where it is longer than any, which the record of failures could not hold.
        """
        email = str(self.cleaned_data["username"]).strip().lower()
        if len(email) > MAX_EMAIL:
            raise self.get_invalid_login_error()
        return email


class ThemeForm(forms.Form):
    """The choice between light, dark and what the device says."""

    theme = forms.ChoiceField(choices=User.Theme.choices)


class PreferencesForm(forms.ModelForm):
    """How a person is called here, and in which time zone times are shown to them."""

    time_zone = forms.ChoiceField(choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())])

    class Meta:
        model = User
        fields = ("name", "time_zone", "theme")
