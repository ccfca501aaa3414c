"""The page on which an order is keyed: what it takes in, what it says of mistakes, and that nothing typed is lost."""

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Company, Note, User
from core.roles import VERBS, Role
from inventory.models import Product, Substitute
from orders.forms import MAX_ROWS
from orders.models import Customer, CustomerPart, CustomerPO, EntrySheet, SalesOrder, SalesOrderLine
from orders.views.entry import next_working_day
from orders.views.peeking import PeekView
from tests.factories.core import person
from tests.factories.inventory import stock
from tests.factories.orders import AddressFactory, CustomerFactory, make_order, priced

pytestmark = pytest.mark.django_db

URL = reverse("orders:create")
PREVIEW = reverse("orders:preview")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(number="C-100", name="Bright & Day", terms_days=45)


@pytest.fixture
def product(customer: Customer) -> Product:
    return priced(customer, sku="85123A", name="White hanging heart", price="2.55", gtin="4006381333931")


@pytest.fixture
def seller(client: Client, customer: Customer) -> User:
    seller = person(Role.SALES_ADMIN, company=customer.company)
    client.force_login(seller)
    return seller


def test_the_day_asked_for_is_at_first_the_company_s_next_working_day() -> None:
    friday = date(2026, 11, 27)
    assert next_working_day(Company(), friday) == date(2026, 11, 30)
    assert next_working_day(Company(weekdays=[2, 6], holidays=[date(2026, 11, 28)]), friday) == date(2026, 12, 1)


def typed(*rows: tuple[str, ...], **fields: object) -> dict[str, object]:
    """This function will word what the browser sends; a row is item, quantity, price, discount, as far as typed."""
    today = timezone.localdate()
    whole = [(*row, "", "", "", "")[:4] for row in rows]
    columns = zip(*whole, strict=True) if whole else [[], [], [], []]
    return {
        "customer": "C-100 Bright & Day",
        "po_number": "PO-1",
        "ordered_on": today.isoformat(),
        "requested_on": (today + timedelta(days=3)).isoformat(),
        "then": "draft",
        "idempotency_key": "key-1",
        **dict(zip(("item", "quantity", "price", "discount"), map(list, columns), strict=True)),
        **fields,
    }


def said(response) -> list[str]:
    """This function will return what an answer says beside its fields."""
    found = re.findall(r'class="field-error">.*?<span>(.*?)</span></span>', response.content.decode(), re.DOTALL)
    return [re.sub(r"\s*<a.*?</a>", "", text).strip() for text in found]


