"""What is looked up of a line while it is keyed: its stock over time, its prices, what could be ordered instead."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from core.models import User
from core.pages import VerbRequiredMixin, person, today_of
from inventory.models import Product
from inventory.queries.atp import available
from orders.models import Customer, Substitutes
from orders.queries import entry, peeking, substituting

# What a number of units is looked up for at most: more fits no line
MOST = Decimal(10) ** 12


class PeekView(VerbRequiredMixin, View):
    """Answers for the line in which a key was pressed: F6 its stock, F7 its prices, F8 its substitutes."""

    verb = "orders.create"
    needs: ClassVar[dict[str, str]] = {
        "stock": "inventory.view_stock",
        "prices": "orders.view_prices",
        "substitutes": "inventory.view_product",
    }

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return what is looked up of the item that was typed, or what to type first."""
        user, asked = person(request), request.GET
        look = asked.get("look", "")
        look = look if look in self.needs and user.can(self.needs[look]) else ""
        customer = entry.customer_meant(user, asked.get("with", ""))
        item = asked.get("item", "").strip()
        product = entry.products_meant(user, {item}, customer).get(item)
        found = (
            getattr(self, look)(user, product, customer, units_of(asked.get("quantity", "")))
            if look and product
            else {}
        )
        return render(
            request, "orders/_entry_peek.html", {"look": look, "product": product, "customer": customer, **found}
        )

    def stock(self, user: User, product: Product, customer: Customer | None, quantity: Decimal) -> dict[str, Any]:
        """Return what is free of it now and where, and of what comes on which day, for the customer's channel."""
        today = today_of(self.request)
        is_kit = product.kind == Product.Kind.KIT
        channel_id = customer.channel_id if customer else None
        ids, kits = ([], [product.pk]) if is_kit else ([product.pk], [])
        if product.kind not in Product.GOODS:
            return {"promise": None}
        promise = available(ids, today, kits=kits, channel_id=channel_id).get(product.pk)
        return {
            "promise": promise,
            "quantity": quantity,
            "shelves": [one for one in promise.shelves if one.on_hand] if promise else [],
        }

    def prices(self, user: User, product: Product, customer: Customer | None, quantity: Decimal) -> dict[str, Any]:
        """Return what the customer paid for it, and what it costs on their list."""
        if customer is None:
            return {}
        return {
            "lines": peeking.last_prices(customer, product),
            "list_prices": peeking.list_prices(customer, product, today_of(self.request)),
            "currency": customer.price_list.currency,
        }

    def substitutes(self, user: User, product: Product, customer: Customer | None, quantity: Decimal) -> dict[str, Any]:
        """Return what can be ordered instead of it, with what is free of each."""
        rule = customer.substitutes if customer else Substitutes.ASK
        channel_id = customer.channel_id if customer else None
        return {
            "takes_none": rule == Substitutes.NEVER,
            "shows_stock": user.can("inventory.view_stock"),
            "offers": substituting.offers_for(product, rule, channel_id, today_of(self.request)),
        }


def units_of(text: str) -> Decimal:
    """Return a number of units as it was typed; none where it is no number yet."""
    try:
        units = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return Decimal(0)
    return units if units.is_finite() and 0 < units < MOST else Decimal(0)
