"""Who works in which warehouses, beside what they may do there (PRODUCT.md Q1)."""

from __future__ import annotations

from collections.abc import Collection

from core.models import Membership, User
from core.people import ADMINISTERS
from core.roles import require
from core.transactions import atomic
from inventory.models import Warehouse, WarehouseAccess


@atomic
def work_in(*, membership: Membership, warehouse_ids: Collection[int], actor: User) -> None:
    """Let a person work in some of the company's warehouses, in all of them where none is named.

    :raises NotAllowed: where the actor may not administer.
    """
    require(actor, ADMINISTERS)
    sites = Warehouse.objects.filter(company=membership.company_id)
    chosen = set(sites.filter(pk__in=warehouse_ids).values_list("pk", flat=True))
    standing = WarehouseAccess.objects.filter(user=membership.user_id, warehouse__in=sites)
    standing.exclude(warehouse__in=chosen).delete()
    there = set(standing.values_list("warehouse_id", flat=True))
    for warehouse_id in sorted(chosen - there):
        WarehouseAccess.objects.create(user_id=membership.user_id, warehouse_id=warehouse_id)
