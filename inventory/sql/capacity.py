"""Statements about the capacity of sites: how much of it is promised."""

# Lines that warehouses have promised of their stock and not sent yet, by the day on which they leave; what is late leaves today.
# What some demands are promised is left out: their day is looked for. %s = warehouse ids[], what day it is there[], demand ids[]
LINES_PROMISED = """
SELECT l.warehouse_id, greatest(coalesce(d.promised_on, d.due_on), t.today), count(DISTINCT d.id)
FROM unnest((SELECT %s::bigint[]), (SELECT %s::date[])) AS t(warehouse_id, today)
JOIN inventory_stocklevel l ON l.warehouse_id = t.warehouse_id AND l.allocated + l.staged > 0
JOIN inventory_allocation a ON a.level_id = l.id AND a.status IN ('FIRM', 'RELEASED', 'PICKED')
JOIN inventory_demand d ON d.id = a.demand_id AND d.id <> ALL ((SELECT %s::bigint[])::bigint[])
GROUP BY 1, 2
"""
