"""The retailer's whole file: every row is taken in or refused, and what was is the file's own totals to the penny.

Both sides are computed: the file's by reading it here without the product's reader, the product's from what it keeps.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone

from billing.models import Invoice, InvoiceLine
from config.demo import reference
from config.demo.documents import COUNTER, Kind, Plan, is_charge, read_plan
from config.demo.history import History, Pace
from inventory.models import Bin, StockMove, Warehouse
from orders.models import CreditEntry, Customer, CustomerAddress, SalesOrder, SalesOrderLine
from tests.shared_data import shared_file
from tests.soak import IS_SOAK

CENT = Decimal("0.01")
ROWS = 285_421
# In make test the file's first day goes through the services, in make soak all of it
DAYS = None if IS_SOAK else 1


@dataclass
class Totals:
    """Documents, units and value by month and country."""

    documents: Counter[tuple[str, str]] = field(default_factory=Counter)
    units: Counter[tuple[str, str]] = field(default_factory=Counter)
    value: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, day: date, country: str, units: Decimal, value: Decimal) -> None:
        key = (f"{day:%Y-%m}", country)
        self.units[key] += units
        self.value[key] += value


@pytest.fixture(scope="module")
def text() -> str:
    path = shared_file("online_retail", "online_retail_to_2011-07.csv.gz")
    return gzip.decompress(path.read_bytes()).decode()


@pytest.fixture(scope="module")
def plan(text: str) -> Plan:
    return read_plan(io.StringIO(text, newline=""))


def own_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    return enumerate(csv.DictReader(io.StringIO(text, newline="")), 2)


def value_of(row: dict[str, str]) -> Decimal:
    return (Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])).quantize(CENT, ROUND_HALF_UP)


def own_totals(text: str, lines: set[int], *, cancelled: bool, later: Mapping[int, date] | None = None) -> Totals:
    """The file's totals over some of its lines: of what was sold, or cancelled, some of it on a later day."""
    totals, numbers = Totals(), set()
    for line_number, row in own_rows(text):
        if line_number in lines and row["InvoiceNo"].startswith("C") == cancelled:
            day = (later or {}).get(line_number) or datetime.fromisoformat(row["InvoiceDate"]).date()
            totals.add(day, row["Country"], Decimal(row["Quantity"]), value_of(row))
            numbers.add((row["InvoiceNo"], f"{day:%Y-%m}", row["Country"]))
    totals.documents.update((month, country) for _number, month, country in numbers)
    return totals


class TestSortingTheFileOut:
    def test_leaves_no_row_out_and_takes_none_twice(self, text: str, plan: Plan) -> None:
        lines = {line_number for line_number, _row in own_rows(text)}
        in_documents = [row.line_number for document in plan.documents for row in document.rows]
        refused = [refusal.row.line_number for refusal in plan.refused]
        taken = {one.row.line_number for of_one in plan.taken.values() for one in of_one}

        assert len(lines) == ROWS
        assert len(in_documents) == len(set(in_documents))
        assert len(refused) == len(set(refused))
        assert set(in_documents) | set(refused) == lines
        assert not taken & set(refused)
        assert all(len(refusal.reason) > 20 for refusal in plan.refused)

    def test_has_every_sale_to_the_penny(self, text: str, plan: Plan) -> None:
        sold = {row.line_number for one in plan.documents if one.kind == Kind.ORDER for row in one.rows}
        every = {
            line_number
            for line_number, row in own_rows(text)
            if not row["InvoiceNo"].startswith("C")
            and Decimal(row["Quantity"]) > 0
            and (row["CustomerID"] or Decimal(row["UnitPrice"]))
        }
        ours = Totals()
        for document in plan.documents:
            if document.kind == Kind.ORDER:
                ours.documents[f"{document.at:%Y-%m}", document.country] += 1
                for row in document.rows:
                    ours.add(row.at.date(), row.country, row.quantity, row.net)

        assert sold == every
        assert ours == own_totals(text, every, cancelled=False)

    def test_takes_back_each_row_whole_and_never_more_than_was_sold(self, plan: Plan) -> None:
        sold = {
            (one.number, place): row
            for one in plan.documents
            if one.kind == Kind.ORDER
            for place, row in enumerate(one.rows, 1)
        }
        back: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        of_row: dict[int, Decimal] = defaultdict(Decimal)
        rows = {}
        for of_one in plan.taken.values():
            for taken in of_one:
                line = sold[taken.order, taken.position]
                value = taken.amount or ((taken.quantity or 0) * line.price).quantize(CENT, ROUND_HALF_UP)
                back[taken.order, taken.position] += value
                of_row[taken.row.line_number] += value
                rows[taken.row.line_number] = taken.row
                assert line.at <= taken.row.at
                assert (line.customer, line.country) == (taken.row.customer, taken.row.country)

        assert {number: -row.net for number, row in rows.items()} == of_row
        assert all(value <= sold[key].net for key, value in back.items())
        assert len(rows) > 0.7 * sum(len(one.rows) for one in plan.documents if one.kind == Kind.CREDIT)


