"""Drafts: what orders lack and what fell below its reorder point becomes some, once, and people change them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Supplier, SupplierItem, SupplierOrder, SupplierOrderLine
from inventory.services.suggesting import Suggestion, suggestions
from inventory.services.supplying import Wanted, cost_of, lines_of, one_locked, write_drafts


@atomic
def draft_suggestions(*, keys: Collection[str], actor: User, at: datetime) -> list[SupplierOrder]:
    """Put suggestions into drafts, one per supplier and warehouse, and return these.

    A suggested draft that is there already grows. Somebody who asks again gets nothing twice: what stands in a draft
    counts as bought, and companies' suppliers are locked meanwhile.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where nothing is suggested any more.
    """
    require(actor, "inventory.purchase")
    suppliers = {
        supplier.pk: supplier
        for supplier in Supplier.objects.for_user(actor).select_related("company", "calendar").locked()
    }
    found = [
        one
        for one in suggestions(company_ids=actor.company_ids, today=at.date())
        if one.key in keys and one.item is not None
    ]
    if not found:
        raise Blocked("Nothing of this has to be bought any more: look again.")
    wanted: dict[tuple[int, int], list[Suggestion]] = defaultdict(list)
    for one in found:
        assert one.item is not None
        wanted[one.item.supplier_id, one.warehouse.pk].append(one)
    standing = {
        (order.supplier_id, order.warehouse_id): order
        for order in SupplierOrder.objects.for_user(actor)
        .filter(status=SupplierOrder.Status.DRAFT, is_suggested=True)
        .locked()
    }
    touched = []
    for key in sorted(wanted.keys() & standing.keys()):
        _grow(standing[key], suppliers[key[0]], wanted[key], at)
        touched.append(standing[key])
    new = {
        (suppliers[supplier_id], warehouse_id): [_wanted(one) for one in members]
        for (supplier_id, warehouse_id), members in sorted(wanted.items(), key=lambda pair: pair[0])
        if (supplier_id, warehouse_id) not in standing
    }
    return touched + (write_drafts(drafts=new, is_suggested=True, actor=actor, at=at) if new else [])


def _wanted(one: Suggestion) -> Wanted:
    return Wanted(one.product.pk, one.quantity)


def _grow(order: SupplierOrder, supplier: Supplier, members: Collection[Suggestion], at: datetime) -> None:
    """Add suggestions to a draft: to the line of their product where it has one."""
    lines = list(SupplierOrderLine.objects.filter(order=order).locked())
    by_product = {line.product_id: line for line in lines}
    raised = []
    for one in members:
        line = by_product.get(one.product.pk)
        if line is not None:
            _order(line, one.item, line.quantity + one.quantity)
            raised.append(line)
    bulk.update(raised, ["quantity", "unit_cost"])
    fresh = [_wanted(one) for one in members if one.product.pk not in by_product]
    if fresh:
        made = lines_of(supplier, fresh, at.date(), after=max(line.position for line in lines))
        for line in made:
            line.order = order
        bulk.insert(made)
        order.expected_on = max([order.expected_on, *(line.expected_on for line in made)])
        bulk.update([order], ["expected_on"])


@atomic
def change_draft(*, order_id: int, quantities: Mapping[int, Decimal], actor: User, at: datetime) -> None:
    """Order other quantities on a draft, by line id, at what they cost then; a line of none is taken off it.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where it is no draft any more, nothing would be left, or a quantity is none of its unit.
    """
    require(actor, "inventory.purchase")
    order = one_locked(order_id, actor)
    if order.status != SupplierOrder.Status.DRAFT:
        raise Blocked(f"{order} is {order.get_status_display().lower()}: only drafts can be changed.")
    lines = list(SupplierOrderLine.objects.filter(order=order).select_related("product__unit").locked())
    kept = [line for line in lines if quantities.get(line.pk, line.quantity)]
    if not kept:
        raise Blocked("An order to a supplier needs a line: cancel it instead.")
    items = SupplierItem.objects.filter(supplier=order.supplier_id, product__in={line.product_id for line in kept})
    by_product = {item.product_id: item for item in items.prefetch_related("breaks")}
    for line in kept:
        _order(line, by_product.get(line.product_id), quantities.get(line.pk, line.quantity))
        if line.quantity < 0 or not in_steps(line.quantity, line.product.unit.step):
            raise Blocked(f"{line.quantity.normalize():f} is no number of units of {line.product.sku}.")
    bulk.update(kept, ["quantity", "unit_cost"])
    SupplierOrderLine.objects.filter(pk__in={line.pk for line in lines} - {line.pk for line in kept}).delete()


def _order(line: SupplierOrderLine, item: SupplierItem | None, quantity: Decimal) -> None:
    """Order another quantity on a draft's line, at the supplier's cost for as much.

    A cost that is not the supplier's for what stood there before was agreed by somebody, and stays.
    """
    if line.unit_cost == cost_of(item, line.quantity):
        line.unit_cost = cost_of(item, quantity)
    line.quantity = quantity
