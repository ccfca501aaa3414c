"""Statements that the ORM cannot say well."""

# The last statement of a posting: the series row is locked, and documents that this transaction inserted get number, previous
# hash and hash = sha256(previous, number, digest), each chained onto the one before, in the order given. The row is locked by
# the first part and changed by the third, so both see what the transaction waited for left there. The documents come by primary
# key, however many there are. No row comes back where a later date was numbered already.
# %s = document ids[], digests[], series id, issued on, issued on, document ids[]
TAKE_GAPLESS = """
WITH RECURSIVE series AS MATERIALIZED (
    SELECT s.id, s.prefix || '-' || s.year || '-' AS prefix, s.digits, s.next_value, s.last_hash::text AS last_hash, p.ids, p.digests
    FROM core_numberseries s, (SELECT %s::bigint[] AS ids, %s::text[] AS digests) p
    WHERE s.id = %s AND (s.last_on IS NULL OR s.last_on <= %s) FOR NO KEY UPDATE OF s
), chain AS (
    SELECT 0 AS n, NULL::bigint AS id, '' AS number, '' AS previous_hash, series.last_hash AS hash FROM series
    UNION ALL
    SELECT chain.n + 1, series.ids[chain.n + 1], v.number, chain.hash,
        encode(sha256(convert_to(chain.hash || v.number || series.digests[chain.n + 1], 'UTF8')), 'hex')
    FROM chain, series, LATERAL (SELECT (series.next_value + chain.n)::text AS value) u,
        LATERAL (SELECT series.prefix || lpad(u.value, greatest(series.digits, length(u.value)), '0') AS number) v
    WHERE chain.n < cardinality(series.ids)
), taken AS (
    UPDATE core_numberseries AS s SET next_value = series.next_value + chain.n, last_on = %s, last_hash = chain.hash
    FROM series, chain WHERE s.id = series.id AND chain.n = cardinality(series.ids)
)
UPDATE {table} AS d /* own rows */ SET number = chain.number, previous_hash = chain.previous_hash, hash = chain.hash
FROM chain WHERE d.id = chain.id AND d.id = ANY ((SELECT %s::bigint[])::bigint[])
RETURNING d.id, d.number, d.previous_hash, d.hash
"""

# Foreign keys to tables given, in tables of at least so many rows, that no index helps to look up
WITHOUT_INDEX = """
SELECT t.relname, a.attname
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = ANY ((SELECT %s::text[])::regclass[]) AND t.reltuples NOT BETWEEN 0 AND %s - 1
    AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL AND i.indisvalid
    )
ORDER BY 1, 2
"""

# Rows that a transaction is to remove, before anybody else changes them: %s as the condition has it
HOLD_ROWS = 'SELECT FROM "{table}" WHERE {condition} FOR NO KEY UPDATE'
