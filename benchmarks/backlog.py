"""A company in which much waits: orders of three lines on thousands of products, and stock that came after them.

One order is taken by the services; the others are copies of its rows with shifted keys, so that a million lines take a
minute. What there is came by a receipt, and the whole passes the audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from django.utils import timezone
from psycopg.sql import SQL, Identifier, Literal

from benchmarks.cluster import BenchCluster, say
from benchmarks.company import BenchCompany, make_company
from core.models import Company, User
from inventory import services as inventory_services
from inventory.models import Bin, Product, StockPosting, Unit, Warehouse
from orders import services as sales
from orders.models import Price, PriceList

LINES = (1, 3, 5)  # units of an order's three lines
BATCH = 1000  # rows of an insert of Django's, which sends each value as a parameter
# Where the warehouses are, and a part of where the customers are
SITES = ("LS1 1AA", "EC1A 1BB", "G1 1AA", "BS1 4ST", "B1 1AA")
PLACES = (
    "LS6",
    "SW1A",
    "M1",
    "L1",
    "NE1",
    "EH1",
    "CF10",
    "NR1",
    "PL1",
    "OX1",
    "CB1",
    "AB10",
    "EX1",
    "HU1",
    "SA1",
    "YO1",
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """The company, and its orders that wait: their first key and how many there are, one after the other."""

    company: BenchCompany
    first_order: int
    orders: int


def make_backlog(cluster: BenchCluster, database: str, *, parts: int, products: int, most: int = 10) -> Backlog:
    """Fill an empty database: so many lines that wait, on so many products, and up to `most` of each in each site."""
    company = make_company(products=len(LINES))
    owner = Company.objects.get(pk=company.company_id)
    shelves = _sites(owner)
    made = _products(owner, products)
    order_id = _template(company, made)
    orders = parts // len(LINES)
    say(f"  {orders * len(LINES):,} lines wait ...")
    with cluster.owner(database) as connection:
        first = _copy(connection, order_id, orders, made, company.customer_ids)
    _receive(owner, shelves, made, most, User.objects.get(pk=company.user_id))
    with cluster.owner(database) as connection:
        connection.execute("VACUUM ANALYZE")
    return Backlog(BenchCompany(company.user_id, company.company_id, tuple(made), company.customer_ids), first, orders)


def _sites(owner: Company) -> list[Bin]:
    """Bring the warehouses to five, and return a shelf of each."""
    Warehouse.objects.filter(company=owner).update(postcode=SITES[0])
    for number, postcode in enumerate(SITES[1:], 2):
        site = Warehouse.objects.create(
            company=owner, code=f"site-{number}", name=f"Site {number}", country="GB", postcode=postcode
        )
        Bin.objects.create(warehouse=site, code="TOTE", kind=Bin.Kind.TOTE)
        Bin.objects.create(warehouse=site, code="A-0000")
    return list(Bin.objects.filter(warehouse__company=owner, code="A-0000").order_by("warehouse"))


def _products(owner: Company, products: int) -> list[int]:
    """Add products whose keys follow one another."""
    piece, prices = Unit.objects.get(company=owner), PriceList.objects.get(company=owner)
    made = Product.objects.bulk_create(
        [
            Product(company=owner, sku=f"WAIT{n}", name=f"Product {n}", sort_key=f"wait{n}", unit=piece, weight_g=250)
            for n in range(products)
        ],
        batch_size=BATCH,
    )
    Price.objects.bulk_create(
        [Price(price_list=prices, product=product, price=10) for product in made], batch_size=BATCH
    )
    keys = [product.pk for product in made]
    if keys != list(range(keys[0], keys[0] + products)):
        raise AssertionError("The products' keys have gaps.")
    return keys


def _template(company: BenchCompany, products: list[int]) -> int:
    """Take one order as people do; nothing of it is there."""
    by: dict[str, Any] = {"actor": User.objects.get(pk=company.user_id), "at": timezone.now()}
    today = timezone.localdate()
    draft = sales.OrderDraft(
        customer_id=company.customer_ids[0],
        po_number="FIRST",
        ordered_on=today,
        requested_on=today,
        lines=[sales.LineDraft(pk, Decimal(units)) for pk, units in zip(products, LINES, strict=False)],
    )
    (made,) = sales.create_orders(drafts=[draft], **by)
    if not isinstance(made, sales.Created):
        raise made
    sales.confirm_orders(order_ids=[made.order_id], **by)
    return made.order_id


def _copy(
    owner: psycopg.Connection[Any], order_id: int, orders: int, products: list[int], buyers: Sequence[int]
) -> int:
    """Copy an order with its lines, parts, demands and events, the g-th with keys behind all others.

    Return the first copy's key.
    """
    kept = _Copier(owner, order_id, orders)
    order = f"{kept.last('orders_salesorder')} + g"
    product = f"{products[0]} + (g * 7 + nth * 3331) % {len(products)}"
    line, part, demand = (
        f"{kept.last(table)} + (g - 1) * {len(LINES)} + nth"
        for table in ("orders_salesorderline", "orders_linepart", "inventory_demand")
    )
    day = "current_date - 30 + (g * 7919 % 60)::int"
    place = f"(ARRAY{list(PLACES)})[1 + (g % {len(PLACES)})::int]"
    number, buyer = "'W' || g", f"{buyers[0]} + g % {len(buyers)}"
    named = {"number": number, "po_number": number, "po_key": number}
    first = int(kept.last("orders_salesorder")) + 1
    of_order = "order_id = {}"
    kept.copy("orders_salesorder", "id = {}", {"id": order, **named, "customer_id": buyer, "requested_on": day})
    kept.copy("orders_salesorderline", of_order, {"id": line, "order_id": order, "product_id": product})
    kept.copy(
        "inventory_demand",
        "id IN (SELECT demand_id FROM orders_linepart WHERE order_id = {})",
        {
            "id": demand,
            "product_id": product,
            "due_on": day,
            "destination_postcode": place,
            "priority": "CASE g % 50 WHEN 0 THEN 10 ELSE 100 END",
        },
    )
    keys = {"order_id": order, "line_id": line, "demand_id": demand, "product_id": product}
    kept.copy("orders_linepart", of_order, {"id": part, **keys, "requested_on": day})
    entry = f"{kept.last('orders_creditentry')} + g"
    kept.copy(
        "orders_creditentry", of_order, {"id": entry, "account_id": buyer, "order_id": order, "reference": number}
    )
    event = f"{kept.last('orders_orderevent')} + (g - 1) * 10 + nth"
    kept.copy("orders_orderevent", of_order, {"id": event, "order_id": order, "subject_id": order})
    return first


class _Copier:
    """Copies the rows of one order, each as often as there are to be orders."""

    def __init__(self, owner: psycopg.Connection[Any], order_id: int, orders: int) -> None:
        self.owner, self.order_id, self.orders = owner, order_id, orders
        owner.execute("SET session_replication_role = replica")  # a copy is as sound as what it was copied from

    def last(self, table: str) -> str:
        """Return the highest key of a table."""
        ((found,),) = self.owner.execute(SQL("SELECT max(id) FROM {}").format(Identifier(table))).fetchall()
        return str(found)

    def copy(self, table: str, which: str, changed: Mapping[str, str]) -> None:
        """Copy the order's rows of a table; in what is changed, g is the copy and nth the row among the order's own."""
        columns = self.owner.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        ).fetchall()
        statement = SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1::bigint, {orders}) g CROSS JOIN"
            " (SELECT *, row_number() OVER (ORDER BY id) AS nth FROM {table} WHERE {which}) t"
        ).format(
            table=Identifier(table),
            names=SQL(", ").join(Identifier(name) for (name,) in columns),
            values=SQL(", ").join(SQL(changed.get(name, f"t.{name}")) for (name,) in columns),
            orders=Literal(self.orders),
            which=SQL(which.format(self.order_id)),
        )
        self.owner.execute(statement)
        self.owner.execute("SELECT setval(%s, %s)", [f"{table}_id_seq", int(self.last(table))])


def _receive(owner: Company, shelves: list[Bin], products: list[int], most: int, actor: User) -> None:
    """Put none to `most` of each product into each site."""
    for number, shelf in enumerate(shelves):
        units = {pk: (pk * 7 + number * 3) % (most + 1) for pk in products}
        inventory_services.receive_stock(
            company_id=owner.pk,
            lines=[
                inventory_services.ReceiptLine(shelf.pk, pk, Decimal(quantity), Decimal(quantity))
                for pk, quantity in units.items()
                if quantity
            ],
            kind=StockPosting.Kind.RECEIPT,
            reference=f"Container {number + 1}",
            actor=actor,
            at=timezone.now(),
        )
