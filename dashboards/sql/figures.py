"""Figures of days: made of facts, kept in step with them by what goes and what comes, and read for the manager's page."""

from dashboards.sql.facts import LINE_COLUMNS, OCCURRENCE_COLUMNS, ORDER_COLUMNS, READ

# A stretch of time falls into one of 64 ranges, each a quarter longer than the one before: the first is up to a minute. Ranges of
# many days add up, so that percentiles of any period can be told to within one
RANGES, GROWTH = 63, "1.25"
_RANGE = f"least({RANGES}, greatest(0, ceil(ln(greatest(extract(epoch FROM c.until - c.since), 1) / 60.0) / ln({GROWTH}))))::int"

_OF_LINES = """
SELECT f.company_id, f.warehouse_id, v.* FROM {lines} f CROSS JOIN LATERAL (VALUES
    (f.first_on, 'FIRST', f.first_cause, 0::numeric, 0::numeric),
    (f.now_on, 'NOW', f.now_cause, 0, 0),
    (f.asked_on, 'ASKED', f.asked_cause, 0, 0),
    (f.filled_on, 'FILL', CASE WHEN f.filled < f.ordered THEN 'PART' ELSE '' END, f.filled, f.ordered),
    (f.open_on, 'OPEN', f.open_stage, f.open_value, 0),
    (f.waiting_on, 'WAITING', '', f.waiting_value, f.waiting)
) v("on", measure, cause, amount, whole) WHERE v."on" IS NOT NULL
"""
_OF_ORDERS = f"""
SELECT f.company_id, f.warehouse_id, f.stage_on, 'STAGE', f.stage, f.value, f.is_foreign::int::numeric FROM {{orders}} f WHERE f.stage <> ''
UNION ALL
SELECT f.company_id, f.warehouse_id, (c.until AT TIME ZONE y.time_zone)::date, c.measure, ({_RANGE})::text, 0, 0
FROM {{orders}} f JOIN core_company y ON y.id = f.company_id CROSS JOIN LATERAL (VALUES
    ('T_CONFIRM', f.taken_at, f.confirmed_at), ('T_RELEASE', f.confirmed_at, f.released_at),
    ('T_PICK', f.released_at, f.picked_at), ('T_SHIP', f.picked_at, f.shipped_at),
    ('T_DELIVER', f.shipped_at, f.delivered_at), ('T_CASH', f.delivered_at, f.paid_at),
    ('T_WHOLE', f.taken_at, f.delivered_at)
) c(measure, since, until) WHERE c.since IS NOT NULL AND c.until IS NOT NULL
"""
_OF_OCCURRENCES = """
SELECT f.company_id, f.warehouse_id, f."on", f.kind, f.cause, f.amount, 0::numeric FROM {occurrences} f
UNION ALL
SELECT f.company_id, f.warehouse_id, f."on", 'HELD', f.cause, 0, 0 FROM {occurrences} f WHERE f.is_open
"""


def _of(lines: str, orders: str, occurrences: str) -> str:
    """Return what facts count towards, one row each: (company, warehouse, day, measure, cause, amount, whole)."""
    parts = (
        _OF_LINES.format(lines=lines), _OF_ORDERS.format(orders=orders), _OF_OCCURRENCES.format(occurrences=occurrences)
    )  # fmt: skip
    return " UNION ALL ".join(parts)


_FRESH = _of("line_facts", "order_facts", "occurrences")
_TABLES = ("dashboards_linefact", "dashboards_orderfact", "dashboards_occurrence")


def _add(counted: str, sign: str) -> str:
    """Return the statement's end that adds what facts count towards to the figures, or takes it off."""
    return f"""
INSERT INTO dashboards_dayfigure AS d (company_id, warehouse_id, "on", measure, cause, number, amount, whole)
SELECT x.company_id, x.warehouse_id, x."on", x.measure, x.cause, {sign}count(*), {sign}sum(x.amount), {sign}sum(x.whole)
FROM ({counted}) x(company_id, warehouse_id, "on", measure, cause, amount, whole) GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (company_id, measure, "on", cause, warehouse_id) DO UPDATE
SET number = d.number + excluded.number, amount = d.amount + excluded.amount, whole = d.whole + excluded.whole
"""


