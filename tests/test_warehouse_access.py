"""A person who is kept to some warehouses sees and works only what is there; one who is kept to none works in all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.urls import reverse

from core.models import User
from core.refusals import Refused
from core.roles import Role
from inventory.models import Allocation, WarehouseAccess
from inventory.queries.places import warehouse_ids
from orders.models import LinePart, SalesOrder
from returns import queries as returns_queries
from returns import services as returns_services
from returns.models import ReturnOrder
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.core import CompanyFactory, person
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.sweep import Visitor
from warehouse import services
from warehouse.models import Parcel, PickTask, Wave

pytestmark = pytest.mark.django_db
ROLES = (Role.WAREHOUSE_MANAGER, Role.SHIPPING_CLERK, Role.RETURNS_CLERK)


@dataclass
class Sites:
    """Two warehouses; an order that takes five units from each; `kept` works in the first alone."""

    house: House
    order: SalesOrder
    kept: User

    @classmethod
    def open(cls) -> Sites:
        house = House.open(warehouses=2)
        first, second = house.product([5, 0]), house.product([0, 5])
        kept = person(*ROLES, company=house.company)
        WarehouseAccess.objects.create(user=kept, warehouse=house.warehouses[0])
        return cls(house, house.order((first, 5), (second, 5)), kept)

    def do(self, service: Any, actor: User, **fields: Any) -> Any:
        """Do a verb to the order."""
        return service(order_ids=[self.order.pk], actor=actor, at=AT, **fields)[self.order.pk]

    def elsewhere(self, rows: Any) -> int:
        """Return the one row of the second warehouse."""
        return int(rows.get(warehouse=self.house.warehouses[1]).pk)


@pytest.fixture
def sites() -> Sites:
    return Sites.open()


VAN = {"carrier": "Van", "tracking_number": ""}


class TestServices:
    def test_do_what_is_in_the_person_s_warehouses_and_leave_the_rest(self, sites: Sites) -> None:
        here, there = sites.house.warehouses
        sites.do(services.release_orders, sites.kept)
        assert [wave.warehouse for wave in Wave.objects.all()] == [here]
        assert Allocation.objects.filter(status="FIRM").get().level.warehouse == there
        sites.do(services.release_orders, sites.house.boss)
        sites.do(services.pick_orders, sites.kept)
        assert PickTask.objects.get(status="PLANNED").bin.warehouse == there
        sites.do(services.pick_orders, sites.house.boss)
        sites.do(services.pack_orders, sites.kept)
        assert Parcel.objects.get().warehouse == here
        sites.do(services.pack_orders, sites.house.boss)
        sites.do(shipping_services.dispatch_orders, sites.kept, **VAN)
        assert Shipment.objects.get().warehouse == here

    def test_say_where_the_rest_is(self, sites: Sites) -> None:
        house = sites.house
        sites.order = house.order((house.product([0, 5]), 5))
        for service, fields in (
            (services.release_orders, {}),
            (services.pick_orders, {}),
            (services.pack_orders, {}),
            (shipping_services.dispatch_orders, VAN),
        ):
            result = sites.do(service, sites.kept, **fields)
            assert isinstance(result, Refused), service
            assert result.blockers[0].code == "elsewhere", service
            assert not isinstance(sites.do(service, house.boss, **fields), Refused)

    def test_take_no_task_and_no_parcel_of_another_warehouse(self, sites: Sites) -> None:
        house = sites.house
        sites.do(services.release_orders, house.boss)
        task = PickTask.objects.get(bin__warehouse=house.warehouses[1])
        assert services.pick_tasks(task_ids=[task.pk], actor=sites.kept, at=AT) == {}
        sites.do(services.pick_orders, house.boss)
        sites.do(services.pack_orders, house.boss)
        parcel = sites.elsewhere(Parcel.objects)
        assert services.unpack_parcels(parcel_ids=[parcel], actor=sites.kept, at=AT) == {}
        consignment = shipping_services.Consignment("Van")
        dispatch = shipping_services.dispatch_parcels
        assert dispatch(parcel_ids=[parcel], consignment=consignment, actor=sites.kept, at=AT) == {}
        assert not Shipment.objects.exists()

    def test_count_only_accesses_in_the_company_that_the_person_works_for(self, sites: Sites) -> None:
        free = person(*ROLES, company=sites.house.company)
        elsewhere = House.open()
        WarehouseAccess.objects.create(user=free, warehouse=elsewhere.warehouses[0])
        assert warehouse_ids(free) == {warehouse.pk for warehouse in sites.house.warehouses}
        assert warehouse_ids(sites.kept) == {sites.house.warehouses[0].pk}
        assert warehouse_ids(person(*ROLES, company=CompanyFactory())) == frozenset()


class TestPages:
    @pytest.fixture
    def packed(self, sites: Sites) -> Sites:
        for service in (services.release_orders, services.pick_orders, services.pack_orders):
            sites.do(service, sites.house.boss)
        return sites

    def test_show_what_is_in_the_person_s_warehouses(self, packed: Sites) -> None:
        services.complete_waves(at=AT)
        for rows, url_name, page in (
            (Wave.objects, "warehouse:wave", f"{reverse('warehouse:waves')}?tab=done"),
            (Parcel.objects, "warehouse:packing_slip", reverse("orders:detail", args=[packed.order.pk])),
        ):
            shown = Visitor(packed.kept).ask("get", page).text
            mine = rows.get(warehouse=packed.house.warehouses[0]).pk
            assert f'href="{reverse(url_name, args=[mine])}"' in shown
            assert f'href="{reverse(url_name, args=[packed.elsewhere(rows)])}"' not in shown

    def test_of_another_warehouse_are_not_there(self, packed: Sites) -> None:
        visitor = Visitor(packed.kept)
        wave, parcel = packed.elsewhere(Wave.objects), packed.elsewhere(Parcel.objects)
        task = PickTask.objects.get(bin__warehouse=packed.house.warehouses[1]).pk
        asked = (
            ("get", reverse("warehouse:wave", args=[wave])),
            ("get", reverse("warehouse:pick_list", args=[wave])),
            ("get", reverse("warehouse:packing_slip", args=[parcel])),
            ("post", reverse("warehouse:pick_task", args=[task])),
        )
        for method, url in asked:
            answer = visitor.ask(method, url)
            assert (answer.status, answer.wrote) == (404, frozenset()), url
            assert Visitor(packed.house.boss).ask(method, url).status != 404, url

    def test_list_no_order_that_is_all_in_another_warehouse(self, sites: Sites) -> None:
        house = sites.house
        far = house.order((house.product([0, 5]), 5))
        shown = Visitor(sites.kept).ask("get", reverse("warehouse:release_queue")).text
        assert str(sites.order) in shown
        assert str(far) not in shown
        assert str(far) in Visitor(house.boss).ask("get", reverse("warehouse:release_queue")).text


class TestReturns:
    """Five units left each warehouse, and three of each come back, by a return for each."""

    @pytest.fixture
    def shipped(self, sites: Sites) -> Sites:
        for service in (services.release_orders, services.pick_orders, services.pack_orders):
            sites.do(service, sites.house.boss)
        sites.do(shipping_services.dispatch_orders, sites.house.boss, **VAN)
        return sites

    @pytest.fixture
    def asked(self, shipped: Sites) -> Sites:
        for part in LinePart.objects.filter(order=shipped.order):
            self.ask(shipped, shipped.house.boss, part.pk)
        return shipped

    def ask(self, sites: Sites, actor: User, part_id: int) -> Any:
        draft = returns_services.ReturnDraft(sites.order.pk, {part_id: Decimal(3)})
        (made,) = returns_services.create_returns(drafts=[draft], authorize=True, actor=actor, at=AT)
        return made

    def parts(self, sites: Sites) -> tuple[int, int]:
        """Return the part that left here, and the one that left there."""
        ids = LinePart.objects.filter(order=sites.order).order_by("product").values_list("pk", flat=True)
        return ids[0], ids[1]

    def test_are_asked_for_and_received_unannounced_where_the_person_works(self, shipped: Sites) -> None:
        here, there = self.parts(shipped)
        for part in (here, there):
            draft = returns_services.ReturnDraft(shipped.order.pk, {})
            receive = partial(
                returns_services.receive_blind,
                draft=draft,
                arrival=returns_services.Arrival({part: Decimal(1)}),
                at=AT,
            )
            if part == here:
                assert receive(actor=shipped.kept).warehouse == shipped.house.warehouses[0]
                assert isinstance(self.ask(shipped, shipped.kept, part), ReturnOrder)
            else:
                with pytest.raises(Refused):
                    receive(actor=shipped.kept)
                assert isinstance(self.ask(shipped, shipped.kept, part), Refused)

    def test_of_an_order_that_all_left_elsewhere_say_so(self, sites: Sites) -> None:
        house = sites.house
        sites.order = dispatched(house, (house.product([0, 5]), 5))
        refused = self.ask(sites, sites.kept, LinePart.objects.get(order=sites.order).pk)
        assert refused.blockers[0].code == "elsewhere"

    def test_of_another_warehouse_are_not_received_graded_or_settled(self, asked: Sites) -> None:
        there = ReturnOrder.objects.get(warehouse=asked.house.warehouses[1])
        part = self.parts(asked)[1]
        by = {"return_id": there.pk, "at": AT}
        verbs = (
            partial(returns_services.receive_return, arrival=returns_services.Arrival({part: Decimal(3)}), **by),
            partial(returns_services.inspect_return, graded=[returns_services.Graded(part, "B", Decimal(3))], **by),
            partial(
                returns_services.decide_return,
                decided=[returns_services.Decided(part, "B", "QUARANTINE", Decimal(3))],
                **by,
            ),
            partial(
                returns_services.clear_quarantine,
                cleared=[returns_services.Cleared(part, "SCRAP", Decimal(3))],
                **by,
            ),
            partial(returns_services.settle_return, kind="NONE", **by),
        )
        asked.kept = person(*ROLES, Role.ACCOUNTANT, company=asked.house.company)
        WarehouseAccess.objects.create(user=asked.kept, warehouse=asked.house.warehouses[0])
        for verb in verbs:
            with pytest.raises(Refused, match="no such return"):
                verb(actor=asked.kept)
            verb(actor=asked.house.boss)
        assert returns_services.cancel_returns(return_ids=[there.pk], reason="No", actor=asked.kept, at=AT) == {}

    def test_show_on_pages_what_comes_to_the_person_s_warehouses(self, asked: Sites) -> None:
        here, there = (ReturnOrder.objects.get(warehouse=warehouse).pk for warehouse in asked.house.warehouses)
        visitor = Visitor(asked.kept)
        for page in (f"{reverse('returns:queue')}?tab=awaited", reverse("orders:detail", args=[asked.order.pk])):
            shown = visitor.ask("get", page).text
            assert f'class="code" href="{reverse("returns:return", args=[here])}"' in shown, page
            assert f'class="code" href="{reverse("returns:return", args=[there])}"' not in shown, page
        for name in ("return", "receive", "inspect", "decide", "clear"):
            method = "get" if name == "return" else "post"
            answer = visitor.ask(method, reverse(f"returns:{name}", args=[there]))
            assert (answer.status, answer.wrote) == (404, frozenset()), name

    def test_are_found_at_the_dock_of_the_person_s_warehouses(self, asked: Sites) -> None:
        found = returns_queries.find(asked.kept, str(asked.order))
        assert [row.warehouse for row in found.returns] == [asked.house.warehouses[0]]
        there = LinePart.objects.get(pk=self.parts(asked)[1]).product.sku
        assert not returns_queries.find(asked.kept, there).orders
        assert returns_queries.find(asked.house.boss, there).orders
