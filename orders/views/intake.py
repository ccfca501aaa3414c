"""Importing a file of orders: the upload, and what came of it, row by refused row."""

from __future__ import annotations

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from core.exports import csv_lines
from core.pages import VerbRequiredMixin, person, wants_fragment
from orders import services

MAX_BYTES = 5 * 1024 * 1024
SHOWN_ROWS = 200


class ImportOrdersView(VerbRequiredMixin, View):
    """Takes a CSV file of orders in as drafts.

    The same file again makes nothing twice: its PO numbers are on orders already.
    """

    verb = "orders.import"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what a file must have, and the box for it."""
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Import the file, and answer with what came of it."""
        file: Any = request.FILES.get("file")
        if file is None:
            return self.page(status=422, error="Choose a file first.")
        if file.size > MAX_BYTES:
            size = f"{file.size / 1024**2:.0f} MB"
            sentence = (
                f"{file.name} has {size}; this page takes up to 5 MB. Split it, or have it imported on the server."
            )
            return self.page(status=422, error=sentence)
        try:
            report = services.import_order_file(
                data=file.read(), source=file.name, actor=person(request), at=timezone.now()
            )
        except services.OrderFileRefused as refused:
            return self.page(status=422, error=refused.sentence, file_name=file.name)
        return self.page(report=report, file_name=file.name, **_refused(report, file.name))

    def page(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Return the page, or to htmx what came of the file."""
        template = "orders/_import_report.html" if wants_fragment(self.request) else "orders/import.html"
        return render(self.request, template, {"title": "Import orders", **context}, status=status)


def _refused(report: services.ImportReport, name: str) -> dict[str, Any]:
    """Return the first refused rows, how many more there are, and a file of all of them to mend and send again."""
    if not report.refused:
        return {}
    width = len(report.header)
    rows = ([*row.cells[:width], *[""] * (width - len(row.cells)), row.reason] for row in report.refused)
    text = "".join(csv_lines([*report.header, "Reason"], rows))
    stem = name.rsplit(".", 1)[0]
    return {
        "refused": report.refused[:SHOWN_ROWS],
        "more_refused": max(0, len(report.refused) - SHOWN_ROWS),
        "refused_name": f"{stem}-refused.csv",
        "refused_file": "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode()).decode(),
    }