# All figures anew, from the facts that are kept
MAKE_FIGURES = _add(_of(*_TABLES), "")

_GIVEN = "SELECT x.id FROM unnest((SELECT %s::bigint[])) AS x(id)"

# The facts of orders go, and what they counted towards is less by them. %s = order ids[], three times
TAKE_BACK = f"""
WITH {", ".join(f"gone_{n} AS (DELETE FROM {table} WHERE order_id = ANY ((SELECT %s::bigint[])::bigint[]) RETURNING *)" for n, table in enumerate(_TABLES))}
{_add(_of("gone_0", "gone_1", "gone_2"), "-")}
"""

# The facts of orders as they are now, and what they count towards. %s = order ids[]
BRING_IN = f"""
WITH {READ.replace("{orders}", _GIVEN)},
made_lines AS (INSERT INTO dashboards_linefact ({LINE_COLUMNS}) SELECT * FROM line_facts),
made_orders AS (INSERT INTO dashboards_orderfact ({ORDER_COLUMNS}) SELECT * FROM order_facts),
made_occurrences AS (INSERT INTO dashboards_occurrence ({OCCURRENCE_COLUMNS}) SELECT * FROM occurrences)
{_add(_FRESH, "")}
"""

# Orders of a company that something happened to after an event. %s = event id, company id
TOUCHED = "SELECT DISTINCT e.order_id FROM orders_orderevent e WHERE e.id > %s AND e.company_id = %s"

# The number that the last event took
LAST_EVENT = "SELECT s.last_value FROM orders_orderevent_id_seq s"

# When this statement began, and since when the oldest transaction runs that others have open: an event that is not there yet has a
# number that was taken after its transaction began
OPEN_SINCE = """
SELECT a.query_start, (
    SELECT min(o.xact_start) FROM pg_stat_activity o
    WHERE o.datname = a.datname AND o.backend_type = 'client backend' AND o.pid <> a.pid
) FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
"""

# --- The page ---

# %s = company id twice, person id, company id
FRAME = """
SELECT 'site', w.id, w.name, NULL::numeric, NULL::timestamptz,
    NOT EXISTS (SELECT FROM inventory_warehouseaccess a JOIN inventory_warehouse v ON v.id = a.warehouse_id AND v.company_id = w.company_id
        WHERE a.user_id = p.id) AS everywhere,
    EXISTS (SELECT FROM inventory_warehouseaccess a WHERE a.user_id = p.id AND a.warehouse_id = w.id) AS here,
    w.lines_a_day, w.cut_off
FROM inventory_warehouse w, (SELECT %s::bigint AS company_id, %s::bigint AS id) p WHERE w.company_id = p.company_id
UNION ALL
SELECT 'target', 0, t.figure, t.value, NULL, FALSE, FALSE, NULL, NULL FROM dashboards_target t WHERE t.company_id = %s
UNION ALL
SELECT 'rolled', r.event_id, '', NULL, r.rolled_at, FALSE, FALSE, NULL, NULL FROM dashboards_rollup r WHERE r.company_id = %s
ORDER BY 1, 3
"""

# Stages of lines that a warehouse can work on
TO_SEND = ("RELEASE", "PICK", "PACK", "SHIP")
STANDING = ("OPEN", "WAITING", "STAGE", "HELD")
TIMED = ("T_CONFIRM", "T_RELEASE", "T_PICK", "T_SHIP", "T_DELIVER", "T_CASH", "T_WHOLE")
OF_PERIOD = ("FIRST", "NOW", "ASKED", "FILL", "SHORT", "HOLD", "INVOICE", "CREDIT", *TIMED)
# Days of age from which a range begins
AGES = (1, 3, 8, 15, 31)

