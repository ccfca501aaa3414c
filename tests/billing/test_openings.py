"""Opening balances by file: stock, open orders, open invoices and credits, posted whole and once, and tied out (V3)."""

import io
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse

from billing import services as billing_services
from billing.documents import render_invoice
from billing.models import Invoice, Payment
from core import intake
from core.models import OpeningBalance
from core.roles import Role
from inventory.forms import ProductForm
from inventory.models import BinStock, Demand, Product, StockLevel, StockMove
from orders.models import CreditEntry, Hold, SalesOrder, SalesOrderLine
from orders.queries import entry
from orders.queries.credit import exposures
from orders.services import OrderInvalid, set_credit_terms
from tests.factories.core import FILE_AT, checked_file, loaded_file, person, refused_rows, signed_in
from tests.factories.documents import sheets
from tests.factories.house import House

pytestmark = pytest.mark.django_db

STOCK = "SKU,warehouse,bin,quantity,value\n"
ORDERS = "PO number,customer,SKU,quantity,price,date\n"
INVOICES = "customer,invoice,invoice date,due date,amount open\n"
CREDITS = "customer,reference,date,amount open\n"


@pytest.fixture
def house() -> House:
    return House.open()


def shelf(house: House) -> tuple[str, str]:
    warehouse = house.warehouses[0]
    return warehouse.code, warehouse.bins.filter(kind="PICK").first().code


def audited() -> None:
    call_command("audit_ledger", verbosity=0)


class TestOpeningStock:
    def rows(self, house: House) -> str:
        warehouse, bin_code = shelf(house)
        return STOCK + "".join(
            f"{house.product().sku},{warehouse},{bin_code},{quantity},{value}\n"
            for quantity, value in ((5, "12.50"), (1000, "0"), (1, "0.0001"))
        )

    def test_is_posted_with_its_value_and_tied_out(self, house):
        run = loaded_file("opening_stock", self.rows(house), house.boss)
        assert (run.status, run.loaded) == ("DONE", 3)
        balance = OpeningBalance.objects.get()
        assert balance.of_file == balance.of_ledger == {"rows": "3", "units": "1006", "value": "12.5001"}
        assert (balance.kind, balance.posted_by) == ("opening_stock", house.boss)
        assert sum(StockLevel.objects.values_list("sellable", flat=True)) == 1006
        assert sum(BinStock.objects.values_list("quantity", flat=True)) == 1006
        assert set(StockMove.objects.values_list("posting__kind", "from_place")) == {("OPENING", "ADJUSTMENT")}
        audited()

    def test_is_posted_once(self, house):
        loaded_file("opening_stock", self.rows(house), house.boss)
        moves = StockMove.objects.count()
        again = checked_file("opening_stock", self.rows(house), house.boss)
        assert again.status == "RECEIVED"
        assert "were posted by somebody else" in again.fault
        with pytest.raises(
            intake.OpeningRefused, match=r"Opening stock were posted on 22 Nov 2026 by .* from rows\.csv"
        ):
            intake.load_file(import_id=again.pk, actor=house.boss, at=FILE_AT)
        assert StockMove.objects.count() == moves

    def test_is_posted_whole_or_not_at_all(self, house):
        run = checked_file("opening_stock", self.rows(house) + "NOPE,X,Y,1,1\n", house.boss)
        assert refused_rows(run) == [(5, "SKU", "There is no product NOPE.")]
        with pytest.raises(intake.OpeningRefused, match="posted whole: mend the 1 refused rows"):
            intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT)
        assert not StockMove.objects.exists()

    def test_is_checked_before_it_is_posted(self, house):
        run = intake.receive(
            kind="opening_stock", name="x", content=io.BytesIO(self.rows(house).encode()), actor=house.boss, at=FILE_AT
        )
        with pytest.raises(intake.OpeningRefused, match="Check the file first"):
            intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT)

    def test_is_not_posted_where_the_ledger_says_something_else(self, house, monkeypatch):
        kind = intake.kind_named("opening_stock")
        posted = kind.posted
        object.__setattr__(kind, "posted", lambda pk: {**posted(pk), "units": Decimal(7)})
        try:
            run = checked_file("opening_stock", self.rows(house), house.boss)
        finally:
            object.__setattr__(kind, "posted", posted)
        assert "units 1006 by the file, 7 by the ledger" in run.fault
        assert not StockMove.objects.exists()

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("{sku},{warehouse},NOPE,1,1", "bin", "There is no bin NOPE in {warehouse}."),
            ("{sku},NOPE,{bin},1,1", "warehouse", "There is no warehouse NOPE."),
            ("{charge},{warehouse},{bin},1,1", "SKU", "{charge} is a charge and has no stock."),
            ("{sku},{warehouse},{bin},1.5,1", "quantity", "{sku} is counted in steps of 1 "),
            ("{sku},{warehouse},{tote},1,1", "bin", "Bin {tote} is no pick bin"),
            ("{sku},{warehouse},{bin},0,1", "quantity", "quantity 0 is not above zero."),
            ("{sku},{warehouse},{bin},1,-1", "value", "value -1 is below zero."),
        ],
    )
    def test_refuses_rows_in_words(self, house, row, column, reason):
        warehouse, bin_code = shelf(house)
        tote = house.warehouses[0].bins.filter(kind="TOTE").first().code
        named = {
            "sku": house.product().sku,
            "charge": house.product(kind="CHARGE").sku,
            "warehouse": warehouse,
            "bin": bin_code,
            "tote": tote,
        }
        ((_line, where, said),) = refused_rows(checked_file("opening_stock", STOCK + row.format(**named), house.boss))
        assert where == column
        assert said.startswith(reason.format(**named))

    def test_is_for_who_may_open_balances(self, house):
        with pytest.raises(Exception, match="Your roles do not include"):
            checked_file("opening_stock", self.rows(house), person(Role.SALES_MANAGER, company=house.company))


