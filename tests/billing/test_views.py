"""Billing's pages: who sees them, what they show and take, and how many statements they need."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import queries, services
from billing.models import Invoice, Payment
from core.roles import VERBS, Role
from inventory.models import Product
from orders.models import Facet, OrderEvent, SalesOrder
from tests.factories.billing import AT, Trade
from tests.factories.core import person, signed_in
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


@pytest.fixture
def accountant(trade: Trade) -> Client:
    return signed_in(trade.accountant)


def page(client: Client, name: str, *args: Any, query: str = "", **headers: str) -> HttpResponse:
    return client.get(reverse(name, args=args) + query, headers=headers)


def text(response: HttpResponse) -> str:
    return response.content.decode()


def rows(response: HttpResponse) -> list[list[str]]:
    lines = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(lines)))


def payment(**fields: str) -> dict[str, str]:
    today = timezone.localdate().isoformat()
    return {
        "amount": "36.00",
        "received_on": today,
        "method": "BANK",
        "reference": "",
        "idempotency_key": "k1",
        **fields,
    }


class TestToInvoice:
    def test_shows_what_was_shipped_and_what_it_comes_to(self, trade: Trade, accountant: Client) -> None:
        goods, freight = trade.product("10"), trade.product("4.95", kind=Product.Kind.CHARGE)
        part = trade.order((goods, "4"), (freight, "1"))
        trade.ship(part, {1: "1"})
        waiting, done = trade.order((goods, "1")), trade.invoiced()
        services_only = trade.order((trade.product("80", kind=Product.Kind.SERVICE), "1"))
        draft_net = "14.95"
        shown = text(page(accountant, "billing:to_invoice"))
        assert part.number in shown
        assert draft_net in shown
        assert services_only.number in shown
        assert waiting.number not in shown
        assert done.order.number not in shown
        shown = text(page(accountant, "billing:to_invoice", query="?tab=waiting"))
        assert waiting.number in shown
        assert part.number not in shown

    def test_takes_the_same_statements_for_three_rows_and_thirty(self, trade: Trade, accountant: Client) -> None:
        goods = trade.product("10")

        def statements() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert page(accountant, "billing:to_invoice").status_code == 200
            return len(captured)

        for number in (3, 27):
            for order in trade.orders([[(goods, "2")]] * number):
                trade.ship(order)
            if number == 3:
                few = statements()
        assert statements() == few
        assert_pinned("billing:to_invoice", few)

    def test_invoices_the_selected_orders_and_shows_the_result_in_their_rows(
        self, trade: Trade, accountant: Client
    ) -> None:
        ready, waiting = trade.shipped(), trade.order((trade.product(), "1"))
        response = accountant.post(
            reverse("billing:invoice_orders"),
            {"id": [ready.pk, waiting.pk]},
            headers={"HX-Request": "true", "HX-Current-URL": "http://testserver" + reverse("billing:to_invoice")},
        )
        invoice = Invoice.objects.get()
        assert invoice.order_id == ready.pk
        assert f'id="salesorder-{ready.pk}"' in text(response)
        assert invoice.number in text(response)
        assert "Nothing was shipped yet" in text(response)

    def test_answers_409_with_the_reason_where_nothing_could_be_invoiced(
        self, trade: Trade, accountant: Client
    ) -> None:
        waiting = trade.order((trade.product(), "1"))
        response = accountant.post(reverse("billing:invoice_orders"), {"id": [waiting.pk]})
        assert response.status_code == 409
        assert "Nothing was shipped yet" in text(response)
        assert not Invoice.objects.exists()

    def test_invoices_once_when_the_button_is_pressed_twice(self, trade: Trade, accountant: Client) -> None:
        order = trade.shipped()
        for _ in range(2):
            response = accountant.post(reverse("billing:invoice_orders"), {"id": [order.pk]})
            assert response.status_code == 302
        assert Invoice.objects.count() == 1


class TestInvoices:
    def test_tells_overdue_from_unpaid_by_the_company_s_own_day(self, trade: Trade, accountant: Client) -> None:
        old = trade.invoiced()
        fresh = trade.invoice(trade.shipped(), at=timezone.now())
        paid = trade.invoice(trade.shipped(), at=timezone.now())
        services.pay_invoices(invoice_ids=[paid.pk], actor=trade.accountant, at=timezone.now())
        listed = {
            tab: [
                invoice.number
                for invoice in (old, fresh, paid)
                if invoice.number in text(page(accountant, "billing:invoices", query=f"?tab={tab}"))
            ]
            for tab in ("unpaid", "overdue", "paid", "all")
        }
        assert listed == {
            "unpaid": [old.number, fresh.number],
            "overdue": [old.number],
            "paid": [paid.number],
            "all": [old.number, fresh.number, paid.number],
        }

    def test_is_due_until_the_end_of_the_day(self, trade: Trade) -> None:
        """Due on 16 July: overdue in London from midnight there, which is 23:00 UTC of the 16th."""
        invoice = trade.invoiced()
        for at, state in (
            (AT.replace(month=7, day=16, hour=22, minute=59), "UNPAID"),
            (AT.replace(month=7, day=16, hour=23, minute=1), "OVERDUE"),
        ):
            row = queries.invoices(trade.accountant, at).get(pk=invoice.pk)
            assert queries.State.of(row)[0] == state
            found = queries.invoices(trade.accountant, at).filter(queries.State.OVERDUE).exists()
            assert found == (state == "OVERDUE")

    def test_writes_a_file_of_what_is_shown(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        services.record_payments(
            receipts=[services.Receipt(invoice.order_id, amount=Decimal("6.00"))], actor=trade.accountant, at=AT
        )
        header, row = rows(page(accountant, "billing:invoices", query="?format=csv"))
        assert header == ["Invoice", "Customer", "Order", "Issued", "Due", "Total", "Open", "Currency", "State"]
        assert row == [
            invoice.number,
            "Bright & Day Gifts",
            invoice.order.number,
            "2025-06-16",
            "2025-07-16",
            "36.00",
            "30.00",
            "GBP",
            "Overdue",
        ]

    def test_takes_the_same_statements_for_three_rows_and_thirty(self, trade: Trade, accountant: Client) -> None:
        goods = trade.product("10")
        counts = []
        for number in (3, 27):
            orders = trade.orders([[(goods, "2")]] * number)
            for order in orders:
                trade.ship(order)
            services.invoice_orders(order_ids=[order.pk for order in orders], actor=trade.accountant, at=AT)
            with CaptureQueriesContext(connection) as captured:
                assert page(accountant, "billing:invoices").status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1]
        assert_pinned("billing:invoices", counts[0])

    def test_records_the_selected_invoices_as_paid(self, trade: Trade, accountant: Client) -> None:
        invoices = [trade.invoiced(), trade.invoiced()]
        for _ in range(2):
            accountant.post(reverse("billing:pay_invoices"), {"id": [invoice.pk for invoice in invoices]})
        assert Payment.objects.count() == 2
        assert [Invoice.objects.get(pk=invoice.pk).settled for invoice in invoices] == [36, 36]


class TestInvoice:
    def test_shows_what_the_paper_says_and_what_was_paid(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced((trade.product("2.55", sku="85123A"), "12", "2.5"))
        services.record_payments(
            receipts=[services.Receipt(invoice.order_id, amount=Decimal("5.81"), reference="FPS 88")],
            actor=trade.accountant,
            at=AT,
        )
        shown = text(page(accountant, "billing:invoice", invoice.pk))
        for words in ("85123A", "29.84", "5.97", "35.81", "30 days net", "FPS 88", invoice.hash, 'value="30.00"'):
            assert words in shown
        assert_pinned("billing:invoice", statements_of(accountant, reverse("billing:invoice", args=[invoice.pk])))

    def test_offers_no_form_to_those_who_may_not_take_a_payment(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        shown = text(page(signed_in(trade.seller), "billing:invoice", invoice.pk))
        assert invoice.number in shown
        assert reverse("billing:pay_invoice", args=[invoice.pk]) not in shown

    def test_says_that_the_paper_is_being_prepared_until_it_is_there(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced()
        document = page(accountant, "billing:document", invoice.pk)
        assert document.status_code == 409
        assert "being prepared" in text(document)
        assert 'hx-trigger="every' in text(page(accountant, "billing:paper", invoice.pk))
        services.store_documents(documents={invoice.pk: b"%PDF-1.7 stored"})
        ready = text(page(accountant, "billing:paper", invoice.pk))
        assert reverse("billing:document", args=[invoice.pk]) in ready
        assert "hx-trigger" not in ready
        document = page(accountant, "billing:document", invoice.pk)
        assert (document.status_code, document.content) == (200, b"%PDF-1.7 stored")
        assert document["Content-Type"] == "application/pdf"
        assert document["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
        kept = page(accountant, "billing:document", invoice.pk, query="?download")
        assert kept["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'


class TestPayInvoice:
    def test_records_the_payment_and_goes_back_to_the_invoice(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        address = reverse("billing:pay_invoice", args=[invoice.pk])
        response = accountant.post(address, payment(amount="6.50", method="CASH", reference="till 2"))
        assert response["Location"] == reverse("billing:invoice", args=[invoice.pk])
        paid = Payment.objects.get()
        assert (paid.amount, paid.method, paid.reference, paid.recorded_by) == (
            Decimal("6.50"),
            "CASH",
            "till 2",
            trade.accountant,
        )

    def test_records_once_when_the_form_is_sent_twice(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        address = reverse("billing:pay_invoice", args=[invoice.pk])
        for _ in range(2):
            assert accountant.post(address, payment(amount="6.50")).status_code == 302
        assert (Payment.objects.count(), Invoice.objects.get(pk=invoice.pk).settled) == (1, Decimal("6.50"))
        assert accountant.post(address, payment(amount="7.50")).status_code == 422

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"amount": "36.01"}, "Only 36.00 GBP is open"),
            ({"amount": "0"}, "more than zero"),
            ({"amount": "1.005"}, "GBP has 2 decimals"),
            ({"amount": "NaN"}, "Key the amount in figures"),
            ({"amount": "1e999"}, "18 digits"),
            ({"amount": "twelve"}, "Key the amount in figures"),
            ({"amount": ""}, "Key the amount"),
            ({"received_on": "2999-01-01"}, "in the future"),
            ({"received_on": "1999-01-01"}, "check the year"),
            ({"received_on": "32.13.2026"}, "Key the day"),
            ({"method": "BARTER"}, "Select a valid choice"),
            ({"reference": "x" * 81}, "at most 80 characters"),
        ],
    )
    def test_says_at_its_field_what_is_wrong_and_keeps_what_was_typed(
        self, trade: Trade, accountant: Client, fields: dict[str, str], words: str
    ) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        address = reverse("billing:pay_invoice", args=[invoice.pk])
        response = accountant.post(
            address, payment(**{"reference": "FPS 4711", **fields}), headers={"HX-Request": "true"}
        )
        assert response.status_code == 422
        assert words in text(response)
        assert 'aria-invalid="true"' in text(response)
        assert "field-error" in text(response)
        if "reference" not in fields:
            assert "FPS 4711" in text(response)
        assert not Payment.objects.exists()

    def test_refuses_what_came_in_between(
        self, trade: Trade, accountant: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The form read 36.00 as open; by the time of the lock somebody else had recorded 30.00."""
        invoice = trade.invoiced((trade.product("10"), "3"))
        record = services.record_payments

        def after_another(**kwargs: Any) -> Any:
            record(receipts=[services.Receipt(invoice.order_id, amount=Decimal(30))], actor=trade.accountant, at=AT)
            return record(**kwargs)

        monkeypatch.setattr(services, "record_payments", after_another)
        response = accountant.post(reverse("billing:pay_invoice", args=[invoice.pk]), payment())
        assert response.status_code == 409
        assert "Only 6.00 GBP is open" in text(response)


