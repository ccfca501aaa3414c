"""Proofs of inventory's counters: levels and bins from the moves, promises from the allocations."""

from __future__ import annotations

from core import money_sql
from core.audit import sql_check
from inventory.audit.inspections import INSPECTIONS
from inventory.audit.transfers import TRANSFERS

_IN_AND_OUT = """
    SELECT m.product_id, m.lot_id, m.to_bin_id AS bin_id, m.quantity, m.value FROM inventory_stockmove m WHERE m.to_bin_id IS NOT NULL
    UNION ALL
    SELECT m.product_id, m.lot_id, m.from_bin_id, -m.quantity, -m.value FROM inventory_stockmove m WHERE m.from_bin_id IS NOT NULL
"""

# What each move of an issue costs: its share by quantity of what its posting took from a level (PRODUCT.md rule 6).
_ISSUE_COSTS = money_sql.spread(f"""
    SELECT concat_ws('/', m.posting_id, m.product_id, b.warehouse_id) AS whole, m.id AS position, m.quantity AS weight,
        sum(m.value) OVER (PARTITION BY m.posting_id, m.product_id, b.warehouse_id) AS amount, {money_sql.unit("c.currency")} AS unit
    FROM inventory_stockmove m
    JOIN inventory_stockposting p ON p.id = m.posting_id AND (p.kind = 'ISSUE' OR m.to_place = 'TRANSIT')
    JOIN core_company c ON c.id = p.company_id
    JOIN inventory_bin b ON b.id = m.from_bin_id
""")

