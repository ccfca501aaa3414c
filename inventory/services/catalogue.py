"""The catalogue's verbs: closing products to new orders, opening them again, and what no longer stands in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core import roles
from core.models import User
from core.refusals import Blocked, Refused
from core.transactions import atomic
from inventory.models import KitComponent, Product, Substitute, Unit

BALANCE_SKU = "BALANCE"


@dataclass(frozen=True, slots=True)
class Offered:
    """Whether a product may be put on new orders now."""

    product_id: int
    is_active: bool


def close_products(*, product_ids: Collection[int], actor: User, at: datetime) -> dict[int, Offered | Refused]:
    """Take products off new orders; what is ordered already goes on, and stock stays where it is.

    :raises NotAllowed: where the actor may not change products.
    """
    return _offer(product_ids, actor, is_active=False)


def open_products(*, product_ids: Collection[int], actor: User, at: datetime) -> dict[int, Offered | Refused]:
    """Allow products on new orders again.

    :raises NotAllowed: where the actor may not change products.
    """
    return _offer(product_ids, actor, is_active=True)


@atomic
def balance_item(*, company_id: int) -> int:
    """Return the company's item under which balances are brought forward, made where there is none yet."""
    unit = Unit.objects.filter(company=company_id).order_by("pk").first() or Unit.objects.create(
        company_id=company_id, code="pc", name="Piece"
    )
    is_taken = Product.objects.filter(company=company_id, sku=BALANCE_SKU).exists()
    item, _is_new = Product.objects.get_or_create(
        company_id=company_id,
        kind=Product.Kind.BALANCE,
        defaults={
            "sku": f"{BALANCE_SKU}-FORWARD" if is_taken else BALANCE_SKU,
            "name": Product.Kind.BALANCE.label,
            "unit": unit,
        },
    )
    return item.pk


@atomic
def _offer(product_ids: Collection[int], actor: User, *, is_active: bool) -> dict[int, Offered | Refused]:
    roles.require(actor, "inventory.change_product")
    rows = list(Product.objects.for_user(actor).filter(pk__in=product_ids).locked())
    kits = {product.pk for product in rows if product.kind == Product.Kind.KIT} if is_active else set()
    empty = kits - set(KitComponent.objects.filter(kit__in=kits).values_list("kit", flat=True))
    found = [product.pk for product in rows if product.pk not in empty]
    # Where it stands already nothing is written, so that history tells of changes only
    Product.objects.filter(pk__in=found, is_active=not is_active).update(is_active=is_active)
    refused = Blocked("This kit consists of nothing yet: say of what, and it is open for orders.")
    return {key: refused if key in empty else Offered(key, is_active) for key in product_ids if key in {*found, *empty}}


@atomic
def drop_substitute(*, substitute_id: int, actor: User) -> None:
    """Say that a product stands in for another no longer; what was shipped instead stays so.

    :raises NotAllowed: where the actor may not change products.
    :raises Substitute.DoesNotExist: where it is of another company.
    """
    roles.require(actor, "inventory.change_product")
    Substitute.objects.for_user(actor).locked().get(pk=substitute_id).delete()
