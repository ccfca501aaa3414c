"""A company that is years old: finished orders of three years, and thousands that are open, made of few by copying.

The demo's catalogue, places and customers; a day's orders taken by the services to their end, and a day's orders left
where they came to: drafts, waiting for stock, on hold, to release, to pick, to pack, to dispatch, to invoice, to be
paid, coming back. Copies of both make the years; balances, series and figures of days are made right afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from django.utils import timezone

from benchmarks.balances import COUNTED, KEPT, make_right, remember
from benchmarks.cloning import Cloner
from benchmarks.cluster import say
from billing import services as billing
from config.demo import reference
from core.models import Membership
from core.refusals import Refused
from core.roles import Role
from dashboards import services as dashboards
from inventory import services as inventory
from inventory.models import Product, StockPosting, Supplier, SupplierItem, Warehouse
from orders import services as sales
from orders.models import Hold, LinePart
from returns import services as returns
from returns.models import ReturnOrder
from shipping import services as shipping
from shipping.models import Shipment
from warehouse import services as warehouse

YEARS_AGO, LAST_WEEKS = 1_095, 30
LINES, BATCH, A_WAVE = 3, 100, 25
SOLD, SCARCE, STOCK = 1_000, 24, 200_000
# Of so many orders the busiest customer has so many
OF_WHOM = (2, 3)
# Where each of a thousand open orders stands, how many more there are whose goods have left, and supplier orders
# Of each there are more than fit on a page, or pages of two companies were compared by how much stands on them
OPEN = 1_000
STANDING = {"draft": 200, "waiting": 100, "held": 40, "confirmed": 260, "to_pick": 150, "to_pack": 100, "packed": 150}
GONE = {"to_invoice": 60, "unpaid": 150, "back": 180}
SUPPLIED = 120

_SUBJECTS = {
    "order": "orders_salesorder",
    "hold": "orders_hold",
    "invoice": "billing_invoice",
    "parcel": "warehouse_parcel",
    "payment": "billing_payment",
    "return": "returns_returnorder",
    "shipment": "shipping_shipment",
    "wave": "warehouse_wave",
}
_LOOSE = {
    "orders_orderevent": {
        "subject_id": {f"t.subject_kind = '{kind}'": table for kind, table in _SUBJECTS.items()},
    },
    "dashboards_occurrence": {
        "of_id": {
            "t.kind = 'SHORT'": "warehouse_picktask",
            "t.kind = 'HOLD'": "orders_hold",
            "true": "billing_invoice",
        },
    },
    "orders_salesorderhistory": {"pgh_obj_id": {"true": "orders_salesorder"}},
    "orders_salesorderlinehistory": {"pgh_obj_id": {"true": "orders_salesorderline"}},
}
_SPOKEN = {
    "orders_salesorder": {
        "number": "CASE WHEN t.number IS NOT NULL THEN 'SO-' || lpad({key}, greatest(6, length({key})), '0') END",
        "po_number": "t.po_number || '-' || g",
        "po_key": "t.po_key || g",
    },
    "orders_customerpo": {"number": "t.number || '-' || g"},
    "billing_invoice": {"number": "NULL"},
    "shipping_shipment": {"tracking_number": "'RM' || lpad({key}, 9, '0') || 'GB'"},
    "billing_payment": {"reference": "'Statement ' || {key}"},
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders there are and how many of them are open; a day that is copied has so many of either."""

    orders: int
    open: int
    day: int = OPEN

    @property
    def copies(self) -> tuple[int, int]:
        """How often the finished and the open day are copied."""
        return (self.orders - self.open) // self.day - 1, self.open // self.day - 1


def make_years(owner: psycopg.Connection[Any], size: Size) -> None:
    """Fill an empty database that the product works on.

    `owner` is a superuser's connection: a copy is as sound as what it was copied from, and no trigger looks twice.
    """
    company = Years(size.day)
    cloner = Cloner(owner, kept=[*COUNTED, *KEPT], loose=_LOOSE, spoken=_SPOKEN)
    begun = cloner.look()
    remember(owner, "begun")
    company.finish()
    company.roll_up()
    finished = cloner.look()
    remember(owner, "finished")
    company.leave_open()
    company.roll_up()
    past, present = cloner.stretch(begun, finished), cloner.stretch(finished, cloner.look())
    of_past, of_present = size.copies
    tables = sorted({*past.keys, *present.keys})
    span = YEARS_AGO - LAST_WEEKS
    say(f"  {of_past:,} copies of a finished day, {of_present:,} of an open one ...")
    owner.execute("SET session_replication_role = replica")
    with cloner.bare(tables):
        rows = cloner.copy(past, of_past, days=f"(g * {span} / {of_past})::int")
        middle = cloner.look()
        rows += cloner.copy(present, of_present)
        say(f"    {rows:,} rows; balances, numbers and figures ...")
        make_right(owner, past=of_past, present=of_present)
        churned = cloner.churn(cloner.stretch(begun, cloner.look()))
        say(f"    {churned:,} rows written once more; indexes ...")
    cloner.go_on(tables)
    # What is open leaves dead entries in the indexes as well
    cloner.churn(present, cloner.stretch(middle, cloner.look()))
    owner.execute("RESET session_replication_role")
    owner.execute("ANALYZE")


