"""Files of customers and of prices: made, changed, left, refused in words, and the same when they come back."""

from datetime import date
from decimal import Decimal

import pytest

from core.exports import csv_lines, xlsx_file
from inventory.models import Product
from orders.models import Customer, CustomerAddress, Price, PriceList
from orders.services import customer_files, price_files
from tests.factories.core import loaded_file, refused_rows
from tests.factories.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open()


def export(kind, house: House) -> str:
    return "".join(csv_lines([column.label for column in kind.columns], kind.rows(house.boss)))


def workbook_of(kind, house: House) -> bytes:
    with xlsx_file([column.label for column in kind.columns], kind.rows(house.boss)) as file:
        return file.read()


def customers(house: House, header: str, *rows: str):
    return loaded_file("customers", f"{header}\n" + "\n".join(rows), house.boss)


ADDRESS = "bill-to street,bill-to city,bill-to postcode,bill-to country"


class TestTakeCustomers:
    def test_writes_to_who_is_new_in_the_company_s_language_unless_it_is_said(self, house):
        house.company.language = "de"
        house.company.save()
        customers(house, "number,name,price list,language", "C-8,Eight,list,", "C-9,Nine,list,fr")
        assert dict(Customer.objects.filter(number__in=["C-8", "C-9"]).values_list("number", "language")) == {
            "C-8": "de",
            "C-9": "fr",
        }

    def test_makes_who_is_new_with_terms_and_one_address_for_bills_and_goods(self, house):
        run = customers(house, f"number,name,days to pay,{ADDRESS}", "C-77,Ann & Co,14,1 Road,Leeds,LS1,gb")
        assert (run.made, run.refused) == (1, 0)
        customer = Customer.objects.get(number="C-77")
        assert (customer.name, customer.terms_days, customer.price_list) == ("Ann & Co", 14, house.prices)
        address = customer.addresses.get()
        assert (address.name, address.country, address.is_bill_to, address.is_ship_to) == ("Ann & Co", "GB", True, True)
        assert customer.credit.currency == house.prices.currency

    def test_keeps_goods_apart_from_bills(self, house):
        header = f"number,name,{ADDRESS},ship-to street,ship-to city,ship-to country"
        customers(house, header, "C-77,Ann,1 Road,Leeds,LS1,GB,2 Dock,Hull,GB")
        bill, ship = CustomerAddress.objects.filter(customer__number="C-77").order_by("pk")
        assert (bill.street, bill.is_bill_to, bill.is_ship_to) == ("1 Road", True, False)
        assert (ship.street, ship.is_bill_to, ship.is_ship_to) == ("2 Dock", False, True)
        run = customers(house, header, "C-77,Ann,1 Road,Leeds,LS1,GB,1 Road,Leeds,GB")
        assert run.loaded == 1

    def test_changes_who_stands_and_leaves_what_the_file_does_not_say(self, house):
        before = house.customer
        run = customers(house, "number,name", f"{before.number},Other name")
        after = Customer.objects.get(pk=before.pk)
        assert (run.loaded, after.name, after.terms_days) == (1, "Other name", before.terms_days)
        assert after.addresses.count() == before.addresses.count()
        assert customers(house, "number,name", f"{before.number},Other name").same == 1

    def test_moves_bills_alone_where_goods_are_said_to_stay(self, house):
        old = house.customer.addresses.get()
        header = f"number,name,{ADDRESS},ship-to name,ship-to street,ship-to city,ship-to postcode,ship-to country"
        stays = f"{old.name},{old.street},{old.city},{old.postcode},{old.country}"
        run = customers(house, header, f"{house.customer.number},{house.customer.name},9 New,Bath,BA1,GB,{stays}")
        assert run.loaded == 1
        ship = CustomerAddress.objects.get(customer=house.customer, is_ship_to=True)
        bill = CustomerAddress.objects.get(customer=house.customer, is_bill_to=True)
        assert (ship.pk, ship.street, bill.street) == (old.pk, old.street, "9 New")

    @pytest.mark.parametrize(
        ("header", "row", "column", "reason"),
        [
            ("number,name,e-mail", "C 1,x,", "number", "number C 1 has a blank in it: use a dash."),
            ("number,name,e-mail", "C-8,x,nobody", "e-mail", "e-mail nobody is no e-mail address."),
            ("number,name,price list", "C-8,x,NONE", "price list", "There is no price list NONE."),
            ("number,name,days to pay", "C-8,x,400", "days to pay", "days to pay 400 is more than 366."),
            ("number,name,language", "C-8,x,qq-QQ", "language", "language qq-QQ is no language, such as en or de-AT."),
            (f"number,name,{ADDRESS}", "C-8,x,1 Road,Leeds,,UK", "bill-to country", "bill-to country UK is no country"),
            (f"number,name,{ADDRESS}", "C-8,x,1 Road,,,GB", "bill-to city", "The address where bills go has no city."),
        ],
    )
    def test_refuses_in_words(self, house, header, row, column, reason):
        ((_number, where, said),) = refused_rows(customers(house, header, row))
        assert where == column
        assert said.startswith(reason)
        assert not Customer.objects.filter(number="C-8").exists()


