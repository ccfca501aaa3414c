"""Proves that the demo files agree with each other and with what their README says of them."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "config" / "demo"

Row = dict[str, str]

COUNTRIES = {"AU", "DE", "FR", "GB", "IE", "NL", "NO"}
POSTCODES = {
    "AU": r"[0-9]{4}",
    "DE": r"[0-9]{5}",
    "FR": r"[0-9]{5}",
    "GB": r"[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}",
    "IE": r"[A-Z][0-9]{2} [0-9A-Z]{4}",
    "NL": r"[0-9]{4} [A-Z]{2}",
    "NO": r"[0-9]{4}",
}


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
def stock() -> list[Row]:
    return read("opening_stock.csv")


@pytest.fixture(scope="module")
def demand(accepted: list[Row]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for row in accepted:
        pieces[row["StockCode"]] += int(row["Quantity"])
    return pieces


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


class TestProducts:
    def test_cover_every_accepted_row(self, accepted: list[Row], products: dict[str, Row]) -> None:
        assert {row["StockCode"] for row in accepted} - set(products) == set()

    def test_are_unique(self, products: dict[str, Row]) -> None:
        assert len(read("products.csv")) == len(products)

    def test_state_their_demand(self, products: dict[str, Row], demand: Counter[str]) -> None:
        assert {sku: int(row["demand"]) for sku, row in products.items()} == {sku: demand[sku] for sku in products}

    def test_have_a_tidy_name_and_a_price(self, products: dict[str, Row]) -> None:
        for row in products.values():
            assert row["name"] == " ".join(row["name"].split()) != ""
            assert Decimal(row["list_price"]) > 0
            assert row["unit"] == "piece"

    def test_carry_the_price_charged_most_often(self, accepted: list[Row], products: dict[str, Row]) -> None:
        charged: dict[str, Counter[Decimal]] = {}
        for row in accepted:
            charged.setdefault(row["StockCode"], Counter())[Decimal(row["UnitPrice"])] += 1

        for sku, prices in charged.items():
            assert prices[Decimal(products[sku]["list_price"])] == max(prices.values())

    def test_are_charges_exactly_where_the_source_books_no_goods(self, products: dict[str, Row]) -> None:
        charges = {sku for sku, row in products.items() if row["kind"] == "charge"}

        assert charges == {"C2", "D", "M", "POST"}
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
                assert (row["weight_g"], row["gtin"], row["home_bin"]) == ("", "", "")


class TestCustomers:
    def test_cover_every_accepted_row_and_no_more(self, accepted: list[Row]) -> None:
        numbers = [row["number"] for row in read("customers.csv")]

        assert len(set(numbers)) == len(numbers)
        assert set(numbers) == {row["CustomerID"].removesuffix(".0") for row in accepted}

    def test_have_unique_names_and_addresses_of_mail_that_reach_nobody(self) -> None:
        rows = read("customers.csv")

        assert len({row["name"] for row in rows}) == len(rows)
        assert len({row["email"] for row in rows}) == len(rows)
        for row in rows:
            assert re.fullmatch(r"orders@[a-z0-9]+(-[a-z0-9]+)*\.example", row["email"])

    def test_live_in_the_country_of_their_orders(self, accepted: list[Row]) -> None:
        codes = {row["number"]: row["country"] for row in read("customers.csv")}
        pairs = {(row["Country"], codes[row["CustomerID"].removesuffix(".0")]) for row in accepted}

        assert set(codes.values()) == COUNTRIES
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
            assert re.fullmatch(POSTCODES[row["country"]], row["postcode"]), row
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

    def test_give_each_stocked_product_a_home_of_its_own(self, products: dict[str, Row]) -> None:
        homes = [row["home_bin"] for row in products.values() if row["kind"] == "stock"]

        assert len(set(homes)) == len(homes)
        assert set(homes) <= {row["code"] for row in read("bins.csv") if row["warehouse"] == "MAIN"}


class TestOpeningStock:
    def test_is_95_percent_of_demand_in_whole_pieces(
        self, products: dict[str, Row], demand: Counter[str], stock: list[Row]
    ) -> None:
        total: Counter[str] = Counter()
        for row in stock:
            assert int(row["quantity"]) > 0
            total[row["sku"]] += int(row["quantity"])

        for sku, product in products.items():
            covered = -(-demand[sku] * 95 // 100) if product["kind"] == "stock" else 0
            assert total[sku] == covered, sku
        assert set(total) <= set(products)

    def test_lies_in_bins_that_exist_one_row_each(self, products: dict[str, Row], stock: list[Row]) -> None:
        places = [(row["warehouse"], row["bin"]) for row in stock]

        assert len(set(places)) == len(places)
        assert set(places) <= {(row["warehouse"], row["code"]) for row in read("bins.csv")}
        for row in stock:
            if row["warehouse"] == "MAIN":
                assert row["bin"] == products[row["sku"]]["home_bin"]

    def test_costs_40_to_60_percent_of_the_price_the_same_in_both_warehouses(
        self, products: dict[str, Row], stock: list[Row]
    ) -> None:
        costs: dict[str, set[str]] = {}
        for row in stock:
            cost, price = Decimal(row["unit_cost"]), Decimal(products[row["sku"]]["list_price"])
            costs.setdefault(row["sku"], set()).add(row["unit_cost"])
            assert cost > 0
            assert abs(cost - price / 2) <= price / 10 + Decimal("0.005"), row

        assert all(len(seen) == 1 for seen in costs.values())

    def test_is_mostly_in_main_shared_for_some_and_only_in_north_for_a_few(self, stock: list[Row]) -> None:
        held: dict[str, set[str]] = {}
        pieces: Counter[str] = Counter()
        for row in stock:
            held.setdefault(row["sku"], set()).add(row["warehouse"])
            pieces[row["warehouse"]] += int(row["quantity"])
        kinds = Counter(" ".join(sorted(warehouses)) for warehouses in held.values())

        assert pieces["MAIN"] > 4 * pieces["NORTH"] > 0
        assert kinds["MAIN"] > kinds["MAIN NORTH"] > kinds["NORTH"] > 10


class TestFolder:
    def test_says_its_own_figures_to_the_penny(
        self, orders: list[Row], accepted: list[Row], products: dict[str, Row], stock: list[Row]
    ) -> None:
        net = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in accepted)
        value = sum(int(row["quantity"]) * Decimal(row["unit_cost"]) for row in stock)

        assert readme_figures() == {
            "Rows": f"{len(orders):,}",
            "Rows that an import accepts": f"{len(accepted):,}",
            "Rows that it refuses": f"{len(orders) - len(accepted):,}",
            "Orders": "200",
            "Customers": f"{len(read('customers.csv')):,}",
            "Products": f"{len(products):,}",
            "Net total of the accepted rows": f"{net:,.2f} GBP",
            "Pieces in opening stock": f"{sum(int(row['quantity']) for row in stock):,}",
            "Value of opening stock": f"{value:,.2f} GBP",
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

        assert sum(sizes()) < 600_000
