"""Removing all that belongs to a retired training company, ledgers included; no other company's rows can be reached.

Only the owner of the tables may: the app role has no right to delete from ledgers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connections, models, transaction

from core import sql
from core.locking import LOCK_ORDER
from core.models import Company, Membership
from core.refusals import Refused

OWNER = "owner"
# A table of so many rows is not read whole for each row that goes
BIG = 10_000
Model = type[models.Model]


@dataclass(frozen=True, slots=True)
class Way:
    """The column of a row that names what the row is part of: a company, or something of one."""

    column: str
    target: Model
    target_column: str


class NotRetired(Refused):
    """A company is not removed: it is real, or somebody works there."""

    code = "not_retired"


def retired() -> list[Company]:
    """Return the training companies in which nobody works any more, the oldest first."""
    worked_in = Membership.objects.using(OWNER).values("company")
    return list(Company.objects.using(OWNER).filter(is_training=True).exclude(pk__in=worked_in).order_by("pk"))


def ways() -> dict[Model, Way]:
    """Return by model how its rows belong to a company: by a column of theirs, or as part of what belongs to it.

    Models that come later belong by those that come before; what belongs to no company is not among them.
    """
    found: dict[Model, Way] = {}
    left = [model for model in apps.get_models(include_auto_created=True) if model is not Company]
    reached: set[Model] = {Company}
    while nearer := {model: way for model in left if (way := next(_ways_of(model, reached), None)) is not None}:
        found |= nearer
        reached |= set(nearer)
        left = [model for model in left if model not in nearer]
    return found


def _ways_of(model: Model, reached: Collection[Model]) -> Iterator[Way]:
    """Yield the columns of a model that always lead to a row of one of the models reached."""
    for field in model._meta.concrete_fields:
        target: Any = field.related_model
        if isinstance(field, models.ForeignKey) and not field.null and target in reached:
            yield Way(field.column, target, target._meta.pk.column)


@contextmanager
def quick_checks() -> Iterator[int]:
    """Have an index behind each foreign key for as long as rows are removed; return how many are lent for it.

    PostgreSQL looks up at each row that goes whether another refers to it. They are made and dropped without a lock
    that others would wait for, so this stands outside a transaction.
    """
    names = []
    with connections[OWNER].cursor() as cursor:
        cursor.execute(sql.WITHOUT_INDEX, [[model._meta.db_table for model in ways()], BIG])
        columns = cursor.fetchall()
        try:
            for number, (table, column) in enumerate(columns):
                names.append(f"purge_training_{number}")
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {names[-1]}")
                cursor.execute(f'CREATE INDEX CONCURRENTLY {names[-1]} ON "{table}" ("{column}")')
            yield len(names)
        finally:
            for name in names:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def purge(company_id: int) -> dict[str, int]:
    """Remove a retired training company with every row of it, or nothing; return the rows removed by table.

    A foreign key that would be left pointing nowhere, from whichever company, undoes the whole of it.

    :raises NotRetired: where the company is real, or people work there.
    """
    belongs = ways()
    removed: dict[str, int] = {}
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        company = Company.objects.using(OWNER).filter(pk=company_id).locked().get()
        if not company.is_training:
            raise NotRetired(f"{company} is no training company: nothing of it is ever removed.")
        if Membership.objects.using(OWNER).filter(company=company).exists():
            raise NotRetired(f"People work in {company}: begin it anew first.")
        # Until the end of this transaction, and for it alone, the guards of ledgers stand aside
        guards = [trigger.get_pgid(model) for model, trigger in pgtrigger.registered()]
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + ",".join(guards) + "}"])
        # Before jobs that go on for it may, and in the one order of all
        tables = {model._meta.db_table: model for model in belongs}
        for table in (table for table in LOCK_ORDER if table in tables):
            held = belonging(tables[table], belongs)
            cursor.execute(sql.HOLD_ROWS.format(table=table, condition=held), [company_id])
        # What belongs by others goes before them
        for model in reversed(belongs):
            table = model._meta.db_table
            cursor.execute(f'DELETE FROM "{table}" WHERE {belonging(model, belongs)}', [company_id])  # noqa: S608
            if cursor.rowcount:
                removed[table] = cursor.rowcount
        cursor.execute("DELETE FROM core_company WHERE id = %s", [company_id])
        # Now rather than at commit, so that it is the caller's to handle
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return removed


def belonging(model: Model, belongs: Mapping[Model, Way]) -> str:
    """Return the condition in SQL for the rows of a model that belong to the company given."""
    way = belongs[model]
    if way.target is Company:
        return f'"{way.column}" = %s'
    of_target = f'SELECT "{way.target_column}" FROM "{way.target._meta.db_table}"'  # noqa: S608
    return f'"{way.column}" IN ({of_target} WHERE {belonging(way.target, belongs)})'