SINCE = datetime(2010, 1, 1, tzinfo=UTC)


def make_world(plan: Plan) -> reference.World:
    """A company with every product and customer that the file names, in one warehouse of a few bins."""
    company = reference.make_company(live_on=timezone.now().date())
    admin = reference.make_people(company)
    prices = reference.make_terms(company)
    rows = [row for document in plan.documents for row in document.rows]
    skus = sorted({row.sku for row in rows})
    products = reference.make_products(
        company,
        prices,
        (
            {
                "sku": sku,
                "name": sku,
                "kind": "charge" if is_charge(sku) else "stock",
                "gtin": "",
                "weight_g": "",
                "list_price": "",
            }
            for sku in skus
        ),
        since=SINCE,
    )
    warehouse = Warehouse.objects.create(company=company, code="main", name="Main", country="GB")
    bins = [Bin.objects.create(warehouse=warehouse, code=f"A-{n}", sequence=n) for n in range(4)]
    for kind in (Bin.Kind.TOTE, Bin.Kind.RETURNS, Bin.Kind.QUARANTINE):
        Bin.objects.create(warehouse=warehouse, code=kind.value, kind=kind, sequence=99)
    shelves = {
        sku: (reference.Shelf(bins[place % 4].pk, Decimal(1), Decimal("1.25")),)
        for place, sku in enumerate(skus)
        if not is_charge(sku)
    }
    pairs = sorted({(row.customer, row.country) for row in rows})
    blank = {"email": "", "vat_number": "", "terms_days": "30", "street": "1 High Street", "city": "X", "postcode": ""}
    home = {number: country for number, country in reversed(pairs) if number != COUNTER}
    customers = reference.make_customers(
        company,
        prices,
        (blank | {"number": number, "name": number, "country": code_of(country)} for number, country in home.items()),
        since=SINCE,
    )
    addresses = {
        (number, country): CustomerAddress.objects.create(
            customer_id=customers[number],
            name=number,
            street="2 High Street",
            city="X",
            country=code_of(country),
        ).pk
        for number, country in pairs
        if home.get(number) != country
    }
    return reference.World(company, admin, products, customers, shelves, addresses)


# Of each code the country's name in the file, as totals are by name
NAMES: dict[str, str] = {"GB": "United Kingdom"}


def code_of(country: str) -> str:
    """Return a code of two letters for a country's name, each its own."""
    code = next((code for code, name in NAMES.items() if name == country), f"X{chr(64 + len(NAMES) % 26)}")
    code = code if NAMES.get(code, country) == country else f"Z{chr(64 + len(NAMES) % 26)}"
    NAMES[code] = country
    return code


