"""What sales managers keep of prices: the lists, and what a product costs on one from a quantity and a day on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from babel.numbers import list_currencies
from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from core.quantities import MAX_QUANTITY, in_steps
from orders.forms.items import ItemField, ItemFormMixin
from orders.models import Price, PriceList

MAX_PRICE = Decimal(10_000_000)


class PriceListForm(forms.ModelForm):
    """A price list. Its currency is given once it has prices."""

    class Meta:
        model = PriceList
        fields: ClassVar[list[str]] = ["name", "code", "currency"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
            "code": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "currency": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        }
        help_texts: ClassVar[dict[str, str]] = {
            "code": "Letters, digits and dashes, by which files name it.",
            "currency": "Three letters, such as GBP.",
        }

    def __init__(self, *args: Any, company_id: int, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that a code taken in this company is found here and not by the database
        self.instance.company_id = company_id
        self.fields["currency"].initial = currency
        if self.instance.pk and self.instance.prices.exists():
            self.fields["currency"].disabled = True
            self.fields["currency"].help_text = "Fixed: there are prices in it."

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]

    def clean_currency(self) -> str:
        """Return the code of a currency.

        :raises ValidationError: where there is none of that code.
        """
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code not in list_currencies():
            raise ValidationError(f"{code} is no currency: key three letters, such as GBP.")
        return code


class PriceForm(ItemFormMixin, forms.ModelForm):
    """What a product costs on a list, from a quantity on and, where days are named, from one to the other."""

    item = ItemField()

    class Meta:
        model = Price
        fields: ClassVar[list[str]] = ["price", "from_quantity", "valid_from", "valid_until"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "price": forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
            "from_quantity": forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
            "valid_from": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "valid_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        labels: ClassVar[dict[str, str]] = {
            "from_quantity": "From quantity",
            "valid_from": "First day",
            "valid_until": "Last day",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "price": "Net, of one unit.",
            "from_quantity": "0 for any; 10 is a price for ten and more.",
            "valid_from": "Of the prices in force, those that began last count.",
        }

    def __init__(self, *args: Any, actor: User, price_list: PriceList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.price_list = price_list
        self.set_up_item(actor, price_list.company_id)
        for name in ("price", "from_quantity"):
            value = getattr(self.instance, name)
            self.initial[name] = None if value is None else f"{value.normalize():f}"

    def _get_validation_exclusions(self) -> set[str]:
        """Validate list and product too, for the constraints name them."""
        named = {"price_list"} if "item" in self.errors else {"price_list", "product"}
        return set(super()._get_validation_exclusions()) - named  # type: ignore[misc]

    def clean_price(self) -> Decimal:
        """Return the price.

        :raises ValidationError: where it is below zero or absurd.
        """
        price: Decimal = self.cleaned_data["price"]
        if not 0 <= price <= MAX_PRICE:
            raise ValidationError(f"A price lies between 0 and {MAX_PRICE:,}.")
        return price

    def clean(self) -> dict[str, Any]:
        """Check the quantity by the product's unit.

        :raises ValidationError: never; what is wrong stands at its field.
        """
        quantity, product = self.cleaned_data.get("from_quantity"), self.cleaned_data.get("item")
        if quantity is not None and not 0 <= quantity <= MAX_QUANTITY:
            self.add_error("from_quantity", f"A quantity lies between 0 and {MAX_QUANTITY:,}.")
        elif quantity and product is not None and not in_steps(quantity, product.unit.step):
            step = f"{product.unit.step.normalize():f} {product.unit.code}"
            self.add_error("from_quantity", f"{product.sku} is sold in steps of {step}.")
        return self.cleaned_data
