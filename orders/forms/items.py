"""A box in which one of the company's products is named, on the forms of prices and of customers' own numbers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from core.models import User
from inventory.models import Product
from orders.queries import entry


class ItemField(forms.CharField):
    """The SKU or GTIN of a product; letters are looked up while they are typed."""

    def __init__(self, **kwargs: Any) -> None:
        lookup = {"data-lookup": reverse_lazy("orders:find_products"), "autocomplete": "off", "spellcheck": "false"}
        super().__init__(
            label="Product",
            max_length=60,
            widget=forms.TextInput(attrs=lookup),
            help_text="Its SKU or GTIN; letters of its name find it.",
            error_messages={"required": "Name the product."},
            **kwargs,
        )


class ItemFormMixin:
    """A form over a row of a product, which is typed into the field `item`."""

    instance: Any
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def set_up_item(self, actor: User, company_id: int) -> None:
        """Know whose products are meant, and show the row's as it would be typed."""
        self.actor, self.company_id = actor, company_id
        if self.instance.product_id:
            self.fields["item"].initial = self.instance.product.sku

    def clean_item(self) -> Product:
        """Return the product, on the row as well, so that its constraints are checked.

        :raises ValidationError: where the company has no such product.
        """
        text = str(self.cleaned_data["item"])
        product = entry.products_meant(self.actor, {text}).get(text)
        if product is None or product.company_id != self.company_id:
            raise ValidationError(f"There is no product {text}.")
        self.instance.product = product
        return product
