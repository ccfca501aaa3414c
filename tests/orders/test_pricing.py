"""Which price counts and why, what an order's discount comes to on each line, and whose tax it is."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from billing import services as billing_services
from billing.documents import render_invoice
from inventory.models import Product
from orders import services
from orders.models import Customer, CustomerAddress, CustomerPart, Price, SalesOrder, SalesOrderLine, TaxRate
from orders.services.pricing import PriceStep, discount_shares, price_for
from tests.factories.house import AT, TODAY, House

DAY = date(2026, 11, 20)


class TestPriceFor:
    def test_takes_the_highest_quantity_that_is_reached(self):
        steps = [PriceStep(Decimal(10)), PriceStep(Decimal(9), Decimal(10)), PriceStep(Decimal(8), Decimal(50))]
        found = [price_for(steps, quantity=Decimal(n), day=DAY).price for n in (1, 9, 10, 49, 50, 1000)]
        assert found == [10, 10, 9, 9, 8, 8]

    def test_takes_what_began_last_and_goes_back_when_it_is_over(self):
        offer = PriceStep(Decimal(7), valid_from=date(2026, 12, 1), valid_until=date(2026, 12, 24))
        steps = [PriceStep(Decimal(10)), PriceStep(Decimal(9), Decimal(10)), offer]
        days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 24), date(2026, 12, 25)]
        assert [price_for(steps, quantity=Decimal(12), day=day).price for day in days] == [9, 7, 7, 9]

    def test_finds_none_below_the_lowest_quantity(self):
        assert price_for([PriceStep(Decimal(9), Decimal(10))], quantity=Decimal(9), day=DAY) is None

    @given(st.permutations([PriceStep(Decimal(n), Decimal(n % 3), DAY if n % 2 else None) for n in range(6)]))
    def test_does_not_depend_on_the_order_of_the_rows(self, steps):
        assert price_for(steps, quantity=Decimal(5), day=DAY).price == 5

    def test_says_why(self):
        step = PriceStep(Decimal(7), Decimal(10), DAY, date(2026, 12, 24))
        assert step.reason("Trade", "pc") == "Trade, from 10 pc, since 20 Nov 2026, until 24 Dec 2026"


class TestDiscountShares:
    @given(
        nets=st.lists(st.decimals(min_value=0, max_value=10_000, places=2), min_size=1, max_size=20),
        percent=st.decimals(min_value=0, max_value=100, places=4),
    )
    def test_sum_to_the_whole_and_leave_no_line_below_zero(self, nets, percent):
        shares = discount_shares(nets, Decimal(0), percent, "GBP")
        whole = (sum(nets) * percent / 100).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
        assert sum(shares) == whole
        assert all(0 <= share <= net for share, net in zip(shares, nets, strict=True))


@pytest.mark.django_db
class TestPrices:
    def test_of_the_list_follow_the_quantity_and_a_typed_one_stays(self):
        # PRODUCT.md case 41
        house = House.open()
        product = house.product(price="10")
        Price.objects.create(price_list=house.prices, product=product, price=8, from_quantity=10)
        order = house.draft((product, 12))
        line = SalesOrderLine.objects.get(order=order)
        assert (line.price, line.price_source, line.price_reason) == (8, "LIST", "List, from 10 piece")
        self.change(house, order, services.LineDraft(product.pk, Decimal(8)))
        line = SalesOrderLine.objects.get(order=order)
        assert (line.price, line.price_source, line.price_reason) == (10, "LIST", "List")
        for quantity in (12, 8):
            self.change(house, order, services.LineDraft(product.pk, Decimal(quantity), price=Decimal(8)))
            line = SalesOrderLine.objects.get(order=order)
            assert (line.price, line.price_source, line.price_reason) == (8, "MANUAL", "")

    def change(self, house, order, line):
        draft = services.OrderDraft(order.customer_id, order.po_number, TODAY, TODAY, [line])
        changes = [services.DraftChange(order.pk, draft)]
        services.change_drafts(changes=changes, actor=house.boss, at=AT)

    def test_of_another_day_do_not_count(self):
        house = House.open()
        product = house.product(price="10")
        Price.objects.create(price_list=house.prices, product=product, price=7, valid_from=TODAY + timedelta(days=1))
        tomorrow = TODAY + timedelta(days=1)
        assert house.draft((product, 1)).net == 10
        assert house.draft((product, 1), ordered_on=tomorrow, requested_on=tomorrow).net == 7

    def test_a_quantity_below_the_lowest_step_has_none(self):
        house = House.open()
        product = house.product(price="10")
        Price.objects.update(from_quantity=10)
        with pytest.raises(services.OrderInvalid, match="no price for this quantity and day"):
            house.draft((product, 9))


@pytest.mark.django_db
class TestOrderDiscount:
    def test_is_spread_to_the_cent_stored_and_off_the_lines_but_not_the_freight(self):
        house = House.open()
        goods = [house.product(price=price) for price in ("1.00", "1.00", "1.00")]
        freight = house.product(price="20", kind=Product.Kind.CHARGE)
        order = house.draft(*[(product, 1) for product in goods], (freight, 1), discount=Decimal("1.00"))
        lines = SalesOrderLine.objects.filter(order=order).order_by("position")
        shares = [line.order_discount for line in lines]
        assert shares == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33"), 0]
        assert [line.net for line in lines] == [Decimal("0.66"), Decimal("0.67"), Decimal("0.67"), 20]
        assert (order.discount, order.discount_percent, order.net, order.tax) == (1, 0, 22, Decimal("4.40"))

    def test_stands_on_the_invoice_beside_each_line_that_it_lowers(self):
        house = House.open()
        service = house.product(price="1.00", kind=Product.Kind.SERVICE)
        freight = house.product(price="20", kind=Product.Kind.CHARGE)
        order = house.order((service, 3), (freight, 1), discount=Decimal("0.50"))
        invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        lines = invoice.snapshot["lines"]
        assert [(line["order_discount"], line["net"]) for line in lines] == [("0.50", "2.50"), ("", "20.00")]
        paper = PdfReader(io.BytesIO(render_invoice({**invoice.snapshot, "number": "INV-1"})))
        assert "Share of the order discount −0.50" in paper.pages[0].extract_text()

    def test_of_a_percentage_is_of_the_goods(self):
        house = House.open()
        order = house.draft((house.product(price="33.33"), 1), discount_percent=Decimal(10))
        assert (order.discount, order.discount_percent, order.net) == (Decimal("3.33"), 10, 30)

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"discount": Decimal("10.01")}, "more than the lines come to, 10.00 GBP"),
            ({"discount": Decimal("1.001")}, "at most 2 decimals"),
            ({"discount": Decimal(-1)}, "above zero"),
            ({"discount_percent": Decimal(101)}, "between 0 and 100"),
        ],
    )
    def test_that_cannot_be_is_refused(self, fields, sentence):
        house = House.open()
        with pytest.raises(services.OrderInvalid, match=sentence) as refusal:
            house.draft((house.product(price="10"), 1), **fields)
        assert list(refusal.value.errors) == ["discount"]


@pytest.mark.django_db
class TestCharges:
    def test_need_no_stock_and_are_invoiced_with_the_first_invoice(self):
        house = House.open()
        freight = house.product(price="4.95", kind=Product.Kind.CHARGE)
        order = house.order((freight, 1))
        assert (order.status, order.allocation) == ("CONFIRMED", "NONE")
        invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert (invoice.net, SalesOrder.objects.get(pk=order.pk).billing) == (Decimal("4.95"), "FULL")


@pytest.mark.django_db
class TestTax:
    def test_follows_the_ship_to_and_the_day(self):
        house = House.open()
        product = house.product(price="100")
        TaxRate.objects.create(company=house.company, country="FR", category="G", rate=0, valid_from=date(2000, 1, 1))
        TaxRate.objects.create(company=house.company, country="GB", category="S", rate=25, valid_from=TODAY)
        paris = CustomerAddress.objects.create(
            customer=house.customer, name="P", street="1 rue", city="Paris", country="FR"
        )
        yesterday = TODAY - timedelta(days=1)
        assert house.draft((product, 1)).tax == 25
        assert house.draft((product, 1), ordered_on=yesterday).tax == 20
        assert house.draft((product, 1), ship_to_id=paris.pk).tax == 0

    def test_is_not_due_of_who_is_exempt_as_long_as_that_lasts(self):
        house = House.open()
        product = house.product(price="100")
        house.customer.tax_exemption, house.customer.exempt_until = "EX-1", TODAY
        house.customer.save()
        tomorrow = TODAY + timedelta(days=1)
        order = house.draft((product, 1))
        assert (order.tax, SalesOrderLine.objects.get(order=order).tax_category) == (0, "E")
        assert house.draft((product, 1), ordered_on=tomorrow, requested_on=tomorrow).tax == 20

    def test_of_who_is_exempt_is_explained_on_the_invoice(self):
        house = House.open()
        house.customer.tax_exemption = "EX-1"
        house.customer.save()
        order = house.order((house.product(price="10", kind=Product.Kind.SERVICE), 1))
        # Who has another certificate by now, or none, was exempt by this one
        Customer.objects.filter(pk=house.customer.pk).update(tax_exemption="")
        invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        (tax,) = invoice.snapshot["taxes"]
        assert (tax["category"], tax["tax"], tax["note"]) == ("E", "0.00", "Exempt, certificate EX-1")


@pytest.mark.django_db
class TestTheirNumber:
    def test_stands_on_the_invoice_beside_ours(self):
        house = House.open()
        product, plain = (house.product(price="10", kind=Product.Kind.SERVICE) for _ in range(2))
        CustomerPart.objects.create(customer=house.customer, product=product, number="HEART")
        order = house.order((product, 1), (plain, 1))
        invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert [line["customer_sku"] for line in invoice.snapshot["lines"]] == ["HEART", ""]


@pytest.mark.django_db
class TestAdditionalRelease:
    def test_of_a_po_is_taken_in_where_it_is_declared(self):
        house = House.open()
        product = house.product()
        first = house.draft((product, 1), po_number="PO-1")
        with pytest.raises(services.DuplicatePO):
            house.draft((product, 1), po_number="po 1")
        second = house.draft((product, 1), po_number="po 1", is_additional=True)
        third = house.draft((product, 1), po_number="PO1", is_additional=True)
        assert (first.po_release, second.po_release, third.po_release) == (1, 2, 3)

    def test_stays_one_when_it_is_changed(self):
        house = House.open()
        product = house.product()
        house.draft((product, 1), po_number="PO-1")
        second = house.draft((product, 1), po_number="PO-1", is_additional=True)
        draft = services.OrderDraft(
            second.customer_id, "po-1", TODAY, TODAY, [services.LineDraft(product.pk, Decimal(3))]
        )
        changes = [services.DraftChange(second.pk, draft)]
        services.change_drafts(changes=changes, actor=house.boss, at=AT)
        assert SalesOrder.objects.get(pk=second.pk).po_release == 2
