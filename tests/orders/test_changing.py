"""Changing and discarding drafts: what is written, what is kept, and who is told that they came too late."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from orders import services
from orders.models import CustomerPO, OrderEvent, SalesOrder, SalesOrderLine
from orders.queries.changes import changes_since, latest_changes
from orders.services.changing import DraftChangedMeanwhile
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House

pytestmark = pytest.mark.django_db


def change(house: House, order: SalesOrder, *lines, seen: int | None = None, confirm: bool = False, **fields):
    """This function will put lines and fields in the place of a draft's, and return what came of it."""
    wording = {
        "customer_id": order.customer_id,
        "po_number": order.po_number,
        "ordered_on": order.ordered_on,
        "requested_on": order.requested_on,
        "lines": [
            line if isinstance(line, services.LineDraft) else services.LineDraft(line[0].pk, Decimal(line[1]))
            for line in lines
        ],
        **fields,
    }
    changes = [services.DraftChange(order.pk, services.OrderDraft(**wording), seen)]
    return services.change_drafts(changes=changes, actor=house.boss, at=AT, confirm=confirm)[order.pk]


def lines_of(order: SalesOrder) -> list[tuple[int, Decimal]]:
    """This function will return what stands on an order now."""
    lines = SalesOrderLine.objects.filter(order=order).order_by("position")
    assert [line.position for line in lines] == list(range(1, len(lines) + 1))
    return [(line.product_id, line.quantity) for line in lines]


class TestChangeDrafts:
    def test_puts_lines_anew_and_keeps_the_rows_of_products_that_stay(self):
        house = House.open()
        first, second, third = house.product(), house.product(), house.product(price="3")
        order = house.draft((first, 1), (second, 2))
        kept = SalesOrderLine.objects.get(order=order, product=second).pk
        result = change(house, order, (third, 4), (second, 5), po_number="PO-NEW")
        assert result == services.Changed(order.pk, Decimal(62), Decimal("74.40"))
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.net, order.gross, order.po_number, order.po_key) == (62, Decimal("74.40"), "PO-NEW", "PONEW")
        assert lines_of(order) == [(third.pk, 4), (second.pk, 5)]
        assert SalesOrderLine.objects.get(order=order, product=second).pk == kept

    def test_keeps_the_old_commercial_fields_in_the_history_and_tells_the_log(self):
        house = House.open()
        first, second = house.product(), house.product()
        order = house.draft((first, 1), (second, 2))
        change(house, order, (first, 3), po_number="PO-NEW")
        assert [row.po_number for row in order.history.all()] == [order.po_number]
        history = SalesOrderLine.history.rel.related_model.objects.order_by("pgh_id")
        assert sorted((row.product_id, row.quantity) for row in history) == [(first.pk, 1), (second.pk, 2)]
        event = OrderEvent.objects.get(order=order, kind=OrderEvent.Kind.CHANGED)
        assert (event.actor, event.data["changes"]) == (
            house.boss,
            [
                {"field": "po_number", "from": order.po_number, "to": "PO-NEW"},
                {"line": first.sku, "field": "quantity", "from": "1", "to": "3"},
                {"line": second.sku, "field": "removed", "from": "2"},
            ],
        )

    def test_the_same_again_writes_nothing(self):
        house = House.open()
        product = house.product()
        order = house.draft((product, 1))
        with CaptureQueriesContext(connection) as queries:
            assert isinstance(change(house, order, (product, 1)), services.Changed)
        assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]

    def test_leaves_the_customers_document_as_it_came(self):
        house = House.open()
        product = house.product()
        order = house.draft((product, 1), po_number="PO-1", content={"as": "sent"})
        change(house, order, (product, 2), po_number="PO-2")
        po = CustomerPO.objects.get(pk=order.customer_po_id)
        assert (po.number, po.content) == ("PO-1", {"as": "sent"})

    def test_an_untouched_price_stays_the_documents(self):
        house = House.open()
        product = house.product(price="10")
        line = services.LineDraft(product.pk, Decimal(1), price=Decimal(7), description="In their words")
        order = house.draft(lines=[line], channel=CustomerPO.Channel.FILE)
        change(house, order, services.LineDraft(product.pk, Decimal(2), price=Decimal(7)))
        kept = SalesOrderLine.objects.get(order=order)
        assert (kept.price_source, kept.price, kept.description) == ("DOCUMENT", 7, "In their words")
        change(house, order, services.LineDraft(product.pk, Decimal(2), price=Decimal(8)))
        assert SalesOrderLine.objects.get(order=order).price_source == "MANUAL"

    def test_who_did_not_see_the_last_change_is_refused_and_can_read_it(self):
        house = House.open()
        product = house.product()
        order = house.draft((product, 1))
        seen = latest_changes([order.pk])[order.pk]
        assert isinstance(change(house, order, (product, 2), seen=seen), services.Changed)
        assert isinstance(change(house, order, (product, 9), seen=seen), DraftChangedMeanwhile)
        assert lines_of(order) == [(product.pk, 2)]
        ((event, words),) = changes_since(order.pk, seen)
        assert (event.actor, words) == (house.boss, [f"{product.sku} quantity 1 → 2"])

    @pytest.mark.parametrize("state", ["confirmed", "discarded"])
    def test_leaves_what_is_no_draft_any_more_alone(self, state):
        house = House.open()
        product = house.product([5])
        order = house.draft((product, 1))
        if state == "confirmed":
            house.confirm(order)
        else:
            services.discard_drafts(order_ids=[order.pk], actor=house.boss, at=AT)
        events = OrderEvent.objects.count()
        assert isinstance(change(house, order, (product, 2)), Blocked)
        assert lines_of(order) == [(product.pk, 1)]
        assert OrderEvent.objects.count() == events

    def test_what_is_wrong_is_named_and_nothing_is_written(self):
        house = House.open()
        product = house.product()
        order, other = house.draft((product, 1)), house.draft((product, 1), po_number="TAKEN")
        assert list(change(house, order, (product, 0)).errors) == [(0, "quantity")]
        assert list(change(house, order).errors) == ["lines"]
        assert change(house, order, (product, 1), po_number="taken").order_id == other.pk
        assert lines_of(order) == [(product.pk, 1)]

    def test_the_customer_stays(self):
        house, other = House.open(), House.open()
        other.customer.company = house.company
        order = house.draft((house.product(), 1))
        assert "customer" in change(house, order, (house.product(), 1), customer_id=other.customer.pk).errors

    def test_confirms_what_it_changed_where_that_is_asked(self):
        house = House.open()
        product = house.product([5])
        order = house.draft((product, 1))
        result = change(house, order, (product, 3), confirm=True)
        assert isinstance(result.confirmed, services.Confirmed)
        assert result.confirmed.allocated == 3

    def test_needs_as_many_statements_for_thirty_lines_as_for_three(self):
        house = House.open()
        products = [house.product() for _ in range(60)]

        def statements(number: int) -> int:
            order = house.draft(*[(product, 1) for product in products[:number]])
            half = number // 3
            with CaptureQueriesContext(connection) as queries:
                # Some go, some stay with another quantity, some come
                change(house, order, *[(product, 2) for product in products[half : number + half]])
            return len(queries)

        assert statements(3) == statements(30)

    def test_is_not_for_a_picker_nor_for_another_company(self):
        house = House.open()
        product = house.product()
        order = house.draft((product, 1))
        draft = services.OrderDraft(order.customer_id, "X", TODAY, TODAY, [services.LineDraft(product.pk, Decimal(9))])
        changes = [services.DraftChange(order.pk, draft)]
        with pytest.raises(NotAllowed):
            services.change_drafts(changes=changes, actor=person(Role.PICKER, company=house.company), at=AT)
        assert services.change_drafts(changes=changes, actor=House.open().boss, at=AT) == {}
        assert lines_of(order) == [(product.pk, 1)]


