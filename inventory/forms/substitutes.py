"""What people say of a product: what can be shipped instead of it, from when to when, and why."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from inventory.models import Product, Substitute
from inventory.queries.transfers import by_code


class SubstituteForm(forms.ModelForm):
    """A product that can stand in for another one."""

    item = forms.CharField(
        label="Product",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false", "class": "code"}
        ),
        help_text="The SKU or GTIN of what is shipped instead; it is counted in the same unit.",
        error_messages={"required": "Name the product."},
    )

    class Meta:
        model = Substitute
        fields: ClassVar[list[str]] = ["rank", "is_equal", "reason", "valid_from", "valid_until"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "rank": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "reason": forms.TextInput(attrs={"autocomplete": "off"}),
            "valid_from": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "valid_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        labels: ClassVar[dict[str, str]] = {"is_equal": "They are equals", "reason": "Why"}
        help_texts: ClassVar[dict[str, str]] = {
            "rank": "The lowest is offered first.",
            "is_equal": "As good for everybody: each stands in for the other, and some customers take it unasked.",
        }

    def __init__(self, *args: Any, actor: User, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that what stands in already is found here and not by the database
        self.actor, self.instance.product = actor, product
        self.order_fields(["item"])

    def _get_validation_exclusions(self) -> set[str]:
        """Validate both products too, for the constraints name them; there is none where it was not understood."""
        named = {"product", "stand_in"} if self.instance.stand_in_id else {"product"}
        return set(super()._get_validation_exclusions()) - named  # type: ignore[misc]

    def clean_item(self) -> Product:
        """Return the product, on the row as well.

        :raises ValidationError: where there is none, it is the same, or is counted otherwise.
        """
        text = str(self.cleaned_data["item"]).strip()
        stand_in = by_code(self.actor, {text}).get(text.upper())
        product = self.instance.product
        if stand_in is None:
            raise ValidationError(f"{text} is none of your products in stock.")
        if stand_in == product:
            raise ValidationError("It is the same product.")
        if stand_in.unit_id != product.unit_id:
            raise ValidationError(f"It is counted in {stand_in.unit.name}, not in {product.unit.name}.")
        self.instance.stand_in = stand_in
        return stand_in
