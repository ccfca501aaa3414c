"""The training company: beside a real one, for all who work there, made anew by one click, and seen to be one."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from config.demo import training
from core.models import Company, Membership, User
from core.roles import Role
from orders.models import SalesOrder
from tests.factories.core import person
from tests.factories.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def make(house: House, replaces: int | None = None) -> int | None:
    return training.make(
        company_id=house.company.pk,
        user_id=house.boss.pk,
        replaces=replaces,
        now=timezone.now(),
        days=timedelta(hours=8),
    )


class TestMake:
    def test_gives_everybody_a_company_to_practice_in_and_leaves_the_real_one_alone(self, house: House) -> None:
        clerk = person(Role.SALES_ADMIN, company=house.company)
        product = house.product([9])
        order = house.order((product, 2))
        before = SalesOrder.objects.filter(company=house.company).values().get()

        made = Company.objects.get(pk=make(house))

        assert made.is_training
        assert made.name == f"Training · {house.company.name}"
        assert SalesOrder.objects.filter(company=made).count() > 10
        assert SalesOrder.objects.filter(company=house.company).values().get(pk=order.pk) == before
        assert {(job.user, *job.roles) for job in Membership.objects.filter(company=made)} == {
            (house.boss, Role.ADMINISTRATOR),
            (clerk, Role.SALES_ADMIN),
        }
        assert User.objects.get(pk=clerk.pk).company == house.company
        call_command("audit_ledger", stdout=io.StringIO())

    def test_replaces_the_one_before_once(self, house: House) -> None:
        first = make(house)
        second = make(house, replaces=first)

        assert make(house, replaces=first) is None
        assert second not in {None, first}
        assert set(Membership.objects.filter(user=house.boss).values_list("company", flat=True)) == {
            house.company.pk,
            second,
        }
        assert SalesOrder.objects.filter(company=first).exists()


class TestTheButton:
    def test_has_one_made_by_a_job(self, house: House) -> None:
        page = signed_in(house.boss)

        assert "Make it" in page.get(reverse("core:training")).text
        answer = page.post(reverse("core:training"), follow=True)

        assert "being filled" in answer.text
        job = ProcrastinateJob.objects.get(task_name="config.make_training_company")
        assert job.args == {"company_id": house.company.pk, "user_id": house.boss.pk, "replaces": None}

    def test_names_the_one_that_it_begins_anew(self, house: House) -> None:
        practice = Company.objects.create(name="P", code="p", country="GB", currency="GBP", is_training=True)
        Membership.objects.create(user=house.boss, company=practice, roles=[Role.ADMINISTRATOR])
        page = signed_in(house.boss)
        page.post(reverse("core:company"), {"company": practice.pk})

        assert "Begin anew" in page.get(reverse("core:training")).text
        page.post(reverse("core:training"))

        job = ProcrastinateJob.objects.get(task_name="config.make_training_company")
        assert job.args == {"company_id": house.company.pk, "user_id": house.boss.pk, "replaces": practice.pk}

    def test_is_for_administrators(self, house: House) -> None:
        page = signed_in(person(Role.SALES_MANAGER, company=house.company))

        assert page.post(reverse("core:training")).status_code == 403
        assert not ProcrastinateJob.objects.filter(task_name="config.make_training_company").exists()


class TestTheBanner:
    def test_is_on_every_page_of_the_training_company_and_on_none_of_the_real_one(self, house: House) -> None:
        practice = Company.objects.create(name="Practice", code="p", country="GB", currency="GBP", is_training=True)
        Membership.objects.create(user=house.boss, company=practice, roles=[Role.ADMINISTRATOR])
        page = signed_in(house.boss)
        names = ["orders:queue", "warehouse:waves", "billing:invoices", "core:preferences", "core:imports"]

        assert not any("nothing here is real" in page.get(reverse(name)).text for name in names)
        page.post(reverse("core:company"), {"company": practice.pk})
        assert all("nothing here is real" in page.get(reverse(name)).text for name in names)