class TestDiscardDrafts:
    def test_frees_the_po_number_and_keeps_the_order_to_be_read(self):
        house = House.open()
        product = house.product()
        order = house.draft((product, 1), po_number="PO-1")
        services.discard_drafts(order_ids=[order.pk], actor=house.boss, at=AT)
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.status, order.number) == ("CANCELLED", None)
        assert OrderEvent.objects.filter(order=order, kind=OrderEvent.Kind.DISCARDED, actor=house.boss).count() == 1
        assert house.draft((product, 1), po_number="PO-1").pk != order.pk

    def test_is_refused_for_a_confirmed_order_beside_a_draft_that_goes(self):
        house = House.open()
        product = house.product([5])
        confirmed, draft = house.order((product, 1)), house.draft((product, 1))
        results = services.discard_drafts(order_ids=[confirmed.pk, draft.pk], actor=house.boss, at=AT)
        assert isinstance(results[confirmed.pk], Refused)
        assert SalesOrder.objects.get(pk=confirmed.pk).status == "CONFIRMED"
        assert SalesOrder.objects.get(pk=draft.pk).status == "CANCELLED"

    def test_is_not_for_a_picker(self):
        house = House.open()
        order = house.draft((house.product(), 1))
        with pytest.raises(NotAllowed):
            services.discard_drafts(order_ids=[order.pk], actor=person(Role.PICKER, company=house.company), at=AT)
        assert SalesOrder.objects.get(pk=order.pk).status == "DRAFT"
