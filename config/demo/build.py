"""Builds the demo files beside it from the source data; says what is real in them and what is made.

Usage: python3 config/demo/build.py SOURCE

SOURCE holds online_retail/online_retail_to_2011-07.csv.gz (UCI Online Retail) and postal/XX.txt.gz (GeoNames
postal codes). Standard library only. Every choice hangs on SEED and on the row's own key, so a second run
writes the same bytes.
"""

import csv
import gzip
import io
import json
import math
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

Row = dict[str, str]

FOLDER = Path(__file__).resolve().parent
SEED = "orderly-demo-1"
ORDERS = 200
# Refused kinds that fall between the first orders: all cancellations and zero prices, and the small documents
# without a customer. The two large ones (500 till rows each) would drown the orders.
LARGEST_REFUSED_DOCUMENT = 15

CHARGES = {"POST", "DOT", "C2", "M", "D", "S", "B", "CRUK", "AMAZONFEE", "BANK CHARGES"}
STOCKED_SHARE = Decimal("0.95")
CENT = Decimal("0.01")

AISLES = "ABCDEFGH"
# (code, name, street, town, postal area, aisles, racks per aisle)
WAREHOUSES = [
    ("MAIN", "Daventry distribution centre", "Unit 4, Wharf Farm Way", "Daventry", "NN", 8, 40),
    ("NORTH", "Motherwell depot", "12 Ravens Craig Road", "Motherwell", "ML", 3, 25),
]
LEVELS = 4
ZONES = ["FAST", "FAST", "SHELF", "SHELF", "SHELF", "SHELF", "SLOW", "SLOW"]

COUNTRIES = {
    "United Kingdom": "GB",
    "EIRE": "IE",
    "France": "FR",
    "Germany": "DE",
    "Norway": "NO",
    "Netherlands": "NL",
    "Australia": "AU",
}

# Towns, streets and the two halves of a company's name, by country. Towns are chosen by hand and carry the
# beginning of their postal area, which keeps Leeds in Yorkshire apart from Leeds in Kent. French towns carry their
# whole postcode, for GeoNames' file of France is not among the sources.
WORDS: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))
TERMS = [30] * 8 + [14, 60]


def dice(*key: str) -> random.Random:
    """Return the dice of one row, so that a new row never changes its neighbors."""
    return random.Random(":".join((SEED, *key)))  # noqa: S311 - made data, not secrets