class TestPanel:
    def test_shows_the_order_s_invoices_and_offers_billing_s_verbs(self, trade: Trade, accountant: Client) -> None:
        order = trade.order((trade.product("10"), "2"))
        address = reverse("orders:detail", args=[order.pk])
        assert "Nothing was shipped yet" in text(accountant.get(address))
        trade.ship(order)
        assert reverse("billing:invoice_orders") in text(accountant.get(address))
        invoice = trade.invoice(order)
        shown = text(accountant.get(address))
        assert f'<a href="{reverse("billing:invoice", args=[invoice.pk])}">Invoice posted</a>' in shown
        assert str(invoice.number) in shown
        assert reverse("billing:pay_orders") in shown
        response = accountant.post(reverse("billing:pay_orders"), {"id": [order.pk], "next": address})
        assert response["Location"] == address
        assert SalesOrder.objects.get(pk=order.pk).payment == Facet.FULL
        assert reverse("billing:pay_orders") not in text(accountant.get(address))

    def test_asks_before_it_records_a_payment_without_a_script_too(self, trade: Trade, accountant: Client) -> None:
        invoice = trade.invoiced((trade.product(), "3"))
        order = invoice.order
        shown = text(page(accountant, "orders:detail", order.pk))
        (asked,) = re.findall(r'name="ask" value="([^"]*)"', shown)
        assert asked.startswith("Record as paid&#10;Record that all that is open of")
        assert order.number in asked
        form = {"id": [order.pk], "next": f"/orders/{order.pk}/", "ask": unescape(asked)}
        answer = accountant.post(reverse("billing:pay_orders"), form)
        assert (answer.status_code, Payment.objects.count()) == (200, 0)
        question = text(answer)
        assert unescape(asked).splitlines()[1] in unescape(question)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', question.split('id="form"')[1]))
        answer = accountant.post(reverse("billing:pay_orders"), fields)
        assert (answer.status_code, answer["Location"]) == (302, f"/orders/{order.pk}/")
        assert Payment.objects.count() == 1

    def test_is_not_there_for_those_who_may_not_see_amounts(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("123.45"), "2"))
        clerk = signed_in(person(Role.SHIPPING_CLERK, company=trade.company))
        shown = text(clerk.get(reverse("orders:detail", args=[invoice.order_id])))
        assert invoice.number not in shown
        assert "296.28" not in shown
        assert "246.90" not in shown


