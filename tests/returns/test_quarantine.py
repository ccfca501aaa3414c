"""The ways out of quarantine: onto a shelf or for scrap, at the cost at which the units left, whatever the return."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory.models import Bin, BinStock, StockLevel, StockMove, StockPosting
from orders.models import LinePart, OrderEvent
from returns import services
from returns.models import Grade, QuarantineExit, ReturnDisposition, ReturnLine, ReturnSettlement
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import again, decided, parts_of
from tests.factories.shipping import dispatched
from tests.returns.test_views import browser

pytestmark = pytest.mark.django_db

Kind = QuarantineExit.Kind


@pytest.fixture
def house():
    return House.open()


@pytest.fixture
def product(house):
    return house.product()


@pytest.fixture
def made(house, product):
    """Three units in quarantine that cost 10.00 when they left, of 40 of which 17 were dear and are on the shelf."""
    house.receive(product, 3, value=10)
    order = dispatched(house, (product, 3))
    house.receive(product, 17, value=500)
    return decided(house, order, {product: 3}, grade=Grade.B)


def clear(house, made, product, kind, quantity, **fields):
    (part_id,) = parts_of(made.order, {product: 1})
    cleared = [services.Cleared(part_id, kind, Decimal(quantity), **fields)]
    return services.clear_quarantine(return_id=made.pk, cleared=cleared, actor=house.boss, at=AT)


def level():
    found = StockLevel.objects.get()
    return (found.sellable, found.blocked, found.value, found.blocked_value)


def audit():
    call_command("audit_ledger", stdout=StringIO())


class TestClearQuarantine:
    def test_sells_units_again_at_what_they_cost_when_they_left(self, house, made, product):
        assert level() == (17, 3, 510, 10)
        clear(house, made, product, Kind.RESTOCK, 1)
        assert level() == (18, 2, 510, Decimal("6.67"))
        clear(house, made, product, Kind.RESTOCK, 2)
        assert level() == (20, 0, 510, 0)
        values = QuarantineExit.objects.order_by("pk").values_list("value", flat=True)
        assert list(values) == [Decimal("3.33"), Decimal("6.67")]
        audit()

    def test_scraps_units_at_what_they_cost_when_they_left(self, house, made, product):
        clear(house, made, product, Kind.SCRAP, 3, note="Mould")
        assert level() == (17, 0, 500, 0)
        move = StockMove.objects.get(posting__kind=StockPosting.Kind.SCRAP)
        assert (move.quantity, move.value, move.to_place) == (3, 10, StockMove.Place.ADJUSTMENT)
        assert QuarantineExit.objects.get().note == "Mould"
        audit()

    def test_takes_them_to_the_shelf_that_was_named(self, house, made, product):
        shelf = Bin.objects.filter(kind=Bin.Kind.PICK).last()
        clear(house, made, product, Kind.RESTOCK, 2, bin_id=shelf.pk)
        assert BinStock.objects.get(bin=shelf, product=product).quantity == 2
        audit()

    def test_takes_them_from_the_bin_in_which_they_lie(self, house, made, product):
        Bin.objects.create(warehouse=house.warehouses[0], code="Q-0", kind=Bin.Kind.QUARANTINE)
        clear(house, made, product, Kind.RESTOCK, 3)
        audit()

    def test_leaves_return_and_order_as_they_are_and_tells(self, house, made, product):
        services.settle_return(return_id=made.pk, kind=ReturnSettlement.Kind.NONE, actor=house.boss, at=AT)
        clear(house, made, product, Kind.RESTOCK, 2)
        assert (again(made).status, LinePart.objects.get().returned) == ("SETTLED", 3)
        event = OrderEvent.objects.get(kind=OrderEvent.Kind.RETURN_CLEARED)
        assert event.data == {"return": made.number, "dispositions": {"RESTOCK": "2"}}

    @pytest.mark.parametrize(("quantity", "sentence"), [("4", "Only 3 of"), ("0", "in steps"), ("0.5", "in steps")])
    def test_refuses_what_is_not_there(self, house, made, product, quantity, sentence):
        with pytest.raises(services.ReturnInvalid, match=sentence):
            clear(house, made, product, Kind.RESTOCK, quantity)
        assert level() == (17, 3, 510, 10)

    def test_refuses_where_nothing_is_in_quarantine(self, house, made, product):
        clear(house, made, product, Kind.SCRAP, 3)
        with pytest.raises(Blocked, match="in quarantine"):
            clear(house, made, product, Kind.SCRAP, 1)

    def test_needs_the_verb(self, house, made, product):
        clerk = person(Role.SHIPPING_CLERK, company=house.company)
        with pytest.raises(NotAllowed):
            services.clear_quarantine(return_id=made.pk, cleared=[], actor=clerk, at=AT)

    def test_counts_only_what_went_into_quarantine(self, house, made, product):
        order = dispatched(house, (product, 1))
        decided(house, order, {product: 1}, disposition=ReturnDisposition.Kind.SCRAP)
        assert sorted(ReturnLine.objects.values_list("quarantined", flat=True)) == [0, 3]


class TestPage:
    @pytest.fixture
    def clerk(self, house):
        return browser(person(Role.RETURNS_CLERK, company=house.company))

    def test_lists_it_and_takes_it_out_by_its_form(self, clerk, made):
        queue = reverse("returns:queue")
        assert made.number in clerk.get(queue, {"tab": "quarantine"}).content.decode()
        part = LinePart.objects.get().pk
        page = clerk.get(reverse("returns:return", args=[made.pk])).content.decode()
        assert f'name="units-{part}-Q"' in page
        form = {f"units-{part}-Q": "3", f"goes-{part}-Q": "SCRAP", "note": "Mould"}
        assert clerk.post(reverse("returns:clear", args=[made.pk]), form).status_code == 302
        assert made.number not in clerk.get(queue, {"tab": "quarantine"}).content.decode()
        page = clerk.get(reverse("returns:return", args=[made.pk])).content.decode()
        assert "Scrap from quarantine" in page
        assert "Mould" in page

    def test_says_what_is_mistaken(self, clerk, made):
        part = LinePart.objects.get().pk
        for form, sentence in (
            ({f"goes-{part}-Q": "SCRAP"}, "Say how many units go where."),
            ({f"units-{part}-Q": "4", f"goes-{part}-Q": "SCRAP"}, "3 at most."),
            ({f"units-{part}-Q": "1", f"goes-{part}-Q": "SEND_BACK"}, "not one of the available choices"),
        ):
            answer = clerk.post(reverse("returns:clear", args=[made.pk]), form)
            assert (answer.status_code, sentence in answer.content.decode()) == (422, True), sentence
        assert not QuarantineExit.objects.exists()