class TestCreateOrder:
    def test_takes_a_draft_in_with_the_price_lists_price_and_goes_to_it(self, client, seller, customer, product):
        response = client.post(URL, typed(("85123a", "12"), ("", "")))
        order = SalesOrder.objects.get()
        assert response.status_code == 302
        assert response["Location"] == reverse("orders:detail", args=[order.pk])
        assert (order.status, order.net, order.tax, order.gross) == (
            "DRAFT",
            Decimal("30.60"),
            Decimal("6.12"),
            Decimal("36.72"),
        )
        assert (order.customer, order.po_number, order.terms_days) == (customer, "PO-1", 45)
        assert order.lines.get().price_source == SalesOrderLine.PriceSource.LIST

    def test_confirms_at_once_where_that_is_asked_and_says_what_waits(self, client, seller, product):
        stock(product, 5)
        response = client.post(URL, typed(("85123A", "12"), then="confirm"), follow=True)
        order = SalesOrder.objects.get()
        assert order.status == "CONFIRMED"
        assert f"Order {order.number} confirmed. 7 units wait for stock." in response.content.decode()

    def test_keeps_a_typed_price_and_discount(self, client, seller, product):
        client.post(URL, typed(("85123A", "3", "2", "10 %"), ("4006381333931", "1", "0")))
        first, free = SalesOrderLine.objects.order_by("position")
        assert (first.price, first.discount_percent, first.net) == (2, 10, Decimal("5.40"))
        assert first.price_source == SalesOrderLine.PriceSource.MANUAL
        assert (free.product, free.net) == (product, 0)

    def test_ships_to_the_address_that_was_chosen(self, client, seller, customer, product):
        dock = AddressFactory(customer=customer, street="Dock 3")
        client.post(URL, typed(("85123A", "1"), ship_to=str(dock.pk)))
        assert SalesOrder.objects.get().ship_to["street"] == "Dock 3"

    def test_keeps_what_was_keyed_as_the_customers_document(self, client, seller, product):
        client.post(URL, typed(("85123A", "1")))
        po = CustomerPO.objects.get()
        assert (po.channel, po.received_by, po.content["lines"][0]["item"]) == ("KEYED", seller, "85123A")

    def test_sent_twice_makes_one_order_and_leads_to_it_both_times(self, client, seller, product):
        first = client.post(URL, typed(("85123A", "1"), then="confirm"))
        again = client.post(URL, typed(("85123A", "1"), then="confirm"))
        assert SalesOrder.objects.count() == 1
        assert first["Location"] == again["Location"]

    def test_answers_htmx_with_where_to_go(self, client, seller, product):
        response = client.post(URL, typed(("85123A", "1")), headers=HTMX)
        assert response["HX-Redirect"] == reverse("orders:detail", args=[SalesOrder.objects.get().pk])

    def test_may_not_be_opened_by_who_takes_no_orders(self, client, customer, product):
        client.force_login(person(Role.ACCOUNTANT, Role.WAREHOUSE_MANAGER, company=customer.company))
        for answer in (client.get(URL), client.post(URL, typed(("85123A", "1"))), client.post(PREVIEW, typed())):
            assert answer.status_code == 403
        assert not SalesOrder.objects.exists()

    def test_sells_nothing_of_another_company(self, client, seller, product):
        other = CustomerFactory(number="X-1")
        foreign = priced(other, sku="FOREIGN")
        response = client.post(URL, typed((foreign.sku, "1"), customer=other.number))
        assert said(response) == ["There is no customer X-1.", "There is no product FOREIGN."]


