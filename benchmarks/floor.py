"""The floor under order to cash: the same life of an order in hand-written SQL, five transactions, nothing else kept.

It keeps no events, no history, no idempotency, no allocation by reason: what no correct system can do without, and only that. RAW_DSN names
the server, on which it makes a database of its own. `life -n N --procs 1,2,4` prints one JSON line per number of processes;
`hot --procs 8 --stock S --wanted W` lets them place W orders for one unit of an item of which there are S.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.cluster import process_cpu

ADMIN = os.environ.get("RAW_DSN", "dbname=postgres")
DSN = make_conninfo(ADMIN, dbname="orderly_floor")
PRODUCTS, CUSTOMERS, WARM_UP = 1000, 500, 20
HOT = PRODUCTS + 1

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, code text UNIQUE NOT NULL, price numeric(12,2) NOT NULL);
CREATE TABLE buyer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shelf (item_id int PRIMARY KEY REFERENCES item, on_hand numeric NOT NULL, promised numeric NOT NULL DEFAULT 0,
    CHECK (promised >= 0 AND promised <= on_hand)) WITH (fillfactor = 70);
CREATE TABLE series (name text PRIMARY KEY, next bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE sale (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer_id int NOT NULL REFERENCES buyer, state text NOT NULL,
    total numeric(14,2), at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE INDEX sale_state ON sale (state, id DESC);
CREATE TABLE sale_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sale_id bigint NOT NULL REFERENCES sale,
    item_id int NOT NULL REFERENCES item, quantity numeric NOT NULL, price numeric(12,2) NOT NULL);
CREATE INDEX sale_line_sale ON sale_line (sale_id);
CREATE TABLE promise (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sale_id bigint NOT NULL REFERENCES sale,
    line_id bigint NOT NULL REFERENCES sale_line, item_id int NOT NULL, quantity numeric NOT NULL, state text NOT NULL)
    WITH (fillfactor = 80);
CREATE INDEX promise_sale ON promise (sale_id);
CREATE TABLE move (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id int NOT NULL REFERENCES item, quantity numeric NOT NULL,
    kind text NOT NULL, sale_id bigint, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX move_item ON move (item_id, id);
CREATE TABLE pick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sale_id bigint NOT NULL REFERENCES sale, line_id bigint NOT NULL
    REFERENCES sale_line, quantity numeric NOT NULL);
CREATE INDEX pick_sale ON pick (sale_id);
CREATE TABLE shipment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sale_id bigint NOT NULL REFERENCES sale);
CREATE INDEX shipment_sale ON shipment (sale_id);
CREATE TABLE shipment_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shipment_id bigint NOT NULL REFERENCES shipment,
    line_id bigint NOT NULL REFERENCES sale_line, quantity numeric NOT NULL);
CREATE INDEX shipment_line_shipment ON shipment_line (shipment_id);
CREATE TABLE bill (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text UNIQUE, sale_id bigint NOT NULL REFERENCES sale,
    net numeric(14,2), tax numeric(14,2), paid boolean NOT NULL DEFAULT false) WITH (fillfactor = 80);
CREATE INDEX bill_sale ON bill (sale_id);
CREATE TABLE bill_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bill_id bigint NOT NULL REFERENCES bill,
    line_id bigint NOT NULL REFERENCES sale_line, net numeric(14,2) NOT NULL, tax numeric(14,2) NOT NULL);
CREATE INDEX bill_line_bill ON bill_line (bill_id);
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bill_id bigint NOT NULL REFERENCES bill, amount numeric(14,2) NOT NULL);
CREATE INDEX payment_bill ON payment (bill_id);
INSERT INTO item SELECT g, 'I' || g, (100 + g * 7919 % 20000) / 100.0 FROM generate_series(1, 1000) g;
INSERT INTO buyer SELECT g, 'Buyer ' || g FROM generate_series(1, 500) g;
INSERT INTO item VALUES (1001, 'HOT', 10);
INSERT INTO shelf SELECT id, 1000000 FROM item;
INSERT INTO series VALUES ('bill', 1);
"""


