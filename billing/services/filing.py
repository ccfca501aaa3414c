"""Filing the paper of an invoice: printed once, kept byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from billing.models import InvoiceDocument
from core.transactions import atomic


@atomic
def store_documents(*, documents: Mapping[int, bytes]) -> None:
    """Store the printed documents by invoice id; one that is stored already stays as it is."""
    InvoiceDocument.objects.bulk_create(
        [
            InvoiceDocument(invoice_id=invoice_id, content=content, sha256=hashlib.sha256(content).hexdigest())
            for invoice_id, content in sorted(documents.items())
        ],
        ignore_conflicts=True,
    )
