"""What is keyed of goods that are inspected at receipt."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms

from core.quantities import in_steps
from inventory.models import Bin, Inspection, InspectionStep
from inventory.services import Found

_UNITS = {"class": "numeric", "inputmode": "decimal", "autocomplete": "off"}


def units_field(label: str, most: Decimal, step: Decimal, **attributes: Any) -> forms.DecimalField:
    """Return a field for a number of units, in the steps of their unit."""
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_value=most,
        widget=forms.NumberInput(attrs={**_UNITS, "step": f"{step.normalize():f}", **attributes}),
        error_messages={
            "max_value": f"At most {most.normalize():f}.",
            "min_value": "No less than nothing.",
            "invalid": "A number, please.",
        },
    )


class InspectForm(forms.Form):
    """How many of the units that wait are good, and onto which shelf they go; how many are not, and why."""

    def __init__(
        self, *args: Any, inspection: Inspection, waiting: Decimal, shelf_of: Callable[[str], Bin | None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shelf_of, self.waiting, self.step = shelf_of, waiting, inspection.product.unit.step
        self.fields["accepted"] = units_field("Good", waiting, self.step, autofocus=True)
        self.fields["bin"] = forms.CharField(
            label="Shelf",
            max_length=20,
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "code"}),
            help_text="Where the good ones go.",
        )
        self.fields["rejected"] = units_field("Rejected", waiting, self.step)
        self.fields["reason"] = forms.CharField(
            label="Why",
            max_length=200,
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            help_text="What the supplier is told of those that are rejected.",
        )

    def clean(self) -> dict[str, Any]:
        """Check the units against what waits, and find the shelf."""
        typed = self.cleaned_data
        accepted, rejected = typed.get("accepted") or Decimal(0), typed.get("rejected") or Decimal(0)
        for name, units in (("accepted", accepted), ("rejected", rejected)):
            if name not in self.errors and not in_steps(units, self.step):
                self.add_error(name, f"It goes by {self.step.normalize():f}.")
        shelf = self.shelf_of(str(typed.get("bin") or ""))
        if accepted and shelf is None:
            self.add_error("bin", "No shelf of this warehouse.")
        if rejected and not typed.get("reason"):
            self.add_error("reason", "Say why: the purchaser tells the supplier.")
        if not self.errors and not accepted and not rejected:
            raise forms.ValidationError("Say how many are good, or rejected.")
        if not self.errors and accepted + rejected > self.waiting:
            raise forms.ValidationError(f"Only {self.waiting.normalize():f} wait for inspection.")
        self.found = Found(accepted, rejected, str(typed.get("reason") or ""), shelf.pk if shelf else None)
        return typed


class ClearForm(forms.Form):
    """How many rejected units leave the house, and how."""

    def __init__(self, *args: Any, inspection: Inspection, lies: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = inspection.product.unit.step
        self.fields["quantity"] = units_field("Units", lies, self.step)
        self.fields["quantity"].required = True
        self.fields["quantity"].initial = f"{lies.normalize():f}"
        self.fields["kind"] = forms.ChoiceField(
            label="Go",
            choices=[
                (kind.value, kind.label) for kind in (InspectionStep.Kind.SENT_BACK, InspectionStep.Kind.SCRAPPED)
            ],
        )
        self.fields["reason"] = forms.CharField(
            label="Note", max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
        )

    def clean_quantity(self) -> Decimal:
        """Return the units.

        :raises ValidationError: where there are none, or they are no whole number of steps.
        """
        units: Decimal = self.cleaned_data["quantity"]
        if units <= 0 or not in_steps(units, self.step):
            raise forms.ValidationError(f"One or more, by {self.step.normalize():f}.")
        return units
