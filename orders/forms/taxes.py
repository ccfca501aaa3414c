"""What accountants keep of tax: the rate by the country that goods go to, from a day on."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from core.addresses import countries
from orders.models import TaxRate

CATEGORIES = [
    ("S", "S · standard or reduced rate"),
    ("Z", "Z · zero rated"),
    ("G", "G · export outside the customs union"),
    ("K", "K · to a business in another member state"),
    ("E", "E · exempt"),
]


class TaxRateForm(forms.ModelForm):
    """A rate. Orders that were taken in keep theirs: a new rate is a new row from its day on."""

    country = forms.ChoiceField(label="Ships to", required=False)
    category = forms.ChoiceField(choices=CATEGORIES, help_text="As the e-invoice says it (EN 16931).")

    class Meta:
        model = TaxRate
        fields: ClassVar[list[str]] = ["country", "valid_from", "category", "rate", "note"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "valid_from": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "rate": forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
            "note": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {"rate": "Rate in %", "note": "Reason on the invoice"}
        help_texts: ClassVar[dict[str, str]] = {
            "note": "Printed where no tax is due, such as the paragraph that says so.",
        }
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            NON_FIELD_ERRORS: {"unique_together": "There is a rate of this country from this day on already."},
            "valid_from": {"invalid": "Write the day as 2026-11-30.", "required": "Say from which day on it counts."},
            "rate": {"invalid": "Key the rate in figures, such as 20 or 5.5.", "required": "Key the rate; 0 is one."},
        }

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["country"]
        field.choices = [("", "Everywhere without a rate of its own"), *countries()]
        # Set before validation, so that a rate of the same country and day is found here and not by the database
        self.instance.company_id = company_id
        if self.instance.pk:
            self.initial["rate"] = f"{self.instance.rate.normalize():f}"

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        """Check that what is not taxed has no rate, and says why.

        :raises ValidationError: at the field that is wrong.
        """
        data = super().clean() or {}
        category, rate = data.get("category"), data.get("rate")
        if rate is not None and not 0 <= rate <= 100:
            self.add_error("rate", "A rate lies between 0 and 100 %.")
        if category != "S" and rate:
            self.add_error("rate", "Only category S has a rate; the others are 0.")
        if category in {"G", "K", "E"} and not data.get("note"):
            self.add_error("note", "Say why no tax is due: the invoice prints it.")
        return data
