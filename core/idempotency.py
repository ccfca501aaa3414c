"""One effect for one key (PRODUCT.md rule 24): the key's row is written in the effect's transaction, before locks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from core import bulk
from core.models import IdempotencyKey, User
from core.refusals import Refused
from core.transactions import atomic

MAX_KEY = 80


class KeyDamaged(Refused):
    """What came as a key is none that a form of ours carries."""

    code = "key_damaged"


class KeyReused(Refused):
    """The same key came with another request."""

    code = "key_reused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a keyed call did: its reference (JSON), and whether it stood already."""

    reference: Any
    replayed: bool


def request_digest(verb: str, request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a verb and its request as canonical JSON."""
    text = json.dumps([verb, request], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@atomic
def once(
    *,
    actor: User,
    key: str,
    verb: str,
    request: Mapping[str, Any],
    effect: Callable[[], Any],
    reference: Any = None,
) -> Outcome:
    """Run `effect` unless this person's key has run it already, and return the reference that was stored.

    `effect` returns the reference to store (JSON); where it is known beforehand pass it as `reference`, which saves a
    statement and ignores what the effect returns. Of calls at the same time one runs, and the others wait for it and
    get its reference. An effect that raises leaves no key behind.

    :raises KeyReused: where the key was used for another request.
    :raises KeyDamaged: where the key is longer than any of ours, or no text.
    """
    if len(key) > MAX_KEY or not key.isprintable():
        raise KeyDamaged("This form was damaged on its way. Reload the page and send it again.")
    digest = request_digest(verb, request)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencykey (user_id, key, verb, request_digest, reference, created_at)"
            " VALUES (%s, %s, %s, %s, %s::jsonb, statement_timestamp())"
            " ON CONFLICT (user_id, key) DO NOTHING RETURNING id",
            [actor.pk, key, verb, digest, json.dumps(reference, default=str)],
        )
        made = cursor.fetchone()
    if made is None:
        stored = IdempotencyKey.objects.get(user=actor, key=key)
        if stored.request_digest != digest:
            raise KeyReused("This form was sent before with other content. Reload the page and send it again.")
        return Outcome(stored.reference, replayed=True)
    answer = effect()
    if reference is None:
        bulk.execute_later(
            "UPDATE core_idempotencykey SET reference = %s::jsonb WHERE id = %s",
            [json.dumps(answer, default=str), made[0]],
            count=1,
        )
        return Outcome(answer, replayed=False)
    return Outcome(reference, replayed=False)
