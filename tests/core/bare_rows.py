"""Makes a row of any model out of nothing, for tests of what the database refuses whatever the row says.

Their foreign keys lead nowhere. PostgreSQL looks after those at commit, so such rows live inside undone() only.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
VALUES: dict[type[models.Field], Any] = {
    models.ForeignKey: 1,
    models.BooleanField: True,
    models.DateTimeField: NOON,
    models.DateField: NOON.date(),
    models.UUIDField: UUID(int=1),
    models.JSONField: {},
    ArrayField: [],
    models.BinaryField: b"x",
    models.IntegerField: 1,
    models.DecimalField: 1,
    models.CharField: "x",
    models.TextField: "x",
}
# What a table's own constraints ask for besides
NEEDED: dict[str, dict[str, Any]] = {
    "billing.Settlement": {"payment_id": 1},
    "inventory.Allocation": {"level_id": 1},
    "inventory.BrokenPeg": {"kind": "ORDER_WAITS"},
    "inventory.InspectionStep": {"kind": "REJECTED"},
    "inventory.KitComponent": {"product_id": 5},
    "inventory.Substitute": {"stand_in_id": 5},
    "inventory.SupplierMail": {"reason": ""},
    "inventory.Transfer": {"from_warehouse_id": 1, "to_warehouse_id": 2},
    "returns.QuarantineExit": {"kind": "RESTOCK"},
    "returns.ReturnReceiptLine": {"line_id": 1},
    "warehouse.ReceiptLine": {"bin_id": 1},
}


def bare_row(model: type[models.Model], **fields: Any) -> models.Model:
    """Return a row that is not saved, with something in every column that has no default."""
    fields = {**NEEDED.get(model._meta.label, {}), **fields}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField) or field.generated or {field.name, field.attname} & fields.keys():
            continue
        if field.has_default() or field.has_db_default() or (field.null and not isinstance(field, models.CharField)):
            continue
        fields[field.attname] = next(value for kind, value in VALUES.items() if isinstance(field, kind))
    return model(**fields)


@contextlib.contextmanager
def undone(alias: str = "default") -> Iterator[None]:
    """Undo at the end whatever is done inside."""
    with transaction.atomic(using=alias):
        yield
        transaction.set_rollback(True, using=alias)
