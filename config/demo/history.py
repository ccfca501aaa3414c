"""Takes a plan of the retailer's documents through the real services, day by day, dated as they happened."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeVar

from billing import services as billing_services
from billing.models import Payment
from config.demo import taking_back
from config.demo.documents import COUNTER, Document, Kind, Plan, Refusal, Taken, is_charge
from config.demo.reference import World
from core.refusals import Refused
from inventory import services as inventory_services
from inventory.models import StockPosting
from orders import services as orders_services
from orders.models import CustomerPO
from shipping import services as shipping_services
from warehouse import services as warehouse_services

# A slice commits whole: about so many lines, as the documents of a morning's file have
LINES_A_SLICE = 600
# How many weeks of sales one delivery of the suppliers brings
WEEKS_OF_STOCK = 8
PROMISED_IN, DELIVERED_IN = timedelta(days=5), timedelta(days=2)
# Of so many parcels one is so much longer on its way
ONE_IN, LONGER = 17, timedelta(days=4)
CARRIERS = {"United Kingdom": "Royal Mail", "Channel Islands": "Royal Mail"}
ABROAD = "DHL"
T = TypeVar("T")
# What customers have to their credit is paid back after so long
STILL_OPEN = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the days of a plan are taken: moved by whole days, none after `now`, the last ones left as they came."""

    shift: timedelta
    now: datetime
    # The orders of so many of the last days are taken in and confirmed, and left to whoever works today
    open_days: int = 0
    # Codes that the last delivery brought too few of, so that orders of the last days wait for them
    short: Collection[str] = ()
    # What lies on the shelves at the end beside what was sold, as a part of the last delivery
    stock_left: Decimal = Decimal("0.25")


@dataclass(slots=True)
class Played:
    """What came of a plan: order keys by number, those left open by day, and the rows taken in and refused."""

    order_ids: dict[str, int] = field(default_factory=dict)
    fresh: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    # Line numbers of the rows that were taken in, and what credits took back
    done: set[int] = field(default_factory=set)
    taken: list[Taken] = field(default_factory=list)
    # Of what was taken back later than the file says, for its order had to be invoiced first: the day by line number
    later: dict[int, date] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)


