"""The warehouse's jobs, and its verbs in the admin."""

import pytest
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django import app

from core.roles import Role
from tests.factories.core import person
from tests.factories.house import House
from tests.factories.warehouse import picked, released, snapshot
from warehouse import tasks
from warehouse.models import PickTask, Wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


class TestCompleteWaves:
    def test_closes_what_is_picked_and_nothing_when_it_runs_again(self, house):
        picked(house, (house.product([9]), 1))
        for _ in range(2):
            tasks.complete_waves(timestamp=0)
        assert Wave.objects.get().status == Wave.Status.DONE

    def test_is_due_every_five_seconds(self):
        periodic = app.periodic_registry.periodic_tasks["warehouse.complete_waves", ""]
        times = periodic.croniter
        times.set_current(1_000_000_000)
        assert [times.get_next() - 1_000_000_000 for _ in range(3)] == [5, 10, 15]


class TestAdmin:
    def admin(self, house, *roles):
        user = person(*roles, company=house.company)
        user.is_staff = user.is_superuser = True
        user.save()
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    @pytest.mark.parametrize("model", ["warehouse_wave", "warehouse_picktask", "warehouse_parcel", "shipping_shipment"])
    def test_shows_rows_and_changes_none(self, house, model):
        picked(house, (house.product([9]), 1))
        client = self.admin(house, Role.ADMINISTRATOR)
        assert client.get(reverse(f"admin:{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:{model}_add")).status_code == 403

    def test_picks_by_the_service(self, house):
        released(house, (house.product([9]), 1))
        address = reverse("admin:warehouse_picktask_changelist")
        asked = {"action": "pick", "_selected_action": [PickTask.objects.get().pk]}
        self.admin(house, Role.PICKER).post(address, asked)
        assert PickTask.objects.get().status == PickTask.Status.PICKED

    def test_refuses_who_may_not_pick(self, house):
        released(house, (house.product([9]), 1))
        before = snapshot()
        address = reverse("admin:warehouse_picktask_changelist")
        asked = {"action": "pick", "_selected_action": [PickTask.objects.get().pk]}
        response = self.admin(house, Role.ACCOUNTANT).post(address, asked, follow=True)
        assert "do not include" in response.content.decode()
        assert snapshot() == before
