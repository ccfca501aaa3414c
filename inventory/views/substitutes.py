"""What can be shipped instead of a product: saying so, and taking it back."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from core.pages import FormPage, VerbRequiredMixin, go_to, person
from inventory.forms import SubstituteForm
from inventory.models import Product, Substitute
from inventory.services import drop_substitute


class CreateSubstituteView(FormPage):
    """Says what stands in for a product."""

    verb = "inventory.change_product"
    model = Substitute
    form_class = SubstituteForm
    template_name, fragment_name = "inventory/products/substitute.html", "core/_form.html"
    title = "What stands in for it"
    submit_label = "Save"

    @cached_property
    def product(self) -> Product:
        """The product in the address, where it is in stock with one of the person's companies."""
        mine = Product.objects.for_user(person(self.request)).filter(kind=Product.Kind.STOCK).select_related("unit")
        return get_object_or_404(mine, pk=self.kwargs["product_pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the product."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "product": self.product}

    def url_of(self, reference: Any) -> str:
        """Return the product's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the product's page."""
        return reverse("inventory:product", args=[self.product.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the product."""
        return super().get_context_data(product=self.product, **kwargs)


class DropSubstituteView(VerbRequiredMixin, View):
    """Takes back that a product stands in for another."""

    verb = "inventory.change_product"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, product_pk: int, pk: int) -> HttpResponse:
        """Take it back, and go to the product."""
        user = person(request)
        one = get_object_or_404(Substitute.objects.for_user(user).filter(product=product_pk), pk=pk)
        drop_substitute(substitute_id=one.pk, actor=user)
        return go_to(request, reverse("inventory:product", args=[product_pk]))
