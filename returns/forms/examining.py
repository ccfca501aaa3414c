"""What is keyed about units that came: their grades, where these go, and what leaves quarantine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from core.quantities import in_steps
from inventory.models import Bin
from returns.forms.arriving import CODE, units_field
from returns.models import Grade, QuarantineExit, ReturnDisposition
from returns.queries.pages import PartOfReturn
from returns.services import PRESET, Cleared, Decided, Graded

LATER = ""


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

    def rows(self) -> list[tuple[PartOfReturn, list[tuple[str, forms.BoundField]], forms.BoundField]]:
        """Return each item with its fields, one a grade, and that of its note."""
        return [
            (part, [(grade.value, self[self.name(part, grade)]) for grade in Grade], self[f"note-{part.part_id}"])
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


@dataclass(frozen=True, slots=True)
class _Lying:
    """Units of an item that lie somewhere and can go on: what they are called there, and where they go by default."""

    part: PartOfReturn
    slot: str
    label: str
    quantity: Decimal
    goes: str
    start: Decimal | None

    @property
    def name(self) -> str:
        """What the names of its fields end in."""
        return f"{self.part.part_id}-{self.slot}"


class GoingForm(forms.Form):
    """Where units that lie somewhere go: how many, where to, and onto which shelf."""

    kinds: Sequence[tuple[str, str]] = ()

    def __init__(
        self, *args: Any, parts: Sequence[PartOfReturn], shelf_of: Callable[[str], Bin | None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shelf_of = shelf_of
        self.lying = [lying for part in parts for lying in self.lying_of(part)]
        for lying in self.lying:
            named = f"{lying.part.sku}, {lying.label}"
            self.fields[f"units-{lying.name}"] = units_field(
                named, most=lying.quantity, step=lying.part.step, start=lying.start
            )
            self.fields[f"goes-{lying.name}"] = forms.ChoiceField(
                label=f"Where {named}, goes",
                choices=self.kinds,
                initial=lying.goes,
                widget=forms.Select(attrs={"aria-label": f"Where {named}, goes"}),
            )
            self.fields[f"shelf-{lying.name}"] = forms.CharField(
                label=f"Shelf for {lying.part.sku}",
                max_length=20,
                required=False,
                widget=forms.TextInput(
                    attrs={**CODE, "aria-label": f"Shelf for {lying.part.sku}", "placeholder": "Where it lies"}
                ),
            )

    def lying_of(self, part: PartOfReturn) -> list[_Lying]:
        """Return what of an item can go on."""
        raise NotImplementedError

    def rows(self) -> list[tuple[_Lying, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return what can go on, with its fields."""
        return [
            (lying, self[f"units-{lying.name}"], self[f"goes-{lying.name}"], self[f"shelf-{lying.name}"])
            for lying in self.lying
        ]

    def clean(self) -> dict[str, Any]:
        """Check steps, that a shelf is one of the warehouse, and that something goes."""
        for lying in self.lying:
            units = self.cleaned_data.get(f"units-{lying.name}")
            if units is not None and not in_steps(units, lying.part.step):
                self.add_error(f"units-{lying.name}", f"{lying.part.unit} goes by {lying.part.step.normalize():f}.")
            name = f"shelf-{lying.name}"
            code = self.cleaned_data.get(name)
            if code:
                shelf = self.shelf_of(code)
                self.cleaned_data[name] = shelf
                if shelf is None:
                    self.add_error(name, f"{code} is no shelf of this warehouse.")
        if not self.errors and not self.going():
            raise forms.ValidationError("Say how many units go where.")
        return self.cleaned_data

    def going(self) -> list[tuple[_Lying, str, Decimal, int | None]]:
        """Return how many units of what go where, and onto which shelf."""
        found = []
        for lying in self.lying:
            units, shelf = (self.cleaned_data.get(f"{what}-{lying.name}") for what in ("units", "shelf"))
            if units:
                kind = self.cleaned_data[f"goes-{lying.name}"]
                bin_id = shelf.pk if shelf and kind == ReturnDisposition.Kind.RESTOCK else None
                found.append((lying, kind, units, bin_id))
        return found


class DecisionForm(GoingForm):
    """Where units that have a grade go."""

    kinds = ReturnDisposition.Kind.choices

    def lying_of(self, part: PartOfReturn) -> list[_Lying]:
        """Return what has a grade and waits, a row for each grade."""
        return [
            _Lying(part, grade, f"grade {Grade(grade).label}", quantity, PRESET[grade], quantity)
            for grade, quantity in sorted(part.undecided.items())
        ]

    def decided(self) -> list[Decided]:
        """Return what goes where."""
        return [
            Decided(lying.part.part_id, Grade(lying.slot), ReturnDisposition.Kind(kind), units, bin_id)
            for lying, kind, units, bin_id in self.going()
        ]


class QuarantineForm(GoingForm):
    """Where units in quarantine go, once somebody has looked at them; none go by default."""

    kinds = QuarantineExit.Kind.choices
    note = forms.CharField(
        label="What was found",
        max_length=QuarantineExit._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def lying_of(self, part: PartOfReturn) -> list[_Lying]:
        """Return what of an item lies in quarantine."""
        if not part.quarantined:
            return []
        return [_Lying(part, "Q", "in quarantine", part.quarantined, QuarantineExit.Kind.RESTOCK, None)]

    def cleared(self) -> list[Cleared]:
        """Return what goes where."""
        return [
            Cleared(lying.part.part_id, QuarantineExit.Kind(kind), units, bin_id, self.cleaned_data["note"])
            for lying, kind, units, bin_id in self.going()
        ]
