"""The kernel's forms: signing in, preferences, and what the notes of a document ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from core import letters
from core.addresses import countries
from core.banking import compact, is_bic, is_iban
from core.companies import change_company
from core.models import Audience, Company, User
from core.models.notes import MAX_TEXT
from core.money import is_currency
from core.pictures import PictureRefused, as_png
from core.working_days import WEEKDAYS

MAX_EMAIL = 254
_VAT_NUMBER = re.compile(r"[A-Z]{2,3}[ -]?[A-Z0-9][A-Z0-9 .\-]{3,}")


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


def weekdays_field(**options: Any) -> forms.TypedMultipleChoiceField:
    """Return the field of the days of the week on which somebody works."""
    widget = forms.CheckboxSelectMultiple
    return forms.TypedMultipleChoiceField(label="Works on", choices=WEEKDAYS, coerce=int, widget=widget, **options)


class WorkingDaysForm(forms.ModelForm):
    """Days of the week and holidays on which somebody works or does not."""

    weekdays = weekdays_field(required=False, help_text="None: on every day.")
    holidays = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
        help_text="One day to a line, as 2026-12-25.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["holidays"] = "\n".join(day.isoformat() for day in self.instance.holidays)

    def clean_holidays(self) -> list[date]:
        """Return the holidays in their order, each once.

        :raises ValidationError: at the first line that is no day.
        """
        days = set()
        for number, line in enumerate(str(self.cleaned_data["holidays"]).splitlines(), 1):
            if line.strip():
                try:
                    days.add(date.fromisoformat(line.strip()))
                except ValueError as error:
                    raise forms.ValidationError(
                        f"Line {number}: “{line.strip()}” is no day. Write 2026-12-25."
                    ) from error
        return sorted(days)


class LanguageField(forms.ChoiceField):
    """A language in which partners can be written to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[(code, letters.language_name(code)) for code in letters.LANGUAGES], **options)

    @staticmethod
    def begin(form: forms.ModelForm, standing: str) -> None:
        """Begin with a language that stands, one that came by a file too."""
        field: Any = form.fields["language"]
        if standing not in letters.LANGUAGES:
            field.choices = [*field.choices, (standing, letters.language_name(standing))]
        form.initial["language"] = standing


class CompanyForm(WorkingDaysForm):
    """What a company says of itself; what other rows rest on stands, and says why."""

    country = forms.ChoiceField(choices=countries)
    language = LanguageField(help_text="Of papers for new customers and suppliers, until they are given another.")
    time_zone = forms.ChoiceField(choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())])

    class Meta:
        model = Company
        fields: ClassVar[list[str]] = [
            *("name", "address", "country", "language", "vat_number", "registration_number", "phone", "email"),
            *("bank_name", "iban", "bic", "currency", "time_zone", "live_on"),
            *("weekdays", "holidays"),
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
            "address": forms.Textarea(attrs={"rows": 4}),
            "live_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            **{
                name: forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
                for name in ("vat_number", "registration_number", "bank_name", "iban", "bic", "currency")
            },
        }
        labels: ClassVar[dict[str, str]] = {
            "vat_number": "VAT number",
            "iban": "IBAN",
            "bic": "BIC",
            "email": "E-mail address",
            "bank_name": "Name of the bank",
            "live_on": "Works with Orderly from",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "address": "Street, town and postcode, as papers are to say it.",
            "email": "Partners answer to it.",
            "currency": "In which stock is valued and totals are reckoned: three letters, such as GBP.",
            "time_zone": "When its days begin and end.",
            "live_on": "What is dated earlier is taken over as its past.",
        }

    def __init__(self, *args: Any, actor: User, frozen: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        LanguageField.begin(self, self.instance.language)
        for name, reason in frozen.items():
            self.fields[name].disabled, self.fields[name].help_text = True, reason

    def clean_vat_number(self) -> str:
        """Return the number in capitals.

        :raises ValidationError: where it is none.
        """
        number = " ".join(self.cleaned_data["vat_number"].upper().split())
        if number and not _VAT_NUMBER.fullmatch(number):
            raise forms.ValidationError("A VAT number begins with its country's letters, such as GB 123 4567 89.")
        return number

    def clean_iban(self) -> str:
        """Return the number without blanks.

        :raises ValidationError: where its check digits say that it is none.
        """
        number = compact(self.cleaned_data["iban"])
        if number and not is_iban(number):
            raise forms.ValidationError("This is no IBAN: its check digits do not fit. Look for a slip in it.")
        return number

    def clean_bic(self) -> str:
        """Return the code without blanks.

        :raises ValidationError: where it is none.
        """
        code = compact(self.cleaned_data["bic"])
        if code and not is_bic(code):
            raise forms.ValidationError("A BIC has 8 or 11 letters and digits, such as BUKBGB22.")
        return code

    def clean_currency(self) -> str:
        """Return the code of a currency.

        :raises ValidationError: where there is none of that code.
        """
        code = self.cleaned_data["currency"].strip().upper()
        if not is_currency(code):
            raise forms.ValidationError(f"{code} is no currency: key three letters, such as GBP.")
        return str(code)

    def save(self, commit: bool = True) -> Company:
        """Keep it through the service."""
        return change_company(said=self.cleaned_data, actor=self.actor)


class LogoForm(forms.Form):
    """A logo as it is sent."""

    picture = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
        help_text="PNG or JPEG, 2 MB at most.",
    )

    def clean_picture(self) -> bytes:
        """Return the picture as it is kept.

        :raises ValidationError: where it is none.
        """
        sent = self.cleaned_data["picture"]
        try:
            return as_png(sent.file, sent.size)
        except PictureRefused as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal


class ReferenceForm(forms.ModelForm):
    """A row of a short list that a company keeps."""

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.company = actor.company

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]


class MessageForm(forms.Form):
    """The words of a message; facts of its document go where their names stand in braces."""

    subject = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}))
    text = forms.CharField(max_length=5_000, strip=False, widget=forms.Textarea(attrs={"rows": 14}))
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: letters.MessageKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean_subject(self) -> str:
        """Return the subject.

        :raises ValidationError: where a place in it is none.
        """
        return self._checked("subject")

    def clean_text(self) -> str:
        """Return the text.

        :raises ValidationError: where a place in it is none.
        """
        return self._checked("text")

    def _checked(self, name: str) -> str:
        text = str(self.cleaned_data[name]).replace("\r\n", "\n")
        fault = letters.fault_in(text, self.kind)
        if fault:
            raise forms.ValidationError(fault)
        return text


class SeriesForm(forms.Form):
    """How the numbers of a series begin."""

    begins = forms.RegexField(
        r"\A[A-Za-z][A-Za-z0-9]{0,7}\Z",
        label="Prefix",
        error_messages={"invalid": "One to eight letters and digits, the first a letter, such as INV."},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "autofocus": True}
        ),
    )
    digits = forms.IntegerField(
        label="Digits at least",
        min_value=1,
        max_value=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
    )
    first_value = forms.IntegerField(
        label="First number",
        min_value=1,
        max_value=10**12 - 1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
        help_text="Another than 1 goes on from the system before.",
    )

    def clean_begins(self) -> str:
        """Return the prefix in capitals."""
        return str(self.cleaned_data["begins"]).upper()
