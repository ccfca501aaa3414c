"""Posting invoices: what is billed, how it is dated, numbered and frozen, and who may do it."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from billing import events, queries, services
from billing.models import POSTED_COLUMNS, Invoice, InvoiceLine
from billing.services import snapshots
from core.models import NumberSeries
from core.money import line_net
from core.numbering import DateBeforeSeries
from core.planner import planned_anew
from core.refusals import NotAllowed, Refused
from core.roles import Role
from inventory.models import Product
from orders.models import Facet, OrderEvent, SalesOrder, SalesOrderLine
from tests.factories.billing import AT, Trade
from tests.factories.core import person
from tests.factories.house import AT as HOUSE_AT
from tests.factories.house import House
from tests.factories.shipping import dispatched

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


def invoice_orders(trade: Trade, *orders: SalesOrder, at: datetime = AT) -> dict[int, Any]:
    return services.invoice_orders(order_ids=[order.pk for order in orders], actor=trade.accountant, at=at)


def refused(result: Invoice | Refused) -> str:
    assert isinstance(result, Refused), result
    return result.blockers[0].code


class TestInvoiceOrders:
    """What one posting makes, and what it leaves alone."""

    def test_bills_what_was_shipped_with_tax_once_per_group(self, trade: Trade) -> None:
        goods, other = trade.product("2.55"), trade.product("12.333333")
        invoice = trade.invoiced((goods, "12"), (other, "7", "5"))
        assert [(line.quantity, line.net) for line in invoice.lines.order_by("position")] == [
            (12, Decimal("30.60")),
            (7, Decimal("82.02")),
        ]
        assert (invoice.net, invoice.tax, invoice.gross) == (Decimal("112.62"), Decimal("22.52"), Decimal("135.14"))
        order = SalesOrder.objects.get(pk=invoice.order_id)
        assert (order.billing, order.payment) == (Facet.FULL, Facet.NONE)
        assert [(line.invoiced, line.invoiced_net) for line in order.lines.all()] == [
            (12, Decimal("30.60")),
            (7, Decimal("82.02")),
        ]

    def test_bills_charges_and_services_with_the_first_goods_and_never_again(self, trade: Trade) -> None:
        goods, freight = trade.product("10"), trade.product("4.95", kind=Product.Kind.CHARGE)
        order = trade.order((goods, "4"), (freight, "1"))
        assert refused(invoice_orders(trade, order)[order.pk]) == "nothing_shipped"
        trade.ship(order, {1: "1"})
        first = trade.invoice(order)
        assert [line.order_line.position for line in first.lines.order_by("position")] == [1, 2]
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.PART
        trade.ship(order, {1: "3"})
        second = trade.invoice(order)
        assert [(line.order_line.position, line.quantity) for line in second.lines.all()] == [(1, 3)]
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.FULL

    def test_bills_an_order_of_services_alone_once_it_is_confirmed(self, trade: Trade) -> None:
        order = trade.order((trade.product("80", kind=Product.Kind.SERVICE), "2"))
        assert trade.invoice(order).net == 160

    def test_dates_the_invoice_in_the_company_s_time_zone(self) -> None:
        """At 20:30 in London it is the next day in Auckland, and there the year has changed on 31 December."""
        trade = Trade.start(time_zone="Pacific/Auckland")
        invoice = trade.invoice(trade.shipped(), at=datetime(2025, 12, 31, 20, 30, tzinfo=UTC))
        assert invoice.issued_on == date(2026, 1, 1)
        assert invoice.due_on == date(2026, 1, 31)
        assert invoice.number == "INV-2026-000001"

    def test_is_due_on_a_day_on_which_the_company_works(self) -> None:
        """Thirty days after the day it is posted is a Wednesday, and a holiday as the day after is."""
        trade = Trade.start()
        day = AT.date() + timedelta(days=30)
        trade.company.weekdays, trade.company.holidays = [1, 2, 3, 4, 5], [day, day + timedelta(days=1)]
        trade.company.save()
        invoice = trade.invoice(trade.shipped())
        assert (invoice.issued_on, invoice.due_on) == (AT.date(), day + timedelta(days=2))
        assert invoice.snapshot["due_on"] == invoice.due_on.isoformat()

    def test_numbers_each_company_and_year_from_one(self, trade: Trade) -> None:
        other = Trade.start()
        numbers = [
            trade.invoiced().number,
            trade.invoiced().number,
            other.invoiced().number,
            trade.invoice(trade.shipped(), at=AT + timedelta(days=365)).number,
        ]
        assert numbers == ["INV-2025-000001", "INV-2025-000002", "INV-2025-000001", "INV-2026-000001"]

    def test_chains_number_and_content_onto_the_invoice_before(self, trade: Trade) -> None:
        orders = [trade.shipped() for _ in range(3)]
        results = list(invoice_orders(trade, *orders).values())
        previous = ""
        for value, invoice in enumerate(results, 1):
            assert invoice.number == f"INV-2025-{value:06}"
            stored = Invoice.objects.get(pk=invoice.pk)
            assert stored.digest == snapshots.digest(stored.snapshot)
            proved = hashlib.sha256(f"{previous}{stored.number}{stored.digest}".encode()).hexdigest()
            assert (stored.previous_hash, stored.hash, invoice.hash) == (previous, proved, proved)
            previous = stored.hash
        series = NumberSeries.objects.get(company=trade.company)
        assert (series.next_value, series.last_on, series.last_hash) == (4, date(2025, 6, 16), previous)

    def test_freezes_what_the_paper_says(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("2.55", sku="85123A"), "12", "2.5"))
        paper = invoice.snapshot
        assert paper["seller"]["address"] == ["Unit 4, Canalside Works", "Birmingham B16 8AA", "United Kingdom"]
        assert paper["buyer"] == {
            "name": "Bright & Day Gifts",
            "address": ["12 Market Street", "Leeds LS1 6DT", "United Kingdom"],
            "customer_number": "C-017850",
            "vat_number": "",
        }
        assert paper["order"] == {
            "number": f"SO-{invoice.order_id:06}",
            "customer_po": "PO-00002",
            "ordered_on": "2025-06-13",
        }
        assert (paper["terms"], paper["due_on"], paper["issued_on"]) == ("30 days net", "2025-07-16", "2025-06-16")
        line = paper["lines"][0]
        assert (line["sku"], line["quantity"], line["price"], line["discount_percent"]) == (
            "85123A",
            "12",
            "2.55",
            "2.5",
        )
        assert (line["net"], line["tax_rate"], line["kind"], line["unit"]) == ("29.84", "20", "stock", "piece")
        assert paper["taxes"] == [{"category": "S", "rate": "20", "base": "29.84", "tax": "5.97", "note": ""}]
        assert paper["totals"] == {"net": "29.84", "tax": "5.97", "gross": "35.81", "paid": "0.00", "due": "35.81"}

    def test_takes_the_day_of_the_last_dispatch_as_tax_point(self) -> None:
        house = House.open()
        order = dispatched(house, (house.product([5]), 3))
        at = HOUSE_AT + timedelta(days=4)
        invoice = services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=at)[order.pk]
        assert isinstance(invoice, Invoice)
        assert invoice.snapshot["tax_point_on"] == HOUSE_AT.date().isoformat()
        assert invoice.snapshot["issued_on"] == at.date().isoformat()
        shown = queries.orders_in_billing(house.boss).get(pk=order.pk)
        assert (shown.shipped_at, shown.is_due) == (HOUSE_AT, False)

    def test_may_be_due_is_found_without_what_waits_for_goods(self) -> None:
        house = House.open()
        due = queries.orders_in_billing(house.boss).filter(queries.NOT_INVOICED_IN_FULL, is_due=True)
        sql, params = due.order_by("pk").values("pk")[:51].query.sql_with_params()
        with planned_anew(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            # Others that match would have to be sorted: what is counted of the table does not decide
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute("EXPLAIN " + sql, params)
            assert "salesorder_to_invoice" in "\n".join(row[0] for row in cursor.fetchall())

    def test_names_the_door_and_the_reason_for_no_tax(self) -> None:
        trade = Trade.start()
        trade.customer.addresses.all().delete()
        trade.address(country="DE", name="Tor 3", street="Industriestr. 7", city="Köln", postcode="50667")
        paper = trade.invoiced().snapshot
        assert paper["buyer"]["address"] == ["Tor 3", "Industriestr. 7", "50667 Köln", "Germany"]
        assert paper["taxes"][0]["category"] == "G"
        assert paper["taxes"][0]["note"] == "Export, VAT Act s. 30"
        assert paper["totals"]["tax"] == "0.00"

    def test_writes_amounts_at_the_currency_s_decimals(self) -> None:
        trade = Trade.start(currency="JPY")
        invoice = trade.invoiced((trade.product("333"), "3", "0.5"))
        assert invoice.snapshot["totals"] == {"net": "994", "tax": "199", "gross": "1193", "paid": "0", "due": "1193"}

    def test_tells_the_order_s_log_and_leaves_the_printing_to_a_job_that_pulls(self, trade: Trade) -> None:
        orders = [trade.shipped() for _ in range(3)]
        before = ProcrastinateJob.objects.count()
        results = invoice_orders(trade, *orders)
        logged = OrderEvent.objects.filter(kind=OrderEvent.Kind.INVOICED).order_by("id")
        assert [(event.order_id, event.subject_kind, event.subject_id, event.actor) for event in logged] == [
            (order.pk, "invoice", results[order.pk].pk, trade.accountant) for order in orders
        ]
        assert ProcrastinateJob.objects.count() == before
        assert queries.ids_to_print(timezone.now()) == [result.pk for result in results.values()]

    def test_gives_the_same_invoice_back_when_sent_again_and_writes_nothing(self, trade: Trade) -> None:
        order = trade.shipped()
        first = trade.invoice(order)
        events_before, jobs = OrderEvent.objects.count(), ProcrastinateJob.objects.count()
        assert trade.invoice(order).pk == first.pk
        assert (Invoice.objects.count(), OrderEvent.objects.count(), ProcrastinateJob.objects.count()) == (
            1,
            events_before,
            jobs,
        )
        assert NumberSeries.objects.get(company=trade.company).next_value == 2

    def test_refuses_orders_that_nothing_was_shipped_of_and_posts_the_others(self, trade: Trade) -> None:
        waiting, ready = trade.order((trade.product(), "1")), trade.shipped()
        results = invoice_orders(trade, waiting, ready)
        assert refused(results[waiting.pk]) == "nothing_shipped"
        assert results[ready.pk].number == "INV-2025-000001"
        assert SalesOrder.objects.get(pk=waiting.pk).billing == Facet.NONE

    def test_refuses_in_words_where_a_later_date_was_numbered(self, trade: Trade) -> None:
        trade.invoice(trade.shipped(), at=AT + timedelta(days=2))
        late = trade.shipped()
        result = invoice_orders(trade, late)[late.pk]
        assert refused(result) == "date_before_series"
        assert "18 June 2025" in str(result)
        assert SalesOrderLine.objects.filter(order=late, invoiced=0).exists()

    def test_undoes_all_where_a_later_date_was_numbered_in_between(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The check before is repeated by the statement that takes the number."""
        order = trade.shipped()
        NumberSeries.objects.create(
            company=trade.company, kind="invoice", year=2025, prefix="INV", last_on=AT.date() + timedelta(days=1)
        )
        monkeypatch.setattr("billing.services.invoicing.ensure_series", series_as_it_was)
        with pytest.raises(DateBeforeSeries):
            invoice_orders(trade, order)
        assert not Invoice.objects.exists()
        assert SalesOrderLine.objects.get(order=order).invoiced == 0

    def test_makes_an_order_less_than_paid_by_its_next_invoice(self, trade: Trade) -> None:
        order = trade.order((trade.product(), "4"))
        trade.ship(order, {1: "1"})
        trade.invoice(order)
        services.pay_orders(order_ids=[order.pk], actor=trade.accountant, at=AT)
        assert SalesOrder.objects.get(pk=order.pk).payment == Facet.FULL
        trade.ship(order, {1: "3"})
        trade.invoice(order)
        assert SalesOrder.objects.get(pk=order.pk).payment == Facet.PART

    def test_undoes_all_where_a_receiver_fails(self, trade: Trade) -> None:
        order = trade.shipped()

        def fail(**_: object) -> None:
            raise RuntimeError("receiver")

        events.invoices_posted.connect(fail)
        try:
            with pytest.raises(RuntimeError, match="receiver"):
                invoice_orders(trade, order)
        finally:
            events.invoices_posted.disconnect(fail)
        assert not Invoice.objects.exists()
        assert SalesOrderLine.objects.get(order=order).invoiced == 0
        assert not NumberSeries.objects.filter(next_value__gt=1).exists()

    def test_tells_the_apps_above_which_invoices_were_posted(self, trade: Trade) -> None:
        told: list[events.InvoicesPosted] = []

        def listen(event: events.InvoicesPosted, **_: object) -> None:
            told.append(event)

        events.invoices_posted.connect(listen)
        try:
            invoice = trade.invoiced()
        finally:
            events.invoices_posted.disconnect(listen)
        assert told == [events.InvoicesPosted((invoice.pk,), AT)]

    def test_leaves_other_companies_orders_alone(self, trade: Trade) -> None:
        theirs = Trade.start().shipped()
        assert invoice_orders(trade, theirs) == {}
        assert not Invoice.objects.exists()

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ACCOUNTANT, Role.ADMINISTRATOR}])
    def test_refuses_those_whose_roles_do_not_include_it(self, trade: Trade, role: Role) -> None:
        order = trade.shipped()
        with pytest.raises(NotAllowed):
            services.invoice_orders(order_ids=[order.pk], actor=person(role, company=trade.company), at=AT)
        assert not Invoice.objects.exists()
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.NONE

    def test_takes_the_same_statements_for_one_order_and_ten(self, trade: Trade) -> None:
        goods, freight = trade.product("2.55"), trade.product("4.95", kind=Product.Kind.CHARGE)
        trade.invoiced()
        orders = trade.orders([[(goods, "3"), (goods, "2"), (freight, "1")]] * 11)
        for order in orders:
            trade.ship(order)
        assert trade.accountant.verbs
        with CaptureQueriesContext(connection) as one:
            invoice_orders(trade, orders[0])
        with CaptureQueriesContext(connection) as ten:
            results = invoice_orders(trade, *orders[1:])
        assert all(isinstance(result, Invoice) for result in results.values())
        assert len(ten) == len(one)
        assert len([query for query in one if "SAVEPOINT" not in query["sql"]]) <= 10


