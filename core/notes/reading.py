"""What stands at a document's notes: words and files newest first, who looks after it, who follows; one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject

from core.models import Audience, DocumentOwner, Follower, Note, NoteFile, User
from core.models.notes import MAX_TEXT
from core.notes.documents import Document, NoSuchDocument, audiences_for, kind_named
from core.notes.following import ASSIGNS
from core.notes.sniffing import MAX_BYTES
from core.notes.telling import owners
from core.notes.writing import MAX_FILES, VERB, is_theirs

PAGE = 20


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file as its note shows it."""

    id: int
    name: str
    size: int
    removed_at: datetime | None
    removed_by: str
    removed_why: str


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note as a person sees it, and what they may do with it."""

    id: int
    text: str
    author: str
    written_at: datetime
    is_for_warehouse: bool
    corrected_at: datetime | None
    struck_at: datetime | None
    struck_by: str
    files: list[ShownFile]
    is_mine: bool
    is_theirs: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """The notes of a document as a person sees them; `older` is the note behind which more stand, or 0."""

    kind: str
    document_id: int
    notes: list[ShownNote] = field(default_factory=list)
    older: int = 0
    owner: str = ""
    is_owner: bool = False
    followers: list[str] = field(default_factory=list)
    follows: bool = False
    sees_all: bool = False
    may_write: bool = False
    may_assign: bool = False
    most_bytes: int = MAX_BYTES
    most_files: int = MAX_FILES
    most_text: int = MAX_TEXT


def desk_of(kind: str, document_id: int, user: User, *, before: int | None = None) -> Desk:
    """Return what stands at a document, a page of it; those behind the note `before`, where that is given.

    :raises NoSuchDocument: where it is not there for the person.
    """
    of_kind, _page = kind_named(kind)
    audiences = audiences_for(of_kind, user)
    at = {"company": user.company.pk, "kind": kind, "document_id": OuterRef("pk")}
    notes = Note.objects.filter(**at, audience__in=audiences).order_by("-pk")
    if before is not None:
        notes = notes.filter(pk__lt=before)
    chosen = DocumentOwner.objects.filter(**at)
    people = {
        "chosen": Subquery(chosen.values(person=JSONObject(id="owner", name="owner__name"))[:1]),
        "following": ArraySubquery(
            Follower.objects.filter(**at).order_by("user__name").values(person=JSONObject(id="user", name="user__name"))
        ),
        "keyer": JSONObject(id=of_kind.owner, name=f"{of_kind.owner}__name")
        if of_kind.owner
        else JSONObject(id=Value(None), name=Value("")),
    }
    rows: QuerySet[Any] = of_kind.model.objects.for_user(user).filter(pk=document_id).order_by()
    row = rows.values(said=ArraySubquery(_as_json(notes)[: PAGE + 1]), **people).first()
    if row is None:
        raise NoSuchDocument(kind)
    owner = row["chosen"] or row["keyer"]
    shown = [_shown(note, user) for note in row["said"]]
    return Desk(
        kind=kind,
        document_id=document_id,
        notes=shown[:PAGE],
        older=shown[PAGE - 1].id if len(shown) > PAGE else 0,
        owner=owner["name"] or "",
        is_owner=owner["id"] == user.pk,
        followers=[person["name"] for person in row["following"]],
        follows=any(person["id"] == user.pk for person in row["following"]),
        sees_all=Audience.OFFICE in audiences,
        may_write=user.can(VERB),
        may_assign=user.can(ASSIGNS),
    )


def _as_json(notes: QuerySet[Note]) -> QuerySet[Any]:
    files = NoteFile.objects.filter(note=OuterRef("pk")).order_by("pk")
    return notes.values(
        json=JSONObject(
            id="pk",
            text="text",
            author="author__name",
            author_id="author",
            written_at="written_at",
            audience="audience",
            corrected_at="corrected_at",
            struck_at="struck_at",
            struck_by="struck_by__name",
            files=ArraySubquery(
                files.values(
                    json=JSONObject(
                        id="pk",
                        name="file__name",
                        size="file__size",
                        removed_at="removed_at",
                        removed_by="removed_by__name",
                        removed_why="removed_why",
                    )
                )
            ),
        )
    )


def _shown(note: Mapping[str, Any], user: User) -> ShownNote:
    return ShownNote(
        id=note["id"],
        text=note["text"],
        author=note["author"],
        written_at=datetime.fromisoformat(note["written_at"]),
        is_for_warehouse=note["audience"] == Audience.WAREHOUSE,
        corrected_at=_moment(note["corrected_at"]),
        struck_at=_moment(note["struck_at"]),
        struck_by=note["struck_by"] or "",
        files=[
            ShownFile(
                file["id"],
                file["name"],
                file["size"],
                _moment(file["removed_at"]),
                file["removed_by"] or "",
                file["removed_why"],
            )
            for file in note["files"]
        ],
        is_mine=note["author_id"] == user.pk,
        is_theirs=is_theirs(note["author_id"], user),
    )


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def earlier_of(note: Note) -> list[dict[str, Any]]:
    """Return the words that a note had before, the latest first, each with when they were replaced."""
    history: Any = note.history  # type: ignore[attr-defined]
    return [
        {"text": event.text, "is_for_warehouse": event.audience == Audience.WAREHOUSE, "until": event.pgh_created_at}
        for event in history.order_by("-pgh_id")
    ]


def for_warehouse(**paths: str) -> ArraySubquery:
    """Return the expression for what is said to the warehouse about rows: the standing words of documents by kind.

    By the name of each kind it is given the path that leads from a row to its document, and `company` to its company.
    """
    company = OuterRef(paths.pop("company", "company"))
    said = Q()
    for kind, path in paths.items():
        said |= Q(kind=kind, document_id=OuterRef(path))
    notes = Note.objects.filter(said, company=company, audience=Audience.WAREHOUSE, struck_at=None).exclude(text="")
    return ArraySubquery(notes.order_by("pk").values("text"))


def owner_of(document: Document) -> int | None:
    """Return who looks after a document."""
    return owners([document])[document.pk]


def is_owned_by(user: User, kind: str) -> Q:
    """Return the condition that documents of a kind are looked after by a person."""
    of_kind, _page = kind_named(kind)
    chosen = DocumentOwner.objects.filter(company__in=user.company_ids, kind=kind, document_id=OuterRef("pk"))
    theirs = Q(Exists(chosen.filter(owner=user)))
    return theirs | Q(Q(**{of_kind.owner: user}), ~Exists(chosen)) if of_kind.owner else theirs
