"""Channels: where orders are sold, what of stock is kept for each, and what each may publish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView, View

from core.exports import csv_response
from core.pages import FormPage, FormPageMixin, VerbRequiredMixin, go_to, person, today_of
from core.queues import QueueView
from inventory.filters import ChannelFilter, PoolFilter
from inventory.forms import ChannelForm, PoolForm
from inventory.models import Channel, ChannelPool
from inventory.queries import channels
from inventory.services import PoolTerms, keep_pools, remove_pools
from inventory.tables import ChannelTable, PoolTable

KEEPS = "inventory.keep_channels"
PUBLISHED = ("sku", "available", "next_on", "inbound")


class ChannelQueueView(QueueView):
    """The channels, the first to be served before others."""

    verb = KEEPS
    model = Channel
    table_class = ChannelTable
    filterset_class = ChannelFilter
    template_name = "inventory/channels/channels.html"
    row_template = "inventory/channels/_channel_row.html"
    empty_template = "inventory/channels/_no_channels.html"
    title = "Channels"
    noun = "channel"
    default_sort = "priority"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the channels with how many pools they have."""
        return channels.channels(person(self.request))


class ChannelFormPage(FormPage):
    """What making and changing a channel share."""

    verb = KEEPS
    model = Channel
    form_class = ChannelForm
    fragment_name = "inventory/channels/_channel_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the channel's company."""
        company_id = self.object.company_id if self.object else person(self.request).company.pk
        return {**super().get_form_kwargs(), "company_id": company_id}

    def url_of(self, reference: Any) -> str:
        """Return the channel's page."""
        return reverse("channels:channel", args=[reference])


class CreateChannelView(ChannelFormPage):
    """Makes a channel of the person's company."""

    title = "New channel"
    submit_label = "Add channel"
    done = "Channel added. Say what is kept for it."

    def cancel_url(self) -> str:
        """Return the channels."""
        return reverse("channels:channels")


class EditChannelView(ChannelFormPage):
    """Changes a channel."""

    title = "Edit channel"
    submit_label = "Save channel"
    pk_url_kwarg = "channel_pk"

    def cancel_url(self) -> str:
        """Return the channel's page."""
        return self.url_of(self.object.pk)


class OfChannelMixin:
    """What pages within one channel share."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def channel(self) -> Channel:
        """The channel in the address, where it is one of the person's companies'."""
        return get_object_or_404(Channel.objects.for_user(person(self.request)), pk=self.kwargs["channel_pk"])


class PoolQueueView(OfChannelMixin, QueueView):
    """One channel: what of which product is for it in which warehouse, and what that comes to now."""

    verb = KEEPS
    model = ChannelPool
    table_class = PoolTable
    filterset_class = PoolFilter
    template_name = "inventory/channels/pools.html"
    row_template = "inventory/channels/_pool_row.html"
    empty_template = "inventory/channels/_no_pools.html"
    noun = "pool"
    default_sort = "level__product__sku"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The channel's name."""
        return self.channel.name

    def get_queryset(self) -> QuerySet[Any]:
        """Return the channel's pools."""
        return channels.pools_in_queue(person(self.request), self.channel)

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each pool what it comes to."""
        return channels.with_figures(rows)

    def extra_context(self) -> dict[str, Any]:
        """Add the channel."""
        return {"channel": self.channel}


class PoolFormPage(OfChannelMixin, FormPageMixin, FormView):
    """What making and changing a pool share."""

    verb = KEEPS
    form_class = PoolForm
    template_name, fragment_name = "inventory/channels/pool.html", "inventory/channels/_pool_form.html"

    @cached_property
    def pool(self) -> ChannelPool | None:
        """The pool in the address, none where one is made."""
        if "pk" not in self.kwargs:
            return None
        return get_object_or_404(channels.pools_in_queue(person(self.request), self.channel), pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the channel, and the pool."""
        return {
            **super().get_form_kwargs(),
            "actor": person(self.request),
            "channel": self.channel,
            "pool": self.pool,
        }

    def save(self, form: PoolForm) -> int:
        """Keep the pool.

        :raises StockMoved: where some of the stock was promised meanwhile.
        """
        typed = form.cleaned_data
        terms = PoolTerms(
            channel_id=self.channel.pk,
            product_id=typed["product"].pk,
            warehouse_id=typed["warehouse"].pk,
            allotment=typed["allotment"],
            cap=typed["cap"],
            safety=typed["safety"],
            overflow=typed["overflow"],
        )
        keep_pools(terms=[terms], actor=person(self.request))
        return self.channel.pk

    def url_of(self, reference: Any) -> str:
        """Return the channel's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the channel's page."""
        return reverse("channels:channel", args=[self.channel.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the channel and the pool."""
        return super().get_context_data(channel=self.channel, pool=self.pool, **kwargs)


class CreatePoolView(PoolFormPage):
    """Keeps units of a product for a channel."""

    title = "New pool"
    submit_label = "Add pool"
    done = "Pool added: what is promised already counts in it."


class EditPoolView(PoolFormPage):
    """Changes what is kept for a channel."""

    title = "Edit pool"
    submit_label = "Save pool"
    done = "Pool saved."


class RemovePoolView(OfChannelMixin, VerbRequiredMixin, View):
    """Takes a pool away."""

    verb = KEEPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, channel_pk: int, pk: int) -> HttpResponse:
        """Take it away, and go back to the channel."""
        pool = get_object_or_404(channels.pools_in_queue(person(request), self.channel), pk=pk)
        remove_pools(pool_ids=[pool.pk], actor=person(request))
        return go_to(request, reverse("channels:channel", args=[channel_pk]))


class PublishView(OfChannelMixin, VerbRequiredMixin, View):
    """What a channel may publish: each product with what can be promised through it now, and what comes next."""

    verb = KEEPS
    http_method_names = ["get"]

    def get(self, request: HttpRequest, channel_pk: int) -> StreamingHttpResponse:
        """Return it row by row while it is read, as CSV, or as JSON where that is asked for."""
        today = today_of(request)
        rows = channels.published(self.channel, today)
        if request.GET.get("format") != "json":
            cells = ((one.sku, _plain(one.available), one.next_on, _plain(one.inbound)) for one in rows)
            return csv_response(f"{self.channel.code}-available.csv", PUBLISHED, cells)
        response = StreamingHttpResponse(_json(rows), content_type="application/json")
        response["Cache-Control"] = "no-store"
        return response


def _plain(units: Any) -> str | None:
    return None if units is None else f"{units.normalize():f}"


def _json(rows: Iterator[channels.Published]) -> Iterator[str]:
    """Yield the array, one product to a line."""
    before = "["
    for one in rows:
        known = {
            "sku": one.sku,
            "available": _plain(one.available),
            "next_on": one.next_on.isoformat() if one.next_on else None,
            "inbound": _plain(one.inbound),
        }
        yield f"{before}\n{json.dumps(known)}"
        before = ","
    yield "[]" if before == "[" else "\n]"
