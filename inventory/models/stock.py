"""The stock ledger, and the counters that it proves."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ledger import append_only
from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet
from inventory.models.catalogue import Product
from inventory.models.lots import Lot
from inventory.models.places import Bin, Warehouse


def quantity_field(**options: object) -> models.DecimalField:
    """Return a column for a quantity in stock units, with six places (PRODUCT.md section 4, rule 1)."""
    return models.DecimalField(max_digits=18, decimal_places=6, **options)  # type: ignore[arg-type]


class StockLevel(models.Model):
    """What one warehouse has of one product: a cache of the ledger, and the row that a promise locks.

    `sellable` lies in PICK bins and is not blocked there; `allocated` of it is promised by open on-hand allocations;
    `staged` is in totes and parcels; `blocked` may not be sold, and `uncounted` of it is on shelves: it could not be
    found there, or its lot is blocked.
    `value` is the total cost of all of it in company currency; what is blocked in bins of its own keeps the cost it
    came with (`blocked_value`), and moving average cost is taken of the rest by share (rules 12, 13).
    Where it `has_pools`, what is free of it is not free to everybody.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="stock_levels")
    sellable = quantity_field(default=0)
    allocated = quantity_field(default=0)
    blocked = quantity_field(default=0)
    uncounted = quantity_field(default=0)
    staged = quantity_field(default=0)
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    blocked_value = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    has_pools = models.BooleanField(default=False, db_default=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "product", "warehouse"], name="stocklevel_one_per_product_and_warehouse"
            ),
            models.CheckConstraint(
                condition=Q(allocated__lte=F("sellable")), name="stocklevel_allocated_within_sellable"
            ),
            models.CheckConstraint(condition=Q(allocated__gte=0), name="stocklevel_allocated_not_negative"),
            models.CheckConstraint(condition=Q(blocked__gte=0), name="stocklevel_blocked_not_negative"),
            models.CheckConstraint(
                condition=Q(uncounted__gte=0, uncounted__lte=F("blocked")), name="stocklevel_uncounted_within_blocked"
            ),
            models.CheckConstraint(condition=Q(staged__gte=0), name="stocklevel_staged_not_negative"),
            models.CheckConstraint(condition=Q(value__gte=0), name="stocklevel_value_not_negative"),
            models.CheckConstraint(
                condition=Q(blocked_value__gte=0, blocked_value__lte=F("value")),
                name="stocklevel_blocked_value_within_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} in {self.warehouse_id}"


# Every move of stock changes a row of a bin, so that what is tracked moves by lot, and what is not without one.
_LOT_AS_TRACKED = pgtrigger.Trigger(
    name="lot_as_tracked",
    level=pgtrigger.Row,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    func="""
        IF NOT EXISTS (
            SELECT 1 FROM inventory_product p LEFT JOIN inventory_lot t ON t.id = NEW.lot_id AND t.product_id = p.id
            WHERE p.id = NEW.product_id AND (p.tracking = 'NONE') = (NEW.lot_id IS NULL)
                AND t.id IS NOT DISTINCT FROM NEW.lot_id
        ) THEN
            RAISE EXCEPTION 'lot % of product % is not how that is tracked', NEW.lot_id, NEW.product_id;
        END IF;
        RETURN NULL;
    """,
)


# Who retires a bin holds it locked, sees that it is empty and forgets its rows: a new one waits for that (ADR 0006)
_BIN_IN_USE = pgtrigger.Trigger(
    name="bin_in_use",
    level=pgtrigger.Row,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    func="""
        PERFORM 1 FROM inventory_bin b WHERE b.id = NEW.bin_id AND b.kind <> 'RETIRED' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'bin % is retired', NEW.bin_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """,
)


class BinStock(models.Model):
    """What one bin has of one product, or of a lot of it: how much open pick tasks will take, and how much is blocked.

    Summed over bins it is the level. What is `blocked` on a shelf could not be found there, and is promised and offered
    to nobody until somebody has counted the bin; or its lot is blocked.
    """

    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="bin_stocks")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="bin_stocks", db_index=False)
    quantity = quantity_field(default=0)
    allocated = quantity_field(default=0)
    blocked = quantity_field(default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [_BIN_IN_USE, _LOT_AS_TRACKED]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["product", "bin", "lot"], nulls_distinct=False, name="binstock_one_per_product_bin_and_lot"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("allocated") + F("blocked")),
                name="binstock_allocated_and_blocked_within_quantity",
            ),
            models.CheckConstraint(condition=Q(allocated__gte=0), name="binstock_allocated_not_negative"),
            models.CheckConstraint(condition=Q(blocked__gte=0), name="binstock_blocked_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["lot"], condition=Q(lot__isnull=False), name="binstock_of_lot")
        ]

    def __str__(self) -> str:
        return f"{self.product_id} in {self.bin_id}"


class StockPosting(models.Model):
    """The header of stock moves posted together: what kind, for which printed reference, by whom and when."""

    class Kind(models.TextChoices):
        OPENING = "OPENING", "Opening stock"
        RECEIPT = "RECEIPT", "Receipt"
        PICK = "PICK", "Pick"
        ISSUE = "ISSUE", "Issue"
        ADJUSTMENT = "ADJUSTMENT", "Adjustment"
        PUT_BACK = "PUT_BACK", "Put-back"
        RETURN = "RETURN", "Return"
        RESTOCK = "RESTOCK", "Restock"
        QUARANTINE = "QUARANTINE", "Quarantine"
        SCRAP = "SCRAP", "Scrap"
        SEND_BACK = "SEND_BACK", "Back to the customer"
        TRANSFER = "TRANSFER", "Transfer"
        INSPECTION = "INSPECTION", "Inspection"
        RETURN_OUT = "RETURN_OUT", "Back to the supplier"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reference = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"


class StockMove(models.Model):
    """One movement of a product from place to place: append-only, in the order of its id.

    A place is a bin, or outside: the supplier, the customer, an adjustment, the way to another warehouse. `value` is
    the cost that moved, in company currency; moves between bins of one warehouse carry none, but those out of blocked
    bins or between them.
    """

    class Place(models.TextChoices):
        BIN = "BIN", "Bin"
        SUPPLIER = "SUPPLIER", "Supplier"
        CUSTOMER = "CUSTOMER", "Customer"
        ADJUSTMENT = "ADJUSTMENT", "Adjustment"
        TRANSIT = "TRANSIT", "On the way"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, related_name="moves")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="moves", db_index=False)
    from_place = models.CharField(max_length=10, choices=Place.choices)
    from_bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    to_place = models.CharField(max_length=10, choices=Place.choices)
    to_bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = quantity_field()
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stockmove_quantity_positive"),
            models.CheckConstraint(condition=Q(value__gte=0), name="stockmove_value_not_negative"),
            models.CheckConstraint(
                condition=Q(from_place="BIN", from_bin__isnull=False)
                | (~Q(from_place="BIN") & Q(from_bin__isnull=True)),
                name="stockmove_from_one_place",
            ),
            models.CheckConstraint(
                condition=Q(to_place="BIN", to_bin__isnull=False) | (~Q(to_place="BIN") & Q(to_bin__isnull=True)),
                name="stockmove_to_one_place",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product", "id"], name="stockmove_of_product"),
            models.Index(fields=["lot", "id"], condition=Q(lot__isnull=False), name="stockmove_of_lot"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"