class Years:
    """The company, and what its people did on the two days that are copied."""

    def __init__(self, day: int) -> None:
        self.day, self.dice = day, random.Random(8)  # noqa: S311
        self.now = timezone.now().replace(hour=9, minute=0)
        self.then = self.now - timedelta(days=YEARS_AGO)
        self.company = reference.make_company()
        self.actor = reference.make_people(self.company)
        # One person who may see every queue
        job = Membership.objects.get(user=self.actor, company=self.company)
        job.roles = [Role.ADMINISTRATOR]
        job.save()
        world = reference.make_world(self.company, self.actor, since=self.then - timedelta(days=1))
        self.customers = list(world.customers.values())
        plain = Product.objects.filter(
            kind=Product.Kind.STOCK, tracking=Product.Tracking.NONE, costing=Product.Costing.AVERAGE, is_active=True
        )
        known = set(plain.filter(pk__in=world.products.values()).values_list("sku", flat=True))
        shelved = [sku for sku in sorted(known) if world.shelves[sku]]
        self.shelves = {world.products[sku]: world.shelves[sku][0] for sku in shelved[: SOLD + SCARCE]}
        self.scarce, self.sold = list(self.shelves)[:SCARCE], list(self.shelves)[SCARCE:]
        self._stock()

    def finish(self) -> None:
        """Take a day's orders from their keying to the end, years ago."""
        for batch in _slices(self.day, BATCH):
            ids = self._take(batch, self.then, self.customers)
            self._send(ids, self.then + timedelta(days=1))
            self._deliver(ids, self.then + timedelta(days=3))
            self._invoice(ids, self.then + timedelta(days=1, hours=6))
            self._pay(ids, self.then + timedelta(days=20))
        self._close(self.then + timedelta(days=21))

    def leave_open(self) -> None:
        """Take a day's orders as far as each came by now."""
        taken = {name: self._share(count) for name, count in {**STANDING, **GONE}.items()}
        ids = {name: self._some(name, count) for name, count in taken.items()}
        terms = sales.HoldTerms(Hold.Kind.CUSTOMER, True, "Rang: wants it in one delivery with the next order.")
        _done(sales.hold_orders(order_ids=ids["held"], terms=terms, **self._at(2)))
        for name in ("to_pick", "to_pack", "packed"):
            for wave in _chunks(ids[name], A_WAVE):
                _done(warehouse.release_orders(order_ids=wave, **self._at(5)))
                if name != "to_pick":
                    _done(warehouse.pick_orders(order_ids=wave, **self._at(4)))
                if name == "packed":
                    _done(warehouse.pack_orders(order_ids=wave, **self._at(3)))
        gone = [pk for name in GONE for pk in ids[name]]
        for batch in _chunks(gone, BATCH):
            self._send(batch, self.now - timedelta(days=4))
        billed = ids["unpaid"] + ids["back"]
        self._invoice(billed, self.now - timedelta(days=4))
        self._deliver(billed, self.now - timedelta(days=2))
        self._pay(ids["back"], self.now - timedelta(days=1))
        self._bring_back(ids["back"])
        self._buy()
        self._close(self.now)

    def roll_up(self) -> None:
        """Bring the manager's figures up to date."""
        dashboards.roll_up(company_id=self.company.pk, at=timezone.now())

    def _share(self, of_a_thousand: int) -> int:
        return max(of_a_thousand * self.day // OPEN, 3)

    def _at(self, hours: float = 0, moment: datetime | None = None) -> dict[str, Any]:
        return {"actor": self.actor, "at": (moment or self.now) - timedelta(hours=hours)}

    def _stock(self) -> None:
        """Fill the shelves for years, but for what is scarce."""
        for batch in _chunks(self.sold, 500):
            inventory.receive_stock(
                company_id=self.company.pk,
                lines=[
                    inventory.ReceiptLine(
                        self.shelves[pk].bin_id, pk, Decimal(STOCK), STOCK * self.shelves[pk].unit_cost
                    )
                    for pk in batch
                ],
                kind=StockPosting.Kind.OPENING,
                reference="Opening stock",
                **self._at(1, self.then),
            )

    def _take(self, count: int, at: datetime, customers: Sequence[int], *, product: int | None = None) -> list[int]:
        drafts = [self._draft(at, self.dice.choice(customers), product) for _ in range(count)]
        made = sales.create_and_confirm_orders(drafts=drafts, actor=self.actor, at=at)
        return [_taken(one).created.order_id for one in made]

    def _some(self, name: str, count: int) -> list[int]:
        """Take orders of the last weeks in, most of them of one customer."""
        most, whole = OF_WHOM
        customers = [*self.customers[:1] * (most * 50), *self.dice.sample(self.customers[1:], (whole - most) * 50)]
        at = self.now - timedelta(days=5)
        if name == "draft":
            drafts = [self._draft(at, self.dice.choice(customers)) for _ in range(count)]
            return [_taken(one).order_id for one in sales.create_orders(drafts=drafts, actor=self.actor, at=at)]
        return [
            pk
            for batch in _slices(count, BATCH)
            for pk in self._take(
                batch, at, customers, product=self.dice.choice(self.scarce) if name == "waiting" else None
            )
        ]

    def _draft(self, at: datetime, customer_id: int, product: int | None = None) -> sales.OrderDraft:
        day = at.date()
        is_old = day < self.now.date() - timedelta(days=LAST_WEEKS)
        wanted = day + timedelta(days=5) if is_old else self.now.date() + timedelta(days=self.dice.randint(-4, 20))
        products = self.dice.sample(self.sold, LINES)
        if product is not None:
            products[0] = product
        return sales.OrderDraft(
            customer_id=customer_id,
            po_number=f"PO-{self.dice.getrandbits(40):012X}",
            ordered_on=day,
            requested_on=max(wanted, day),
            lines=[sales.LineDraft(pk, Decimal(self.dice.randint(1, 5)), Decimal(3)) for pk in products],
        )

    def _send(self, ids: Sequence[int], at: datetime) -> None:
        for wave in _chunks(ids, A_WAVE):
            _done(warehouse.release_orders(order_ids=wave, actor=self.actor, at=at))
            _done(warehouse.pick_orders(order_ids=wave, actor=self.actor, at=at + timedelta(hours=2)))
            _done(warehouse.pack_orders(order_ids=wave, actor=self.actor, at=at + timedelta(hours=4)))
            sent: dict[str, Any] = {
                "carrier": "Royal Mail",
                "tracking_number": "",
                "actor": self.actor,
                "at": at + timedelta(hours=5),
            }
            _done(shipping.dispatch_orders(order_ids=wave, **sent))

    def _deliver(self, ids: Sequence[int], at: datetime) -> None:
        shipments = list(Shipment.objects.filter(order__in=ids).values_list("pk", flat=True))
        arrived: dict[str, Any] = {
            "received_by": "Goods in",
            "received_at": at,
            "actor": self.actor,
            "at": at + timedelta(hours=1),
        }
        _done(shipping.deliver_shipments(shipment_ids=shipments, **arrived))

    def _invoice(self, ids: Sequence[int], at: datetime) -> None:
        for batch in _chunks(ids, BATCH):
            _done(billing.invoice_orders(order_ids=batch, actor=self.actor, at=at))

    def _pay(self, ids: Sequence[int], at: datetime) -> None:
        for batch in _chunks(ids, BATCH):
            _done(billing.pay_orders(order_ids=batch, actor=self.actor, at=at))

    def _close(self, at: datetime) -> None:
        warehouse.complete_waves(at=at)
        sales.complete_orders(at=at, limit=self.day)
        sales.close_orders(at=at, limit=self.day)

    def _bring_back(self, ids: Sequence[int]) -> None:
        """Have goods of orders come back: asked for, on their way, and arrived."""
        parts = LinePart.objects.filter(order__in=ids).order_by("order_id", "-pk")
        first = {part.order_id: part for part in parts}
        drafts = [
            returns.ReturnDraft(order_id=pk, units={part.pk: Decimal(1)}, reason=ReturnOrder.Reason.DAMAGED)
            for pk, part in first.items()
        ]
        third = len(drafts) // 3
        returns.create_returns(drafts=drafts[:third], authorize=False, **self._at(5))
        made = returns.create_returns(drafts=drafts[third:], authorize=True, **self._at(4))
        for draft, row in list(zip(drafts[third:], made, strict=True))[third:]:
            arrival = returns.Arrival(units=draft.units, is_all=True)
            returns.receive_return(return_id=_taken(row).pk, arrival=arrival, **self._at(3))

    def _buy(self) -> None:
        """Order what is scarce from a supplier: some is on its way, some a draft."""
        supplier = Supplier.objects.create(company=self.company, code="mill", name="The Mill")
        SupplierItem.objects.bulk_create(
            SupplierItem(supplier=supplier, product_id=pk, unit_cost=1) for pk in self.scarce
        )
        site = Warehouse.objects.filter(company=self.company).order_by("priority")[0]
        wanted = [
            inventory.Wanted(pk, Decimal(10), unit_cost=Decimal(1), expected_on=self.now.date() + timedelta(days=9))
            for pk in self.sold[:LINES]
        ]
        made = [
            inventory.draft_supplier_order(supplier_id=supplier.pk, warehouse_id=site.pk, wanted=wanted, **self._at(30))
            for _ in range(self._share(SUPPLIED))
        ]
        sent = made[: len(made) // 2]
        inventory.approve_supplier_orders(order_ids=sent, **self._at(29))
        inventory.send_supplier_orders(order_ids=sent, **self._at(28))


def _taken(result: Any) -> Any:
    if isinstance(result, Refused):
        raise AssertionError(str(result))
    return result


def _done(results: Mapping[int, Any]) -> None:
    for result in results.values():
        _taken(result)


def _slices(count: int, size: int) -> Iterator[int]:
    while count > 0:
        yield min(count, size)
        count -= size


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for place in range(0, len(ids), size):
        yield ids[place : place + size]