def series_as_it_was(*, company_id: int, kind: str, year: int, prefix: str) -> NumberSeries:
    """Return the series as another transaction saw it before the last posting was committed."""
    series = NumberSeries.objects.get(company_id=company_id, kind=kind, year=year)
    series.last_on = None
    return series


class TestPartialBilling:
    """The sum of partial invoices is the whole, whatever the parts (PRODUCT.md rules 3 and 7)."""

    @settings(max_examples=25)
    @given(
        price=st.decimals(min_value="0", max_value="5000", places=6),
        discount=st.decimals(min_value="0", max_value="100", places=4),
        shares=st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=5),
    )
    def test_sums_to_the_whole(self, price: Decimal, discount: Decimal, shares: list[int]) -> None:
        trade = Trade.start()
        order = trade.order((trade.product(), str(sum(shares)), str(discount), str(price)))
        posted = []
        for share in shares:
            trade.ship(order, {1: str(share)})
            posted.append(trade.invoice(order))
        whole = line_net(quantity=Decimal(sum(shares)), price=price, discount_percent=discount, currency="GBP")
        assert sum(line.net for invoice in posted for line in invoice.lines.all()) == whole
        assert sum(invoice.net for invoice in posted) == whole == SalesOrder.objects.get(pk=order.pk).net
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.FULL

    @pytest.mark.parametrize(
        ("price", "quantity", "net"),
        [("0.005", "1", "0.01"), ("0.015", "1", "0.02"), ("2.675", "1", "2.68"), ("0.0049", "1", "0.00")],
    )
    def test_rounds_half_away_from_zero(self, trade: Trade, price: str, quantity: str, net: str) -> None:
        assert trade.invoiced((trade.product(price), quantity)).net == Decimal(net)


