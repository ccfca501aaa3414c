"""Files that come in: sent, mapped, tried, loaded; their refused rows as a file, and what stands as one."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote

import django_filters
import django_tables2 as tables
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View

from core import intake
from core.exports import table_response
from core.intake import ImportKind
from core.models import FileImport, SourceFile, User
from core.pages import VerbRequiredMixin, go_to, moment, person, vary_on_htmx, wants_fragment
from core.queues import Alert, QueueFilter, QueueView, Tab, Work
from core.refusals import Refused
from core.tables import LESS, LESS_NUMBER, NUMBER
from core.views import import_forms

SHOWN_ROWS = 200


def runs_of(user: User) -> QuerySet[FileImport]:
    """Return the imports of the kinds that a person may load."""
    runs: Any = FileImport.objects.for_user(user)
    mine: QuerySet[FileImport] = runs.filter(kind__in=[kind.name for kind in intake.kinds_for(user)])
    return mine.select_related("file", "file__received_by", "actor", "company")


class ImportTable(tables.Table):
    """Imports, as in templates/core/imports/_row.html."""

    begun_at = tables.Column("Sent", order_by="pk")
    file = tables.Column("File", accessor="file__name", orderable=False)
    kind = tables.Column("Kind", orderable=False, attrs=LESS)
    rows = tables.Column("Rows", attrs=NUMBER)
    loaded = tables.Column("Loaded", attrs=LESS_NUMBER)
    refused = tables.Column("Refused", attrs=NUMBER)
    status = tables.Column("State", orderable=False)
    actor = tables.Column("By", accessor="actor__name", orderable=False, attrs=LESS)

    class Meta:
        orderable = True


class ImportFilter(QueueFilter):
    """Imports by words of the file's name, and by kind."""

    search_fields: ClassVar[tuple[str, ...]] = ("file__name",)
    search_label: ClassVar[str] = "File"
    kind = django_filters.ChoiceFilter(
        choices=lambda: [(kind.name, kind.label) for kind in intake.import_kinds], empty_label="All kinds", label="Kind"
    )


class ImportQueueView(QueueView):
    """The files that came in, the latest first."""

    verb = "core.import"
    model = FileImport
    table_class = ImportTable
    filterset_class = ImportFilter
    template_name = "core/imports/queue.html"
    row_template = "core/imports/_row.html"
    empty_template = "core/imports/_empty.html"
    title = "Imports"
    noun = "import"
    default_sort = "-pk"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("all", "All", Q()),
        Tab("open", "To do", Q(status__in=["RECEIVED", "CHECKED", "STOPPED", "UNREADABLE"])),
        Tab("under-way", "Under way", Q(status__in=FileImport.UNDER_WAY)),
        Tab("done", "Loaded", Q(status="DONE")),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("open", "core.import"),)
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Files with refused rows",
            Q(refused__gt=0, status__in=["CHECKED", "STOPPED"]) | Q(status="UNREADABLE"),
            *("begun_at", "core.import", "tab=open"),
            escalates_after=timedelta(hours=4),
            party="file__name",
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the imports that this person may see."""
        return runs_of(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Name the kinds."""
        for row in rows:
            row.of_kind = intake.kind_named(row.kind)
        return rows