class TestOpenOrders:
    def test_are_confirmed_and_tied_out(self, house):
        there, missing = house.product([10]), house.product()
        run = loaded_file(
            "opening_orders",
            f"{ORDERS}A1,C-1,{there.sku},3,2.555,2026-11-02\nA1,C-1,{missing.sku},2,1,2026-11-02\n"
            f"A2,C-1,{there.sku},1,9.99,2026-11-03\n",
            house.boss,
        )
        assert (run.status, run.loaded, run.made) == ("DONE", 3, 2)
        assert OpeningBalance.objects.get().of_ledger == {
            "orders": "2",
            "rows": "3",
            "units": "6",
            "value before tax, not rounded": "19.655",
        }
        assert set(SalesOrder.objects.values_list("status", flat=True)) == {"CONFIRMED"}
        demands = Demand.objects.order_by("pk").values_list("allocated", "backordered")
        assert list(demands) == [(3, 0), (0, 2), (1, 0)]
        audited()

    def test_over_a_limit_of_credit_are_taken_in_with_their_stock_and_held(self, house):
        set_credit_terms(customer_id=house.customer.pk, limit=Decimal(55), is_prepay=False, actor=house.boss)
        there = house.product([10])
        rows = "".join(
            f"{po},C-1,{there.sku},1,{price},2026-11-02\n" for po, price in (("A1", 40), ("A2", 40), ("A3", 5))
        )
        run = loaded_file("opening_orders", ORDERS + rows, house.boss)
        assert (run.status, run.made, run.refused) == ("DONE", 3, 0)
        assert set(Demand.objects.values_list("allocated", "backordered")) == {(1, 0)}
        # The second took the credit that the third would have had
        held = Hold.objects.order_by("order_id").values_list("order__po_number", "kind", "keep_reservation", "reason")
        assert [hold[:3] for hold in held] == [("A2", "CREDIT", True), ("A3", "CREDIT", True)]
        sentence = "Brought forward. The order takes the customer to 96.00 GBP, over the credit limit of 55.00."
        assert held[0][3] == sentence
        audited()


class TestOpenInvoices:
    ROWS = f"{INVOICES}C-1,4711,2026-09-01,2026-10-01,120.50\nC-1,4700,2026-08-15,2026-09-14,79.50\n"

    def test_are_posted_under_their_own_dates_and_owed(self, house):
        run = loaded_file("opening_invoices", self.ROWS, house.boss)
        assert (run.status, run.made, run.fault) == ("DONE", 2, "")
        invoices = Invoice.objects.order_by("issued_on").values_list("number", "issued_on", "due_on", "gross", "tax")
        assert list(invoices) == [
            ("OPN-2026-000001", date(2026, 8, 15), date(2026, 9, 14), Decimal("79.50"), 0),
            ("OPN-2026-000002", date(2026, 9, 1), date(2026, 10, 1), Decimal("120.50"), 0),
        ]
        latest = Invoice.objects.latest("issued_on")
        assert latest.snapshot["lines"][0]["description"] == "Balance of invoice 4711 of 1 Sep 2026"
        page = signed_in(house.boss).get(reverse("billing:invoice", args=[latest.pk])).text
        assert "Open item OPN-2026-000002" in page
        assert "This is no tax invoice." in page
        [sheet] = sheets(render_invoice({**latest.snapshot, "number": latest.number}))
        assert "Open item OPN-2026-000002" in sheet
        assert "It is no tax invoice: VAT is stated on invoice 4711." in sheet
        assert "VAT summary" not in sheet
        assert "Please pay £120.50" in sheet
        assert exposures([house.customer.pk])[house.customer.pk] == {"GBP": 200}
        assert OpeningBalance.objects.get().of_ledger == {
            "amount open": "200",
            "documents": "2",
            "on credit accounts": "200",
        }
        audited()

    def test_are_paid_like_others_and_their_orders_close(self, house):
        loaded_file("opening_invoices", self.ROWS, house.boss)
        ids = list(Invoice.objects.values_list("pk", flat=True))
        billing_services.pay_invoices(invoice_ids=ids, actor=house.boss, at=FILE_AT)
        assert exposures([house.customer.pk]).get(house.customer.pk, {}).get("GBP", 0) == 0
        assert set(SalesOrder.objects.values_list("billing", "payment")) == {("FULL", "FULL")}
        audited()

    def test_stand_although_they_are_over_the_customers_limit(self, house):
        set_credit_terms(customer_id=house.customer.pk, limit=Decimal(5), is_prepay=False, actor=house.boss)
        loaded_file("opening_invoices", self.ROWS, house.boss)
        assert house.customer.credit.__class__.objects.get(pk=house.customer.pk).balance == 200
        audited()

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("C-9,1,2026-09-01,2026-10-01,1", "customer", "There is no customer C-9."),
            ("C-1,1,2026-12-01,2026-12-31,1", "invoice date", "1 Dec 2026 is not over yet"),
            ("C-1,1,2026-09-01,2026-08-01,1", "due date", "It was due before it was written."),
            ("C-1,1,2026-09-01,2026-10-01,1.005", "amount open", "GBP has 2 decimals."),
            ("C-1,1,2026-09-01,2026-10-01,0", "amount open", "amount open 0 is not above zero."),
        ],
    )
    def test_refuses_rows_in_words(self, house, row, column, reason):
        ((_line, where, said),) = refused_rows(checked_file("opening_invoices", INVOICES + row, house.boss))
        assert where == column
        assert said.startswith(reason)


