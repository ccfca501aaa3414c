"""The lists of a queue: its tabs, filters, pages and file, and the verbs offered for its rows."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import django_tables2
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django_filters.views import FilterView
from django_tables2.columns import Column
from django_tables2.rows import BoundRow
from django_tables2.views import SingleTableMixin

from core import registry
from core.exports import table_response
from core.models import User
from core.pages import VerbRequiredMixin, has_just_acted, person, today_of, unless_same, wants_fragment
from core.paging import CappedCount, KeysetPager, Page, SortKey, capped_counts
from core.planner import planned_anew
from core.queues.declaring import BulkAction, Tab
from core.queues.filtering import QueueFilter
from core.queues.keeping import NO_VIEW, KeptViewsMixin
from core.queues.running import in_slices
from core.queues.watching import Alert, Work
from core.reading import Among

PAGE_SIZE = 50
PAGE_PARAMETERS = ("after", "before")
# As many rows as one run of a verb takes
MOST_ROWS = 500
# Rows of a file that are read at a time
FETCHED = 1_000


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab as it is drawn."""

    slug: str
    label: str
    url: str
    count: CappedCount
    is_current: bool


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row in a sentence: what it is called, and its page."""

    label: str
    url: str


class _FileRow(BoundRow):
    """A row of a file. What most columns say is their value: to ask a method what it wants costs as much as the row."""

    def _call_value(self, bound_column: Any, value: Any = None) -> Any:
        says, column = bound_column.value, bound_column.column
        is_plain = says == column.value and type(column).value is Column.value and type(column).render is Column.render
        return value if is_plain else super()._call_value(bound_column, value)


class QueueView(VerbRequiredMixin, KeptViewsMixin, SingleTableMixin, FilterView):
    """A queue as page, fragment and CSV file.

    The table class declares the columns, their headings and what they sort by; rows come from `row_template`. The order
    always ends in the primary key. Nothing is counted beyond the cap. Of its tabs, `work` names those that wait for
    somebody, counted beside the queue's entry in the navigation.
    """

    model: type[Model]
    table_class: type[django_tables2.Table]
    filterset_class: type[QueueFilter]
    template_name = "core/queue.html"
    fragment_name = "core/_queue.html"
    row_template = ""
    empty_template = "core/_queue_empty.html"
    title = ""
    noun = "row"
    noun_plural = ""
    default_sort = "pk"
    archive_sorts: ClassVar[tuple[str, ...]] = ()
    tabs: ClassVar[tuple[Tab, ...]] = ()
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = ()
    work: ClassVar[tuple[Work, ...]] = ()
    alerts: ClassVar[tuple[Alert, ...]] = ()
    table_pagination = False
    object_list: QuerySet[Any]
    path: str
    parameters: QueryDict

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the person's companies; queues that join override it with a query of their app."""
        rows: QuerySet[Any] = self.model._default_manager.for_user(self.request.user)  # type: ignore[attr-defined]
        return rows

    def get_filterset_kwargs(self, filterset_class: type[QueueFilter]) -> dict[str, Any]:
        """Always bind the filters, so that their defaults hold on a bare address as well."""
        return {"data": self.parameters, "request": self.request, "queryset": self.get_queryset()}

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Read the address: its path and its parameters (tab, sort, filters, page)."""
        super().setup(request, *args, **kwargs)
        self.path, self.parameters = request.path, request.GET

    @classmethod
    def behind(cls, request: HttpRequest) -> Self:
        """Return the queue as it stands on the page from which htmx sent a request: its filters, tab and order."""
        view = cls()
        try:
            address = urlsplit(request.htmx.current_url_abs_path or "")  # type: ignore[attr-defined]
            page = resolve(address.path)
            view.setup(request, **(page.kwargs if getattr(page.func, "view_class", None) is cls else {}))
            view.path, view.parameters = address.path, QueryDict(address.query)
        except (ValueError, Resolver404, TooManyFieldsSent):
            # The verb is done by now: an address that nobody can read must not tell the person that it failed
            view.setup(request)
            view.path, view.parameters = request.path, QueryDict()
        return view

    @cached_property
    def current_tab(self) -> Tab | None:
        """The tab in the address, or the first."""
        asked = self.parameters.get("tab", "")
        return next((tab for tab in self.tabs if tab.slug == asked), self.tabs[0] if self.tabs else None)

    @cached_property
    def sort(self) -> SortKey:
        """What the rows are sorted by: the column in the address where it may be sorted by, otherwise the default."""
        asked = self.parameters.get("sort", "")
        path = self.usual_sort
        if self.sorts_by(asked.lstrip("-")):
            column = self.table_class.base_columns[asked.lstrip("-")]
            paths = column.order_by or (column.accessor or asked.lstrip("-"),)
            path = SortKey.parse(str(paths[0]))
            path = path.reversed() if asked.startswith("-") else path
        return replace(path, are_few=self.current_tab is not None and not self.current_tab.is_archive)

    @property
    def usual_sort(self) -> SortKey:
        """What the rows are sorted by where nobody asks: an archive by its newest."""
        is_archive = self.current_tab is not None and self.current_tab.is_archive
        return SortKey("pk", descending=True) if is_archive else SortKey.parse(self.default_sort)

    def sorts_by(self, name: str) -> bool:
        """Return whether the current tab can be sorted by a column."""
        column = self.table_class.base_columns.get(name)
        if column is None or column.orderable is False:
            return False
        return self.current_tab is None or not self.current_tab.is_archive or name in self.archive_sorts

    def url(self, **changes: str | None) -> str:
        """Return this queue's address with some parameters changed; None takes one away. Pages start anew."""
        query = self.parameters.copy()
        for name in (*PAGE_PARAMETERS, "format", *changes):
            query.pop(name, None)
        for name, value in changes.items():
            if value is not None:
                query[name] = value
        for name in [name for name in query if query.get(name) == ""]:
            del query[name]
        return f"{self.path}?{query.urlencode()}" if query else self.path

    def in_tab(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the current tab."""
        return queryset.filter(self.current_tab.condition) if self.current_tab else queryset

    def shown_tabs(self, filtered: QuerySet[Any], page: Page[Any] | None = None) -> tuple[list[ShownTab], CappedCount]:
        """Return the tabs with their counts, and the count of the current one; one statement in all.

        Where the page has all rows there are, their number is seen on it, whatever was counted before.
        """
        asked = {tab.slug: filtered.filter(tab.condition) for tab in self.tabs} or {"": filtered}
        counts = capped_counts(asked, kept_for=settings.COUNTS_KEPT_SECONDS, anew=has_just_acted(self.request))
        if page and not (page.after or page.before):
            counts[self.current_tab.slug if self.current_tab else ""] = CappedCount(len(page.rows))
        if not self.tabs:
            return [], counts[""]
        first = self.tabs[0].slug
        shown = [
            ShownTab(
                tab.slug,
                tab.label,
                self.url(tab=None if tab.slug == first else tab.slug),
                counts[tab.slug],
                tab == self.current_tab,
            )
            for tab in self.tabs
        ]
        return shown, next(tab.count for tab in shown if tab.is_current)

    def headings(self) -> Iterator[dict[str, Any]]:
        """Yield what the head of each column shows: words, class, how it is sorted, the address that sorts by it."""
        asked = self.parameters.get("sort", "")
        asked = asked if self.sorts_by(asked.lstrip("-")) else self._default_column()
        for name, column in self.table_class.base_columns.items():
            if not column.visible:
                continue
            is_sorted = asked.lstrip("-") == name
            descending = is_sorted and asked.startswith("-")
            yield {
                "label": column.verbose_name
                if column.verbose_name is not None
                else name.replace("_", " ").capitalize(),
                "class": column.attrs.get("th", {}).get("class", ""),
                "url": self.url(sort=name if descending or not is_sorted else f"-{name}")
                if self.sorts_by(name)
                else "",
                "sorted": ("descending" if descending else "ascending") if is_sorted else "",
            }

    def _default_column(self) -> str:
        """Return the column that shows the default order, as it would stand in the address."""
        default = self.usual_sort
        for name, column in self.table_class.base_columns.items():
            path = str((column.order_by or (column.accessor or name,))[0]).replace(".", "__")
            if path == default.path:
                return f"-{name}" if default.descending else name
        return ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the queue as a page, as a fragment for htmx, or as a CSV file or a workbook."""
        filterset = self.get_filterset(self.filterset_class)
        filtered = filterset.qs if filterset.is_valid() else self.get_queryset().none()
        if request.GET.get("format") in ("csv", "xlsx"):
            return self.file(self.in_tab(filtered), as_workbook=request.GET["format"] == "xlsx")
        first_view = "" if request.GET or wants_fragment(request) else self.opens_with()
        if first_view:
            return HttpResponseRedirect(first_view)
        if request.GET.get("format") == "ids":
            ordered = self.in_tab(filtered).order_by(*self.sort.ordering())
            with planned_anew(ordered.db):
                ids = list(ordered.values_list("pk", flat=True)[:MOST_ROWS])
            return JsonResponse({"slices": in_slices(ids, self.together(ids))})
        is_fragment = wants_fragment(request)
        context = {**self.context(filterset, filtered), "is_fragment": is_fragment}
        if not is_fragment:
            context["views"] = self.shown_views()
            context["view_label"] = next((str(shown.view) for shown in context["views"] if shown.is_current), "Views")
        response = render(request, self.fragment_name if is_fragment else self.template_name, context)
        if is_fragment:
            # The address bar gets the address without empty parameters
            pages = {name: self.parameters.get(name) or None for name in PAGE_PARAMETERS}
            response["HX-Push-Url"] = self.url(**pages)
            if "X-Live" in request.headers:
                return unless_same(request, response)
        return response

    def context(self, filterset: QueueFilter, filtered: QuerySet[Any]) -> dict[str, Any]:
        """Return what the queue's templates show."""
        pager: KeysetPager[Any] = KeysetPager(self.in_tab(filtered), self.sort, size=PAGE_SIZE)
        page = pager.page(after=self.parameters.get("after", ""), before=self.parameters.get("before", ""))
        tabs, count = self.shown_tabs(filtered, page)
        is_filtered = any(self.parameters.get(name) for name in filterset.filters)
        fields = [field for field in filterset.form if field.name != "q"]
        further = [field for field in fields if filterset.inline is not None and field.name not in filterset.inline]
        return {
            "queue": self,
            "title": self.title,
            "filter": filterset,
            "filter_fields": [field for field in fields if field not in further],
            "further_fields": further,
            "further_count": sum(bool(self.parameters.get(field.name)) for field in further),
            "is_filtered": is_filtered,
            "search_label": filterset.search_label,
            "tabs": tabs,
            "count": count,
            "headings": list(self.headings()),
            "rows": self.decorate(page.rows),
            "row_template": self.row_template,
            "row_id": self.row_id,
            "bulk_actions": self.shown_bulk_actions,
            "most_rows": MOST_ROWS,
            **self.neighbours(page),
            **self.extra_context(),
        }

    def neighbours(self, page: Page[Any]) -> dict[str, str]:
        """Return the addresses of the pages around a page, of its files, and of the queue without filters."""
        return {
            "next_url": self.url(after=page.after) if page.after else "",
            "previous_url": self.url(before=page.before) if page.before else "",
            "csv_url": self.url(format="csv"),
            "xlsx_url": self.url(format="xlsx"),
            "ids_url": self.url(format="ids"),
            "bare_url": f"{self.path}?view={NO_VIEW}" if self.parameters.get("view") else self.path,
        }

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Return the rows of a page with what their template needs beyond the query; none by default."""
        return rows

    def extra_context(self) -> dict[str, Any]:
        """Return what an app's own template needs beside the queue's."""
        return {}

    @property
    def row_id(self) -> str:
        """The word before a row's key in its DOM id."""
        return str(self.model._meta.model_name)

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """The verbs for selected rows that this person may do, each with its address."""
        user = person(self.request)
        return [(action, reverse(action.url_name)) for action in self.bulk_actions if user.can(action.verb)]

    @classmethod
    def together(cls, ids: Collection[int]) -> Mapping[int, Hashable]:
        """Return by key what rows have in common that a long run must not tear apart; most rows stand alone."""
        return {}

    @classmethod
    def named(cls, ids: Collection[int], user: User) -> dict[int, NamedRow]:
        """Return of rows what they are called and, where the person may open them, their pages; by one statement."""
        pages = {kind: page.url_name for kind, page in registry.subject_pages.items() if user.can(page.verb)}
        url_name = pages.get(str(cls.model._meta.model_name))
        rows: QuerySet[Any] = cls.model._default_manager.filter(pk__in=ids).order_by("pk")
        return {row.pk: NamedRow(str(row), reverse(url_name, args=[row.pk]) if url_name else "") for row in rows}

    @classmethod
    def plural(cls, count: int) -> str:
        """Return the noun for a number of rows."""
        return cls.noun if count == 1 else cls.noun_plural or f"{cls.noun}s"

    def file(self, queryset: QuerySet[Any], *, as_workbook: bool) -> HttpResponseBase:
        """Return every row of the filtered queue as a file that streams and that no spreadsheet takes for formulas."""
        table = self.table_class(data=[])
        columns = [column for column in table.columns.all() if not column.column.exclude_from_export]

        def rows() -> Iterator[list[Any]]:
            for row in self._one_by_one(queryset):
                bound = _FileRow(row, table)
                yield [bound.get_cell_value(column.name) for column in columns]

        day = today_of(self.request).isoformat()
        stem = f"{self.title.lower().replace(' ', '-')}-{day}"
        return table_response(stem, [str(column.header) for column in columns], rows(), as_workbook=as_workbook)

    def _one_by_one(self, queryset: QuerySet[Any]) -> Iterator[Any]:
        """Yield all rows in order: PostgreSQL keeps their keys as they are now, and what is shown is asked bit by bit.

        Whoever moves meanwhile is neither missed nor told twice; who is gone is left out.
        """
        keys = queryset.order_by(*self.sort.ordering()).values_list("pk", flat=True)
        with planned_anew(keys.db):
            found = keys.iterator(chunk_size=FETCHED)
            first = next(found, None)
        while first is not None:
            some = [first, *islice(found, FETCHED - 1)]
            shown = {row.pk: row for row in queryset.order_by().filter(Among(F("pk"), some))}
            yield from (shown[pk] for pk in some if pk in shown)
            first = next(found, None)
