"""Proves that the demo files agree with each other and with what their README says of them."""

import csv
import io
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from config.demo.documents import Kind, Plan, is_charge, read_plan

FOLDER = Path(__file__).resolve().parents[2] / "config" / "demo"

Row = dict[str, str]

POSTCODES = {
    "AU": r"[0-9]{4}",
    "DE": r"[0-9]{5}",
    "FR": r"[0-9]{5}",
    "GB": r"[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}",
    "IE": r"[A-Z][0-9]{2} [0-9A-Z]{4}",
    "NL": r"[0-9]{4} [A-Z]{2}",
    "NO": r"[0-9]{4}",
}
# Of the other countries whole towns with their postcodes are written down
WRITTEN_DOWN = r"[0-9]{3,6}|[0-9]{2,5}-[0-9]{3,4}"


def read(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_acceptable(row: Row) -> bool:
    return (
        row["CustomerID"] != ""
        and not row["InvoiceNo"].startswith("C")
        and Decimal(row["Quantity"]) > 0
        and Decimal(row["UnitPrice"]) > 0
    )


def readme_figures() -> dict[str, str]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([A-Z][^|]*?) \| ([0-9][^|]*?) \|$", text, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def orders() -> list[Row]:
    return read("orders.csv")


@pytest.fixture(scope="module")
def accepted(orders: list[Row]) -> list[Row]:
    return [row for row in orders if is_acceptable(row)]


@pytest.fixture(scope="module")
def products() -> dict[str, Row]:
    return {row["sku"]: row for row in read("products.csv")}


@pytest.fixture(scope="module")
def shelves() -> list[Row]:
    return read("shelves.csv")


def history_text() -> str:
    return lzma.decompress((FOLDER / "history.csv.xz").read_bytes()).decode()


@pytest.fixture(scope="module")
def history() -> Plan:
    return read_plan(io.StringIO(history_text(), newline=""))


@pytest.fixture(scope="module")
def lines(accepted: list[Row]) -> list[Row]:
    rows = csv.DictReader(io.StringIO(history_text(), newline=""))
    return [*accepted, *(row for row in rows if is_acceptable(row))]


class TestOrders:
    def test_are_two_hundred_with_at_least_95_percent_of_rows_acceptable(
        self, orders: list[Row], accepted: list[Row]
    ) -> None:
        assert len({row["InvoiceNo"] for row in accepted}) == 200
        assert len(accepted) >= Decimal("0.95") * len(orders)

    def test_show_each_kind_of_refusal(self, orders: list[Row]) -> None:
        refused = [row for row in orders if not is_acceptable(row)]

        assert any(row["InvoiceNo"].startswith("C") for row in refused)
        assert any(not row["CustomerID"] and Decimal(row["UnitPrice"]) > 0 for row in refused)
        assert any(Decimal(row["UnitPrice"]) == 0 and Decimal(row["Quantity"]) > 0 for row in refused)
        assert any(Decimal(row["Quantity"]) < 0 and not row["InvoiceNo"].startswith("C") for row in refused)

    def test_have_one_customer_each(self, accepted: list[Row]) -> None:
        customers = {(row["InvoiceNo"], row["CustomerID"]) for row in accepted}

        assert len(customers) == 200

    def test_are_in_the_order_of_the_source(self, orders: list[Row]) -> None:
        times = [row["InvoiceDate"] for row in orders]

        assert times == sorted(times)


class TestHistory:
    def test_is_as_large_as_it_says(self, history: Plan, products: dict[str, Row]) -> None:
        orders = [document for document in history.documents if document.kind == Kind.ORDER]

        assert len(orders) >= 5_000
        assert sum(len(order.rows) for order in orders) >= 10 * len(orders)
        assert len(products) >= 1_000
        assert len({order.customer for order in orders}) >= 300
        assert len({row["country"] for row in read("customers.csv")}) >= 20

    def test_takes_orders_back_and_corrects_stock(self, history: Plan) -> None:
        kinds = Counter(document.kind for document in history.documents)

        assert kinds[Kind.CREDIT] >= 300
        assert kinds[Kind.CORRECTION] >= 100
        assert sum(len(taken) for taken in history.taken.values()) >= 500

    def test_has_no_row_that_is_neither_taken_in_nor_refused(self, history: Plan) -> None:
        in_documents = {row.line_number for document in history.documents for row in document.rows}
        refused = {refusal.row.line_number for refusal in history.refused}

        assert in_documents | refused == set(range(2, len(history_text().splitlines()) + 1))
        assert all(refusal.reason for refusal in history.refused)

    def test_names_only_products_and_customers_that_there_are(self, history: Plan, products: dict[str, Row]) -> None:
        customers = {row["number"] for row in read("customers.csv")} | {"COUNTER"}
        orders = [document for document in history.documents if document.kind == Kind.ORDER]

        assert {row.sku for order in orders for row in order.rows} <= products.keys()
        assert {order.customer for order in orders} <= customers


class TestProducts:
    def test_cover_every_accepted_row(self, accepted: list[Row], products: dict[str, Row]) -> None:
        assert {row["StockCode"] for row in accepted} - set(products) == set()

    def test_are_unique(self, products: dict[str, Row]) -> None:
        assert len(read("products.csv")) == len(products)

    def test_have_a_tidy_name_and_a_price(self, products: dict[str, Row]) -> None:
        for row in products.values():
            assert row["name"] == " ".join(row["name"].split()) != ""
            assert Decimal(row["list_price"]) > 0
            assert row["unit"] == "piece"

    def test_carry_the_price_charged_most_often(self, lines: list[Row], products: dict[str, Row]) -> None:
        charged: dict[str, Counter[Decimal]] = {}
        for row in lines:
            charged.setdefault(row["StockCode"].upper(), Counter())[Decimal(row["UnitPrice"])] += 1

        for sku, prices in charged.items():
            assert prices[Decimal(products[sku]["list_price"])] == max(prices.values())

    def test_are_charges_exactly_where_the_source_books_no_goods(self, products: dict[str, Row]) -> None:
        charges = {sku for sku, row in products.items() if row["kind"] == "charge"}

        assert charges == {sku for sku in products if is_charge(sku.upper())} >= {"C2", "D", "M", "POST"}
        assert {row["kind"] for row in products.values()} == {"stock", "charge"}

    def test_have_a_unique_gtin_with_a_right_check_digit_in_the_range_of_own_use(
        self, products: dict[str, Row]
    ) -> None:
        gtins = [row["gtin"] for row in products.values() if row["kind"] == "stock"]

        assert len(set(gtins)) == len(gtins)
        for gtin in gtins:
            assert re.fullmatch(r"2[0-9]{12}", gtin)
            digits = [int(digit) for digit in gtin]
            assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0, gtin

    def test_weigh_something_if_stocked_and_nothing_if_charged(self, products: dict[str, Row]) -> None:
        for row in products.values():
            if row["kind"] == "stock":
                assert int(row["weight_g"]) > 0
            else:
                assert (row["weight_g"], row["gtin"]) == ("", "")


class TestCustomers:
    def test_cover_every_accepted_row_and_no_more(self, lines: list[Row]) -> None:
        numbers = [row["number"] for row in read("customers.csv")]

        assert len(set(numbers)) == len(numbers)
        assert set(numbers) == {row["CustomerID"].removesuffix(".0") for row in lines if row["CustomerID"]}

    def test_have_unique_names_and_addresses_of_mail_that_reach_nobody(self) -> None:
        rows = read("customers.csv")

        assert len({row["name"] for row in rows}) == len(rows)
        assert len({row["email"] for row in rows}) == len(rows)
        for row in rows:
            assert re.fullmatch(r"orders@[a-z0-9]+(-[a-z0-9]+)*\.example", row["email"])

    def test_live_in_the_country_of_their_orders(self, accepted: list[Row]) -> None:
        codes = {row["number"]: row["country"] for row in read("customers.csv")}
        pairs = {(row["Country"], codes[row["CustomerID"].removesuffix(".0")]) for row in accepted}

        assert pairs == {
            ("Australia", "AU"),
            ("EIRE", "IE"),
            ("France", "FR"),
            ("Germany", "DE"),
            ("Netherlands", "NL"),
            ("Norway", "NO"),
            ("United Kingdom", "GB"),
        }

    def test_have_a_whole_address_and_terms(self) -> None:
        for row in [*read("customers.csv"), *read("warehouses.csv")]:
            assert row["name"]
            assert row["street"]
            assert row["city"]
            assert re.fullmatch(POSTCODES.get(row["country"], WRITTEN_DOWN), row["postcode"]), row
        terms = Counter(row["terms_days"] for row in read("customers.csv"))
        assert set(terms) == {"14", "30", "60"}
        assert terms["30"] > terms["14"] + terms["60"]


class TestBins:
    def test_are_unique_and_walked_in_one_order_per_warehouse(self) -> None:
        bins = read("bins.csv")

        assert len({(row["warehouse"], row["code"]) for row in bins}) == len(bins)
        assert len({(row["warehouse"], row["sequence"]) for row in bins}) == len(bins)
        assert {row["warehouse"] for row in bins} == {row["code"] for row in read("warehouses.csv")}
        assert all(re.fullmatch(r"[A-Z]-[0-9]{2}-[0-9]{2}", row["code"]) for row in bins)

    def test_are_walked_up_one_aisle_and_down_the_next(self) -> None:
        racks: dict[str, list[int]] = {}
        for row in sorted(read("bins.csv"), key=lambda row: int(row["sequence"])):
            if row["warehouse"] == "MAIN":
                aisle, rack, _ = row["code"].split("-")
                racks.setdefault(aisle, []).append(int(rack))

        assert list(racks) == sorted(racks)
        assert racks["A"] == sorted(racks["A"])
        assert racks["B"] == sorted(racks["B"], reverse=True)

    def test_are_enough_in_both_warehouses(self) -> None:
        sizes = Counter(row["warehouse"] for row in read("bins.csv"))

        assert len(sizes) == 2
        assert min(sizes.values()) >= 400


class TestShelves:
    def test_are_one_bin_each_for_one_product(self, products: dict[str, Row], shelves: list[Row]) -> None:
        places = [(row["warehouse"], row["bin"]) for row in shelves]

        assert len(set(places)) == len(places)
        assert set(places) <= {(row["warehouse"], row["code"]) for row in read("bins.csv")}
        assert {row["sku"] for row in shelves} == {sku for sku, row in products.items() if row["kind"] == "stock"}

    def test_share_out_all_of_a_product(self, shelves: list[Row]) -> None:
        shares: dict[str, Decimal] = {}
        for row in shelves:
            shares[row["sku"]] = shares.get(row["sku"], Decimal(0)) + Decimal(row["share"])

        assert set(shares.values()) == {Decimal(1)}

    def test_cost_40_to_60_percent_of_the_price_the_same_in_both_warehouses(
        self, products: dict[str, Row], shelves: list[Row]
    ) -> None:
        costs: dict[str, set[str]] = {}
        for row in shelves:
            cost, price = Decimal(row["unit_cost"]), Decimal(products[row["sku"]]["list_price"])
            costs.setdefault(row["sku"], set()).add(row["unit_cost"])
            assert cost > 0
            assert abs(cost - price / 2) <= price / 10 + Decimal("0.005"), row

        assert all(len(seen) == 1 for seen in costs.values())

    def test_are_mostly_in_main_shared_for_some_and_only_in_north_for_a_few(self, shelves: list[Row]) -> None:
        held: dict[str, set[str]] = {}
        for row in shelves:
            held.setdefault(row["sku"], set()).add(row["warehouse"])
        kinds = Counter(" ".join(sorted(warehouses)) for warehouses in held.values())

        assert kinds["MAIN"] > kinds["MAIN NORTH"] > kinds["NORTH"] > 10


class TestFolder:
    def test_says_its_own_figures_to_the_penny(
        self, orders: list[Row], accepted: list[Row], products: dict[str, Row], history: Plan
    ) -> None:
        net = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in accepted)
        kinds = Counter(document.kind for document in history.documents)
        past = [row for one in history.documents if one.kind == Kind.ORDER for row in one.rows]

        assert readme_figures() == {
            "Customers": f"{len(read('customers.csv')):,}",
            "Countries": f"{len({row['country'] for row in read('customers.csv')}):,}",
            "Products": f"{len(products):,}",
            "Rows of the history": f"{len(history_text().splitlines()) - 1:,}",
            "Orders of the history": f"{kinds[Kind.ORDER]:,}",
            "Lines of these orders": f"{len(past):,}",
            "Their net total": f"{sum(row.quantity * row.price for row in past):,.2f} GBP",
            "Cancellations of the history": f"{kinds[Kind.CREDIT]:,}",
            "Corrections of stock in the history": f"{kinds[Kind.CORRECTION]:,}",
            "Rows of the history that are refused": f"{len(history.refused):,}",
            "Rows of the sample": f"{len(orders):,}",
            "Rows of it that an import accepts": f"{len(accepted):,}",
            "Orders of the sample": "200",
            "Net total of its accepted rows": f"{net:,.2f} GBP",
        }

    def test_names_its_sources_and_their_licence(self) -> None:
        text = (FOLDER / "README.md").read_text(encoding="utf-8")

        assert "UCI Machine Learning Repository" in text
        assert "GeoNames" in text
        assert text.count("CC BY 4.0") >= 2

    def test_is_small_enough_to_ship(self) -> None:
        def sizes() -> Iterator[int]:
            for path in FOLDER.glob("*.*"):
                yield path.stat().st_size

        assert sum(sizes()) < 1_400_000
