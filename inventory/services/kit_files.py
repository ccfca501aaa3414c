"""Taking files of what kits consist of in, and giving it as such a file: a kit's rows are all that is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import intake
from core.intake import Column, Group, ImportKind, Origin, RowResult, readers
from core.models import User
from core.quantities import MAX_QUANTITY, in_steps
from core.roles import require
from core.transactions import atomic
from inventory.models import KitComponent, Product
from inventory.services.kits import components_of, compose

COLUMNS = (
    Column("kit", "kit", readers.code(40), "kitsku bundle bundlesku parent parentsku set assembly", help="Its SKU"),
    Column(
        "sku",
        "SKU",
        readers.code(40),
        "component componentsku child childsku part stockcode productcode itemcode item itemno article articleno",
        help="What is in it",
    ),
    Column(
        "quantity",
        "units in a kit",
        readers.number(most=MAX_QUANTITY),
        "quantity qty units unitsinakit per quantityper",
        writes="number",
    ),
)


@atomic
def take_kits(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Have kits consist of what their rows say, in their order, and of nothing else; each whole or not at all.

    :raises NotAllowed: where the actor may not change products.
    """
    require(actor, "inventory.change_product")
    rows = [row for group in groups for row in group.rows]
    of_company: Any = Product.objects.filter(company=origin.company_id)
    named = of_company.filter(sku__in={row.values["kit"] for row in rows}, kind=Product.Kind.KIT)
    kits = {kit.sku: kit for kit in named.locked()}
    stock = of_company.filter(sku__in={row.values["sku"] for row in rows}, kind=Product.Kind.STOCK)
    goods = {product.sku: product for product in stock.select_related("unit")}
    had = components_of(list(kits.values()))
    results: dict[int, RowResult] = {}
    contents: dict[Product, dict[int, Decimal]] = {}
    for group in groups:
        faults = _faults(group, kits, goods)
        if faults or group.left_out:
            name = group.rows[0].values["kit"]
            whole = intake.refused(f"Another row of {name} was refused, and a kit is taken in whole.")
            results |= {row.number: whole for row in group.rows}
            results |= {number: origin.refused(*fault) for number, fault in faults.items()}
            continue
        kit = kits[group.rows[0].values["kit"]]
        units = {goods[row.values["sku"]].pk: row.values["quantity"] for row in group.rows}
        if list(units.items()) == [(pk, row.quantity) for pk, row in had[kit.pk].items()]:
            results |= {row.number: intake.same("It stands so already.", kit.pk) for row in group.rows}
        else:
            contents[kit] = units
            results |= {row.number: intake.loaded(kit.pk) for row in group.rows}
    compose(contents=contents, had=had)
    return results


def _faults(group: Group, kits: Mapping[str, Product], goods: Mapping[str, Product]) -> dict[int, tuple[str, str]]:
    """Return the column and the reason for each row of a kit that cannot be."""
    faults: dict[int, tuple[str, str]] = {}
    said: dict[str, int] = {}
    for row in group.rows:
        kit, sku, quantity = (row.values[name] for name in ("kit", "sku", "quantity"))
        product = goods.get(sku)
        if kit not in kits:
            faults[row.number] = "kit", f"There is no kit {kit}: it comes as a product of that kind first."
        elif product is None:
            faults[row.number] = "sku", f"No stock of yours has SKU {sku}: a kit consists of stock."
        elif sku in said:
            faults[row.number] = "sku", f"{sku} stands in line {said[sku]} already."
        elif not in_steps(quantity, product.unit.step):
            step = f"{product.unit.step.normalize():f} {product.unit.code}"
            faults[row.number] = "quantity", f"{sku} is counted in steps of {step}."
        said.setdefault(sku, row.number)
    return faults


def kit_rows(user: User) -> Iterator[Sequence[Any]]:
    """Yield what is in every kit of the person's company as rows of such a file."""
    components = KitComponent.objects.filter(kit__company__in=user.company_ids).select_related("kit", "product")
    for one in components.order_by("kit__sku", "position").iterator(chunk_size=1_000):
        yield one.kit.sku, one.product.sku, one.quantity.normalize()


KITS = ImportKind(
    name="kits",
    label="Contents of kits",
    noun="kit",
    verb="inventory.change_product",
    columns=COLUMNS,
    key=intake.by("kit"),
    slice=100,
    load=take_kits,
    rows=kit_rows,
    page="inventory:products",
    icon="products",
    about="One row for each product in a kit, in their order. A kit is what its rows say, and nothing else.",
)
