"""Visits of pages: what addresses a page has, how long they take, what they cost, and what a browser loads for them."""

from __future__ import annotations

import logging
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from html import unescape
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from benchmarks.loading import first_load
from billing.models import Invoice, Payment
from core.models import User
from core.paging import KeysetPager, SortKey
from core.queues import QueueView, Tab
from core.queues.watching import queue_at
from inventory.models import Product, SupplierOrder
from orders.models import Customer, SalesOrder
from returns.models import ReturnOrder
from shipping.models import Shipment

EMPTY = "/nothing-here/"
# Of each filter so many choices are tried, and of documents so many pages
CHOICES, DOCUMENTS = 4, 16
REPEATED, COSTED = 2, 7
PERIODS = (0, 7, 90, 365, 1_000)
NOWHERE = "zzqxv"
_FOLLOWING = re.compile(r'"([^"]*[?;&]after=[^"]*)"')
# Longer than this nobody waits
PATIENCE = "15s"


class Visitor:
    """An administrator who goes to all addresses of one page."""

    def __init__(self, client: Client, name: str, paths: Sequence[str]) -> None:
        self.client, self.name, self.paths = client, name, list(paths)

    def times(self) -> dict[str, tuple[float, float]]:
        """Return how many milliseconds each address takes, the quicker of two visits.

        First where somebody was there within the last seconds, whose counts are kept; then where all is counted anew.
        """
        found = {}
        for path in self.paths:
            took = []
            for _ in range(REPEATED):
                cache.clear()
                anew = self._timed(path)
                took.append((self._timed(path), anew))
                if anew > 2_000:
                    break
            found[path] = (min(kept for kept, _anew in took), min(anew for _kept, anew in took))
        return found

    def costs(self) -> dict[str, float]:
        """Return the CPU of the page over that of an empty one, and the kB of its first load and its fragment."""
        path = self.paths[0]
        pages, empties = [], []
        for _ in range(COSTED):
            pages.append(self._cpu(path))
            empties.append(self._cpu(EMPTY))
        response = self.client.get(path)
        body = getattr(response, "content", b"")
        if b"<!doctype" not in body[:100]:
            return {}
        return {
            "cpu_over_empty_page": round(statistics.median(pages) / statistics.median(empties), 1),
            "first_load_kb": round(first_load(body, self._sent(path)) / 1e3, 1),
            "fragment_kb": round(self._sent(path, **{"HX-Request": "true"}) / 1e3, 1),
        }

    def statements(self, sizes: Sequence[int]) -> list[int]:
        """Return how many statements the page takes with so many rows on it."""
        found = []
        for size in sizes:
            with mock.patch("core.queues.listing.PAGE_SIZE", size):
                cache.clear()
                with CaptureQueriesContext(connection) as captured:
                    self.client.get(self.paths[0])
            found.append(len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]))
        return found

    def _sent(self, path: str, **headers: str) -> int:
        """Return the bytes that a browser is sent."""
        return len(self.client.get(path, headers={"Accept-Encoding": "gzip", **headers}).content)

    def _timed(self, path: str) -> float:
        headers = {"HX-Request": "true"} if "after=" in path else {}
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{PATIENCE}'")
        begun = time.perf_counter()
        response = self.client.get(path, headers=headers)
        took = (time.perf_counter() - begun) * 1e3
        if response.status_code >= 500:
            return 15_000.0
        # A word that finds exactly one thing leads to it
        if response.status_code not in (200, 302) and path != EMPTY:
            raise AssertionError(f"{path} answers {response.status_code}")
        return took

    def _cpu(self, path: str) -> float:
        begun = time.process_time()
        self.client.get(path)
        return time.process_time() - begun


def visitors(chosen: set[str]) -> Iterator[Visitor]:
    """Yield whoever visits each page, or those chosen, of the database that the product works on."""
    user = User.objects.get(email="admin@demo.example")
    client = Client(headers={"host": "localhost"})
    client.raise_request_exception = False
    # That the empty page is found nowhere is no news
    logging.getLogger("django.request").setLevel(logging.ERROR)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    request = client.get("/orders/").wsgi_request
    pages = {**_queues(request, client, chosen), **_others()}
    for name, paths in pages.items():
        if not chosen or name in chosen:
            yield Visitor(client, name, paths)


