"""My work: counts of what a role can do, alerts with their age, and what nobody sees to in time."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import registry
from core.queues.watching import age_of, queue_at
from core.roles import Role
from orders import services as orders_services
from orders.models import SalesOrder
from tests.factories.core import CompanyFactory, person, signed_in
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import released
from warehouse.models import PutBack, Wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A house with a draft, a wave to pick and an order that should have left."""
    house = House.open()
    product = house.product([99])
    house.draft((product, 1), po_number="D-1")
    released(house, (product, 1))
    dispatched(house, (product, 1))
    late = house.order((product, 1), po_number="L-1")
    today = timezone.localdate()
    SalesOrder.objects.filter(company=house.company).update(requested_on=today + timedelta(days=3))
    SalesOrder.objects.filter(pk=late.pk).update(requested_on=today)
    Wave.objects.filter(company=house.company).update(released_at=timezone.now())
    house.late = late
    return house


def counts(user):
    """Return what the navigation of a person says."""
    cache.clear()
    return signed_in(user).get("/work/").json()


def test_each_role_is_counted_the_work_that_it_can_do_and_nothing_of_others(house):
    def told(role):
        return counts(person(role, company=house.company))

    assert told(Role.SALES_ADMIN)["orders:queue"] == "1"
    assert told(Role.PICKER)["warehouse:waves"] == "2"
    assert "orders:queue" not in told(Role.SHIPPING_CLERK)
    assert told(Role.ACCOUNTANT)["billing:to_invoice"] == "1"
    assert set(told(Role.PICKER)) <= {"warehouse:waves", "warehouse:put_backs", "core:alerts"}
    assert not counts(person(*Role, company=CompanyFactory()))


def test_a_credit_controller_is_counted_what_waits_for_credit(house):
    product = house.product([99])
    for kind in ("CREDIT", "ADDRESS"):
        terms = orders_services.HoldTerms(kind, keep_reservation=True, reason="")
        order = house.order((product, 1))
        orders_services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)
    controller = person(Role.CREDIT_CONTROLLER, company=house.company)
    assert counts(controller)["orders:queue"] == "1"
    assert counts(person(Role.SALES_ADMIN, company=house.company))["orders:queue"] == "1", "the draft, and no hold"
    held = signed_in(controller).get("/orders/", {"tab": "credit"})
    (row,) = held.context["rows"]
    orders_services.release_holds_of_orders(order_ids=[row.pk], actor=controller, at=AT)
    assert "orders:queue" not in counts(controller)
    assert "Nothing waits for credit" in signed_in(controller).get("/orders/", {"tab": "credit"}).content.decode()


def test_an_alert_is_for_whom_sees_to_it_and_after_a_while_for_those_who_oversee_it(house):
    seller = person(Role.SALES_ADMIN, company=house.company)
    overseer = person(Role.WAREHOUSE_MANAGER, company=house.company)
    picker = person(Role.PICKER, company=house.company)

    def alerts(user):
        return signed_in(user).get("/alerts/").content.decode()

    assert "Nothing is wrong" in alerts(seller)
    today = timezone.localdate()
    SalesOrder.objects.filter(pk=house.late.pk).update(requested_on=today)
    assert house.late.number not in alerts(seller)
    SalesOrder.objects.filter(pk=house.late.pk).update(requested_on=today - timedelta(days=1))
    page = alerts(seller)
    assert house.late.number in page
    assert "1 d" in page
    assert "Waits too long" not in page
    assert counts(seller)["core:alerts"] == "1"
    assert house.late.number in alerts(overseer), "a day late is a day after it began"
    assert "Waits too long" in alerts(overseer)
    assert house.late.number not in alerts(picker)
    Wave.objects.filter(company=house.company).update(released_at=timezone.now() - timedelta(hours=25))
    assert "Waves not picked" in alerts(picker)
    foreign = person(*Role, company=CompanyFactory())
    assert "Nothing is wrong" in alerts(foreign)


def test_every_alert_and_every_work_names_tabs_columns_and_verbs_that_are_there(house, rf):
    request = rf.get("/work/")
    request.user = house.boss
    watched = {*registry.watched_queues, *(item.url_name for item in registry.navigation)}
    seen = set()
    for url_name in watched:
        queue = queue_at(url_name, request)
        if queue is None:
            continue
        tabs = {tab.slug for tab in queue.tabs}
        assert {work.tab for work in queue.work} <= tabs, url_name
        assert all(house.boss.can(work.verb) for work in queue.work), url_name
        if queue.alerts:
            assert url_name in set(registry.watched_queues), url_name
        for alert in queue.alerts:
            seen.add(alert.name)
            assert dict(part.split("=") for part in alert.query.split("&"))["tab"] in tabs, alert.name
            assert house.boss.can(alert.verb), alert.name
            rows = queue.get_queryset().filter(alert.condition).order_by(alert.since)
            list(rows[:1])
            for path in filter(None, (alert.called, alert.party)):
                model = queue.model
                for name in path.split("__"):
                    field = model._meta.get_field(name)
                    model = field.related_model or model
    assert len(seen) >= 10


def test_a_list_takes_one_statement_however_many_rows_it_has(house):
    client = signed_in(house.boss)

    def statements():
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/alerts/").content.decode()
        return len(queries), page.count("alert-age")

    back = timezone.now() - timedelta(days=3)
    SalesOrder.objects.filter(company=house.company).update(requested_on=back.date())
    Wave.objects.filter(company=house.company).update(released_at=back)
    few = statements()
    product = house.product([99])
    for number in range(3):
        house.order((product, 1), po_number=f"M-{number}")
        released(house, (product, 1))
    SalesOrder.objects.filter(company=house.company).update(requested_on=back.date())
    Wave.objects.filter(company=house.company).update(released_at=back)
    many = statements()
    assert many[1] > few[1]
    assert many[0] == few[0]
    assert not PutBack.objects.exists()


def test_an_age_is_said_in_its_largest_unit():
    at = timezone.now()
    today = timezone.localdate(at)
    assert age_of(at - timedelta(minutes=5), at) == "5 min"
    assert age_of(at - timedelta(hours=30), at) == "30 h"
    assert age_of(at - timedelta(days=3), at) == "3 d"
    assert age_of(today, at) == "today"
    assert age_of(today - timedelta(days=2), at) == "2 d"
