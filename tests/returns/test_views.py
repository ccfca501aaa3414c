"""Returns' pages: what they show, where a scan leads, and that every step is done once through its form."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import services as billing_services
from core.roles import Role
from inventory.models import Bin
from orders.models import LinePart
from returns.models import ReturnOrder, ReturnReceipt, ReturnSettlement
from shipping.models import Shipment
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import again, asked, decided, inspected, received
from tests.factories.shipping import dispatched

pytestmark = pytest.mark.django_db

Status = ReturnOrder.Status


@pytest.fixture
def house():
    return House.open()


@pytest.fixture
def product(house):
    return house.product([99])


@pytest.fixture
def order(house, product):
    """Five units that have left, at 5 each."""
    return dispatched(house, (product, 5))


@pytest.fixture
def part(order):
    return LinePart.objects.get(order=order).pk


def browser(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def clerk(house):
    return browser(person(Role.RETURNS_CLERK, company=house.company))


class TestDock:
    @pytest.mark.parametrize("code", ["RT-{:06d}", "RT{}", "rt-{}"])
    def test_leads_from_a_return_number_to_the_return(self, clerk, house, order, product, code):
        made = asked(house, order, {product: 1})
        code = code.format(made.pk)
        answer = clerk.get(reverse("returns:dock"), {"code": code})
        assert answer.status_code == 302
        assert answer["Location"] == f"/returns/{made.pk}/?scanned={code}"

    def test_leads_from_a_shipment_that_is_out_to_its_return(self, house, clerk, order, part):
        """PRODUCT.md case 71: the page asks whether to send it again or to refund it."""
        shipment = Shipment.objects.get(order=order)
        answer = clerk.get(reverse("returns:dock"), {"code": "PV1"})
        assert answer["Location"] == f"/returns/orders/{order.pk}/receive/?scanned=PV1&shipment={shipment.pk}"
        form = {f"part-{part}": "5", "reason": "REFUSED", "scanned": "PV1", "wish": ""}
        answer = clerk.post(answer["Location"], form)
        assert (answer.status_code, b"send it again or to refund" in answer.content) == (422, True)
        clerk.post(f"/returns/orders/{order.pk}/receive/?shipment={shipment.pk}", {**form, "wish": "RESHIP"})
        made = ReturnOrder.objects.get()
        assert (made.kind, made.wish, made.status) == ("DELIVERY_FAILURE", "RESHIP", Status.RECEIVED)
        assert Shipment.objects.get().status == "RETURNED"

    def test_leads_from_order_and_item_to_the_order(self, clerk, order, product):
        for code in (order.number, order.number.lower(), product.sku):
            answer = clerk.get(reverse("returns:dock"), {"code": code})
            assert answer["Location"] == f"/returns/orders/{order.pk}/receive/?scanned={code}"

    def test_offers_what_a_scan_may_be_of(self, clerk, house, order, product):
        made = asked(house, order, {product: 1})
        text = clerk.get(reverse("returns:dock"), {"code": order.number}).content.decode()
        assert f"/returns/{made.pk}/?scanned" in text
        assert f"/returns/orders/{order.pk}/receive/" in text

    @pytest.mark.parametrize(
        ("code", "sentence"),
        [("RT-999999", "There is no return"), ("what", "what is no return"), ("RT-" + "9" * 30, "is no return")],
    )
    def test_says_what_it_does_not_know(self, clerk, order, code, sentence):
        answer = clerk.get(reverse("returns:dock"), {"code": code})
        assert answer.status_code == 404
        assert sentence in answer.content.decode()

    def test_says_that_nothing_has_left_or_all_is_back(self, clerk, house, order, product):
        waiting = house.order((product, 1))
        answer = clerk.get(reverse("returns:dock"), {"code": waiting.number})
        assert "has left the house" in answer.content.decode()
        decided(house, order, {product: 5})
        answer = clerk.get(reverse("returns:dock"), {"code": order.number})
        assert answer.status_code in {200, 302}

    def test_says_that_a_return_is_closed(self, clerk, house, order, product):
        made = asked(house, order, {product: 1}, authorize=False)
        answer = clerk.get(reverse("returns:dock"), {"code": made.number})
        assert "is requested" in answer.content.decode()


class TestSteps:
    def test_go_from_the_order_to_the_shelf(self, clerk, order, part):
        url = reverse("returns:create", args=[order.pk])
        assert b"Comes back" in clerk.get(url).content
        answer = clerk.post(url, {f"part-{part}": "3", "reason": "DEFECTIVE", "wish": "REFUND", "note": "Broken"})
        made = ReturnOrder.objects.get()
        page = reverse("returns:return", args=[made.pk])
        assert (answer.status_code, answer["Location"], made.status) == (302, page, Status.AUTHORIZED)
        assert b"Receive" in clerk.get(page).content
        clerk.post(reverse("returns:receive", args=[made.pk]), {f"part-{part}": "3", "scanned": "PV1"})
        assert (again(made).status, ReturnReceipt.objects.get().scanned) == (Status.RECEIVED, "PV1")
        assert b"To inspect" in clerk.get(page).content
        grades = {f"part-{part}-A": "2", f"part-{part}-B": "1", "goes-A": "RESTOCK", "goes-B": ""}
        clerk.post(reverse("returns:inspect", args=[made.pk]), grades)
        assert again(made).status == Status.INSPECTED
        assert b"To put away" in clerk.get(page).content
        clerk.post(reverse("returns:decide", args=[made.pk]), {f"units-{part}-B": "1", f"goes-{part}-B": "SCRAP"})
        assert again(made).status == Status.DECIDED
        assert b"Scrap: " in clerk.get(page).content

    def test_ask_only_where_the_person_may_not_authorize(self, house, order, part):
        sales = browser(person(Role.SALES_ADMIN, company=house.company))
        sales.post(
            reverse("returns:create", args=[order.pk]), {f"part-{part}": "3", "reason": "LATE", "wish": "REFUND"}
        )
        assert ReturnOrder.objects.get().status == Status.REQUESTED

    def test_take_in_goods_that_nobody_announced(self, clerk, order, part):
        url = reverse("returns:receive_blind", args=[order.pk])
        assert b"Came" in clerk.get(url, {"scanned": "PV1"}).content
        clerk.post(url, {f"part-{part}": "2", "reason": "UNKNOWN", "wish": "UNKNOWN", "scanned": "PV1"})
        made = ReturnOrder.objects.get()
        assert (made.status, made.is_blind) == (Status.RECEIVED, True)

    def test_are_done_once_by_a_form_that_is_sent_twice(self, clerk, house, order, product, part):
        made = asked(house, order, {product: 3})
        form = {f"part-{part}": "1", "idempotency_key": "once"}
        for _ in range(2):
            assert clerk.post(reverse("returns:receive", args=[made.pk]), form).status_code == 302
        assert LinePart.objects.get().returned == 1

    @pytest.mark.parametrize(
        ("form", "sentence"),
        [
            ({}, "Say what came."),
            ({"units": "0.5"}, "piece goes by 1."),
            ({"wrong_item": "A teapot"}, "Say how many came."),
            ({"wrong_quantity": "1"}, "Say what it is."),
        ],
    )
    def test_show_the_page_again_with_mistakes(self, clerk, house, order, product, part, form, sentence):
        made = asked(house, order, {product: 3})
        form = {f"part-{part}" if name == "units" else name: value for name, value in form.items()}
        answer = clerk.post(reverse("returns:receive", args=[made.pk]), form)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert again(made).status == Status.AUTHORIZED

    def test_refuse_in_words_what_never_left(self, clerk, house, order, product, part):
        made = asked(house, order, {product: 3})
        answer = clerk.post(reverse("returns:receive", args=[made.pk]), {f"part-{part}": "9"})
        assert answer.status_code == 409
        assert "more came than ever left" in answer.content.decode()

    def test_refuse_more_grades_than_came_and_a_shelf_of_nowhere(self, clerk, house, order, product, part):
        made = received(house, order, {product: 2})
        answer = clerk.post(reverse("returns:inspect", args=[made.pk]), {f"part-{part}-A": "2", f"part-{part}-B": "1"})
        assert (answer.status_code, b"Only 2 came." in answer.content) == (422, True)
        other = inspected(house, order, {product: 1})
        form = {f"units-{part}-A": "1", f"goes-{part}-A": "RESTOCK", f"shelf-{part}-A": "Z-99"}
        answer = clerk.post(reverse("returns:decide", args=[other.pk]), form)
        assert (answer.status_code, b"Z-99 is no shelf" in answer.content) == (422, True)
        form[f"shelf-{part}-A"] = Bin.objects.filter(kind="PICK").last().code.lower()
        assert clerk.post(reverse("returns:decide", args=[other.pk]), form).status_code == 302


class TestUnits:
    @pytest.mark.parametrize(("authorize", "word"), [(False, "Requested"), (True, "Authorized")])
    def test_are_authorized_only_when_somebody_did(self, house, clerk, order, product, authorize, word):
        made = asked(house, order, {product: 2}, authorize=authorize)
        page = clerk.get(reverse("returns:return", args=[made.pk])).content.decode()
        assert f'<th scope="col" class="num">{word}</th>' in page
        assert (">Authorized<" in page.split("<h2>Items")[0]) is authorize


class TestSettling:
    @pytest.fixture
    def made(self, house, order, product):
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        return decided(house, order, {product: 2})

    def test_shows_line_by_line_what_it_posts_and_posts_that(self, house, made):
        accountant = browser(person(Role.ACCOUNTANT, company=house.company))
        page = reverse("returns:return", args=[made.pk])
        text = accountant.get(page, {"kind": "CREDIT"}).content.decode()
        assert ("Credit for" in text, "24.00" in text) == (True, True)
        assert not ReturnSettlement.objects.exists()
        answer = accountant.post(reverse("returns:settle", args=[made.pk]), {"kind": "CREDIT"})
        assert (answer.status_code, again(made).status) == (302, Status.SETTLED)
        assert "24.00" in accountant.get(page).content.decode()

    def test_shows_no_amount_to_those_who_see_no_prices(self, clerk, made):
        text = clerk.get(reverse("returns:return", args=[made.pk])).content.decode()
        assert "24.00" not in text
        assert "Settle by" not in text

    def test_says_that_there_is_no_invoice_to_credit(self, house, order, product):
        made = decided(house, order, {product: 2})
        accountant = browser(person(Role.ACCOUNTANT, company=house.company))
        text = accountant.get(reverse("returns:return", args=[made.pk])).content.decode()
        assert "invoice the order first" in text
        answer = accountant.post(reverse("returns:settle", args=[made.pk]), {"kind": "CREDIT"})
        assert (answer.status_code, again(made).status) == (409, Status.DECIDED)


class TestQueue:
    def test_asks_the_same_of_the_database_for_one_return_and_for_many(self, clerk, house, order, product):
        def statements():
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert clerk.get(reverse("returns:queue"), {"tab": "awaited"}).status_code == 200
            return len(seen)

        asked(house, order, {product: 1})
        statements()
        one = statements()
        for _ in range(4):
            asked(house, order, {product: 1})
        assert statements() == one

    def test_answers_requests_with_a_reason(self, clerk, house, order, product):
        made = asked(house, order, {product: 1}, authorize=False)
        other = asked(house, order, {product: 1}, authorize=False)
        clerk.post(reverse("returns:authorize"), {"id": made.pk})
        assert again(made).status == Status.AUTHORIZED
        clerk.post(reverse("returns:reject"), {"id": other.pk, "reason": "Too late"})
        assert (again(other).status, again(other).closed_reason) == (Status.REJECTED, "Too late")
        clerk.post(reverse("returns:cancel"), {"id": made.pk, "reason": "Keeps it"})
        assert again(made).status == Status.CANCELLED


class TestOrderPage:
    def test_shows_returns_their_facts_and_the_way_to_a_new_one(self, clerk, house, order, product):
        made = asked(house, order, {product: 3})
        text = clerk.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert made.number in text
        assert "Return authorized" in text
        assert reverse("returns:create", args=[order.pk]) in text
