"""Which numbers are missing in the series of invoices and credit notes: none, or something is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db import connection

from core import bulk

# Stretches of numbers that no document of a series has, up to its next one; of each series so many at most
_MOST = 20
_GAPS = """
WITH known AS (
    SELECT s.id, s.prefix || '-' || s.year AS begins, s.digits, s.first_value - 1 AS value FROM core_numberseries s
    WHERE s.id = ANY ((SELECT %s::bigint[])::bigint[])
    UNION ALL
    SELECT s.id, s.prefix || '-' || s.year, s.digits, split_part(i.number, '-', 3)::bigint
    FROM billing_invoice i JOIN core_numberseries s ON s.id = i.series_id
    WHERE i.series_id = ANY ((SELECT %s::bigint[])::bigint[]) AND i.number IS NOT NULL
    UNION ALL
    SELECT s.id, s.prefix || '-' || s.year, s.digits, s.next_value FROM core_numberseries s
    WHERE s.id = ANY ((SELECT %s::bigint[])::bigint[])
)
SELECT id, begins, digits, after + 1, value - 1 FROM (
    SELECT *, lag(value) OVER (PARTITION BY id ORDER BY value) AS after FROM known
) k WHERE value > after + 1
ORDER BY id, value
"""


def gaps(series_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the numbers missing in some series, by their keys, each stretch in words."""
    ids = bulk.array(series_ids)
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, [ids, ids, ids])
        rows = cursor.fetchall()
    found: dict[int, list[str]] = defaultdict(list)
    for pk, begins, digits, first, last in rows:
        numbers = [f"{begins}-{value:0{digits}}" for value in dict.fromkeys((first, last))]
        if len(found[pk]) < _MOST:
            found[pk].append(" to ".join(numbers))
    return dict(found)
