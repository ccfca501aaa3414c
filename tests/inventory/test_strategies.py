"""Stock given anew: never more than there is, nobody below what their strategy leaves them, and in their turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from inventory.decide import Supply
from inventory.shelf_life import ShelfLife
from inventory.strategies import Claim, Share, Strategy, share_out

LEVELS = (1, 2, 3)
FREE = st.tuples(*(st.integers(0, 6).map(Decimal) for _ in LEVELS))
HAS = st.dictionaries(st.sampled_from(LEVELS), st.integers(1, 5).map(Decimal), max_size=3)
CLAIMS = st.lists(st.tuples(st.sampled_from(Strategy), HAS, st.integers(0, 6).map(Decimal)), max_size=7).map(
    lambda rows: [
        Claim(number, 7, strategy, sum(has.values(), Decimal(0)) + waits, has)
        for number, (strategy, has, waits) in enumerate(rows)
    ]
)


def supplies(free: Sequence[Decimal]) -> list[Supply]:
    return [
        Supply(level, 7, level * 10, f"Site {level}", level, units) for level, units in zip(LEVELS, free, strict=True)
    ]


def by_demand(shares: Sequence[Share]) -> dict[int, Decimal]:
    units: dict[int, Decimal] = defaultdict(Decimal)
    for share in shares:
        units[share.demand_id] += share.quantity
    return units


def had(claim: Claim) -> Decimal:
    return sum(claim.has.values(), Decimal(0))


class TestShareOut:
    @given(claims=CLAIMS, free=FREE)
    def test_gives_no_more_of_a_level_than_is_free_or_was_held(self, claims, free):
        there = {
            level: units + sum(c.has.get(level, 0) for c in claims) for level, units in zip(LEVELS, free, strict=True)
        }
        given_of: dict[int, Decimal] = defaultdict(Decimal)
        for share in share_out(claims, supplies(free)):
            assert share.quantity > 0
            given_of[share.level_id] += share.quantity
        assert all(units <= there[level] for level, units in given_of.items())

    @given(claims=CLAIMS, free=FREE)
    def test_keeps_to_what_each_strategy_allows(self, claims, free):
        after = by_demand(share_out(claims, supplies(free)))
        for claim in claims:
            units = after[claim.demand_id]
            assert units <= claim.wanted
            if claim.strategy is Strategy.GAIN:
                assert units >= had(claim)
            elif claim.strategy is Strategy.FILL:
                assert units <= had(claim)
            elif claim.strategy is Strategy.LOSE:
                assert units == 0

    @given(claims=CLAIMS, free=FREE)
    def test_serves_nobody_beyond_their_own_while_one_before_them_lacks_something(self, claims, free):
        after = by_demand(share_out(claims, supplies(free)))
        in_turn = sorted((c for c in claims if c.strategy <= Strategy.REDISTRIBUTE), key=lambda c: c.strategy)
        lacks = False
        for claim in in_turn:
            at_least = had(claim) if claim.strategy is Strategy.GAIN else Decimal(0)
            assert not lacks or after[claim.demand_id] <= at_least
            lacks = lacks or after[claim.demand_id] < claim.wanted

    @given(claims=CLAIMS, free=FREE)
    def test_leaves_no_want_while_stock_is_left(self, claims, free):
        after = by_demand(share_out(claims, supplies(free)))
        left = sum(free) + sum(had(c) for c in claims) - sum(after.values())
        may = {Strategy.FILL: had, Strategy.LOSE: lambda _: Decimal(0)}
        assert left == 0 or all(after[c.demand_id] == may.get(c.strategy, lambda c: c.wanted)(c) for c in claims)

    def test_moves_nobody_without_need(self):
        claims = [
            Claim(1, 7, Strategy.WIN, Decimal(3), {2: Decimal(3)}),
            Claim(2, 7, Strategy.REDISTRIBUTE, Decimal(2), {3: Decimal(2)}),
        ]
        shares = share_out(claims, supplies([Decimal(9), Decimal(0), Decimal(0)]))
        assert [(share.demand_id, share.level_id, share.quantity) for share in shares] == [(1, 2, 3), (2, 3, 2)]


DAYS = [date(2026, 11, 23 + number) for number in range(3)]
LOTS = st.dictionaries(st.sampled_from(DAYS), st.integers(0, 6).map(Decimal), max_size=3)
LASTING = st.lists(st.tuples(st.sampled_from(Strategy), HAS, st.integers(0, 6), st.sampled_from(DAYS)), max_size=7)


class TestShareOutOfLots:
    @given(lots=st.tuples(*(LOTS for _ in LEVELS)), rows=LASTING, others=HAS, until=st.sampled_from(DAYS))
    def test_gives_nobody_what_does_not_last_for_them_or_lasts_for_those_who_are_not_asked(
        self, lots, rows, others, until
    ):
        lives = {level: ShelfLife(there) for level, there in zip(LEVELS, lots, strict=True)}

        def held(wish: dict[int, Decimal], day: date) -> dict[int, Decimal]:
            has = {level: min(units, lives[level].free(day)) for level, units in wish.items()}
            for level, units in has.items():
                lives[level].promise(day, units)
            return has

        kept = held(others, until)
        claims = []
        for number, (strategy, wish, waits, day) in enumerate(rows):
            has = held(wish, day)
            claims.append(Claim(number, 7, strategy, sum(has.values(), Decimal(waits)), has, good_until=day))
        there = [
            one._replace(life=lives[one.level_id])
            for one in supplies([sum(lot.values()) - _promised(lives[n]) for n, lot in zip(LEVELS, lots, strict=True)])
        ]
        after = share_out(claims, there)
        until_of = {claim.demand_id: claim.good_until for claim in claims}
        for level, lot in zip(LEVELS, lots, strict=True):
            for day in DAYS:
                promised = kept.get(level, Decimal(0)) if until >= day else Decimal(0)
                promised += sum(s.quantity for s in after if s.level_id == level and until_of[s.demand_id] >= day)
                assert promised <= sum(units for last, units in lot.items() if last >= day)
        units = by_demand(after)
        for claim in claims:
            limits = {Strategy.GAIN: (had(claim), claim.wanted), Strategy.FILL: (0, had(claim)), Strategy.LOSE: (0, 0)}
            least, most = limits.get(claim.strategy, (0, claim.wanted))
            assert least <= units[claim.demand_id] <= most


def _promised(life: ShelfLife) -> Decimal:
    return sum(life.promised.values(), Decimal(0))