class TestProve:
    """The gates of EN 16931 see each figure that is off by a penny."""

    @pytest.fixture
    def paper(self, trade: Trade) -> dict[str, Any]:
        invoice = trade.invoiced((trade.product("2.55"), "12"), (trade.product("7.777"), "3"))
        snapshots.prove(invoice.snapshot)
        return invoice.snapshot

    @pytest.mark.parametrize(
        ("rule", "path", "value"),
        [
            ("BR-CO-10", ("lines", 0, "net"), "30.61"),
            ("BR-CO-13", ("taxes", 0, "base"), "53.92"),
            ("BR-CO-14", ("totals", "tax"), "10.78"),
            ("BR-CO-15", ("totals", "gross"), "64.73"),
            ("BR-CO-16", ("totals", "due"), "64.73"),
            ("BR-CO-17", ("taxes", 0, "rate"), "19"),
            ("BR-S-08", ("lines", 0, "tax_rate"), "5"),
            ("BR-DEC", ("totals", "paid"), "0.000"),
        ],
    )
    def test_names_the_rule(self, paper: dict[str, Any], rule: str, path: tuple[Any, ...], value: str) -> None:
        place: Any = paper
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != value
        place[path[-1]] = value
        with pytest.raises(snapshots.DoesNotAddUp) as refusal:
            snapshots.prove(paper)
        assert refusal.value.rule == rule

    def test_keeps_an_invoice_that_does_not_add_up_from_being_posted(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = snapshots.build

        def wrong(**kwargs: Any) -> dict[str, Any]:
            paper = build(**kwargs)
            if paper["order"]["customer_po"] == bad.po_number:
                paper["totals"]["due"] = "0.01"
            return paper

        monkeypatch.setattr(snapshots, "build", wrong)
        bad, good = trade.shipped(), trade.shipped()
        results = invoice_orders(trade, bad, good)
        assert refused(results[bad.pk]) == "does_not_add_up"
        assert results[good.pk].number == "INV-2025-000001"


@pytest.mark.soak("T4")
class TestPostedIsPosted:
    """What is posted cannot be changed by the app's role, whatever statement it sends (T4)."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE billing_invoice SET net = net + 1, gross = gross + 1",
            "UPDATE billing_invoice SET number = number || 'x'",
            "UPDATE billing_invoice SET snapshot = '{}'",
            "UPDATE billing_invoice SET hash = ''",
            "UPDATE billing_invoice SET due_on = due_on + 1",
            "DELETE FROM billing_invoice",
            "TRUNCATE billing_invoice CASCADE",
            "UPDATE billing_invoiceline SET net = net + 1",
            "DELETE FROM billing_invoiceline",
            "TRUNCATE billing_invoiceline",
            "UPDATE billing_invoicedocument SET content = ''",
            "DELETE FROM billing_invoicedocument",
            "UPDATE billing_payment SET amount = amount + 1",
            "DELETE FROM billing_payment",
            "TRUNCATE billing_payment CASCADE",
            "UPDATE billing_settlement SET amount = amount + 1",
            "DELETE FROM billing_settlement",
            "TRUNCATE billing_settlement",
            "ALTER TABLE billing_invoice DISABLE TRIGGER ALL",
        ],
    )
    def test_is_refused(self, trade: Trade, statement: str) -> None:
        invoice = trade.invoiced()
        services.store_documents(documents={invoice.pk: b"%PDF-1.7"})
        services.pay_orders(order_ids=[invoice.order_id], actor=trade.accountant, at=AT)
        before = Invoice.objects.values().get(pk=invoice.pk), InvoiceLine.objects.values().get(invoice=invoice)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert (
            Invoice.objects.values().get(pk=invoice.pk),
            InvoiceLine.objects.values().get(invoice=invoice),
        ) == before

    def test_holds_for_every_column_but_what_is_settled_and_credited(self) -> None:
        columns = {field.name for field in Invoice._meta.concrete_fields}
        assert columns - set(POSTED_COLUMNS) == {"id", "settled", "credited"}

    def test_lets_settled_move(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        assert Invoice.objects.filter(pk=invoice.pk).update(settled=1) == 1


class TestBlockers:
    """Why an invoice or a payment is off, for a page."""

    def test_names_each_order_s_reason_in_one_statement(self, trade: Trade) -> None:
        waiting, ready, done = trade.order((trade.product(), "1")), trade.shipped(), trade.shipped()
        trade.invoice(done)
        ids = [waiting.pk, ready.pk, done.pk]
        with CaptureQueriesContext(connection) as captured:
            found = queries.blockers(ids, "billing.invoice")
        assert len(captured) == 1
        assert {pk: blockers[0].code for pk, blockers in found.items()} == {
            waiting.pk: "nothing_shipped",
            done.pk: "already_invoiced",
        }
        with CaptureQueriesContext(connection) as captured:
            found = queries.blockers(ids, "billing.pay")
        assert len(captured) == 1
        assert {pk: blockers[0].code for pk, blockers in found.items()} == {
            waiting.pk: "not_invoiced",
            ready.pk: "not_invoiced",
        }
        services.pay_orders(order_ids=[done.pk], actor=trade.accountant, at=AT)
        assert queries.blockers([done.pk], "billing.pay")[done.pk][0].code == "already_paid"

    def test_knows_billing_s_verbs_only(self) -> None:
        with pytest.raises(KeyError):
            queries.blockers([1], "orders.confirm")
