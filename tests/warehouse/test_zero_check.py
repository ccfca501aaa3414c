"""The zero check: a picker says whether a bin is empty that is so by the books, where the warehouse asks."""

from decimal import Decimal

import pytest

from core.refusals import Blocked, NotAllowed
from core.registry import audit_checks
from core.roles import Role
from inventory.models import StockLevel, Warehouse
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.warehouse import released
from warehouse import services
from warehouse.models import Count, PickTask

pytestmark = pytest.mark.django_db


def picked(house, *amounts):
    """Return the task of a pick of five units, of a product that lies in bins by these amounts."""
    released(house, (house.product([list(amounts)]), 5))
    task = PickTask.objects.order_by("pk").last()
    services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
    return task


def check(house, task, left, **fields):
    return services.check_empty(**{"task_id": task.pk, "left": Decimal(left), "actor": house.boss, "at": AT, **fields})


def drift():
    return {check.name: rows for check in audit_checks if (rows := check.find()[1])}


def test_an_empty_bin_is_checked_and_what_is_left_is_to_be_counted():
    house = House.open()
    first, second = picked(house, 5), picked(house, 5)
    empty = check(house, first, 0)
    assert (empty.status, empty.seen, empty.expected, empty.counted, empty.posting_id) == ("DONE", 0, 0, 0, None)
    asked = check(house, second, 2)
    assert (asked.status, asked.seen, asked.because) == ("OPEN", 2, "Should be empty")
    # Said again, or of a bin that is to be counted anyway, it changes nothing
    assert (check(house, first, 3).pk, check(house, second, 0).pk) == (empty.pk, asked.pk)
    services.count_bin(count_id=asked.pk, counted=Decimal(2), actor=house.boss, at=AT)
    assert StockLevel.objects.get(product=second.product).sellable == 2
    assert drift() == {}


def test_goods_that_came_meanwhile_are_counted():
    house = House.open()
    task = picked(house, 5)
    house.receive(task.product, 4)
    assert check(house, task, 0).status == "OPEN"


def test_refuses_others_and_what_is_no_number():
    house = House.open()
    task = picked(house, 5)
    for fault, typed in (
        (Blocked, {"left": "0.5"}),
        (Blocked, {"left": -1}),
        (Blocked, {"left": 0, "actor": House.open().boss}),
        (NotAllowed, {"left": 0, "actor": person(Role.SHIPPING_CLERK, company=house.company)}),
    ):
        with pytest.raises(fault):
            check(house, task, **typed)
    assert not Count.objects.exists()


def test_is_asked_on_the_picker_s_page_where_the_warehouse_asks_and_the_bin_is_empty(client):
    house = House.open()
    client.force_login(person(Role.PICKER, company=house.company))

    def pick(*amounts):
        released(house, (house.product([list(amounts)]), 5))
        task = PickTask.objects.order_by("pk").last()
        answer = client.post(f"/warehouse/tasks/{task.pk}/pick/", headers={"HX-Request": "true"})
        return task, "Should be empty" in answer.content.decode()

    assert pick(5)[1] is False
    Warehouse.objects.update(asks_if_empty=True)
    assert pick(9)[1] is False
    task, asked = pick(0, 5)
    assert asked is True
    to = f"/warehouse/tasks/{task.pk}/empty/"
    assert "Should be empty" in client.get(f"/warehouse/waves/{task.wave_id}/?after={task.pk}&asks=1").content.decode()
    assert client.post(to, {"left": "many"}).status_code == 409
    answer = client.post(to, {"left": "2"}, headers={"HX-Request": "true"})
    assert "A-02 is on the list to check" in answer.content.decode()
    client.force_login(house.boss)
    count = Count.objects.get()
    assert "Should be empty" in client.get("/warehouse/counts/").content.decode()
    assert "seen after the pick" in client.get(f"/warehouse/counts/{count.pk}/").content.decode()