# The figures of a company for the page: what days keep, and what events since then change of it. A line counts on its day once
# that is over. Rows are (what, measure, cause, place, number, number without a cause, amount, whole). %s by name
READ_FIGURES = f"""
WITH given AS MATERIALIZED (
    SELECT %(company)s::bigint AS company_id, %(event)s::bigint AS event_id, %(today)s::date AS today, %(first)s::date AS first,
        %(last)s::date AS last, %(step)s::int AS step, %(sites)s::bigint[] AS sites
), touched AS MATERIALIZED (
    SELECT DISTINCT e.order_id FROM orders_orderevent e
    WHERE e.id > %(event)s AND e.company_id = %(company)s
), {READ.replace("{orders}", "SELECT order_id FROM touched")},
{", ".join(f"was_{n} AS MATERIALIZED (SELECT * FROM {table} WHERE order_id = ANY (ARRAY (SELECT order_id FROM touched)))" for n, table in enumerate(_TABLES))},
d AS MATERIALIZED (
    SELECT x.measure, x.cause, x."on", x.warehouse_id, x.number, x.amount, x.whole FROM (
        SELECT d.measure, d.cause, d."on", d.warehouse_id, d.number, d.amount, d.whole FROM dashboards_dayfigure d
        WHERE d.company_id = %(company)s AND (d.measure IN {STANDING}
            OR d.measure IN {OF_PERIOD} AND d."on" BETWEEN %(first)s - (%(last)s::date - %(first)s::date + 1) AND %(last)s)
        UNION ALL
        SELECT y.measure, y.cause, y."on", y.warehouse_id, 1, y.amount, y.whole
        FROM ({_FRESH}) y(company_id, warehouse_id, "on", measure, cause, amount, whole)
        UNION ALL
        SELECT y.measure, y.cause, y."on", y.warehouse_id, -1, -y.amount, -y.whole
        FROM ({_of("was_0", "was_1", "was_2")}) y(company_id, warehouse_id, "on", measure, cause, amount, whole)
    ) x, given
    WHERE (given.sites IS NULL OR x.warehouse_id = ANY (given.sites))
        AND (x.measure IN {STANDING} OR x."on" BETWEEN given.first - (given.last - given.first + 1) AND given.last)
        AND (x.measure NOT IN ('FIRST', 'NOW', 'ASKED') OR x."on" < given.today)
)
SELECT CASE WHEN d."on" < given.first THEN 'before' ELSE 'period' END, d.measure, d.cause, 0, sum(d.number), 0, sum(d.amount), sum(d.whole)
FROM d, given WHERE d.measure NOT IN {STANDING} GROUP BY 1, 2, 3
UNION ALL
SELECT 'point', d.measure, '', (d."on" - given.first) / given.step, sum(d.number), sum(d.number) FILTER (WHERE d.cause = ''), sum(d.amount),
    sum(d.whole)
FROM d, given WHERE d.measure IN ('FIRST', 'NOW', 'ASKED', 'FILL', 'INVOICE', 'CREDIT') AND d."on" >= given.first GROUP BY 2, 4
UNION ALL
SELECT 'point', d.measure, d.cause, (d."on" - given.first) / given.step, sum(d.number), 0, 0, 0
FROM d, given WHERE d.measure = 'T_WHOLE' AND d."on" >= given.first GROUP BY 3, 4, 2
UNION ALL
SELECT 'age', d.measure, d.cause, width_bucket(given.today - d."on", ARRAY{list(AGES)}), sum(d.number), 0, sum(d.amount), sum(d.whole)
FROM d, given WHERE d.measure IN ('STAGE', 'WAITING', 'HELD') GROUP BY 2, 3, 4
UNION ALL
SELECT 'site', d.measure, d.cause, coalesce(d.warehouse_id, 0), sum(d.number), 0, sum(d.amount), sum(d.whole)
FROM d, given WHERE d.measure = 'STAGE' GROUP BY 2, 3, 4
UNION ALL
SELECT 'open', d.measure, d.cause, greatest(-1, least(3, d."on" - given.today)), sum(d.number), 0, sum(d.amount), 0
FROM d, given WHERE d.measure = 'OPEN' GROUP BY 2, 3, 4
UNION ALL
SELECT 'load', d.measure, greatest(-1, least(6, d."on" - given.today))::text, coalesce(d.warehouse_id, 0), sum(d.number), 0, 0, 0
FROM d, given WHERE d.measure = 'OPEN' AND d.cause IN {TO_SEND} GROUP BY 2, 3, 4
"""

