"""The administration: every list and form opens, one door leads in, and nobody deletes what documents name."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_fsm import FSMField

from billing.models import Invoice, Payment
from core.ledger import ledgers
from core.models import Company, Membership, User
from core.roles import Role
from inventory.models import Bin, Product
from orders.models import SalesOrder
from shipping.models import Shipment
from tests.factories.core import PASSWORD, CompanyFactory, UserFactory, person
from tests.factories.house import House
from tests.factories.inventory import BinFactory, ProductFactory
from warehouse.models import Wave

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def client():
    """Support's browser."""
    client = Client()
    client.force_login(
        UserFactory(is_staff=True, is_superuser=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_and_form_opens(client, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
    assert client.get(reverse(f"{name}_add")).status_code in (200, 403)


@pytest.mark.parametrize("make", [ProductFactory, CompanyFactory, UserFactory])
def test_nothing_that_documents_name_is_deleted(client, make):
    row = make()
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_delete"
    assert client.post(reverse(name, args=[row.pk]), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_what_other_rows_rest_on_is_given_once_it_exists(client):
    place = BinFactory()
    typed = {"code": "Z-9", "sequence": "7", "kind": Bin.Kind.QUARANTINE}
    assert client.post(reverse("admin:inventory_bin_change", args=[place.pk]), typed).status_code == 302
    after = Bin.objects.get(pk=place.pk)
    assert (after.code, after.sequence, after.kind) == ("Z-9", 7, Bin.Kind.PICK)


def test_states_documents_and_ledgers_are_for_services_alone(rf):
    request = rf.get("/admin/")
    request.user = UserFactory(is_staff=True, is_superuser=True)
    append_only = set(ledgers())
    guarded = []
    for model, page in admin.site._registry.items():
        states = [field.name for field in model._meta.fields if isinstance(field, FSMField)]
        if not states and model not in append_only:
            continue
        guarded.append(model)
        assert not page.has_add_permission(request), model
        assert not page.has_change_permission(request), model
        assert not page.has_delete_permission(request), model
    assert {SalesOrder, Shipment, Wave} <= set(guarded)
    for model in (Invoice, Payment):
        assert not admin.site._registry[model].has_change_permission(request), model


class TestOrderVerbs:
    @pytest.fixture
    def house(self):
        house = House.open()
        house.boss.is_staff = house.boss.is_superuser = True
        house.boss.save()
        return house

    def do(self, user, name, *orders):
        """Do an action of the list, and return what it said."""
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        form = {"action": name, "_selected_action": [order.pk for order in orders]}
        response = client.post(reverse("admin:orders_salesorder_changelist"), form, follow=True)
        return [str(message) for message in response.context["messages"]]

    def status(self, order):
        return SalesOrder.objects.get(pk=order.pk).status

    def test_confirm_by_the_same_service_and_say_what_was_refused(self, house):
        product = house.product([9])
        good, bad = house.draft((product, 1)), house.order((product, 1))
        said = self.do(house.boss, "orders.confirm", good, bad)
        assert self.status(good) == "CONFIRMED"
        assert any("confirmed" in sentence.lower() for sentence in said)
        assert self.do(house.boss, "warehouse.release", good) == ["Order released."]
        refused = self.do(house.boss, "warehouse.pack", good)
        assert refused == [f"{SalesOrder.objects.get(pk=good.pk)}: Nothing is picked yet."]

    def test_are_not_offered_to_whom_no_role_includes_them(self, house):
        draft = house.draft((house.product(), 1))
        support = UserFactory(is_staff=True, is_superuser=True)
        self.do(support, "orders.confirm", draft)
        assert self.status(draft) == "DRAFT"

    def test_touch_no_order_of_a_company_that_the_person_does_not_work_for(self, house):
        draft = house.draft((house.product(), 1))
        other = person(Role.ADMINISTRATOR, company=CompanyFactory(), is_staff=True, is_superuser=True)
        said = self.do(other, "orders.confirm", draft)
        assert said == ["These orders are of a company that you do not work for."]
        assert self.status(draft) == "DRAFT"


def test_makes_a_person_with_roles(client):
    company = CompanyFactory()
    typed = {"email": "Bo@Orderly.example", "name": "Bo", "usable_password": "true", "password1": PASSWORD}
    inline = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0", "memberships-0-company": company.pk}
    roles = {"memberships-0-roles": [Role.PICKER]}
    response = client.post(reverse("admin:core_user_add"), {**typed, "password2": PASSWORD, **inline, **roles})
    assert response.status_code == 302, response.context["errors"]
    bo = User.objects.get(email="bo@orderly.example")
    assert Membership.objects.get(user=bo).roles == [Role.PICKER]
    assert User.objects.get(pk=bo.pk).can("warehouse.pick")


def test_its_own_door_leads_to_ours(client):
    assert Client().get("/admin/login/").url == "/login/?next=/admin/"


def test_is_closed_to_people_without_the_flag():
    clerk = Client()
    clerk.force_login(person(Role.SALES_ADMIN), backend="django.contrib.auth.backends.ModelBackend")
    assert clerk.get("/admin/").status_code == 302
    assert Product.objects.count() == 0
    assert Company.objects.count() == 1
