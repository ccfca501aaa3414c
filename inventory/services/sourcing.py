"""From where goods come to a place: the lanes, distances and working days between warehouses and destinations."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, QuerySet

from core.reading import Among, Given, compiled
from inventory.decide import Route, Supply, Want
from inventory.geography import kilometres_between, normalized
from inventory.models import Allocation, Lane, StockLevel, Warehouse
from inventory.models.routes import dispatch_day
from inventory.pools import Pools
from inventory.shelf_life import ShelfLife

# A place that a warehouse with lanes has none to is served after all that it has one to
NO_LANE_DAYS = 60


@dataclass(frozen=True, slots=True)
class Destination:
    """Where goods are to go."""

    country: str
    postcode: str


def supplies_of(
    levels: Iterable[StockLevel], lives: Mapping[int, ShelfLife], pools: Mapping[int, Pools]
) -> list[Supply]:
    """Return what locked levels, that came with their warehouses, can still promise, how long it lasts and to whom."""
    return [
        Supply(
            level_id=level.pk,
            product_id=level.product_id,
            warehouse_id=level.warehouse_id,
            warehouse=level.warehouse.name,
            rank=level.warehouse.priority,
            free=level.sellable - level.allocated,
            life=lives.get(level.pk),
            pools=pools.get(level.pk),
        )
        for level in levels
    ]


def leaves_on(site: Warehouse, at: datetime) -> date:
    """Return the first day on which what is promised now can leave a warehouse (PRODUCT.md V1)."""
    return dispatch_day(site.days, site.cut_off, at.astimezone(site.company.zone))


def leave_days(demand_ids: Iterable[int], at: datetime) -> dict[int, date]:
    """Return by demand the first day on which all that it has of stock and nobody picked yet can leave."""
    ids = list(demand_ids)
    if not ids:
        return {}
    allocations = Allocation.objects.filter(
        demand__in=ids, status__in=[Allocation.Status.FIRM, Allocation.Status.RELEASED]
    )
    days: dict[int, date] = {}
    for one in allocations.select_related("level__warehouse__company", "level__warehouse__calendar"):
        day = leaves_on(one.stock.warehouse, at)
        days[one.demand_id] = max(day, days.get(one.demand_id, day))
    return days


def routes_of(sites: Mapping[int, Warehouse], wants: Sequence[Want], at: datetime) -> dict[tuple[Hashable, int], Route]:
    """Return how each warehouse serves each destination; nothing where there is only one to choose.

    One statement for the lanes of all warehouses. What waits for the next working day counts as time on the way.
    """
    if len(sites) < 2:
        return {}
    places = {want.destination for want in wants}
    return routes_by(sites, places, lanes_of(sites), {pk: leaves_on(site, at) for pk, site in sites.items()})


def routes_by(
    sites: Mapping[int, Warehouse],
    places: Iterable[Hashable],
    lanes: Mapping[int, Sequence[Lane]],
    leaves: Mapping[int, date],
    words: Mapping[int, str] | None = None,
) -> dict[tuple[Hashable, int], Route]:
    """Return how each warehouse serves each destination by its lanes, where goods leave it on a day.

    `words` say what else is to be said of a warehouse.
    """
    soonest = min(leaves.values())
    return {
        (place, pk): _route(site, place, lanes[pk], (leaves[pk] - soonest).days, words[pk] if words else "")
        for place in places
        if isinstance(place, Destination)
        for pk, site in sites.items()
    }


def lanes_of(sites: Collection[int]) -> dict[int, list[Lane]]:
    """Return the lanes of warehouses; none are asked for where there is only one to choose."""
    lanes: dict[int, list[Lane]] = {pk: [] for pk in sites}
    for lane in _lanes(list(sites)) if len(sites) > 1 else ():
        lanes[lane.warehouse_id].append(lane)
    return lanes


def days_from(site: Warehouse, place: Destination) -> int:
    """Return how many days goods are on their way from a warehouse to a place; one where no lane says it."""
    lane = _lane_to(place, _lanes([site.pk]))
    return 1 if lane is None else lane.days


def _lane_to(place: Destination, lanes: Sequence[Lane]) -> Lane | None:
    """Return the lane that is for the smallest area around a place."""
    code = normalized(place.postcode)
    fitting = [lane for lane in lanes if lane.country == place.country and code.startswith(normalized(lane.area))]
    return max(fitting, key=lambda lane: len(lane.area), default=None)


def _route(site: Warehouse, place: Destination, lanes: Sequence[Lane], waits: int, said: str) -> Route:
    lane = _lane_to(place, lanes)
    km = kilometres_between(site.country, site.postcode, place.country, place.postcode)
    far = "" if km is None else f"{km:,} km"
    if lane is None and not lanes:
        return Route(days=waits, km=km, words=_words(said, far))
    if lane is None:
        return Route(days=waits + NO_LANE_DAYS, km=km, words=_words(said, "no lane there"))
    days = waits + lane.days
    return Route(days, lane.cost, km, _words(said, f"{days} {'day' if days == 1 else 'days'}", far))


def _words(*said: str) -> str:
    return ", ".join(filter(None, said))


@compiled
def _lanes(warehouse_ids: Given) -> QuerySet[Lane]:
    return Lane.objects.filter(Among(F("warehouse_id"), warehouse_ids)).order_by("pk")