# --- Proofs ---

# Facts that are kept against those of now, of orders that nothing happened to since they were rolled up. Rows are (subject, kept,
# now). {kind} = line_facts, {table}, {columns}
PROVE_FACTS = (
    """
WITH due AS MATERIALIZED (
    SELECT DISTINCT e.order_id FROM dashboards_rollup r JOIN orders_orderevent e ON e.company_id = r.company_id AND e.id > r.event_id
), """
    + READ.replace(
        "{orders}",
        "SELECT v.id FROM dashboards_rollup r JOIN orders_salesorder v ON v.company_id = r.company_id WHERE v.id NOT IN (SELECT order_id FROM due)",
    )
    + """, kept AS (SELECT {columns} FROM {table} WHERE order_id NOT IN (SELECT order_id FROM due))
SELECT 'order ' || x.order_id, max(x.row_text) FILTER (WHERE x.is_kept), max(x.row_text) FILTER (WHERE NOT x.is_kept) FROM (
    SELECT TRUE AS is_kept, k.order_id, k::text AS row_text FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM {kind}) k
    UNION ALL
    SELECT FALSE, k.order_id, k::text FROM (SELECT * FROM {kind} EXCEPT ALL SELECT * FROM kept) k
) x GROUP BY x.order_id ORDER BY x.order_id
"""
)
PROVE_LINES = (
    PROVE_FACTS.replace("{kind}", "line_facts").replace("{table}", _TABLES[0]).replace("{columns}", LINE_COLUMNS)
)
PROVE_ORDERS = (
    PROVE_FACTS.replace("{kind}", "order_facts").replace("{table}", _TABLES[1]).replace("{columns}", ORDER_COLUMNS)
)
PROVE_OCCURRENCES = (
    PROVE_FACTS.replace("{kind}", "occurrences").replace("{table}", _TABLES[2]).replace("{columns}", OCCURRENCE_COLUMNS)
)

# Figures of days against the facts that are kept
PROVE_FIGURES = f"""
SELECT concat_ws(' ', 'company', x.company_id, x.measure, x.cause, x."on", 'warehouse', coalesce(x.warehouse_id, 0)),
    concat_ws(' / ', sum(x.kept), sum(x.kept_amount), sum(x.kept_whole)), concat_ws(' / ', sum(x.made), sum(x.made_amount), sum(x.made_whole))
FROM (
    SELECT d.company_id, d.warehouse_id, d."on", d.measure, d.cause, d.number AS kept, d.amount AS kept_amount, d.whole AS kept_whole,
        0 AS made, 0 AS made_amount, 0 AS made_whole
    FROM dashboards_dayfigure d
    UNION ALL
    SELECT y.company_id, y.warehouse_id, y."on", y.measure, y.cause, 0, 0, 0, 1, y.amount, y.whole
    FROM ({_of(*_TABLES)}) y(company_id, warehouse_id, "on", measure, cause, amount, whole)
) x GROUP BY x.company_id, x.warehouse_id, x."on", x.measure, x.cause
HAVING (sum(x.kept), sum(x.kept_amount), sum(x.kept_whole)) <> (sum(x.made), sum(x.made_amount), sum(x.made_whole))
ORDER BY 1
"""