class TestMistakes:
    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            (("NOSUCH", "1"), "There is no product NOSUCH."),
            (("", "1"), "Key a SKU or GTIN."),
            (("85123A", ""), "Quantity is empty."),
            (("85123A", "0"), "Quantity 0 is not above zero."),
            (("85123A", "-4"), "Quantity -4 is not above zero."),
            (("85123A", "a few"), "Quantity a few is not a number."),
            (("85123A", "2000000"), "Quantity 2000000 is more than 1,000,000."),
            (("85123A", "1.5"), "85123A is sold in steps of 1 pc."),
            (("85123A", "1", "-2"), "Price -2 is not above zero."),
            (("85123A", "1", "", "101"), "A discount lies between 0 and 100 %."),
        ],
    )
    def test_of_a_line_are_said_at_their_cell_with_everything_still_there(self, client, seller, product, row, sentence):
        response = client.post(URL, typed(row, po_number="Mine & yours"))
        assert response.status_code == 422
        assert said(response) == [sentence]
        html = response.content.decode()
        assert 'value="Mine &amp; yours"' in html
        assert all(f'value="{cell}"' in html for cell in row if cell)
        assert html.count('aria-invalid="true"') == 1
        assert not SalesOrder.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"customer": ""}, "Say who orders: a number or a name."),
            ({"customer": "Nobody"}, "There is no customer Nobody."),
            ({"po_number": " "}, "Key the customer&#x27;s PO number."),
            ({"ordered_on": "2031-01-01"}, "The order date lies ahead."),
            ({"ordered_on": "0202-01-01"}, "The order date is more than two years ago."),
            ({"requested_on": ""}, "Say for when it is wanted."),
            ({"requested_on": "2006-01-01"}, "The requested date is before the order date."),
            ({"requested_on": "9999-01-01"}, "The requested date is more than two years away."),
            ({"requested_on": "tomorrow"}, "Enter a valid date."),
        ],
    )
    def test_of_the_head_are_said_at_their_field(self, client, seller, product, fields, sentence):
        response = client.post(URL, typed(("85123A", "77"), **fields))
        assert response.status_code == 422
        assert said(response) == [sentence]
        assert 'value="77"' in response.content.decode()

    def test_an_order_without_lines_is_none(self, client, seller, product):
        assert said(client.post(URL, typed())) == ["An order needs at least one line: key a SKU and a quantity."]

    def test_more_lines_than_a_form_holds_are_a_file(self, client, seller, product):
        response = client.post(URL, typed(*[("85123A", "1")] * (MAX_ROWS + 1)))
        assert said(response) == [f"More than {MAX_ROWS} lines are too many for a form: import them as a file."]

    def test_a_po_number_that_is_on_an_order_is_named_with_its_link(self, client, seller, customer, product):
        order = make_order(customer, (product, 1), po_number="PO-1", actor=seller)
        response = client.post(URL, typed(("85123A", "1"), po_number="po 1"))
        assert said(response) == [f"PO po 1 of this customer is order draft {order.pk} already."]
        assert f'<a href="{reverse("orders:detail", args=[order.pk])}">' in response.content.decode()
        assert SalesOrder.objects.count() == 1

    def test_a_closed_account_may_not_order(self, client, seller, customer, product):
        Customer.objects.update(is_active=False)
        response = client.post(URL, typed(("85123A", "1")))
        assert said(response) == ["Bright &amp; Day may not order: the account is closed."]

    def test_a_name_that_several_have_is_asked_about(self, client, seller, customer, product):
        CustomerFactory(company=customer.company, name="Bright Lights", price_list=customer.price_list)
        response = client.post(URL, typed(("85123A", "1"), customer="bright"))
        assert said(response) == ["Several customers may be meant by bright: pick one from the list."]

    @pytest.mark.parametrize("text", ["brig", "C-10", "100"])
    def test_letters_of_a_customer_are_no_customer_but_a_question(self, client, seller, product, text):
        response = client.post(URL, typed(("85123A", "1"), customer=text))
        assert said(response) == [f"There is no customer {text}. Do you mean C-100 Bright &amp; Day?"]
        assert not SalesOrder.objects.exists()

    def test_a_name_that_begins_with_anothers_number_is_not_that_other(self, client, seller, customer, product):
        named = CustomerFactory(company=customer.company, name="C-100 Flowers", price_list=customer.price_list)
        client.post(URL, typed(("85123A", "1"), customer="c-100 flowers"))
        assert SalesOrder.objects.get().customer == named

    def test_another_customers_address_is_none_of_theirs(self, client, seller, customer, product):
        foreign = AddressFactory(customer=CustomerFactory(company=customer.company, price_list=customer.price_list))
        response = client.post(URL, typed(("85123A", "1"), ship_to=str(foreign.pk)))
        assert response.status_code == 422
        assert not SalesOrder.objects.exists()

    def test_mended_and_sent_again_from_the_same_form_it_is_taken_in(self, client, seller, product):
        assert client.post(URL, typed(("85123A", "0"))).status_code == 422
        assert client.post(URL, typed(("85123A", "1"))).status_code == 302

    def test_an_ended_session_answers_htmx_so_that_the_page_stays(self, client, product):
        response = client.post(URL, typed(("85123A", "1")), headers=HTMX)
        assert (response.status_code, response["HX-Trigger"]) == (401, "sessionExpired")


