"""Changing and discarding drafts: all lines are put anew, and what that changed is in the event log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import bulk, transitions
from core.models import User
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries
from orders.models import OrderEvent, SalesOrder, SalesOrderLine
from orders.queries import changes as change_queries
from orders.services.confirming import Confirmed, confirm_orders
from orders.services.drafting import (
    DuplicatePO,
    OrderDraft,
    OrderInvalid,
    build,
    draft_terms,
    errors_of,
    product_terms,
)
from orders.services.recording import Fact, record
from orders.services.sheets import finish_sheets

PriceSource = SalesOrderLine.PriceSource
_HEAD = ("po_number", "ordered_on", "requested_on", "ship_to", "discount")
_TERMS = (
    "channel_id",
    "po_key",
    "po_release",
    "bill_to",
    "terms_days",
    "tax_exemption",
    "currency",
    "discount_percent",
    "net",
    "tax",
    "gross",
)
_LINE = ("quantity", "price", "discount_percent")
_COMPUTED = (
    *("position", "description", "price_source", "price_reason", "order_discount"),
    *("tax_category", "tax_rate", "net"),
)


@dataclass(frozen=True, slots=True)
class DraftChange:
    """A draft as it shall be, whole. `seen` is the last change that its editor knows of; without one all is known."""

    order_id: int
    draft: OrderDraft
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A draft as it is after a change; `confirmed` where that was asked for too."""

    order_id: int
    net: Decimal
    gross: Decimal
    confirmed: Confirmed | Refused | None = None


class DraftChangedMeanwhile(ChangedMeanwhile):
    """Somebody else changed the draft since its editor read it; nothing was written."""

    code = "draft_changed_meanwhile"


@atomic
def change_drafts(
    *, changes: Sequence[DraftChange], actor: User, at: datetime, confirm: bool = False
) -> dict[int, Changed | Refused]:
    """Change drafts, and confirm those that were changed where asked; each is changed whole or refused with its reason.

    Lines of a product that stood on the draft before stay the same rows. The customer cannot become another.

    :raises NotAllowed: where the actor may not create orders, or not confirm where that is asked.
    """
    require(actor, "orders.create")
    by_id = {change.order_id: change for change in changes}
    # Confirming moves credit, and accounts are locked before orders
    locked = queries.locked_orders_after_credit if confirm else queries.locked_orders
    orders = locked(actor.company_ids, list(by_id))
    blocked = queries.blockers([order.pk for order in orders], "orders.edit")
    results: dict[int, Changed | Refused] = {}
    clear = []
    latest = change_queries.latest_changes([order.pk for order in orders])
    for order in orders:
        seen = by_id[order.pk].seen
        if order.pk in blocked:
            results[order.pk] = Blocked.because(blocked[order.pk])
        elif seen is not None and seen != latest.get(order.pk, 0):
            results[order.pk] = DraftChangedMeanwhile("Somebody changed this draft since you opened it. Look again.")
        else:
            clear.append(order)
    drafts = [by_id[order.pk].draft for order in clear]
    terms = draft_terms(drafts, actor, [order.pk for order in clear])
    products = product_terms(drafts, terms, actor)
    skus = {pk: product.sku for pk, product in products.items()}
    old_lines: dict[int, list[SalesOrderLine]] = {order.pk: [] for order in clear}
    for line in SalesOrderLine.objects.filter(order__in=clear).select_related("product").locked():
        old_lines[line.order_id].append(line)
        skus[line.product_id] = line.product.sku
    written = _Written()
    for index, (order, draft) in enumerate(zip(clear, drafts, strict=True)):
        term = terms.get(index)
        errors = errors_of(draft, term, products, at)
        if draft.customer_id != order.customer_id:
            errors["customer"] = "A draft stays its customer’s: discard it and key it for the other one."
        if errors:
            results[order.pk] = OrderInvalid(errors)
            continue
        assert term is not None
        after, _po, lines = build(draft, term, products, actor, at)
        if after.po_key == order.po_key:
            after.po_release = order.po_release
        elif term.same_order_id is not None and not draft.is_additional:
            results[order.pk] = DuplicatePO(draft.po_number, term.same_order_id, term.same_order_number)
            continue
        before = sorted(old_lines[order.pk], key=lambda line: line.position)
        written.change(order, after, before, lines, skus)
        results[order.pk] = Changed(order.pk, after.net, after.gross)
    written.save(actor, at)
    sheets = [draft.sheet for draft in drafts if draft.sheet is not None]
    if sheets and any(isinstance(result, Changed) for result in results.values()):
        finish_sheets(tokens=sheets, actor=actor, at=at)
    return _confirmed(results, actor, at) if confirm else results


@atomic
def discard_drafts(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, SalesOrder | Refused]:
    """Discard drafts: they stay to be read, as cancelled orders without a number, and their PO numbers are free again.

    :raises NotAllowed: where the actor may not create orders.
    """
    require(actor, "orders.create")
    orders = queries.locked_orders(actor.company_ids, list(order_ids))
    blocked = queries.blockers([order.pk for order in orders], "orders.discard")
    clear = [order for order in orders if order.pk not in blocked]
    transitions.apply(clear, "cancel", at=at)
    _record(((order, OrderEvent.Kind.DISCARDED, {}) for order in clear), actor, at)
    return {
        order.pk: Blocked.because(blocked[order.pk]) if order.pk in blocked else order  # one answer for each
        for order in orders
    }


