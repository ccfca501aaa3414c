"""The kernel's forms: signing in, preferences, and what the notes of a document ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from core.models import Audience, User
from core.models.notes import MAX_TEXT

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


class CodeForm(forms.Form):
    """The code that an authenticator app shows, or a recovery code."""

    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "off", "spellcheck": "false"}
        ),
        error_messages={"required": "Type the code."},
    )


class ConfirmForm(forms.Form):
    """The password of who is signed in already, once more."""

    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
        error_messages={"required": "Type your password."},
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self) -> str:
        """Return it, tried as at the door: wrong ones count there too.

        :raises ValidationError: where it is another one.
        """
        email, password = cast(User, self.request.user).email, str(self.cleaned_data["password"])
        if authenticate(self.request, username=email, password=password) is None:
            raise forms.ValidationError("That is not your password.")
        return password


class ThemeForm(forms.Form):
    """The choice between light, dark and what the device says."""

    theme = forms.ChoiceField(choices=User.Theme.choices)


class PreferencesForm(forms.ModelForm):
    """How a person is called here, and in which time zone times are shown to them."""

    time_zone = forms.ChoiceField(choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())])

    class Meta:
        model = User
        fields = ("name", "time_zone", "theme")


class NoteForm(forms.Form):
    """The words of a note, and whom they are for."""

    text = forms.CharField(label="Note", required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 5}))
    audience = forms.ChoiceField(label="For", choices=Audience.choices, widget=forms.RadioSelect)


class RemovalForm(forms.Form):
    """Why a file is removed."""

    why = forms.CharField(
        label="Why", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )


class OwnerForm(forms.Form):
    """Who is to look after documents: one of some people, or nobody."""

    owner = forms.TypedChoiceField(label="Looked after by", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]
        field.choices = [("", "Nobody"), *((user.pk, str(user)) for user in people)]
