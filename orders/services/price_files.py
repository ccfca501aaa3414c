"""Taking files of prices in, and giving prices as such a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F

from core import bulk, intake
from core.intake import Column, Group, ImportKind, Origin, RowResult, readers
from core.models import User
from core.money import ZERO
from core.quantities import MAX_QUANTITY, in_steps
from core.roles import require
from core.transactions import atomic
from inventory.models import Product
from orders.models import Price, PriceList

MAX_PRICE = Decimal(10_000_000)
COLUMNS = (
    Column("price_list", "price list", readers.code(20), "list pricelistcode", help="The list's code"),
    Column("sku", "SKU", readers.code(40), "stockcode productcode itemcode item itemno article articleno product"),
    Column(
        "price",
        "price",
        readers.number(may_be_zero=True, most=MAX_PRICE),
        "unitprice netprice",
        writes="number",
        help="Net, of one unit",
    ),
    Column(
        "from_quantity",
        "from quantity",
        readers.optional(readers.number(may_be_zero=True, most=MAX_QUANTITY)),
        "fromqty minquantity",
        writes="number",
        is_required=False,
        help="0 for any; 10 is a price for ten and more",
    ),
    Column(
        "valid_from",
        "first day",
        readers.optional(readers.day(years_ahead=100)),
        "validfrom from",
        writes="day",
        is_required=False,
    ),
    Column(
        "valid_until",
        "last day",
        readers.optional(readers.day(years_ahead=100)),
        "validuntil until to",
        writes="day",
        is_required=False,
    ),
)


def _key(values: Mapping[str, Any]) -> str:
    """Return what there is one price for.

    :raises KeyError: where it could not be read.
    """
    steps = (values.get("from_quantity") or ZERO).normalize(), values.get("valid_from")
    return "\n".join(map(str, (values["price_list"], values["sku"], *steps)))


@atomic
def take_prices(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Put the prices of rows on their lists, or change those that stand there from the same quantity and day on.

    :raises NotAllowed: where the actor may not change prices.
    """
    require(actor, "orders.price")
    rows = [group.rows[0] for group in groups]
    lists = dict(PriceList.objects.filter(company=origin.company_id).values_list("code", "pk"))
    skus = {row.values["sku"] for row in rows}
    found = Product.objects.filter(company=origin.company_id, sku__in=skus)
    products = {
        sku: (pk, step, unit) for sku, pk, step, unit in found.values_list("sku", "pk", "unit__step", "unit__code")
    }
    of_rows: Any = Price.objects.filter(
        price_list__in=lists.values(), product__in=[pk for pk, _step, _unit in products.values()]
    )
    standing = {
        (price.price_list_id, price.product_id, price.from_quantity, price.valid_from): price
        for price in of_rows.locked()
    }
    results: dict[int, RowResult] = {}
    made: list[tuple[int, Price]] = []
    changed: list[Price] = []
    for row in rows:
        said = row.values
        fault = _fault(said, lists, products)
        if fault is not None:
            results[row.number] = origin.refused(*fault)
            continue
        place = (
            lists[said["price_list"]],
            products[said["sku"]][0],
            said.get("from_quantity") or ZERO,
            said.get("valid_from"),
        )
        price = standing.get(place)
        if price is None:
            names = ("price_list_id", "product_id", "from_quantity", "valid_from")
            fresh: dict[str, Any] = dict(zip(names, place, strict=True))
            made.append((row.number, Price(price=said["price"], valid_until=said.get("valid_until"), **fresh)))
        elif (price.price, price.valid_until) == (said["price"], said.get("valid_until", price.valid_until)):
            results[row.number] = intake.same("It stands so already.", price.pk)
        else:
            price.price, price.valid_until = said["price"], said.get("valid_until", price.valid_until)
            changed.append(price)
            results[row.number] = intake.loaded(price.pk)
    bulk.update(changed, ["price", "valid_until"])
    bulk.insert([price for _number, price in made])
    return results | {number: intake.loaded(price.pk) for number, price in made}


def _fault(
    said: Mapping[str, Any], lists: Mapping[str, int], products: Mapping[str, tuple[int, Decimal, str]]
) -> tuple[str, str] | None:
    if said["price_list"] not in lists:
        return "price_list", f"There is no price list {said['price_list']}. There is {', '.join(lists) or 'none yet'}."
    if said["sku"] not in products:
        return "sku", f"There is no product {said['sku']}."
    _pk, step, unit = products[said["sku"]]
    if not in_steps(said.get("from_quantity") or ZERO, step):
        return "from_quantity", f"{said['sku']} is sold in steps of {step.normalize():f} {unit}."
    first, last = said.get("valid_from"), said.get("valid_until")
    if first and last and last < first:
        return "valid_until", "The last day is before the first."
    return None


def price_rows(user: User) -> Iterator[Sequence[Any]]:
    """Yield every price of the person's company as a row of such a file."""
    prices: Any = Price.objects.for_user(user).select_related("price_list", "product")
    ordered = prices.order_by(
        "price_list__code", "product__sku", "from_quantity", F("valid_from").asc(nulls_first=True)
    )
    for price in ordered.iterator(chunk_size=1_000):
        yield (
            price.price_list.code,
            price.product.sku,
            price.price.normalize(),
            price.from_quantity.normalize(),
            price.valid_from.isoformat() if price.valid_from else "",
            price.valid_until.isoformat() if price.valid_until else "",
        )


PRICES = ImportKind(
    name="prices",
    label="Prices",
    noun="price",
    verb="orders.price",
    columns=COLUMNS,
    key=_key,
    is_unique=True,
    slice=500,
    load=take_prices,
    rows=price_rows,
    page="orders:price_lists",
    icon="payments",
    about="One row for each price of a product on a list, from a quantity and a day on.",
)
