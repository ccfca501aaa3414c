"""Importing a file of orders: good rows load, every other row keeps its cells and its reason."""

import io
from decimal import Decimal
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from core.intake import FileRefused
from core.intake.workbooks import Workbook
from core.models import Membership
from core.refusals import NotAllowed
from core.roles import Role
from inventory.models import Product
from orders import services
from orders.models import CustomerPO, SalesOrder, SalesOrderLine
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.race import race

pytestmark = pytest.mark.django_db

HEADER = "PO number,Customer,SKU,Quantity,Price,Date\n"


def take(house: House, *rows: str) -> services.ImportReport:
    return services.import_order_file(
        data=(HEADER + "\n".join(rows)).encode(), source="file.csv", actor=house.boss, at=AT
    )


class TestImportOrderFile:
    def test_makes_drafts_at_the_files_own_prices_and_keeps_the_raw_rows(self):
        house = House.open()
        product = house.product(price="9.99")
        report = take(house, f"A1,C-1,{product.sku},3,2.55,2026-11-20")
        assert (len(report.order_ids), report.accepted_rows, report.refused) == (1, 1, ())
        line = SalesOrderLine.objects.get()
        assert (line.price, line.price_source, line.net) == (Decimal("2.55"), "DOCUMENT", Decimal("7.65"))
        po = CustomerPO.objects.get()
        assert (po.channel, po.source) == ("FILE", "file.csv")
        assert po.content["rows"] == {"2": ["A1", "C-1", product.sku, "3", "2.55", "2026-11-20"]}

    def test_refuses_an_unknown_sku_alone(self):
        house = House.open()
        sku = house.product().sku
        report = take(house, f"A1,C-1,{sku},3,2.55,2026-11-20", "A1,C-1,NOPE,1,1,2026-11-20")
        (refused,) = report.refused
        assert (refused.line_number, refused.column, refused.reason) == (3, "SKU", "There is no product NOPE.")
        assert refused.cells == ("A1", "C-1", "NOPE", "1", "1", "2026-11-20")
        assert report.accepted_rows == 1

    def test_refuses_every_row_of_an_unknown_customer(self):
        house = House.open()
        sku = house.product().sku
        report = take(house, f"A1,C-9,{sku},3,2.55,2026-11-20", f"A1,C-9,{sku},1,2.55,2026-11-20")
        assert [row.reason for row in report.refused] == ["There is no customer C-9."] * 2
        assert not SalesOrder.objects.exists()

    def test_takes_nothing_twice(self):
        house = House.open()
        row = f"A1,C-1,{house.product().sku},3,2.55,2026-11-20"
        take(house, row)
        again = take(house, row)
        assert (again.order_ids, again.refused, again.same_rows) == ((), (), 1)
        assert SalesOrder.objects.count() == 1

    def test_takes_rows_that_were_refused_in_once_they_are_mended(self):
        house = House.open()
        sku, other = house.product().sku, house.product().sku
        good, bad = f"A1,C-1,{sku},3,2.55,2026-11-20", "A1,C-1,{},2,1,2026-11-20"
        first = take(house, good, bad.format("NOPE"))
        again = take(house, good, bad.format(other))
        assert (first.accepted_rows, again.accepted_rows, again.same_rows, again.refused) == (1, 1, 1, ())
        releases = SalesOrder.objects.order_by("pk").values_list("po_release", "net")
        assert list(releases) == [(1, Decimal("7.65")), (2, Decimal("2.00"))]
        third = take(house, good, bad.format(other))
        assert (third.accepted_rows, third.same_rows) == (0, 2)

    def test_refuses_a_row_that_says_something_else_than_it_said_before(self):
        house = House.open()
        sku = house.product().sku
        first = take(house, f"A1,C-1,{sku},3,2.55,2026-11-20")
        again = take(house, f"A1,C-1,{sku},5,2.55,2026-11-20")
        (refused,) = again.refused
        assert refused.column == "Quantity"
        assert refused.reason == (
            f"{sku} was taken in for this PO with quantity 3 at 2.55, as order draft {first.order_ids[0]}."
            " Change that order."
        )
        assert SalesOrder.objects.count() == 1

    def test_refuses_a_row_that_a_po_did_not_have_when_it_was_taken_in_whole(self):
        house = House.open()
        row = f"A1,C-1,{house.product().sku},3,2.55,2026-11-20"
        first = take(house, row)
        again = take(house, row, f"A1,C-1,{house.product().sku},1,1,2026-11-20")
        assert again.same_rows == 1
        assert again.refused[0].reason == f"PO A1 of this customer is order draft {first.order_ids[0]} already."

    def test_refuses_the_number_of_an_order_that_was_keyed(self):
        house = House.open()
        product = house.product(price="9.99")
        keyed = house.draft((product, 1), po_number="A1").pk
        again = take(house, f"A1,C-1,{product.sku},1,9.99,2026-11-20")
        assert again.refused[0].reason == f"PO A1 of this customer is order draft {keyed} already."
        assert again.refused[0].column == "PO number"

    def test_refuses_quantities_that_are_no_whole_steps_with_their_column(self):
        house = House.open()
        report = take(house, f"A1,C-1,{house.product().sku},1.5,2.55,2026-11-20")
        assert report.refused[0].column == "Quantity"
        assert "steps of 1 piece" in report.refused[0].reason

    def test_refuses_a_file_that_is_none_and_says_why(self):
        house = House.open()
        with pytest.raises(FileRefused):
            services.import_order_file(data=b"", source="x", actor=house.boss, at=AT)

    def test_is_not_for_a_picker(self):
        house = House.open()
        with pytest.raises(NotAllowed):
            services.import_order_file(
                data=HEADER.encode(), source="x", actor=person(Role.PICKER, company=house.company), at=AT
            )

    def test_refuses_a_po_number_that_no_order_can_hold(self):
        house = House.open()
        report = take(house, f"{'A' * 61},C-1,{house.product().sku},1,1,2026-11-20")
        assert report.refused[0].reason == "A PO number has at most 60 characters."

    def test_takes_customers_and_products_of_the_company_that_the_person_works_for(self):
        house, other = House.open(), House.open()
        sku, twin = house.product().sku, other.product()
        Product.objects.filter(pk=twin.pk).update(sku=sku)
        Membership.objects.create(user=house.boss, company=other.company, roles=[Role.SALES_ADMIN])
        report = take(house, f"A1,C-1,{sku},1,1,2026-11-20")
        assert report.refused == ()
        assert SalesOrder.objects.get().customer == house.customer

    def test_never_sees_another_companys_customers(self):
        house, other = House.open(), House.open()
        other.customer.number = "C-7"
        other.customer.save()
        report = take(house, f"A1,C-7,{house.product().sku},1,1,2026-11-20")
        assert report.refused[0].reason == "There is no customer C-7."


