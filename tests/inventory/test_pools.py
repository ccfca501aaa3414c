"""Channel pools: what is kept for a channel is promised to no other, and what nobody keeps is out of nobody's reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory import services
from inventory.decide import Decision, Supply, Want
from inventory.models import Allocation, ChannelPool, Demand, StockLevel
from inventory.pools import Pool, Pools
from inventory.queries.atp import available
from inventory.queries.pools import pools_of
from inventory.services.taking_in import Arrival
from inventory.strategies import Claim, Strategy, share_out
from orders.models import OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House

CHANNELS = (1, 2, 3)
UNITS = st.integers(0, 9).map(Decimal)
POOL = st.tuples(UNITS, st.none() | UNITS, UNITS, st.booleans(), UNITS)
RULES = st.dictionaries(st.sampled_from(CHANNELS), POOL, min_size=1, max_size=3)
ASKS = st.lists(st.tuples(st.sampled_from((None, *CHANNELS)), st.integers(1, 9).map(Decimal)), min_size=1, max_size=8)
FREE = st.integers(0, 30).map(Decimal)


def pools_with(rules: dict[int, tuple[Decimal, Decimal | None, Decimal, bool, Decimal]]) -> Pools:
    pools = [
        Pool(one, one, f"C{one}", allotment, None if cap is None else cap + allotment, safety, overflows)
        for one, (allotment, cap, safety, overflows, _promised) in rules.items()
    ]
    return Pools(pools, {one: terms[-1] for one, terms in rules.items()})


def owners(pools: Pools, free: Decimal) -> list[int | None]:
    """Hand the free units out one by one: each is kept for the first pool that lacks one, or for nobody."""
    lacks = {pool.channel_id: pool.allotment - pools.promised[pool.channel_id] for pool in pools.pools}
    kept: list[int | None] = []
    for _unit in range(int(free)):
        owner = next((one for one, units in lacks.items() if units > 0), None)
        if owner is not None:
            lacks[owner] -= 1
        kept.append(owner)
    return kept


class TestPools:
    @given(rules=RULES, free=FREE, asks=ASKS)
    def test_promise_each_unit_to_its_owner_and_what_has_none_to_all_within_their_rules(self, rules, free, asks):
        pools = pools_with(rules)
        for channel, wanted in asks:
            kept = owners(pools, free)
            own = pools.of.get(channel)
            units = kept.count(None) if own is None else kept.count(channel)
            if own is not None:
                units += max(kept.count(None) - own.safety, 0) if own.overflows else 0
                units = min(units, own.cap - pools.promised[channel]) if own.cap is not None else units
            assert pools.free(channel, free) == max(units, 0)
            part = min(wanted, pools.free(channel, free))
            pools.promise(channel, part)
            free -= part
            others = [one for one in kept if one not in (None, channel)]
            assert [one for one in owners(pools, free) if one not in (None, channel)] == others

    @given(rules=RULES, frees=st.tuples(FREE, FREE), asks=ASKS)
    def test_hold_in_every_decision(self, rules, frees, asks):
        def supplies() -> list[Supply]:
            return [
                Supply(site, 7, site, f"Site {site}", site, free, None, pools_with(rules))
                for site, free in enumerate(frees, 1)
            ]

        wants = [Want(n, n, 7, units, channel_id=channel) for n, (channel, units) in enumerate(asks)]
        decision = Decision(supplies(), {}).decide(wants)
        left = {one.level_id: [one.free, one.pools] for one in supplies()}
        got = dict.fromkeys(range(len(wants)), Decimal(0))
        for grant in decision.grants:
            channel, level = wants[grant.index].channel_id, left[grant.level_id]
            assert 0 < grant.quantity <= level[1].free(channel, level[0])
            level[0] -= grant.quantity
            level[1].promise(channel, grant.quantity)
            got[grant.index] += grant.quantity
        for want in wants:
            if got[want.index] < want.quantity:
                assert all(pools.free(want.channel_id, free) == 0 for free, pools in left.values())
            else:
                assert want.index not in decision.withheld

    @given(
        rules=RULES,
        free=UNITS,
        rows=st.lists(
            st.tuples(st.sampled_from(Strategy), st.sampled_from((None, *CHANNELS)), UNITS, UNITS),
            min_size=2,
            max_size=6,
        ),
    )
    def test_keep_what_they_kept_when_stock_is_given_anew(self, rules, free, rows):
        claims = [
            Claim(n, 7, strategy, has + waits, {1: has} if has else {}, channel_id=channel)
            for n, (strategy, channel, has, waits) in enumerate(rows)
        ]
        held = {one: sum((c.has.get(1, 0) for c in claims if c.channel_id == one), Decimal(0)) for one in CHANNELS}
        rules = {one: (*terms[:-1], held[one]) for one, terms in rules.items()}
        before = pools_with(rules)
        shares = share_out(claims, [Supply(1, 7, 1, "Site 1", 1, free, None, before)])
        after = {claim.demand_id: Decimal(0) for claim in claims}
        for share in shares:
            after[share.demand_id] += share.quantity
        now_free = free + sum((sum(c.has.values()) for c in claims), Decimal(0)) - sum(after.values())
        gained = {
            one: sum((after[c.demand_id] for c in claims if c.channel_id == one), Decimal(0)) - held[one]
            for one in CHANNELS
        }
        # What a pool kept is there for it still, or promised to its channel
        assert now_free >= sum((max(units - max(gained[one], 0), 0) for one, units in before.kept(free).items()), 0)
        for claim in claims:
            if claim.strategy is Strategy.GAIN:  # what it had it keeps, and is not given anew
                kept = [one.quantity for one in shares if one.demand_id == claim.demand_id and not one.reason]
                assert sum(kept) == sum(claim.has.values())


def allocated(house: House, order) -> list[Decimal]:
    demands = Demand.objects.filter(pk__in=house.demands(order)).order_by("pk")
    return [demand.allocated for demand in demands]


def promised(pool: ChannelPool) -> Decimal:
    rows = Allocation.objects.filter(pool=pool)
    return sum((row.quantity - row.picked for row in rows), Decimal(0))


def said(order) -> Sequence[str]:
    return OrderEvent.objects.get(order=order, kind=OrderEvent.Kind.CONFIRMED).data["sources"]


@pytest.mark.django_db
class TestPromise:
    @pytest.mark.parametrize(
        ("more", "overflow", "gets"),
        [(0, "SHARED", 10), (1, "SHARED", 11), (1, "NONE", 10)],
        ids=["nothing is free beyond", "one more is free", "and may not overflow"],
    )
    def test_reserves_ten_of_twelve_and_the_overflow_follows_the_rule(self, more, overflow, gets):
        """PRODUCT.md case 15: given pool web=10 and wholesale=5, when web asks 12."""
        house = House.open()
        web, wholesale = house.channel("Web"), house.channel("Wholesale")
        product = house.product([15 + more])
        pool = house.pool(web, product, 10, overflow=overflow)
        house.pool(wholesale, product, 5)
        order = house.order((product, 12), sold_through_id=web.pk)
        assert (allocated(house, order), promised(pool)) == ([gets], gets)
        assert f"{product.sku}, Site 1: 5 more are kept for Wholesale" in said(order)
        refused = f"{product.sku}, Site 1: 1 more is not for Web: it gets its allotment and no more" in said(order)
        assert refused == (gets < 10 + more)
        assert allocated(house, house.order((product, 5), sold_through_id=wholesale.pk)) == [5]

    def test_gives_orders_of_no_channel_what_no_pool_keeps_and_counts_that_in_none(self):
        house = House.open(warehouses=2)
        web = house.channel("Web")
        product, other = house.product([12, 3]), house.product([5])
        house.pool(web, product, 10)
        order = house.order((product, 9), (other, 5))
        assert allocated(house, order) == [5, 5]
        assert f"{product.sku}, Site 1: 10 more are kept for Web" in said(order)
        assert not Allocation.objects.filter(pool__isnull=False).exists()

    def test_serves_what_waits_by_the_same_rule(self):
        house = House.open()
        web, shop = house.channel("Web"), house.channel("Shop")
        product = house.product()
        pool = house.pool(web, product, 4, cap=Decimal(6), safety=Decimal(1))
        waiting = [house.order((product, 8), sold_through_id=one.pk) for one in (shop, web)]
        house.receive(product, 9)
        demand_ids = [pk for order in waiting for pk in house.demands(order)]
        services.allocate_demands(demand_ids=demand_ids, at=AT)
        assert [allocated(house, order) for order in waiting] == [[5], [4]]
        house.receive(product, 9)
        services.allocate_demands(demand_ids=house.demands(waiting[1]), at=AT)
        assert (allocated(house, waiting[1]), promised(pool)) == ([6], 6)  # its cap
        assert available([product.pk], TODAY, channel_id=web.pk)[product.pk].now == 0
        services.free_allocations(
            cuts=services.lock_promises(demand_ids=house.demands(waiting[0]))[house.demands(waiting[0])[0]].firm, at=AT
        )
        got = services.reallocate_demands(strategies=dict.fromkeys(reversed(demand_ids), Strategy.WIN), at=AT)
        assert [one.after for one in got] == [6, 8]

    def test_lets_go_of_a_pool_with_the_last_unit_picked_or_freed(self):
        house = House.open()
        web = house.channel("Web")
        product = house.product([[2, 3]])
        pool = house.pool(web, product, 5)
        order = house.order((product, 5), sold_through_id=web.pk)
        picks = services.release_allocations(demand_ids=house.demands(order), at=AT)
        assert promised(pool) == 5
        left = []
        for pick in picks:
            services.pick_allocations(company_id=house.company.pk, picks=[pick], reference="W", actor=house.boss, at=AT)
            left.append((promised(pool), Allocation.objects.filter(pool=pool).count()))
        assert left == [(3, 1), (0, 0)]
        house.receive(product, 5)
        order = house.order((product, 5), sold_through_id=web.pk)
        (cut,) = services.lock_promises(demand_ids=house.demands(order))[house.demands(order)[0]].firm
        services.free_allocations(cuts=[cut], at=AT)
        assert not Allocation.objects.filter(pool=pool).exists()

    def test_lets_people_and_suppliers_promises_cross_pools(self):
        house = House.open()
        web, shop = house.channel("Web"), house.channel("Shop")
        product = house.product([5])
        of_web, of_shop = house.pool(web, product, 5), house.pool(shop, product, 2, overflow="NONE")
        has = house.order((product, 5), sold_through_id=web.pk)
        wants = house.order((product, 4), sold_through_id=shop.pk)
        (giver,), (taker,) = house.demands(has), house.demands(wants)
        services.move_promise(from_demand_id=giver, to_demand_id=taker, quantity=Decimal(3), reason="Fair", at=AT)
        assert (promised(of_web), promised(of_shop)) == (2, 3)
        line = house.comes(product, 1, TODAY + timedelta(days=3))
        services.peg_demands(product_ids=[product.pk], at=AT)
        Allocation.objects.filter(supply=line, demand=giver).update(demand=taker)
        Allocation.objects.filter(supply=line).exclude(demand=taker).delete()
        arrival = Arrival(line.pk, house.shelves[house.warehouses[0].pk][0].pk, Decimal(1))
        services.take_in(order_id=line.order_id, arrivals=[arrival], places=2, reference="R", actor=house.boss, at=AT)
        assert (promised(of_web), promised(of_shop)) == (2, 4)

    def test_reckons_in_sql_as_in_python(self):
        house = House.open()
        chance = Random(15)
        channels = [house.channel(name, priority=place) for place, name in ((2, "Web"), (1, "Shop"), (3, "Fair"))]
        product = house.product([30])
        house.order((product, 2))
        pools = [house.pool(channel, product) for channel in channels[:2]]
        for channel, units in zip(channels, (3, 4, 5), strict=True):
            house.order((product, units), sold_through_id=channel.pk)
        level = StockLevel.objects.get(product=product)
        for _case in range(12):
            for pool in pools:
                allotment = chance.randrange(18)
                ChannelPool.objects.filter(pk=pool.pk).update(
                    allotment=allotment,
                    cap=chance.choice([None, allotment + chance.randrange(5)]),
                    safety=chance.randrange(4),
                    overflow=chance.choice(["SHARED", "SHARED", "NONE"]),
                )
            rules, free = pools_of([level.pk])[level.pk], level.sellable - level.allocated
            for channel in (None, *(one.pk for one in channels)):
                found = available([product.pk], TODAY, channel_id=channel)[product.pk]
                assert found.now == rules.free(channel, free)
                assert found.now + found.kept == free
            assert available([product.pk], TODAY, with_kept=True)[product.pk].now == free


@pytest.mark.django_db
class TestKeepPools:
    def test_counts_what_is_promised_already_until_the_pool_is_removed(self):
        house = House.open()
        web, shop = house.channel("Web"), house.channel("Shop")
        product = house.product([20])
        orders = [house.order((product, units), sold_through_id=one.pk) for one, units in ((web, 6), (shop, 2))]
        house.order((product, 1))
        pool = house.pool(web, product, 8)
        assert (promised(pool), StockLevel.objects.get().has_pools) == (6, True)
        assert available([product.pk], TODAY, channel_id=shop.pk)[product.pk].now == 9
        again = house.pool(web, product, 7, cap=Decimal(9))
        assert (again.pk, again.allotment, again.cap) == (pool.pk, 7, 9)
        services.remove_pools(pool_ids=[pool.pk], actor=house.boss)
        assert not Allocation.objects.filter(pool__isnull=False).exists()
        assert (StockLevel.objects.get().has_pools, allocated(house, orders[0])) == (False, [6])

    def test_is_refused_where_stock_was_promised_while_it_waited_for_the_level(self, monkeypatch):
        house = House.open()
        web, product = house.channel("Web"), house.product([9])
        draft = house.draft((product, 3), sold_through_id=web.pk)
        monkeypatch.setattr("inventory.services.pooling.lock_demands", lambda _ids: house.confirm(draft))
        with pytest.raises(services.StockMoved):
            house.pool(web, product, 4)
        assert not ChannelPool.objects.exists()

    def test_is_for_those_who_keep_channels_of_their_own_company(self):
        house, other = House.open(), House.open()
        web, product = house.channel("Web"), house.product()
        terms = services.PoolTerms(web.pk, product.pk, house.warehouses[0].pk, Decimal(1))
        with pytest.raises(NotAllowed):
            services.keep_pools(terms=[terms], actor=person(Role.SALES_ADMIN, company=house.company))
        for wrong in (
            services.PoolTerms(other.channel("Web").pk, product.pk, house.warehouses[0].pk),
            services.PoolTerms(web.pk, other.product().pk, house.warehouses[0].pk),
            services.PoolTerms(web.pk, product.pk, other.warehouses[0].pk),
            services.PoolTerms(web.pk, house.product(kind="CHARGE").pk, house.warehouses[0].pk),
            services.PoolTerms(web.pk, product.pk, house.warehouses[0].pk, Decimal(3), cap=Decimal(2)),
        ):
            with pytest.raises(Blocked):
                services.keep_pools(terms=[wrong], actor=house.boss)
        pool = house.pool(web, product, 1)
        assert services.remove_pools(pool_ids=[pool.pk], actor=other.boss) == 0
        assert ChannelPool.objects.get() == pool
