"""What the papers print, from rows as they stand now."""

import pytest
from django.db import connection

from core import notes
from core.models import Audience
from core.planner import planned_anew
from orders.models import CustomerPart, SalesOrder
from shipping.queries import HAS_PARCELS_AT_THE_DOCK, HAS_PARCELS_ON_HOLD
from tests.factories.house import AT, House
from tests.factories.warehouse import Statements, packed, released
from warehouse import queries, services
from warehouse.models import Parcel, PickTask, Wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


class TestQueuesOfOrders:
    """They are found by what is to be done, which is little, and not by asking all that is under way."""

    def plan(self, condition):
        orders = SalesOrder.objects.filter(condition, company=1, status__in=["CONFIRMED", "RELEASED"])
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            sql, params = orders.order_by("customer__sort_key", "pk").values("pk")[:51].query.sql_with_params()
        with planned_anew(), connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + sql, params)
            return "\n".join(row[0] for row in cursor.fetchall())

    @pytest.mark.parametrize(
        ("condition", "index"),
        [
            (queries.HAS_GOODS_TO_PACK & queries.IS_NOT_BEING_PICKED, "linepart_in_totes_by_order"),
            (queries.IS_BEING_PICKED, "picktask_to_do_by_order"),
            (queries.WAITS_FOR_STOCK, "demand_waiting_by_product"),
            (queries.HAS_STOCK_ON_HOLD, "hold_open_by_order"),
            (HAS_PARCELS_AT_THE_DOCK, "linepart_in_parcels_by_order"),
            (HAS_PARCELS_ON_HOLD, "hold_open_by_order"),
        ],
    )
    def test_look_up_first_what_is_to_be_done(self, house, condition, index):
        plan = self.plan(condition)
        assert "id = ANY ((InitPlan" in plan
        assert index in plan

    def test_tell_what_is_picked_from_what_is_still_being_picked(self, house):
        one, two = house.product([9]), house.product([9])
        order = released(house, (one, 1), (two, 1))
        released(house, (one, 1))
        done = packed(house, (one, 1))

        def found(condition):
            return set(SalesOrder.objects.filter(condition).exclude(pk=done.pk).values_list("pk", flat=True))

        ready = queries.HAS_GOODS_TO_PACK & queries.IS_NOT_BEING_PICKED
        first, second = PickTask.objects.filter(order=order).order_by("pk")
        assert order.pk in found(queries.IS_BEING_PICKED) - found(ready)
        services.pick_tasks(task_ids=[first.pk], actor=house.boss, at=AT)
        assert order.pk in found(queries.IS_BEING_PICKED) - found(ready)
        services.pick_tasks(task_ids=[second.pk], actor=house.boss, at=AT)
        assert found(ready) == {order.pk}
        assert order.pk not in found(queries.IS_BEING_PICKED)
        services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert found(ready) == set()
        assert found(HAS_PARCELS_AT_THE_DOCK) == {order.pk}


