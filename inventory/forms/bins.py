"""What people type about bins: many by a pattern, and one by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from inventory.models import Bin
from inventory.services.bins import NotAPattern, codes_of

_CODE = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
_PLACE = {"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}
USES = [choice for choice in Bin.Kind.choices if choice[0] != Bin.Kind.RETIRED]


class BinsForm(forms.Form):
    """Bins that a pattern names, all for one use."""

    pattern = forms.CharField(
        label="Bins",
        max_length=500,
        widget=forms.TextInput(attrs={**_CODE, "autofocus": True, "placeholder": "A-01-01..A-05-04"}),
        help_text="One code, several with commas between, or the first and the last of a row with two dots between.",
    )
    kind = forms.ChoiceField(label="Use", choices=USES)
    sequence = forms.IntegerField(
        label="Walking order from",
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=forms.TextInput(attrs=_PLACE),
        help_text="Empty: after the last bin to pick from.",
    )

    def clean_pattern(self) -> str:
        """Return the pattern.

        :raises ValidationError: where it names no bins, with the place.
        """
        pattern = str(self.cleaned_data["pattern"])
        try:
            codes_of(pattern)
        except NotAPattern as error:
            raise forms.ValidationError(error.sentence) from error
        return pattern


class BinForm(forms.ModelForm):
    """One bin; its use changes only when it is taken back after it was retired."""

    class Meta:
        model = Bin
        fields: ClassVar[list[str]] = ["code", "kind", "sequence"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "code": forms.TextInput(attrs={**_CODE, "autofocus": True}),
            "sequence": forms.TextInput(attrs=_PLACE),
        }
        labels: ClassVar[dict[str, str]] = {"kind": "Use"}
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            NON_FIELD_ERRORS: {"unique_together": "The warehouse has a bin of this code already."}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use: Any = self.fields["kind"]
        if self.instance.kind == Bin.Kind.RETIRED:
            use.choices = [(Bin.Kind.RETIRED.value, "Retired"), *USES]
            use.help_text = "Choose another use to take it back."
        else:
            use.disabled = True
            use.help_text = "Retire it first to give it another use."

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the warehouse too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"warehouse"}  # type: ignore[misc]

    def clean_code(self) -> str:
        """Return the code in capitals, as scanners read it."""
        return str(self.cleaned_data["code"]).strip().upper()
