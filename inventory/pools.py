"""How much of a level each channel can be promised: its pool keeps units for it, what no pool keeps is for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pool:
    """What one channel has of one level.

    `allotment`: units of the level that are for this channel alone, promised or not. `overflows`: whether it may take
    of what no pool keeps as well, and then all but `safety` units. `cap`: how many may be promised at a time at most.
    """

    pool_id: int
    channel_id: int
    channel: str
    allotment: Decimal = ZERO
    cap: Decimal | None = None
    safety: Decimal = ZERO
    overflows: bool = True

    @property
    def rule(self) -> str:
        """What it may not, in words."""
        if not self.overflows:
            return "it gets its allotment and no more"
        return f"it leaves {shown(self.safety)} to others" if self.safety else "it may have what nobody keeps"


class Pools:
    """The pools of one level, the first to be filled before others, while its stock is promised.

    A pool keeps what its allotment lacks of promises. Each free unit is kept by one pool at most: where there is less
    than all want, the first has it. So a channel can always have what its own pool keeps, and no unit that nobody keeps
    is out of everybody's reach.
    """

    def __init__(self, pools: Sequence[Pool], promised: Mapping[int, Decimal]) -> None:
        self.pools = pools
        self.of = {pool.channel_id: pool for pool in pools}
        self.promised: dict[int, Decimal] = defaultdict(Decimal, promised)

    def kept(self, free: Decimal) -> dict[int, Decimal]:
        """Return how many units of what is free each channel's pool keeps."""
        kept = {}
        for pool in self.pools:
            units = min(max(pool.allotment - self.promised[pool.channel_id], ZERO), free)
            kept[pool.channel_id] = units
            free -= units
        return kept

    def spare(self, channel_id: int | None, free: Decimal) -> Decimal:
        """Return how many units of what is free no pool keeps for another channel."""
        return free - sum((units for one, units in self.kept(free).items() if one != channel_id), ZERO)

    def free(self, channel_id: int | None, free: Decimal) -> Decimal:
        """Return how many units of what is free a channel can be promised; orders of no channel have no pool."""
        own = self.of.get(channel_id) if channel_id is not None else None
        if own is None:
            return self.spare(None, free)
        kept = self.kept(free)
        units = kept[own.channel_id]
        if own.overflows:
            units += max(free - sum(kept.values(), ZERO) - own.safety, ZERO)
        return units if own.cap is None else min(units, max(own.cap - self.promised[own.channel_id], ZERO))

    def promise(self, channel_id: int | None, units: Decimal) -> None:
        """Count units as promised."""
        if channel_id in self.of:
            self.promised[channel_id] += units

    def pool_id(self, channel_id: int | None) -> int | None:
        """Return the pool in which what a channel is promised counts."""
        own = self.of.get(channel_id) if channel_id is not None else None
        return own.pool_id if own else None

    def anew(self, free: Decimal, held: Mapping[int | None, Decimal]) -> Pools:
        """Return the pools as they are when what channels hold of the level is given anew.

        A pool keeps that, and what it keeps of the free units, but fills itself no further with what others hold.
        """
        kept = self.kept(free)
        pools = [
            replace(pool, allotment=min(pool.allotment, self.promised[pool.channel_id] + kept[pool.channel_id]))
            for pool in self.pools
        ]
        return Pools(pools, {one: units - held.get(one, ZERO) for one, units in self.promised.items()})

    def reasons(self, channel_id: int | None, free: Decimal) -> list[str]:
        """Say why a channel cannot have what is free."""
        own = self.of.get(channel_id) if channel_id is not None else None
        said = [
            f"{_more(units)} kept for {self.of[one].channel}"
            for one, units in self.kept(free).items()
            if units and one != channel_id
        ]
        withheld = self.spare(channel_id, free) - self.free(channel_id, free)
        if own and withheld > 0:
            capped = own.cap is not None and self.free(channel_id, free) == max(
                own.cap - self.promised[own.channel_id], ZERO
            )
            why = f"it may have {shown(own.cap or ZERO)} promised at a time" if capped else own.rule
            said.append(f"{_more(withheld)} not for {own.channel}: {why}")
        return said


def _more(units: Decimal) -> str:
    return f"{shown(units)} more {'is' if units == 1 else 'are'}"


def shown(units: Decimal) -> str:
    """Return units as people read them."""
    return f"{units.normalize():,f}"