VIEWED = [("billing:invoices", 0), ("billing:invoice", 1), ("billing:document", 1), ("billing:paper", 1)]
POSTED = [
    ("billing:invoice_orders", "billing.invoice", 0),
    ("billing:pay_orders", "billing.pay", 0),
    ("billing:pay_invoices", "billing.pay", 0),
    ("billing:pay_invoice", "billing.pay", 1),
]


class TestPersonas:
    """The roles times every address: a denial is 403 and nothing is changed."""

    @pytest.mark.parametrize("role", list(Role))
    def test_see_what_their_roles_include(self, trade: Trade, role: Role) -> None:
        invoice = trade.invoiced()
        services.store_documents(documents={invoice.pk: b"%PDF-1.7"})
        client = signed_in(person(role, company=trade.company))
        for name, takes_key in VIEWED:
            expected = 200 if "billing.view" in VERBS[role] else 403
            assert page(client, name, *[invoice.pk] * takes_key).status_code == expected, name
        expected = 200 if "billing.invoice" in VERBS[role] else 403
        assert page(client, "billing:to_invoice").status_code == expected
        expected = 200 if "billing.pay" in VERBS[role] else 403
        assert page(client, "billing:pay_invoice", invoice.pk).status_code == expected

    @pytest.mark.parametrize("role", list(Role))
    @pytest.mark.parametrize(("name", "verb", "takes_key"), POSTED)
    def test_do_what_their_roles_include(self, trade: Trade, role: Role, name: str, verb: str, takes_key: int) -> None:
        ready, invoice = trade.shipped(), trade.invoiced()
        client = signed_in(person(role, company=trade.company))
        logged = OrderEvent.objects.count()
        address = reverse(name, args=[invoice.pk] * takes_key)
        key = {"billing:invoice_orders": ready.pk, "billing:pay_orders": invoice.order_id}.get(name, invoice.pk)
        response = client.post(address, {"id": [key], **payment()})
        if verb in VERBS[role]:
            assert response.status_code == 302
            assert OrderEvent.objects.count() == logged + 1
        else:
            assert response.status_code == 403
            assert OrderEvent.objects.count() == logged
            assert (Invoice.objects.count(), Payment.objects.count()) == (1, 0)

    @pytest.mark.parametrize(("name", "_verb", "takes_key"), POSTED)
    def test_of_another_company_find_nothing(self, trade: Trade, name: str, _verb: str, takes_key: int) -> None:
        ready, invoice = trade.shipped(), trade.invoiced()
        stranger = signed_in(person(Role.ADMINISTRATOR))
        key = {"billing:invoice_orders": ready.pk, "billing:pay_orders": invoice.order_id}.get(name, invoice.pk)
        response = stranger.post(reverse(name, args=[invoice.pk] * takes_key), {"id": [key], **payment()})
        assert response.status_code == 404
        assert (Invoice.objects.count(), Payment.objects.count()) == (1, 0)
        for viewed, has_key in VIEWED:
            response = page(stranger, viewed, *[invoice.pk] * has_key)
            assert response.status_code == (404 if has_key else 200)
            assert has_key or invoice.number not in text(response)

    @pytest.mark.parametrize(("name", "_verb", "takes_key"), POSTED[:3])
    def test_cannot_change_anything_by_a_link(
        self, trade: Trade, accountant: Client, name: str, _verb: str, takes_key: int
    ) -> None:
        assert page(accountant, name, *[1] * takes_key).status_code == 405


class TestAdmin:
    def test_shows_invoices_and_payments_and_changes_none(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=AT)
        boss = person(Role.ADMINISTRATOR, company=trade.company, is_staff=True, is_superuser=True)
        client = signed_in(boss)
        for name, pk in (("invoice", invoice.pk), ("payment", Payment.objects.get().pk)):
            assert client.get(reverse(f"admin:billing_{name}_changelist")).status_code == 200
            assert client.get(reverse(f"admin:billing_{name}_change", args=[pk])).status_code == 200
            assert client.get(reverse(f"admin:billing_{name}_add")).status_code == 403
            assert client.post(reverse(f"admin:billing_{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403
        assert client.post(reverse("admin:billing_invoice_change", args=[invoice.pk]), {"net": "1"}).status_code == 403


def statements_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
