"""Billing's proofs for audit_ledger: invoices against their lines, their order and their chain; settlements; the papers."""

from __future__ import annotations

import json

from billing.models import Invoice
from billing.services.snapshots import digest
from core import money_sql
from core.audit import sql_check
from core.registry import AuditCheck, Drift

# The numbers of a series in their own order: ids may stand in another, for they are taken before the series is waited for.
_IN_SERIES = """
    SELECT i.id, i.series_id, i.number, i.issued_on, i.digest, i.previous_hash, i.hash,
        split_part(i.number, '-', 3)::bigint AS value,
        row_number() OVER w AS place, lag(i.hash, 1, '') OVER w AS before, lag(i.issued_on) OVER w AS day_before
    FROM billing_invoice i WHERE i.number IS NOT NULL
    WINDOW w AS (PARTITION BY i.series_id ORDER BY split_part(i.number, '-', 3)::bigint)
"""


# What each invoice's lines amount to by the money arithmetic itself.
_TOTALS = money_sql.document_totals("""
    SELECT l.invoice_id AS document, i.currency, l.tax_category AS category, l.tax_rate AS rate, l.net
    FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
""")
_SHARE = money_sql.cumulative_share("l.net", done="l.invoiced", of="l.quantity", currency="o.currency")


def _find_wrong_digests() -> tuple[int, list[Drift]]:
    """Recompute the digest of what each invoice says."""
    rows, drift = 0, []
    invoices = Invoice.objects.order_by("pk").values_list("pk", "digest", "snapshot")
    for pk, stored, snapshot in invoices.iterator(chunk_size=1_000):
        rows += 1
        proved = digest(json.loads(snapshot) if isinstance(snapshot, str) else snapshot)
        if proved != stored:
            drift.append(Drift(f"invoice {pk}", stored, proved))
    return rows, drift


