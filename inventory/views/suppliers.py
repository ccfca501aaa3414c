"""Suppliers: the queue of them, what one sells, and ordering from them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View
from django.views.generic.edit import FormView

from core import notes
from core.pages import FormPage, FormPageMixin, VerbRequiredMixin, moment, person, today_of
from core.queues import QueueView, Tab
from inventory import services
from inventory.filters import ReorderRuleFilter, SupplierFilter
from inventory.forms import OrderForm, ReorderRuleForm, SupplierForm, SupplierItemForm
from inventory.models import ReorderRule, Supplier, SupplierItem
from inventory.queries import supply as supply_queries
from inventory.tables import ReorderRuleTable, SupplierTable


class SupplierQueueView(QueueView):
    """From whom stock is bought."""

    verb = "inventory.view_supply"
    model = Supplier
    table_class = SupplierTable
    filterset_class = SupplierFilter
    template_name = "inventory/supply/suppliers.html"
    row_template = "inventory/supply/_supplier_row.html"
    empty_template = "inventory/supply/_no_suppliers.html"
    title = "Suppliers"
    noun = "supplier"
    default_sort = "code"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "Open", Q(is_active=True)),
        Tab("closed", "Closed", Q(is_active=False)),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the suppliers with their figures."""
        return supply_queries.suppliers(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may add suppliers."""
        return {"can_change": person(self.request).can("inventory.purchase")}


class SupplierView(VerbRequiredMixin, View):
    """One supplier: terms, and what they sell."""

    verb = "inventory.view_supply"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the supplier."""
        user = person(request)
        supplier = get_object_or_404(supply_queries.suppliers(user), pk=pk)
        items = list(supplier.items.select_related("product__unit").prefetch_related("breaks"))
        return render(
            request,
            "inventory/supply/supplier.html",
            {
                "title": supplier.name,
                "supplier": supplier,
                "noted": notes.desk_of("supplier", pk, user),
                "items": items,
                "currency": user.company.currency,
                "orders": list(supply_queries.supplier_orders(user, today_of(request)).filter(supplier=pk)[:20]),
                "can_change": user.can("inventory.purchase"),
            },
        )


class SupplierFormPage(FormPage):
    """What making and changing a supplier share."""

    verb = "inventory.purchase"
    model = Supplier
    form_class = SupplierForm
    fragment_name = "inventory/supply/_supplier_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the company."""
        return {**super().get_form_kwargs(), "company": person(self.request).company}

    def url_of(self, reference: Any) -> str:
        """Return the supplier's page."""
        return reverse("supply:supplier", args=[reference])


class CreateSupplierView(SupplierFormPage):
    """Makes a supplier of the person's company."""

    title = "New supplier"
    submit_label = "Add supplier"
    done = "Supplier added."

    def cancel_url(self) -> str:
        """Return the suppliers."""
        return reverse("supply:suppliers")


class EditSupplierView(SupplierFormPage):
    """Changes a supplier."""

    title = "Edit supplier"

    def cancel_url(self) -> str:
        """Return the supplier's page."""
        return reverse("supply:supplier", args=[self.object.pk])


class OfSupplierMixin:
    """What pages within one supplier share."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def supplier(self) -> Supplier:
        """The supplier in the address, where the person may know of them."""
        return get_object_or_404(Supplier.objects.for_user(person(self.request)), pk=self.kwargs["supplier_pk"])

    def url_of(self, reference: Any) -> str:
        """Return the supplier's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the supplier's page."""
        return reverse("supply:supplier", args=[self.supplier.pk])


class ItemFormPage(OfSupplierMixin, FormPage):
    """What making and changing an item share."""

    verb = "inventory.purchase"
    model = SupplierItem
    form_class = SupplierItemForm
    fragment_name = "inventory/supply/_item_form.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the supplier's items."""
        return supply_queries.items_of(self.supplier)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the supplier."""
        return {**super().get_form_kwargs(), "supplier": self.supplier}

    def save(self, form: SupplierItemForm) -> int:
        """Save the item and its price breaks."""
        item: SupplierItem = form.save()
        services.keep_price_breaks(item_id=item.pk, costs=form.costs, actor=person(self.request))
        return item.pk


class CreateItemView(ItemFormPage):
    """Adds an item that a supplier sells."""

    title = "New item"
    submit_label = "Add item"
    done = "Item added."


class EditItemView(ItemFormPage):
    """Changes an item."""

    title = "Edit item"


class OrderFromSupplierView(OfSupplierMixin, FormPageMixin, FormView):
    """An order to a supplier as it is written: how many of each item, for which warehouse."""

    verb = "inventory.purchase"
    form_class = OrderForm
    template_name, fragment_name = "inventory/supply/order_from.html", "inventory/supply/_order_form.html"
    submit_label = "Make the draft"
    done = "Draft made."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The supplier."""
        return f"Order from {self.supplier}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the supplier's items."""
        items = list(self.supplier.items.select_related("product__unit").order_by("product__sku"))
        return {**super().get_form_kwargs(), "items": items, "actor": person(self.request), "supplier": self.supplier}

    def save(self, form: OrderForm) -> int:
        """Make the draft."""
        return services.draft_supplier_order(
            supplier_id=self.supplier.pk,
            warehouse_id=form.cleaned_data["warehouse"].pk,
            wanted=form.wanted(),
            actor=person(self.request),
            at=moment(self.request),
        )

    def url_of(self, reference: Any) -> str:
        """Return the draft's page."""
        return reverse("supply:order", args=[reference])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the supplier."""
        return super().get_context_data(supplier=self.supplier, **kwargs)


class ReorderRuleQueueView(QueueView):
    """When warehouses want more of what."""

    verb = "inventory.view_supply"
    model = ReorderRule
    table_class = ReorderRuleTable
    filterset_class = ReorderRuleFilter
    template_name = "inventory/supply/rules.html"
    row_template = "inventory/supply/_rule_row.html"
    empty_template = "inventory/supply/_no_rules.html"
    title = "Reorder points"
    noun = "reorder point"
    default_sort = "product__sku"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rules with their products."""
        return supply_queries.reorder_rules(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may change them."""
        return {"can_change": person(self.request).can("inventory.purchase")}


class RuleFormPage(FormPage):
    """What making and changing a reorder point share."""

    verb = "inventory.purchase"
    model = ReorderRule
    form_class = ReorderRuleForm
    fragment_name = "inventory/supply/_rule_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the rule's company."""
        actor = person(self.request)
        company_id = self.object.company_id if self.object else actor.company.pk
        return {**super().get_form_kwargs(), "actor": actor, "company_id": company_id}

    def url_of(self, reference: Any) -> str:
        """Return the rules."""
        return reverse("supply:rules")

    def cancel_url(self) -> str:
        """Return the rules."""
        return self.url_of(None)


class CreateRuleView(RuleFormPage):
    """Says when a warehouse wants more of a product."""

    title = "New reorder point"
    submit_label = "Add reorder point"
    done = "Reorder point added."


class EditRuleView(RuleFormPage):
    """Changes when a warehouse wants more of a product."""

    title = "Edit reorder point"
