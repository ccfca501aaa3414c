"""Taking files of orders in: rows of a customer and PO number become a draft, and no row is taken in twice (A14)."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from core import intake
from core.intake import Group, ImportKind, Origin, RowResult, StagedRow
from core.models import FileImport, ImportRow, User
from core.text import normalized_reference
from inventory.models import Channel, Product
from orders import order_file
from orders.models import Customer, CustomerPO, SalesOrder
from orders.services.drafting import Created, DuplicatePO, LineDraft, OrderDraft, OrderInvalid
from orders.services.ordering import create_orders

KIND = "orders"
# Where a draft's fields come from among the columns
_COLUMN_OF = {"product": "sku", "requested_on": "ordered_at", "ship_to": "customer", "lines": ""}


@dataclass(frozen=True, slots=True)
class RowRefused:
    """One row that was not taken in: its line in the file, the column at fault ("" for the whole row), and why."""

    line_number: int
    column: str
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file: the orders made, how many of its rows they hold, how many stood before, and the rest."""

    import_id: int
    header: tuple[str, ...]
    encoding: str
    delimiter: str
    order_ids: tuple[int, ...]
    accepted_rows: int
    same_rows: int
    refused_rows: int
    refused: tuple[RowRefused, ...]


def import_order_file(
    *,
    data: bytes,
    source: str,
    actor: User,
    at: datetime,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> ImportReport:
    """Take the orders of a file in as drafts while the caller waits, in slices of 50 orders that each commit whole.

    A row with an unknown SKU is refused alone; an unknown customer or a PO number that is on an order already refuses
    the document's rows. The same rows again make nothing twice. `progress` is told rows done of all.

    :raises NotAllowed: where the actor may not import.
    :raises FileRefused: where the file cannot be read as orders.
    """
    run = intake.receive(kind=KIND, name=source, content=io.BytesIO(data), actor=actor, at=at)
    return load_orders_of(run=run, actor=actor, clock=lambda: at, progress=progress)


def load_orders_of(
    *,
    run: FileImport,
    actor: User,
    clock: Callable[[], datetime],
    progress: Callable[[int, int], None],
    is_dry: bool = False,
    most_refused: int | None = None,
) -> ImportReport:
    """Take the orders of an import in that nobody maps by hand, or only try them, and report.

    The report holds the first `most_refused` of the refused rows, or all.

    :raises FileRefused: where its columns are not told by its header, or it cannot be read to its end.
    """
    intake.find_columns(run=run)
    begin = intake.check_file if is_dry else intake.load_file
    begin(import_id=run.pk, actor=actor, at=clock(), in_background=False)
    ended = intake.run_to_end(import_id=run.pk, clock=clock, progress=lambda now: progress(now.handled, now.to_handle))
    if ended.status not in (FileImport.Status.DONE, FileImport.Status.CHECKED):
        raise intake.FileRefused(ended.fault)
    return report_of(run=ended, most_refused=most_refused)


def report_of(*, run: FileImport, most_refused: int | None = None) -> ImportReport:
    """Return what came of an import of orders, with the first of the refused rows, or all."""
    rows = ImportRow.objects.filter(run=run)
    made = rows.filter(state=ImportRow.State.LOADED).order_by("made_id")
    return ImportReport(
        import_id=run.pk,
        header=tuple(run.header),
        encoding=run.layout["encoding"],
        delimiter=run.layout["delimiter"],
        order_ids=tuple(made_id for made_id in made.values_list("made_id", flat=True).distinct() if made_id),
        accepted_rows=run.loaded or run.good,
        same_rows=run.same,
        refused_rows=run.refused,
        refused=tuple(islice(_each_refused(run), most_refused)),
    )


def _each_refused(run: FileImport) -> Iterator[RowRefused]:
    rows = ImportRow.objects.filter(run=run, state=ImportRow.State.REFUSED).order_by("number")
    for number, column, reason, cells in rows.values_list("number", "column", "reason", "cells").iterator():
        yield RowRefused(number, column, reason, tuple(cells))


@dataclass(frozen=True, slots=True)
class _Document:
    """The rows of one PO number of one customer, those of them that can be ordered, and what was left out before."""

    group: Group
    rows: Sequence[StagedRow]
    draft: OrderDraft


def take_orders(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Make a draft of each group's rows, or say of each row why not; rows that were taken in before are left."""
    results: dict[int, RowResult] = {}
    numbers = {group.rows[0].values["customer"] for group in groups}
    skus = {row.values["sku"] for group in groups for row in group.rows}
    # Numbers and SKUs are unique in one company only
    customers = dict(Customer.objects.filter(company=origin.company_id, number__in=numbers).values_list("number", "pk"))
    products = dict(Product.objects.filter(company=origin.company_id, sku__in=skus).values_list("sku", "pk"))
    codes = {row.values["channel"] for group in groups for row in group.rows if row.values.get("channel")}
    channels = (
        dict(Channel.objects.filter(company=origin.company_id, code__in=codes).values_list("code", "pk"))
        if codes
        else {}
    )
    documents: list[_Document] = []
    for group in groups:
        number = group.rows[0].values["customer"]
        if number not in customers:
            heading = origin.heading("customer")
            results |= {row.number: intake.refused(f"There is no customer {number}.", heading) for row in group.rows}
            continue
        sold_through = next((row.values["channel"] for row in group.rows if row.values.get("channel")), None)
        for row in group.rows:
            code = row.values.get("channel") or sold_through
            if row.values["sku"] not in products:
                reason = f"There is no product {row.values['sku']}."
                results[row.number] = origin.refused("sku", reason)
            elif code is not None and code not in channels:
                results[row.number] = origin.refused("channel", f"There is no channel {code}.")
            elif code != sold_through:
                reason = f"Another row of this order is sold through {sold_through}, and an order has one channel."
                results[row.number] = origin.refused("channel", reason)
        known = [row for row in group.rows if row.number not in results]
        if known:
            document = _document(group, known, customers[number], products, origin)
            sold = channels.get(sold_through or "")
            documents.append(replace(document, draft=replace(document.draft, sold_through_id=sold)))
    drafts = [document.draft for document in documents]
    duplicates: list[_Document] = []
    for document, outcome in zip(documents, _create(drafts, actor, at), strict=True):
        if isinstance(outcome, DuplicatePO):
            duplicates.append(document)
        results |= _results(document, outcome, origin)
    if duplicates:
        results |= _what_is_new(duplicates, customers, products, origin, actor, at)
    return results


def _document(
    group: Group, rows: Sequence[StagedRow], customer_id: int, products: Mapping[str, int], origin: Origin
) -> _Document:
    day = min(row.values["ordered_at"] for row in group.rows).date()
    draft = OrderDraft(
        customer_id=customer_id,
        po_number=rows[0].values["po_number"],
        ordered_on=day,
        requested_on=day,
        lines=[
            LineDraft(
                products[row.values["sku"]],
                row.values["quantity"],
                row.values["price"],
                description=row.values.get("description", ""),
            )
            for row in rows
        ],
        channel=CustomerPO.Channel.FILE,
        source=origin.file_name,
        content={
            "file": origin.file_id,
            "import": origin.import_id,
            "rows": {str(row.number): list(row.cells) for row in group.rows},
            "taken": [[row.values["sku"], *_said(row)] for row in rows],
            "left_out": group.left_out + len(group.rows) - len(rows),
        },
    )
    return _Document(group, rows, draft)


def _said(row: StagedRow) -> tuple[str, str]:
    """Return the content of a row, as it is compared with one that was taken in before."""
    quantity, price = (f"{row.values[name].normalize():f}" for name in ("quantity", "price"))
    return quantity, price


def _create(drafts: Sequence[OrderDraft], actor: User, at: datetime) -> list[Created | OrderInvalid]:
    if not drafts:
        return []
    try:
        return create_orders(drafts=drafts, actor=actor, at=at)
    except OrderInvalid:  # somebody took one of the PO numbers in at this moment; it is seen now, and refused alone
        return create_orders(drafts=drafts, actor=actor, at=at)


def _results(document: _Document, outcome: Created | OrderInvalid, origin: Origin) -> dict[int, RowResult]:
    """Return what became of a document's rows; of a refused one those at fault have their own sentence."""
    if isinstance(outcome, Created):
        return {row.number: intake.loaded(outcome.order_id) for row in document.rows}
    own = {key[0]: (key[1], text) for key, text in outcome.errors.items() if isinstance(key, tuple)}
    whole = [(key, text) for key, text in outcome.errors.items() if not isinstance(key, tuple)]
    other = ("", "Another row of this order was refused.")
    if whole:
        other = (whole[0][0], " ".join(text for _field, text in whole))
    found = {}
    for index, row in enumerate(document.rows):
        field, reason = own.get(index, other)
        found[row.number] = origin.refused(_COLUMN_OF.get(field, str(field)), reason)
    return found


def _what_is_new(
    documents: Sequence[_Document],
    customers: Mapping[str, int],
    products: Mapping[str, int],
    origin: Origin,
    actor: User,
    at: datetime,
) -> dict[int, RowResult]:
    """Find among the rows of POs that are on orders what was taken in before, and what was left out then.

    A row that says the same is there already. One that says something else of the same product is refused: the order
    is changed, not the file. Rows that were refused at the time and are mended now become one more release of the PO.
    """
    results: dict[int, RowResult] = {}
    before = _taken_before(documents, origin.company_id)
    mended: list[_Document] = []
    for document in documents:
        known = before.get((document.draft.customer_id, normalized_reference(document.draft.po_number)))
        if known is None:  # keyed by hand: the refusal that names that order stands
            continue
        for row in document.group.standing:  # found when the file was checked
            if _said(row) in known.taken[row.values["sku"]]:
                known.taken[row.values["sku"]].remove(_said(row))
        fresh: list[StagedRow] = []
        for row in document.rows:
            said, sku = _said(row), row.values["sku"]
            if said in known.taken[sku]:
                known.taken[sku].remove(said)
                results[row.number] = intake.same(f"It is on order {known.label} already.", known.order_id)
            else:
                fresh.append(row)
        changed = [row for row in fresh if known.taken[row.values["sku"]]]
        for row in changed:
            quantity, price = known.taken[row.values["sku"]].pop(0)
            results[row.number] = intake.refused(
                f"{row.values['sku']} was taken in for this PO with quantity {quantity} at {price},"
                f" as order {known.label}. Change that order.",
                origin.heading("quantity"),
            )
        fresh = [row for row in fresh if row.number not in results]
        if fresh and known.left_out:
            number = fresh[0].values["customer"]
            release = _document(Group(fresh), fresh, customers[number], products, origin)
            mended.append(
                replace(
                    release,
                    draft=replace(release.draft, is_additional=True, sold_through_id=document.draft.sold_through_id),
                )
            )
    for document, outcome in zip(mended, _create([one.draft for one in mended], actor, at), strict=True):
        results |= _results(document, outcome, origin)
    return results


@dataclass(slots=True)
class _Known:
    """What files brought for a PO: by SKU the quantities and prices of the rows, and whether rows were left out."""

    order_id: int
    label: str
    taken: dict[str, list[tuple[str, str]]]
    left_out: int = 0


def _taken_before(documents: Sequence[_Document], company_id: int) -> dict[tuple[int, str], _Known]:
    keys = {(one.draft.customer_id, normalized_reference(one.draft.po_number)) for one in documents}
    orders = SalesOrder.objects.filter(
        company=company_id,
        customer__in={customer for customer, _key in keys},
        po_key__in={key for _customer, key in keys},
        customer_po__channel=CustomerPO.Channel.FILE,
    ).exclude(status=SalesOrder.Status.CANCELLED)
    known: dict[tuple[int, str], _Known] = {}
    for order in orders.select_related("customer_po").order_by("pk"):
        one = known.setdefault((order.customer_id, order.po_key), _Known(order.pk, str(order), defaultdict(list)))
        assert order.customer_po is not None
        content = order.customer_po.content
        one.left_out += content.get("left_out", 0)
        for sku, quantity, price in content.get("taken", []):
            one.taken[sku].append((quantity, price))
    return known


ORDERS = ImportKind(
    name=KIND,
    label="Orders",
    noun="order",
    verb="orders.import",
    columns=order_file.COLUMNS,
    key=order_file.key,
    judge=order_file.judge,
    load=take_orders,
    page="orders:queue",
    icon="orders",
    about="Rows of one PO number of one customer become one draft order, at the prices of the file.",
)
