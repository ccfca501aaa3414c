"""The order queue and an order's page: who sees what, what may be done next, and that doing it twice does it once."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import registry
from core.models import User
from core.refusals import Blocker
from core.roles import VERBS, Role
from inventory.models import Allocation, Channel, Demand, Product
from orders import services as orders_services
from orders.models import Customer, Facet, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from tests.factories.core import person, signed_in
from tests.factories.inventory import stock
from tests.factories.orders import AT, CustomerFactory, make_order, priced
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db

QUEUE = reverse("orders:queue")
CONFIRM = reverse("orders:confirm")
ALLOCATE = reverse("orders:allocate")
PRICE = Decimal("1234.56")


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(name="Bright & Day")


@pytest.fixture
def seller(customer: Customer) -> User:
    return person(Role.SALES_ADMIN, company=customer.company)


@pytest.fixture
def client(seller: User) -> Client:
    return signed_in(seller)


def page_of(order: SalesOrder) -> str:
    return reverse("orders:detail", args=[order.pk])


def shown(response) -> set[int]:
    """This function will return the keys of the orders that a queue shows."""
    return {int(key) for key in re.findall(r'id="salesorder-(\d+)"', response.content.decode())}


class TestQueue:
    def test_sorts_orders_into_tabs_by_what_is_to_be_done(self, client, customer, seller):
        lamp, star = priced(customer), priced(customer)
        stock(lamp, 10)
        draft = make_order(customer, (lamp, 1), po_number="1", actor=seller)
        ready = make_order(customer, (lamp, 1), po_number="2", confirmed=True, actor=seller)
        waiting = make_order(customer, (star, 1), po_number="3", confirmed=True, actor=seller)
        make_order(foreign := CustomerFactory(), (priced(foreign), 1))
        assert shown(client.get(QUEUE)) == {draft.pk}
        assert shown(client.get(QUEUE, {"tab": "confirmed"})) == {ready.pk, waiting.pk}
        assert shown(client.get(QUEUE, {"tab": "backordered"})) == {waiting.pk}
        assert shown(client.get(QUEUE, {"tab": "released"})) == set()
        assert shown(client.get(QUEUE, {"tab": "all"})) == {draft.pk, ready.pk, waiting.pk}

    def test_finds_an_order_by_its_po_number_however_that_is_written(self, client, customer, seller):
        lamp = priced(customer)
        order = make_order(customer, (lamp, 1), po_number="PO 88-1", actor=seller)
        make_order(customer, (lamp, 1), po_number="PO 99", actor=seller)
        for text in ("po88/1", "88-1", str(customer.number) + " 88-1"):
            assert shown(client.get(QUEUE, {"q": text})) == {order.pk}

    def test_says_in_a_word_which_orders_are_late(self, client, customer, seller):
        make_order(customer, (priced(customer), 1), actor=seller)
        row = client.get(QUEUE, {"standing": "late"}).content.decode()
        assert "d late</span>" in row

    def test_gives_late_orders_a_tab_until_their_goods_have_left(self, client, customer, seller):
        lamp = priced(customer)
        today = timezone.localdate()
        past = {"ordered_on": today - timedelta(days=4), "requested_on": today - timedelta(days=3)}
        late = make_order(customer, (lamp, 1), po_number="A", actor=seller, **past)
        make_order(customer, (lamp, 1), po_number="B", ordered_on=today, requested_on=today, actor=seller)
        left = make_order(customer, (lamp, 1), po_number="C", actor=seller, **past)
        SalesOrder.objects.filter(pk=left.pk).update(fulfilment=Facet.FULL)
        response = client.get(QUEUE, {"tab": "late"})
        assert shown(response) == {late.pk}
        assert "3 d late</span>" in response.content.decode()

    def test_is_narrowed_by_days_promise_warehouse_channel_and_who_took_the_order(self, client, customer, seller):
        lamp, star = priced(customer), priced(customer)
        warehouse = stock(lamp, 10).warehouse
        today = timezone.localdate()
        soon = {"ordered_on": today, "requested_on": today + timedelta(days=3)}
        ready = make_order(customer, (lamp, 1), po_number="A", confirmed=True, actor=seller, **soon)
        colleague = person(Role.SALES_ADMIN, company=customer.company)
        waiting = make_order(customer, (star, 1), po_number="PO ZX-7", confirmed=True, actor=colleague)
        old = {"ordered_on": today - timedelta(days=20), "requested_on": today + timedelta(days=30)}
        SalesOrder.objects.filter(pk=waiting.pk).update(**old)
        web = Channel.objects.create(company=customer.company, code="web", name="Web")
        SalesOrder.objects.filter(pk=waiting.pk).update(channel=web)
        for asked, found in (
            ({"owner": "me"}, {ready.pk}),
            ({"wanted": "due"}, set()),
            ({"wanted": "week"}, {ready.pk}),
            ({"wanted": "later"}, {waiting.pk}),
            ({"promise": "kept"}, {ready.pk}),
            ({"promise": "none"}, {waiting.pk}),
            ({"promise": "late"}, set()),
            ({"ordered": "7"}, {ready.pk}),
            ({"ordered": "30"}, {ready.pk, waiting.pk}),
            ({"warehouse": warehouse.pk}, {ready.pk}),
            ({"channel": web.pk}, {waiting.pk}),
            # Words: a PO number as anybody writes it, from its beginning; a customer anywhere in the name
            ({"q": ready.number.lower()}, {ready.pk}),
            ({"q": f"{customer.name[2:]} {waiting.number[:4]}"}, {ready.pk, waiting.pk}),
            ({"q": f"{customer.name[2:]} {waiting.number}"}, {waiting.pk}),
            ({"q": ready.number[1:]}, set()),
            ({"q": "zx 7"}, {waiting.pk}),
            ({"q": "x7"}, set()),
        ):
            assert shown(client.get(QUEUE, {"tab": "all", **asked})) == found, asked
        Demand.objects.filter(pk=LinePart.objects.get(order=ready).demand_id).update(
            promised_on=today + timedelta(days=9)
        )
        orders_services.note_allocation(order_ids=[ready.pk])
        assert shown(client.get(QUEUE, {"tab": "all", "promise": "late"})) == {ready.pk}
        # What is over is read from its newest, and sorted by what an index of all orders has alone
        for asked, first in (({}, waiting), ({"sort": "customer"}, waiting), ({"sort": "number"}, ready)):
            page = client.get(QUEUE, {"tab": "all", **asked})
            assert page.context["rows"][0].pk == first.pk, asked
        links = {heading["label"]: heading["url"] for heading in page.context["headings"]}
        assert links["Order"]
        assert not links["Customer"]

    def test_never_calls_charges_alone_late_once_they_are_agreed(self, client, customer, seller):
        freight = priced(customer)
        Product.objects.filter(pk=freight.pk).update(kind=Product.Kind.CHARGE)
        today = timezone.localdate()
        past = {"ordered_on": today - timedelta(days=4), "requested_on": today - timedelta(days=3)}
        order = make_order(customer, (freight, 1), po_number="A", actor=seller, **past)
        assert shown(client.get(QUEUE, {"tab": "late"})) == {order.pk}
        orders_services.confirm_orders(order_ids=[order.pk], actor=seller, at=timezone.now())
        assert shown(client.get(QUEUE, {"tab": "late"})) == set()

    def test_says_of_a_draft_why_it_cannot_be_confirmed(self, client, customer, seller):
        make_order(customer, (priced(customer), 1), actor=seller)
        Customer.objects.filter(pk=customer.pk).update(is_active=False)
        assert "may not order: the account is closed." in client.get(QUEUE).content.decode()
        assert not shown(client.get(QUEUE, {"standing": "to_ship"}))

    def test_takes_as_many_statements_for_thirty_rows_as_for_three(self, client, customer, seller):
        lamp = priced(customer)
        stock(lamp, 10)

        def statements() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(QUEUE, {"tab": "all"}).status_code == 200
            return len(queries)

        for number in range(3):
            make_order(customer, (lamp, 1), po_number=f"A{number}", confirmed=bool(number), actor=seller)
        three = statements()
        for number in range(27):
            make_order(customer, (lamp, 1), po_number=f"B{number}", confirmed=bool(number % 2), actor=seller)
        assert statements() == three
        assert_pinned("orders:queue", three)

    def test_gives_a_file_of_what_the_tab_shows(self, client, customer, seller):
        make_order(customer, (priced(customer, price=str(PRICE)), 2), po_number="=1+1", actor=seller)
        text = b"".join(client.get(QUEUE, {"format": "csv"}).streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        columns = ("Customer", "PO number", "Net value", "State")
        assert [row[name] for name in columns] == ["Bright & Day", "'=1+1", "2469.12", "Draft"]
        workbook = io.BytesIO(b"".join(client.get(QUEUE, {"format": "xlsx"}).streaming_content))
        header, cells = openpyxl.load_workbook(workbook)["Rows"].values
        row = dict(zip(header, cells, strict=True))
        assert [row[name] for name in columns] == ["Bright & Day", "'=1+1", 2469.12, "Draft"]

    def test_says_what_is_wrong_in_a_word_and_its_sum_to_those_who_see_prices(self, client, customer, seller):
        boss = person(Role.SALES_MANAGER, company=customer.company)
        limits = {"limit": Decimal("1.01"), "is_prepay": False}
        orders_services.set_credit_terms(customer_id=customer.pk, actor=boss, **limits)
        make_order(customer, (priced(customer, price=str(PRICE)), 1), actor=seller)
        clerk = signed_in(person(Role.SHIPPING_CLERK, company=customer.company))
        pages = [browser.get(QUEUE).content.decode() for browser in (client, clerk)]
        assert ["Over credit limit" in page for page in pages] == [True, True]
        assert ["over the credit limit of 1.01" in page for page in pages] == [True, False]

    def test_shows_no_value_to_who_may_not_see_prices(self, customer, seller):
        make_order(customer, (priced(customer, price=str(PRICE)), 1), actor=seller)
        clerk = signed_in(person(Role.WAREHOUSE_MANAGER, company=customer.company))
        page = clerk.get(QUEUE).content.decode()
        file = b"".join(clerk.get(QUEUE, {"format": "csv"}).streaming_content).decode()
        assert "Bright" in page
        for text in (page, file):
            assert "1,234.56" not in text
            assert "1234.56" not in text
            assert "value" not in re.sub(r'value="', "", text).lower()

    def test_is_closed_to_roles_without_its_verb(self, customer):
        assert signed_in(person(Role.PICKER, company=customer.company)).get(QUEUE).status_code == 403


class TestConfirm:
    def test_confirms_the_selected_drafts_and_shows_their_rows_anew(self, client, customer, seller):
        orders = [make_order(customer, (priced(customer), 1), po_number=str(n), actor=seller) for n in range(2)]
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{QUEUE}"}
        response = client.post(CONFIRM, {"id": [order.pk for order in orders]}, headers=headers)
        assert {order.status for order in SalesOrder.objects.all()} == {"CONFIRMED"}
        assert shown(response) == {order.pk for order in orders}
        assert "2 orders confirmed." in response.content.decode()

    def test_from_the_page_goes_back_to_it_and_a_second_click_changes_nothing(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        for _click in range(2):
            response = client.post(CONFIRM, {"id": order.pk, "next": page_of(order)})
            assert response["Location"] == page_of(order)
        assert Demand.objects.count() == 1
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.CONFIRMED).count() == 1

    def test_refused_says_why_and_changes_nothing(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        Customer.objects.update(is_active=False)
        response = client.post(CONFIRM, {"id": order.pk})
        assert response.status_code == 409
        assert "the account is closed" in response.content.decode()
        assert SalesOrder.objects.get().status == "DRAFT"

    @pytest.mark.parametrize("url", [CONFIRM, ALLOCATE])
    @pytest.mark.parametrize("role", [role for role in Role if "orders.confirm" not in VERBS[role]])
    def test_is_denied_to_roles_without_its_verb_and_changes_nothing(self, customer, seller, role, url):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        client = signed_in(person(role, company=customer.company))
        assert client.post(url, {"id": order.pk}).status_code == 403
        assert SalesOrder.objects.get().status == "DRAFT"
        assert not Demand.objects.exists()

    def test_knows_no_order_of_another_company(self, client):
        foreign = CustomerFactory()
        order = make_order(foreign, (priced(foreign), 1))
        assert client.post(CONFIRM, {"id": order.pk}).status_code == 404
        assert SalesOrder.objects.get().status == "DRAFT"

    def test_is_no_get(self, client):
        assert client.get(CONFIRM).status_code == 405


class TestAllocate:
    def test_promises_what_has_come_since(self, client, customer, seller):
        lamp = priced(customer)
        order = make_order(customer, (lamp, 5), confirmed=True, actor=seller)
        assert client.post(ALLOCATE, {"id": order.pk}).status_code == 409
        stock(lamp, 3)
        client.post(ALLOCATE, {"id": order.pk})
        demand = Demand.objects.get()
        assert (demand.allocated, demand.backordered) == (3, 2)


class TestOrderPage:
    def test_shows_lines_how_far_they_are_totals_and_who_did_what(self, client, customer, seller):
        lamp, freight = priced(customer, price="2.55"), priced(customer, price="5", kind="CHARGE")
        stock(lamp, 5)
        order = make_order(customer, (lamp, 12), (freight, 1), confirmed=True, actor=seller)
        text = " ".join(re.sub(r"<[^>]+>", " ", client.get(page_of(order)).content.decode()).split())
        assert f"{order.number} Confirmed Part allocated" in text
        assert "Ordered 12 Allocated 5 Backordered 7 Picked 0 Packed 0 Shipped 0 Invoiced 0" in text
        reason = Allocation.objects.first().reason
        promise = f"No day known 5 pc {reason} 7 pc without stock None free now"
        line = f"{lamp.sku} Of 12 ordered: 5 allocated, 7 backordered {lamp.name} {promise} 12 pc 5 7 – – – – 2.55"
        assert line in text
        assert "Net 35.60 GBP Tax 20 % of 35.60 7.12 GBP Total 42.72 GBP" in text
        told = f"5 units allocated, 7 units backordered; {reason}"
        assert f"Order confirmed {told} 20 Nov · {seller.name}" in text
        assert f"Order keyed 2 lines 20 Nov · {seller.name}" in text

    def test_tells_of_what_was_cancelled_and_came_back_where_anything_was(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 12), confirmed=True, actor=seller)
        page = client.get(page_of(order)).content.decode()
        assert "Cancelled" not in page
        assert "Returned" not in page
        part = LinePart.objects.get(order=order)
        SalesOrderLine.objects.filter(pk=part.line_id).update(cancelled=2)
        LinePart.objects.filter(pk=part.pk).update(cancelled=2, picked=10, packed=10, shipped=9, returned=1)
        text = " ".join(re.sub(r"<[^>]+>", " ", client.get(page_of(order)).content.decode()).split())
        assert "Ordered 12 Cancelled 2" in text
        assert "Returned 1" in text
        assert "9 shipped, 1 picked" in text

    def test_leads_to_the_customer_s_own_document(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), po_number="PO <7>", actor=seller)
        page = reverse("orders:customer_po", args=[order.customer_po_id])
        assert f'href="{page}"' in client.get(page_of(order)).content.decode()
        document = client.get(page).content.decode()
        assert "PO &lt;7&gt;" in document
        assert page_of(order) in document
        blind = signed_in(person(Role.SHIPPING_CLERK, company=customer.company))
        assert f'href="{page}"' not in blind.get(page_of(order)).content.decode()
        assert blind.get(page).status_code == 403

    def test_takes_as_many_statements_for_thirty_lines_as_for_three(self, client, customer, seller):
        def statements(order: SalesOrder) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page_of(order)).status_code == 200
            return len(queries)

        def order(number: int) -> SalesOrder:
            lines = [(priced(customer), 1) for _ in range(number)]
            return make_order(customer, *lines, po_number=f"PO-{number}", confirmed=True, actor=seller)

        three = statements(order(3))
        assert statements(order(30)) == three
        assert_pinned("orders:detail", three)

    def test_offers_one_next_step_and_says_of_the_others_why_they_are_off(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        html = client.get(page_of(order)).content.decode()
        head, body = html.split("</header>", 1)
        assert len(re.findall(r'<button type="submit" class="btn btn-primary"', head)) == 1
        assert f'action="{CONFIRM}"' in head
        assert f'action="{ALLOCATE}"' in body
        assert re.search(r'<button type="submit" class="btn" disabled>Allocate', body)
        assert "The order is a draft." in body

    def test_offers_no_verb_that_is_done(self, client, customer, seller):
        order = make_order(customer, (priced(customer), 1), confirmed=True, actor=seller)
        assert f'action="{CONFIRM}"' not in client.get(page_of(order)).content.decode()

    def test_asks_each_verb_once_for_its_blockers(self, customer, seller, monkeypatch):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        asked: list[str] = []
        counted = registry.Registry()
        for name, action in registry.order_actions.items():

            def blockers(ids, name=name, action=action):
                asked.append(name)
                return action.blockers(ids)

            counted.register(name, replace(action, blockers=blockers))
        monkeypatch.setattr(registry, "order_actions", counted)
        signed_in(person(Role.ADMINISTRATOR, company=customer.company)).get(page_of(order))
        assert sorted(asked) == sorted(name for name, _action in counted.items())

    @pytest.mark.parametrize("role", [role for role in Role if {"orders.view"} <= VERBS[role]])
    def test_shows_prices_to_those_alone_who_may_see_them(self, customer, seller, role):
        order = make_order(customer, (priced(customer, price=str(PRICE)), 2), confirmed=True, actor=seller)
        OrderEvent.objects.create(
            company=customer.company,
            order=order,
            subject_kind="invoice",
            subject_id=1,
            kind=OrderEvent.Kind.INVOICED,
            at=AT,
            data={"net": "2469.12", "gross": "2962.94", "currency": "GBP"},
        )
        page = signed_in(person(role, company=customer.company)).get(page_of(order)).content.decode()
        found = {figure for figure in ("1,234.56", "2,469.12", "2,962.94", "493.82") if figure in page}
        assert bool(found) == ("orders.view_prices" in VERBS[role])
        assert "Invoice posted" in page

    def test_links_what_happened_to_the_document_it_happened_to(self, client, customer, seller, monkeypatch):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        pages = registry.Registry()
        for kind in ("order", "salesorder"):
            pages.register(kind, registry.SubjectPage("orders:detail", "orders.view"))
        monkeypatch.setattr(registry, "subject_pages", pages)
        assert f'<a href="{page_of(order)}">Order keyed</a>' in client.get(page_of(order)).content.decode()

    def test_asks_once_opens_pages_and_keeps_side_ways_out_of_the_way(self, client, customer, seller, monkeypatch):
        order = make_order(customer, (priced(customer), 1), actor=seller)
        actions = registry.Registry()
        free, held = (lambda ids: {}), (lambda ids: {ids[0]: [Blocker("held", "It is held.")]})

        def add(name, label, url_name, blockers=free, **how):
            actions.register(name, registry.OrderAction("orders.view", label, url_name, blockers, **how))

        add("a", "Stop", "orders:detail", opens=True, aside=True)
        add("b", "Burn", "orders:confirm", held, aside=True)
        add("c", "Send", "orders:confirm", confirm="Send {order} off?")
        add("d", "Form", "orders:detail", held, opens=True)
        monkeypatch.setattr(registry, "order_actions", actions)
        html = client.get(page_of(order)).content.decode()
        menu = html.split('id="aside-actions"')[1].split("</div>\n</div>")[0]
        assert f'<a class="btn" href="{page_of(order)}">Stop</a>' in menu
        assert "It is held." in menu
        assert f'data-confirm="Send draft {order.pk} off?"' in html
        assert f'name="ask" value="Send&#10;Send draft {order.pk} off?"' in html
        assert '<button type="button" class="btn" disabled>Form</button>' in html
        assert 'class="btn btn-primary" name="ask"' in html

    def test_of_another_company_is_not_there(self, client):
        foreign = CustomerFactory()
        assert client.get(page_of(make_order(foreign, (priced(foreign), 1)))).status_code == 404

    def test_escapes_what_people_typed(self, client, customer, seller):
        order = make_order(customer, (priced(customer, name="<b>Lamp</b>"), 1), po_number="<i>1</i>", actor=seller)
        html = client.get(page_of(order)).content.decode()
        assert "<b>Lamp</b>" not in html
        assert "<i>1</i>" not in html