CHECKS = [
    sql_check(
        "invoice totals = their lines, taxed once per group = their paper",
        rows="billing_invoiceline",
        drift=f"""
        SELECT 'invoice ' || i.id, concat_ws(' / ', i.net, i.tax, i.gross) || ', on paper ' || concat_ws(' / ', p.net, p.tax, p.gross),
            concat_ws(' / ', t.net, t.tax, t.gross)
        FROM billing_invoice i
        LEFT JOIN {_TOTALS} t ON t.document = i.id
        CROSS JOIN jsonb_to_record(i.snapshot -> 'totals') AS p(net numeric, tax numeric, gross numeric)
        WHERE (i.net, i.tax, i.gross) IS DISTINCT FROM (t.net, t.tax, t.gross)
            OR (i.net, i.tax, i.gross) IS DISTINCT FROM (p.net, p.tax, p.gross)
        ORDER BY i.id
        """,
    ),
    sql_check(
        "invoiced net of an order line = its share of the line's net",
        rows="orders_salesorderline",
        drift=f"""
        SELECT 'line ' || l.id, l.invoiced_net, {_SHARE}
        FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = l.order_id
        WHERE l.invoiced_net <> {_SHARE}
        ORDER BY l.id
        """,
    ),
    sql_check(
        "order lines' invoiced quantity and net = their invoice lines",
        rows="billing_invoiceline",
        drift="""
        SELECT 'line ' || l.id, concat_ws(' / ', l.invoiced, l.invoiced_net), concat_ws(' / ', coalesce(b.quantity, 0), coalesce(b.net, 0))
        FROM orders_salesorderline l
        LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(net) AS net FROM billing_invoiceline GROUP BY 1) b
            ON b.order_line_id = l.id
        WHERE l.invoiced <> coalesce(b.quantity, 0) OR l.invoiced_net <> coalesce(b.net, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "what is invoiced of goods was shipped",
        rows="orders_linepart",
        drift="""
        SELECT 'line ' || l.id, l.invoiced, p.shipped
        FROM orders_salesorderline l
        JOIN (SELECT line_id, sum(shipped) AS shipped FROM orders_linepart GROUP BY 1) p ON p.line_id = l.id
        WHERE l.invoiced > p.shipped
        ORDER BY l.id
        """,
    ),
    sql_check(
        "invoices belong to the company and customer of their order, their lines to its lines",
        rows="billing_invoice",
        drift="""
        SELECT 'invoice ' || i.id, concat_ws(' / ', i.company_id, i.customer_id), concat_ws(' / ', o.company_id, o.customer_id)
        FROM billing_invoice i
        JOIN orders_salesorder o ON o.id = i.order_id
        JOIN core_numberseries s ON s.id = i.series_id
        WHERE i.company_id <> o.company_id OR i.customer_id <> o.customer_id OR s.company_id <> o.company_id
        UNION ALL
        SELECT 'invoice ' || i.id, 'order ' || i.order_id, 'order ' || l.order_id
        FROM billing_invoice i JOIN billing_invoiceline b ON b.invoice_id = i.id
        JOIN orders_salesorderline l ON l.id = b.order_line_id WHERE l.order_id <> i.order_id
        """,
    ),
    sql_check(
        "invoice series have no gap, no duplicate and no date that goes back",
        rows="core_numberseries WHERE kind = 'invoice'",
        drift=f"""
        SELECT number, value || ' of ' || issued_on, place || ' after ' || coalesce(day_before::text, 'none')
        FROM ({_IN_SERIES}) i WHERE value <> place OR issued_on < day_before
        UNION ALL
        SELECT 'series ' || s.id, concat_ws(' / ', s.next_value, s.last_on),
            concat_ws(' / ', coalesce(i.last, 0) + 1, i.last_on)
        FROM core_numberseries s
        LEFT JOIN (SELECT series_id, max(value) AS last, max(issued_on) AS last_on FROM ({_IN_SERIES}) n GROUP BY 1) i
            ON i.series_id = s.id
        WHERE s.kind = 'invoice' AND (s.next_value <> coalesce(i.last, 0) + 1 OR s.last_on IS DISTINCT FROM i.last_on)
        UNION ALL
        SELECT 'invoice ' || id, 'no number', 'a number' FROM billing_invoice WHERE number IS NULL
        """,
    ),
    AuditCheck("invoice digests = what the invoices say", _find_wrong_digests),
    sql_check(
        "invoice hashes = sha256(previous, number, digest), chained to the series",
        rows="billing_invoice",
        drift=f"""
        SELECT number, hash, proved FROM (
            SELECT number, hash, previous_hash, before,
                encode(sha256(convert_to(before || number || digest, 'UTF8')), 'hex') AS proved
            FROM ({_IN_SERIES}) i
        ) c WHERE hash <> proved OR previous_hash <> before
        UNION ALL
        SELECT 'series ' || s.id, s.last_hash, coalesce(i.hash, '')
        FROM core_numberseries s
        LEFT JOIN ({_IN_SERIES}) i ON i.series_id = s.id AND i.value = s.next_value - 1
        WHERE s.kind = 'invoice' AND s.last_hash <> coalesce(i.hash, '')
        """,
    ),
    sql_check(
        "what is settled of invoices = their settlements",
        rows="billing_settlement",
        drift="""
        SELECT 'invoice ' || i.id, i.settled, coalesce(s.amount, 0)
        FROM billing_invoice i
        LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM billing_settlement GROUP BY 1) s ON s.invoice_id = i.id
        WHERE i.settled <> coalesce(s.amount, 0)
        ORDER BY i.id
        """,
    ),
    sql_check(
        "what payments settled = their settlements, of one customer in one currency",
        rows="billing_payment",
        drift="""
        SELECT 'payment ' || p.id, p.settled::text, coalesce(s.amount, 0)::text
        FROM billing_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM billing_settlement GROUP BY 1) s ON s.payment_id = p.id
        WHERE p.settled <> coalesce(s.amount, 0)
        UNION ALL
        SELECT 'payment ' || p.id, concat_ws(' / ', p.company_id, p.customer_id, p.currency),
            concat_ws(' / ', i.company_id, i.customer_id, i.currency)
        FROM billing_settlement s JOIN billing_payment p ON p.id = s.payment_id JOIN billing_invoice i ON i.id = s.invoice_id
        WHERE (p.company_id, p.customer_id, p.currency) <> (i.company_id, i.customer_id, i.currency)
        """,
    ),
    sql_check(
        "payment facet = settled of what is invoiced",
        rows="orders_salesorder",
        drift="""
        SELECT 'order ' || o.id, o.payment, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT CASE WHEN coalesce(sum(i.settled), 0) <= 0 THEN 'NONE' WHEN sum(i.settled) < sum(i.gross) THEN 'PART'
                WHEN sum(i.settled) = sum(i.gross) THEN 'FULL' ELSE 'OVER' END AS facet
            FROM billing_invoice i WHERE i.order_id = o.id
        ) f ON TRUE
        WHERE o.payment <> f.facet
        ORDER BY o.id
        """,
    ),
    sql_check(
        "the stored paper of an invoice is as it was stored",
        rows="billing_invoicedocument",
        drift="""
        SELECT 'invoice ' || d.invoice_id, d.sha256, encode(sha256(d.content), 'hex')
        FROM billing_invoicedocument d WHERE d.sha256 <> encode(sha256(d.content), 'hex')
        """,
    ),
]
