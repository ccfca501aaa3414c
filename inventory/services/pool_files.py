"""Taking files of channels' pools in, and giving them as such a file: what a row says is what stands, or is made so."""

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
from inventory.models import Channel, ChannelPool, Product, Warehouse
from inventory.services.pooling import PoolTerms, keep_pools

ZERO = Decimal(0)
OVERFLOW = {"shared": ChannelPool.Overflow.SHARED.value, "none": ChannelPool.Overflow.NONE.value}
_units = readers.optional(readers.number(may_be_zero=True, most=MAX_QUANTITY))

COLUMNS = (
    Column("channel", "channel", readers.code(20), "channelcode shop", help="The channel's code"),
    Column("sku", "SKU", readers.code(40), "stockcode productcode itemcode item itemno article articleno product"),
    Column("warehouse", "warehouse", readers.code(20), "warehousecode site", help="The warehouse's code"),
    Column("allotment", "keeps", _units, "allotment quantity", writes="number", is_required=False, help="For it alone"),
    Column(
        "cap",
        "promised at most",
        _units,
        "cap most max",
        writes="number",
        is_required=False,
        help="Promised and not picked at a time; no limit where it is empty",
    ),
    Column(
        "safety",
        "leaves",
        _units,
        "safety safetystock buffer",
        writes="number",
        is_required=False,
        help="Of what nobody keeps",
    ),
    Column(
        "overflow",
        "beyond that",
        readers.optional(readers.choice(OVERFLOW)),
        "overflow rule",
        is_required=False,
        help="shared (what nobody keeps) or none",
    ),
)


@atomic
def take_pools(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Make pools of rows, or change those that stand; what a row does not say stays as it is.

    :raises NotAllowed: where the actor may not keep channels.
    """
    require(actor, "inventory.keep_channels")
    rows = [group.rows[0] for group in groups]
    channels = dict(Channel.objects.filter(company=origin.company_id).order_by("code").values_list("code", "pk"))
    sites = dict(
        Warehouse.objects.for_user(actor).filter(company=origin.company_id).order_by("code").values_list("code", "pk")
    )
    found = Product.objects.filter(
        company=origin.company_id, kind=Product.Kind.STOCK, sku__in={row.values["sku"] for row in rows}
    )
    goods = {product.sku: product for product in found.select_related("unit")}
    standing = {
        (pool.channel_id, pool.level.product_id, pool.level.warehouse_id): pool
        for pool in ChannelPool.objects.filter(
            company=origin.company_id, level__product__in=[product.pk for product in goods.values()]
        ).select_related("level")
    }
    results: dict[int, RowResult] = {}
    kept: list[tuple[int, PoolTerms]] = []
    for row in rows:
        said = row.values
        fault = _fault(said, channels, sites, goods)
        if fault is not None:
            results[row.number] = origin.refused(*fault)
            continue
        place = channels[said["channel"]], goods[said["sku"]].pk, sites[said["warehouse"]]
        pool = standing.get(place)
        terms = _terms(place, pool, said)
        if terms.cap is not None and terms.cap < terms.allotment:
            results[row.number] = origin.refused("cap", "More is kept than may be promised.")
        elif pool is not None and terms == _terms(place, pool, {}):
            results[row.number] = intake.same("It stands so already.", pool.channel_id)
        else:
            kept.append((row.number, terms))
    keep_pools(terms=[terms for _number, terms in kept], actor=actor)
    return results | {number: intake.loaded(terms.channel_id) for number, terms in kept}


def _terms(place: tuple[int, int, int], pool: ChannelPool | None, said: Mapping[str, Any]) -> PoolTerms:
    """Return what a row comes to, over what stands."""
    terms = PoolTerms(*place)
    stands = pool or terms
    return PoolTerms(
        *place,
        allotment=said["allotment"] if said.get("allotment") is not None else stands.allotment,
        cap=said.get("cap", stands.cap),
        safety=said["safety"] if said.get("safety") is not None else stands.safety,
        overflow=said.get("overflow") or stands.overflow,
    )


def _fault(
    said: Mapping[str, Any], channels: Mapping[str, int], sites: Mapping[str, int], goods: Mapping[str, Product]
) -> tuple[str, str] | None:
    if said["channel"] not in channels:
        return "channel", f"There is no channel {said['channel']}. There is {', '.join(channels) or 'none yet'}."
    if said["warehouse"] not in sites:
        return "warehouse", f"There is no warehouse {said['warehouse']}. There is {', '.join(sites) or 'none yet'}."
    product = goods.get(said["sku"])
    if product is None:
        return "sku", f"No stock of yours has SKU {said['sku']}."
    for name in ("allotment", "cap", "safety"):
        if not in_steps(said.get(name) or ZERO, product.unit.step):
            step = f"{product.unit.step.normalize():f} {product.unit.code}"
            return name, f"{product.sku} is counted in steps of {step}."
    return None


def pool_rows(user: User) -> Iterator[Sequence[Any]]:
    """Yield every pool in the person's warehouses as a row of such a file."""
    words = {stored: word for word, stored in OVERFLOW.items()}
    pools: Any = ChannelPool.objects.for_user(user).select_related("channel", "level__product", "level__warehouse")
    ordered = pools.order_by("channel__code", "level__product__sku", "level__warehouse__code")
    for pool in ordered.iterator(chunk_size=1_000):
        yield (
            pool.channel.code,
            pool.level.product.sku,
            pool.level.warehouse.code,
            pool.allotment.normalize(),
            "" if pool.cap is None else pool.cap.normalize(),
            pool.safety.normalize(),
            words[pool.overflow],
        )


POOLS = ImportKind(
    name="pools",
    label="Channel pools",
    noun="pool",
    verb="inventory.keep_channels",
    columns=COLUMNS,
    key=intake.by("channel", "sku", "warehouse"),
    is_unique=True,
    slice=100,
    load=take_pools,
    rows=pool_rows,
    page="channels:channels",
    icon="stock",
    about="One row for what of a product in a warehouse is for a channel: it is made, or changed to what the row says.",
)