class TestPreview:
    def test_prices_what_stands_and_says_nothing_of_what_is_not_typed_yet(self, client, seller, customer, product):
        stock(product, 5)
        response = client.post(PREVIEW, typed(("85123A", "12"), ("85123A", ""), po_number=""), headers=HTMX)
        html = response.content.decode()
        assert said(response) == []
        assert re.search(r'id="row-1-net"[^>]*>.*30\.60', html)
        assert 'data-list-price="2.55"' in html
        assert "White hanging heart" in html
        assert "5 free" in html
        assert re.search(r"Total.*36\.72", html, re.DOTALL)
        assert not SalesOrder.objects.exists()

    def test_prices_the_good_lines_beside_a_bad_one(self, client, seller, product):
        html = client.post(PREVIEW, typed(("85123A", "2"), ("NOSUCH", "1"), ("85123A", "-1"))).content.decode()
        assert "There is no product NOSUCH." in html
        assert "Quantity -1 is not above zero." in html
        assert re.search(r"Net</th><td class=\"num\"><span class=\"figure\">5\.10", html)

    def test_offers_the_addresses_of_another_customer_only_when_it_is_another(self, client, seller, customer, product):
        shown = client.post(PREVIEW, typed(addresses_of="")).content.decode()
        kept = client.post(PREVIEW, typed(addresses_of=str(customer.pk))).content.decode()
        assert 'id="entry-addresses"' in shown
        assert "1 Long Lane" in shown
        assert 'id="entry-addresses"' not in kept

    def test_says_that_a_po_number_is_taken_as_soon_as_it_is_typed(self, client, seller, customer, product):
        make_order(customer, (product, 1), po_number="PO-1", actor=seller)
        assert "already." in said(client.post(PREVIEW, typed()))[0]

    def test_takes_as_many_statements_for_thirty_lines_as_for_three(self, client, seller, customer):
        rows = [(priced(customer).sku, "1") for _ in range(30)]

        def statements(number: int) -> int:
            with CaptureQueriesContext(connection) as queries:
                client.post(PREVIEW, typed(*rows[:number]))
            return len(queries)

        assert statements(3) == statements(30)


class TestLookups:
    def test_find_customers_by_the_letters_of_name_or_number(self, client, seller, customer):
        CustomerFactory(name="Bright of another company")
        html = client.get(reverse("orders:find_customers"), {"q": "bri day"}).content.decode()
        assert html.count('role="option"') == 1
        assert 'data-value="C-100 Bright &amp; Day"' in html

    def test_find_products_by_sku_name_or_gtin_with_what_is_free(self, client, seller, customer, product):
        stock(product, 5)
        priced(customer, sku="ZZ-85123A", name="Comes second")
        url = reverse("orders:find_products")
        assert client.get(url, {"q": "heart"}).content.decode().count('role="option"') == 1
        assert "5</span> free" in client.get(url, {"q": "40063813"}).content.decode()
        by_sku = re.findall(r'data-value="(.*?)"', client.get(url, {"q": "85123"}).content.decode())
        assert by_sku == ["85123A", "ZZ-85123A"]

    def test_offer_nothing_that_is_not_sold(self, client, seller, customer, product):
        Product.objects.update(is_active=False)
        Customer.objects.update(is_active=False)
        for url in (reverse("orders:find_products"), reverse("orders:find_customers")):
            assert "data-value" not in client.get(url, {"q": "h"}).content.decode()


class TestNoting:
    """PRODUCT.md 5.1, F9: what a customer said while the order was keyed, for colleagues or for the warehouse."""

    def test_puts_a_note_to_a_new_order_and_to_a_draft(self, client, seller, product):
        client.post(URL, typed(("85123A", "1"), note=" Ring before you come. ", note_for="WAREHOUSE"))
        order = SalesOrder.objects.get()
        url = reverse("orders:edit", args=[order.pk])
        assert "Ring before" not in client.get(url).content.decode()
        client.post(url, typed(("85123A", "2"), note="Two after all.", idempotency_key="key-2"))
        client.post(url, typed(("85123A", "3"), note="  ", idempotency_key="key-3"))
        notes = Note.objects.filter(kind="salesorder", document_id=order.pk).order_by("pk")
        assert [(note.text, note.audience, note.author) for note in notes] == [
            ("Ring before you come.", "WAREHOUSE", seller),
            ("Two after all.", "OFFICE", seller),
        ]

    def test_loses_it_in_no_mistake_and_writes_it_once(self, client, seller, product):
        wrong = client.post(URL, typed(("NOSUCH", "1"), note="Ring <first>."))
        assert "Ring &lt;first&gt;.</textarea>" in wrong.content.decode()
        assert "at most 5,000 characters" in said(client.post(URL, typed(("85123A", "1"), note="x" * 5001)))[0]
        assert not SalesOrder.objects.exists()
        for _ in range(2):
            client.post(URL, typed(("85123A", "1"), note="Ring first."))
        assert (SalesOrder.objects.count(), Note.objects.count()) == (1, 1)

    def test_keeps_it_with_what_is_typed(self, client, seller, product):
        client.post(reverse("orders:keep_sheet"), typed(("85123A", "1"), sheet=str(uuid4()), note="Ring first."))
        again = client.get(URL, {"sheet": EntrySheet.objects.get().pk}).content.decode()
        assert "Ring first.</textarea>" in again