def _confirmed(results: Mapping[int, Changed | Refused], actor: User, at: datetime) -> dict[int, Changed | Refused]:
    """Return the results with what came of confirming those that were changed."""
    changed = [pk for pk, result in results.items() if isinstance(result, Changed)]
    confirmed = confirm_orders(order_ids=changed, actor=actor, at=at)
    return {
        pk: Changed(pk, result.net, result.gross, confirmed[pk]) if isinstance(result, Changed) else result
        for pk, result in results.items()
    }


class _Written:
    """What changing several drafts comes to, gathered so that each kind of row is written by one statement."""

    def __init__(self) -> None:
        self.orders: list[SalesOrder] = []
        self.dropped: list[int] = []
        self.kept: list[SalesOrderLine] = []
        self.added: list[SalesOrderLine] = []
        self.facts: list[tuple[SalesOrder, OrderEvent.Kind, dict[str, Any]]] = []

    def change(
        self,
        order: SalesOrder,
        after: SalesOrder,
        before: Sequence[SalesOrderLine],
        lines: Sequence[SalesOrderLine],
        skus: Mapping[int, str],
    ) -> None:
        """Put an order's new head and lines in the place of the old ones, unless they are the same."""
        pairs = list(_paired(before, lines))
        for old, new in pairs:
            if old is not None and new is not None:
                _carry_over(old, new)
        found = [*_head_changes(order, after), *_line_changes(pairs, skus)]
        computed = [name for name in (*_HEAD, *_TERMS) if getattr(order, name) != getattr(after, name)]
        touched = [
            name
            for old, new in pairs
            if old is not None and new is not None
            for name in (*_LINE, *_COMPUTED)
            if getattr(old, name) != getattr(new, name)
        ]
        if not found and not computed and not touched:
            return
        for name in (*_HEAD, *_TERMS):
            setattr(order, name, getattr(after, name))
        for old, new in pairs:
            if new is None:
                assert old is not None
                self.dropped.append(old.pk)
            elif old is None:
                new.order = order
                self.added.append(new)
            else:
                for name in (*_LINE, *_COMPUTED):
                    setattr(old, name, getattr(new, name))
                self.kept.append(old)
        self.orders.append(order)
        self.facts.append((order, OrderEvent.Kind.CHANGED, {"lines": len(lines), "changes": found}))

    def save(self, actor: User, at: datetime) -> None:
        """Write it all."""
        bulk.update(self.orders, [*_HEAD, *_TERMS])
        if self.dropped:
            SalesOrderLine.objects.filter(pk__in=self.dropped).delete()
        bulk.update(self.kept, [*_LINE, *_COMPUTED])
        bulk.insert(self.added)
        _record(self.facts, actor, at)


def _paired(
    before: Sequence[SalesOrderLine], after: Sequence[SalesOrderLine]
) -> Iterator[tuple[SalesOrderLine | None, SalesOrderLine | None]]:
    """Yield each new line with the old one of its product, in their order; what has none stands alone."""
    waiting: dict[int, list[SalesOrderLine]] = {}
    for line in before:
        waiting.setdefault(line.product_id, []).append(line)
    for line in after:
        of_product = waiting.get(line.product_id)
        yield (of_product.pop(0) if of_product else None), line
    for rest in waiting.values():
        for line in rest:
            yield line, None


def _carry_over(old: SalesOrderLine, new: SalesOrderLine) -> None:
    """Keep what the form does not show: the document's own words, and that an untouched price is the document's."""
    new.description = old.description
    if new.price_source == PriceSource.MANUAL and old.price_source == PriceSource.DOCUMENT and new.price == old.price:
        new.price_source = old.price_source


def _head_changes(before: SalesOrder, after: SalesOrder) -> Iterator[dict[str, str]]:
    for name in _HEAD:
        old, new = getattr(before, name), getattr(after, name)
        if name == "ship_to" and old != new:
            yield {"field": name}  # an address is personal: the log says that it is another, not which
        elif old != new:
            yield {"field": name, "from": _said(old), "to": _said(new)}


def _line_changes(
    pairs: Sequence[tuple[SalesOrderLine | None, SalesOrderLine | None]], skus: Mapping[int, str]
) -> Iterator[dict[str, str]]:
    for old, new in pairs:
        if old is None and new is not None:
            yield {"line": skus[new.product_id], "field": "added", "to": _said(new.quantity)}
        elif new is None and old is not None:
            yield {"line": skus[old.product_id], "field": "removed", "from": _said(old.quantity)}
        elif old is not None and new is not None:
            for name in _LINE:
                was, is_now = getattr(old, name), getattr(new, name)
                if was != is_now:
                    yield {"line": skus[new.product_id], "field": name, "from": _said(was), "to": _said(is_now)}


def _said(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _record(
    facts: Iterator[tuple[SalesOrder, OrderEvent.Kind, dict[str, Any]]]
    | Sequence[tuple[SalesOrder, OrderEvent.Kind, dict[str, Any]]],
    actor: User,
    at: datetime,
) -> None:
    record(
        facts=[Fact(order.pk, order.company_id, kind, "order", order.pk, data) for order, kind, data in facts],
        actor=actor,
        at=at,
    )
