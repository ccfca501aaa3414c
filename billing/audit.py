"""Billing's proofs for audit_ledger: invoices against their lines, their order and their chain; settlements; the papers."""

from __future__ import annotations

import json

from billing.models import Invoice
from billing.services.snapshots import digest
from core import money_sql
from core.audit import sql_check
from core.registry import AuditCheck, Drift
from orders.queries.kits import UNITS_WHOLE

# The numbers of a series in their own order: ids may stand in another, for they are taken before the series is waited for.
_IN_SERIES = """
    SELECT i.id, i.series_id, i.number, i.issued_on, i.digest, i.previous_hash, i.hash,
        split_part(i.number, '-', 3)::bigint AS value,
        s.first_value - 1 + row_number() OVER w AS place, lag(i.hash, 1, '') OVER w AS before, lag(i.issued_on) OVER w AS day_before
    FROM billing_invoice i JOIN core_numberseries s ON s.id = i.series_id WHERE i.number IS NOT NULL
    WINDOW w AS (PARTITION BY i.series_id ORDER BY split_part(i.number, '-', 3)::bigint)
"""


# What each invoice's lines amount to by the money arithmetic itself; of a credit note, together with those before it on its invoice,
# for its tax is what is left of the tax on all of them.
_TOTALS = money_sql.document_totals("""
    SELECT i.id AS document, i.currency, l.tax_category AS category, l.tax_rate AS rate, l.net
    FROM billing_invoice i JOIN billing_invoiceline l ON l.invoice_id = i.id WHERE i.kind = 'INVOICE'
    UNION ALL
    SELECT i.id, i.currency, l.tax_category, l.tax_rate, -l.net
    FROM billing_invoice i JOIN billing_invoice e ON e.corrects_id = i.corrects_id AND e.id <= i.id
    JOIN billing_invoiceline l ON l.invoice_id = e.id
""")
_STORED = """
    SELECT i.id, i.net, i.tax, i.gross, i.snapshot FROM billing_invoice i WHERE i.kind = 'INVOICE'
    UNION ALL
    SELECT i.id, -sum(i.net) OVER w, -sum(i.tax) OVER w, -sum(i.gross) OVER w, jsonb_build_object('totals', jsonb_build_object(
        'net', sum((i.snapshot #>> '{totals,net}')::numeric) OVER w, 'tax', sum((i.snapshot #>> '{totals,tax}')::numeric) OVER w,
        'gross', sum((i.snapshot #>> '{totals,gross}')::numeric) OVER w))
    FROM billing_invoice i WHERE i.kind = 'CREDIT_NOTE' WINDOW w AS (PARTITION BY i.corrects_id ORDER BY i.id)
"""
_SHARE = money_sql.cumulative_share("l.net", done="l.invoiced - l.credited", of="l.quantity", currency="o.currency")
# What confirmed orders hold to be billed still: the share of each line that is not cancelled, less what is billed of it.
_UNBILLED = money_sql.document_totals(f"""
    SELECT o.id AS document, o.currency, l.tax_category AS category, l.tax_rate AS rate,
        {money_sql.cumulative_share("l.net", done="l.quantity - l.cancelled", of="l.quantity", currency="o.currency")}
            - (l.invoiced_net - l.credited_net) AS net
    FROM orders_salesorder o JOIN orders_salesorderline l ON l.order_id = o.id
    WHERE o.confirmed_at IS NOT NULL AND o.status NOT IN ('CANCELLED', 'CLOSED')
""")


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
        FROM ({_STORED}) i
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
        SELECT 'line ' || l.id, l.invoiced_net - l.credited_net, {_SHARE}
        FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = l.order_id
        WHERE (l.credited = 0 OR l.invoiced - l.credited IN (0, l.quantity)) AND l.invoiced_net - l.credited_net <> {_SHARE}
        ORDER BY l.id
        """,
    ),
    sql_check(
        "order lines' invoiced and credited quantity and net = their invoice lines",
        rows="billing_invoiceline",
        drift="""
        SELECT 'line ' || l.id, concat_ws(' / ', l.invoiced, l.invoiced_net, l.credited, l.credited_net),
            concat_ws(' / ', b.invoiced, b.invoiced_net, b.credited, b.credited_net)
        FROM orders_salesorderline l
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(n.quantity) FILTER (WHERE i.kind = 'INVOICE'), 0) AS invoiced,
                coalesce(sum(n.net) FILTER (WHERE i.kind = 'INVOICE'), 0) AS invoiced_net,
                coalesce(-sum(n.quantity) FILTER (WHERE i.bills_again), 0) AS credited,
                coalesce(-sum(n.net) FILTER (WHERE i.bills_again), 0) AS credited_net
            FROM billing_invoiceline n JOIN billing_invoice i ON i.id = n.invoice_id WHERE n.order_line_id = l.id
        ) b ON TRUE
        WHERE (l.invoiced, l.invoiced_net, l.credited, l.credited_net) <> (b.invoiced, b.invoiced_net, b.credited, b.credited_net)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "what is credited of invoices and of their lines = their credit notes, and no more than was invoiced",
        rows="billing_invoiceline WHERE corrects_id IS NOT NULL",
        drift="""
        SELECT 'invoice ' || i.id, i.credited::text, coalesce(n.gross, 0)::text
        FROM billing_invoice i
        LEFT JOIN (SELECT corrects_id, -sum(gross) AS gross FROM billing_invoice GROUP BY 1) n ON n.corrects_id = i.id
        WHERE i.credited <> coalesce(n.gross, 0)
        UNION ALL
        SELECT 'invoice line ' || l.id, concat_ws(' / ', c.quantity, c.net), concat_ws(' / ', l.quantity, l.net)
        FROM billing_invoiceline l JOIN (
            SELECT corrects_id, -sum(quantity) FILTER (WHERE NOT is_amount) AS quantity, -sum(net) AS net
            FROM billing_invoiceline GROUP BY 1
        ) c ON c.corrects_id = l.id
        WHERE c.quantity > l.quantity OR c.net > l.net
        UNION ALL
        SELECT 'invoice line ' || c.id, concat_ws(' / ', c.order_line_id, c.tax_category, c.tax_rate, n.corrects_id, n.currency),
            concat_ws(' / ', l.order_line_id, l.tax_category, l.tax_rate, l.invoice_id, i.currency)
        FROM billing_invoiceline c JOIN billing_invoiceline l ON l.id = c.corrects_id
        JOIN billing_invoice n ON n.id = c.invoice_id JOIN billing_invoice i ON i.id = l.invoice_id
        WHERE (c.order_line_id, c.tax_category, c.tax_rate, n.corrects_id, n.currency)
            <> (l.order_line_id, l.tax_category, l.tax_rate, l.invoice_id, i.currency)
        """,
    ),
    sql_check(
        "what is billed of goods was shipped, unless the order is invoiced once confirmed",
        rows="orders_linepart",
        drift=f"""
        SELECT 'line ' || l.id, l.invoiced - l.credited, p.shipped
        FROM orders_salesorderline l
        JOIN orders_salesorder o ON o.id = l.order_id
        JOIN (SELECT lp.line_id, {UNITS_WHOLE.format(column="lp.shipped")} AS shipped FROM orders_linepart lp GROUP BY 1) p ON p.line_id = l.id
        WHERE o.invoice_on = 'DISPATCH' AND l.invoiced - l.credited > p.shipped
        ORDER BY l.id
        """,
    ),
    sql_check(
        "invoices belong to the company and customer of their orders, which share their total, and their lines to these",
        rows="billing_invoiceorder",
        drift="""
        SELECT 'invoice ' || i.id, concat_ws(' / ', i.company_id, i.customer_id, i.currency), concat_ws(' / ', o.company_id, o.customer_id, o.currency)
        FROM billing_invoice i
        JOIN billing_invoiceorder h ON h.invoice_id = i.id
        JOIN orders_salesorder o ON o.id = h.order_id
        JOIN core_numberseries s ON s.id = i.series_id
        WHERE (i.company_id, i.customer_id, i.currency, s.company_id) <> (o.company_id, o.customer_id, o.currency, o.company_id)
        UNION ALL
        SELECT 'invoice ' || i.id, i.gross::text, coalesce(h.gross, 0)::text
        FROM billing_invoice i
        LEFT JOIN (SELECT invoice_id, sum(gross) AS gross FROM billing_invoiceorder GROUP BY 1) h ON h.invoice_id = i.id
        WHERE i.gross IS DISTINCT FROM h.gross
        UNION ALL
        SELECT 'invoice ' || i.id, 'first order ' || i.order_id, 'one of its orders'
        FROM billing_invoice i WHERE NOT EXISTS (
            SELECT 1 FROM billing_invoiceorder h WHERE h.invoice_id = i.id AND h.order_id = i.order_id
        ) AND i.corrects_id IS NULL
        UNION ALL
        SELECT 'invoice ' || i.id, 'line ' || b.id, 'of order ' || l.order_id
        FROM billing_invoice i JOIN billing_invoiceline b ON b.invoice_id = i.id
        JOIN orders_salesorderline l ON l.id = b.order_line_id
        LEFT JOIN billing_invoiceorder h ON h.invoice_id = i.id AND h.order_id = l.order_id
        WHERE h.id IS NULL
        """,
    ),
    sql_check(
        "invoice series have no gap, no duplicate and no date that goes back",
        rows="core_numberseries WHERE kind IN ('invoice', 'credit_note', 'opening')",
        drift=f"""
        SELECT number, value || ' of ' || issued_on, place || ' after ' || coalesce(day_before::text, 'none')
        FROM ({_IN_SERIES}) i WHERE value <> place OR issued_on < day_before
        UNION ALL
        SELECT 'series ' || s.id, concat_ws(' / ', s.next_value, s.last_on),
            concat_ws(' / ', coalesce(i.last + 1, s.first_value), i.last_on)
        FROM core_numberseries s
        LEFT JOIN (SELECT series_id, max(value) AS last, max(issued_on) AS last_on FROM ({_IN_SERIES}) n GROUP BY 1) i
            ON i.series_id = s.id
        WHERE s.kind IN ('invoice', 'credit_note', 'opening') AND (s.next_value <> coalesce(i.last + 1, s.first_value) OR s.last_on IS DISTINCT FROM i.last_on)
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
        WHERE s.kind IN ('invoice', 'credit_note', 'opening') AND s.last_hash <> coalesce(i.hash, '')
        """,
    ),
    sql_check(
        "what is settled of invoices = their settlements",
        rows="billing_settlement",
        drift="""
        SELECT 'invoice ' || i.id, i.settled, coalesce(s.amount, 0)
        FROM billing_invoice i
        LEFT JOIN (
            SELECT id, sum(amount) AS amount FROM (
                SELECT invoice_id AS id, amount FROM billing_settlement
                UNION ALL SELECT credit_note_id, -amount FROM billing_settlement WHERE credit_note_id IS NOT NULL
            ) a GROUP BY 1
        ) s ON s.id = i.id
        WHERE i.settled <> coalesce(s.amount, 0)
        ORDER BY i.id
        """,
    ),
    sql_check(
        "what payments settled = their settlements and what was paid back of them, of one customer in one currency",
        rows="billing_payment",
        drift="""
        SELECT 'payment ' || p.id, p.settled::text, coalesce(s.amount, 0)::text
        FROM billing_payment p
        LEFT JOIN (
            SELECT id, sum(amount) AS amount FROM (
                SELECT payment_id AS id, amount FROM billing_settlement
                UNION ALL SELECT pays_back_id, -amount FROM billing_payment WHERE pays_back_id IS NOT NULL
                UNION ALL SELECT id, amount FROM billing_payment WHERE pays_back_id IS NOT NULL
            ) a GROUP BY 1
        ) s ON s.id = p.id
        WHERE p.settled <> coalesce(s.amount, 0)
        UNION ALL
        SELECT 'payment ' || b.id, concat_ws(' / ', b.company_id, b.customer_id, b.currency),
            concat_ws(' / ', p.company_id, p.customer_id, p.currency)
        FROM billing_payment b JOIN billing_payment p ON p.id = b.pays_back_id
        WHERE (b.company_id, b.customer_id, b.currency) <> (p.company_id, p.customer_id, p.currency) OR p.amount < 0
        UNION ALL
        SELECT 'payment ' || p.id, concat_ws(' / ', p.company_id, p.customer_id, p.currency),
            concat_ws(' / ', i.company_id, i.customer_id, i.currency)
        FROM billing_settlement s JOIN billing_payment p ON p.id = s.payment_id JOIN billing_invoice i ON i.id = s.invoice_id
        WHERE (p.company_id, p.customer_id, p.currency) <> (i.company_id, i.customer_id, i.currency)
        UNION ALL
        SELECT 'settlement ' || s.id, concat_ws(' / ', n.kind, n.customer_id, n.currency), concat_ws(' / ', 'CREDIT_NOTE', i.customer_id, i.currency)
        FROM billing_settlement s JOIN billing_invoice n ON n.id = s.credit_note_id JOIN billing_invoice i ON i.id = s.invoice_id
        WHERE (n.company_id, n.customer_id, n.currency, n.kind, i.kind) <> (i.company_id, i.customer_id, i.currency, 'CREDIT_NOTE', 'INVOICE')
        UNION ALL
        SELECT 'settlement ' || u.id, concat_ws(' / ', u.amount, u.payment_id, u.credit_note_id, u.invoice_id),
            concat_ws(' / ', -s.amount, s.payment_id, s.credit_note_id, s.invoice_id)
        FROM billing_settlement u JOIN billing_settlement s ON s.id = u.undoes_id
        WHERE (u.amount, u.payment_id, u.credit_note_id, u.invoice_id)
            IS DISTINCT FROM (-s.amount, s.payment_id, s.credit_note_id, s.invoice_id)
        """,
    ),
    sql_check(
        "no more went back of an invoice than was paid of it",
        rows="billing_invoice",
        drift="""
        SELECT 'invoice ' || i.id, i.settled, -n.settled
        FROM billing_invoice i
        JOIN (SELECT corrects_id, sum(settled) AS settled FROM billing_invoice GROUP BY 1) n ON n.corrects_id = i.id
        WHERE i.settled + n.settled < 0
        ORDER BY i.id
        """,
    ),
    sql_check(
        "payment facet = settled of what is invoiced and not credited",
        rows="orders_salesorder",
        drift="""
        SELECT 'order ' || o.id, o.payment, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT CASE WHEN coalesce(sum(d.settled), 0) <= 0 THEN 'NONE' WHEN sum(d.settled) < sum(d.gross) THEN 'PART'
                WHEN sum(d.settled) = sum(d.gross) THEN 'FULL' ELSE 'OVER' END AS facet FROM (
                SELECT h.gross, CASE WHEN i.settled = i.gross THEN h.gross ELSE h.gross * i.settled / i.gross END AS settled
                FROM billing_invoiceorder h JOIN billing_invoice i ON i.id = h.invoice_id WHERE h.order_id = o.id
            ) d
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
    sql_check(
        "credit entries = what is unbilled of orders + invoices - credit notes - payments",
        rows="orders_creditentry",
        drift=f"""
        WITH proved AS (
            SELECT customer_id, currency, sum(amount) AS amount FROM (
                SELECT o.customer_id, o.currency, u.gross AS amount FROM {_UNBILLED} u JOIN orders_salesorder o ON o.id = u.document
                UNION ALL SELECT customer_id, currency, gross FROM billing_invoice
                UNION ALL SELECT customer_id, currency, -amount FROM billing_payment
            ) a GROUP BY 1, 2
        ), stored AS (
            SELECT account_id AS customer_id, currency, sum(amount) AS amount FROM orders_creditentry GROUP BY 1, 2
        )
        SELECT concat_ws(' ', 'customer', customer_id, currency), coalesce(s.amount, 0), coalesce(p.amount, 0)
        FROM stored s FULL JOIN proved p USING (customer_id, currency)
        WHERE coalesce(s.amount, 0) <> coalesce(p.amount, 0) ORDER BY customer_id, currency
        """,
    ),
]