class TestPeeking:
    """PRODUCT.md 5.1: F6 a line's stock over time, F7 its prices, F8 what could be ordered instead."""

    def look(self, client: Client, look: str, item: str = "85123A", **more: str) -> str:
        return client.get(reverse("orders:peek"), {"look": look, "item": item, **more}).content.decode()

    def test_shows_what_is_free_and_whether_it_is_enough(self, client, seller, customer, product):
        stock(product, 5)
        assert "5 <span" in self.look(client, "stock")
        assert "enough for" in self.look(client, "stock", quantity="4")
        assert "none on its way" in self.look(client, "stock", quantity="6")
        assert "Type an item first" in self.look(client, "stock", item="NOTHING")
        assert "free now" in self.look(client, "stock", quantity="1e99999")

    def test_shows_the_list_and_what_this_customer_paid_alone(self, client, seller, customer, product):
        stock(product, 5)
        other = CustomerFactory(company=customer.company, price_list=customer.price_list, number="C-200", name="Other")
        for number, who in enumerate((customer, other)):
            make_order(who, (product, 2 + number), po_number=f"PO-{number}", confirmed=True)
        shown = self.look(client, "prices", **{"with": "C-100"})
        assert shown.count('data-take-price="2.550000"') == 2, "once on the list, once on their order"
        assert SalesOrder.objects.get(customer=customer).number in shown
        assert SalesOrder.objects.get(customer=other).number not in shown
        assert "Name the customer first" in self.look(client, "prices")

    def test_offers_what_stands_in_unless_the_customer_takes_none(self, client, seller, customer, product):
        other = priced(customer, sku="85123B", name="Another heart")
        other.unit = product.unit
        other.save()
        Substitute.objects.create(product=product, stand_in=other, reason="Same heart")
        assert 'data-take-item="85123B"' in self.look(client, "substitutes", **{"with": "C-100"})
        customer.substitutes = "NEVER"
        customer.save()
        assert "takes no substitutes" in self.look(client, "substitutes", **{"with": "C-100"})

    def test_tells_nothing_that_the_role_may_not_see(self, client, customer, product):
        client.force_login(person(Role.PICKER, company=customer.company))
        assert client.get(reverse("orders:peek"), {"look": "prices", "item": "85123A"}).status_code == 403

    @pytest.mark.parametrize("look", list(PeekView.needs))
    def test_looks_up_only_what_the_person_may_see(self, client, seller, customer, product, monkeypatch, look):
        rest = VERBS[Role.SALES_ADMIN] - {PeekView.needs[look]}
        monkeypatch.setitem(VERBS, Role.SALES_ADMIN, rest)
        for one in PeekView.needs:
            assert ("Not for your role" in self.look(client, one, **{"with": "C-100"})) == (one == look)