class TestTakePrices:
    HEADER = "price list,SKU,price,from quantity,first day,last day"

    def load(self, house: House, *rows: str):
        return loaded_file("prices", f"{self.HEADER}\n" + "\n".join(rows), house.boss)

    def test_puts_steps_and_days_on_a_list(self, house):
        sku, code = house.product(price="9").sku, house.prices.code
        run = self.load(
            house, f"{code},{sku},8.5,10,,", f"{code},{sku},7,,2026-12-01,2026-12-31", f"{code},{sku},9.5,0,,"
        )
        assert (run.loaded, run.refused) == (3, 0)
        prices = (
            Price.objects.filter(product__sku=sku)
            .order_by("price")
            .values_list("price", "from_quantity", "valid_from", "valid_until")
        )
        assert list(prices) == [
            (7, 0, date(2026, 12, 1), date(2026, 12, 31)),
            (Decimal("8.5"), 10, None, None),
            (Decimal("9.5"), 0, None, None),
        ]

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("{code},NOPE,1,,,", "SKU", "There is no product NOPE."),
            ("NONE,{sku},1,,,", "price list", "There is no price list NONE."),
            ("{code},{sku},-1,,,", "price", "price -1 is below zero."),
            ("{code},{sku},1,1.5,,", "from quantity", "{sku} is sold in steps of 1 "),
            ("{code},{sku},1,,2026-12-31,2026-12-01", "last day", "The last day is before the first."),
            ("{code},{sku},1,,01/02/2026,", "first day", "first day 01/02/2026 can be read with the day or the month"),
        ],
    )
    def test_refuses_in_words(self, house, row, column, reason):
        named = {"sku": house.product().sku, "code": house.prices.code}
        Price.objects.all().delete()
        ((_number, where, said),) = refused_rows(self.load(house, row.format(**named)))
        assert where == column
        assert said.startswith(reason.format(**named))
        assert not Price.objects.exists()

    def test_reads_numbers_as_the_file_writes_them(self, house):
        sku, code = house.product().sku, house.prices.code
        text = f"price list;SKU;price;from quantity\n{code};{sku};1.234,56;1000\n".replace("1000", "1.000")
        loaded_file("prices", text, house.boss)
        assert Price.objects.get(from_quantity=1000).price == Decimal("1234.56")


class TestRoundTrip:
    @pytest.mark.parametrize("export", [export, workbook_of])
    def test_of_every_customer_changes_nothing(self, house, export):
        header = f"number,name,exempt until,{ADDRESS},ship-to street,ship-to city,ship-to country"
        customers(house, header, "C-77,=Ann,2027-01-31,1 Road,Leeds,LS1,GB,2 Dock,Hull,GB", "C-78,Bo,,,,,,,,")
        before = list(Customer.objects.order_by("pk").values()), list(CustomerAddress.objects.order_by("pk").values())
        run = loaded_file("customers", export(customer_files.CUSTOMERS, house), house.boss)
        assert (run.loaded, run.refused, run.same) == (0, 0, 3)
        after = list(Customer.objects.order_by("pk").values()), list(CustomerAddress.objects.order_by("pk").values())
        assert after == before

    @pytest.mark.parametrize("export", [export, workbook_of])
    def test_of_every_price_changes_nothing(self, house, export):
        product = house.product(price="10")
        Price.objects.create(
            price_list=house.prices,
            product=product,
            price=Decimal("1234.000001"),
            from_quantity=1000,
            valid_from=date(2026, 1, 2),
            valid_until=date(2099, 12, 31),
        )
        before = list(Price.objects.order_by("pk").values())
        run = loaded_file("prices", export(price_files.PRICES, house), house.boss)
        assert (run.loaded, run.refused, run.same) == (0, 0, len(before))
        assert list(Price.objects.order_by("pk").values()) == before

    def test_of_prices_goes_into_another_company(self, house):
        house.product(price="10")
        text, other = export(price_files.PRICES, house), House.open()
        PriceList.objects.filter(pk=other.prices.pk).update(code=house.prices.code)
        theirs = other.product(price="99")
        Product.objects.filter(pk=theirs.pk).update(sku=Product.objects.get(company=house.company).sku)
        loaded_file("prices", text, other.boss)
        assert export(price_files.PRICES, other) == text
