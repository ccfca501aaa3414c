"""What people type of a product."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from inventory.models import Product, Unit, gtin_check_digit
from inventory.queries import catalogue

MAX_WEIGHT_G = Decimal(10_000_000)


class ProductForm(forms.ModelForm):
    """A product. What stock moves rest on, its unit and kind, is given once it was moved."""

    # Orders take a kit once it consists of something
    is_empty_kit = True

    class Meta:
        model = Product
        fields: ClassVar[list[str]] = [
            "sku",
            "name",
            "kind",
            "unit",
            "tracking",
            "costing",
            "gtin",
            "weight_g",
            "is_inspected",
            "is_active",
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "sku": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "gtin": forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            "weight_g": forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
        }
        help_texts: ClassVar[dict[str, str]] = {
            "sku": "Your own code for it, as customers order it.",
            "kind": "Stock lies in bins; a kit consists of stock; charges and services are lines of a document.",
            "tracking": "By lot or serial number it is known who got which units; the first to expire go first.",
            "is_inspected": "What suppliers bring of it waits in quarantine until somebody has looked.",
            "gtin": "The number under its barcode: 8, 12, 13 or 14 digits.",
        }
        labels: ClassVar[dict[str, str]] = {
            "weight_g": "Weight in grams",
            "is_active": "May be put on new orders",
            "tracking": "Known by",
            "costing": "Cost of what leaves",
        }

    def __init__(self, *args: Any, actor: User, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that a SKU taken in this company is found here and not by the database
        self.instance.company_id = company_id
        unit: Any = self.fields["unit"]
        unit.queryset = Unit.objects.for_user(actor).filter(company_id=company_id)
        unit.empty_label = None
        kind: Any = self.fields["kind"]
        if self.instance.kind == Product.Kind.BALANCE:
            kind.disabled, kind.help_text = True, "Fixed: it stands on invoices brought forward."
        else:
            kind.choices = [choice for choice in kind.choices if choice[0] != Product.Kind.BALANCE]
        self.fields["tracking"].required = self.fields["costing"].required = False
        if self.instance.pk and self.instance.kind == Product.Kind.KIT:
            kind.disabled, kind.help_text = True, "Fixed: what a kit consists of is on its page."
            self.is_empty_kit = not self.instance.components.exists()
        elif self.instance.pk:
            kind.choices = [choice for choice in kind.choices if choice[0] != Product.Kind.KIT]
        if self.instance.pk and catalogue.has_stock_history(self.instance):
            for name in ("kind", "unit", "tracking", "costing"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "Fixed: stock of it has been moved."

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        """Keep a kit off orders until it consists of something, and sell kits whole."""
        if self.cleaned_data.get("kind") == Product.Kind.KIT:
            unit = self.cleaned_data.get("unit")
            if unit is not None and unit.step % 1:
                self.add_error("unit", "A kit is sold whole: choose a unit that is counted.")
            if self.is_empty_kit:
                self.cleaned_data["is_active"] = False
        return self.cleaned_data

    def clean_tracking(self) -> str:
        """Return how it is known: by nothing but itself unless said otherwise."""
        return str(self.cleaned_data["tracking"] or Product.Tracking.NONE)

    def clean_costing(self) -> str:
        """Return how its cost is found: as a moving average unless said otherwise."""
        return str(self.cleaned_data["costing"] or Product.Costing.AVERAGE)

    def clean_sku(self) -> str:
        """Return the SKU without blanks around it; codes with blanks or control characters within cannot be scanned.

        :raises ValidationError: where there are.
        """
        sku = str(self.cleaned_data["sku"]).strip()
        if any(char.isspace() or not char.isprintable() for char in sku):
            raise ValidationError("A SKU has no blanks: use a dash.")
        return sku

    def clean_gtin(self) -> str:
        """Return the GTIN, its check digit proved.

        :raises ValidationError: where the length or the check digit is wrong.
        """
        gtin = str(self.cleaned_data["gtin"]).replace(" ", "").replace("-", "")
        if gtin and (not gtin.isascii() or not gtin.isdigit() or len(gtin) not in (8, 12, 13, 14)):
            raise ValidationError("A GTIN has 8, 12, 13 or 14 digits.")
        if gtin and gtin_check_digit(gtin[:-1]) != gtin[-1]:
            raise ValidationError(f"One digit is wrong: with these the last would be {gtin_check_digit(gtin[:-1])}.")
        return gtin

    def clean_weight_g(self) -> Decimal | None:
        """Return the weight.

        :raises ValidationError: where it is below zero or heavier than a lorry can carry.
        """
        weight: Decimal | None = self.cleaned_data["weight_g"]
        if weight is not None and not 0 <= weight <= MAX_WEIGHT_G:
            raise ValidationError(f"A weight is from 0 to {MAX_WEIGHT_G:,} grams.")
        return weight
