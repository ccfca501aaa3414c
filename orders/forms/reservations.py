"""What people type to keep units for later, to keep them longer, and to give them up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from core.models import User
from core.pages import moment_for
from core.quantities import MAX_QUANTITY, in_steps
from inventory.models import Product, Warehouse
from orders.forms.items import ItemField
from orders.models import Customer, Reservation
from orders.queries import entry
from orders.services.reserving import LONGEST


def _day_input(**attrs: Any) -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **attrs})


class CustomerField(forms.CharField):
    """The number or name of a customer; letters are looked up while they are typed."""

    def __init__(self, **kwargs: Any) -> None:
        lookup = {"data-lookup": reverse_lazy("orders:find_customers"), "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=160, widget=forms.TextInput(attrs=lookup), **kwargs)


class _ForSomebodyForm(forms.Form):
    """A form with a customer, whom the person may know of, and the day through which units are kept."""

    actor: User

    def clean_customer(self) -> Customer | None:
        """Return the customer that is meant, nobody where none is named.

        :raises ValidationError: where nobody, or somebody who may not order, is called so.
        """
        text = str(self.cleaned_data["customer"]).strip()
        if not text:
            return None
        customer = entry.customer_meant(self.actor, text)
        if customer is None:
            raise ValidationError(f"No customer is called {text}.")
        if not customer.is_active:
            raise ValidationError(f"{customer.name} may not order: the account is closed.")
        return customer

    def clean_expires_on(self) -> date:
        """Return the day, which is not over."""
        return _ahead(self.cleaned_data["expires_on"], self.actor)


class ReservationForm(_ForSomebodyForm):
    """What is kept, for whom, and until when."""

    item = ItemField()
    quantity = forms.DecimalField(
        label="Units",
        max_digits=18,
        decimal_places=6,
        max_value=MAX_QUANTITY,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
    )
    customer = CustomerField(
        label="Customer", required=False, help_text="Their next orders for it get these units first."
    )
    project = forms.CharField(
        label="Project",
        required=False,
        max_length=Reservation._meta.get_field("project").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="In words. Without a customer nothing takes it over until one is named.",
    )
    wanted_on = forms.DateField(
        label="Wanted on",
        widget=_day_input(),
        help_text="A day more than 30 days away is kept of what comes until then, before the shelf gives any.",
    )
    expires_on = forms.DateField(
        label="Kept through", widget=_day_input(), help_text="The units are free again on the day after."
    )
    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(), label="Keep it in", required=False, empty_label="Any warehouse"
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        warehouse: Any = self.fields["warehouse"]
        warehouse.queryset = Warehouse.objects.filter(company=actor.company)
        warehouse.help_text = "Where it has not enough, others keep the rest."

    def clean_item(self) -> Product:
        """Return the product.

        :raises ValidationError: where there is none that is kept in stock.
        """
        text = str(self.cleaned_data["item"])
        product = entry.products_meant(self.actor, {text}).get(text)
        if product is None or product.company_id != self.actor.company.pk:
            raise ValidationError(f"There is no product {text}.")
        if product.kind != Product.Kind.STOCK:
            raise ValidationError("Only what is kept in stock can be reserved; of a kit, reserve its components.")
        return product

    def clean_wanted_on(self) -> date:
        """Return the day, which is not over."""
        return _ahead(self.cleaned_data["wanted_on"], self.actor)

    def clean(self) -> dict[str, Any]:
        """Check that it is for somebody, and that there are as many units."""
        typed = self.cleaned_data
        product, units = typed.get("item"), typed.get("quantity")
        if units is not None and (units <= 0 or (product and not in_steps(units, product.unit.step))):
            self.add_error(
                "quantity", f"{_shown(units)} is no number of units{f' of {product.sku}' if product else ''}."
            )
        if "customer" in typed and typed["customer"] is None and not typed.get("project", "").strip():
            self.add_error("customer", "Name a customer, or a project below.")
        return typed


class ChangeReservationForm(_ForSomebodyForm):
    """Through which day it is kept, and for which customer where nobody was named yet."""

    expires_on = forms.DateField(
        label="Kept through",
        widget=_day_input(autofocus=True),
        help_text="The units are free again on the day after.",
    )
    customer = CustomerField(
        label="Customer", required=False, help_text="Their next orders for it get these units first."
    )

    def __init__(self, *args: Any, actor: User, reservation: Reservation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        if reservation.customer_id is not None:
            del self.fields["customer"]


class FreeReservationForm(forms.Form):
    """Why it is given up."""

    reason = forms.CharField(
        label="Why",
        max_length=Reservation._meta.get_field("reason").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": "Say why it is given up."},
    )


def _ahead(day: date, actor: User) -> date:
    """Return a day that is not over and not beyond what anybody plans for.

    :raises ValidationError: for another one.
    """
    today = moment_for(actor).date()
    if day < today:
        raise ValidationError("This day is over.")
    if day > today + LONGEST:
        raise ValidationError("This is more than three years away.")
    return day


def _shown(units: Decimal) -> str:
    return f"{units.normalize():f}"