class TestTheItemOfBalances:
    """It stands on invoices brought forward and on nothing that a customer orders."""

    def test_is_not_to_be_ordered_nor_changed_by_a_file(self, house):
        loaded_file("opening_invoices", INVOICES + "C-1,4711,2026-09-01,2026-10-01,120.50\n", house.boss)
        item = Product.objects.get(kind="BALANCE")
        assert item.sku == "BALANCE"
        assert not entry.products_like(house.boss, "BALANCE", house.customer).exists()
        with pytest.raises(OrderInvalid) as refused:
            house.draft((item, 1))
        assert refused.value.errors == {
            (0, "product"): "BALANCE stands for balances brought forward: it cannot be ordered."
        }
        run = checked_file("orders", f"{ORDERS}A1,C-1,BALANCE,1,5,2026-11-02\n", house.boss)
        assert "it cannot be ordered" in refused_rows(run)[0][2]
        run = checked_file("products", "SKU,name,kind\nBALANCE,Mine,service\n", house.boss)
        assert refused_rows(run) == [(2, "SKU", "BALANCE stands for balances brought forward: it stays as it is.")]
        assert "BALANCE" not in [row[0] for row in intake.kind_named("products").rows(house.boss)]
        form = ProductForm({"sku": "B", "name": "B", "kind": "BALANCE"}, actor=house.boss, company_id=house.company.pk)
        assert "kind" in form.errors

    def test_leaves_a_product_of_that_code_alone(self, house):
        scales = Product.objects.create(company=house.company, sku="BALANCE", name="Scales", unit=house.unit)
        loaded_file("opening_invoices", INVOICES + "C-1,4711,2026-09-01,2026-10-01,120.50\n", house.boss)
        assert Product.objects.get(kind="BALANCE").sku == "BALANCE-FORWARD"
        assert not SalesOrderLine.objects.filter(product=scales).exists()


class TestOpenCredits:
    def test_wait_to_be_applied(self, house):
        set_credit_terms(customer_id=house.customer.pk, limit=Decimal(500), is_prepay=False, actor=house.boss)
        run = loaded_file("opening_credits", f"{CREDITS}C-1,CN-7,2024-02-01,50\nC-1,CN-8,2026-02-01,0.05\n", house.boss)
        assert (run.status, run.made) == ("DONE", 2)
        payments = Payment.objects.order_by("pk").values_list("amount", "settled", "received_on", "reference")
        assert list(payments) == [
            (Decimal(50), 0, date(2024, 2, 1), f"Import {run.pk}: CN-7"),
            (Decimal("0.05"), 0, date(2026, 2, 1), f"Import {run.pk}: CN-8"),
        ]
        assert sum(CreditEntry.objects.values_list("amount", flat=True)) == Decimal("-50.05")
        assert OpeningBalance.objects.get().of_ledger["on credit accounts"] == "50.05"
        audited()


class TestOpeningBalance:
    def test_is_never_changed(self, house):
        loaded_file("opening_credits", f"{CREDITS}C-1,CN-7,2024-02-01,50\n", house.boss)
        with pytest.raises(DatabaseError), transaction.atomic():
            OpeningBalance.objects.update(kind="other")
