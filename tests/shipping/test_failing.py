"""What did not arrive: attempts, refusals, losses, and what comes back of it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from orders.models import LinePart, OrderEvent
from returns import services as returns_services
from returns.models import ReturnOrder
from shipping import services
from shipping.models import DeliveryFailure, Shipment, ShipmentLine
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import asked, parts_of
from tests.factories.shipping import dispatched

pytestmark = pytest.mark.django_db

Kind, Status = DeliveryFailure.Kind, Shipment.Status
LATER = AT + timedelta(hours=5)


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


@pytest.fixture
def shipment(order):
    return Shipment.objects.get(order=order)


def fail(house, shipment, kind, at=LATER):
    return services.fail_deliveries(
        shipment_ids=[shipment.pk], kind=kind, note="Nobody answered", happened_at=at, actor=house.boss, at=LATER
    )[shipment.pk]


def lose(house, shipment):
    return services.lose_shipments(shipment_ids=[shipment.pk], claim="CL-7", note="", actor=house.boss, at=LATER)[
        shipment.pk
    ]


def deliver(house, shipment):
    return services.deliver_shipments(
        shipment_ids=[shipment.pk], received_by="", received_at=LATER, actor=house.boss, at=LATER
    )[shipment.pk]


def bring_back(house, shipment, units):
    draft = returns_services.ReturnDraft(
        shipment.order_id,
        {},
        kind=ReturnOrder.Kind.DELIVERY_FAILURE,
        shipment_id=shipment.pk,
        reason=ReturnOrder.Reason.REFUSED,
        wish=ReturnOrder.Wish.RESHIP,
    )
    arrival = returns_services.Arrival(units, scanned=shipment.tracking_number)
    return returns_services.receive_blind(draft=draft, arrival=arrival, actor=house.boss, at=LATER)


def state(shipment):
    found = Shipment.objects.get(pk=shipment.pk)
    return (found.status, found.attempts)


def audit():
    call_command("audit_ledger", stdout=StringIO())


class TestFailDeliveries:
    @pytest.mark.parametrize(
        ("kind", "after"),
        [
            (Kind.MISSED, (Status.DISPATCHED, 1)),
            (Kind.REFUSED, (Status.RETURNING, 1)),
            # PRODUCT.md case 72
            (Kind.NO_ATTEMPT, (Status.DISPATCHED, 0)),
        ],
    )
    def test_counts_what_was_tried_and_brings_back_what_was_refused(self, house, shipment, kind, after):
        assert fail(house, shipment, kind).attempts == after[1]
        assert state(shipment) == after
        assert DeliveryFailure.objects.get().kind == kind
        assert OrderEvent.objects.last().subject_id == shipment.pk
        audit()

    def test_is_tried_again_and_delivered(self, house, shipment):
        fail(house, shipment, Kind.MISSED)
        fail(house, shipment, Kind.MISSED)
        deliver(house, shipment)
        assert state(shipment) == (Status.DELIVERED, 2)
        audit()

    def test_refuses_what_has_arrived_or_left_later(self, house, shipment):
        assert isinstance(fail(house, shipment, Kind.MISSED, AT - timedelta(days=1)), Refused)
        deliver(house, shipment)
        assert isinstance(fail(house, shipment, Kind.MISSED), Refused)
        assert not DeliveryFailure.objects.exists()

    def test_needs_the_verb(self, house, shipment):
        accountant = person(Role.ACCOUNTANT, company=house.company)
        for verb, words in (
            (services.fail_deliveries, {"kind": Kind.MISSED, "happened_at": AT}),
            (services.lose_shipments, {"claim": ""}),
        ):
            with pytest.raises(NotAllowed):
                verb(shipment_ids=[shipment.pk], note="", actor=accountant, at=AT, **words)
        assert state(shipment) == (Status.DISPATCHED, 0)


class TestLoseShipments:
    def test_counts_the_units_as_lost_with_the_claim(self, house, shipment, order, product):
        lose(house, shipment)
        line = ShipmentLine.objects.get()
        assert (state(shipment)[0], line.lost, line.failed) == (Status.LOST, 5, 0)
        assert DeliveryFailure.objects.get().claim == "CL-7"
        with pytest.raises(Refused):
            asked(house, order, {product: 1})
        audit()

    def test_is_done_once_and_is_never_delivered(self, house, shipment):
        assert lose(house, shipment) == lose(house, shipment)
        assert DeliveryFailure.objects.count() == 1
        assert isinstance(deliver(house, shipment), Refused)
        assert LinePart.objects.get().delivered == 0


class TestNoteComeBack:
    def test_makes_a_return_of_what_was_never_delivered(self, house, shipment, order, product):
        """PRODUCT.md case 71."""
        fail(house, shipment, Kind.REFUSED)
        made = bring_back(house, shipment, parts_of(order, {product: 5}))
        assert (made.kind, made.wish, made.shipment_id) == ("DELIVERY_FAILURE", "RESHIP", shipment.pk)
        part = LinePart.objects.get()
        assert (part.delivered, part.returned) == (0, 5)
        assert state(shipment) == (Status.RETURNED, 1)
        assert isinstance(deliver(house, shipment), Refused)
        audit()

    def test_leaves_the_rest_on_its_way_to_be_delivered(self, house, shipment, order, product):
        bring_back(house, shipment, parts_of(order, {product: 2}))
        assert state(shipment)[0] == Status.DISPATCHED
        deliver(house, shipment)
        assert LinePart.objects.get().delivered == 3
        audit()

    def test_finds_what_was_lost(self, house, shipment, order, product):
        lose(house, shipment)
        bring_back(house, shipment, parts_of(order, {product: 2}))
        assert (ShipmentLine.objects.get().lost, state(shipment)[0]) == (3, Status.LOST)
        bring_back(house, shipment, parts_of(order, {product: 3}))
        assert (ShipmentLine.objects.get().lost, state(shipment)[0]) == (0, Status.RETURNED)
        audit()

    def test_refuses_what_was_delivered(self, house, shipment, order, product):
        deliver(house, shipment)
        with pytest.raises(Blocked, match="receive its goods as a return"):
            bring_back(house, shipment, parts_of(order, {product: 1}))
        assert not ReturnOrder.objects.exists()