@pytest.fixture
def played(plan: Plan) -> History:
    documents = plan.documents
    if DAYS is not None:
        end = documents[0].at.date() + timedelta(days=DAYS)
        documents = tuple(document for document in documents if document.at.date() < end)
    numbers = {document.number for document in documents}
    part = Plan(
        documents,
        {number: taken for number, taken in plan.taken.items() if number in numbers},
        tuple(refusal for refusal in plan.refused if refusal.row.at <= documents[-1].at),
    )
    pace = Pace(shift=timedelta(0), now=timezone.now())
    history = History(make_world(part), part, pace, lambda line: None)
    history.play()
    return history


def ours_sold(orders: Iterable[int]) -> Totals:
    """What the product says was sold, from orders and their lines."""
    totals = Totals()
    for day, to in SalesOrder.objects.filter(pk__in=orders).values_list("ordered_on", "ship_to__country"):
        totals.documents[f"{day:%Y-%m}", NAMES[to]] += 1
    lines = SalesOrderLine.objects.filter(order__in=orders)
    for day, to, units, value in lines.values_list("order__ordered_on", "order__ship_to__country", "quantity", "net"):
        totals.add(day, NAMES[to], units, value)
    return totals


def ours_cancelled() -> Counter[tuple[str, str]]:
    """What the product says was taken back before tax: credit notes on their day, and cancelled lines on theirs."""
    value: Counter[tuple[str, str]] = Counter()
    notes = InvoiceLine.objects.filter(invoice__kind=Invoice.Kind.CREDIT_NOTE)
    for day, to, net in notes.values_list("invoice__issued_on", "order_line__order__ship_to__country", "net"):
        value[f"{day:%Y-%m}", NAMES[to]] += net
    cancelled = SalesOrderLine.objects.filter(cancelled__gt=0).values("order", "order__ship_to__country")
    days = dict(
        CreditEntry.objects.filter(kind=CreditEntry.Kind.CANCELLED).order_by("-at").values_list("order_id", "at")
    )
    for row in cancelled.annotate(net=Sum("cancelled_net")).order_by():
        value[f"{days[row['order']]:%Y-%m}", NAMES[row["order__ship_to__country"]]] -= row["net"]
    return value


@pytest.mark.soak("T20")
@pytest.mark.django_db(transaction=True)
def test_what_was_taken_in_is_the_file_to_the_penny(text: str, played: History) -> None:
    done, refused = played.played.done, {refusal.row.line_number for refusal in played.played.refused}
    date_of = {row.line_number: row.at.date() for document in played.plan.documents for row in document.rows}
    mine = set(date_of)

    assert mine <= done | refused
    assert not done & refused
    assert all(refusal.reason for refusal in played.played.refused)
    assert len(done) > (0.97 if IS_SOAK else 0.95) * len(mine)

    sold = own_totals(text, {line for line in mine & done if line not in corrections(played)}, cancelled=False)
    assert ours_sold(played.played.order_ids.values()) == sold
    assert SalesOrder.objects.count() == sum(sold.documents.values())
    assert Customer.objects.count() > 50

    later = played.played.later
    assert len(later) < 0.01 * len(mine)
    assert all(timedelta(0) < day - date_of[line] < timedelta(days=12) for line, day in later.items())
    taken_back = own_totals(text, mine & done, cancelled=True, later=later)
    assert +ours_cancelled() == Counter()
    assert -ours_cancelled() == -taken_back.value

    moves = StockMove.objects.filter(posting__kind="ADJUSTMENT")
    found = moves.filter(to_place="BIN").aggregate(units=Sum("quantity"))["units"] or 0
    lost = moves.filter(from_place="BIN").aggregate(units=Sum("quantity"))["units"] or 0
    booked = [Decimal(row["Quantity"]) for line, row in own_rows(text) if line in corrections(played) & done]
    assert found == sum(units for units in booked if units > 0)
    assert lost == -sum(units for units in booked if units < 0)

    out = io.StringIO()
    call_command("audit_ledger", stdout=out)
    assert "no drift" in out.getvalue()


def corrections(history: History) -> set[int]:
    return {row.line_number for one in history.plan.documents if one.kind == Kind.CORRECTION for row in one.rows}
