"""The decision who gets what: never more than there is, always the same, one warehouse where one can."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from inventory.decide import Decision, Supply, Want, decide

UNITS = st.integers(min_value=1, max_value=30).map(Decimal)
WANTS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4), UNITS, st.sampled_from([50, 100])), max_size=12).map(
    lambda rows: [
        Want(i, group, product, quantity, priority) for i, (group, product, quantity, priority) in enumerate(rows)
    ]
)
SUPPLIES = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(1, 3)), st.integers(0, 40).map(Decimal), max_size=12
).map(
    lambda rows: [
        Supply(
            level_id=product * 10 + site,
            product_id=product,
            warehouse_id=site,
            warehouse=f"Site {site}",
            rank=site,
            free=free,
        )
        for (product, site), free in rows.items()
    ]
)


def supply(product: int, site: int, free: int) -> Supply:
    return Supply(product * 10 + site, product, site, f"Site {site}", site, Decimal(free))


class TestDecide:
    @given(wants=WANTS, supplies=SUPPLIES)
    def test_never_grants_more_than_a_level_has_or_a_want_needs(self, wants, supplies):
        given_of, got = defaultdict(Decimal), defaultdict(Decimal)
        for grant in decide(wants, supplies):
            assert grant.quantity > 0
            given_of[grant.level_id] += grant.quantity
            got[grant.index] += grant.quantity
        free = {s.level_id: s.free for s in supplies}
        assert all(quantity <= free[level] for level, quantity in given_of.items())
        assert all(quantity <= wants[index].quantity for index, quantity in got.items())

    @given(wants=WANTS, supplies=SUPPLIES)
    def test_leaves_no_want_short_while_its_product_is_free(self, wants, supplies):
        free = defaultdict(Decimal)
        for s in supplies:
            free[s.product_id] += s.free
        got = defaultdict(Decimal)
        for grant in decide(wants, supplies):
            free[wants[grant.index].product_id] -= grant.quantity
            got[grant.index] += grant.quantity
        for want in wants:
            assert got[want.index] == want.quantity or free[want.product_id] == 0

    @given(wants=WANTS, supplies=SUPPLIES, seed=st.randoms())
    def test_does_not_depend_on_the_order_of_the_supplies(self, wants, supplies, seed):
        shuffled = list(supplies)
        seed.shuffle(shuffled)
        assert decide(wants, shuffled) == decide(wants, supplies)

    @given(wants=WANTS, supplies=SUPPLIES)
    def test_serves_one_line_alone_as_it_serves_an_order_of_one(self, wants, supplies):
        alone, as_order = Decision(supplies, {}), Decision(supplies, {})
        for want in wants:
            alone.give_one(want)
            as_order.give([want])
        assert alone.grants == as_order.grants
        silent = decide(wants, supplies, explains=False)
        assert silent == [replace(grant, rejected=()) for grant in decide(wants, supplies)]

    def test_takes_a_whole_order_from_the_one_warehouse_that_can_fill_it(self):
        wants = [Want(0, 1, 1, Decimal(2)), Want(1, 1, 2, Decimal(2))]
        grants = decide(wants, [supply(1, 1, 9), supply(2, 1, 1), supply(1, 2, 9), supply(2, 2, 9)])
        assert [(g.level_id, g.reason) for g in grants] == [
            (12, "Site 2 can fill the order"),
            (22, "Site 2 can fill the order"),
        ]

    def test_splits_a_line_over_warehouses_when_none_has_it_all(self):
        grants = decide([Want(0, 1, 1, Decimal(2))], [supply(1, 1, 1), supply(1, 2, 1)])
        assert [(g.level_id, g.quantity) for g in grants] == [(11, 1), (12, 1)]

    def test_serves_the_lower_priority_number_first(self):
        wants = [Want(0, 1, 1, Decimal(1), priority=100), Want(1, 2, 1, Decimal(1), priority=50)]
        assert [g.index for g in decide(wants, [supply(1, 1, 1)])] == [1]

    def test_counts_the_same_product_on_several_lines_together(self):
        """PRODUCT.md case 14."""
        wants = [Want(n, 1, 1, Decimal(1)) for n in range(4)]
        assert [g.index for g in decide(wants, [supply(1, 1, 3)])] == [0, 1, 2]
