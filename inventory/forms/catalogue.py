"""What people type of kits, suppliers and their orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.forms import LanguageField
from core.models import Company, User
from inventory.forms.sites import company_days
from inventory.models import (
    Calendar,
    Product,
    ReorderRule,
    Supplier,
    SupplierItem,
    SupplierOrder,
    Warehouse,
)
from inventory.queries.kits import components_of
from inventory.services import Wanted

# For what is added to a kit; each time it is saved there are as many again
BLANK_ROWS = 6
# For price breaks that are added to a supplier's item
BLANK_BREAKS = 3


class KitForm(forms.Form):
    """Of what a kit consists: products by SKU with their units in one kit; a row without a SKU is none."""

    def __init__(self, *args: Any, kit: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kit = kit
        had: list[Any] = [*components_of(kit), *[None] * BLANK_ROWS]
        self.places = range(1, len(had) + 1)
        for place, one in zip(self.places, had, strict=True):
            sku, units = (one.product.sku, f"{one.quantity.normalize():f}") if one else ("", None)
            self.fields[f"sku-{place}"] = forms.CharField(max_length=40, required=False, initial=sku)
            self.fields[f"units-{place}"] = forms.DecimalField(required=False, initial=units)
            self.fields[f"sku-{place}"].widget.attrs = {**_CODE, "aria-label": f"SKU {place}"}
            self.fields[f"units-{place}"].widget.attrs = {**_UNITS, "aria-label": f"Units of SKU {place}"}

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the fields of each row."""
        return [(self[f"sku-{place}"], self[f"units-{place}"]) for place in self.places]

    def clean(self) -> dict[str, Any]:
        """Find the products."""
        self.units: dict[int, Decimal] = {}
        for place in self.places:
            if sku := str(self.cleaned_data.get(f"sku-{place}") or "").strip():
                try:
                    product = stock_of(self.kit.company_id, sku)
                    if product.pk in self.units:
                        raise ValidationError("It stands here twice: add up its units.")
                    self.units[product.pk] = self.cleaned_data.get(f"units-{place}") or Decimal(0)
                except ValidationError as error:
                    self.add_error(f"sku-{place}", error)
        return self.cleaned_data


_CODE = {"autocomplete": "off", "spellcheck": "false"}
_UNITS = {"class": "numeric", "inputmode": "decimal", "autocomplete": "off"}


class SupplierForm(forms.ModelForm):
    """A supplier and their usual terms."""

    language = LanguageField(label="Written to in", required=False)

    class Meta:
        model = Supplier
        fields: ClassVar[list[str]] = [
            "code",
            "name",
            "email",
            "address",
            "language",
            "lead_days",
            "calendar",
            "over_percent",
            "is_active",
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "code": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "address": forms.Textarea(attrs={"rows": 3}),
            "over_percent": forms.TextInput(attrs=_UNITS),
        }
        labels: ClassVar[dict[str, str]] = {"calendar": "Works by"}
        help_texts: ClassVar[dict[str, str]] = {"calendar": "The lead time counts its working days."}

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.company = company
        LanguageField.begin(self, self.instance.language if self.instance.pk else company.language)
        calendar: Any = self.fields["calendar"]
        calendar.queryset = Calendar.objects.filter(company=company)
        calendar.empty_label = company_days(company)

    def clean_language(self) -> str:
        """Return the language: the company's, unless one is chosen."""
        return self.cleaned_data["language"] or self.instance.company.language

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]