class TestEmptyPage:
    def test_has_five_lines_and_knows_the_customer_in_its_address(self, client, seller, customer):
        html = client.get(URL, {"customer": "C-100"}).content.decode()
        assert html.count('name="item"') == 5
        assert "1 Long Lane" in html
        assert "45 days net" in html

    def test_adds_lines_without_javascript_and_keeps_what_was_typed(self, client, seller, product):
        response = client.post(URL, typed(("85123A", "0"), more="1"))
        html = response.content.decode()
        assert response.status_code == 200
        assert html.count('name="item"') == 6
        assert 'value="85123A"' in html
        assert not SalesOrder.objects.exists()


class TestEditOrder:
    @pytest.fixture
    def order(self, seller, customer, product) -> SalesOrder:
        return make_order(customer, (product, 3), po_number="PO-1", actor=seller)

    @pytest.fixture
    def url(self, order) -> str:
        return reverse("orders:edit", args=[order.pk])

    def seen(self, client, url) -> str:
        return re.search(r'name="seen" value="(\d+)"', client.get(url).content.decode())[1]

    def test_shows_the_draft_as_it_would_be_typed(self, client, url, order):
        html = client.get(url).content.decode()
        for value in ("C-100 Bright &amp; Day", "PO-1", "85123A", "3"):
            assert f'value="{value}"' in html
        assert 'placeholder="2.55"' in html
        assert re.search(r"Total.*9\.18", html, re.DOTALL)

    def test_puts_what_was_typed_in_its_place(self, client, url, order):
        response = client.post(url, typed(("85123A", "4", "2"), seen=self.seen(client, url), po_number="PO-2"))
        assert response["Location"] == reverse("orders:detail", args=[order.pk])
        order = SalesOrder.objects.get()
        assert (order.net, order.po_number) == (8, "PO-2")
        page = client.get(response["Location"]).content.decode()
        assert "PO number PO-1 → PO-2" in page
        assert "85123A quantity 3 → 4, 85123A price 2.55 → 2" in page

    def test_confirms_it_where_that_is_asked_and_sent_twice_does_it_once(self, client, url, order):
        form = typed(("85123A", "4"), seen=self.seen(client, url), then="confirm")
        first, again = client.post(url, form), client.post(url, form)
        assert first["Location"] == again["Location"]
        assert SalesOrder.objects.get().status == "CONFIRMED"

    def test_says_what_somebody_else_changed_and_overwrites_it_only_when_sent_again(self, client, url, order):
        seen = self.seen(client, url)
        client.post(url, typed(("85123A", "5"), seen=seen))
        response = client.post(url, typed(("85123A", "6"), seen=seen, idempotency_key="key-2"))
        html = response.content.decode()
        assert response.status_code == 422
        assert "85123A quantity 3 → 5" in html
        assert 'value="6"' in html
        assert SalesOrder.objects.get().lines.get().quantity == 5
        again = re.search(r'name="seen" value="(\d+)"', html)[1]
        assert client.post(url, typed(("85123A", "6"), seen=again, idempotency_key="key-3")).status_code == 302
        assert SalesOrder.objects.get().lines.get().quantity == 6

    def test_keeps_what_is_typed_when_it_is_wrong(self, client, url, order):
        response = client.post(url, typed(("85123A", "0"), seen=self.seen(client, url)))
        assert said(response) == ["Quantity 0 is not above zero."]
        assert SalesOrder.objects.get().lines.get().quantity == 3

    @pytest.mark.parametrize("verb", ["orders:confirm", "orders:discard"])
    def test_of_a_confirmed_or_cancelled_order_is_refused_everywhere(self, client, url, order, verb):
        # PRODUCT.md case 31
        form = typed(("85123A", "4"), seen=self.seen(client, url))
        client.post(reverse(verb), {"id": order.pk})
        before = SalesOrder.objects.values().get()
        answers = [client.get(url), client.post(url, form), client.post(url, {**form, "more": "1"})]
        assert [answer.status_code for answer in answers] == [409, 409, 409]
        assert "it cannot be changed as a draft" in answers[1].content.decode()
        assert SalesOrder.objects.values().get() == before

    def test_names_the_same_po_only_of_other_orders(self, client, url, order, customer, product):
        assert "already" not in client.get(url).content.decode()
        other = make_order(customer, (product, 3), po_number="PO-9")
        response = client.post(url, typed(("85123A", "4"), seen=self.seen(client, url), po_number="PO-9"))
        assert said(response) == [f"PO PO-9 of this customer is order draft {other.pk} already."]

    def test_discards_it_from_its_page(self, client, order):
        client.post(reverse("orders:discard"), {"id": order.pk, "next": reverse("orders:detail", args=[order.pk])})
        assert SalesOrder.objects.get().status == "CANCELLED"
        page = client.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert "Draft discarded" in page
        assert reverse("orders:edit", args=[order.pk]) not in page


