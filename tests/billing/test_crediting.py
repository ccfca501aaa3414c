"""Credit notes: the mirror of their invoice by line, never more than is left, billed again where the clerk says so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import audit, documents, queries, services
from billing.models import Invoice, InvoiceLine, Settlement
from billing.services import CreditedLine, CreditInvalid
from core.money import cumulative_share, document_totals, round_amount
from core.numbering import DateBeforeSeries
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from orders.models import CreditEntry, Facet, OrderEvent, SalesOrder, SalesOrderLine
from orders.queries.credit import exposures
from tests.factories.billing import AT, Trade
from tests.factories.core import person
from tests.soak import count

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


def credit(trade: Trade, invoice: Invoice, *asked: str | tuple[str, str], **fields: object) -> Invoice:
    """Credit units of an invoice's lines in their order, or (\"\", amount)."""
    lines = InvoiceLine.objects.filter(invoice=invoice).order_by("position")
    words = {"reason": "Price agreed by phone", "bills_again": False, "actor": trade.accountant, "at": AT, **fields}
    return services.post_credit_note(
        invoice_id=invoice.pk,
        lines=[
            CreditedLine(line.pk, amount=Decimal(one[1]))
            if isinstance(one, tuple)
            else CreditedLine(line.pk, Decimal(one))
            for line, one in zip(lines, asked, strict=False)
            if one != "0"
        ],
        **words,  # type: ignore[arg-type]
    )


def drift() -> list[str]:
    return [f"{check.name}: {found}" for check in audit.CHECKS for found in check.find()[1]]


def facets(invoice: Invoice) -> tuple[str, str]:
    order = SalesOrder.objects.get(pk=invoice.order_id)
    return order.billing, order.payment