def set_up() -> None:
    """Make the floor's database unless it is there."""
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = 'orderly_floor'").rowcount:
            return
        connection.execute("CREATE DATABASE orderly_floor")
    with psycopg.connect(DSN, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("VACUUM ANALYZE")


class SoldOut(Exception):
    """The shelf does not have what an order wants."""


class Clerk:
    """One connection that takes orders through their life."""

    def __init__(self) -> None:
        self.connection = psycopg.connect(DSN)
        self.connection.prepare_threshold = 2
        self.statements = 0

    def run(self, statement: str, *params: Any) -> psycopg.Cursor[Any]:
        """Run one statement."""
        self.statements += 1
        return self.connection.execute(statement, params)

    def place(self, buyer: int, lines: list[tuple[int, int]]) -> int:
        """Take an order in and promise stock to it.

        :raises SoldOut: where the shelf has less; nothing is kept of the order then.
        """
        items, quantities = [item for item, _q in lines], [quantity for _i, quantity in lines]
        (sale,) = self.run("INSERT INTO sale (buyer_id, state) VALUES (%s, 'confirmed') RETURNING id", buyer).fetchone()  # type: ignore[misc]
        made = self.run(
            "INSERT INTO sale_line (sale_id, item_id, quantity, price) SELECT %s, u.i, u.q, item.price"
            " FROM unnest(%s::int[], %s::numeric[]) u(i, q) JOIN item ON item.id = u.i RETURNING id, item_id, quantity, quantity * price",
            sale,
            items,
            quantities,
        ).fetchall()
        promised = self.run(
            "WITH l AS (SELECT s.item_id, u.q FROM shelf s JOIN unnest(%s::int[], %s::numeric[]) u(i, q) ON u.i = s.item_id"
            " ORDER BY s.item_id FOR UPDATE OF s)"
            " UPDATE shelf s SET promised = s.promised + l.q FROM l WHERE s.item_id = l.item_id AND s.on_hand - s.promised >= l.q",
            items,
            quantities,
        )
        if promised.rowcount != len(lines):
            self.connection.rollback()
            raise SoldOut
        self.run(
            "INSERT INTO promise (sale_id, line_id, item_id, quantity, state) SELECT %s, *, 'open' FROM unnest(%s::bigint[], %s::int[], %s::numeric[])",
            sale,
            [row[0] for row in made],
            [row[1] for row in made],
            [row[2] for row in made],
        )
        self.run(
            "INSERT INTO move (item_id, quantity, kind, sale_id) SELECT i, -q, 'promise', %s FROM unnest(%s::int[], %s::numeric[]) u(i, q)",
            sale,
            items,
            quantities,
        )
        self.run("UPDATE sale SET total = %s WHERE id = %s", sum(row[3] for row in made), sale)
        self.connection.commit()
        return int(sale)

    def pick(self, sale: int) -> None:
        """Pick an order."""
        self.expect(sale, "confirmed")
        self.run(
            "INSERT INTO pick (sale_id, line_id, quantity) SELECT sale_id, line_id, quantity FROM promise WHERE sale_id = %s",
            sale,
        )
        self.run("UPDATE sale SET state = 'picked' WHERE id = %s", sale)
        self.connection.commit()

    def ship(self, sale: int) -> None:
        """Ship an order."""
        self.expect(sale, "picked")
        (shipment,) = self.run("INSERT INTO shipment (sale_id) VALUES (%s) RETURNING id", sale).fetchone()  # type: ignore[misc]
        self.run(
            "INSERT INTO shipment_line (shipment_id, line_id, quantity) SELECT %s, line_id, quantity FROM pick WHERE sale_id = %s",
            shipment,
            sale,
        )
        self.run("UPDATE promise SET state = 'consumed' WHERE sale_id = %s", sale)
        self.run(
            "WITH l AS (SELECT s.item_id, p.quantity FROM shelf s JOIN promise p ON p.item_id = s.item_id WHERE p.sale_id = %s"
            " ORDER BY s.item_id FOR UPDATE OF s)"
            " UPDATE shelf s SET on_hand = s.on_hand - l.quantity, promised = s.promised - l.quantity FROM l WHERE s.item_id = l.item_id",
            sale,
        )
        self.run(
            "INSERT INTO move (item_id, quantity, kind, sale_id) SELECT item_id, -quantity, 'ship', sale_id FROM promise WHERE sale_id = %s",
            sale,
        )
        self.run("UPDATE sale SET state = 'shipped' WHERE id = %s", sale)
        self.connection.commit()

    def invoice(self, sale: int) -> int:
        """Invoice an order with a number without gaps."""
        self.expect(sale, "shipped")
        (bill,) = self.run("INSERT INTO bill (sale_id) VALUES (%s) RETURNING id", sale).fetchone()  # type: ignore[misc]
        self.run(
            "INSERT INTO bill_line (bill_id, line_id, net, tax) SELECT %s, id, round(quantity * price, 2), round(quantity * price * 0.2, 2)"
            " FROM sale_line WHERE sale_id = %s",
            bill,
            sale,
        )
        self.run("UPDATE sale SET state = 'invoiced' WHERE id = %s", sale)
        (number,) = self.run("UPDATE series SET next = next + 1 WHERE name = 'bill' RETURNING next - 1").fetchone()  # type: ignore[misc]
        self.run(
            "UPDATE bill SET number = %s, net = t.net, tax = t.tax FROM"
            " (SELECT sum(net) AS net, sum(tax) AS tax FROM bill_line WHERE bill_id = %s) t WHERE id = %s",
            f"B{number:08d}",
            bill,
            bill,
        )
        self.connection.commit()
        return int(bill)

    def pay(self, sale: int, bill: int) -> None:
        """Take the payment of an invoice."""
        net, tax = self.run("SELECT net, tax FROM bill WHERE id = %s AND NOT paid FOR UPDATE", bill).fetchone()  # type: ignore[misc]
        self.run("INSERT INTO payment (bill_id, amount) VALUES (%s, %s)", bill, net + tax)
        self.run("UPDATE bill SET paid = true WHERE id = %s", bill)
        self.run("UPDATE sale SET state = 'paid' WHERE id = %s", sale)
        self.connection.commit()

    def expect(self, sale: int, state: str) -> None:
        """Lock an order and check its state."""
        (found,) = self.run("SELECT state FROM sale WHERE id = %s FOR UPDATE", sale).fetchone()  # type: ignore[misc]
        if found != state:
            raise AssertionError(f"sale {sale} is {found}, not {state}")

    def life(self, dice: random.Random) -> None:
        """Take one order of three lines from its placing to its payment."""
        lines = [(item, dice.randint(1, 5)) for item in dice.sample(range(1, PRODUCTS + 1), 3)]
        sale = self.place(dice.randint(1, CUSTOMERS), lines)
        self.pick(sale)
        self.ship(sale)
        self.pay(sale, self.invoice(sale))


def work(seed: int, orders: int, barrier: Any, results: Any) -> None:
    """Run one process's share, between two barriers."""
    clerk, dice = Clerk(), random.Random(seed)  # noqa: S311
    for _ in range(WARM_UP):
        clerk.life(dice)
    backend = clerk.connection.info.backend_pid
    barrier.wait()
    statements, cpu, pg, begun = clerk.statements, time.process_time(), process_cpu(backend), time.time()
    for _ in range(orders):
        clerk.life(dice)
    results.put(
        (begun, time.time(), clerk.statements - statements, time.process_time() - cpu, process_cpu(backend) - pg)
    )


def main() -> None:
    """Print the floor's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="life", choices=["life", "hot"])
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--procs", default="1,2,4")
    parser.add_argument("--stock", type=int, default=100)
    parser.add_argument("--wanted", type=int, default=200)
    options = parser.parse_args()
    set_up()
    for procs in map(int, options.procs.split(",")):
        figures = hot(procs, options.stock, options.wanted) if options.what == "hot" else lives(procs, options.n)
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()


def lives(procs: int, n: int) -> dict[str, Any]:
    """Return the figures of n orders' lives."""
    share = n // procs
    rows = in_parallel(procs, work, share)
    orders, wall = share * procs, max(row[1] for row in rows) - min(row[0] for row in rows)
    sums = [sum(row[column] for row in rows) / orders for column in (2, 3, 4)]
    life = {
        "ops": round(orders / wall, 1),
        "sql": round(sums[0], 1),
        "cpu_ms": round(sums[1] * 1e3, 2),
        "pg_ms": round(sums[2] * 1e3, 2),
    }
    return {"what": "floor", "procs": procs, "N": orders, "life": life}


def want(seed: int, orders: int, barrier: Any, results: Any) -> None:
    """Place one process's share of the orders for the hot item."""
    clerk, dice, sold = Clerk(), random.Random(seed), 0  # noqa: S311
    barrier.wait()
    begun = time.time()
    for _ in range(orders):
        with contextlib.suppress(SoldOut):
            clerk.place(dice.randint(1, CUSTOMERS), [(HOT, 1)])
            sold += 1
    results.put((begun, time.time(), sold))


def hot(procs: int, stock: int, wanted: int) -> dict[str, Any]:
    """Return how many orders a second were tried for one item, and how many got it."""
    with psycopg.connect(DSN, autocommit=True) as connection:
        connection.execute("UPDATE shelf SET on_hand = %s, promised = 0 WHERE item_id = %s", [stock, HOT])
    share = wanted // procs
    rows = in_parallel(procs, want, share)
    wall = max(row[1] for row in rows) - min(row[0] for row in rows)
    return {
        "what": "hot floor",
        "procs": procs,
        "ok": sum(row[2] for row in rows),
        "attempts_per_s": round(share * procs / wall, 1),
    }


def in_parallel(procs: int, task: Callable[[int, int, Any, Any], None], share: int) -> list[Any]:
    """Run a task's share in each of some processes that begin together, and return what they say."""
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(procs), fork.Queue()
    workers = [fork.Process(target=task, args=(seed, share, barrier, results)) for seed in range(procs)]
    for worker in workers:
        worker.start()
    rows = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return rows


if __name__ == "__main__":
    main()