class TestAnotherRelease:
    def test_shows_both_orders_product_by_product(self, client, seller, customer, product):
        other = priced(customer, sku="OTHER")
        make_order(customer, (product, 3), (other, 1), po_number="PO-1", actor=seller)
        html = client.post(PREVIEW, typed(("85123A", "4"))).content.decode()
        rows = re.findall(r'<tr><td><span class="code">(.*?)</span>.*?</tr>', html, re.DOTALL)
        assert rows == ["85123A", "OTHER"]
        assert "differs" in html
        assert "only there" in html

    def test_is_taken_in_where_it_is_declared(self, client, seller, customer, product):
        make_order(customer, (product, 3), po_number="PO-1", actor=seller)
        assert client.post(URL, typed(("85123A", "4"), is_additional="on")).status_code == 302
        assert sorted(SalesOrder.objects.values_list("po_release", flat=True)) == [1, 2]


class TestOrderDiscount:
    @pytest.mark.parametrize(("text", "net"), [("10 %", "22.95"), ("5", "20.50"), ("0", "25.50")])
    def test_is_an_amount_or_a_percentage(self, client, seller, product, text, net):
        html = client.post(PREVIEW, typed(("85123A", "10"), order_discount=text)).content.decode()
        assert re.search(rf'Net</th><td class="num"><span class="figure">{net}', html)
        client.post(URL, typed(("85123A", "10"), order_discount=text))
        assert SalesOrder.objects.get().net == Decimal(net)

    @pytest.mark.parametrize(("text", "sentence"), [("ten", "is not a number"), ("26", "more than the lines come to")])
    def test_that_cannot_be_is_said_at_its_box(self, client, seller, product, text, sentence):
        response = client.post(URL, typed(("85123A", "10"), order_discount=text))
        assert sentence in said(response)[0]
        assert f'value="{text}"' in response.content.decode()


class TestItemBox:
    def test_takes_the_customers_own_number_first(self, client, seller, customer, product):
        other = priced(customer, sku="OTHER", price="4")
        CustomerPart.objects.create(customer=customer, product=product, number="Heart-1")
        CustomerPart.objects.create(customer=customer, product=other, number="85123a")
        html = client.post(PREVIEW, typed(("heart-1", "2"), ("85123A", "1"))).content.decode()
        assert re.search(r'id="row-1-net"[^>]*>.*5\.10', html)
        assert re.search(r'id="row-2-net"[^>]*>.*4\.00', html)

    def test_knows_no_number_of_another_customer(self, client, seller, customer, product):
        stranger = CustomerFactory(company=customer.company, price_list=customer.price_list)
        CustomerPart.objects.create(customer=stranger, product=product, number="Heart-1")
        assert said(client.post(URL, typed(("heart-1", "2")))) == ["There is no product heart-1."]

    def test_offers_first_what_the_customer_bought_most_and_their_number_of_it(self, client, seller, customer, product):
        often = priced(customer, sku="B-OFTEN", name="A heart")
        rare = priced(customer, sku="C-RARE", name="Another heart")
        CustomerPart.objects.create(customer=customer, product=rare, number="KLM-9")
        make_order(customer, (often, 1), (often, 2), (rare, 1), actor=seller)
        url = reverse("orders:find_products")
        html = client.get(url, {"q": "heart", "with": "C-100 Bright & Day"}).content.decode()
        assert re.findall(r'data-value="(.*?)"', html) == ["B-OFTEN", "C-RARE", "85123A"]
        html = client.get(url, {"q": "klm", "with": "C-100 Bright & Day"}).content.decode()
        assert re.findall(r'data-value="(.*?)"', html) == ["C-RARE"]
        assert "KLM-9" in html