class TestPickList:
    def test_holds_what_is_still_to_pick_along_the_walk(self, house):
        far, near = house.product([[0, 0, 9]]), house.product([9])
        order = released(house, (far, 2), (near, 3))
        wave = Wave.objects.get()
        shown = queries.pick_list(wave)
        assert shown["wave"] == wave.number
        assert shown["warehouse"] == {"name": "Site 1"}
        assert shown["created_at"] == "2026-11-23T10:00:00+00:00"
        assert [(t["bin"], t["sku"], float(t["quantity"]), t["unit"], t["order"]) for t in shown["tasks"]] == [
            ("A-01", near.sku, 3, "Piece", order.number),
            ("A-03", far.sku, 2, "Piece", order.number),
        ]
        services.pick_tasks(task_ids=[PickTask.objects.order_by("pk")[0].pk], actor=house.boss, at=AT)
        assert [task["sku"] for task in queries.pick_list(wave)["tasks"]] == [far.sku]

    def test_holds_what_is_said_to_the_warehouse_and_nothing_else(self, house):
        """As the walk says it: on the wave, the order, its customer and the product."""
        glass, plain = house.product([9]), house.product([[0, 9]])
        order = released(house, (glass, 2), (plain, 3))
        wave = Wave.objects.get()
        for kind, pk, text in (
            ("wave", wave.pk, "Take the cage"),
            ("salesorder", order.pk, "Label each\nbox"),
            ("customer", house.customer.pk, "No pallets"),
            ("product", glass.pk, "Glass"),
        ):
            for audience, words in ((Audience.WAREHOUSE, text), (Audience.OFFICE, "Margin is 4711")):
                notes.write_note(
                    kind=kind, document_id=pk, text=words, audience=audience, files=[], actor=house.boss, at=AT
                )
        shown = queries.pick_list(wave)
        assert (shown["said"], [task["said"] for task in shown["tasks"]]) == (
            ["Take the cage"],
            [["Label each\nbox", "No pallets", "Glass"], ["Label each\nbox", "No pallets"]],
        )

    def test_takes_one_statement_for_its_tasks_however_many(self, house):
        def statements(number: int) -> int:
            order = released(house, *((house.product([9]), 1) for _ in range(number)))
            wave = Wave.objects.get(tasks__order=order, tasks__pk=PickTask.objects.filter(order=order).first().pk)
            with Statements(house.boss) as made:
                queries.pick_list(wave)
            return len(made)

        assert statements(1) == statements(6)


class TestPackingSlip:
    def test_holds_the_parcel_and_what_is_to_follow(self, house):
        whole, short = house.product([9]), house.product([2])
        order = packed(house, (whole, 4), (short, 5))
        parcel = Parcel.objects.get()
        shown = queries.packing_slip(parcel)
        assert (shown["number"], shown["packed_on"]) == (parcel.number, "2026-11-23")
        assert shown["ship_to"] == {
            "name": "Bright & Day Gifts",
            "address": ["12 Market Street", "Leeds LS1 6DT", "United Kingdom"],
        }
        assert shown["order"]["number"] == order.number
        assert shown["order"]["customer_po"] == order.po_number
        [box] = shown["parcels"]
        assert (box["position"], box["of"], float(box["weight_kg"])) == (1, 1, 0.6)
        assert [(line["sku"], float(line["quantity"])) for line in box["lines"]] == [(whole.sku, 4), (short.sku, 2)]
        assert [(line["sku"], float(line["quantity"])) for line in shown["to_follow"]] == [(short.sku, 3)]

    def test_names_the_customers_own_number_beside_ours(self, house):
        whole, short = house.product([9]), house.product([2])
        for product, number in ((whole, "HEART"), (short, "BELL"), (short, "BELL-OLD")):
            CustomerPart.objects.create(customer=house.customer, product=product, number=number)
        packed(house, (whole, 4), (short, 5))
        shown = queries.packing_slip(Parcel.objects.get())
        [box] = shown["parcels"]
        assert [line["customer_sku"] for line in [*box["lines"], *shown["to_follow"]]] == ["HEART", "BELL", "BELL"]

    def test_adds_up_a_line_that_came_from_two_bins(self, house):
        product = house.product([[2, 3]])
        packed(house, (product, 5))
        [box] = queries.packing_slip(Parcel.objects.get())["parcels"]
        assert [(line["sku"], float(line["quantity"])) for line in box["lines"]] == [(product.sku, 5)]

    def test_numbers_the_parcels_of_an_order(self, house):
        order = released(house, (house.product([[2, 3]]), 5))
        for task in PickTask.objects.order_by("pk"):
            services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
            services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        slips = [queries.packing_slip(parcel)["parcels"][0] for parcel in Parcel.objects.order_by("pk")]
        assert [(slip["position"], slip["of"]) for slip in slips] == [(1, 2), (2, 2)]
