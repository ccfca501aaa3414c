"""The benchmark's clerk works as a user does: through every stage, under the watch over the order of locks."""

import io
import random

import pytest
from django.core.management import call_command

from benchmarks.company import make_company
from benchmarks.order_to_cash import Clerk
from billing.models import Invoice
from core.models import IdempotencyKey
from orders.models import SalesOrder


@pytest.mark.django_db(transaction=True)
class TestClerk:
    def test_takes_orders_to_their_payment_and_leaves_clean_books(self):
        clerk = Clerk(make_company(products=10, customers=2), random.Random(1))
        for _ in range(3):
            clerk.life()
        facets = SalesOrder.objects.values_list("allocation", "fulfilment", "billing", "payment")
        assert list(facets) == [("FULL", "FULL", "FULL", "FULL")] * 3
        assert Invoice.objects.count() == 3
        assert IdempotencyKey.objects.count() == 15
        call_command("audit_ledger", stdout=io.StringIO())

    def test_takes_many_orders_through_each_request_together(self):
        clerk = Clerk(make_company(products=10, customers=2), random.Random(1))
        clerk.life(3)
        facets = SalesOrder.objects.values_list("allocation", "fulfilment", "billing", "payment")
        assert list(facets) == [("FULL", "FULL", "FULL", "FULL")] * 3
        assert IdempotencyKey.objects.count() == 5
        call_command("audit_ledger", stdout=io.StringIO())
