"""Years of an order book made by copying: every key points to what is there, and the books are clean."""

import io

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections

from benchmarks.years import Size, make_years
from billing.models import Invoice
from orders.models import SalesOrder

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

_FOREIGN = """
SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, f.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1] WHERE c.contype = 'f'
"""
_INDEXES = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'"


def test_copies_of_two_days_are_whole_and_add_up():
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = cursor.fetchone()
    parameters = connections["owner"].get_connection_params()
    with psycopg.connect(**{**parameters, "cursor_factory": None}, autocommit=True) as owner:
        make_years(owner, Size(orders=90, open=30, day=15))
        orphans = [
            (table, column)
            for table, column, target, key in owner.execute(_FOREIGN).fetchall()
            if owner.execute(
                f'SELECT 1 FROM {table} t LEFT JOIN {target} r ON r."{key}" = t."{column}"'
                f' WHERE t."{column}" IS NOT NULL AND r."{key}" IS NULL LIMIT 1'
            ).fetchone()
        ]
        assert orphans == []
        assert owner.execute(_INDEXES).fetchone() == indexes
    finished = SalesOrder.objects.filter(status="CLOSED")
    assert finished.filter(payment="FULL", billing="FULL").count() >= 60
    assert len(set(finished.values_list("ordered_on", flat=True))) == 4
    assert SalesOrder.objects.filter(status__in=SalesOrder.OPEN).count() >= 30
    assert {number[:4] for number in Invoice.objects.values_list("number", flat=True)} == {"INV-"}
    call_command("audit_ledger", stdout=io.StringIO())
