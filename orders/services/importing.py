"""Taking a file of orders in: good rows become draft orders, the others are named with a reason (PRODUCT.md A14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from core.models import User
from core.refusals import Refused
from core.roles import require
from inventory.models import Product
from orders.models import Customer, CustomerPO
from orders.order_file import FileDocument, FileRow, OrderFileError, read_order_file
from orders.services.drafting import Created, LineDraft, OrderDraft, OrderInvalid
from orders.services.ordering import create_orders

SLICE = 50


class OrderFileRefused(Refused):
    """A file could not be read as orders at all; nothing of it was taken in."""

    code = "order_file_refused"


@dataclass(frozen=True, slots=True)
class RowRefused:
    """One row that was not taken in: its line in the file, the column at fault ("" for the whole row), and why."""

    line_number: int
    column: str
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file: the orders made, how many of its rows they hold, and every other row with its reason."""

    header: tuple[str, ...]
    encoding: str
    delimiter: str
    order_ids: tuple[int, ...]
    accepted_rows: int
    refused: tuple[RowRefused, ...]


def import_order_file(
    *,
    data: bytes,
    source: str,
    actor: User,
    at: datetime,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> ImportReport:
    """Take the orders of a CSV file in as drafts, in slices of 50 orders that each commit whole.

    A row with an unknown SKU is refused alone; an unknown customer or a PO number that is on an order already refuses
    the document's rows. The same file again makes nothing twice. `progress` is told documents done of all.

    :raises NotAllowed: where the actor may not import.
    :raises OrderFileRefused: where the file cannot be read as orders.
    """
    require(actor, "orders.import")
    company = actor.company
    try:
        file = read_order_file(data, tz=company.zone, today=at.astimezone(company.zone).date())
    except OrderFileError as error:
        raise OrderFileRefused(str(error)) from error
    # Numbers and SKUs are unique in one company only
    customers = dict(Customer.objects.filter(company=company).values_list("number", "pk"))
    products = dict(Product.objects.filter(company=company).values_list("sku", "pk"))
    refused = [RowRefused(row.line_number, row.column, row.reason, row.raw) for row in file.refused_rows]
    order_ids: list[int] = []
    accepted = done = 0
    for documents in _slices(file.documents, SLICE):
        drafts: list[tuple[FileDocument, list[FileRow], OrderDraft]] = []
        for document in documents:
            known = [row for row in document.rows if row.sku in products]
            if document.customer_number not in customers:
                refused += _refuse(document.rows, "customer", f"There is no customer {document.customer_number}.")
                continue
            for row in document.rows:
                if row.sku not in products:
                    refused += _refuse([row], "SKU", f"There is no product {row.sku}.")
            if known:
                customer_id = customers[document.customer_number]
                drafts.append((document, known, _draft(document, known, customer_id, products, source)))
        results = _create([draft for _document, _rows, draft in drafts], actor, at)
        for (_document, rows, _), result in zip(drafts, results, strict=True):
            if isinstance(result, Created):
                order_ids.append(result.order_id)
                accepted += len(rows)
            else:
                refused += _explain(rows, result)
        done += len(documents)
        progress(done, len(file.documents))
    return ImportReport(
        header=file.header,
        encoding=file.encoding,
        delimiter=file.delimiter,
        order_ids=tuple(order_ids),
        accepted_rows=accepted,
        refused=tuple(sorted(refused, key=lambda row: row.line_number)),
    )


def _create(drafts: Sequence[OrderDraft], actor: User, at: datetime) -> list[Created | OrderInvalid]:
    try:
        return create_orders(drafts=drafts, actor=actor, at=at)
    except OrderInvalid:  # somebody took one of the PO numbers in at this moment; it is seen now, and refused alone
        return create_orders(drafts=drafts, actor=actor, at=at)


def _draft(
    document: FileDocument,
    rows: Sequence[FileRow],
    customer_id: int,
    products: Mapping[str, int],
    source: str,
) -> OrderDraft:
    day = document.ordered_at.date()
    return OrderDraft(
        customer_id=customer_id,
        po_number=document.po_number,
        ordered_on=day,
        requested_on=day,
        lines=[LineDraft(products[row.sku], row.quantity, row.price, description=row.description) for row in rows],
        channel=CustomerPO.Channel.FILE,
        source=source,
        content={"rows": {str(row.line_number): row.raw for row in document.rows}},
    )


def _explain(rows: Sequence[FileRow], invalid: OrderInvalid) -> Iterator[RowRefused]:
    """Refuse all rows of a document, those at fault with their own sentence."""
    own = {key[0]: (key[1], text) for key, text in invalid.errors.items() if isinstance(key, tuple)}
    whole = " ".join(text for key, text in invalid.errors.items() if not isinstance(key, tuple))
    for index, row in enumerate(rows):
        column, reason = own.get(index, ("", whole or "Another row of this order was refused."))
        yield RowRefused(row.line_number, column, reason, row.raw)


def _refuse(rows: Iterable[FileRow], column: str, reason: str) -> list[RowRefused]:
    return [RowRefused(row.line_number, column, reason, row.raw) for row in rows]


def _slices(documents: Sequence[FileDocument], size: int) -> Iterator[list[FileDocument]]:
    rest = iter(documents)
    while batch := list(islice(rest, size)):
        yield batch
