"""Row locks: one way to take them, and one order to take them in (ADR 0002).

Every test runs under a watch over the order (tests/lock_watch.py). Locks are FOR NO KEY UPDATE, so that inserting a
child never waits for a locked parent.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models

# Earlier first. Documents that are not listed come before all of these, and the idempotency key before everything.
LOCK_ORDER = (
    "orders_creditaccount",
    "orders_salesorder",
    "orders_salesorderline",
    "orders_linepart",
    "orders_reservation",
    "billing_invoice",
    "billing_payment",
    "shipping_shipment",
    "warehouse_wave",
    "warehouse_picktask",
    "inventory_supplierorderline",
    "inventory_transferline",
    "inventory_demand",
    "inventory_stocklevel",
    "inventory_binstock",
    "inventory_lot",
    "core_numberseries",
)


class LockingQuerySet(models.QuerySet[Any]):
    """A QuerySet whose rows can be locked the one way that does not deadlock."""

    def locked(self) -> Self:
        """Lock the rows by primary key when evaluated; a lazy one locks nothing, so wrap it in list().

        Lock and read are two statements: sums over other rows belong in the next one.
        """
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)
