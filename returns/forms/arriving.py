"""What is keyed about units that come: which are asked for, and what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from core.quantities import in_steps
from returns.models import ReturnOrder
from returns.queries import ShippedPart
from returns.services import Arrival, WrongItem

# Goods that come are not lost
REASONS = [choice for choice in ReturnOrder.Reason.choices if choice[0] != ReturnOrder.Reason.LOST]
CODE = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


def units_field(label: str, *, most: Decimal, step: Decimal, start: Decimal | None, **attrs: str) -> forms.DecimalField:
    """Return a field for a number of units, whose box a scan counts."""
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_value=most,
        decimal_places=6,
        initial=None if start is None else f"{start.normalize():f}",
        widget=forms.NumberInput(
            attrs={
                "class": "numeric",
                "inputmode": "decimal",
                "autocomplete": "off",
                "step": f"{step.normalize():f}",
                "aria-label": label,
                "data-count": "",
                **attrs,
            }
        ),
        error_messages={
            "max_value": f"{most.normalize():f} at most.",
            "min_value": "No less than nothing.",
            "invalid": "A number, please.",
        },
    )


class UnitsForm(forms.Form):
    """A number of units for each of some items."""

    def __init__(self, *args: Any, parts: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = parts
        for part in parts:
            self.fields[f"part-{part.part_id}"] = units_field(
                f"Units of {part.sku}", most=self.most(part), step=part.step, start=self.start(part)
            )

    def most(self, part: Any) -> Decimal:
        """Return how many units of an item may be keyed."""
        raise NotImplementedError

    def start(self, part: Any) -> Decimal | None:
        """Return what stands in an item's field at first."""
        return None

    def clean(self) -> dict[str, Any]:
        """Check that each quantity is a whole number of its unit's steps."""
        for part in self.parts:
            name = f"part-{part.part_id}"
            units = self.cleaned_data.get(name)
            if units is not None and not in_steps(units, part.step):
                self.add_error(name, f"{part.unit} goes by {part.step.normalize():f}.")
        return self.cleaned_data

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        """Return each item with its field."""
        return [(part, self[f"part-{part.part_id}"]) for part in self.parts]

    def units(self) -> dict[int, Decimal]:
        """Return the units that were keyed, by part id."""
        keyed = {part.part_id: self.cleaned_data.get(f"part-{part.part_id}") for part in self.parts}
        return {part_id: units for part_id, units in keyed.items() if units}


class RequestForm(UnitsForm):
    """Which units of an order are to come back, why, and what the customer wants for them."""

    reason = forms.ChoiceField(choices=REASONS, initial=ReturnOrder.Reason.NOT_WANTED)
    wish = forms.ChoiceField(label="What they want", choices=ReturnOrder.Wish.choices, initial=ReturnOrder.Wish.REFUND)
    note = forms.CharField(
        max_length=ReturnOrder._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="In the customer's words.",
    )

    def most(self, part: ShippedPart) -> Decimal:
        """Return what is neither back nor awaited."""
        return part.free

    def clean(self) -> dict[str, Any]:
        """Check that something comes back."""
        super().clean()
        if not self.errors and not self.units():
            raise forms.ValidationError("Say how many units come back.")
        return self.cleaned_data


class ArrivalForm(UnitsForm):
    """What came of the items of a return, a wrong item beside them, and whether more will come."""

    wrong_item = forms.CharField(
        label="Wrong item",
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs=CODE),
        help_text="What is in the box and never left with this order.",
    )
    wrong_quantity = forms.DecimalField(
        label="How many",
        required=False,
        min_value=0,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"class": "numeric", "inputmode": "decimal", "data-count": ""}),
    )
    is_all = forms.BooleanField(label="Nothing more will come", required=False)
    scanned = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def most(self, part: Any) -> Decimal:
        """Return as much as anybody could bring: the service knows what ever left."""
        return Decimal(1_000_000)

    def start(self, part: Any) -> Decimal | None:
        """Return what is awaited."""
        return getattr(part, "awaited", None)

    def clean(self) -> dict[str, Any]:
        """Check that a wrong item is named and counted, and that something came."""
        super().clean()
        item, quantity = self.cleaned_data.get("wrong_item"), self.cleaned_data.get("wrong_quantity")
        if item and not quantity:
            self.add_error("wrong_quantity", "Say how many came.")
        if quantity and not item:
            self.add_error("wrong_item", "Say what it is.")
        if not self.errors and not (self.units() or item or self.cleaned_data.get("is_all")):
            raise forms.ValidationError("Say what came.")
        return self.cleaned_data

    def arrival(self) -> Arrival:
        """Return what came."""
        data = self.cleaned_data
        wrong = [WrongItem(data["wrong_item"], data["wrong_quantity"])] if data.get("wrong_item") else []
        return Arrival(self.units(), wrong, data.get("scanned", ""), bool(data.get("is_all")))


class BlindArrivalForm(ArrivalForm):
    """What came of an order without being announced, and what is to be done for it where it could not be delivered."""

    reason = forms.ChoiceField(choices=REASONS, initial=ReturnOrder.Reason.UNKNOWN)
    wish = forms.ChoiceField(label="What they want", choices=ReturnOrder.Wish.choices)

    def __init__(self, *args: Any, is_failure: bool, **kwargs: Any) -> None:
        self.is_failure = is_failure
        super().__init__(*args, **kwargs)
        del self.fields["is_all"]
        if is_failure:
            # Undelivered goods ask what is to become of the order
            self.fields["wish"] = forms.ChoiceField(
                label="What is to be done",
                choices=[("", "Choose"), *(choice for choice in ReturnOrder.Wish.choices if choice[0] != "UNKNOWN")],
                error_messages={"required": "Say whether to send it again or to refund it."},
            )

    def most(self, part: ShippedPart) -> Decimal:
        """Return what is neither back nor awaited."""
        return part.free

    def start(self, part: ShippedPart) -> Decimal | None:
        """Return what is out of a shipment that comes back; what came otherwise is counted."""
        return part.free if self.is_failure else None
