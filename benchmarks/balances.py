"""What is counted across rows, made right after rows were copied: balances, invoice numbers and figures of days."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from dashboards.sql import figures

# Counters whose rows stand for a place and not for what happened: (columns that count, columns that tell rows apart)
COUNTED = {
    "inventory_stocklevel": ("sellable", "allocated", "staged", "blocked", "uncounted", "value", "blocked_value"),
    "inventory_binstock": ("quantity", "allocated", "blocked"),
    "orders_creditaccount": ("balance",),
}
# Made anew as a whole, or no part of what a company did
KEPT = (
    "core_numberseries",
    "dashboards_dayfigure",
    "dashboards_rollup",
    "procrastinate_jobs",
    "procrastinate_events",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "inventory_supplier",
    "inventory_supplieritem",
    "inventory_supplieritemevent",
    "inventory_supplierevent",
)

# An invoice's hash is made of the hash before it: a sum over the series' order
_CHAIN = """
CREATE FUNCTION pg_temp.link(before text, said text) RETURNS text IMMUTABLE STRICT LANGUAGE sql
AS $$ SELECT encode(sha256(convert_to(before || said, 'UTF8')), 'hex') $$;
CREATE AGGREGATE pg_temp.chain(text) (SFUNC = pg_temp.link, STYPE = text, INITCOND = '');
"""
_SERIES = """
INSERT INTO core_numberseries (company_id, kind, year, prefix, next_value, last_hash)
SELECT DISTINCT s.company_id, s.kind, extract(year FROM i.issued_on)::int, s.prefix, 1, ''
FROM billing_invoice i JOIN core_numberseries s ON s.id = i.series_id
ON CONFLICT (company_id, kind, year) DO NOTHING
"""
_NUMBERED = """
CREATE TEMP TABLE numbered AS
SELECT p.id, p.series_id, p.issued_on, p.place, p.number, lag(p.hash, 1, '') OVER w AS previous_hash, p.hash FROM (
    SELECT n.*, pg_temp.chain(n.number || n.digest) OVER (PARTITION BY n.series_id ORDER BY n.place) AS hash FROM (
        SELECT v.*,
            v.prefix || '-' || v.year || '-' || lpad(v.place::text, greatest(6, length(v.place::text)), '0') AS number
        FROM (
            SELECT i.id, i.issued_on, i.digest, y.id AS series_id, y.prefix, y.year,
                row_number() OVER (PARTITION BY y.id ORDER BY i.issued_on, i.id) AS place
            FROM billing_invoice i
            JOIN core_numberseries s ON s.id = i.series_id
            JOIN core_numberseries y
                ON y.company_id = s.company_id AND y.kind = s.kind AND y.year = extract(year FROM i.issued_on)::int
        ) v
    ) n
) p WINDOW w AS (PARTITION BY p.series_id ORDER BY p.place)
"""
_RENUMBER = """
UPDATE billing_invoice i SET series_id = n.series_id, number = n.number, previous_hash = n.previous_hash, hash = n.hash
FROM numbered n WHERE n.id = i.id
"""
_SERIES_STAND = """
UPDATE core_numberseries s SET next_value = n.place + 1, last_on = n.issued_on, last_hash = n.hash
FROM (SELECT DISTINCT ON (series_id) * FROM numbered ORDER BY series_id, place DESC) n WHERE n.series_id = s.id
"""
_ROLLED_UP = """
UPDATE dashboards_rollup SET event_id = m.last, mark_id = m.last FROM (SELECT max(id) AS last FROM orders_orderevent) m
"""


def remember(owner: psycopg.Connection[Any], when: str) -> None:
    """Keep what the counters say now under a name."""
    for table in COUNTED:
        owner.execute(
            SQL("CREATE TEMP TABLE {} AS SELECT * FROM {}").format(Identifier(f"{when}_{table}"), Identifier(table))
        )


def make_right(owner: psycopg.Connection[Any], *, past: int, present: int) -> None:
    """Make right what counts copies: `past` of what was done until "finished", and `present` of what was done since."""
    for table, columns in COUNTED.items():
        _count(owner, table, columns, past, present)
    owner.execute("DELETE FROM procrastinate_events")
    owner.execute("DELETE FROM procrastinate_jobs")
    owner.execute("DELETE FROM dashboards_dayfigure")
    # The work memory of one statement at a time
    owner.execute("SET work_mem = '256MB'")
    for statement in (_CHAIN, _SERIES, _NUMBERED, _RENUMBER, _SERIES_STAND, figures.MAKE_FIGURES, _ROLLED_UP):
        owner.execute(statement)
    owner.execute("RESET work_mem")


def _count(owner: psycopg.Connection[Any], table: str, columns: tuple[str, ...], past: int, present: int) -> None:
    """Add what the copies of both stretches changed: as often what the stretch itself changed."""
    key = "customer_id" if table == "orders_creditaccount" else "id"
    owner.execute(
        SQL("UPDATE {table} t SET {columns} FROM {table} n {joins} WHERE n.{key} = t.{key}").format(
            table=Identifier(table),
            key=Identifier(key),
            columns=SQL(", ").join(
                SQL(
                    "{name} = n.{name} + {past} * (coalesce(f.{name}, 0) - coalesce(b.{name}, 0))"
                    " + {present} * (n.{name} - coalesce(f.{name}, 0))"
                ).format(name=Identifier(name), past=Literal(past), present=Literal(present))
                for name in columns
            ),
            joins=SQL("LEFT JOIN {} f USING ({key}) LEFT JOIN {} b USING ({key})").format(
                Identifier(f"finished_{table}"), Identifier(f"begun_{table}"), key=Identifier(key)
            ),
        )
    )
