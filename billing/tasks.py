"""Billing's jobs: printing what was posted, once, and finding what a lost job left unprinted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from procrastinate.contrib.django import app

from billing import documents, queries, services

# Printing takes a second a page; in a queue of its own it keeps no wave and no order from being completed.
PAPERS = "papers"


@app.task(name="billing.render_invoices", queue=PAPERS)
def render_invoices(invoice_ids: Sequence[int]) -> None:
    """Print the invoices that are not printed yet and file each at once; the rest go on where one cannot be printed.

    :raises ExceptionGroup: with what went wrong, so that the job is marked as failed.
    """
    failures = []
    for invoice in queries.invoices_without_document(invoice_ids):
        try:
            content = documents.render_invoice({**invoice.snapshot, "number": invoice.number})
            services.store_documents(documents={invoice.pk: content})
        except Exception as error:  # one that cannot be printed must not keep the others from their paper
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} invoices could not be printed", failures)


@app.periodic(cron="* * * * * */2")
@app.task(name="billing.render_posted_invoices", queueing_lock="billing.render_posted_invoices", queue=PAPERS)
def render_posted_invoices(timestamp: int) -> None:
    """Print what was posted within the last minute (ADR 0004)."""
    render_invoices(queries.ids_to_print(datetime.fromtimestamp(timestamp, UTC)))


@app.periodic(cron="* * * * *")
@app.task(name="billing.render_lost_invoices", queueing_lock="billing.render_lost_invoices", queue=PAPERS)
def render_lost_invoices(timestamp: int) -> None:
    """Print what was posted more than a minute ago and has no document still: it came in a crowd, or failed."""
    render_invoices(queries.ids_to_print(datetime.fromtimestamp(timestamp, UTC), is_late=True))
