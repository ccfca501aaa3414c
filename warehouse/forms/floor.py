"""What is keyed of goods that come, are picked, packed, counted or go to another warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from core.models import User
from core.quantities import in_steps
from inventory.models import Bin, Product, Warehouse
from inventory.queries import transfers as transfer_queries
from inventory.services import Arrival, Carried, LotName
from warehouse.models import PickTask
from warehouse.queries import UnpackedLine

LONGEST_LOT = 40
_UNITS = {"class": "numeric", "inputmode": "decimal", "autocomplete": "off"}


class ShortForm(forms.Form):
    """How many units were found of a pick, none where nothing is typed, and why not all."""

    found = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=6,
        widget=forms.NumberInput(attrs={**_UNITS, "placeholder": "0"}),
    )
    reason = forms.ChoiceField(choices=PickTask.Reason.choices, error_messages={"required": "Say why."})


class EmptyForm(forms.Form):
    """How many units are left in a bin that should be empty."""

    left = forms.DecimalField(
        min_value=0, max_digits=18, decimal_places=6, error_messages={"required": "Say how many are left."}
    )


class CountForm(forms.Form):
    """How many units really lie in a bin."""

    counted = forms.DecimalField(
        label="Really there",
        min_value=0,
        max_digits=18,
        decimal_places=6,
        widget=forms.NumberInput(attrs={**_UNITS, "autofocus": True}),
        error_messages={"required": "Say how many there are; 0 where there are none."},
    )


class PackForm(forms.Form):
    """How many units of each line go into one parcel: all that is left unless said otherwise, an empty field none.

    The weight is what the scale says; without one the parcel weighs what its products do.
    """

    weight_kg = forms.DecimalField(
        label="Weight in kg",
        required=False,
        min_value=Decimal("0.001"),
        max_value=Decimal(1_000),
        decimal_places=3,
        max_digits=9,
        widget=forms.NumberInput(attrs={**_UNITS, "step": "0.001", "placeholder": "by its products"}),
        help_text="As the scale says; blank is what the products weigh.",
        error_messages={
            "invalid": "Key the weight in kilograms, such as 2.35.",
            "min_value": "A parcel weighs something: leave it blank where nobody weighed it.",
            "max_value": "More than a tonne is no parcel: key kilograms.",
            "max_decimal_places": "Three decimals are grams: no more than that.",
        },
    )

    def __init__(self, *args: Any, lines: Sequence[UnpackedLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"part-{line.part_id}"] = forms.DecimalField(
                label=f"Units of {line.sku}",
                required=False,
                min_value=0,
                max_value=line.quantity,
                initial=f"{line.quantity.normalize():f}",
                widget=forms.NumberInput(
                    attrs={
                        "class": "numeric",
                        "inputmode": "decimal",
                        "autocomplete": "off",
                        "step": f"{line.step.normalize():f}",
                        "aria-label": f"Units of {line.sku}",
                        "data-count": "",
                    }
                ),
                error_messages={
                    "max_value": f"{line.quantity.normalize():f} are left to pack.",
                    "min_value": "No less than nothing.",
                    "invalid": "A number, please.",
                },
            )

    def clean(self) -> dict[str, Any]:
        """Check that each quantity is a whole number of its unit's steps."""
        for line in self.lines:
            name = f"part-{line.part_id}"
            units = self.cleaned_data.get(name)
            if units is not None and not in_steps(units, line.step):
                self.add_error(name, f"{line.unit} goes by {line.step.normalize():f}.")
        return self.cleaned_data

    def rows(self) -> list[tuple[UnpackedLine, forms.BoundField]]:
        """Return each line with its field."""
        return [(line, self[f"part-{line.part_id}"]) for line in self.lines]

    def weight_g(self) -> Decimal | None:
        """Return what the scale said, in grams."""
        weight = self.cleaned_data.get("weight_kg")
        return None if weight is None else weight * 1_000

    def units(self) -> dict[int, Decimal]:
        """Return the units that go into the parcel, by part id."""
        keyed = {line.part_id: self.cleaned_data.get(f"part-{line.part_id}") for line in self.lines}
        return {part_id: units for part_id, units in keyed.items() if units}


@dataclass(frozen=True, slots=True)
class ReceiveRow:
    """A line of a supplier's order with its fields; what is tracked has one for its lot, or its serial numbers."""

    line: Any
    units: forms.BoundField
    shelf: forms.BoundField
    last: forms.BoundField
    lot: forms.BoundField | None = None
    good_until: forms.BoundField | None = None


