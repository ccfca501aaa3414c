"""What is keyed about returns: how many units come, which grade they have, where they go, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from core.quantities import in_steps
from inventory.models import Bin
from returns.models import Grade, ReturnDisposition, ReturnOrder, ReturnSettlement
from returns.queries import ShippedPart
from returns.queries.pages import PartOfReturn
from returns.services import PRESET, Arrival, Decided, Graded, WrongItem

LATER = ""
_CODE = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


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

    reason = forms.ChoiceField(choices=ReturnOrder.Reason.choices, initial=ReturnOrder.Reason.NOT_WANTED)
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
        widget=forms.TextInput(attrs=_CODE),
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

    reason = forms.ChoiceField(choices=ReturnOrder.Reason.choices, initial=ReturnOrder.Reason.UNKNOWN)
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


class InspectionForm(forms.Form):
    """How many units of each item have which grade, and where each grade goes at once, or later."""

    def __init__(self, *args: Any, parts: Sequence[PartOfReturn], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = [part for part in parts if part.waiting > 0]
        for number, part in enumerate(self.parts):
            for grade in Grade:
                keys = {"data-key": grade.value.lower(), "data-key-label": f"Grade {grade.label}"} if not number else {}
                self.fields[self.name(part, grade)] = units_field(
                    f"{part.sku}, grade {grade.label}", most=part.waiting, step=part.step, start=None, **keys
                )
            self.fields[f"note-{part.part_id}"] = forms.CharField(
                label=f"Note on {part.sku}",
                max_length=200,
                required=False,
                widget=forms.TextInput(attrs={"aria-label": f"Note on {part.sku}", "placeholder": "Note"}),
            )
        for grade in Grade:
            self.fields[f"goes-{grade}"] = forms.ChoiceField(
                label=grade.label,
                choices=[*ReturnDisposition.Kind.choices, (LATER, "Decide later")],
                initial=PRESET[grade],
                required=False,
            )

    @staticmethod
    def name(part: PartOfReturn, grade: Grade) -> str:
        """Return the name of an item's field for a grade."""
        return f"part-{part.part_id}-{grade}"

    def rows(self) -> list[tuple[PartOfReturn, list[forms.BoundField], forms.BoundField]]:
        """Return each item with its fields, one a grade, and that of its note."""
        return [
            (part, [self[self.name(part, grade)] for grade in Grade], self[f"note-{part.part_id}"])
            for part in self.parts
        ]

    def destinations(self) -> list[forms.BoundField]:
        """Return the fields of where each grade goes."""
        return [self[f"goes-{grade}"] for grade in Grade]

    def clean(self) -> dict[str, Any]:
        """Check steps, and that no more is graded than came."""
        for part in self.parts:
            units = [self.cleaned_data.get(self.name(part, grade)) or Decimal(0) for grade in Grade]
            if not all(in_steps(quantity, part.step) for quantity in units):
                self.add_error(self.name(part, Grade.A), f"{part.unit} goes by {part.step.normalize():f}.")
            if sum(units) > part.waiting:
                self.add_error(self.name(part, Grade.A), f"Only {part.waiting.normalize():f} came.")
        if not self.errors and not self.graded():
            raise forms.ValidationError("Say how many units have which grade.")
        return self.cleaned_data

    def graded(self) -> list[Graded]:
        """Return what was looked at."""
        found = []
        for part in self.parts:
            for grade in Grade:
                quantity = self.cleaned_data.get(self.name(part, grade))
                goes = self.cleaned_data.get(f"goes-{grade}")
                if quantity:
                    found.append(
                        Graded(
                            part.part_id,
                            grade,
                            quantity,
                            self.cleaned_data.get(f"note-{part.part_id}", ""),
                            ReturnDisposition.Kind(goes) if goes else None,
                        )
                    )
        return found


class DecisionForm(forms.Form):
    """Where units that have a grade go: the disposition, how many, and onto which shelf."""

    def __init__(
        self, *args: Any, parts: Sequence[PartOfReturn], shelf_of: Callable[[str], Bin | None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shelf_of = shelf_of
        self.waiting = [
            (part, Grade(grade), quantity) for part in parts for grade, quantity in sorted(part.undecided.items())
        ]
        for part, grade, quantity in self.waiting:
            name = f"{part.part_id}-{grade}"
            self.fields[f"units-{name}"] = units_field(
                f"{part.sku}, grade {grade}", most=quantity, step=part.step, start=quantity
            )
            self.fields[f"goes-{name}"] = forms.ChoiceField(
                label=f"Where {part.sku}, grade {grade}, goes",
                choices=ReturnDisposition.Kind.choices,
                initial=PRESET[grade],
                widget=forms.Select(attrs={"aria-label": f"Where {part.sku}, grade {grade}, goes"}),
            )
            self.fields[f"shelf-{name}"] = forms.CharField(
                label=f"Shelf for {part.sku}",
                max_length=20,
                required=False,
                widget=forms.TextInput(
                    attrs={**_CODE, "aria-label": f"Shelf for {part.sku}", "placeholder": "Where it lies"}
                ),
            )

    def rows(self) -> list[tuple[PartOfReturn, str, Decimal, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return what waits for a decision, with its fields."""
        return [
            (
                part,
                grade.label,
                quantity,
                *(self[f"{what}-{part.part_id}-{grade}"] for what in ("units", "goes", "shelf")),
            )  # type: ignore[misc]
            for part, grade, quantity in self.waiting
        ]

    def clean(self) -> dict[str, Any]:
        """Check that a shelf is one of the warehouse, and that something goes."""
        for part, grade, _quantity in self.waiting:
            name = f"shelf-{part.part_id}-{grade}"
            code = self.cleaned_data.get(name)
            if code:
                shelf = self.shelf_of(code)
                self.cleaned_data[name] = shelf
                if shelf is None:
                    self.add_error(name, f"{code} is no shelf of this warehouse.")
        if not self.errors and not self.decided():
            raise forms.ValidationError("Say how many units go where.")
        return self.cleaned_data

    def decided(self) -> list[Decided]:
        """Return what goes where."""
        found = []
        for part, grade, _quantity in self.waiting:
            name = f"{part.part_id}-{grade}"
            units, shelf = self.cleaned_data.get(f"units-{name}"), self.cleaned_data.get(f"shelf-{name}")
            if units:
                kind = ReturnDisposition.Kind(self.cleaned_data[f"goes-{name}"])
                bin_id = shelf.pk if shelf and kind == ReturnDisposition.Kind.RESTOCK else None
                found.append(Decided(part.part_id, grade, kind, units, bin_id))
        return found


class ReasonForm(forms.Form):
    """Why a return is given up."""

    reason = forms.CharField(
        max_length=ReturnOrder._meta.get_field("closed_reason").max_length,
        error_messages={"required": "Say why: the customer will ask."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class SettlementForm(forms.Form):
    """How a return is settled."""

    kind = forms.ChoiceField(label="Settle by", choices=ReturnSettlement.Kind.choices)
    with_freight = forms.BooleanField(
        label="With its share of freight and charges", required=False, help_text="Of the invoices that are credited."
    )
    reason = forms.CharField(
        label="Remark",
        max_length=ReturnSettlement._meta.get_field("reason").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
