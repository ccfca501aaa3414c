"""Adjusting stock: what is written off or found moves at its cost, and nothing that is promised goes."""

import io
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import Bin, BinStock, StockLevel, StockMove, StockPosting
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.race import race
from tests.unlocked import take_locks_away


@pytest.fixture
def house():
    return House.open()


def shelf(house, place=0):
    return house.shelves[house.warehouses[0].pk][place]


def adjust(house, *units, actor=None, place=0):
    """Adjust products, given as (product, quantity), on a shelf."""
    adjustments = [
        inventory_services.Adjustment(shelf(house, place).pk, product.pk, Decimal(quantity))
        for product, quantity in units
    ]
    return inventory_services.adjust_stock(
        company_id=house.company.pk,
        adjustments=adjustments,
        places=2,
        reference="Check",
        actor=actor or house.boss,
        at=AT,
    )


def audit():
    call_command("audit_ledger", stdout=io.StringIO())


@pytest.mark.django_db
class TestAdjustStock:
    def test_writes_off_and_finds_at_moving_average_cost(self, house):
        broken, found = house.product([9]), house.product([4])

        results = adjust(house, (broken, -2), (found, 3))

        assert not any(isinstance(result, Refused) for result in results)
        assert list(StockLevel.objects.order_by("product").values_list("sellable", "value")) == [(7, 35), (7, 35)]
        posting = StockPosting.objects.get(kind=StockPosting.Kind.ADJUSTMENT)
        assert StockMove.objects.filter(posting=posting).aggregate(units=Sum("quantity"), value=Sum("value")) == {
            "units": 5,
            "value": 25,
        }
        audit()

    def test_adds_up_what_one_call_does_to_one_product(self, house):
        product = house.product([9])

        adjust(house, (product, -4), (product, -4), (product, 2))

        assert StockLevel.objects.get().sellable == BinStock.objects.get(bin=shelf(house)).quantity == 3
        audit()

    def test_refuses_alone_what_would_take_of_a_promise(self, house):
        promised, free = house.product([9]), house.product([9])
        house.order((promised, 8))

        refused, done = adjust(house, (promised, -2), (free, -2))

        assert isinstance(refused, inventory_services.NotEnoughThere)
        assert "1 are free" in str(refused)
        assert not isinstance(done, Refused)
        assert StockLevel.objects.get(product=promised).sellable == 9
        audit()

    def test_refuses_what_the_shelf_never_had(self, house):
        product = house.product([9])

        (refused,) = adjust(house, (product, -1), place=1)

        assert isinstance(refused, inventory_services.NotEnoughThere)
        assert not StockPosting.objects.filter(kind=StockPosting.Kind.ADJUSTMENT).exists()

    def test_finds_units_where_there_never_were_some_without_a_value(self, house):
        product = house.product()

        adjust(house, (product, 3))

        level = StockLevel.objects.get(product=product)
        assert (level.sellable, level.value) == (3, 0)
        audit()

    def test_touches_pick_bins_of_the_own_company_only(self, house):
        product, others = house.product([9]), House.open()
        tote = Bin.objects.get(warehouse=house.warehouses[0], kind=Bin.Kind.TOTE)

        for bin_id in (tote.pk, shelf(others).pk):
            with pytest.raises(Blocked):
                inventory_services.adjust_stock(
                    company_id=house.company.pk,
                    adjustments=[inventory_services.Adjustment(bin_id, product.pk, Decimal(1))],
                    places=2,
                    reference="Check",
                    actor=house.boss,
                    at=AT,
                )

    def test_is_not_for_a_picker(self, house):
        product = house.product([9])

        with pytest.raises(NotAllowed):
            adjust(house, (product, -1), actor=person(Role.PICKER, company=house.company))

        assert StockLevel.objects.get().sellable == 9


@pytest.mark.django_db(transaction=True)
class TestTwoWhoWriteOffTheSame:
    def test_never_write_off_more_than_there_is(self, house):
        product = house.product([9])

        outcomes = race(*[lambda: adjust(house, (product, -6))] * 2)

        assert sum(isinstance(result, Refused) for (result,) in outcomes) == 1
        assert StockLevel.objects.get().sellable == 3
        audit()

    def test_would_without_the_levels_lock(self, house, monkeypatch):
        product = house.product([9])
        take_locks_away(monkeypatch, StockLevel, BinStock)

        outcomes = race(*[lambda: adjust(house, (product, -6))] * 2)

        # The table's constraints are what is left: nobody is refused in words any more
        assert not any(isinstance(result, Refused) for (result,) in [o for o in outcomes if isinstance(o, list)])
        assert any(isinstance(outcome, Exception) for outcome in outcomes)