class SupplierItemForm(forms.ModelForm):
    """What a supplier sells and on what terms; the product is named by its SKU.

    `costs` is what a unit costs from each quantity on; a row without either is none.
    """

    sku = forms.CharField(
        label="SKU",
        max_length=40,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = SupplierItem
        fields: ClassVar[list[str]] = [
            "part_number",
            "unit_cost",
            "minimum",
            "multiple",
            "lead_days",
            "rank",
            "is_inspected",
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "unit_cost": forms.TextInput(attrs=_UNITS),
            "minimum": forms.TextInput(attrs=_UNITS),
            "multiple": forms.TextInput(attrs=_UNITS),
        }
        help_texts: ClassVar[dict[str, str]] = {
            "lead_days": "Empty: as the supplier's.",
            "rank": "1 is asked before 2, where several sell it.",
            "is_inspected": "What they bring of it waits in quarantine until somebody has looked.",
        }

    def __init__(self, *args: Any, supplier: Supplier, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.supplier = supplier
        if self.instance.pk:
            self.fields["sku"].initial = self.instance.product.sku
            self.fields["sku"].disabled = True
        for name in ("minimum", "multiple", "unit_cost"):
            value = self.initial.get(name)
            if isinstance(value, Decimal):
                self.initial[name] = f"{value.normalize():f}"
        had: list[Any] = [*(self.instance.breaks.all() if self.instance.pk else ()), *[None] * BLANK_BREAKS]
        self.places = range(1, len(had) + 1)
        for place, one in zip(self.places, had, strict=True):
            for name, label, value in (
                (f"from-{place}", f"{place}. From units", one and one.quantity),
                (f"cost-{place}", f"{place}. Cost each", one and one.unit_cost),
            ):
                self.fields[name] = forms.DecimalField(
                    label=label,
                    required=False,
                    min_value=0,
                    max_digits=18,
                    decimal_places=6,
                    initial=None if value is None else f"{value.normalize():f}",
                    widget=forms.TextInput(attrs=_UNITS),
                )

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the fields of each price break."""
        return [(self[f"from-{place}"], self[f"cost-{place}"]) for place in self.places]

    def clean(self) -> dict[str, Any]:
        """Find what a unit costs from each quantity on."""
        super().clean()
        least = self.cleaned_data.get("minimum") or Decimal(0)
        self.costs: dict[Decimal, Decimal] = {}
        for place in self.places:
            quantity, cost = (self.cleaned_data.get(f"{name}-{place}") for name in ("from", "cost"))
            if quantity is None and cost is not None:
                self._say(f"from-{place}", "From how many units?")
            elif quantity is not None and cost is None:
                self._say(f"cost-{place}", "What does a unit cost then?")
            elif quantity is not None and cost is not None:
                if quantity == 0 or quantity < least:
                    self._say(f"from-{place}", f"Below the least quantity of {least.normalize():f}.")
                elif quantity in self.costs:
                    self._say(f"from-{place}", "This quantity stands here twice.")
                else:
                    self.costs[quantity] = cost
        return self.cleaned_data

    def _say(self, name: str, sentence: str) -> None:
        """Say what is wrong with a field, unless something is said there already."""
        if name not in self.errors:
            self.add_error(name, sentence)

    def _get_validation_exclusions(self) -> set[str]:
        """Validate supplier and product too, for the constraint names them, once there is a product."""
        known = {"supplier", "product"} if self.instance.product_id else {"supplier"}
        return (set(super()._get_validation_exclusions()) | {"product"}) - known  # type: ignore[misc]

    def clean_sku(self) -> str:
        """Find the product.

        :raises ValidationError: where there is no such stock.
        """
        sku = str(self.cleaned_data["sku"]).strip()
        self.instance.product = stock_of(self.instance.supplier.company_id, sku)
        return sku


class OrderForm(forms.Form):
    """How many units of each of a supplier's items are ordered, and for which warehouse."""

    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), empty_label=None)

    def __init__(
        self, *args: Any, items: Sequence[SupplierItem], actor: User, supplier: Supplier, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        warehouse: Any = self.fields["warehouse"]
        warehouse.queryset = Warehouse.objects.for_user(actor).filter(company=supplier.company_id)
        for item in items:
            self.fields[f"item-{item.pk}"] = forms.DecimalField(
                label=f"Units of {item.product.sku}",
                required=False,
                min_value=0,
                max_digits=18,
                decimal_places=6,
                widget=forms.NumberInput(attrs={**_UNITS, "aria-label": f"Units of {item.product.sku}"}),
            )

    def rows(self) -> list[tuple[SupplierItem, forms.BoundField]]:
        """Return each item with its field."""
        return [(item, self[f"item-{item.pk}"]) for item in self.items]

    def clean(self) -> dict[str, Any]:
        """Check that something is ordered, in quantities that the supplier sells."""
        for item in self.items:
            name = f"item-{item.pk}"
            units = self.cleaned_data.get(name)
            if units and units < item.minimum:
                self.add_error(name, f"At least {item.minimum.normalize():f}.")
            elif units and units % item.multiple:
                self.add_error(name, f"In multiples of {item.multiple.normalize():f}.")
        if not self.errors and not self.wanted():
            raise ValidationError("Say how many units of what.")
        return self.cleaned_data

    def wanted(self) -> list[Wanted]:
        """Return what is ordered."""
        keyed = [(item, self.cleaned_data.get(f"item-{item.pk}")) for item in self.items]
        return [Wanted(item.product_id, units) for item, units in keyed if units]


class AcknowledgeForm(forms.Form):
    """A supplier's own number, and the day on which each open line comes."""

    their_number = forms.CharField(
        label="Their order number",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )

    def __init__(self, *args: Any, order: SupplierOrder, lines: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["their_number"].initial = order.their_number
        for line in lines:
            self.fields[f"line-{line.pk}"] = forms.DateField(
                label=f"Day of {line.product.sku}",
                initial=line.expected_on,
                widget=forms.DateInput(
                    format="%Y-%m-%d", attrs={"type": "date", "aria-label": f"Day of {line.product.sku}"}
                ),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        """Return each line with its field."""
        return [(line, self[f"line-{line.pk}"]) for line in self.lines]

    def dates(self) -> dict[int, date]:
        """Return the days by line."""
        return {line.pk: self.cleaned_data[f"line-{line.pk}"] for line in self.lines}


class DraftForm(forms.Form):
    """How many units of each line of a draft are ordered; none takes the line off it."""

    def __init__(self, *args: Any, lines: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"line-{line.pk}"] = forms.DecimalField(
                label=f"Units of {line.product.sku}",
                min_value=0,
                max_digits=18,
                decimal_places=6,
                initial=f"{line.quantity.normalize():f}",
                widget=forms.NumberInput(attrs={**_UNITS, "aria-label": f"Units of {line.product.sku}"}),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        """Return each line with its field."""
        return [(line, self[f"line-{line.pk}"]) for line in self.lines]

    def quantities(self) -> dict[int, Decimal]:
        """Return the quantities by line."""
        return {line.pk: self.cleaned_data[f"line-{line.pk}"] for line in self.lines}


class ReorderRuleForm(forms.ModelForm):
    """When a warehouse wants more of a product, which is named by its SKU."""

    sku = forms.CharField(
        label="SKU",
        max_length=40,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = ReorderRule
        fields: ClassVar[list[str]] = ["warehouse", "reorder_point", "order_up_to", "safety_stock"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            name: forms.TextInput(attrs=_UNITS) for name in ("reorder_point", "order_up_to", "safety_stock")
        }
        help_texts: ClassVar[dict[str, str]] = {
            "reorder_point": "What is wanted until more can come, and the safety stock.",
            "order_up_to": "As much is bought as fills up to this.",
            "safety_stock": "Kept back from promises of the future.",
        }

    def __init__(self, *args: Any, actor: User, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.company_id = company_id
        warehouse: Any = self.fields["warehouse"]
        warehouse.queryset = Warehouse.objects.for_user(actor).filter(company=company_id)
        warehouse.empty_label = None
        if self.instance.pk:
            self.fields["sku"].initial = self.instance.product.sku
            for name in ("sku", "warehouse"):
                self.fields[name].disabled = True
        for name in ("reorder_point", "order_up_to", "safety_stock"):
            value = self.initial.get(name)
            if isinstance(value, Decimal):
                self.initial[name] = f"{value.normalize():f}"

    def _get_validation_exclusions(self) -> set[str]:
        """Validate company and product too, for the constraint names them, once there is a product."""
        known = {"company", "product"} if self.instance.product_id else {"company"}
        return (set(super()._get_validation_exclusions()) | {"product"}) - known  # type: ignore[misc]

    def clean_sku(self) -> str:
        """Find the product.

        :raises ValidationError: where there is no such stock.
        """
        sku = str(self.cleaned_data["sku"]).strip()
        self.instance.product = stock_of(self.instance.company_id, sku)
        return sku


def stock_of(company_id: int, sku: str) -> Product:
    """Return the stock that has a SKU.

    :raises ValidationError: where there is no such stock.
    """
    product = Product.objects.filter(company=company_id, sku=sku, kind=Product.Kind.STOCK).first()
    if product is None:
        raise ValidationError("No stock of yours has this SKU.")
    return product
