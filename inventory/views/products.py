"""Inventory's pages: the catalogue as a queue, a product, and the form that makes or changes one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import DetailView
from django.views.generic.edit import FormView

from core import notes, registry
from core.pages import FormPage, FormPageMixin, VerbRequiredMixin, moment, person, today_of
from core.queues import BulkAction, QueueActionView, QueueView, Tab
from inventory.filters import ProductQueueFilter
from inventory.forms import KitForm, ProductForm
from inventory.models import Product
from inventory.queries import catalogue as catalogue_queries
from inventory.queries import channels as channel_queries
from inventory.queries import lots as lot_queries
from inventory.queries import stock as stock_queries
from inventory.queries import substitutes as substitute_queries
from inventory.queries.atp import available
from inventory.queries.kits import components_of
from inventory.services import catalogue, keep_components
from inventory.tables import ProductQueueTable

# Keys are bigints: more digits than these name no row
LONGEST_KEY = 18


class ProductQueueView(QueueView):
    """The catalogue."""

    verb = "inventory.view_product"
    model = Product
    table_class = ProductQueueTable
    filterset_class = ProductQueueFilter
    template_name = "inventory/products/queue.html"
    row_template = "inventory/products/_queue_row.html"
    empty_template = "inventory/products/_empty.html"
    title = "Products"
    noun = "product"
    default_sort = "sku"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "Open", Q(is_active=True)),
        Tab("closed", "Closed", Q(is_active=False)),
        Tab("all", "All", Q()),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("inventory:close_products", "inventory.change_product", "Close", key="c"),
        BulkAction("inventory:open_products", "inventory.change_product", "Open", key="o"),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the products with their free stock."""
        return catalogue_queries.products_with_stock(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may add products."""
        return {"can_change": person(self.request).can("inventory.change_product")}


class CloseProductsView(QueueActionView):
    """Takes products off new orders."""

    verb = "inventory.change_product"
    queue, queue_url = ProductQueueView, "inventory:products"
    service, ids_name = catalogue.close_products, "product_ids"
    done, done_many = "Closed to new orders.", "{n} products closed to new orders."


class OpenProductsView(QueueActionView):
    """Allows products on new orders again."""

    verb = "inventory.change_product"
    queue, queue_url = ProductQueueView, "inventory:products"
    service, ids_name = catalogue.open_products, "product_ids"
    done, done_many = "Open for orders.", "{n} products opened for orders."


class ProductDetailView(VerbRequiredMixin, DetailView):
    """A product: what it is, where it lies, and what was changed in it."""

    verb = "inventory.view_product"
    template_name = "inventory/products/detail.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the products of the person's companies."""
        return Product.objects.for_user(person(self.request)).select_related("unit")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the stock, for those who may see it, and the history."""
        product: Product = self.object
        user = person(self.request)
        shows_stock = product.kind == Product.Kind.STOCK and user.can("inventory.view_stock")
        return super().get_context_data(
            title=product.name,
            shows_stock=shows_stock,
            **(self.kit_of(product) if product.kind == Product.Kind.KIT else {}),
            **(self.stock_of(product) if shows_stock else {"levels": []}),
            shows_waits=user.can("orders.view"),
            shows_supply=user.can("inventory.view_supply"),
            may_transfer=user.can("inventory.transfer"),
            changes=catalogue_queries.product_changes(product),
            noted=notes.desk_of("product", product.pk, user),
            can_change=user.can("inventory.change_product"),
            **(self.stand_ins_of(product) if product.kind == Product.Kind.STOCK else {}),
            **kwargs,
        )

    def stand_ins_of(self, product: Product) -> dict[str, Any]:
        """Return what can be shipped instead of a product."""
        substitutes = list(substitute_queries.substitutes_of(product))
        named = {one.stand_in_id for one in substitutes}
        equals = [one for one in substitute_queries.equal_to(product) if one.product_id not in named]
        return {"substitutes": substitutes, "equals": equals}

    def kit_of(self, product: Product) -> dict[str, Any]:
        """Return of what a kit consists, what of each is free, and how many kits these come to."""
        user, today = person(self.request), today_of(self.request)
        components: list[Any] = list(components_of(product))
        if user.can("inventory.view_stock"):
            found = available([one.product_id for one in components], today, kits=[product.pk], with_kept=True)
            for one in components:
                one.promise = found[one.product_id]
            return {"components": components, "kit_promise": found.get(product.pk)}
        return {"components": components}

    def stock_of(self, product: Product) -> dict[str, Any]:
        """Return where a product lies, what comes, who waits, what it was and will be, and the moves behind it all."""
        today = today_of(self.request)
        levels: list[Any] = list(catalogue_queries.stock_by_warehouse(product))
        promise = available([product.pk], today, with_kept=True)[product.pk]
        waits, more_wait = stock_queries.waits_for_product(product)
        warehouse = next((one.warehouse for one in levels if str(one.warehouse_id) == self.asked("warehouse")), None)
        before = self.asked("before")
        moves, older = stock_queries.moves_of(
            product, warehouse_id=warehouse.pk if warehouse else None, before=int(before) if before else None
        )
        bins, more_bins = lot_queries.bins_of(product)
        shows_cost = product.costing == Product.Costing.FIRST_IN and person(self.request).can("inventory.view_supply")
        layers, more_layers = stock_queries.layers_of(product) if shows_cost else ([], False)
        on_hand = sum((level.on_hand for level in levels), Decimal(0))
        return {
            "levels": levels,
            "pools": channel_queries.pools_of_product(person(self.request), product)
            if any(level.has_pools for level in levels)
            else [],
            "keeps_channels": person(self.request).can("inventory.keep_channels"),
            "bins": bins,
            "more_bins": more_bins,
            "layers": layers,
            "more_layers": more_layers,
            "promise": promise,
            "kept_units": [one for kept in registry.kept_units for one in kept(product.pk, person(self.request))],
            "may_reserve": person(self.request).can("orders.reserve") and product.is_active,
            "waits": waits,
            "more_wait": more_wait,
            "moves": moves,
            "older": older,
            "is_older": bool(before),
            "moves_in": warehouse,
            "today": today,
            "past": stock_queries.stock_by_day(product, on_hand, today, timezone.get_current_timezone()),
            "ahead": [(today, promise.now), *((one.on, one.total) for one in promise.arrivals if one.on > today)],
        }

    def asked(self, name: str) -> str:
        """Return a key that the address names, nothing where it is none."""
        text = self.request.GET.get(name, "")
        return text if text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY else ""


class EditKitView(FormPageMixin, FormView):
    """Says of what a kit consists."""

    verb = "inventory.change_product"
    form_class = KitForm
    template_name, fragment_name = "inventory/products/kit.html", "inventory/products/_kit_form.html"
    submit_label = "Save the kit"
    done = "Saved: orders that are confirmed from now on take it so."

    @cached_property
    def kit(self) -> Product:
        """The kit, where it is one of the person's companies'."""
        kits = Product.objects.for_user(person(self.request)).filter(kind=Product.Kind.KIT)
        return get_object_or_404(kits, pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """The kit."""
        return f"What {self.kit.sku} consists of"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the kit."""
        return {**super().get_form_kwargs(), "kit": self.kit}

    def save(self, form: KitForm) -> int:
        """Save what it consists of."""
        keep_components(kit_id=self.kit.pk, units=form.units, actor=person(self.request), at=moment(self.request))
        return self.kit.pk

    def url_of(self, reference: Any) -> str:
        """Return the product's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the product's page."""
        return reverse("inventory:product", args=[self.kit.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the kit."""
        return super().get_context_data(kit=self.kit, **kwargs)


class ProductFormPage(FormPage):
    """What making and changing a product share."""

    verb = "inventory.change_product"
    model = Product
    form_class = ProductForm
    fragment_name = "inventory/products/_form.html"

    def url_of(self, reference: Any) -> str:
        """Return the product's page."""
        return reverse("inventory:product", args=[reference])


class CreateProductView(ProductFormPage):
    """Makes a product of the person's company."""

    title = "New product"
    submit_label = "Add product"
    done = "Product added."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the company that the product will belong to."""
        actor = person(self.request)
        return {**super().get_form_kwargs(), "actor": actor, "company_id": actor.company.pk}

    def cancel_url(self) -> str:
        """Return the catalogue."""
        return reverse("inventory:products")


class EditProductView(ProductFormPage):
    """Changes a product."""

    title = "Edit product"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Keep the product in its company."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "company_id": self.object.company_id}

    def cancel_url(self) -> str:
        """Return the product's page."""
        return reverse("inventory:product", args=[self.object.pk])