class TestPostCreditNote:
    def test_is_the_mirror_of_its_invoice(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("7612.50"), "1"), (trade.product("3.333", sku="B"), "7", "12.5"))
        note = credit(trade, invoice, "1", "7")
        assert (note.net, note.tax, note.gross) == (-invoice.net, -invoice.tax, -invoice.gross)
        assert note.number == "CRN-2025-000001"
        assert note.hash
        assert note.previous_hash == ""
        assert note.snapshot["corrects"] == {"number": invoice.number, "issued_on": "2025-06-16"}
        assert note.snapshot["totals"]["gross"] == invoice.snapshot["totals"]["gross"]
        assert note.snapshot["notes"] == ["Price agreed by phone"]
        assert drift() == []

    def test_rounds_half_cents_away_from_zero_as_the_invoice_did(self, trade: Trade) -> None:
        trade.company.currency = "EUR"
        invoice = trade.invoiced((trade.product("7612.525"), "1"))
        assert (invoice.net, credit(trade, invoice, "1").net) == (Decimal("7612.53"), Decimal("-7612.53"))

    def test_has_a_series_of_its_own_chained_by_hash(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        first, second = credit(trade, invoice, "1"), credit(trade, invoice, "1")
        assert [first.number, second.number] == ["CRN-2025-000001", "CRN-2025-000002"]
        assert second.previous_hash == first.hash
        assert trade.invoiced().number == "INV-2025-000002"

    def test_settles_what_is_open_of_its_invoice_and_leaves_the_rest_to_apply(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        services.record_payments(
            receipts=[services.Receipt(invoice.order_id, Decimal(40))], actor=trade.accountant, at=AT
        )
        note = credit(trade, invoice, "2")
        invoice = Invoice.objects.get(pk=invoice.pk)
        assert (invoice.settled, invoice.credited) == (48, 24)
        assert (note.gross, note.settled) == (-24, -8)
        assert Settlement.objects.get(credit_note=note).amount == 8
        (left,) = queries.unapplied_of(trade.accountant, trade.customer.pk, "GBP")
        assert (left.kind, left.left) == ("credit_note", 16)
        assert facets(invoice) == (Facet.FULL, Facet.OVER)
        assert drift() == []

    def test_leaves_nothing_to_invoice_where_the_price_was_wrong(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        credit(trade, invoice, "4")
        assert facets(invoice) == (Facet.FULL, Facet.NONE)
        assert queries.blockers([invoice.order_id], "billing.invoice")[invoice.order_id]
        assert SalesOrderLine.objects.get(order=invoice.order_id).credited == 0

    def test_lets_the_units_be_billed_again_where_the_clerk_says_so(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        credit(trade, invoice, "3", bills_again=True)
        line = SalesOrderLine.objects.get(order=invoice.order_id)
        assert (line.invoiced, line.credited, line.credited_net) == (4, 3, 30)
        assert facets(invoice)[0] == Facet.PART
        again = trade.invoice(SalesOrder.objects.get(pk=invoice.order_id))
        assert (again.pk != invoice.pk, again.net) == (True, 30)
        assert facets(invoice)[0] == Facet.FULL
        assert drift() == []

    def test_credits_an_amount_without_units(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        note = credit(trade, invoice, ("", "5.55"))
        assert (note.net, note.tax) == (Decimal("-5.55"), Decimal("-1.11"))
        line = note.lines.get()
        assert (line.quantity, line.price, line.is_amount) == (-1, Decimal("5.55"), True)
        assert credit(trade, invoice, "4").net == Decimal("-34.45")
        assert drift() == []

    def test_moves_the_credit_account_by_what_is_no_longer_owed(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        credit(trade, invoice, "1")
        credit(trade, invoice, "1", bills_again=True)
        entries = CreditEntry.objects.order_by("pk").values_list("kind", "amount")
        assert list(entries) == [("CONFIRMED", 48), ("CREDITED", -12)]
        assert exposures([trade.customer.pk])[trade.customer.pk] == {"GBP": 36}
        assert drift() == []

    def test_tells_the_order(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        note = credit(trade, invoice, "1")
        event = OrderEvent.objects.get(kind=OrderEvent.Kind.CREDITED)
        assert (event.order_id, event.subject_kind, event.subject_id) == (invoice.order_id, "invoice", note.pk)
        assert event.data == {"net": "-10.00", "gross": "-12.00", "currency": "GBP"}

    @pytest.mark.parametrize(
        ("asked", "fields", "sentence"),
        [
            (["5"], {}, "4 are left"),
            (["-1"], {}, "4 are left"),
            ([("", "40.01")], {}, "40.00 GBP net is left"),
            ([("", "0")], {}, "net is left"),
            ([("", "1.005")], {}, "2 decimals"),
            ([("", "1")], {"bills_again": True}, "Only units"),
            (["1"], {"reason": "  "}, "Say why"),
            (["1"], {"reason": "x" * 201}, "200 characters"),
            (["0"], {}, "at least one line"),
        ],
    )
    def test_refuses_what_is_no_credit_and_writes_nothing(
        self, trade: Trade, asked: list[str], fields: dict[str, object], sentence: str
    ) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        with pytest.raises(CreditInvalid, match=sentence):
            credit(trade, invoice, *asked, **fields)
        assert Invoice.objects.count() == 1

    def test_refuses_more_than_is_left_after_others(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        credit(trade, invoice, "3")
        with pytest.raises(CreditInvalid, match="1 is left"):
            credit(trade, invoice, "2")
        with pytest.raises(CreditInvalid, match="no such line"):
            services.post_credit_note(
                invoice_id=invoice.pk,
                lines=[CreditedLine(trade.invoiced().lines.get().pk, Decimal(1))],
                reason="Mix-up",
                bills_again=False,
                actor=trade.accountant,
                at=AT,
            )

    def test_refuses_a_day_before_the_last_of_its_series(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        credit(trade, invoice, "1", at=AT + timedelta(days=2))
        with pytest.raises(DateBeforeSeries):
            credit(trade, invoice, "1")

    def test_is_not_for_a_seller_nor_for_another_company(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        with pytest.raises(NotAllowed):
            credit(trade, invoice, "1", actor=trade.seller)
        with pytest.raises(Blocked, match="no such invoice"):
            credit(trade, invoice, "1", actor=person(Role.ACCOUNTANT))
        with pytest.raises(Blocked, match="no such invoice"):
            credit(trade, credit(trade, invoice, "1"), "1")
        assert Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE).count() == 1

    @pytest.mark.parametrize("change", ["gross = gross - 1", "corrects_id = NULL", "reason = 'Other'"])
    def test_is_never_changed(self, trade: Trade, change: str) -> None:
        note = credit(trade, trade.invoiced((trade.product("10"), "4")), "1")
        with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(f"UPDATE billing_invoice SET {change} WHERE id = %s", [note.pk])

    def test_is_printed_in_the_words_of_its_invoice_whatever_became_of_the_customer(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "4"))
        trade.customer.name = "Renamed"
        trade.customer.save()
        note = credit(trade, invoice, "1")
        assert note.snapshot["buyer"] == invoice.snapshot["buyer"]
        assert documents.render_invoice({**note.snapshot, "number": note.number}).startswith(b"%PDF")


class TestMirror:
    """Whatever is credited in whatever parts, the whole of it is the invoice (PRODUCT.md rules 7, 26; T21)."""

    @pytest.mark.soak("T21")
    @settings(max_examples=count(short=25, full=400))
    @given(data=st.data())
    def test_takes_back_an_invoice_to_the_cent_in_any_parts(self, data: st.DataObject) -> None:
        trade = Trade.start(currency=data.draw(st.sampled_from(["GBP", "JPY", "KWD"])))
        prices = st.decimals("0.0005", "900", places=4)
        lines = data.draw(st.lists(st.tuples(prices, st.integers(1, 9), st.integers(0, 90)), min_size=1, max_size=3))
        invoice = trade.invoiced(
            *((trade.product(str(price)), str(units), str(discount)) for price, units, discount in lines)
        )
        left = [units for _price, units, _discount in lines]
        while any(left):
            asked = [data.draw(st.integers(0, units)) for units in left]
            asked = asked if any(asked) else left
            credit(trade, invoice, *map(str, asked), bills_again=data.draw(st.booleans()))
            left = [units - gone for units, gone in zip(left, asked, strict=True)]
        notes = Invoice.objects.filter(corrects=invoice)
        for name in ("net", "tax", "gross"):
            assert sum(getattr(note, name) for note in notes) == -getattr(invoice, name)
        invoice = Invoice.objects.get(pk=invoice.pk)
        assert invoice.settled == invoice.credited == invoice.gross
        assert drift() == []

    @pytest.mark.soak("T21")
    @settings(max_examples=count(short=300, full=10_000))
    @given(
        parts=st.lists(st.integers(1, 10**7), min_size=1, max_size=12),
        rate=st.sampled_from(["20", "7", "19", "5.5", "2.1", "0"]),
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    )
    def test_the_tax_of_a_part_is_its_rate_of_it_but_for_the_smallest_coin(
        self, parts: list[int], rate: str, currency: str
    ) -> None:
        """A part's tax is what is due on all parts so far less what was credited: two roundings, never a coin apart."""
        places = {"GBP": 2, "JPY": 0, "KWD": 3}[currency]
        coin = Decimal(1).scaleb(-places)
        base = tax = Decimal(0)
        for part in parts:
            net = Decimal(part).scaleb(-places)
            base += net
            of_part = round_amount(base * Decimal(rate) / 100, currency) - tax
            tax += of_part
            assert abs(of_part - round_amount(net * Decimal(rate) / 100, currency)) <= coin
        assert tax == document_totals([("S", Decimal(rate), base)], currency).tax

    @pytest.mark.soak("T21")
    @settings(max_examples=count(short=300, full=10_000))
    @given(
        total=st.integers(0, 10**9),
        units=st.integers(1, 400),
        cuts=st.lists(st.integers(1, 400), max_size=6),
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    )
    def test_partial_documents_sum_to_the_whole_line(
        self, total: int, units: int, cuts: list[int], currency: str
    ) -> None:
        places = {"GBP": 2, "JPY": 0, "KWD": 3}[currency]
        whole, of = Decimal(total).scaleb(-places), Decimal(units)
        done = billed = Decimal(0)
        for stop in [*sorted(cut for cut in cuts if cut < units), units]:
            share = cumulative_share(
                whole, done_before=done, done_now=stop - done, of=of, billed_before=billed, currency=currency
            )
            assert share >= 0
            done, billed = Decimal(stop), billed + share
        assert billed == whole
        assert (
            cumulative_share(whole, done_before=of, done_now=-of, of=of, billed_before=billed, currency=currency)
            == -whole
        )

    @pytest.mark.soak("T21")
    @settings(max_examples=count(short=300, full=10_000))
    @given(
        lines=st.lists(
            st.tuples(st.sampled_from(["20", "7", "19", "5.5"]), st.integers(0, 10**8)), min_size=1, max_size=40
        ),
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    )
    def test_documents_add_up_and_their_credit_is_their_mirror(
        self, lines: list[tuple[str, int]], currency: str
    ) -> None:
        places = {"GBP": 2, "JPY": 0, "KWD": 3}[currency]
        rows = [("S", Decimal(rate), Decimal(net).scaleb(-places)) for rate, net in lines]
        totals = document_totals(rows, currency)
        assert totals.net == sum(net for _category, _rate, net in rows)
        assert totals.gross == totals.net + sum(group.tax for group in totals.groups)
        assert document_totals(rows[::-1], currency) == totals
        mirror = document_totals([(category, rate, -net) for category, rate, net in rows], currency)
        assert (mirror.net, mirror.tax, mirror.gross) == (-totals.net, -totals.tax, -totals.gross)
