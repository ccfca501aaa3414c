"""Which warehouse gives what to whom: a pure, totally ordered decision over demand and supply (no ORM, no I/O)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from inventory.pools import Pools
from inventory.shelf_life import ShelfLife

ZERO = Decimal(0)
# Beyond so many sites their combinations are not tried: an order that none can fill goes through them one by one
MOST_SITES_COMBINED = 8


class Special(NamedTuple):
    """Units of a product of which not all will do: what lasts long enough, or what is for a channel."""

    product_id: int
    good_until: date | None
    channel_id: int | None


Article = int | Special


@dataclass(slots=True)  # not frozen: they are made by the hundred thousand
class Want:
    """Units of one product that one demand still needs.

    Wants of one `group` (an order) go to one `destination`, and leave together where they can. Of a product with lots a
    want takes what is good until a day, and of one with pools what its channel may have.
    """

    index: int
    group: int
    product_id: int
    quantity: Decimal
    priority: int = 100
    destination: Hashable = None
    good_until: date | None = None
    channel_id: int | None = None


class Supply(NamedTuple):
    """Units of one product that one level can still promise. `rank` orders the warehouses, lowest first.

    `life` says how long they last where they have lots, `pools` what is kept for channels; the decision counts in them
    what it grants.
    """

    level_id: int
    product_id: int
    warehouse_id: int
    warehouse: str
    rank: int
    free: Decimal
    life: ShelfLife | None = None
    pools: Pools | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """How a warehouse serves a destination: working days until the goods are there, what it costs, and how far it is.

    `km` is None where the place is not known. `words` say it to people, such as "2 days, 113 km".
    """

    days: int = 0
    cost: Decimal = ZERO
    km: int | None = None
    words: str = ""

    @property
    def key(self) -> tuple[int, Decimal, bool, int]:
        """Sooner comes first, then cheaper, then nearer; a place that is not known is the farthest."""
        return self.days, self.cost, self.km is None, self.km or 0


@dataclass(slots=True)  # not frozen: they are made by the hundred thousand
class Grant:
    """What a want gets from a level, why that level was taken, and why each better or equal one was not."""

    index: int
    level_id: int
    quantity: Decimal
    reason: str
    rejected: tuple[str, ...] = ()


ROUTE = Route()


def decide(
    wants: Sequence[Want],
    supplies: Sequence[Supply],
    routes: Mapping[tuple[Hashable, int], Route] | None = None,
    *,
    explains: bool = True,
) -> list[Grant]:
    """Grant stock to wants by priority, then in the order given, and never more than a supply has.

    A group is given to the best warehouse that can fill all of it, by its route to the destination and then by rank;
    otherwise to the fewest warehouses that can, and among as few to the best; a line may split. What no warehouse has
    stays short (PRODUCT.md F1, F2, cases 16 and 103).

    :param routes: by destination and warehouse; without one, a warehouse is taken by its rank.
    :param explains: whether grants say why other warehouses were passed over.
    """
    return Decision(supplies, routes or {}, explains=explains).decide(wants).grants


@dataclass(frozen=True, slots=True)
class _Site:
    """A warehouse as one destination sees it."""

    warehouse_id: int
    name: str
    rank: int
    route: Route
    words: str

    @property
    def key(self) -> tuple[object, ...]:
        return *self.route.key, self.rank, self.warehouse_id

    def __str__(self) -> str:
        return self.words


class Decision:
    """The stock that is left while groups are served one after the other."""

    def __init__(
        self, supplies: Sequence[Supply], routes: Mapping[tuple[Hashable, int], Route], *, explains: bool = True
    ) -> None:
        self.explains = explains
        self.levels = {(supply.warehouse_id, supply.product_id): supply for supply in supplies}
        self.free = {place: supply.free for place, supply in self.levels.items()}
        self.warehouses = {supply.warehouse_id: supply for supply in supplies}
        self.routes = routes
        self.sites: dict[Hashable, list[_Site]] = {}
        self.grants: list[Grant] = []
        # Products of which not everything is for everybody, and why wants of them got no more, by their index
        self.pooled = {supply.product_id for supply in supplies if supply.pools is not None}
        self.withheld: dict[int, tuple[str, ...]] = {}

    def decide(self, wants: Sequence[Want]) -> Decision:
        """Decide as the function does, and return the decision, which says as well what was kept from whom."""
        groups: dict[tuple[int, int], list[Want]] = defaultdict(list)
        for want in wants:
            groups[want.priority, want.group].append(want)
        for _key, members in sorted(groups.items(), key=lambda item: (item[0][0], min(want.index for want in item[1]))):
            self.serve(members)
        return self

    def serve(self, members: Sequence[Want]) -> None:
        """Grant one group what there is for it."""
        if len(members) == 1 and members[0].good_until is None and members[0].product_id not in self.pooled:
            self.give_one(members[0])
        else:
            self.give(sorted(members, key=lambda want: want.index))

    def article_of(self, want: Want) -> Article:
        """Return what a want wants: a product, or what of it will do."""
        if want.good_until is None and want.product_id not in self.pooled:
            return want.product_id
        return Special(want.product_id, want.good_until, want.channel_id)

    def sites_for(self, destination: Hashable) -> list[_Site]:
        """Return all sites, the best for a destination first."""
        if destination not in self.sites:
            routes = {pk: self.routes.get((destination, pk), ROUTE) for pk in self.warehouses}
            self.sites[destination] = sorted(
                (
                    _Site(
                        pk,
                        one.warehouse,
                        one.rank,
                        route,
                        f"{one.warehouse} ({route.words})" if route.words else one.warehouse,
                    )
                    for one, (pk, route) in zip(self.warehouses.values(), routes.items(), strict=True)
                ),
                key=lambda site: site.key,
            )
        return self.sites[destination]

    def give_one(self, want: Want) -> None:
        """Grant a group of one want what there is for it: as `give` does, for those who are served by the thousand."""
        product, free = want.product_id, self.free
        useful = [site for site in self.sites_for(want.destination) if free.get((site.warehouse_id, product), ZERO) > 0]
        if not useful:
            return
        chosen = next(([site] for site in useful if free[site.warehouse_id, product] >= want.quantity), None)
        does = "can fill the order" if chosen else "has part of the line"
        missing = want.quantity
        if chosen is None:
            there = sum((free[site.warehouse_id, product] for site in useful), ZERO)
            missing = min(missing, there)
            chosen = useful if there == missing else list(self.fewest(useful, {product: missing}))
        rejected = self.rejected(useful, chosen, {product: missing}) if self.explains else ()
        for site in chosen:
            place = site.warehouse_id, product
            part = min(missing, free[place])
            if part > 0:
                missing -= part
                free[place] -= part
                self.grants.append(
                    Grant(want.index, self.levels[place].level_id, part, f"{site.words} {does}", rejected)
                )

    def give(self, members: Sequence[Want]) -> None:
        """Grant one group what there is for it, and say what there is that is not."""
        before, sites = len(self.grants), self.sites_for(members[0].destination)
        wanted: dict[Article, Decimal] = defaultdict(Decimal)
        for want in members:
            wanted[self.article_of(want)] += want.quantity
        there = {product: sum((self.left(site, product) for site in sites), ZERO) for product in wanted}
        needed = {product: min(units, there[product]) for product, units in wanted.items() if there[product] > 0}
        if needed:
            self.give_needed(members, sites, wanted, needed)
        if self.pooled and self.explains:
            self.say_withheld(members, sites, self.grants[before:])

    def give_needed(
        self,
        members: Sequence[Want],
        sites: Sequence[_Site],
        wanted: Mapping[Article, Decimal],
        needed: Mapping[Article, Decimal],
    ) -> None:
        """Grant one group what it wants, as far as that is there (`needed`)."""
        useful = [site for site in sites if any(self.left(site, product) > 0 for product in needed)]
        chosen = self.fewest(useful, needed)
        scope = "order" if len(chosen) == 1 and needed == wanted else "line"
        rejected = self.rejected(useful, chosen, needed) if self.explains else ()
        for want in members:
            missing = want.quantity
            article = self.article_of(want)
            alone = next((site for site in chosen if self.left(site, article) >= missing), None)
            for site in [alone] if alone else chosen:
                part = min(missing, self.left(site, article))
                if part > 0:
                    does = "has part of the line" if alone is None else f"can fill the {scope}"
                    missing -= part
                    self.free[site.warehouse_id, want.product_id] -= part
                    level = self.levels[site.warehouse_id, want.product_id]
                    if want.good_until and level.life:
                        level.life.promise(want.good_until, part)
                    if level.pools:
                        level.pools.promise(want.channel_id, part)
                    self.grants.append(Grant(want.index, level.level_id, part, f"{site} {does}", rejected))

    def left(self, site: _Site, article: Article) -> Decimal:
        if isinstance(article, Special):
            return self.left_of(site, article)
        return self.free.get((site.warehouse_id, article), ZERO)

    def left_of(self, site: _Site, article: Special) -> Decimal:
        place = site.warehouse_id, article.product_id
        level = self.levels.get(place)
        if level is None or (article.good_until and level.life is None):
            return ZERO
        units = self.free[place]
        if level.pools:
            units = level.pools.free(article.channel_id, units)
        return min(units, level.life.free(article.good_until)) if article.good_until and level.life else units

    def say_withheld(self, members: Sequence[Want], sites: Sequence[_Site], grants: Sequence[Grant]) -> None:
        """Say of those who did not get all that they want what there is that is not for them."""
        got: dict[int, Decimal] = defaultdict(Decimal)
        for grant in grants:
            got[grant.index] += grant.quantity
        for want in members:
            if got[want.index] < want.quantity:
                levels = [(site, self.levels.get((site.warehouse_id, want.product_id))) for site in sites]
                self.withheld[want.index] = tuple(
                    f"{site.name}: {reason}"
                    for site, level in levels
                    if level and level.pools
                    for reason in level.pools.reasons(want.channel_id, self.free[site.warehouse_id, want.product_id])
                )

    def fewest(self, sites: Sequence[_Site], needed: Mapping[Article, Decimal]) -> Sequence[_Site]:
        """Return the fewest sites that have all that is needed, the best of as few; sites come with the best first."""
        sizes = range(1, len(sites)) if len(sites) <= MOST_SITES_COMBINED else range(1, 3)
        for size in sizes:
            for some in combinations(sites, size):
                if all(sum(self.left(site, pk) for site in some) >= units for pk, units in needed.items()):
                    return some
        return sites

    def rejected(
        self, sites: Sequence[_Site], chosen: Sequence[_Site], needed: Mapping[Article, Decimal]
    ) -> tuple[str, ...]:
        """Say of each site that has some of it why it gives nothing."""
        words = []
        for site in sites:
            if site not in chosen:
                full = sum(self.left(site, product) >= units for product, units in needed.items())
                why = f"has {full} of {len(needed)} products in full" if full < len(needed) else _worse(site, chosen[0])
                words.append(f"{site} {why}")
        return tuple(words)


def _worse(site: _Site, chosen: _Site) -> str:
    """Say what puts one site after another that can do the same."""
    here, there = site.route, chosen.route
    if here.days != there.days:
        return f"would take longer than {chosen.name}"
    if here.cost != there.cost:
        return f"would cost more than {chosen.name}"
    return f"is farther than {chosen.name}" if here.km != there.km else f"comes after {chosen.name}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Units of one product for which a demand waits and that nothing on its way was promised for."""

    demand_id: int
    product_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Inbound:
    """Units of one product that a supplier is to bring on a day and that nobody was promised."""

    line_id: int
    product_id: int
    expected_on: date
    free: Decimal


