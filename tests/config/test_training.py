"""The training company: beside a real one, for all who work there, made anew by one click, and seen to be one."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from config.demo import training
from core import purging
from core.models import Company, Membership, SourceFile, User
from core.roles import Role
from inventory.models import Product
from orders.models import Price, SalesOrder
from tests.factories.core import person
from tests.factories.house import House

pytestmark = pytest.mark.django_db

OURS = ("core.", "inventory.", "orders.", "warehouse.", "shipping.", "billing.", "returns.")


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

    @pytest.mark.django_db(transaction=True, databases=["default", "owner"])
    def test_replaces_the_one_before_once_and_leaves_what_can_be_removed_whole(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(purging, "BIG", 0)
        house = House.open()
        product = house.product([9])
        house.order((product, 2))
        first = make(house)
        kept = {"company_id": first, "received_by": house.boss, "received_at": timezone.now(), "size": 1, "sha256": "0"}
        Company.objects.filter(pk=first).update(logo=SourceFile.objects.create(name="logo.png", **kept))
        second = make(house, replaces=first)

        assert make(house, replaces=first) is None
        assert second not in {None, first}
        assert set(Membership.objects.filter(user=house.boss).values_list("company", flat=True)) == {
            house.company.pk,
            second,
        }
        assert SalesOrder.objects.filter(company=first).exists()

        assert [company.pk for company in purging.retired()] == [first]
        for key in (house.company.pk, second):
            with pytest.raises(purging.NotRetired):
                purging.purge(key)
        foreign = Price.objects.create(
            price_list=house.prices, product=Product.objects.filter(company=first)[0], price=1
        )
        with pytest.raises(IntegrityError):
            purging.purge(first)
        foreign.delete()
        others = [rows_of(house.company.pk), rows_of(second)]
        assert rows_of(first)["orders_salesorder"][0] > 0
        call_command("purge_training", stdout=(said := io.StringIO()))

        assert "removed in" in said.getvalue()
        assert {count for count, _rows in rows_of(first).values()} == {0}
        assert [rows_of(house.company.pk), rows_of(second)] == others
        assert not Company.objects.filter(pk=first).exists()
        assert training.next_number(house.company) == 3
        call_command("audit_ledger", stdout=io.StringIO())


def rows_of(company_id: int) -> dict[str, tuple[int, int]]:
    """Count the rows of a company by table, with a digest of them."""
    belongs, found = purging.ways(), {}
    with connections["owner"].cursor() as cursor:
        for model in belongs:
            table, condition = model._meta.db_table, purging.belonging(model, belongs)
            cursor.execute(
                f"SELECT count(*), coalesce(sum(hashtext(t::text)), 0) FROM {table} t WHERE {condition}", [company_id]
            )
            found[table] = cursor.fetchone()
    return found


def test_every_table_belongs_to_a_company_or_is_known_to_belong_to_none() -> None:
    of_none = {model._meta.label for model in apps.get_models() if model not in purging.ways()}
    assert {label for label in of_none if label.startswith(OURS)} == {
        "core.Company",
        "core.User",
        "core.UserEvent",
        "core.IdempotencyKey",
        # How somebody comes in is theirs, whichever company they work for
        *("core.AccessEvent", "core.Passkey", "core.RecoveryCode", "core.SecondStep", "core.Session"),
    }


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
