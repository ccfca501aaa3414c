"""Count what lies in quarantine by its return line, and make a return of every shipment that was lost before."""

from django.db import migrations

QUARANTINED = """
UPDATE returns_returnline t SET quarantined = d.quantity, quarantined_value = d.value
FROM (
    SELECT i.line_id, sum(g.quantity) AS quantity, sum(g.value) AS value
    FROM returns_returndisposition g JOIN returns_returninspection i ON i.id = g.inspection_id
    WHERE g.kind = 'QUARANTINE' GROUP BY 1
) d
WHERE d.line_id = t.id
"""
LOST = """
INSERT INTO returns_returnorder (company_id, order_id, shipment_id, warehouse_id, kind, status, reason, note, wish, is_blind,
    requested_by_id, requested_at, closed_reason)
SELECT s.company_id, s.order_id, s.id, s.warehouse_id, 'DELIVERY_FAILURE', 'DECIDED', 'LOST', '', 'UNKNOWN', false,
    f.recorded_by_id, f.happened_at, ''
FROM shipping_shipment s
CROSS JOIN LATERAL (
    SELECT recorded_by_id, happened_at FROM shipping_deliveryfailure
    WHERE shipment_id = s.id AND kind = 'LOST' ORDER BY id DESC LIMIT 1
) f
WHERE s.status = 'LOST' AND NOT EXISTS (SELECT 1 FROM returns_returnorder r WHERE r.shipment_id = s.id AND r.reason = 'LOST')
ORDER BY s.id
"""
LOST_LINES = """
INSERT INTO returns_returnline (return_order_id, shipment_line_id, part_id, product_id, authorized, short, received,
    received_value, inspected, disposed, disposed_value, sent_back, sent_back_value, lost, quarantined, quarantined_value)
SELECT r.id, k.id, k.part_id, p.product_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, k.lost, 0, 0
FROM returns_returnorder r
JOIN shipping_shipmentline k ON k.shipment_id = r.shipment_id AND k.lost > 0
JOIN orders_linepart p ON p.id = k.part_id
WHERE r.reason = 'LOST' AND NOT EXISTS (SELECT 1 FROM returns_returnline t WHERE t.return_order_id = r.id)
ORDER BY k.id
"""


class Migration(migrations.Migration):
    dependencies = [("returns", "0003_quarantine"), ("shipping", "0003_delivery_failures")]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (QUARANTINED, LOST, LOST_LINES)]