class TestSheets:
    KEEP = reverse("orders:keep_sheet")
    TOKEN = "6f4f7f6e-6a43-4d6e-9d0d-0d0b0a0b0c0d"

    def keep(self, client, *rows, **fields):
        return client.post(self.KEEP, typed(*rows, **{"sheet": self.TOKEN, "po_number": "", **fields}), headers=HTMX)

    def test_are_kept_as_typed_and_offered_again_to_who_typed_them(self, client, seller, customer, product):
        answer = self.keep(client, ("85123A", "a few"), ("", ""), customer="C-100")
        assert "Kept" in answer.content.decode()
        assert not SalesOrder.objects.exists()
        page = client.get(URL).content.decode()
        assert "C-100 Bright &amp; Day</b>, 1 line" in page
        again = client.get(URL, {"sheet": EntrySheet.objects.get().pk}).content.decode()
        assert 'value="a few"' in again
        assert f'name="sheet" value="{self.TOKEN}"' in again
        client.force_login(person(Role.SALES_ADMIN, company=customer.company))
        assert "You began" not in client.get(URL).content.decode()
        assert client.get(URL, {"sheet": EntrySheet.objects.get().pk}).status_code == 404

    def test_are_gone_when_the_order_is_made_and_stay_gone(self, client, seller, product):
        self.keep(client, ("85123A", "1"))
        client.post(URL, typed(("85123A", "1"), sheet=self.TOKEN))
        assert "You began" not in client.get(URL).content.decode()
        # A keystroke that was on its way
        assert "Kept" not in self.keep(client, ("85123A", "12")).content.decode()
        sheet = EntrySheet.objects.get()
        assert (sheet.content, sheet.done_at is None) == ({}, False)

    def test_that_come_only_after_the_order_are_not_kept_either(self, client, seller, product):
        client.post(URL, typed(("85123A", "1"), sheet=self.TOKEN))
        assert "Kept" not in self.keep(client, ("85123A", "1")).content.decode()
        assert "You began" not in client.get(URL).content.decode()

    def test_stay_where_the_order_was_refused(self, client, seller, product):
        self.keep(client, ("85123A", "0"))
        client.post(URL, typed(("85123A", "0"), sheet=self.TOKEN))
        assert "You began" in client.get(URL).content.decode()

    def test_can_be_discarded(self, client, seller, product):
        self.keep(client, ("85123A", "1"))
        client.post(reverse("orders:discard_sheet", args=[EntrySheet.objects.get().pk]))
        assert "You began" not in client.get(URL).content.decode()

    def test_of_a_draft_are_offered_with_that_draft_only(self, client, seller, customer, product):
        order = make_order(customer, (product, 3), actor=seller)
        self.keep(client, ("85123A", "7"), order=order.pk, seen="1")
        url = reverse("orders:edit", args=[order.pk])
        assert "You began" not in client.get(URL).content.decode()
        assert "You began to change this draft" in client.get(url).content.decode()
        assert 'value="7"' in client.get(url, {"sheet": EntrySheet.objects.get().pk}).content.decode()

    def test_of_another_person_are_not_written_to(self, client, seller, customer, product):
        self.keep(client, ("85123A", "1"))
        client.force_login(person(Role.SALES_ADMIN, company=customer.company))
        assert "Kept" not in self.keep(client, ("85123A", "99")).content.decode()
        assert EntrySheet.objects.get().content["quantity"] == ["1"]

    def test_are_the_latest_twenty(self, client, seller, product):
        for _ in range(22):
            self.keep(client, ("85123A", "1"), sheet=str(uuid4()))
        assert EntrySheet.objects.count() == 20
