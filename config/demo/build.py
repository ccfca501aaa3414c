"""Builds the demo files beside it from the source data; says what is real in them and what is made.

Usage: python3 -m config.demo.build SOURCE

SOURCE holds online_retail/online_retail_to_2011-07.csv.gz (UCI Online Retail) and postal/XX.txt.gz (GeoNames
postal codes). Standard library only. Every choice hangs on a seed and on the row's own key, so a second run
writes the same bytes.
"""

import csv
import gzip
import io
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from config.demo.addresses import PostalAreas, dice, make_customers, most_customers
from config.demo.documents import Kind, Plan, is_charge, read_plan

Row = dict[str, str]

FOLDER = Path(__file__).resolve().parent
FILE = "online_retail_to_2011-07.csv.gz"
# orders.csv, a small file to try an import with: the first orders, and the refused kinds that fall between them. The
# two large ones (500 till rows each) would drown the orders.
SAMPLE_ORDERS, LARGEST_REFUSED_DOCUMENT = 200, 15
# history.csv.xz: orders of at most so many rows, of all customers abroad that can be named and the busiest at home
MOST_ROWS, HISTORY_ORDERS = 28, 5_400
# Of credits that match an order, of those that do not, and of corrections: every so many; so many nameless orders
EVERY_CREDIT, EVERY_STRANGE_CREDIT, EVERY_CORRECTION, COUNTER_ORDERS = 2, 20, 4, 60
CENT = Decimal("0.01")

AISLES = "ABCDEFGHJK"
# (code, name, street, town, postal area, aisles, racks per aisle)
WAREHOUSES = [
    ("MAIN", "Daventry distribution centre", "Unit 4, Wharf Farm Way", "Daventry", "NN", 10, 80),
    ("NORTH", "Motherwell depot", "12 Ravens Craig Road", "Motherwell", "ML", 6, 40),
]
LEVELS = 4
ZONES = ["FAST", "FAST", "SHELF", "SHELF", "SHELF", "SHELF", "SHELF", "SHELF", "SLOW", "SLOW"]

COUNTRIES = {
    "United Kingdom": "GB",
    "EIRE": "IE",
    "France": "FR",
    "Germany": "DE",
    "Norway": "NO",
    "Netherlands": "NL",
    "Australia": "AU",
    "Belgium": "BE",
    "Spain": "ES",
    "Switzerland": "CH",
    "Portugal": "PT",
    "Italy": "IT",
    "Finland": "FI",
    "Sweden": "SE",
    "Denmark": "DK",
    "Austria": "AT",
    "Czech Republic": "CZ",
    "Poland": "PL",
    "Greece": "GR",
    "Cyprus": "CY",
    "Japan": "JP",
    "Iceland": "IS",
    "Lithuania": "LT",
    "USA": "US",
    "Brazil": "BR",
}