CHECKS = [
    sql_check(
        "bin stock = sum of its moves",
        rows="inventory_binstock",
        drift=f"""
        SELECT 'product ' || coalesce(s.product_id, m.product_id) || coalesce(', lot ' || coalesce(s.lot_id, m.lot_id), '')
            || ' in bin ' || coalesce(s.bin_id, m.bin_id),
            coalesce(s.quantity, 0), coalesce(m.quantity, 0)
        FROM inventory_binstock s
        FULL JOIN (SELECT product_id, bin_id, lot_id, sum(quantity) AS quantity FROM ({_IN_AND_OUT}) x GROUP BY 1, 2, 3) m
            ON m.product_id = s.product_id AND m.bin_id = s.bin_id AND coalesce(m.lot_id, 0) = coalesce(s.lot_id, 0)
        WHERE coalesce(s.quantity, 0) <> coalesce(m.quantity, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "stock level = sum of its bins (sellable in pick bins, staged in totes and parcels, blocked there and elsewhere)",
        rows="inventory_stocklevel",
        drift="""
        SELECT 'level ' || l.id, concat_ws(' / ', l.sellable, l.staged, l.blocked, l.uncounted),
            concat_ws(' / ', coalesce(b.sellable, 0), coalesce(b.staged, 0), coalesce(b.blocked, 0), coalesce(b.uncounted, 0))
        FROM inventory_stocklevel l
        LEFT JOIN (
            SELECT s.product_id, n.warehouse_id,
                coalesce(sum(s.quantity - s.blocked) FILTER (WHERE n.kind = 'PICK'), 0) AS sellable,
                coalesce(sum(s.quantity) FILTER (WHERE n.kind IN ('TOTE', 'PACKED')), 0) AS staged,
                coalesce(sum(CASE n.kind WHEN 'PICK' THEN s.blocked ELSE s.quantity END)
                    FILTER (WHERE n.kind NOT IN ('TOTE', 'PACKED')), 0) AS blocked,
                coalesce(sum(s.blocked), 0) AS uncounted
            FROM inventory_binstock s JOIN inventory_bin n ON n.id = s.bin_id GROUP BY 1, 2
        ) b ON b.product_id = l.product_id AND b.warehouse_id = l.warehouse_id
        WHERE l.sellable <> coalesce(b.sellable, 0) OR l.staged <> coalesce(b.staged, 0) OR l.blocked <> coalesce(b.blocked, 0)
            OR l.uncounted <> coalesce(b.uncounted, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "stock value = value of its moves, and its shares of late costs",
        rows="inventory_stockmove",
        drift=f"""
        SELECT 'level ' || l.id, l.value, coalesce(m.value, 0) + coalesce(c.value, 0)
        FROM inventory_stocklevel l
        LEFT JOIN (
            SELECT x.product_id, n.warehouse_id, sum(x.value) AS value
            FROM ({_IN_AND_OUT}) x JOIN inventory_bin n ON n.id = x.bin_id GROUP BY 1, 2
        ) m ON m.product_id = l.product_id AND m.warehouse_id = l.warehouse_id
        LEFT JOIN (SELECT level_id, sum(to_stock) AS value FROM inventory_latecostshare GROUP BY 1) c ON c.level_id = l.id
        WHERE l.value <> coalesce(m.value, 0) + coalesce(c.value, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "a late cost is spread whole over what its order brought, in its company",
        rows="inventory_latecost",
        drift="""
        SELECT 'late cost ' || c.id, concat_ws(' / ', c.amount, c.company_id), concat_ws(' / ', coalesce(s.amount, 0), o.company_id)
        FROM inventory_latecost c
        JOIN inventory_supplierorder o ON o.id = c.order_id
        LEFT JOIN (
            SELECT h.cost_id, sum(h.to_stock + h.to_issued) AS amount, min(l.company_id) AS first, max(l.company_id) AS last
            FROM inventory_latecostshare h JOIN inventory_stocklevel l ON l.id = h.level_id GROUP BY 1
        ) s ON s.cost_id = c.id
        WHERE c.amount <> coalesce(s.amount, 0) OR c.company_id <> o.company_id OR s.first <> o.company_id OR s.last <> o.company_id
        ORDER BY c.id
        """,
    ),
    sql_check(
        "layers of a level whose cost is first in, first out = what lies there unblocked, and its value; others have none",
        rows="inventory_costlayer",
        drift="""
        SELECT 'level ' || l.id, CASE p.costing WHEN 'FIRST_IN' THEN
                concat_ws(' / ', l.sellable + l.uncounted + l.staged, l.value - l.blocked_value) ELSE '0' END,
            concat_ws(' / ', coalesce(y.quantity, 0), coalesce(y.value, 0))
        FROM inventory_stocklevel l
        JOIN inventory_product p ON p.id = l.product_id
        LEFT JOIN (
            SELECT level_id, sum(remaining) AS quantity, sum(remaining_value) AS value FROM inventory_costlayer GROUP BY 1
        ) y ON y.level_id = l.id
        WHERE CASE p.costing WHEN 'FIRST_IN'
            THEN l.sellable + l.uncounted + l.staged <> coalesce(y.quantity, 0) OR l.value - l.blocked_value <> coalesce(y.value, 0)
            ELSE y.level_id IS NOT NULL END
        ORDER BY l.id
        """,
    ),
    sql_check(
        "value of what is blocked = value of the moves into blocked bins less that of those out of them",
        rows="inventory_stocklevel",
        drift=f"""
        SELECT 'level ' || l.id, l.blocked_value, coalesce(m.value, 0)
        FROM inventory_stocklevel l
        LEFT JOIN (
            SELECT x.product_id, n.warehouse_id, sum(x.value) AS value
            FROM ({_IN_AND_OUT}) x JOIN inventory_bin n ON n.id = x.bin_id
            WHERE n.kind NOT IN ('PICK', 'TOTE', 'PACKED') GROUP BY 1, 2
        ) m ON m.product_id = l.product_id AND m.warehouse_id = l.warehouse_id
        WHERE l.blocked_value <> coalesce(m.value, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "cost of an issued move = its share of what its posting took from the level",
        rows="inventory_stockmove WHERE to_place IN ('CUSTOMER', 'TRANSIT')",
        drift=f"""
        SELECT 'move ' || m.id, m.value, s.share
        FROM {_ISSUE_COSTS} s JOIN inventory_stockmove m ON m.id = s.position
        WHERE m.value <> s.share
        ORDER BY m.id
        """,
    ),
    sql_check(
        "allocated of a level = its open allocations",
        rows="inventory_allocation",
        drift="""
        SELECT 'level ' || l.id, l.allocated, coalesce(a.open, 0)
        FROM inventory_stocklevel l
        LEFT JOIN (
            SELECT level_id, sum(quantity - picked) AS open FROM inventory_allocation
            WHERE status IN ('FIRM', 'RELEASED') GROUP BY 1
        ) a ON a.level_id = l.id
        WHERE l.allocated <> coalesce(a.open, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "demand = its allocations (promised, picked)",
        rows="inventory_demand",
        drift="""
        SELECT 'demand ' || d.id, concat_ws(' / ', d.allocated, d.picked),
            concat_ws(' / ', coalesce(a.open, 0), coalesce(a.picked, 0))
        FROM inventory_demand d
        LEFT JOIN (
            SELECT demand_id, sum(quantity - picked) FILTER (WHERE status IN ('FIRM', 'RELEASED')) AS open, sum(picked) AS picked
            FROM inventory_allocation GROUP BY 1
        ) a ON a.demand_id = d.id
        WHERE d.allocated <> coalesce(a.open, 0) OR d.picked <> coalesce(a.picked, 0)
        ORDER BY d.id
        """,
    ),
    sql_check(
        "allocation status = its quantities",
        rows="inventory_allocation",
        drift="""
        SELECT 'allocation ' || a.id, a.status,
            CASE WHEN a.status = 'FREED' THEN 'FREED with ' || a.picked || ' picked' WHEN a.consumed = a.quantity THEN 'CONSUMED'
                WHEN a.picked = a.quantity THEN 'PICKED' WHEN a.level_id IS NULL THEN 'SOFT' ELSE 'FIRM or RELEASED' END
        FROM inventory_allocation a
        WHERE CASE
            WHEN a.status = 'FREED' THEN a.picked <> 0
            WHEN a.consumed = a.quantity THEN a.status <> 'CONSUMED'
            WHEN a.picked = a.quantity THEN a.status <> 'PICKED'
            WHEN a.picked > 0 THEN a.status <> 'RELEASED'
            WHEN a.level_id IS NULL THEN a.status <> 'SOFT'
            ELSE a.status NOT IN ('FIRM', 'RELEASED') END
        ORDER BY a.id
        """,
    ),
    sql_check(
        "issued units = consumed allocations",
        rows="inventory_stockmove",
        drift="""
        SELECT 'product ' || coalesce(m.product_id, a.product_id), coalesce(a.consumed, 0), coalesce(m.issued, 0)
        FROM (
            SELECT v.product_id, sum(v.quantity) AS issued FROM inventory_stockmove v
            JOIN inventory_stockposting p ON p.id = v.posting_id AND (p.kind = 'ISSUE' OR v.to_place = 'TRANSIT') GROUP BY 1
        ) m
        FULL JOIN (
            SELECT l.product_id, sum(a.consumed) AS consumed FROM inventory_allocation a
            JOIN inventory_stocklevel l ON l.id = a.level_id GROUP BY 1
        ) a ON a.product_id = m.product_id
        WHERE coalesce(a.consumed, 0) <> coalesce(m.issued, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "moves, demands and promises are of their product's company",
        rows="inventory_stockmove",
        drift="""
        SELECT x.subject, x.company_id, p.company_id
        FROM (
            SELECT 'move ' || m.id AS subject, m.company_id, m.product_id FROM inventory_stockmove m
            UNION ALL
            SELECT 'posting of move ' || m.id, s.company_id, m.product_id
            FROM inventory_stockmove m JOIN inventory_stockposting s ON s.id = m.posting_id
            UNION ALL
            SELECT 'bin of move ' || m.id, w.company_id, m.product_id
            FROM inventory_stockmove m, unnest(ARRAY[m.from_bin_id, m.to_bin_id]) AS touched(bin_id)
            JOIN inventory_bin b ON b.id = touched.bin_id
            JOIN inventory_warehouse w ON w.id = b.warehouse_id
            UNION ALL
            SELECT 'demand ' || d.id, d.company_id, d.product_id FROM inventory_demand d
            UNION ALL
            SELECT 'allocation ' || a.id, a.company_id, d.product_id
            FROM inventory_allocation a JOIN inventory_demand d ON d.id = a.demand_id
            UNION ALL
            SELECT 'level ' || l.id, l.company_id, l.product_id FROM inventory_stocklevel l
            UNION ALL
            SELECT 'supplier order line ' || l.id, o.company_id, l.product_id
            FROM inventory_supplierorderline l JOIN inventory_supplierorder o ON o.id = l.order_id
            UNION ALL
            SELECT 'supplier of line ' || l.id, s.company_id, l.product_id
            FROM inventory_supplierorderline l JOIN inventory_supplierorder o ON o.id = l.order_id
            JOIN inventory_supplier s ON s.id = o.supplier_id
            UNION ALL
            SELECT 'transfer line ' || l.id, t.company_id, l.product_id
            FROM inventory_transferline l JOIN inventory_transfer t ON t.id = l.transfer_id
            UNION ALL
            SELECT 'end of transfer line ' || l.id, w.company_id, l.product_id
            FROM inventory_transferline l JOIN inventory_transfer t ON t.id = l.transfer_id
            JOIN inventory_warehouse w ON w.id IN (t.from_warehouse_id, t.to_warehouse_id)
        ) x
        JOIN inventory_product p ON p.id = x.product_id
        WHERE x.company_id <> p.company_id
        ORDER BY 1
        """,
    ),
    sql_check(
        "a promise is of its demand's product",
        rows="inventory_allocation",
        drift="""
        SELECT 'allocation ' || a.id, coalesce(l.product_id, s.product_id, t.product_id), d.product_id
        FROM inventory_allocation a
        JOIN inventory_demand d ON d.id = a.demand_id
        LEFT JOIN inventory_stocklevel l ON l.id = a.level_id
        LEFT JOIN inventory_supplierorderline s ON s.id = a.supply_id
        LEFT JOIN inventory_transferline t ON t.id = a.transfer_line_id
        WHERE coalesce(l.product_id, s.product_id, t.product_id) <> d.product_id
        ORDER BY a.id
        """,
    ),
    sql_check(
        "pegs of a supplier order's line are within what is open of it, and none is on one that is not on its way",
        rows="inventory_supplierorderline",
        drift="""
        SELECT 'supplier order line ' || l.id, p.pegged,
            CASE WHEN o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED') THEN l.open ELSE 0 END
        FROM inventory_supplierorderline l
        JOIN inventory_supplierorder o ON o.id = l.order_id
        JOIN (
            SELECT supply_id, sum(quantity) AS pegged FROM inventory_allocation WHERE status = 'SOFT' GROUP BY 1
        ) p ON p.supply_id = l.id
        WHERE p.pegged > CASE WHEN o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED') THEN l.open ELSE 0 END
        ORDER BY l.id
        """,
    ),
    sql_check(
        "pegs of a demand are within what it waits for",
        rows="inventory_allocation WHERE status = 'SOFT'",
        drift="""
        SELECT 'demand ' || d.id, p.pegged, CASE WHEN d.is_held THEN 0 ELSE d.backordered END
        FROM inventory_demand d
        JOIN (
            SELECT demand_id, sum(quantity) AS pegged FROM inventory_allocation WHERE status = 'SOFT' GROUP BY 1
        ) p ON p.demand_id = d.id
        WHERE p.pegged > CASE WHEN d.is_held THEN 0 ELSE d.backordered END
        ORDER BY d.id
        """,
    ),
    sql_check(
        "what is tracked lies and moves by lot, and nothing else does",
        rows="inventory_stockmove WHERE lot_id IS NOT NULL",
        drift="""
        SELECT x.subject, coalesce('lot ' || x.lot_id || ' of product ' || t.product_id, 'no lot'),
            'product ' || p.id || ' is tracked as ' || p.tracking
        FROM (
            SELECT 'move ' || m.id AS subject, m.product_id, m.lot_id FROM inventory_stockmove m
            UNION ALL SELECT 'stock ' || s.id || ' in bin ' || s.bin_id, s.product_id, s.lot_id FROM inventory_binstock s
        ) x
        JOIN inventory_product p ON p.id = x.product_id
        LEFT JOIN inventory_lot t ON t.id = x.lot_id
        WHERE (x.lot_id IS NULL) <> (p.tracking = 'NONE') OR t.product_id <> x.product_id OR t.company_id <> p.company_id
        ORDER BY 1
        """,
    ),
    sql_check(
        "a serial number stands for one unit at most",
        rows="inventory_lot",
        drift="""
        SELECT 'lot ' || t.id, sum(s.quantity), 1
        FROM inventory_lot t
        JOIN inventory_product p ON p.id = t.product_id AND p.tracking = 'SERIAL'
        JOIN inventory_binstock s ON s.lot_id = t.id
        GROUP BY t.id HAVING sum(s.quantity) > 1
        ORDER BY t.id
        """,
    ),
    sql_check(
        "nothing of a blocked lot can be sold but what a picker is on the way to",
        rows="inventory_lot WHERE blocked_at IS NOT NULL",
        drift="""
        SELECT 'lot ' || s.lot_id || ' in bin ' || s.bin_id, s.quantity - s.allocated - s.blocked, 0
        FROM inventory_binstock s
        JOIN inventory_lot t ON t.id = s.lot_id AND t.blocked_at IS NOT NULL
        JOIN inventory_bin b ON b.id = s.bin_id AND b.kind = 'PICK'
        WHERE s.quantity > s.allocated + s.blocked
        ORDER BY 1
        """,
    ),
    sql_check(
        "a promise of goods with lots knows until when they must be good, until a lot is chosen",
        rows="inventory_allocation WHERE good_until IS NOT NULL",
        drift="""
        SELECT 'allocation ' || a.id, a.good_until, d.good_until
        FROM inventory_allocation a JOIN inventory_demand d ON d.id = a.demand_id
        WHERE a.status = 'FIRM' AND a.good_until IS DISTINCT FROM d.good_until
            OR a.status IN ('RELEASED', 'PICKED', 'CONSUMED') AND a.good_until IS NOT NULL
        ORDER BY a.id
        """,
    ),
    sql_check(
        "lots that last long enough lie there for all that is promised of them",
        rows="inventory_allocation WHERE good_until IS NOT NULL",
        drift="""
        SELECT 'level ' || n.level_id || ', good until ' || n.good_until, n.promised, n.there
        FROM (
            SELECT a.level_id, a.good_until,
                (SELECT sum(o.quantity) FROM inventory_allocation o
                 WHERE o.level_id = a.level_id AND o.good_until >= a.good_until AND o.status = 'FIRM') AS promised,
                (SELECT coalesce(sum(s.quantity - s.allocated - s.blocked), 0) FROM inventory_stocklevel l
                 JOIN inventory_binstock s ON s.product_id = l.product_id
                 JOIN inventory_bin b ON b.id = s.bin_id AND b.kind = 'PICK' AND b.warehouse_id = l.warehouse_id
                 JOIN inventory_lot t ON t.id = s.lot_id AND coalesce(t.expires_on, 'infinity') >= a.good_until
                 WHERE l.id = a.level_id) AS there
            FROM (SELECT DISTINCT level_id, good_until FROM inventory_allocation
                  WHERE good_until IS NOT NULL AND status = 'FIRM') a
        ) n
        WHERE n.promised > n.there
        ORDER BY 1
        """,
    ),
    sql_check(
        "a promise counts in its channel's pool of its level while it is on the shelf, and in no other",
        rows="inventory_allocation WHERE pool_id IS NOT NULL",
        drift="""
        SELECT 'allocation ' || a.id, coalesce('pool ' || a.pool_id, 'no pool'), coalesce('pool ' || p.id, 'no pool')
        FROM inventory_allocation a
        JOIN inventory_demand d ON d.id = a.demand_id
        LEFT JOIN inventory_channelpool p
            ON p.level_id = a.level_id AND p.channel_id = d.channel_id AND a.status IN ('FIRM', 'RELEASED')
        WHERE a.pool_id IS DISTINCT FROM p.id
        ORDER BY a.id
        """,
    ),
    sql_check(
        "a level knows whether it has pools, and they are of its company",
        rows="inventory_channelpool",
        drift="""
        SELECT 'level ' || l.id, l.has_pools, p.level_id IS NOT NULL
        FROM inventory_stocklevel l
        LEFT JOIN (SELECT DISTINCT level_id FROM inventory_channelpool) p ON p.level_id = l.id
        WHERE l.has_pools <> (p.level_id IS NOT NULL)
        UNION ALL
        SELECT 'pool ' || p.id, p.company_id <> l.company_id, c.company_id <> l.company_id
        FROM inventory_channelpool p
        JOIN inventory_stocklevel l ON l.id = p.level_id
        JOIN inventory_channel c ON c.id = p.channel_id
        WHERE p.company_id <> l.company_id OR c.company_id <> l.company_id
        ORDER BY 1
        """,
    ),
    *TRANSFERS,
    *INSPECTIONS,
]