@dataclass(frozen=True, slots=True)
class Peg:
    """What a demand is promised of a line."""

    demand_id: int
    line_id: int
    quantity: Decimal


def peg(waiting: Sequence[Waiting], inbounds: Sequence[Inbound], today: date) -> list[Peg]:
    """Promise what comes to what waits, in the order given, each from what comes first; never more than a line brings.

    What is late comes last: nobody knows when.
    """
    by_product: dict[int, list[Inbound]] = defaultdict(list)
    for inbound in sorted(inbounds, key=lambda one: (one.expected_on < today, one.expected_on, one.line_id)):
        by_product[inbound.product_id].append(inbound)
    free = {inbound.line_id: inbound.free for inbound in inbounds}
    pegs: list[Peg] = []
    for want in waiting:
        missing = want.quantity
        for inbound in by_product[want.product_id]:
            part = min(missing, free[inbound.line_id])
            if part > 0:
                pegs.append(Peg(want.demand_id, inbound.line_id, part))
                free[inbound.line_id] -= part
                missing -= part
    return pegs


@dataclass(frozen=True, slots=True)
class Terms:
    """In what quantities a supplier sells a product."""

    minimum: Decimal
    multiple: Decimal


def to_buy(
    *,
    short: Decimal,
    projected: Decimal,
    reorder_point: Decimal | None,
    order_up_to: Decimal | None,
    terms: Terms,
) -> Decimal:
    """Return how many units to buy: what orders lack, or what fills up to the target once the point is passed.

    `projected` is what is free, comes in time or stands in drafts, less what orders lack; it is the same after the
    units were put into a draft, so that whoever asks twice is told nothing twice.
    """
    needed = max(short, ZERO)
    if reorder_point is not None and order_up_to is not None and projected < reorder_point:
        needed = max(needed, order_up_to - projected)
    if needed <= 0:
        return ZERO
    needed = max(needed, terms.minimum)
    multiples, rest = divmod(needed, terms.multiple)
    return (multiples + (1 if rest else 0)) * terms.multiple
