"""The waves, and the walk through one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View

from core import notes
from core.pages import VerbRequiredMixin, go_to, moment, person, wants_fragment
from core.queues import Alert, QueueActionView, QueueView, Tab, Work
from core.refusals import Refused
from warehouse import queries, services
from warehouse.filters import WaveFilter
from warehouse.forms import EmptyForm, ShortForm
from warehouse.models import PickTask, Wave
from warehouse.tables import WaveQueueTable
from warehouse.views.packing import PackQueueView

# What is longer is no lot of ours, and the refusal repeats it
LONGEST_LOT = 40


class WaveQueueView(QueueView):
    """Waves, with how far each is."""

    verb = "warehouse.view"
    model = Wave
    table_class = WaveQueueTable
    filterset_class = WaveFilter
    row_template = "warehouse/_wave_row.html"
    empty_template = "warehouse/_wave_empty.html"
    title = "To pick"
    noun = "wave"
    default_sort = "pk"
    archive_sorts: ClassVar[tuple[str, ...]] = ("number",)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "Open", Q(status=Wave.Status.RELEASED)),
        Tab("done", "Done", Q(status=Wave.Status.DONE), is_archive=True),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("open", "warehouse.pick"),)
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Waves not picked",
            Q(status=Wave.Status.RELEASED),
            *("released_at", "warehouse.pick", "tab=open"),
            after=timedelta(hours=24),
            party="warehouse__name",
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the waves of the person's companies."""
        return queries.waves(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each wave how far it is."""
        facts = queries.wave_facts([row.pk for row in rows]) if rows else {}
        for row in rows:
            row.facts = facts.get(row.pk)
        return rows


_SHOWN = ("bin", "product__unit", "lot")


class WaveView(VerbRequiredMixin, View):
    """The picker's walk through a wave: one task at a time, on a phone in one hand."""

    verb = "warehouse.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the task after the one in the address, or the first."""
        wave = get_object_or_404(queries.waves(person(request)), pk=pk)
        typed = request.GET.get("after", "")
        after = int(typed) if typed.isdecimal() and len(typed) < 19 else 0
        asked = None
        if after and "asks" in request.GET:
            done = wave.tasks.filter(pk=after).select_related("wave__warehouse", *_SHOWN).first()
            asked = queries.emptied(done) if done else None
        return render_walk(request, wave, after=after, asked=asked)


def render_walk(
    request: HttpRequest, wave: Wave, *, after: int, note: str = "", asked: PickTask | None = None
) -> HttpResponse:
    """Draw the next task of a wave, as a page or as the fragment that replaces the one before; a note stands above.

    Before that it is asked whether the bin of the last one is empty, where it should be.
    """
    context = {
        "title": wave.number,
        "wave": wave,
        "asked": asked,
        "task": queries.next_task(wave.pk, after=after),
        "facts": queries.wave_facts([wave.pk])[wave.pk],
        "note": note,
        "reasons": PickTask.Reason.choices,
        "can_pick": person(request).can("warehouse.pick"),
        "can_pack": person(request).can("warehouse.pack"),
    }
    if wants_fragment(request):
        return render(request, "warehouse/_walk.html", context)
    noted = notes.desk_of("wave", wave.pk, person(request))
    return render(request, "warehouse/walk.html", {**context, "noted": noted})


class PickTaskView(VerbRequiredMixin, View):
    """Picks one task in full and shows the next."""

    verb = "warehouse.pick"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Pick the task, or say why not.

        :raises Http404: where there is no such task in the person's companies.
        """
        tasks = PickTask.objects.for_user(person(request)).select_related("wave__warehouse", *_SHOWN)
        task = get_object_or_404(tasks, pk=pk)
        result = services.pick_tasks(
            task_ids=[pk],
            actor=person(request),
            at=moment(request),
            scanned_lot=request.POST.get("lot", "").strip()[:LONGEST_LOT],
        )[pk]
        if isinstance(result, Refused):
            raise result
        asked = queries.emptied(task)
        if wants_fragment(request):
            wave = get_object_or_404(queries.waves(person(request)), pk=task.wave_id)
            return render_walk(request, wave, after=pk, asked=asked)
        asks = "&asks=1" if asked else ""
        return go_to(request, f"{reverse('warehouse:wave', args=[task.wave_id])}?after={pk}{asks}")


class CheckEmptyView(VerbRequiredMixin, View):
    """Notes whether the bin that a pick emptied by the books is empty, and shows the next task."""

    verb = "warehouse.pick"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Note what the picker says, or say why not.

        :raises Http404: where there is no such task in the person's companies.
        :raises Refused: where that is no number.
        """
        task = get_object_or_404(PickTask.objects.for_user(person(request)).select_related("bin"), pk=pk)
        form = EmptyForm(request.POST)
        if not form.is_valid():
            raise Refused("Say how many are left: 0 where it is empty.")
        count = services.check_empty(
            task_id=pk, left=form.cleaned_data["left"], actor=person(request), at=moment(request)
        )
        is_open = count.status == count.Status.OPEN
        note = f"{task.bin} is on the list to check." if is_open else ""
        if wants_fragment(request):
            wave = get_object_or_404(queries.waves(person(request)), pk=task.wave_id)
            return render_walk(request, wave, after=pk, note=note)
        if note:
            messages.warning(request, note)
        return go_to(request, f"{reverse('warehouse:wave', args=[task.wave_id])}?after={pk}")


class ShortTaskView(VerbRequiredMixin, View):
    """Picks what was found of a task, says where the rest comes from, and shows the next."""

    verb = "warehouse.pick"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Pick the task short, or say why not.

        :raises Http404: where there is no such task in the person's companies.
        """
        task = get_object_or_404(PickTask.objects.for_user(person(request)), pk=pk)
        form = ShortForm(request.POST)
        if not form.is_valid():
            raise Refused(" ".join(str(error) for errors in form.errors.values() for error in errors))
        short = services.Short(pk, form.cleaned_data["found"] or Decimal(0), form.cleaned_data["reason"])
        result = services.pick_short(shorts=[short], actor=person(request), at=moment(request))[pk]
        if isinstance(result, Refused):
            raise result
        note = queries.said_of_short(result.new_task_ids, result.waiting)
        if wants_fragment(request):
            wave = get_object_or_404(queries.waves(person(request)), pk=task.wave_id)
            return render_walk(request, wave, after=pk, note=note)
        messages.warning(request, note)
        return go_to(request, f"{reverse('warehouse:wave', args=[task.wave_id])}?after={pk}")


class PickOrdersView(QueueActionView):
    """Picks everything that is planned for orders: for goods that were taken with the paper list in hand."""

    verb = "warehouse.pick"
    queue, queue_url = PackQueueView, "warehouse:waves"
    service, ids_name = services.pick_orders, "order_ids"
    done, done_many = "Order picked.", "{n} orders picked."