def read_retail(source: Path) -> list[Row]:
    """Read the whole source file, so that names and prices of refused rows have something to stand on."""
    with gzip.open(source / "online_retail" / FILE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_cancelled(row: Row) -> bool:
    """Return whether the row belongs to a cancellation document."""
    return row["InvoiceNo"].startswith("C")


def is_acceptable(row: Row) -> bool:
    """Return whether the row is part of an order: a customer, a positive quantity and price, no cancellation."""
    return (
        bool(row["CustomerID"])
        and Decimal(row["Quantity"]) > 0
        and Decimal(row["UnitPrice"]) > 0
        and not is_cancelled(row)
    )


def choose_sample(retail: list[Row]) -> list[Row]:
    """Return all rows of the first orders, and between them the rows that an import must refuse."""
    chosen: dict[str, None] = {}
    for row in retail:
        if is_acceptable(row):
            chosen[row["InvoiceNo"]] = None
            if len(chosen) == SAMPLE_ORDERS:
                break
    last = max(index for index, row in enumerate(retail) if row["InvoiceNo"] in chosen)
    window = retail[: last + 1]
    sizes = Counter(row["InvoiceNo"] for row in window)
    refused = {number for number, size in sizes.items() if number not in chosen and size <= LARGEST_REFUSED_DOCUMENT}
    return [row for row in window if row["InvoiceNo"] in chosen or row["InvoiceNo"] in refused]


def choose_history(retail: list[Row], sample: list[Row]) -> list[Row]:
    """Return the rows of the past: whole documents as the source has them, of customers that are chosen as a whole."""
    documents: dict[str, list[Row]] = defaultdict(list)
    for row in retail:
        documents[row["InvoiceNo"]].append(row)
    orders = {
        number: rows
        for number, rows in documents.items()
        if rows[0]["CustomerID"]
        and rows[0]["Country"] in COUNTRIES
        and len(rows) <= MOST_ROWS
        and all(is_acceptable(row) for row in rows)
    }
    busy = Counter(rows[0]["CustomerID"] for rows in orders.values())
    country_of = {rows[0]["CustomerID"]: COUNTRIES[rows[0]["Country"]] for rows in reversed(orders.values())}
    named = Counter({COUNTRIES[row["Country"]]: 0 for row in sample if is_acceptable(row)})
    known = {row["CustomerID"] for row in sample if is_acceptable(row)}
    named.update(country_of[customer] for customer in known if customer in country_of)
    chosen: set[str] = set()
    number_of_orders = 0
    # Abroad first, the busiest first
    for customer in sorted(busy, key=lambda one: (country_of[one] == "GB", -busy[one], one)):
        country = country_of[customer]
        if customer not in known:
            if named[country] >= most_customers(country):
                continue
            named[country] += 1
        chosen.add(customer)
        number_of_orders += busy[customer]
        if number_of_orders >= HISTORY_ORDERS:
            break
    kept = {number for number, rows in orders.items() if rows[0]["CustomerID"] in chosen}
    skus = {row["StockCode"].upper() for number in kept for row in orders[number]}
    others = [(number, rows) for number, rows in documents.items() if number not in kept]
    credits_ = [number for number, rows in others if is_cancelled(rows[0]) and rows[0]["CustomerID"] in chosen]
    nameless = [(number, rows) for number, rows in others if not rows[0]["CustomerID"] and len(rows) <= MOST_ROWS]
    nameless = [(number, rows) for number, rows in nameless if {row["StockCode"].upper() for row in rows} <= skus]
    corrections = [number for number, rows in nameless if all(Decimal(row["UnitPrice"]) == 0 for row in rows)]
    counter = [
        number
        for number, rows in nameless
        if len(rows) > 1 and rows[0]["Country"] == "United Kingdom" and all(Decimal(r["UnitPrice"]) > 0 for r in rows)
    ]
    counter = [number for number in counter if not number.startswith("C")]
    kept |= {*corrections[::EVERY_CORRECTION], *counter[:: max(1, len(counter) // COUNTER_ORDERS)]}
    candidates = {*kept, *credits_}
    rows = [row for row in retail if row["InvoiceNo"] in candidates]
    plan = read_plan(io.StringIO(text_of(rows).decode("utf-8"), newline=""))
    unmatched = {refusal.row.number for refusal in plan.refused}
    matched = [number for number in credits_ if number not in unmatched]
    strange = [number for number in credits_ if number in unmatched]
    kept |= {*matched[::EVERY_CREDIT], *strange[::EVERY_STRANGE_CREDIT]}
    return [row for row in rows if row["InvoiceNo"] in kept]


def most_frequent(values: Iterable[str]) -> str:
    """Return the value seen most often, the first seen among equals, or nothing."""
    ranked = Counter(values).most_common(1)
    return ranked[0][0] if ranked else ""


def made_gtin(serial: int) -> str:
    """Return a GTIN-13 of the range 20-29, which GS1 leaves to a company's own use."""
    body = f"20{serial:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighted % 10}"


def made_weight(price: Decimal, sku: str) -> int:
    """Return grams that grow with the price, between a card and a piece of furniture."""
    grams = float(price) * 110 * dice("weight", sku).uniform(0.6, 1.6)
    return max(15, min(12000, round(grams / 5) * 5))


def make_products(sample: list[Row], history: list[Row], retail: list[Row]) -> list[Row]:
    """Make one product per code of the sample and the history, the busiest first into the bins nearest the door.

    A code that the whole source never names or prices (stray write-offs) makes no product.
    """
    accepted = [row for row in [*sample, *history] if is_acceptable(row)]
    wanted = {row["StockCode"] for row in sample} | {row["StockCode"].upper() for row in history}
    by_sku: dict[str, list[Row]] = {sku: [] for sku in wanted}
    lines: Counter[str] = Counter()
    for row in [*accepted, *retail]:
        for sku in {row["StockCode"], row["StockCode"].upper()} & wanted:
            by_sku[sku].append(row)
    for row in accepted:
        lines.update({row["StockCode"], row["StockCode"].upper()} & wanted)
    skus = sorted(sku for sku, seen in by_sku.items() if any(Decimal(row["UnitPrice"]) > 0 for row in seen))
    stocked = sorted((sku for sku in skus if not is_charge(sku.upper())), key=lambda sku: (-lines[sku], sku))
    home = dict(zip(stocked, bin_codes(*WAREHOUSES[0][-2:]), strict=False))
    if len(home) < len(stocked):
        raise SystemExit(f"{len(stocked)} products need more bins than the main warehouse has.")
    products = []
    for serial, sku in enumerate(skus, start=1):
        seen = by_sku[sku][: lines[sku]] or by_sku[sku]
        price = Decimal(most_frequent(row["UnitPrice"] for row in seen if Decimal(row["UnitPrice"]) > 0)).quantize(CENT)
        is_stock = sku in home
        products.append(
            {
                "sku": sku,
                "name": " ".join(
                    most_frequent(row["Description"] for row in seen if row["Description"]).split()
                ).rstrip(","),
                "kind": "stock" if is_stock else "charge",
                "unit": "piece",
                "list_price": str(price),
                "weight_g": str(made_weight(price, sku)) if is_stock else "",
                "gtin": made_gtin(serial) if is_stock else "",
            }
        )
    return products


def bin_codes(aisles: int, racks: int) -> list[str]:
    """Return bin codes in walking order: up one aisle and down the next."""
    codes = []
    for number, aisle in enumerate(AISLES[:aisles]):
        walk = range(1, racks + 1) if number % 2 == 0 else range(racks, 0, -1)
        codes += [f"{aisle}-{rack:02d}-{level:02d}" for rack in walk for level in range(1, LEVELS + 1)]
    return codes


def make_bins() -> list[Row]:
    """Make the pick bins of both warehouses; sequences leave room for a bin between two others."""
    return [
        {"warehouse": warehouse, "code": code, "zone": ZONES[AISLES.index(code[0])], "sequence": str(place * 10)}
        for warehouse, *_, aisles, racks in WAREHOUSES
        for place, code in enumerate(bin_codes(aisles, racks), start=1)
    ]


def make_shelves(products: list[Row], accepted: list[Row]) -> list[Row]:
    """Give each product its shelf: most lie in MAIN, a fifth of them in NORTH as well, a few only there."""
    (main, *_), (north, *_) = WAREHOUSES
    lines = Counter(row["StockCode"].upper() for row in accepted)
    stocked = [product for product in products if product["kind"] == "stock"]
    busiest = sorted(stocked, key=lambda product: (-lines[product["sku"]], product["sku"]))
    main_bins, north_bins = iter(bin_codes(*WAREHOUSES[0][-2:])), iter(bin_codes(*WAREHOUSES[1][-2:]))
    shelves = []
    for product in busiest:
        roll = dice("stock", product["sku"])
        luck, share = roll.random(), round(roll.uniform(0.2, 0.5), 2)
        in_north = 1.0 if luck < 0.03 else share if luck < 0.23 else 0.0
        cost = Decimal(product["list_price"]) * Decimal(roll.randint(400, 600)) / 1000
        unit_cost = str(max(CENT, cost.quantize(CENT, ROUND_HALF_UP)))
        for warehouse, bins, part in ((main, main_bins, round(1 - in_north, 2)), (north, north_bins, in_north)):
            if part:
                shelves.append(
                    {
                        "sku": product["sku"],
                        "warehouse": warehouse,
                        "bin": next(bins),
                        "share": f"{part:g}",
                        "unit_cost": unit_cost,
                    }
                )
    return sorted(shelves, key=lambda shelf: (shelf["sku"], shelf["warehouse"]))


def make_warehouses(areas: PostalAreas) -> list[Row]:
    """Make the two warehouses, in real towns."""
    return [
        {
            "code": code,
            "name": name,
            "street": street,
            "city": town,
            "region": "",
            "postcode": areas.postcode("GB", town, letters, dice("warehouse", code))[0],
            "country": "GB",
            "time_zone": "Europe/London",
        }
        for code, name, street, town, letters, *_ in WAREHOUSES
    ]


def text_of(rows: Sequence[Row]) -> bytes:
    """Return rows as a CSV file, with line ends that a diff can show on every system."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def figures(sample: list[Row], history: Plan, customers: list[Row], products: list[Row]) -> str:
    """Return the table that the README shows and a test recomputes."""
    accepted = [row for row in sample if is_acceptable(row)]
    net = sum((Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in accepted), Decimal(0))
    kinds = Counter(document.kind for document in history.documents)
    orders = [document for document in history.documents if document.kind == Kind.ORDER]
    seen = {row.line_number for document in history.documents for row in document.rows}
    seen |= {refusal.row.line_number for refusal in history.refused}
    lines = [
        ("Customers", f"{len(customers):,}"),
        ("Countries", f"{len({row['country'] for row in customers}):,}"),
        ("Products", f"{len(products):,}"),
        ("Rows of the history", f"{len(seen):,}"),
        ("Orders of the history", f"{kinds[Kind.ORDER]:,}"),
        ("Lines of these orders", f"{sum(len(order.rows) for order in orders):,}"),
        ("Their net total", f"{sum(row.net for order in orders for row in order.rows):,} GBP"),
        ("Cancellations of the history", f"{kinds[Kind.CREDIT]:,}"),
        ("Corrections of stock in the history", f"{kinds[Kind.CORRECTION]:,}"),
        ("Rows of the history that are refused", f"{len(history.refused):,}"),
        ("Rows of the sample", f"{len(sample):,}"),
        ("Rows of it that an import accepts", f"{len(accepted):,}"),
        ("Orders of the sample", f"{len({row['InvoiceNo'] for row in accepted}):,}"),
        ("Net total of its accepted rows", f"{net.quantize(CENT):,} GBP"),
    ]
    return "\n".join(["| figure | value |", "|---|---:|", *(f"| {name} | {shown} |" for name, shown in lines)])


def build(source: Path) -> None:
    """Write all files of the demo and the figures in its README."""
    retail, areas = read_retail(source), PostalAreas(source)
    sample = choose_sample(retail)
    history = choose_history(retail, sample)
    accepted = [row for row in [*sample, *history] if is_acceptable(row)]
    countries: dict[str, str] = {}
    for row in accepted:
        countries.setdefault(row["CustomerID"].removesuffix(".0"), COUNTRIES[row["Country"]])
    products, customers = make_products(sample, history, retail), make_customers(countries, areas)
    packed = text_of(history)
    files = {
        "orders.csv": text_of(sample),
        "history.csv.xz": lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME),
        "products.csv": text_of(products),
        "customers.csv": text_of(customers),
        "warehouses.csv": text_of(make_warehouses(areas)),
        "bins.csv": text_of(make_bins()),
        "shelves.csv": text_of(make_shelves(products, accepted)),
    }
    for name, content in files.items():
        (FOLDER / name).write_bytes(content)
    plan = read_plan(io.StringIO(packed.decode("utf-8"), newline=""))
    readme = FOLDER / "README.md"
    table = f"<!-- figures -->\n{figures(sample, plan, customers, products)}\n<!-- /figures -->"
    text = re.sub(r"<!-- figures -->.*<!-- /figures -->", table, readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build(Path(sys.argv[1]))
