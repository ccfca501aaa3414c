"""Taking files of products in, and giving products as such a file: what a row says is what stands, or is made so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import bulk, intake
from core.intake import Column, Group, ImportKind, Origin, RowResult, readers
from core.intake.cells import CellError, shown
from core.intake.columns import Notation
from core.models import User
from core.roles import require
from core.text import sort_key
from core.transactions import atomic
from inventory.models import KitComponent, Product, Unit, gtin_check_digit
from inventory.queries import catalogue

KINDS = {"stock": "STOCK", "charge": "CHARGE", "service": "SERVICE", "kit": "KIT"}
MAX_WEIGHT_G = Decimal(10_000_000)
# As they stand in the file and in the row; unit comes by its code
_FIELDS = ("name", "kind", "unit_id", "gtin", "weight_g", "is_active")
_COLUMN_OF = {"unit_id": "unit"}


def _gtin(cell: str, name: str, _notation: Notation) -> str:
    gtin = cell.replace(" ", "").replace("-", "")
    if gtin and (not gtin.isascii() or not gtin.isdigit() or len(gtin) not in (8, 12, 13, 14)):
        raise CellError(f"{name} {shown(cell)} is no GTIN: it has 8, 12, 13 or 14 digits.")
    if gtin and gtin_check_digit(gtin[:-1]) != gtin[-1]:
        raise CellError(f"{name} {gtin} has a wrong digit: with these the last would be {gtin_check_digit(gtin[:-1])}.")
    return gtin


COLUMNS = (
    Column("sku", "SKU", readers.code(40), "stockcode productcode itemcode item itemno itemnumber article articleno"),
    Column(
        "name",
        "name",
        readers.text(200, may_be_empty=False),
        "description productname itemname title",
        help="As it is sold",
    ),
    Column(
        "kind",
        "kind",
        readers.optional(readers.choice(KINDS)),
        "type producttype",
        is_required=False,
        help="stock, charge, service or kit; stock where nothing is said",
    ),
    Column(
        "unit",
        "unit",
        readers.optional(readers.code(12)),
        "unitcode uom unitofmeasure",
        is_required=False,
        help="The code of one of your units",
    ),
    Column("gtin", "GTIN", _gtin, "ean upc barcode eancode", is_required=False, help="8, 12, 13 or 14 digits"),
    Column(
        "weight_g",
        "weight in grams",
        readers.optional(readers.number(may_be_zero=True, most=MAX_WEIGHT_G, places=3)),
        "weight weightg grams",
        writes="number",
        is_required=False,
    ),
    Column(
        "is_active",
        "may be ordered",
        readers.optional(readers.yes),
        "active isactive",
        is_required=False,
        help="yes or no",
    ),
)


@atomic
def take_products(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Make products of rows, or change those that stand by their SKU; what a row does not say stays as it is.

    :raises NotAllowed: where the actor may not change products.
    """
    require(actor, "inventory.change_product")
    rows = {group.rows[0].values["sku"]: group.rows[0] for group in groups}
    products: Any = Product.objects.filter(company=origin.company_id, sku__in=rows)
    standing = {product.sku: product for product in products.locked()}
    known = list(Unit.objects.filter(company=origin.company_id).order_by("code"))
    units, whole = {unit.code: unit.pk for unit in known}, {unit.pk for unit in known if not unit.step % 1}
    moved = catalogue.moved_products([product.pk for product in standing.values()])
    kits = [product.pk for product in standing.values() if product.kind == Product.Kind.KIT]
    filled = set(KitComponent.objects.filter(kit__in=kits).values_list("kit", flat=True)) if kits else set()
    gtins = [row.values["gtin"] for row in rows.values() if row.values.get("gtin")]
    owners = dict(Product.objects.filter(company=origin.company_id, gtin__in=gtins).values_list("gtin", "sku"))
    results: dict[int, RowResult] = {}
    made: list[tuple[int, Product]] = []
    changed: list[Product] = []
    for sku, row in rows.items():
        product = standing.get(sku) or Product(company_id=origin.company_id, sku=sku)
        before = {name: getattr(product, name) for name in _FIELDS}
        fault = _fill(product, row.values, units, owners)
        if before["kind"] == Product.Kind.BALANCE:
            fault = ("sku", f"{sku} stands for balances brought forward: it stays as it is.")
        elif fault is None and Product.Kind.KIT in (before["kind"], product.kind):
            fault = _fault_of_kit(product, before["kind"] if sku in standing else "", filled, whole)
        if (
            fault is None
            and product.pk in moved
            and (before["kind"], before["unit_id"])
            != (
                product.kind,
                product.unit_id,
            )
        ):
            fault = (
                "kind" if before["kind"] != product.kind else "unit",
                f"Stock of {sku} was moved: kind and unit stay.",
            )
        if fault is not None:
            results[row.number] = origin.refused(*fault)
            continue
        if product.gtin:
            owners[product.gtin] = sku
        product.sort_key = sort_key(product.name)
        if product.pk is None:
            made.append((row.number, product))
        elif before == {name: getattr(product, name) for name in _FIELDS}:
            results[row.number] = intake.same("It stands so already.", product.pk)
        else:
            changed.append(product)
            results[row.number] = intake.loaded(product.pk)
    bulk.update(changed, [*(name.removesuffix("_id") for name in _FIELDS), "sort_key"])
    bulk.insert([product for _number, product in made])
    return results | {number: intake.loaded(product.pk) for number, product in made}


