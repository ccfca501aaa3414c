"""Which documents people may see, and of which they may see all that was put to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.urls import reverse

from core import registry
from core.models import Audience, Membership, User
from core.registry import DocumentKind, SubjectPage
from core.roles import require

MAX_KEY = 2**63 - 1


class NoSuchDocument(ObjectDoesNotExist):
    """There is no such document, or none that the person may know of."""


@dataclass(frozen=True, slots=True)
class Document:
    """A row to which notes are put, as somebody may see it."""

    kind: str
    of_kind: DocumentKind
    page: SubjectPage
    row: Any

    @property
    def pk(self) -> int:
        """Its key."""
        return int(self.row.pk)

    @property
    def url(self) -> str:
        """Its own page."""
        return reverse(self.page.url_name, args=[self.row.pk])

    @property
    def label(self) -> str:
        """What it is called."""
        return str(self.row)


def kind_named(name: str) -> tuple[DocumentKind, SubjectPage]:
    """Return a kind of document and the page of such documents.

    :raises NoSuchDocument: where no app has such documents.
    """
    of_kind, page = registry.document_kinds.get(name), registry.subject_pages.get(name)
    if of_kind is None or page is None:
        raise NoSuchDocument(name)
    return of_kind, page


def documents(kind: str, document_ids: Collection[int], user: User) -> dict[int, Document]:
    """Return by their keys the documents of a kind that a person may see.

    :raises NotAllowed: where they may see none of the kind.
    :raises NoSuchDocument: where no app has such documents, or one of these is not there for them.
    """
    of_kind, page = kind_named(kind)
    require(user, page.verb)
    if not all(0 < key <= MAX_KEY for key in document_ids):
        raise NoSuchDocument(kind)
    rows: QuerySet[Any] = of_kind.model.objects.for_user(user)
    found = {row.pk: Document(kind, of_kind, page, row) for row in rows.filter(pk__in=document_ids).order_by("pk")}
    if found.keys() != set(document_ids):
        raise NoSuchDocument(kind)
    return found


def document(kind: str, document_id: int, user: User) -> Document:
    """Return one document.

    :raises NotAllowed: where the person may see none of the kind.
    :raises NoSuchDocument: where it is not there for them.
    """
    return documents(kind, [document_id], user)[document_id]


def audiences_for(of_kind: DocumentKind, user: User) -> list[str]:
    """Return which notes on documents of a kind a person may see: who sees no prices, those for the warehouse alone."""
    return list(Audience.values) if user.can(of_kind.office) else [Audience.WAREHOUSE]


def seen_by(user: User) -> Q:
    """Return the condition that a notice is of a document a person may see, and its note one for them."""
    seen = Q()
    for name, of_kind in registry.document_kinds.items():
        page = registry.subject_pages.get(name)
        if page is not None and user.can(page.verb):
            seen |= Q(kind=name) & (Q(note=None) | Q(note__audience__in=audiences_for(of_kind, user)))
    return seen or Q(pk=None)


def colleagues(company_id: int, user_ids: Collection[int] | None = None) -> list[User]:
    """Return the people of a company, each as they work there; of some keys, or all."""
    members = Membership.objects.filter(company=company_id, user__is_active=True).select_related("user", "company")
    if user_ids is not None:
        members = members.filter(user__in=user_ids)
    people = []
    for member in members.order_by("user__name", "user"):
        user: Any = member.user
        user.chosen_company_id, user.jobs = company_id, [member]
        people.append(user)
    return people
