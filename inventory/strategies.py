"""Who keeps, gains or loses stock when it is given anew: a pure decision by strategies (no ORM, no I/O)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum

from inventory.decide import Decision, Route, Supply, Want

ZERO = Decimal(0)


class Strategy(IntEnum):
    """What may become of what a demand has, in the turn in which they are served (PRODUCT.md E7).

    WIN gets all that it wants, as far as that leaves each GAIN what it has; GAIN keeps that and may get more;
    REDISTRIBUTE may get more or lose; FILL gets no more than it had, of what these leave; LOSE gives up all.
    """

    WIN = 1
    GAIN = 2
    REDISTRIBUTE = 3
    FILL = 4
    LOSE = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """What one demand wants of a product beyond what is with the pickers, and what it has of that, by level.

    Of a product with lots it is to be good until a day. Claims of one strategy are served in the order in which they
    are given.
    """

    demand_id: int
    product_id: int
    strategy: Strategy
    wanted: Decimal
    has: Mapping[int, Decimal]
    destination: Hashable = None
    channel_id: int | None = None
    good_until: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Units that a demand has of a level afterwards, and why."""

    demand_id: int
    level_id: int
    quantity: Decimal
    reason: str


def share_out(
    claims: Sequence[Claim],
    supplies: Sequence[Supply],
    routes: Mapping[tuple[Hashable, int], Route] | None = None,
) -> list[Share]:
    """Give the free stock of levels, and what the claims have of it, anew; never more of a level than that.

    Nobody is moved without need: a claim is served first with what it has, then as every other demand is. What pools
    keep of the free stock stays with them. Of lots nobody takes what lasts if others, who are not asked, need it.

    :param supplies: every level of which something is free or a claim has something.
    """
    pool = Pool(supplies, claims, routes or {})
    shares: list[Share] = []
    kept: dict[int, Decimal] = {}
    for claim in claims:  # what nobody may take is set aside before anybody is served
        if claim.strategy is Strategy.GAIN:
            shares += (own := pool.keep(claim, claim.wanted))
            kept[claim.demand_id] = sum((share.quantity for share in own), ZERO)
    for claim in sorted(claims, key=lambda claim: claim.strategy):  # a stable sort: their turn within a strategy stays
        limit = _limit(claim)
        if claim.strategy is not Strategy.GAIN:
            shares += (own := pool.keep(claim, limit))
            kept[claim.demand_id] = sum((share.quantity for share in own), ZERO)
        shares += pool.give(claim, limit - kept[claim.demand_id])
    return shares


def _limit(claim: Claim) -> Decimal:
    if claim.strategy is Strategy.LOSE:
        return ZERO
    if claim.strategy is Strategy.FILL:
        return min(claim.wanted, sum(claim.has.values(), ZERO))
    return claim.wanted


class Pool:
    """The stock that is given anew, while claims are served one after the other."""

    def __init__(
        self,
        supplies: Sequence[Supply],
        claims: Sequence[Claim],
        routes: Mapping[tuple[Hashable, int], Route],
    ) -> None:
        held: dict[int, dict[int | None, Decimal]] = {supply.level_id: defaultdict(Decimal) for supply in supplies}
        lasts: dict[int, dict[date, Decimal]] = {supply.level_id: defaultdict(Decimal) for supply in supplies}
        for claim in claims:
            for level_id, units in claim.has.items():
                held[level_id][claim.channel_id] += units
                if claim.good_until:
                    lasts[level_id][claim.good_until] += units
        supplies = [
            supply._replace(
                free=supply.free + sum(held[supply.level_id].values(), ZERO),
                life=supply.life and supply.life.anew(lasts[supply.level_id]),
                pools=supply.pools and supply.pools.anew(supply.free, held[supply.level_id]),
            )
            for supply in supplies
        ]
        self.supply_of = {supply.level_id: supply for supply in supplies}
        self.decision = Decision(supplies, routes, explains=False)

    def keep(self, claim: Claim, limit: Decimal) -> list[Share]:
        """Serve a claim with what it has, as far as that is still there."""
        shares = []
        for level_id, units in claim.has.items():
            supply = self.supply_of[level_id]
            place = supply.warehouse_id, supply.product_id
            free = self.decision.free[place]
            part = min(units, limit, supply.pools.spare(claim.channel_id, free) if supply.pools else free)
            if claim.good_until and supply.life:
                part = min(part, supply.life.free(claim.good_until))
            if part > 0:
                limit -= part
                self.decision.free[place] -= part
                if supply.pools:
                    supply.pools.promise(claim.channel_id, part)
                if claim.good_until and supply.life:
                    supply.life.promise(claim.good_until, part)
                shares.append(Share(claim.demand_id, level_id, part, ""))
        return shares

    def give(self, claim: Claim, units: Decimal) -> list[Share]:
        """Serve a claim with units of whatever is left, as a demand that waits for so many."""
        if units <= 0:
            return []
        before = len(self.decision.grants)
        want = Want(
            *(before, before, claim.product_id, units),
            destination=claim.destination,
            good_until=claim.good_until,
            channel_id=claim.channel_id,
        )
        self.decision.serve([want])
        grants = self.decision.grants[before:]
        return [Share(claim.demand_id, grant.level_id, grant.quantity, grant.reason) for grant in grants]
