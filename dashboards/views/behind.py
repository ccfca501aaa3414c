"""The lists behind figures: lines, orders and occurrences, with their causes, narrowed as the page is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from core.pages import person
from core.paging import Page
from core.queues import QueueView
from dashboards.filters import LineFactFilter, OccurrenceFilter, OrderFactFilter
from dashboards.models import LineFact, Occurrence, OrderFact
from dashboards.queries import behind
from dashboards.queries.percentiles import said_of
from dashboards.tables import LineFactTable, OccurrenceTable, OrderFactTable
from dashboards.views.board import asked_period


class _BehindView(QueueView):
    """A list named in its address, which is about a period in its address."""

    verb = "dashboards.view"
    template_name = "dashboards/behind.html"
    empty_template = "dashboards/_empty.html"
    titles: dict[str, str]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Read which list it is, the first of its kind where none is named.

        :raises Http404: where there is none of that name.
        """
        super().setup(request, *args, **kwargs)
        self.what = self.parameters.get("of", "") or next(iter(self.titles))
        if self.what not in self.titles:
            raise Http404("No such list.")
        self.title = self.titles[self.what]

    def neighbours(self, page: Page[Any]) -> dict[str, str]:
        """Return the addresses around a page; without filters it is still the same list."""
        return {**super().neighbours(page), "bare_url": f"{self.path}?{urlencode({'of': self.what})}"}

    def extra_context(self) -> dict[str, Any]:
        """Add the way back to the page as it was."""
        asked = {name: self.parameters[name] for name in ("since", "until", "site") if self.parameters.get(name)}
        return {"board_query": urlencode(asked)}


class LinesView(_BehindView):
    """Lines that a figure counts or lacks."""

    model = LineFact
    table_class = LineFactTable
    filterset_class = LineFactFilter
    row_template = "dashboards/_line_row.html"
    noun = "line"
    default_sort = "-due_on"
    titles = {what: of.title for what, of in behind.LINES.items()}

    def get_queryset(self) -> QuerySet[Any]:
        """Return the lines of the list."""
        return behind.lines_behind(person(self.request), self.what, asked_period(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Say each cause in words."""
        for row in rows:
            row.cause_words = behind.cause_of(row)
        return rows


class OrdersView(_BehindView):
    """Orders at a stage, or those that came through a stretch of their lives."""

    model = OrderFact
    table_class = OrderFactTable
    filterset_class = OrderFactFilter
    row_template = "dashboards/_order_row.html"
    noun = "order"
    default_sort = "-at"
    titles = behind.ORDERS

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders of the list."""
        return behind.orders_behind(person(self.request), self.what, asked_period(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Say how long each took."""
        for row in rows:
            row.took_words = said_of(row.took)
        return rows


class OccurrencesView(_BehindView):
    """Short picks, holds, or documents."""

    model = Occurrence
    table_class = OccurrenceTable
    filterset_class = OccurrenceFilter
    row_template = "dashboards/_occurrence_row.html"
    noun = "row"
    default_sort = "-on"
    titles = {what: title for what, (title, _condition) in behind.OCCURRENCES.items()}

    def get_queryset(self) -> QuerySet[Any]:
        """Return what happened."""
        return behind.occurrences_behind(person(self.request), self.what, asked_period(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Say each reason in words."""
        for row in rows:
            row.cause_words = behind.REASONS.get(row.cause, "")
        return rows
