"""Asking for, receiving, grading and disposing of returns, and what that does to stock, parts and cost."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from inventory.models import Bin, BinStock, StockLevel, StockMove, StockPosting
from inventory.services import WarehouseNotReady
from orders import services as orders_services
from orders.models import Facet, LinePart, OrderEvent, SalesOrder
from returns import queries, services
from returns.models import Grade, ReturnDisposition, ReturnLine, ReturnOrder, ReturnReceipt, ReturnReceiptLine
from shipping import services as shipping_services
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import again, asked, decided, parts_of, receive, received
from tests.factories.shipping import dispatched, shipped_later
from warehouse import services as warehouse_services

pytestmark = pytest.mark.django_db

Status, Kind, Fact = ReturnOrder.Status, ReturnDisposition.Kind, ReturnReceiptLine.Fact


@pytest.fixture
def house():
    return House.open()


@pytest.fixture
def product(house):
    return house.product([20])


@pytest.fixture
def order(house, product):
    """Five units that have left, at 5 each."""
    return dispatched(house, (product, 5))


def level():
    found = StockLevel.objects.get()
    return (found.sellable, found.blocked, found.value, found.blocked_value)


def facts(made):
    return sorted(ReturnReceiptLine.objects.filter(receipt__return_order=made).values_list("fact", "quantity"))


def audit():
    call_command("audit_ledger", stdout=StringIO())


class TestCreateReturns:
    def test_awaits_the_units_and_tells_the_order(self, house, order, product):
        made = asked(house, order, {product: 3})
        assert (made.status, made.expires_on) == (Status.AUTHORIZED, (AT + timedelta(days=30)).date())
        line = ReturnLine.objects.get()
        assert (line.authorized, line.received) == (3, 0)
        event = OrderEvent.objects.get(kind=OrderEvent.Kind.RETURN_AUTHORIZED)
        assert event.data == {"return": made.number, "units": "3"}
        audit()

    def test_only_asks_where_it_is_not_authorized(self, house, order, product):
        made = asked(house, order, {product: 3}, authorize=False)
        assert (made.status, made.expires_on) == (Status.REQUESTED, None)

    def test_refuses_more_than_left_less_what_is_back_or_awaited(self, house, order, product):
        asked(house, order, {product: 3}, authorize=False)
        with pytest.raises(services.MoreThanShipped, match="Only 2 of"):
            asked(house, order, {product: 3})
        assert ReturnOrder.objects.count() == 1

    def test_refuses_the_second_of_two_drafts_that_want_the_same_units(self, house, order, product):
        draft = services.ReturnDraft(order.pk, parts_of(order, {product: 3}))
        results = services.create_returns(drafts=[draft, draft], authorize=True, actor=house.boss, at=AT)
        assert isinstance(results[0], ReturnOrder)
        assert isinstance(results[1], services.MoreThanShipped)

    def test_takes_units_over_several_deliveries(self, house):
        product = house.product([2])
        order = dispatched(house, (product, 5))
        house.receive(product, 3, value=30)
        ship_rest(house, order)
        made = asked(house, order, {product: 4})
        lines = ReturnLine.objects.filter(return_order=made).order_by("pk")
        assert [(line.authorized, line.shipment_line.quantity) for line in lines] == [(2, 2), (2, 3)]

    def test_gives_back_what_was_cancelled(self, house, order, product):
        first = asked(house, order, {product: 5})
        services.cancel_returns(return_ids=[first.pk], reason="Keeps it", actor=house.boss, at=AT)
        assert asked(house, order, {product: 5}).status == Status.AUTHORIZED

    @pytest.mark.parametrize("quantity", ["0", "0.5", "-1"])
    def test_refuses_what_is_no_quantity(self, house, order, product, quantity):
        with pytest.raises(services.ReturnInvalid):
            asked(house, order, {product: quantity})
        assert not ReturnOrder.objects.exists()

    def test_refuses_an_order_of_which_nothing_left(self, house, product):
        order = house.order((product, 1))
        with pytest.raises(Blocked, match="Nothing of this order has left"):
            asked(house, order, {product: 1})

    def test_needs_the_verb(self, house, order, product):
        draft = services.ReturnDraft(order.pk, parts_of(order, {product: 1}))
        picker = person(Role.PICKER, company=house.company)
        sales = person(Role.SALES_ADMIN, company=house.company)
        for actor, authorize in ((picker, False), (sales, True)):
            with pytest.raises(NotAllowed):
                services.create_returns(drafts=[draft], authorize=authorize, actor=actor, at=AT)
        assert not ReturnOrder.objects.exists()


def ship_rest(house, order):
    by = {"order_ids": [order.pk], "actor": house.boss, "at": AT}
    for verb in (
        orders_services.allocate_orders,
        warehouse_services.release_orders,
        warehouse_services.pick_orders,
        warehouse_services.pack_orders,
    ):
        verb(**by)
    shipping_services.dispatch_orders(carrier="Van", tracking_number="PV2", **by)


class TestAnswers:
    def test_authorize_once(self, house, order, product):
        made = asked(house, order, {product: 3}, authorize=False)
        for _ in range(2):
            results = services.authorize_returns(return_ids=[made.pk], actor=house.boss, at=AT)
            assert results[made.pk].status == Status.AUTHORIZED
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.RETURN_AUTHORIZED).count() == 1

    def test_reject_with_a_reason(self, house, order, product):
        made = asked(house, order, {product: 3}, authorize=False)
        with pytest.raises(services.ReturnInvalid):
            services.reject_returns(return_ids=[made.pk], reason=" ", actor=house.boss, at=AT)
        services.reject_returns(return_ids=[made.pk], reason="Too late", actor=house.boss, at=AT)
        assert (again(made).status, again(made).closed_reason) == (Status.REJECTED, "Too late")
        late = services.authorize_returns(return_ids=[made.pk], actor=house.boss, at=AT)[made.pk]
        assert isinstance(late, Refused)

    def test_do_not_cancel_what_came(self, house, order, product):
        made = received(house, order, {product: 3})
        results = services.cancel_returns(return_ids=[made.pk], reason="No", actor=house.boss, at=AT)
        assert isinstance(results[made.pk], Blocked)
        assert again(made).status == Status.RECEIVED

    def test_expire_what_did_not_come_in_time(self, house, order, product):
        made = asked(house, order, {product: 3})
        assert services.expire_returns(at=AT + timedelta(days=30)) == 0
        assert services.expire_returns(at=AT + timedelta(days=31)) == 1
        assert services.expire_returns(at=AT + timedelta(days=31)) == 0
        assert again(made).status == Status.EXPIRED
        with pytest.raises(Blocked, match="expired"):
            receive(house, made, order, {product: 3})


class TestReceiveReturn:
    def test_counts_both_receipts_of_one_return(self, house, order, product):
        """PRODUCT.md case 78."""
        made = asked(house, order, {product: 3})
        receive(house, made, order, {product: 2})
        receive(house, made, order, {product: 1})
        part = LinePart.objects.get()
        assert (part.shipped - part.returned, part.returned) == (2, 3)
        assert SalesOrder.objects.get().returned == "PART"
        assert level() == (15, 3, 90, 15)
        assert again(made).status == Status.RECEIVED
        audit()

    def test_blocks_the_goods_in_the_returns_bin(self, house, order, product):
        received(house, order, {product: 2})
        move = StockMove.objects.get(posting__kind=StockPosting.Kind.RETURN)
        assert (move.from_place, move.to_bin.kind, move.quantity, move.value) == ("CUSTOMER", "RETURNS", 2, 10)
        assert BinStock.objects.get(bin__kind=Bin.Kind.RETURNS).quantity == 2

    def test_takes_back_at_the_cost_of_the_issue_never_at_todays(self, house):
        """PRODUCT.md case 90."""
        product = house.product()
        house.receive(product, 2, value="25.33")
        order = dispatched(house, (product, 2))
        house.receive(product, 10, value=1000)
        made = asked(house, order, {product: 2})
        receive(house, made, order, {product: 1})
        receive(house, made, order, {product: 1})
        values = StockMove.objects.filter(posting__kind=StockPosting.Kind.RETURN).order_by("pk")
        assert [move.value for move in values] == [Decimal("12.67"), Decimal("12.66")]
        assert level() == (10, 2, Decimal("1025.33"), Decimal("25.33"))

    def test_takes_back_a_length_at_its_cost(self, house):
        """PRODUCT.md case 90: 0.15 m."""
        product = house.product()
        house.unit.step = Decimal("0.01")
        house.unit.save()
        house.receive(product, 2, value="25.33")
        order = dispatched(house, (product, 2))
        received(house, order, {product: "0.15"})
        assert StockMove.objects.get(posting__kind=StockPosting.Kind.RETURN).value == Decimal("1.90")

    def test_records_what_is_over(self, house, order, product):
        made = asked(house, order, {product: 3})
        receive(house, made, order, {product: 4})
        assert facts(made) == [(Fact.AS_AUTHORIZED, 3), (Fact.OVER, 1)]
        assert LinePart.objects.get().returned == 4
        audit()

    def test_refuses_more_than_ever_left(self, house, order, product):
        made = asked(house, order, {product: 3})
        with pytest.raises(services.MoreThanShipped, match=r"1 of .* more came than ever left"):
            receive(house, made, order, {product: 6})
        assert not ReturnReceipt.objects.exists()

    def test_leaves_others_what_they_claim(self, house, order, product):
        made, _other = asked(house, order, {product: 2}), asked(house, order, {product: 2})
        with pytest.raises(services.MoreThanShipped):
            receive(house, made, order, {product: 4})
        receive(house, made, order, {product: 3})

    def test_records_another_item_of_the_order_as_over(self, house, product):
        second = house.product([9])
        order = dispatched(house, (product, 5), (second, 2))
        made = asked(house, order, {product: 1})
        receive(house, made, order, {second: 1})
        assert facts(made) == [(Fact.OVER, 1)]
        assert ReturnLine.objects.get(product=second).authorized == 0
        audit()

    def test_records_what_will_not_come_and_frees_it(self, house, order, product):
        made = asked(house, order, {product: 3})
        receive(house, made, order, {product: 1}, is_all=True)
        assert facts(made) == [(Fact.AS_AUTHORIZED, 1), (Fact.SHORT, 2)]
        assert asked(house, order, {product: 4}).status == Status.AUTHORIZED

    def test_refuses_to_close_a_return_of_which_nothing_came(self, house, order, product):
        made = asked(house, order, {product: 3})
        with pytest.raises(services.ReturnInvalid, match="cancel"):
            receive(house, made, order, {}, is_all=True)

    def test_records_a_wrong_item_outside_of_stock(self, house, order, product):
        made = asked(house, order, {product: 3})
        receive(house, made, order, {}, wrong=[services.WrongItem("A teapot", Decimal(1))])
        assert facts(made) == [(Fact.WRONG_ITEM, 1)]
        assert level() == (15, 0, 75, 0)
        assert again(made).status == Status.AUTHORIZED
        audit()

    def test_says_that_the_warehouse_has_no_bin_for_it(self, house, order, product):
        made = asked(house, order, {product: 3})
        Bin.objects.filter(kind=Bin.Kind.RETURNS).delete()
        with pytest.raises(WarehouseNotReady, match="no bin for returns"):
            receive(house, made, order, {product: 3})

    def test_of_all_that_left_is_part_of_it_once_more_leaves(self, house):
        product = house.product([4])
        order = dispatched(house, (product, 9))
        received(house, order, {product: 4})
        assert SalesOrder.objects.get(pk=order.pk).returned == Facet.FULL
        house.receive(product, 5)
        assert shipped_later(house, order).returned == Facet.PART
        audit()


class TestReceiveBlind:
    def test_makes_the_return_of_what_came(self, house, order, product):
        draft = services.ReturnDraft(order.pk, {})
        arrival = services.Arrival(parts_of(order, {product: 2}), scanned=order.number)
        made = services.receive_blind(draft=draft, arrival=arrival, actor=house.boss, at=AT)
        assert (again(made).status, made.is_blind) == (Status.RECEIVED, True)
        assert ReturnReceipt.objects.get().scanned == order.number
        assert level() == (15, 2, 85, 10)
        audit()

    def test_refuses_what_another_return_awaits(self, house, order, product):
        asked(house, order, {product: 4})
        draft = services.ReturnDraft(order.pk, {})
        arrival = services.Arrival(parts_of(order, {product: 2}))
        with pytest.raises(services.MoreThanShipped):
            services.receive_blind(draft=draft, arrival=arrival, actor=house.boss, at=AT)


def grade(house, made, order, product, **units):
    graded = [
        services.Graded(*parts_of(order, {product: quantity}).keys(), Grade(name), Decimal(quantity))
        for name, quantity in units.items()
    ]
    return services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)


def decide(house, made, order, product, grade_, kind, quantity, **fields):
    (part_id,) = parts_of(order, {product: 1})
    decision = services.Decided(part_id, grade_, kind, Decimal(quantity), **fields)
    return services.decide_return(return_id=made.pk, decided=[decision], actor=house.boss, at=AT)


class TestInspectAndDecide:
    def test_go_step_by_step(self, house, order, product):
        made = received(house, order, {product: 4})
        grade(house, made, order, product, A=1)
        assert again(made).status == Status.RECEIVED
        grade(house, made, order, product, B=2, X=1)
        assert again(made).status == Status.INSPECTED
        decide(house, made, order, product, Grade.A, Kind.RESTOCK, 1)
        decide(house, made, order, product, Grade.B, Kind.QUARANTINE, 1)
        assert again(made).status == Status.INSPECTED
        decide(house, made, order, product, Grade.B, Kind.SEND_BACK, 1)
        decide(house, made, order, product, Grade.X, Kind.SCRAP, 1)
        assert again(made).status == Status.DECIDED
        # 15 stayed; one is back on the shelf, one in quarantine, one scrapped, one with the customer again
        assert level() == (16, 1, 85, 5)
        assert LinePart.objects.get().returned == 3
        audit()

    def test_go_together(self, house, order, product):
        made = decided(house, order, {product: 5})
        assert made.status == Status.DECIDED
        assert level() == (20, 0, 100, 0)
        audit()

    def test_restock_on_the_shelf_that_was_scanned(self, house, order, product):
        shelf = house.shelves[house.warehouses[0].pk][2]
        made = received(house, order, {product: 1})
        grade(house, made, order, product, A=1)
        decide(house, made, order, product, Grade.A, Kind.RESTOCK, 1, bin_id=shelf.pk)
        assert BinStock.objects.get(bin=shelf).quantity == 1

    def test_refuse_a_bin_that_is_no_shelf(self, house, order, product):
        made = received(house, order, {product: 1})
        grade(house, made, order, product, A=1)
        tote = Bin.objects.get(kind=Bin.Kind.TOTE)
        with pytest.raises(Blocked, match="scan another bin"):
            decide(house, made, order, product, Grade.A, Kind.RESTOCK, 1, bin_id=tote.pk)

    def test_scrap_at_the_original_cost_whatever_the_average_is_now(self, house):
        """The last unit leaves; the cheap ones that come next cost what they cost."""
        product = house.product()
        house.receive(product, 1, value=10)
        order = dispatched(house, (product, 1))
        made = received(house, order, {product: 1})
        house.receive(product, 1, value=0)
        dispatched(house, (product, 1))
        assert StockMove.objects.filter(posting__kind=StockPosting.Kind.ISSUE).last().value == 0
        grade(house, made, order, product, X=1)
        decide(house, made, order, product, Grade.X, Kind.SCRAP, 1)
        assert StockMove.objects.get(posting__kind=StockPosting.Kind.SCRAP).value == 10
        assert level() == (0, 0, 0, 0)
        audit()

    def test_spread_the_cost_over_dispositions_to_the_cent(self, house):
        product = house.product()
        house.receive(product, 3, value="10.00")
        order = dispatched(house, (product, 3))
        made = received(house, order, {product: 3})
        grade(house, made, order, product, A=1, C=1, X=1)
        for name, kind in (("A", Kind.RESTOCK), ("C", Kind.SCRAP), ("X", Kind.SCRAP)):
            decide(house, made, order, product, Grade(name), kind, 1)
        values = ReturnDisposition.objects.order_by("pk").values_list("value", flat=True)
        assert list(values) == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]
        assert level() == (1, 0, Decimal("3.33"), 0)
        audit()

    def test_refuse_more_than_came_or_has_the_grade(self, house, order, product):
        made = received(house, order, {product: 2})
        with pytest.raises(services.ReturnInvalid, match="Only 2 of"):
            grade(house, made, order, product, A=3)
        grade(house, made, order, product, A=2)
        with pytest.raises(services.ReturnInvalid, match="of grade B wait"):
            decide(house, made, order, product, Grade.B, Kind.SCRAP, 1)
        with pytest.raises(Blocked, match="waits for inspection"):
            grade(house, made, order, product, A=1)

    def test_begin_again_when_more_comes(self, house, order, product):
        made = asked(house, order, {product: 3})
        receive(house, made, order, {product: 2})
        (part_id,) = parts_of(order, {product: 2})
        graded = [services.Graded(part_id, Grade.A, Decimal(2), disposition=Kind.RESTOCK)]
        services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)
        assert again(made).status == Status.DECIDED
        receive(house, made, order, {product: 1})
        assert again(made).status == Status.RECEIVED
        audit()

    def test_units_sent_back_may_return_again(self, house):
        product = house.product()
        house.receive(product, 2, value="25.33")
        order = dispatched(house, (product, 2))
        decided(house, order, {product: 2}, disposition=Kind.SEND_BACK)
        assert (LinePart.objects.get().returned, SalesOrder.objects.get().returned) == (0, "NONE")
        decided(house, order, {product: 2})
        assert level() == (2, 0, Decimal("25.33"), 0)
        audit()

    def test_need_the_verb(self, house, order, product):
        made = received(house, order, {product: 1})
        clerk = person(Role.SALES_ADMIN, company=house.company)
        (part_id,) = parts_of(order, {product: 1})
        with pytest.raises(NotAllowed):
            services.inspect_return(
                return_id=made.pk, graded=[services.Graded(part_id, Grade.A, Decimal(1))], actor=clerk, at=AT
            )
        assert again(made).status == Status.RECEIVED


class TestBlockers:
    def test_say_why_nothing_can_come_back(self, house, order, product):
        waiting = house.order((product, 1))
        assert queries.blockers([order.pk], "returns.request") == {}
        asked(house, order, {product: 5})
        found = queries.blockers([order.pk, waiting.pk], "returns.request")
        assert {key: reasons[0].code for key, reasons in found.items()} == {
            order.pk: "all_back",
            waiting.pk: "not_shipped",
        }
