"""Delivering: shipments that left arrive, once, and their parts count it."""

from datetime import timedelta

import pytest

from core.refusals import NotAllowed, Refused
from core.roles import Role
from orders.models import LinePart, OrderEvent
from shipping import events, services
from shipping.models import ProofOfDelivery, Shipment
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import Statements, snapshot

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=2)


@pytest.fixture
def house():
    """A company with two warehouses."""
    return House.open(warehouses=2)


def deliver(house, *shipments, received_at=LATER, actor=None):
    return services.deliver_shipments(
        shipment_ids=[shipment.pk for shipment in shipments],
        received_by="J. Smith",
        received_at=received_at,
        actor=actor or house.boss,
        at=LATER,
    )


class TestDeliverShipments:
    def test_notes_who_took_it_in_and_counts_it_on_the_parts(self, house):
        dispatched(house, (house.product([9]), 4), (house.product([0, 9]), 3))
        here, _there = Shipment.objects.order_by("pk")
        assert deliver(house, here)[here.pk].shipment_id == here.pk
        assert [shipment.status for shipment in Shipment.objects.order_by("pk")] == ["DELIVERED", "DISPATCHED"]
        assert sorted(part.delivered for part in LinePart.objects.all()) == [0, 4]
        proof = ProofOfDelivery.objects.get()
        assert (proof.shipment, proof.received_by, proof.received_at, proof.recorded_by) == (
            here,
            "J. Smith",
            LATER,
            house.boss,
        )

    def test_has_the_same_effect_when_sent_twice(self, house):
        dispatched(house, (house.product([9]), 4))
        shipment = Shipment.objects.get()
        deliver(house, shipment)
        before = snapshot()
        assert deliver(house, shipment)[shipment.pk].shipment_id == shipment.pk
        assert snapshot() == before
        assert ProofOfDelivery.objects.count() == 1

    def test_refuses_a_moment_before_it_left_and_delivers_the_others(self, house):
        product = house.product([9])
        dispatched(house, (product, 1))
        early = Shipment.objects.get()
        results = deliver(house, early, received_at=AT - timedelta(hours=1))
        assert isinstance(results[early.pk], Refused)
        assert results[early.pk].blockers[0].code == "before_dispatch"
        assert LinePart.objects.get().delivered == 0

    def test_does_not_see_another_companys_shipment(self, house):
        other = House.open()
        dispatched(other, (other.product([9]), 1))
        assert deliver(house, Shipment.objects.get()) == {}

    def test_refuses_who_may_not(self, house):
        dispatched(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            deliver(house, Shipment.objects.get(), actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before

    def test_tells_the_timeline_and_the_floors_above(self, house):
        order = dispatched(house, (house.product([9]), 1))
        shipment = Shipment.objects.get()
        heard = []
        events.shipments_delivered.connect(receiver := lambda sender, event, **_: heard.append(event))
        try:
            deliver(house, shipment)
        finally:
            events.shipments_delivered.disconnect(receiver)
        assert heard == [events.ShipmentsDelivered((shipment.pk,), (order.pk,), LATER)]
        fact = OrderEvent.objects.get(kind=OrderEvent.Kind.DELIVERED)
        assert (fact.subject_kind, fact.subject_id) == ("shipment", shipment.pk)
        assert "Smith" not in str(fact.data)

    def test_takes_as_many_statements_for_ten_shipments_as_for_one(self, house):
        product = house.product([99])
        for _ in range(11):
            dispatched(house, (product, 1))
        one, *ten = Shipment.objects.order_by("pk")
        with Statements(house.boss) as alone:
            deliver(house, one)
        with Statements(house.boss) as together:
            deliver(house, *ten)
        assert len(alone) == len(together)
