"""The bins that came up short, and counting them."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic.edit import FormView

from core import notes
from core.pages import FormPageMixin, moment, person
from core.queues import Alert, QueueView, Tab, Work
from warehouse import queries, services
from warehouse.filters import CountFilter
from warehouse.forms import CountForm
from warehouse.models import Count
from warehouse.tables import CountQueueTable


class CountQueueView(QueueView):
    """Bins that came up short, to be counted, the oldest first; and beside them what counts found."""

    verb = "warehouse.count"
    model = Count
    table_class = CountQueueTable
    filterset_class = CountFilter
    row_template = "warehouse/_count_row.html"
    empty_template = "warehouse/_count_empty.html"
    title = "To check"
    noun = "bin"
    default_sort = "asked_at"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "To check", Q(status=Count.Status.OPEN)),
        Tab("done", "Checked", Q(status=Count.Status.DONE)),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("open", "warehouse.count"),)
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Bins to check",
            Q(status=Count.Status.OPEN),
            *("asked_at", "warehouse.count", "tab=open"),
            after=timedelta(hours=2),
            party="product",
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the counts of the person's companies."""
        return queries.counts(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each count what the books say of its bin."""
        facts = queries.bin_facts(rows) if rows else {}
        for row in rows:
            row.facts = facts[row.pk]
        return rows


class CountView(FormPageMixin, FormView):
    """One bin to be counted: what the books say, and the form for what is there."""

    verb = "warehouse.count"
    template_name, fragment_name = "warehouse/count.html", "warehouse/_count_form.html"
    form_class = CountForm
    submit_label = "Enter the count"

    @cached_property
    def count(self) -> Count:
        """The count, where it is one of the person's companies'."""
        return get_object_or_404(queries.counts(person(self.request)), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """The bin and the item."""
        return f"Check {self.count.bin}"

    @property
    def done(self) -> str:  # type: ignore[override]
        """What the toast says."""
        return f"{self.count.bin} is counted."

    def save(self, form: CountForm) -> int:
        """Enter the count."""
        counted = form.cleaned_data["counted"]
        services.count_bin(count_id=self.count.pk, counted=counted, actor=person(self.request), at=moment(self.request))
        return self.count.pk

    def url_of(self, reference: Any) -> str:
        """Return the queue."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("warehouse:counts")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the count and what the books say."""
        facts = queries.bin_facts([self.count])[self.count.pk]
        noted = notes.desk_of("count", self.count.pk, person(self.request))
        return super().get_context_data(count=self.count, facts=facts, noted=noted, **kwargs)