class ImportFileView(VerbRequiredMixin, View):
    """Takes a file over: what it must have, and the box for it."""

    verb = "core.import"

    @cached_property
    def kinds(self) -> list[ImportKind]:
        """The kinds that this person may load."""
        return intake.kinds_for(person(self.request))

    @property
    def kind(self) -> ImportKind:
        """The kind that is asked for, or the person's first.

        :raises Http404: where it is none of theirs.
        """
        asked = self.request.POST.get("kind") or self.request.GET.get("kind") or self.kinds[0].name
        found = next((kind for kind in self.kinds if kind.name == asked), None)
        if found is None:
            raise Http404("No such kind of file.")
        return found

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what a file must have."""
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the file, and lead to its columns."""
        file: Any = request.FILES.get("file")
        if file is None:
            return self.page(error="Choose a file first.", status=422)
        try:
            run = intake.receive(
                kind=self.kind.name, name=file.name, content=file.file, actor=person(request), at=moment(request)
            )
        except Refused as refused:
            return self.page(error=refused.sentence, file_name=file.name, status=422)
        return go_to(request, reverse("core:import", args=[run.pk]))

    def page(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return the page."""
        kind = self.kind
        opening = intake.standing(person(self.request).company.pk, kind.name) if kind.is_opening else None
        template = "core/imports/_upload.html" if wants_fragment(self.request) else "core/imports/upload.html"
        shown = {"title": f"Import {kind.label.lower()}", "kind": kind, "kinds": self.kinds, "opening": opening}
        return render(self.request, template, {**shown, **context}, status=status)


class RunMixin(VerbRequiredMixin):
    """Finds the import in the address, for those who may load files of its kind."""

    verb = "core.import"
    run: FileImport
    http_method_names: list[str]
    kind: ImportKind

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the view.

        :raises Http404: where there is no such import of the person's company.
        :raises PermissionDenied: where the person may not load files of its kind.
        """
        user = person(request)
        if user.can(self.verb):
            found: Any = FileImport.objects.for_user(user).select_related("file__received_by", "actor", "company")
            run = found.filter(pk=kwargs["pk"]).first()
            if run is not None:
                self.run, self.kind = run, intake.kind_named(run.kind)
                if not user.can(self.kind.verb):
                    raise PermissionDenied(self.kind.verb)
            elif str(request.method).lower() in self.http_method_names:
                raise Http404("No such import.")
        return super().dispatch(request, *args, **kwargs)

    def answer(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return the import as it stands: its page, or to htmx the part that changes."""
        template = "core/imports/_import.html" if wants_fragment(self.request) else "core/imports/import.html"
        shown = import_forms.shown(self.run, self.kind, person(self.request), asks="edit" in self.request.GET)
        return vary_on_htmx(render(self.request, template, {**shown, **context}, status=status))

    def go_back(self) -> HttpResponse:
        """Lead to the import's page."""
        return go_to(self.request, reverse("core:import", args=[self.run.pk]))


class ImportView(RunMixin, View):
    """An import: its columns, how far it is, or what came of it; asked again while a worker is at it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it."""
        return self.answer()


class MapImportView(RunMixin, View):
    """Says how the file is cut and which column is what, and begins to check it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cut the file anew, or check every row."""
        asked = import_forms.MapForm(request.POST, run=self.run, kind=self.kind)
        if not asked.is_valid():
            return self.answer(form=asked, status=422)
        user, at = person(request), moment(request)
        try:
            is_cut_anew = asked.cuts_anew
            intake.map_columns(
                import_id=pk,
                layout=asked.layout,
                mapping=asked.mapping,
                notation=asked.notation,
                actor=user,
                at=at,
            )
            if not is_cut_anew:
                intake.check_file(import_id=pk, actor=user, at=at)
        except intake.FileRefused as refused:
            asked.add_error(None, refused.sentence)
            return self.answer(form=asked, status=422)
        return self.go_back()


class LoadImportView(RunMixin, View):
    """Begins to take the good rows in, or goes on with it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin."""
        try:
            intake.load_file(import_id=pk, actor=person(request), at=moment(request))
        except intake.OpeningRefused as refused:
            return self.answer(refusal=refused, status=409)
        return self.go_back()


class StopImportView(RunMixin, View):
    """Stops what is under way behind the rows that were taken in."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop."""
        intake.stop_file(import_id=pk, actor=person(request), at=moment(request))
        return self.go_back()


class RefusedRowsView(RunMixin, View):
    """Gives the refused rows as a file in the columns that they came in, each with its reason, to be mended."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Stream the file."""
        as_workbook = request.GET.get("format") == "xlsx"
        cells = intake.refused_cells(self.run, with_figures=as_workbook)
        stem = _header_name(f"{self.run.file.name.rsplit('.', 1)[0]}-refused")
        delimiter = intake.layout_of(self.run).delimiter or ","
        header = [*self.run.header, "Reason"]
        return table_response(stem, header, cells, as_workbook=as_workbook, delimiter=delimiter)


class SourceFileView(RunMixin, View):
    """Gives the file back as it was sent, byte for byte."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Stream the file; never as a page."""
        file: SourceFile = self.run.file
        parts = file.parts.values_list("content", flat=True).iterator(chunk_size=1)
        response = StreamingHttpResponse((bytes(part) for part in parts), content_type="application/octet-stream")
        response["Content-Disposition"] = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(file.name)}"
        response["Content-Length"] = str(file.size)
        response["Cache-Control"] = "no-store"
        return response


class ExportRowsView(VerbRequiredMixin, View):
    """Gives what stands as a file that can be loaded again, or only its columns, to be filled in."""

    http_method_names = ["get"]
    verb = "core.import"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file.

        :raises Http404: where the person may not load files of the kind.
        """
        user = person(request)
        asked = request.GET.get("kind") or intake.kinds_for(user)[0].name
        kind = next((kind for kind in intake.kinds_for(user) if kind.name == asked), None)
        if kind is None:
            raise Http404("No such kind of file.")
        header = [column.label for column in kind.columns]
        is_template = "template" in request.GET or kind.rows is None
        stem = f"{kind.name.replace('_', '-')}{'-template' if is_template else ''}"
        rows = [] if is_template or kind.rows is None else kind.rows(user)
        return table_response(stem, header, rows, as_workbook=request.GET.get("format") == "xlsx")


def _header_name(name: str) -> str:
    """Return a file's name as a header can carry it."""
    plain = "".join(char if char.isalnum() or char in " ._-" else "-" for char in name)
    return plain.encode("ascii", "replace").decode().replace("?", "-")
