"""Taking over: an order's part gets what a reservation's demand had, the very stock and the very pegs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from core import bulk
from inventory.decide import Grant, Want
from inventory.models import Allocation, Demand
from inventory.pools import Pools
from inventory.services.freeing import Cut, cancel_demand, free_allocations, lock_promises
from inventory.services.pegging import Line, lock_supply, lock_transfers, settle_promises
from inventory.shelf_life import ShelfLife

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Taking:
    """Units that a request takes over of a demand that was placed to keep them; `number` names for what."""

    demand_id: int
    quantity: Decimal
    number: str


class TakenOver:
    """What several requests take over, by their index: locked, given up by those who kept it, and given on.

    It is made before any level is locked: the lines that bring some of it come before them, and the demands. Of what
    was kept the stock goes first, then what comes, the first to come first.
    """

    def __init__(self, takings: Mapping[int, Sequence[Taking]], at: datetime) -> None:
        self.takings, self.at = takings, at
        self.demand_ids = sorted({one.demand_id for of_request in takings.values() for one in of_request})
        named = [(peg.supply_id, peg.transfer_line_id) for peg in self._pegs()]
        lock_supply((), line_ids=[supply_id for supply_id, _line in named if supply_id])
        lock_transfers((), line_ids=[line_id for _supply, line_id in named if line_id])
        self.firm = {pk: list(one.firm) for pk, one in lock_promises(demand_ids=self.demand_ids).items()}
        # What was pegged to another line meanwhile stays behind: that line is not locked
        self.pegs: dict[int, list[Allocation]] = defaultdict(list)
        for peg in self._pegs():
            if (peg.supply_id, peg.transfer_line_id) in named:
                self.pegs[peg.demand_id].append(peg)
        self.given: dict[int, list[tuple[Cut, str]]] = defaultdict(list)
        self.short: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)

    def _pegs(self) -> list[Allocation]:
        pegs = Allocation.objects.filter(demand__in=self.demand_ids, status=Allocation.Status.SOFT)
        rows = list(pegs.select_related("supply", "transfer_line__transfer").order_by("pk"))
        return sorted(rows, key=lambda peg: _line_of(peg).expected_on)

    def give_up(self) -> None:
        """Free the stock that is taken over; its levels are locked."""
        for index, of_request in self.takings.items():
            for taking in of_request:
                missing = taking.quantity
                while missing > 0 and self.firm[taking.demand_id]:
                    cut = self.firm[taking.demand_id].pop()  # the oldest
                    units = min(cut.quantity, missing)
                    if units < cut.quantity:
                        self.firm[taking.demand_id].append(replace(cut, quantity=cut.quantity - units))
                    self.given[index].append((replace(cut, quantity=units), taking.number))
                    missing -= units
                if missing > 0:
                    self.short[index].append((taking.demand_id, missing))
        free_allocations(cuts=[cut for given in self.given.values() for cut, _number in given], at=self.at)

    def serve(
        self, wants: Sequence[Want], lives: Mapping[int, ShelfLife], pools: Mapping[int, Pools]
    ) -> dict[int, list[Grant]]:
        """Grant wants the stock that was given up for them, as far as it lasts long enough; they want less by that."""
        grants: dict[int, list[Grant]] = {}
        for want in wants:
            if want.index in self.takings:
                grants[want.index] = [grant for grant in self._granted(want, lives, pools) if grant.quantity > 0]
                want.quantity -= sum((grant.quantity for grant in grants[want.index]), ZERO)
        return grants

    def _granted(self, want: Want, lives: Mapping[int, ShelfLife], pools: Mapping[int, Pools]) -> Iterator[Grant]:
        for cut, number in self.given[want.index]:
            units = cut.quantity
            if want.good_until is not None:
                life = lives[cut.level_id]
                units = max(min(units, life.free(want.good_until)), ZERO)
                life.promise(want.good_until, units)
            if cut.level_id in pools:
                pools[cut.level_id].promise(want.channel_id, units)
            yield Grant(want.index, cut.level_id, units, f"{number} kept it")

    def give_on(self, demands: Mapping[int, Demand]) -> None:
        """Give the pegs on to the new demands, by index, as far as these wait, and lower those that kept all of it."""
        made, changed = [], []
        for index, short in self.short.items():
            demand = demands[index]
            waits = demand.quantity - demand.allocated
            for demand_id, missing in short:
                units_wanted = min(missing, waits)
                for peg in self.pegs[demand_id]:
                    units = min(units_wanted, peg.quantity) if peg.status == Allocation.Status.SOFT else ZERO
                    if units <= 0:
                        continue
                    made.append(_peg_for(demand, peg, units, self.at))
                    if units == peg.quantity:
                        peg.free(at=self.at)
                    else:
                        peg.quantity -= units
                    changed.append(peg)
                    units_wanted -= units
                    waits -= units
        bulk.update(list(dict.fromkeys(changed)), ["quantity", "status"])
        bulk.insert(made)
        lowered: dict[int, Decimal] = defaultdict(Decimal)
        for of_request in self.takings.values():
            for taking in of_request:
                lowered[taking.demand_id] += taking.quantity
        # What is not needed of what comes is for others: somebody asked for the goods, and got others
        cancel_demand(cancelled=lowered, at=self.at, asks=False)
        settle_promises(demand_ids={demands[index].pk for index in self.short}, at=self.at)


def _line_of(peg: Allocation) -> Line:
    line: Line | None = peg.supply if peg.supply_id else peg.transfer_line
    assert line is not None
    return line


def _peg_for(demand: Demand, peg: Allocation, units: Decimal, at: datetime) -> Allocation:
    return Allocation(
        company_id=demand.company_id,
        demand=demand,
        supply_id=peg.supply_id,
        transfer_line_id=peg.transfer_line_id,
        quantity=units,
        status=Allocation.Status.SOFT,
        reason=peg.reason,
        created_at=at,
    )
