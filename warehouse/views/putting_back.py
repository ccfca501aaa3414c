"""Goods that lost their order: the list of them, and the way back to their shelves."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View

from core.pages import VerbRequiredMixin, go_to, moment, person, wants_fragment
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from core.refusals import Refused
from warehouse import queries, services
from warehouse.filters import PutBackFilter
from warehouse.models import PutBack
from warehouse.tables import PutBackQueueTable


class PutBackQueueView(QueueView):
    """Goods in totes that lost their order, and those that lie on a shelf again."""

    verb = "warehouse.pick"
    model = PutBack
    table_class = PutBackQueueTable
    filterset_class = PutBackFilter
    row_template = "warehouse/_put_back_row.html"
    empty_template = "warehouse/_put_back_empty.html"
    template_name = "warehouse/put_backs.html"
    title = "To put back"
    noun = "put-back"
    default_sort = "pk"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "In totes", Q(status=PutBack.Status.PLANNED)),
        Tab("done", "Put back", Q(status=PutBack.Status.DONE)),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("open", "warehouse.pick"),)
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Goods left in totes",
            Q(status=PutBack.Status.PLANNED),
            *("asked_at", "warehouse.pick", "tab=open"),
            after=timedelta(hours=4),
            called="product__sku",
            party="product__name",
        ),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("warehouse:put_back", "warehouse.pick", "Put back", key="b"),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the put-backs of the person's companies."""
        return queries.put_backs(person(self.request))

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """Putting back, where something is to be."""
        return super().shown_bulk_actions if self.current_tab == self.tabs[0] else []


class PutBackGoodsView(QueueActionView):
    """Puts goods back where they came from: for those that were brought with the list in hand."""

    verb = "warehouse.pick"
    queue, queue_url = PutBackQueueView, "warehouse:put_backs"
    service, ids_name = services.put_back_goods, "put_back_ids"
    done, done_many = "Put back.", "{n} put back."


class PutBackWalkView(VerbRequiredMixin, View):
    """The picker's way back: one put-back at a time, on a phone in one hand."""

    verb = "warehouse.pick"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the put-back after the one in the address, or the first."""
        after = request.GET.get("after", "")
        return render_way_back(request, after=int(after) if after.isdecimal() and len(after) < 19 else 0)


def render_way_back(request: HttpRequest, *, after: int) -> HttpResponse:
    """Draw the next put-back, as a page or as the fragment that replaces the one before."""
    put_back, left = queries.next_put_back(person(request), after=after)
    context = {"title": "Put back", "put_back": put_back, "left": left}
    template = "warehouse/_way_back.html" if wants_fragment(request) else "warehouse/way_back.html"
    return render(request, template, context)


class PutBackOneView(VerbRequiredMixin, View):
    """Puts back what one scan or press says, and shows the next."""

    verb = "warehouse.pick"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Put it on its own shelf, or on the one that was scanned.

        :raises Http404: where there is no such put-back in the person's companies.
        :raises Refused: where no shelf has the code that was scanned.
        """
        get_object_or_404(PutBack.objects.for_user(person(request)), pk=pk)
        code = request.POST.get("bin", "").strip()
        results = services.put_back_goods(put_back_ids=[pk], actor=person(request), at=moment(request), bin_code=code)
        result = results[pk]
        if isinstance(result, Refused):
            raise result
        if wants_fragment(request):
            return render_way_back(request, after=pk)
        return go_to(request, f"{reverse('warehouse:put_back_walk')}?after={pk}")