def _queues(request: HttpRequest, client: Client, chosen: set[str]) -> dict[str, list[str]]:
    found = {}
    for name in sorted(_queue_names()):
        queue = queue_at(name, request) if not chosen or name in chosen else None
        if queue is not None:
            found[name] = list(dict.fromkeys(_addresses(queue, client)))
    return found


def _queue_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """Yield the names of all queues whose address needs no document."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from _queue_names(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif not entry.pattern.converters:
            view = getattr(entry.callback, "view_class", None)
            if isinstance(view, type) and issubclass(view, QueueView):
                yield f"{namespace}{entry.name}"


def _addresses(queue: QueueView, client: Client) -> Iterator[str]:
    """Yield the addresses of a queue: tabs, orders, filters, words, and the middle of each tab."""
    # A tab that others open with is one that a person opens most
    yield queue.url(view="0")
    tabs: list[str | None] = [tab.slug for tab in queue.tabs] or [None]
    for shown in queue.tabs or [None]:
        yield queue.url(tab=shown.slug if shown else None)
        yield from _further(queue, client, shown)
    for name, column in queue.table_class.base_columns.items():
        if column.orderable is not False and column.visible:
            for tab in (tabs[0], tabs[-1]):
                yield queue.url(tab=tab, sort=name)
                yield queue.url(tab=tab, sort=f"-{name}")
    for name, filter_ in queue.get_filterset(queue.filterset_class).form.fields.items():
        for value, _label in list(getattr(filter_, "choices", ()))[1 : CHOICES + 1]:
            yield queue.url(tab=tabs[-1], **{name: str(value)})
    for word in _words():
        yield queue.url(tab=tabs[-1], q=word)


def _further(queue: QueueView, client: Client, tab: Tab | None) -> Iterator[str]:
    """Yield the second page of a tab, and of an archive one from its middle."""
    page = client.get(queue.url(tab=tab.slug if tab else None), follow=True).text
    if following := _FOLLOWING.search(page):
        yield unescape(following[1])
    if tab and tab.is_archive:
        rows = queue.model._default_manager.all()
        last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
        later = KeysetPager(rows.filter(pk__gte=last // 2), SortKey("pk"), size=1)
        yield queue.url(tab=tab.slug, after=later.page().after)


def _words() -> list[str]:
    order = SalesOrder.objects.filter(number__isnull=False).order_by("-pk")[100]
    customer = Customer.objects.order_by("pk")[1]
    product = Product.objects.order_by("pk")[50]
    return [str(order.number), order.po_number, customer.name, customer.number, product.sku, NOWHERE]


def _some(rows: Any) -> list[int]:
    """Return the keys of rows that are spread over the table."""
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    keys = [
        rows.filter(pk__gte=last * place // DOCUMENTS).order_by("pk").values_list("pk", flat=True).first()
        for place in range(DOCUMENTS)
    ]
    return [key for key in dict.fromkeys(keys) if key]


def _others() -> dict[str, list[str]]:
    """Return the addresses of pages that are no queue."""
    documents = {
        "orders:detail": SalesOrder,
        "billing:invoice": Invoice,
        "billing:payment": Payment,
        "shipping:shipment": Shipment,
        "returns:return": ReturnOrder,
        "inventory:product": Product,
        "supply:order": SupplierOrder,
    }
    shipment, invoice = Shipment.objects.order_by("-pk")[3], Invoice.objects.order_by("-pk")[3]
    words = [*_words(), shipment.tracking_number, str(invoice.number), "12"]
    board, today = reverse("dashboards:board"), timezone.localdate()
    return {
        **{
            name: [reverse(name, args=[pk]) for pk in _some(model._default_manager.all())]
            for name, model in documents.items()
        },
        "core:search": [f"{reverse('core:search')}?q={word}" for word in words],
        "core:work": [reverse("core:work")],
        "core:alerts": [reverse("core:alerts")],
        "dashboards:board": [board, *(f"{board}?since={today - timedelta(days=days)}" for days in PERIODS)],
    }