class ReceiveForm(forms.Form):
    """What came of each line of a supplier's order, onto which shelf, and whether more of it is expected.

    Of what is tracked it is said of which lot it is, or what its serial numbers are.
    """

    delivery_note = forms.CharField(
        label="Their delivery note",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        lines: Sequence[Any],
        homes: Mapping[int, Bin],
        shelf_of: Callable[[str], Bin | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.shelf_of = shelf_of
        for line in lines:
            sku, step = line.product.sku, line.product.unit.step
            self.fields[f"line-{line.pk}"] = forms.DecimalField(
                label=f"Units of {sku}",
                required=False,
                min_value=0,
                max_value=line.most,
                widget=forms.NumberInput(
                    attrs={
                        **_UNITS,
                        "step": f"{step.normalize():f}",
                        "aria-label": f"Units of {sku}",
                        "data-count": "",
                        "data-due": f"{line.to_come.normalize():f}",
                    }
                ),
                error_messages={
                    "max_value": f"{line.most.normalize():f} may come at most.",
                    "min_value": "No less than nothing.",
                    "invalid": "A number, please.",
                },
            )
            home = homes.get(line.product_id)
            self.fields[f"bin-{line.pk}"] = forms.CharField(
                max_length=20,
                required=False,
                initial=home.code if home else "",
                widget=forms.TextInput(
                    attrs={
                        "autocomplete": "off",
                        "spellcheck": "false",
                        "aria-label": f"Shelf of {sku}",
                        "class": "code",
                    }
                ),
            )
            self.fields[f"last-{line.pk}"] = forms.BooleanField(
                required=False, widget=forms.CheckboxInput(attrs={"aria-label": f"No more of {sku} will come"})
            )
            if line.product.tracking != Product.Tracking.NONE:
                self._ask_for_lot(line)

    def _ask_for_lot(self, line: Any) -> None:
        serial = line.product.tracking == Product.Tracking.SERIAL
        typed = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
        name = f"{'Serial numbers' if serial else 'Lot'} of {line.product.sku}"
        hint = "One or more, with blanks between" if serial else "As it stands on the goods"
        self.fields[f"lot-{line.pk}"] = forms.CharField(
            max_length=4_000 if serial else LONGEST_LOT,
            required=False,
            widget=forms.TextInput(attrs={**typed, "aria-label": name, "placeholder": hint}),
        )
        self.fields[f"until-{line.pk}"] = forms.DateField(
            required=False,
            widget=forms.DateInput(
                format="%Y-%m-%d", attrs={"type": "date", "aria-label": f"Last day of {line.product.sku}"}
            ),
        )

    def clean(self) -> dict[str, Any]:
        """Check the units and find the shelves."""
        self.arrivals: list[Arrival] = []
        for line in self.lines:
            units = self.cleaned_data.get(f"line-{line.pk}")
            is_last = bool(self.cleaned_data.get(f"last-{line.pk}"))
            shelf = None
            if units:
                if not in_steps(units, line.product.unit.step):
                    self.add_error(f"line-{line.pk}", f"It goes by {line.product.unit.step.normalize():f}.")
                code = str(self.cleaned_data.get(f"bin-{line.pk}") or "")
                shelf = self.shelf_of(code)
                if shelf is None and not getattr(line, "is_inspected", False):
                    self.add_error(f"bin-{line.pk}", "No shelf of this warehouse.")
            if units or is_last:
                self.arrivals += self._arrivals(line, shelf, units or Decimal(0), is_last=is_last)
        if not self.errors and not self.arrivals:
            raise forms.ValidationError("Say what came.")
        return self.cleaned_data

    def _arrivals(self, line: Any, shelf: Bin | None, units: Decimal, *, is_last: bool) -> list[Arrival]:
        """Return what came of a line: by serial number one by one, or else together."""
        bin_id = shelf.pk if shelf else None
        if not units or line.product.tracking == Product.Tracking.NONE:
            return [Arrival(line.pk, bin_id, units, is_last)]
        name, good_until = f"lot-{line.pk}", self.cleaned_data.get(f"until-{line.pk}")
        typed = str(self.cleaned_data.get(name) or "").strip()
        if line.product.tracking == Product.Tracking.LOT:
            if not typed:
                self.add_error(name, "Say which lot it is.")
            return [Arrival(line.pk, bin_id, units, is_last, LotName(typed, good_until))]
        serials = list(dict.fromkeys(typed.replace(",", " ").split()))
        if len(serials) != units:
            self.add_error(name, f"{units.normalize():f} came, with {len(serials)} serial numbers.")
        if any(len(serial) > LONGEST_LOT for serial in serials):
            self.add_error(name, f"A serial number has at most {LONGEST_LOT} characters.")
        return [
            Arrival(line.pk, bin_id, Decimal(1), is_last and serial == serials[-1], LotName(serial, good_until))
            for serial in serials
        ]

    def rows(self) -> list[ReceiveRow]:
        """Return each line with its fields."""
        rows = []
        for line in self.lines:
            names = [f"{name}-{line.pk}" for name in ("line", "bin", "last", "lot", "until")]
            rows.append(ReceiveRow(line, *(self[name] for name in names if name in self.fields)))
        return rows


class TransferForm(forms.Form):
    """What goes from one warehouse to another, and by when; items are typed or scanned, a line each."""

    from_warehouse = forms.ModelChoiceField(Warehouse.objects.none(), label="From", empty_label="Choose a warehouse")
    to_warehouse = forms.ModelChoiceField(Warehouse.objects.none(), label="To", empty_label="Choose a warehouse")
    expected_on = forms.DateField(
        label="Expected there", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    items = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(
            attrs={"rows": 8, "class": "code", "spellcheck": "false", "autocapitalize": "characters"}
        ),
        help_text="A line for each: the SKU or GTIN, and how many after a blank; one where no number is said.",
        error_messages={"required": "Say what goes."},
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        for name in ("from_warehouse", "to_warehouse"):
            field: Any = self.fields[name]
            field.queryset = Warehouse.objects.filter(company=actor.company)

    def clean_items(self) -> list[Carried]:
        """Return what is to go, the same item of several lines together."""
        typed = [line.split() for line in str(self.cleaned_data["items"]).splitlines() if line.strip()]
        known = transfer_queries.by_code(self.actor, {words[0] for words in typed})
        carried: dict[int, Decimal] = {}
        wrong = []
        for words in typed:
            product, units = known.get(words[0].upper()), _units(words[1]) if len(words) > 1 else Decimal(1)
            if product is None:
                wrong.append(f"{words[0]} is none of your products.")
            elif units is None or len(words) > 2 or not in_steps(units, product.unit.step):
                wrong.append(f"{' '.join(words[1:])} is no number of units of {product.sku}.")
            else:
                carried[product.pk] = carried.get(product.pk, Decimal(0)) + units
        if wrong:
            raise forms.ValidationError(wrong)
        return [Carried(pk, units) for pk, units in carried.items()]

    def clean(self) -> dict[str, Any]:
        """Check that it goes anywhere."""
        ends = [self.cleaned_data.get(name) for name in ("from_warehouse", "to_warehouse")]
        if ends[0] and ends[0] == ends[1]:
            self.add_error("to_warehouse", "Choose another warehouse than the first.")
        return self.cleaned_data


def _units(text: str) -> Decimal | None:
    """Return a number of units above zero, nothing where it is none."""
    try:
        units = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return units if units.is_finite() and 0 < units < 10**12 else None


class SendForm(forms.Form):
    """How many units of each line of a transfer are sent: all that is kept for it unless said otherwise."""

    def __init__(self, *args: Any, lines: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            sku = line.product.sku
            self.fields[f"line-{line.pk}"] = forms.DecimalField(
                label=f"Units of {sku}",
                required=False,
                min_value=0,
                max_value=line.kept,
                initial=f"{line.kept.normalize():f}",
                widget=forms.NumberInput(
                    attrs={
                        **_UNITS,
                        "step": f"{line.product.unit.step.normalize():f}",
                        "aria-label": f"Units of {sku}",
                        "data-count": "",
                    }
                ),
                error_messages={
                    "max_value": f"{line.kept.normalize():f} are kept for it.",
                    "min_value": "No less than nothing.",
                    "invalid": "A number, please.",
                },
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        """Return each line with its field."""
        return [(line, self[f"line-{line.pk}"]) for line in self.lines]

    def units(self) -> dict[int, Decimal]:
        """Return how many units of each line are sent, by line id; none where the field is empty."""
        return {line.pk: self.cleaned_data.get(f"line-{line.pk}") or Decimal(0) for line in self.lines}


class ArrivedForm(ReceiveForm):
    """What came of each line of a transfer, onto which shelf, and whether the rest is lost; its lots are known."""

    delivery_note = None  # type: ignore[assignment]

    def _ask_for_lot(self, line: Any) -> None:
        """Ask nothing: the lot was named when it was sent."""

    def _arrivals(self, line: Any, shelf: Bin | None, units: Decimal, *, is_last: bool) -> list[Arrival]:
        return [Arrival(line.pk, shelf.pk if shelf else None, units, is_last)]
