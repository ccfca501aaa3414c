"""Notes, files, owners and followers of documents, and what people are told of them.

They are the kernel's, because every app's documents have them and imports go down. A document is named by its kind and
its key, as in the event log; what kinds there are, and who sees which rows, apps say in `registry.document_kinds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.locking import LockingQuerySet
from core.models.house import Company, CompanyQuerySet, User
from core.models.intake import SourceFile

MAX_TEXT = 5000


def never_deleted() -> pgtrigger.Trigger:
    """Return the trigger that refuses DELETE: what is no longer meant carries a mark instead."""
    return pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)


class Audience(models.TextChoices):
    """Whom a note, with its files, is for."""

    OFFICE = "OFFICE", "Internal"
    WAREHOUSE = "WAREHOUSE", "For the warehouse"


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("text", "audience"), row=pghistory.Old),
    fields=["text", "audience"],
    model_name="NoteHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class Note(models.Model):
    """What somebody put to a document: words, files, or both. Only its author corrects it; what stood before is kept.

    A struck note stays, crossed out. `revision` counts the corrections.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    document_id = models.BigIntegerField()
    text = models.TextField(blank=True, max_length=MAX_TEXT)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.OFFICE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    corrected_at = models.DateTimeField(null=True)
    struck_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    struck_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [never_deleted()]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "kind", "document_id", "id"], name="note_by_document")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(audience__in=["OFFICE", "WAREHOUSE"]), name="note_audience_is_known"),
            models.CheckConstraint(
                condition=Q(struck_at__isnull=True, struck_by__isnull=True)
                | Q(struck_at__isnull=False, struck_by__isnull=False),
                name="note_struck_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteFile(models.Model):
    """A file of a note, kept as it was sent. One that was removed leaves who did it, when and why."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="files")
    file = models.OneToOneField(SourceFile, on_delete=models.PROTECT, related_name="+")
    # As its content says, whatever it was called
    content_type = models.CharField(max_length=100)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    removed_at = models.DateTimeField(null=True)
    removed_why = models.CharField(max_length=200, blank=True)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [never_deleted()]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True, removed_why="")
                | (Q(removed_at__isnull=False, removed_by__isnull=False) & ~Q(removed_why="")),
                name="notefile_removed_by_somebody_for_a_reason",
            )
        ]

    def __str__(self) -> str:
        return str(self.file_id)


@pghistory.track()
class DocumentOwner(models.Model):
    """Who looks after a document. One without such a row is its first owner's, as its kind says, or nobody's.

    `owner` is empty where somebody decided that nobody does.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    document_id = models.BigIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    assigned_at = models.DateTimeField()

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "kind", "document_id"], name="documentowner_one_per_document")
        ]

    def __str__(self) -> str:
        return f"owner of {self.kind} {self.document_id}"


class Follower(models.Model):
    """That a person is told of a document's notes, and of what happens to it."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    document_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    since = models.DateTimeField()

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "kind", "document_id", "user"], name="follower_once_per_document"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.kind} {self.document_id}"


class NoticeQuerySet(LockingQuerySet):
    """What people are told."""

    def for_user(self, user: User) -> Self:
        """Return what a person is told in the company they work for: nobody reads another's."""
        return self.filter(user=user, company_id__in=user.company_ids)


class Notice(models.Model):
    """Something that a person is told: a note, a document given to them, or what happened to one that they follow.

    It holds no words of a note, which may be corrected and are not for everybody for ever.
    """

    class What(models.TextChoices):
        NOTE = "NOTE", "Note"
        MENTION = "MENTION", "You are named"
        OWNER = "OWNER", "Yours now"
        HELD = "HELD", "On hold"
        LIFTED = "LIFTED", "Hold lifted"
        LATE = "LATE", "Late"
        PROMISED = "PROMISED", "Promise moved"
        SHORT = "SHORT", "Picked short"
        CUT = "CUT", "Units cancelled"
        CANCELLED = "CANCELLED", "Cancelled"
        DELIVERED = "DELIVERED", "Delivered"
        DELIVERY_REFUSED = "DELIVERY_REFUSED", "Delivery refused"
        DELIVERY_MISSED = "DELIVERY_MISSED", "Delivery missed"
        DELIVERY_LOST = "DELIVERY_LOST", "Lost on the way"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    document_id = models.BigIntegerField()
    # What the document was called then
    label = models.CharField(max_length=80)
    what = models.CharField(max_length=20, choices=What.choices)
    note = models.ForeignKey(Note, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "user", "id"], name="notice_by_person"),
            models.Index(fields=["company", "user"], condition=Q(done_at__isnull=True), name="notice_new_by_person"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "user", "kind", "document_id"],
                condition=Q(what="LATE"),
                name="notice_late_once_per_document",
            )
        ]

    def __str__(self) -> str:
        return self.label