def read_retail(source: Path) -> list[Row]:
    """Read the whole source file, so that names and prices of refused rows have something to stand on."""
    with gzip.open(
        source / "online_retail" / "online_retail_to_2011-07.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
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


def choose_rows(retail: list[Row]) -> list[Row]:
    """Return all rows of the first orders, and between them the rows that an import must refuse."""
    chosen: dict[str, None] = {}
    for row in retail:
        if is_acceptable(row):
            chosen[row["InvoiceNo"]] = None
            if len(chosen) == ORDERS:
                break
    last = max(index for index, row in enumerate(retail) if row["InvoiceNo"] in chosen)
    window = retail[: last + 1]
    sizes = Counter(row["InvoiceNo"] for row in window)
    refused = {number for number, size in sizes.items() if number not in chosen and size <= LARGEST_REFUSED_DOCUMENT}
    return [row for row in window if row["InvoiceNo"] in chosen or row["InvoiceNo"] in refused]


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


def make_products(rows: list[Row], retail: list[Row]) -> list[Row]:
    """Make one product per SKU of the orders, the busiest first into the bins nearest the door.

    A SKU that the whole source never names or prices (stray write-offs) makes no product.
    """
    accepted = [row for row in rows if is_acceptable(row)]
    demand: Counter[str] = Counter()
    lines = Counter(row["StockCode"] for row in accepted)
    for row in accepted:
        demand[row["StockCode"]] += int(row["Quantity"])
    by_sku: dict[str, list[Row]] = {row["StockCode"]: [] for row in rows}
    for row in [*accepted, *retail]:
        if row["StockCode"] in by_sku:
            by_sku[row["StockCode"]].append(row)
    skus = sorted(sku for sku, seen in by_sku.items() if any(Decimal(row["UnitPrice"]) > 0 for row in seen))
    stocked = sorted((sku for sku in skus if sku not in CHARGES), key=lambda sku: (-lines[sku], sku))
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
                "name": " ".join(most_frequent(row["Description"] for row in seen if row["Description"]).split()),
                "kind": "stock" if is_stock else "charge",
                "unit": "piece",
                "list_price": str(price),
                "demand": str(demand[sku]),
                "weight_g": str(made_weight(price, sku)) if is_stock else "",
                "gtin": made_gtin(serial) if is_stock else "",
                "home_bin": home.get(sku, ""),
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


def make_opening_stock(products: list[Row]) -> list[Row]:
    """Put at least 95 % of each product's demand on the shelf: most in MAIN, a fifth of products shared with NORTH."""
    (main, *_), (north, *_) = WAREHOUSES
    north_bins = iter(bin_codes(*WAREHOUSES[1][-2:]))
    stock = []
    for product in products:
        quantity = math.ceil(Decimal(product["demand"]) * STOCKED_SHARE)
        if product["kind"] != "stock" or not quantity:
            continue
        roll = dice("stock", product["sku"])
        luck, share = roll.random(), roll.uniform(0.2, 0.5)
        in_north = quantity if luck < 0.03 else round(quantity * share) if luck < 0.23 else 0
        cost = Decimal(product["list_price"]) * Decimal(roll.randint(400, 600)) / 1000
        unit_cost = max(CENT, cost.quantize(CENT, ROUND_HALF_UP))
        for warehouse, pieces in ((main, quantity - in_north), (north, in_north)):
            if pieces:
                stock.append(
                    {
                        "sku": product["sku"],
                        "warehouse": warehouse,
                        "bin": product["home_bin"] if warehouse == main else next(north_bins),
                        "quantity": str(pieces),
                        "unit_cost": str(unit_cost),
                    }
                )
    return stock


class PostalAreas:
    """The real postal areas of GeoNames, and postcodes made inside them."""

    def __init__(self, source: Path) -> None:
        self.areas: dict[str, list[list[str]]] = {}
        for country in sorted(set(WORDS["towns"]) - {"FR"}):
            with gzip.open(source / "postal" / f"{country}.txt.gz", "rt", encoding="utf-8") as file:
                self.areas[country] = [line.rstrip("\n").split("\t") for line in file]

    def postcode(self, country: str, town: str, letters: str, roll: random.Random) -> tuple[str, str]:
        """Return a postcode inside a real area of the town, and the state where addresses need one."""
        # GB districts from 60 up and areas without an accuracy are mostly post office boxes.
        found = [
            (area[1], area[4])
            for area in self.areas[country]
            if area[2] == town
            and area[1].startswith(letters)
            and (country != "GB" or (area[-1] and re.fullmatch(letters + r"[1-5]?[0-9][A-Z]?", area[1])))
        ]
        if not found:
            raise SystemExit(f"{town} ({country} {letters}) has no postal area in the source.")
        area, state = roll.choice(found)
        match country:
            case "GB":
                return f"{area} {roll.randint(1, 9)}{''.join(roll.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}", ""
            case "IE":
                return f"{area} {''.join(roll.choices('ACDEFHKNPRTVWXY0123456789', k=4))}", ""
            case "NL":
                return f"{area} {''.join(roll.choices('BCEGHJKLMNPRTVWXZ', k=2))}", ""
            case "AU":
                return area, state
            case _:
                return area, ""

    def address(self, country: str, roll: random.Random) -> Row:
        """Return a made street in a real town."""
        town, _, code = roll.choice(WORDS["towns"][country]).rpartition(" ")
        postcode, region = (code, "") if country == "FR" else self.postcode(country, town, code, roll)
        street, number = roll.choice(WORDS["streets"][country]), roll.randint(1, 120)
        line = f"{street} {number}" if country in {"DE", "NL", "NO"} else f"{number} {street}"
        return {"street": line, "city": town, "region": region, "postcode": postcode, "country": country}


def slug(name: str) -> str:
    """Return the name as it may stand in a mail domain."""
    spelled = name.lower().replace("ß", "ss").replace("ø", "o").replace("&", "and")
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def make_customers(rows: list[Row], areas: PostalAreas) -> list[Row]:
    """Make a company around each customer number of the orders; only number and country are the source's."""
    countries: dict[str, str] = {}
    for row in rows:
        if is_acceptable(row):
            countries.setdefault(row["CustomerID"].removesuffix(".0"), COUNTRIES[row["Country"]])
    unused = {
        country: [f"{owner} {trade}" for owner in owners for trade in WORDS["trades"][country]]
        for country, owners in WORDS["owners"].items()
    }
    for country, names in unused.items():
        dice("names", country).shuffle(names)
    customers = []
    for number, country in sorted(countries.items()):
        roll = dice("customer", number)
        name = unused[country].pop()
        customers.append(
            {
                "number": number,
                "name": name,
                **areas.address(country, roll),
                "email": f"orders@{slug(name)}.example",
                "vat_number": "",
                "terms_days": str(roll.choice(TERMS)),
            }
        )
    return customers


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


def write(name: str, rows: Sequence[Row]) -> None:
    """Write one file, with line ends that a diff can show on every system."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (FOLDER / name).write_bytes(text.getvalue().encode("utf-8"))


def figures(rows: list[Row], products: list[Row], stock: list[Row]) -> str:
    """Return the table that the README shows and a test recomputes."""
    accepted = [row for row in rows if is_acceptable(row)]
    net = sum((Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in accepted), Decimal(0))
    value = sum((int(row["quantity"]) * Decimal(row["unit_cost"]) for row in stock), Decimal(0))
    lines = [
        ("Rows", f"{len(rows):,}"),
        ("Rows that an import accepts", f"{len(accepted):,}"),
        ("Rows that it refuses", f"{len(rows) - len(accepted):,}"),
        ("Orders", f"{len({row['InvoiceNo'] for row in accepted}):,}"),
        ("Customers", f"{len({row['CustomerID'] for row in accepted}):,}"),
        ("Products", f"{len(products):,}"),
        ("Net total of the accepted rows", f"{net.quantize(CENT):,} GBP"),
        ("Pieces in opening stock", f"{sum(int(row['quantity']) for row in stock):,}"),
        ("Value of opening stock", f"{value.quantize(CENT):,} GBP"),
    ]
    return "\n".join(["| figure | value |", "|---|---:|", *(f"| {name} | {shown} |" for name, shown in lines)])


def build(source: Path) -> None:
    """Write all files of the demo and the figures in its README."""
    retail, areas = read_retail(source), PostalAreas(source)
    rows = choose_rows(retail)
    products = make_products(rows, retail)
    stock = make_opening_stock(products)
    write("orders.csv", rows)
    write("products.csv", products)
    write("customers.csv", make_customers(rows, areas))
    write("warehouses.csv", make_warehouses(areas))
    write("bins.csv", make_bins())
    write("opening_stock.csv", stock)
    readme = FOLDER / "README.md"
    table = f"<!-- figures -->\n{figures(rows, products, stock)}\n<!-- /figures -->"
    text = re.sub(r"<!-- figures -->.*<!-- /figures -->", table, readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build(Path(sys.argv[1]))
