"""Append-only tables: the triggers that refuse change, and the privileges that the app role has on every table."""

from __future__ import annotations

import pgtrigger
from django.apps import apps
from django.db import connections, models, transaction

APPEND_ONLY = "append_only"


def append_only() -> list[pgtrigger.Trigger]:
    """Return the triggers that refuse UPDATE, DELETE and TRUNCATE of a ledger's rows, whoever asks."""
    return [
        pgtrigger.Protect(name=APPEND_ONLY, operation=pgtrigger.Update | pgtrigger.Delete),
        no_truncate(),
    ]


def no_truncate() -> pgtrigger.Trigger:
    """Return the trigger that refuses TRUNCATE."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    )


def ledgers() -> list[type[models.Model]]:
    """Return the models whose rows are only ever added."""
    return [
        model
        for model in apps.get_models()
        if any(trigger.name == APPEND_ONLY for trigger in getattr(model._meta, "triggers", []))
        or getattr(model, "pgh_tracked_model", None) is not None
    ]


def grant_app_role(alias: str, role: str) -> None:
    """Give the app role what it needs on every table and nothing more: no DDL, no TRUNCATE, no change of ledgers.

    All at once: between granting and revoking nobody may change a ledger.
    """
    connection = connections[alias]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, current_schema(), EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role]
        )
        owner, schema, exists = cursor.fetchone()
    if owner == role or not exists:
        return
    app, space = quote(role), quote(schema)
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA {space} TO {app}")
        cursor.execute(f"REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA {space} FROM {app}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {space} TO {app}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {space} TO {app}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {space} TO {app}")
        tables = ", ".join(quote(model._meta.db_table) for model in ledgers())
        if tables:
            cursor.execute(f"REVOKE UPDATE, DELETE ON {tables} FROM {app}")