class History:
    """Plays a plan: each morning goods leave and money comes, each evening the day's orders are taken in."""

    def __init__(self, world: World, plan: Plan, pace: Pace, say: Callable[[str], None]) -> None:
        self.world, self.plan, self.pace, self.say = world, plan, pace, say
        self.played = Played(refused=list(plan.refused))
        self.days = sorted({document.at.date() for document in plan.documents})
        # Where a row of a document stands on its order, where rows before it were refused
        self.positions: dict[str, dict[int, int]] = {}
        self.waiting: list[Document] = []
        self.put_off: list[Taken] = []
        self._arrivals: dict[date, list[int]] = defaultdict(list)
        self._payments: dict[date, list[int]] = defaultdict(list)
        self._begun = self._month_begun = time.monotonic()

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return an hour of a day of the plan, as it is dated; never after now."""
        moment = datetime.combine(day + self.pace.shift, clock(hour, minute), self.world.company.zone)
        return min(moment, self.pace.now)

    def by(self, at: datetime) -> dict[str, Any]:
        """Return who does it and when, as services take it."""
        return {"actor": self.world.admin, "at": at}

    def play(self) -> Played:
        """Take every day of the plan through the services."""
        of_day: dict[date, list[Document]] = defaultdict(list)
        for document in self.plan.documents:
            of_day[document.at.date()].append(document)
        deliveries = self._deliveries()
        last_to_ship = [date.min, *self.days[: len(self.days) - self.pace.open_days]][-1]
        of_month = 0
        for index, day in enumerate(self.days):
            documents = of_day[day]
            orders = [document for document in documents if document.kind == Kind.ORDER]
            self._receive(deliveries.get(day, {}), day)
            taking_back.correct(self, [one for one in documents if one.kind == Kind.CORRECTION], day)
            given_back = [document for document in documents if document.kind == Kind.CREDIT]
            morning, evening = taking_back.split(self, given_back, {order.number for order in orders})
            taking_back.take_back(self, morning, self.at(day, 7))
            self._ship(self.waiting, day)
            self.waiting = []
            self._deliver(day)
            self._pay(day)
            for document in self._take_in(orders, day):
                if day <= last_to_ship:
                    self.waiting.append(document)
                else:
                    self.played.fresh[day].append(self.played.order_ids[document.number])
            taking_back.take_back(self, evening, self.at(day, 18))
            self._close(self.at(day, 19))
            of_month += sum(len(document.rows) for document in documents)
            if index + 1 == len(self.days) or self.days[index + 1].month != day.month:
                self._tell(day, of_month)
                of_month = 0
        self.played.refused += [Refusal(one.row, "Its order was not invoiced by the last day.") for one in self.put_off]
        return self.played

    def refuse(self, document: Document, reason: object) -> None:
        """Refuse all rows of a document for a reason."""
        self.played.refused += [Refusal(row, str(reason)) for row in document.rows]

    def note(self, taken: Sequence[Taken], result: object, at: datetime) -> None:
        """Note that credits took back what they say, or that it was refused."""
        if isinstance(result, Refused):
            self.played.refused += [Refusal(one.row, str(result)) for one in taken]
        else:
            self.played.taken += taken
            self.played.done |= {one.row.line_number for one in taken}
            day = at.astimezone(self.world.company.zone).date() - self.pace.shift
            self.played.later |= {one.row.line_number: day for one in taken if one.row.at.date() != day}

    def is_past(self, at: datetime) -> bool:
        """Say whether something is so long ago that nobody has work with it any more."""
        return at < self.pace.now - STILL_OPEN

    def _tell(self, day: date, rows: int) -> None:
        seconds = max(time.monotonic() - self._month_begun, 0.001)
        self._month_begun = time.monotonic()
        month = f"{day + self.pace.shift:%B %Y}"
        self.say(
            f"    {month:15} {len(self.played.order_ids):6,} orders, {rows:6,} rows at {rows / seconds:,.0f} rows/s"
        )

    def _deliveries(self) -> dict[date, dict[str, Decimal]]:
        """Return what suppliers bring on which day: what is sold or written off until they come again."""
        needed: dict[date, dict[str, Decimal]] = {}
        opened = self.days[0]
        for document in self.plan.documents:
            day = document.at.date()
            if not needed or day >= opened + timedelta(weeks=WEEKS_OF_STOCK):
                opened = day
                needed[opened] = defaultdict(Decimal)
            for row in document.rows:
                if document.kind == Kind.ORDER and not is_charge(row.sku):
                    needed[opened][row.sku] += row.quantity
                elif document.kind == Kind.CORRECTION:
                    needed[opened][row.sku] += max(-row.quantity, Decimal(0))
        for sku, units in needed[opened].items():
            extra = self.pace.stock_left if sku not in self.pace.short else -self._late_share(sku, opened)
            needed[opened][sku] = (units * (1 + extra)).to_integral_value(ROUND_CEILING)
        return needed

    def _late_share(self, sku: str, opened: date) -> Decimal:
        """Return which part of a code's sales since a delivery was ordered last of all, and has to wait."""
        sold = [
            row.quantity
            for document in self.plan.documents
            if document.kind == Kind.ORDER and document.at.date() >= opened
            for row in document.rows
            if row.sku == sku
        ]
        return sum(sold[-2:], Decimal(0)) / sum(sold, Decimal(0)) if sold else Decimal(0)

    def _receive(self, units: Mapping[str, Decimal], day: date) -> None:
        lines = []
        for sku, quantity in units.items():
            rest = quantity
            for shelf in (shelves := self.world.shelves.get(sku, ())):
                part = rest if shelf is shelves[-1] else (quantity * shelf.share).to_integral_value()
                rest -= part
                if part > 0:
                    value = part * shelf.unit_cost
                    lines.append(inventory_services.ReceiptLine(shelf.bin_id, self.world.products[sku], part, value))
        for batch in slices(lines, LINES_A_SLICE):
            inventory_services.receive_stock(
                company_id=self.world.company.pk,
                lines=batch,
                kind=StockPosting.Kind.OPENING if day == self.days[0] else StockPosting.Kind.RECEIPT,
                reference="Opening stock" if day == self.days[0] else f"Suppliers, {day + self.pace.shift:%d %B}",
                **self.by(self.at(day, 6)),
            )

    def _take_in(self, documents: Sequence[Document], day: date) -> Iterator[Document]:
        """Take a day's orders in and confirm them; yield those that were."""
        known = [document for document in documents if self._is_known(document)]
        for batch in by_lines(known):
            drafts = [self._draft(document, day) for document in batch]
            results = orders_services.create_and_confirm_orders(drafts=drafts, **self.by(self.at(day, 17, 30)))
            for document, result in zip(batch, results, strict=True):
                refusal = result if isinstance(result, Refused) else result.confirmed
                if isinstance(refusal, Refused):
                    self.refuse(document, refusal)
                    continue
                assert not isinstance(result, Refused)
                self.played.order_ids[document.number] = result.created.order_id
                places = self.positions[document.number]
                self.played.done |= {row.line_number for n, row in enumerate(document.rows, 1) if n in places}
                yield document

    def _is_known(self, document: Document) -> bool:
        if document.customer not in self.world.customers:
            self.refuse(document, f"There is no customer {document.customer}.")
            return False
        known = [place for place, row in enumerate(document.rows, 1) if row.sku in self.world.products]
        self.positions[document.number] = {place: position for position, place in enumerate(known, 1)}
        self.played.refused += [
            Refusal(row, f"There is no product {row.sku}.")
            for row in document.rows
            if row.sku not in self.world.products
        ]
        return bool(known)

    def _draft(self, document: Document, day: date) -> orders_services.OrderDraft:
        ordered_on = day + self.pace.shift
        rows = [row for row in document.rows if row.sku in self.world.products]
        return orders_services.OrderDraft(
            customer_id=self.world.customers[document.customer],
            ship_to_id=self.world.addresses.get((document.customer, document.country)),
            po_number=document.number,
            ordered_on=ordered_on,
            requested_on=ordered_on + PROMISED_IN,
            lines=[
                orders_services.LineDraft(
                    self.world.products[row.sku], row.quantity, row.price, description=row.description
                )
                for row in rows
            ],
            channel=CustomerPO.Channel.FILE,
            source=f"orders of {ordered_on:%Y-%m-%d}.csv",
            content={"rows": {str(row.line_number): [row.sku, str(row.quantity), str(row.price)] for row in rows}},
        )

    def _ship(self, documents: Sequence[Document], day: date) -> None:
        """Send off what was ordered the day before, invoice it, and note when it arrives and is paid."""
        for batch in by_lines(documents):
            ids = [self.played.order_ids[document.number] for document in batch]
            warehouse_services.release_orders(order_ids=ids, **self.by(self.at(day, 8)))
            warehouse_services.pick_orders(order_ids=ids, **self.by(self.at(day, 10)))
            warehouse_services.pack_orders(order_ids=ids, **self.by(self.at(day, 13)))
            of_carrier: dict[str, list[int]] = defaultdict(list)
            for document, order_id in zip(batch, ids, strict=True):
                of_carrier[CARRIERS.get(document.country, ABROAD)].append(order_id)
            for carrier, order_ids in of_carrier.items():
                left = shipping_services.dispatch_orders(
                    order_ids=order_ids, carrier=carrier, tracking_number="", **self.by(self.at(day, 15))
                )
                for sent in left.values():
                    if isinstance(sent, shipping_services.Dispatched):
                        for shipment_id in sent.shipment_ids:
                            self._arrivals[day + arrives_in(shipment_id)].append(shipment_id)
            self._invoice(batch, ids, day)

    def _invoice(self, documents: Sequence[Document], ids: Sequence[int], day: date) -> None:
        billed = billing_services.invoice_orders(order_ids=ids, **self.by(self.at(day, 17)))
        for document, order_id in zip(documents, ids, strict=True):
            invoice = billed.get(order_id)
            if invoice is None or isinstance(invoice, Refused):
                continue
            late = lateness(document.customer)
            if late is None:
                continue
            due = invoice.due_on - self.pace.shift + timedelta(days=late)
            self._payments[max(due, day)].append(order_id)

    def _deliver(self, day: date) -> None:
        arrived = [pk for due in sorted(self._arrivals) if due <= day for pk in self._arrivals.pop(due)]
        if arrived:
            shipping_services.deliver_shipments(
                shipment_ids=arrived, received_by="Goods in", received_at=self.at(day, 10), **self.by(self.at(day, 11))
            )

    def _pay(self, day: date) -> None:
        paid = [pk for due in sorted(self._payments) if due <= day for pk in self._payments.pop(due)]
        for batch in slices(paid, 200):
            billing_services.pay_orders(
                order_ids=batch, method=Payment.Method.BANK, reference="Bank statement", **self.by(self.at(day, 17, 15))
            )

    def _close(self, at: datetime) -> None:
        """Do what jobs do behind a working day."""
        warehouse_services.complete_waves(at=at)
        orders_services.complete_orders(at=at, limit=2_000)
        orders_services.close_orders(at=at, limit=2_000)


def lateness(customer: str) -> int | None:
    """Return how many days after its due date a customer pays, by the customer's number; None pays never."""
    if customer == COUNTER:
        return 0
    place = int(customer) % 40
    if place == 0:
        return None
    return 24 if place < 4 else 9 if place < 10 else -2


def arrives_in(shipment_id: int) -> timedelta:
    """Return after how long a shipment arrives, by its key: most as carriers say, and some late."""
    return DELIVERED_IN + (LONGER if shipment_id % ONE_IN == 0 else timedelta())


def by_lines(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Cut documents into slices of about as many lines as one commits."""
    batch: list[Document] = []
    lines = 0
    for document in documents:
        if batch and lines + len(document.rows) > LINES_A_SLICE:
            yield batch
            batch, lines = [], 0
        batch.append(document)
        lines += len(document.rows)
    if batch:
        yield batch


def slices(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut rows into sequences of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