class TestImportOrdersCommand:
    def test_reports_and_writes_the_failed_rows_with_their_reason(self, tmp_path, capsys):
        house = House.open()
        file, failed = tmp_path / "orders.csv", tmp_path / "failed.csv"
        file.write_text(HEADER + f"A1,C-1,{house.product().sku},3,2.55,2026-11-20\nA2,C-9,X,1,1,2026-11-20\n")
        call_command("import_orders", str(file), f"--as={house.boss.email}", f"--failed={failed}")
        assert "1 orders made of 1 rows; 1 rows refused" in capsys.readouterr().out
        assert failed.read_text().splitlines()[1] == "A2,C-9,X,1,1,2026-11-20,There is no customer C-9."
        failed = tmp_path / "failed.xlsx"
        call_command("import_orders", str(file), f"--as={house.boss.email}", f"--failed={failed}")
        _header, row = Workbook(io.BytesIO(failed.read_bytes())).lines("Rows")
        assert row.cells == ("A2", "C-9", "X", "1", "1", "2026-11-20", "There is no customer C-9.")

    def test_says_when_nobody_has_the_address_or_there_is_no_file(self, tmp_path):
        house = House.open()
        with pytest.raises(CommandError, match="Nobody signs in as"):
            call_command("import_orders", str(tmp_path / "x"), "--as=nobody@orderly.example")
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("import_orders", str(tmp_path / "x"), f"--as={house.boss.email}")


class TestTwoImportsOfOneFileAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_take_each_order_in_once_and_refuse_it_once(self):
        house = House.open()
        sku = house.product().sku
        rows = [f"A{n},C-1,{sku},1,2.55,2026-11-20" for n in range(30)]
        house.boss.can("orders.import")
        first, second = race(partial(take, house, *rows), partial(take, house, *rows))
        assert len(first.order_ids) + len(second.order_ids) == 30
        assert first.same_rows + second.same_rows == 30
        assert first.refused == second.refused == ()
        assert SalesOrder.objects.count() == 30