def _fault_of_kit(
    product: Product, before: str, filled: Collection[int], whole: Collection[int]
) -> tuple[str, str] | None:
    """Return the column and the reason where a kit cannot be as it is said; one that is empty is closed to orders."""
    if before and before != product.kind:
        is_kit = before == Product.Kind.KIT
        return "kind", f"{product.sku} {'is a kit, and stays one' if is_kit else 'is no kit, and becomes none'}."
    if product.unit_id not in whole:
        return "unit", "A kit is sold whole: choose a unit that is counted."
    if product.pk not in filled:
        product.is_active = False
    return None


def _fill(
    product: Product, said: Mapping[str, Any], units: Mapping[str, int], owners: Mapping[str, str]
) -> tuple[str, str] | None:
    """Set what a row says of a product, and return the column and the reason where it cannot be."""
    for name in ("name", "kind", "gtin", "weight_g", "is_active"):
        if name in said and (said[name] is not None or name == "weight_g"):
            setattr(product, name, said[name])
    unit = said.get("unit")
    if unit is not None and unit not in units:
        return "unit", f"There is no unit {unit}. There is {', '.join(units) or 'none yet'}."
    if unit is not None:
        product.unit_id = units[unit]
    elif product.unit_id is None:
        if len(units) != 1:
            return "unit", "Say in which unit it is counted."
        product.unit_id = next(iter(units.values()))
    if product.gtin and owners.get(product.gtin, product.sku) != product.sku:
        return "gtin", f"GTIN {product.gtin} is that of {owners[product.gtin]}."
    return None


def product_rows(user: User) -> Iterator[Sequence[Any]]:
    """Yield every product of the person's company as a row of such a file."""
    words = {stored: word for word, stored in KINDS.items()}
    products: Any = Product.objects.for_user(user).filter(kind__in=words).select_related("unit").order_by("sku")
    for product in products.iterator(chunk_size=1_000):
        yield (
            product.sku,
            product.name,
            words[product.kind],
            product.unit.code,
            product.gtin,
            product.weight_g,
            "yes" if product.is_active else "no",
        )


PRODUCTS = ImportKind(
    name="products",
    label="Products",
    noun="product",
    verb="inventory.change_product",
    columns=COLUMNS,
    key=intake.by("sku"),
    is_unique=True,
    slice=500,
    load=take_products,
    rows=product_rows,
    page="inventory:products",
    icon="products",
    about="One row for each product, by its SKU: what is new is made, what stands is changed to what the row says.",
)
