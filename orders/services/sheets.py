"""Entry forms that are kept while they are typed, each for who types it: never an order, and gone when one was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core.models import User
from core.refusals import Refused
from core.roles import require
from core.transactions import atomic
from orders import sql

MAX_SHEET = 200_000
MAX_SHEETS = 20


class SheetTooLong(Refused):
    """What was typed is longer than any order form."""

    code = "sheet_too_long"


@dataclass(frozen=True, slots=True)
class Typed:
    """An entry form as it stands: its own token, the draft that it changes, and every field with what was typed."""

    token: UUID
    content: Mapping[str, Any]
    customer: str = ""
    lines: int = 0
    order_id: int | None = None


@atomic
def keep_sheet(*, typed: Typed, actor: User, at: datetime) -> bool:
    """Keep an entry form as it is typed, and say whether it was: not one that was sent, discarded, or is another's.

    Of one person's only the latest twenty are kept.

    :raises NotAllowed: where the actor may not create orders.
    :raises SheetTooLong: where more was typed than an order form holds.
    """
    require(actor, "orders.create")
    content = json.dumps(typed.content)
    if len(content) > MAX_SHEET:
        raise SheetTooLong("This is too much for a form. Import long orders as a file.")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.KEEP_SHEET,
            [
                *(actor.company.pk, actor.pk, typed.token, typed.order_id, typed.customer[:160]),
                *(typed.lines, content, at, actor.pk),
            ],
        )
        kept = cursor.rowcount == 1
        if kept:
            cursor.execute(sql.DROP_OLD_SHEETS, [actor.pk, MAX_SHEETS])
    return kept


@atomic
def finish_sheets(*, tokens: Sequence[UUID], actor: User, at: datetime) -> None:
    """Empty a person's sheets and mark them done, those too that were not kept yet.

    :raises NotAllowed: where the actor may not create orders.
    """
    require(actor, "orders.create")
    with connection.cursor() as cursor:
        cursor.execute(sql.FINISH_SHEETS, [actor.company.pk, actor.pk, at, at, list(tokens), actor.pk])
