"""Composing kits: of what one consists from now on; what was confirmed keeps what it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk, roles
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked
from core.transactions import atomic
from inventory.models import KitComponent, Product


@atomic
def keep_components(*, kit_id: int, units: Mapping[int, Decimal], actor: User, at: datetime) -> None:
    """Have a kit consist of so many units of each product, in the order given; the first time opens it for orders.

    :raises NotAllowed: where the actor may not change products.
    :raises Blocked: where there is no such kit, it would consist of nothing, or of what is no stock of its company.
    """
    roles.require(actor, "inventory.change_product")
    found = list(Product.objects.for_user(actor).filter(pk=kit_id, kind=Product.Kind.KIT).locked())
    if not found:
        raise Blocked("There is no such kit.")
    (kit,) = found
    if not units:
        raise Blocked("A kit consists of something: close it to orders instead.")
    stock = Product.objects.filter(pk__in=units, company=kit.company_id, kind=Product.Kind.STOCK)
    products = {product.pk: product for product in stock.select_related("unit")}
    for product_id, quantity in units.items():
        if product_id not in products:
            raise Blocked("A kit consists of stock of its own company.")
        if quantity <= 0 or not in_steps(quantity, products[product_id].unit.step):
            raise Blocked(f"{quantity.normalize():f} is no number of units of {products[product_id].sku}.")
    compose(contents={kit: units}, had=components_of([kit]))


def components_of(kits: Sequence[Product]) -> dict[int, dict[int, KitComponent]]:
    """Return by kit and product of what locked kits consist, in order."""
    had: dict[int, dict[int, KitComponent]] = defaultdict(dict)
    for component in KitComponent.objects.filter(kit__in=kits).order_by("kit", "position", "pk"):
        had[component.kit_id][component.product_id] = component
    return had


def compose(
    *, contents: Mapping[Product, Mapping[int, Decimal]], had: Mapping[int, Mapping[int, KitComponent]]
) -> None:
    """Write of what locked kits consist that consisted of what they `had`; the first time opens one for orders."""
    gone, changed, new = [], [], []
    for kit, units in contents.items():
        before = had.get(kit.pk, {})
        gone += [row.pk for product_id, row in before.items() if product_id not in units]
        for position, (product_id, quantity) in enumerate(units.items(), 1):
            row = before.get(product_id)
            if row is None:
                new.append(KitComponent(kit=kit, product_id=product_id, position=position, quantity=quantity))
            elif (row.position, row.quantity) != (position, quantity):
                row.position, row.quantity = position, quantity
                changed.append(row)
    if gone:
        KitComponent.objects.filter(pk__in=gone).delete()
    bulk.update(changed, ["position", "quantity"])
    bulk.insert(new)
    opened = [kit for kit in contents if not had.get(kit.pk)]
    for kit in opened:
        kit.is_active = True
    bulk.update(opened, ["is_active"])
