"""Who looks after a document, and who follows it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.models import DocumentOwner, Follower, Notice, User
from core.notes.documents import Document, colleagues, document, documents
from core.notes.telling import open_to, owners, tell
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic

VERB, ASSIGNS = "core.note", "core.assign_owner"


@atomic
def follow(*, kind: str, document_id: int, actor: User, at: datetime) -> Document:
    """Tell a person of a document's notes, and of what happens to it, from now on.

    :raises NotAllowed: where they may see no such documents.
    :raises NoSuchDocument: where it is not there for them.
    """
    require(actor, VERB)
    on = document(kind, document_id, actor)
    _follow([on], actor.pk, at)
    return on


@atomic
def unfollow(*, kind: str, document_id: int, actor: User) -> Document:
    """Tell a person no longer of what happens to a document.

    :raises NotAllowed: where they may see no such documents.
    :raises NoSuchDocument: where it is not there for them.
    """
    require(actor, VERB)
    on = document(kind, document_id, actor)
    Follower.objects.filter(company=on.row.company_id, kind=kind, document_id=document_id, user=actor).delete()
    return on


def _follow(on: Collection[Document], user_id: int, at: datetime) -> None:
    Follower.objects.bulk_create(
        [
            Follower(company_id=each.row.company_id, kind=each.kind, document_id=each.pk, user_id=user_id, since=at)
            for each in on
        ],
        ignore_conflicts=True,
    )


@atomic
def assign_owner(
    *, kind: str, document_ids: Collection[int], owner_id: int | None, actor: User, at: datetime
) -> dict[int, User | Refused | None]:
    """Let somebody look after documents, or nobody; they are told, and follow them from now on.

    :raises NotAllowed: where the actor may see no such documents, or assign none.
    :raises NoSuchDocument: where one of them is not there for them.
    :raises Blocked: where there is no such colleague.
    """
    require(actor, ASSIGNS)
    found = documents(kind, document_ids, actor)
    owner = next(iter(colleagues(actor.company.pk, [owner_id])), None) if owner_id is not None else None
    if owner_id is not None and owner is None:
        raise Blocked("This person does not work here any more.")
    results: dict[int, User | Refused | None] = {}
    given = []
    before = owners(list(found.values()))
    open_to_them = open_to(owner, list(found.values())) if owner is not None else set(found)
    for pk, on in found.items():
        if pk not in open_to_them:
            results[pk] = Blocked(f"{owner} may not open {on.label}.")
            continue
        results[pk] = owner
        if before[pk] != owner_id:
            given.append(on)
    _assign(given, owner_id, actor, at)
    if owner is not None:
        _follow(given, owner.pk, at)
        for on in given:
            tell(document=on, what=Notice.What.OWNER, user_ids=[owner.pk], note=None, actor=actor, at=at)
    return results


def _assign(given: Collection[Document], owner_id: int | None, actor: User, at: datetime) -> None:
    DocumentOwner.objects.bulk_create(
        [
            DocumentOwner(
                company_id=each.row.company_id,
                kind=each.kind,
                document_id=each.pk,
                owner_id=owner_id,
                assigned_by=actor,
                assigned_at=at,
            )
            for each in given
        ],
        update_conflicts=True,
        unique_fields=["company", "kind", "document_id"],
        update_fields=["owner", "assigned_by", "assigned_at"],
    )
