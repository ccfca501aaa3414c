"""The statement that reckons what planning says of stock, from what moved within a year of 360 days."""

# What planning says of every product in every warehouse of companies that has it, gave some away or gets some: kept anew where it
# stands, made where it is new, taken away where nothing of it is left; by product, so that two who reckon wait for each other.
# m: what left to customers, by month of 30 days, and what came. v: days for which the product is known, 30 to 360, and who is asked
# first for it. Of months only full ones say how steady it goes: with n months, units sum s and squares sum q, the coefficient of
# variation is sqrt(n q / s^2 - 1). A product's class is told by the share of the value that stands before it.
# Safety stock is z times the standard deviation of what leaves within the lead time, which is that of a month times the root of how
# many months it is; z is of the class's service level (E. A. Silver, D. F. Pyke, R. Peterson, Inventory Management, 1998).
# h: in how many days from now a supplier brings what takes so many days of work: WorkingDays.working_day in SQL.
# %s = at, company ids[] (empty: all), days of DEAD, days of OVER; z by class: of companies that set levels (ids[], A[], B[], C[]), and
# of all others (A, B, C)
RECKON_PLANNING = """
WITH t AS MATERIALIZED (
    SELECT g.at, g.dead, g.most, ARRAY (
        SELECT c.id FROM core_company c WHERE g.ids = '{}' OR c.id = ANY (g.ids)
    ) AS ids FROM (SELECT %s::timestamptz AS at, %s::bigint[] AS ids, %s::int AS dead, %s::int AS most) g
), m AS MATERIALIZED (
    SELECT g.product_id, b.warehouse_id, floor(extract(epoch FROM t.at - p.at) / 2592000)::int AS month,
        coalesce(sum(g.quantity) FILTER (WHERE g.to_place = 'CUSTOMER'), 0) AS units,
        coalesce(sum(g.value) FILTER (WHERE g.to_place = 'CUSTOMER'), 0) AS value,
        max(p.at) FILTER (WHERE g.to_place = 'CUSTOMER') AS left_at,
        max(p.at) FILTER (WHERE g.to_place = 'BIN') AS came_at
    FROM t
    JOIN inventory_stockposting p
        ON p.company_id = ANY (t.ids) AND p.at > t.at - interval '360 days' AND p.at <= t.at
    JOIN inventory_stockmove g ON g.posting_id = p.id
        AND (g.to_place = 'CUSTOMER' AND p.kind = 'ISSUE' OR g.from_place IN ('SUPPLIER', 'TRANSIT') AND g.to_place = 'BIN')
    JOIN inventory_bin b ON b.id = coalesce(g.from_bin_id, g.to_bin_id)
    GROUP BY 1, 2, 3
), u AS MATERIALIZED (
    SELECT m.product_id, m.warehouse_id, sum(m.units) AS units, sum(m.value) AS value,
        max(m.left_at) AS left_at, max(m.came_at) AS came_at
    FROM m GROUP BY 1, 2
), c AS MATERIALIZED (
    SELECT i.product_id, i.warehouse_id, sum(i.open - coalesce(i.pegged, 0)) AS coming
    FROM (
        SELECT s.product_id, o.warehouse_id, s.open, (
            SELECT sum(a.quantity) FROM inventory_allocation a WHERE a.supply_id = s.id AND a.status = 'SOFT') AS pegged
        FROM t
        JOIN inventory_supplierorder o
            ON o.company_id = ANY (t.ids) AND o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED')
        JOIN inventory_supplierorderline s ON s.order_id = o.id AND s.open > 0
        UNION ALL
        SELECT g.product_id, r.to_warehouse_id, g.open, (
            SELECT sum(a.quantity) FROM inventory_allocation a WHERE a.transfer_line_id = g.id AND a.status = 'SOFT')
        FROM t
        JOIN inventory_transfer r ON r.company_id = ANY (t.ids)
        JOIN inventory_transferline g ON g.transfer_id = r.id AND g.open > 0
    ) i
    GROUP BY 1, 2
), l AS MATERIALIZED (
    SELECT l.product_id, l.warehouse_id, l.sellable + l.blocked + l.staged AS on_hand, l.sellable - l.allocated AS free, l.value,
        (l.value - l.blocked_value) / nullif(l.sellable + l.uncounted + l.staged, 0) AS average
    FROM t JOIN inventory_stocklevel l ON l.company_id = ANY (t.ids)
), h AS MATERIALIZED (
    SELECT k.supplier_id, k.lead, coalesce(d.days, k.lead) AS days
    FROM (
        SELECT DISTINCT s.id AS supplier_id, coalesce(i.lead_days, s.lead_days) AS lead, coalesce(w.weekdays, c.weekdays) AS weekdays,
            CASE WHEN w.id IS NULL THEN c.holidays ELSE w.holidays END AS holidays, (t.at AT TIME ZONE c.time_zone)::date AS today
        FROM t
        JOIN inventory_supplier s ON s.company_id = ANY (t.ids) AND s.is_active
        JOIN core_company c ON c.id = s.company_id
        JOIN inventory_supplieritem i ON i.supplier_id = s.id
        LEFT JOIN inventory_calendar w ON w.id = s.calendar_id
    ) k
    LEFT JOIN LATERAL (
        SELECT n.days FROM generate_series(0, 400 + 7 * k.lead) AS n(days)
        WHERE (k.weekdays = '{}' OR extract(isodow FROM k.today + n.days) = ANY (k.weekdays)) AND NOT k.today + n.days = ANY (k.holidays)
        ORDER BY n.days OFFSET k.lead LIMIT 1
    ) d ON k.weekdays <> '{}' OR k.holidays <> '{}'
), v AS MATERIALIZED (
    SELECT p.id AS product_id, p.company_id, n.step, f.first_at, i.unit_cost, i.lead_days,
        greatest(30, least(360, floor(extract(epoch FROM t.at - f.first_at) / 86400)))::int AS days
    FROM t
    JOIN inventory_product p ON p.company_id = ANY (t.ids) AND p.kind = 'STOCK'
    JOIN inventory_unit n ON n.id = p.unit_id
    LEFT JOIN LATERAL (
        SELECT g.at AS first_at FROM inventory_stockmove m JOIN inventory_stockposting g ON g.id = m.posting_id
        WHERE m.product_id = p.id ORDER BY m.id LIMIT 1
    ) f ON true
    LEFT JOIN LATERAL (
        SELECT i.unit_cost, h.days AS lead_days
        FROM inventory_supplieritem i JOIN inventory_supplier s ON s.id = i.supplier_id AND s.is_active
        JOIN h ON h.supplier_id = s.id AND h.lead = coalesce(i.lead_days, s.lead_days)
        WHERE i.product_id = p.id ORDER BY i.rank, i.unit_cost, i.id LIMIT 1
    ) i ON true
), s AS MATERIALIZED (
    SELECT m.product_id, m.warehouse_id,
        v.days / 30 * sum(m.units * m.units) / nullif(sum(m.units) * sum(m.units), 0) - 1 AS variation,
        sum(m.units) / (v.days / 30) AS monthly
    FROM m JOIN v ON v.product_id = m.product_id AND m.month < v.days / 30
    GROUP BY m.product_id, m.warehouse_id, v.days
), x AS MATERIALIZED (
    SELECT v.company_id, v.product_id, k.warehouse_id, v.step, v.first_at, v.unit_cost, v.lead_days, v.days,
        coalesce(u.units, 0) AS units, coalesce(u.value, 0) AS value_left, coalesce(u.units, 0) / v.days AS daily, u.left_at, u.came_at,
        coalesce(l.on_hand, 0) AS on_hand, coalesce(l.value, 0) AS value, l.average, coalesce(l.free, 0) AS free,
        coalesce(c.coming, 0) AS coming, coalesce(l.free, 0) + coalesce(c.coming, 0) AS there,
        s.variation, s.monthly
    FROM (
        SELECT l.product_id, l.warehouse_id FROM l WHERE l.on_hand > 0
        UNION SELECT u.product_id, u.warehouse_id FROM u WHERE u.units > 0
        UNION SELECT c.product_id, c.warehouse_id FROM c WHERE c.coming > 0
    ) k
    JOIN v ON v.product_id = k.product_id
    LEFT JOIN l ON l.product_id = k.product_id AND l.warehouse_id = k.warehouse_id
    LEFT JOIN u ON u.product_id = k.product_id AND u.warehouse_id = k.warehouse_id
    LEFT JOIN c ON c.product_id = k.product_id AND c.warehouse_id = k.warehouse_id
    LEFT JOIN s ON s.product_id = k.product_id AND s.warehouse_id = k.warehouse_id
), y AS MATERIALIZED (
    SELECT x.*, t.at, t.most,
        CASE
            WHEN x.on_hand > 0 AND greatest(x.first_at, x.left_at, x.came_at) <= t.at - t.dead * interval '1 day' THEN 'DEAD'
            WHEN x.daily > 0 AND x.there < x.daily * greatest(x.lead_days, 1) THEN 'SHORT'
            WHEN x.daily > 0 AND least(x.free, x.there - x.daily * t.most) >= x.step THEN 'OVER'
            ELSE 'FINE'
        END AS state,
        coalesce(sum(x.value_left) OVER (
            PARTITION BY x.warehouse_id ORDER BY x.value_left DESC, x.product_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS before,
        sum(x.value_left) OVER (PARTITION BY x.warehouse_id) AS total
    FROM x CROSS JOIN t
), z AS MATERIALIZED (
    SELECT y.*, CASE y.state
        WHEN 'DEAD' THEN y.on_hand
        WHEN 'SHORT' THEN ceil((y.daily * greatest(y.lead_days, 1) - y.there) / y.step) * y.step
        WHEN 'OVER' THEN floor(least(y.free, y.there - y.daily * y.most) / y.step) * y.step
        ELSE 0 END AS concerned,
        CASE WHEN y.value_left = 0 OR y.before >= 0.95 * y.total THEN 'C' WHEN y.before >= 0.8 * y.total THEN 'B' ELSE 'A' END AS class
    FROM y
), e AS MATERIALIZED (
    SELECT e.* FROM unnest((SELECT %s::bigint[]), (SELECT %s::float8[]), (SELECT %s::float8[]), (SELECT %s::float8[])) AS e(id, a, b, c)
), o AS MATERIALIZED (
    SELECT z.product_id, z.warehouse_id, z.step, z.daily * z.lead_days AS meanwhile,
        CASE z.class WHEN 'A' THEN coalesce(e.a, d.a) WHEN 'B' THEN coalesce(e.b, d.b) ELSE coalesce(e.c, d.c) END
            * sqrt(greatest(z.variation, 0)) * z.monthly * sqrt(z.lead_days / 30.0) AS kept
    FROM z
    CROSS JOIN (SELECT %s::float8 AS a, %s::float8 AS b, %s::float8 AS c) d
    LEFT JOIN e ON e.id = z.company_id
    WHERE z.days >= 90 AND z.daily > 0 AND z.lead_days > 0
), w AS MATERIALIZED (
    SELECT o.product_id, o.warehouse_id, ceil(round((o.kept / o.step)::numeric, 6)) * o.step AS safety,
        ceil(round(o.meanwhile / o.step, 6)) * o.step AS meanwhile
    FROM o
), gone AS (
    DELETE FROM inventory_planningfigure f USING t
    WHERE f.company_id = ANY (t.ids) AND NOT EXISTS (
        SELECT FROM z WHERE z.product_id = f.product_id AND z.warehouse_id = f.warehouse_id
    )
)
INSERT INTO inventory_planningfigure AS f (
    company_id, warehouse_id, product_id, as_of, value_class, unit_class, units_left, value_left, daily, on_hand, value, free, coming,
    cover_days, lead_days, left_at, state, concerned, worth,
    safety_stock, reorder_point, safety_worth)
SELECT z.company_id, z.warehouse_id, z.product_id, z.at,
    z.class,
    CASE WHEN z.days < 90 OR z.variation IS NULL THEN '' WHEN z.variation <= 0.25 THEN 'X' WHEN z.variation <= 1 THEN 'Y' ELSE 'Z' END,
    z.units, z.value_left, round(z.daily, 6), z.on_hand, z.value, z.free, z.coming,
    CASE WHEN z.daily > 0 THEN least(floor(z.there / z.daily), 9999)::int END, z.lead_days, z.left_at, z.state, z.concerned,
    round(CASE z.state
        WHEN 'DEAD' THEN z.value
        WHEN 'SHORT' THEN z.concerned * coalesce(z.unit_cost, z.average, 0)
        ELSE z.concerned * coalesce(z.average, 0) END, 4),
    w.safety, w.meanwhile + w.safety, round(w.safety * coalesce(z.unit_cost, z.average, 0), 4)
FROM z LEFT JOIN w ON w.product_id = z.product_id AND w.warehouse_id = z.warehouse_id
ORDER BY z.product_id, z.warehouse_id
ON CONFLICT (company_id, product_id, warehouse_id) DO UPDATE SET
    as_of = excluded.as_of, value_class = excluded.value_class, unit_class = excluded.unit_class, units_left = excluded.units_left,
    value_left = excluded.value_left, daily = excluded.daily, on_hand = excluded.on_hand, value = excluded.value, free = excluded.free,
    coming = excluded.coming, cover_days = excluded.cover_days, lead_days = excluded.lead_days, left_at = excluded.left_at,
    state = excluded.state, concerned = excluded.concerned, worth = excluded.worth, safety_stock = excluded.safety_stock,
    reorder_point = excluded.reorder_point, safety_worth = excluded.safety_worth
"""
