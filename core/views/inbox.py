"""The inbox: what a person is told of documents, until they put it away."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.urls import reverse

from core import notes, registry
from core.models import Notice
from core.pages import person
from core.queues import BulkAction, QueueActionView, QueueFilter, QueueView, Tab, Work
from core.tables import LESS, NUMBER

VERB = "core.keep_views"
# Characters of a note
SHOWN = 200
# By the states whose look they have
TONES = {
    **dict.fromkeys(
        ("HELD", "CUT", "LATE", "SHORT", "DELIVERY_REFUSED", "DELIVERY_MISSED", "DELIVERY_LOST"), "OVERDUE"
    ),
    **dict.fromkeys(("NOTE", "MENTION", "OWNER", "PROMISED", "LIFTED"), "POSTED"),
    "DELIVERED": "DELIVERED",
}


class InboxTable(tables.Table):
    """Notices, as in templates/core/inbox/_row.html."""

    what = tables.Column("What", accessor="get_what_display", orderable=False)
    label = tables.Column("Document", orderable=False)
    said = tables.Column("Note", accessor="note__text", orderable=False)
    actor = tables.Column("By", accessor="actor__name", orderable=False, attrs=LESS)
    at = tables.Column("When", order_by="pk", attrs=NUMBER)

    class Meta:
        orderable = True


class InboxFilter(QueueFilter):
    """Notices by words of their document or their note, and by what they say."""

    search_fields: ClassVar[tuple[str, ...]] = ("label", "note__text", "actor__name")
    search_label: ClassVar[str] = "Document or words"
    what = django_filters.ChoiceFilter(choices=Notice.What.choices, empty_label="Everything", label="What")


class InboxView(QueueView):
    """What a person is told, the newest first."""

    verb = VERB
    model = Notice
    table_class = InboxTable
    filterset_class = InboxFilter
    template_name = "core/inbox/queue.html"
    row_template = "core/inbox/_row.html"
    empty_template = "core/inbox/_empty.html"
    title = "Inbox"
    noun = "notice"
    default_sort = "-pk"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("new", "New", Q(done_at=None)),
        Tab("done", "Put away", Q(done_at__isnull=False)),
        Tab("all", "All", Q()),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("new", VERB),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (BulkAction("core:finish_notices", VERB, "Put away", key="e"),)

    def get_queryset(self) -> QuerySet[Any]:
        """Return what this person is told, as far as they may still see the notes and such documents."""
        user = person(self.request)
        mine: Any = Notice.objects.for_user(user)
        rows: QuerySet[Any] = mine.filter(notes.seen_by(user)).select_related("note", "actor")
        return rows

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add the documents' pages."""
        pages = {kind: page.url_name for kind, page in registry.subject_pages.items()}
        for row in rows:
            row.url = reverse(pages[row.kind], args=[row.document_id])
            row.said = row.note.text[:SHOWN] if row.note and row.note.struck_at is None else ""
            row.tone = TONES.get(row.what, "")
        return rows


class FinishNoticesView(QueueActionView):
    """Puts notices away."""

    verb = VERB
    queue, queue_url = InboxView, "core:inbox"
    service, ids_name = notes.finish_notices, "notice_ids"
    done, done_many = "Put away.", "{n} notices put away."
