"""The demo company: a few days of its past through the services, and work in every queue on the last of them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice
from config.demo import reference, today, training
from config.demo.documents import Kind
from config.demo.history import History
from core.models import Company, User
from core.roles import Role
from inventory.models import Lot, Product, StockMove
from orders.models import OrderEvent, SalesOrder, SalesOrderLine
from returns.models import ReturnOrder

pytestmark = pytest.mark.django_db

DAYS = timedelta(days=15)

# Every queue of today's work, with the tabs that must not be empty; a fortnight is too short for an overdue invoice
QUEUES = {
    "orders:queue": ["drafts", "late", "backordered", "confirmed", "held", "released", "completed"],
    "reservations:queue": ["open", "out"],
    "supply:orders": ["draft", "sent", "late", "part"],
    "supply:questions": ["orders"],
    "supply:suppliers": ["open"],
    "warehouse:arrivals": ["open"],
    "warehouse:release_queue": ["ready", "waiting", "held"],
    "warehouse:waves": ["open", "done"],
    "warehouse:pack_queue": ["ready", "picking"],
    "warehouse:put_backs": ["open"],
    "warehouse:counts": ["open"],
    "shipping:dispatch_queue": ["ready", "held"],
    "shipping:shipments": ["transit", "delivered", "returning", "lost"],
    "billing:to_invoice": ["due", "waiting"],
    "billing:invoices": ["unpaid", "credit"],
    "billing:unapplied": ["all"],
    "returns:queue": ["requested", "awaited", "received", "inspected", "decided"],
}


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The company as it is on its first morning; after it the database is made anew."""
    with django_db_blocker.unblock():
        try:
            company = reference.make_company(live_on=timezone.now().date())
            admin = reference.make_people(company)
            plan = training.last_days(training.history(), DAYS)
            now = timezone.now()
            world = reference.make_world(company, admin, since=today.beginning(plan, now))
            played = History(world, plan, today.pace_of(plan, now), lambda text: None)
            played.play()
            today.open_work(played)
            with connections["owner"].cursor() as cursor:
                cursor.execute("ANALYZE")  # what autovacuum does in time
            yield played
        finally:
            django_db_setup()


class TestThePast:
    def test_is_taken_in_whole_or_refused_with_a_reason(self, loaded):
        rows = {row.line_number for document in loaded.plan.documents for row in document.rows}
        refused = {refusal.row.line_number for refusal in loaded.played.refused}

        assert all(refusal.reason for refusal in loaded.played.refused)
        assert len(loaded.played.done) > 0.98 * len(rows)
        taken_of = {one.row.line_number for taken in loaded.plan.taken.values() for one in taken}
        credits_ = {row.line_number for one in loaded.plan.documents if one.kind == Kind.CREDIT for row in one.rows}
        assert rows - (credits_ - taken_of) <= loaded.played.done | refused

    def test_is_dated_as_it_happened(self, loaded):
        documents = {one.number: one for one in loaded.plan.documents if one.kind == Kind.ORDER}
        of_the_past = SalesOrder.objects.filter(po_number__in=documents)
        ordered = dict(of_the_past.values_list("po_number", "ordered_on"))

        for number, document in documents.items():
            assert ordered[number] == document.at.date() + loaded.pace.shift
        assert max(ordered.values()) == timezone.now().date() - timedelta(days=1)
        for event in OrderEvent.objects.filter(kind="CREATED", order__in=of_the_past).select_related("order"):
            assert timezone.localdate(event.at, loaded.world.company.zone) == event.order.ordered_on

    def test_has_the_lines_that_the_file_has(self, loaded):
        for document in loaded.plan.documents[:40]:
            if document.kind == Kind.ORDER:
                lines = SalesOrderLine.objects.filter(order=loaded.played.order_ids[document.number])
                found = list(lines.order_by("position").values_list("product__sku", "quantity", "price"))
                assert found == [(row.sku, row.quantity, row.price) for row in document.rows]

    def test_has_returns_and_corrections(self, loaded):
        assert ReturnOrder.objects.filter(status=ReturnOrder.Status.SETTLED).exists()
        assert Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE).exists()
        assert StockMove.objects.filter(posting__kind="ADJUSTMENT").exists()

    def test_adds_up(self, loaded):
        out = io.StringIO()
        call_command("audit_ledger", stdout=out)
        assert "no drift" in out.getvalue()


class TestToday:
    @pytest.mark.parametrize("name", QUEUES)
    def test_has_work_in_every_queue(self, loaded, client, name):
        client.force_login(loaded.world.admin, backend="django.contrib.auth.backends.ModelBackend")

        for tab in QUEUES[name]:
            page = client.get(reverse(name), {"tab": tab})
            assert page.status_code == 200
            assert len(page.context["rows"]) > 0, tab

    def test_has_hampers_and_food_in_lots_of_which_one_is_held(self, loaded):
        kits = Product.objects.filter(company=loaded.world.company, kind=Product.Kind.KIT, is_active=True)
        assert SalesOrderLine.objects.filter(product__in=kits, order__status="CONFIRMED").count() == len(kits) == 2
        assert Lot.objects.filter(company=loaded.world.company, is_held=True).count() == 1

    def test_has_somebody_of_every_role(self, loaded):
        roles = {role for user in User.objects.filter(memberships__company=loaded.world.company) for role in user.roles}

        assert roles == set(Role)


class TestTheCommand:
    def test_loads_nothing_where_there_is_a_company(self, loaded):
        before = SalesOrder.objects.count(), Company.objects.count()

        call_command("load_demo", "--if-empty")
        with pytest.raises(CommandError, match="already"):
            call_command("load_demo")

        assert (SalesOrder.objects.count(), Company.objects.count()) == before

    def test_is_not_for_production(self, settings):
        settings.PRODUCTION = True

        with pytest.raises(CommandError, match="not for production"):
            call_command("load_demo")
