"""History of what people type: every way to change a row is recorded, with who did it and in which request (T22)."""

import pghistory
import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import reverse

from core import bulk
from core.history import attributed_to
from core.models import Company, User
from core.roles import Role
from tests.core.bare_rows import bare_row, undone
from tests.factories.core import CompanyFactory, UserFactory, person

OTHER: dict[type[models.Field], object] = {
    models.CharField: "y",
    models.TextField: "y",
    models.DecimalField: 2,
    models.ForeignKey: 2,
}
RECORDED = {"core.Company", "core.User", "core.Membership", "inventory.Product", "inventory.Unit", "orders.Customer"}
RECORDED |= {"orders.Price", "orders.PriceList", "orders.TaxRate", "orders.SalesOrder", "orders.SalesOrderLine"}
# What moves all day is proved by its ledger; its history would only be a second one.
NOT_RECORDED = {
    "inventory.StockLevel",
    "inventory.BinStock",
    "orders.LinePart",
    "warehouse.PickTask",
    "core.IdempotencyKey",
}

HISTORIES = [model for model in apps.get_models() if getattr(model, "pgh_tracked_model", None)]
each_history = pytest.mark.parametrize("history", HISTORIES, ids=lambda model: model.pgh_tracked_model._meta.label)


def a_recorded_field(history: type[models.Model]) -> models.Field:
    """Return a field that history keeps and that can be changed without a thought."""
    names = {field.name for field in history._meta.concrete_fields}
    for field in history.pgh_tracked_model._meta.concrete_fields:
        if field.name in names and not field.primary_key and isinstance(field, tuple(OTHER)):
            return field
    raise LookupError(history)


def other_value(field: models.Field) -> object:
    return next(value for kind, value in OTHER.items() if isinstance(field, kind))


class TestTracked:
    def test_are_the_rows_that_people_type(self):
        labels = {history.pgh_tracked_model._meta.label for history in HISTORIES}
        assert labels >= RECORDED
        assert not labels & NOT_RECORDED

    def test_leave_out_secrets(self):
        (history,) = [history for history in HISTORIES if history.pgh_tracked_model is User]
        assert "password" not in {field.name for field in history._meta.concrete_fields}


@pytest.mark.django_db
class TestEveryHistory:
    @each_history
    def test_records_each_way_to_change_a_row_with_the_person_and_the_request(self, history):
        model, field = history.pgh_tracked_model, a_recorded_field(history)
        table, column, value = model._meta.db_table, field.column, bare_value(model, field)
        kept = {operation_of(tracker) for tracker in history.pgh_trackers}

        with undone(), attributed_to(lambda: {"user": 7, "request_id": "request-1"}), connection.cursor() as cursor:
            row = bare_row(model)
            row.save(force_insert=True)
            one = model._base_manager.filter(pk=row.pk)
            setattr(row, field.attname, other_value(field))
            row.save()
            one.update(**{field.attname: value})
            cursor.execute(
                f"UPDATE {table} SET {column} = %s WHERE {model._meta.pk.column} = %s", [other_value(field), row.pk]
            )
            setattr(row, field.attname, value)
            bulk_update(row, field)
            if "delete" in kept:  # others may be rows that are never deleted
                cursor.execute(f"DELETE FROM {table} WHERE {model._meta.pk.column} = %s", [row.pk])

            events = history.objects.filter(pgh_obj=row.pk)
            operations = ["insert"] + ["update"] * 4 + ["delete"]
            assert events.count() == len([name for name in operations if name in kept])
            for event in events:
                assert event.pgh_context == {"user": 7, "request_id": "request-1"}

    def test_records_nothing_when_nothing_changed(self):
        company = CompanyFactory()
        history = apps.get_model("core.CompanyEvent")
        before = history.objects.count()
        company.save()
        assert history.objects.count() == before

    def test_keeps_what_the_row_said(self):
        company = CompanyFactory(name="Old")
        Company.objects.filter(pk=company.pk).update(name="New")
        history = apps.get_model("core.CompanyEvent").objects.filter(pgh_obj=company).order_by("pgh_id")
        assert list(history.values_list("pgh_label", "name")) == [("insert", "Old"), ("update", "New")]

    def test_records_what_nobody_of_ours_did_without_a_person(self):
        company = CompanyFactory()
        (event,) = apps.get_model("core.CompanyEvent").objects.filter(pgh_obj=company)
        assert event.pgh_context is None


def bare_value(model: type[models.Model], field: models.Field) -> object:
    return getattr(bare_row(model), field.attname)


def operation_of(tracker: pghistory.core.RowEvent) -> str:
    return type(tracker).__name__.removesuffix("Event").lower()


def bulk_update(row: models.Model, field: models.Field) -> None:
    if row._meta.pk.column == "id":
        assert bulk.update([row], [field.name]) == 1
    else:  # which core.bulk does not write
        row.save(update_fields=[field.name])


@pytest.mark.django_db
class TestARequest:
    def test_hangs_its_person_its_address_and_its_id_on_what_it_changed(self, client):
        user = person(Role.SALES_ADMIN)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        response = client.post(reverse("core:theme"), {"theme": "dark"}, headers={"X-Request-ID": "request-of-a-proxy"})
        assert response.status_code == 302
        event = apps.get_model("core.UserEvent").objects.filter(pgh_obj=user, pgh_label="update").get()
        assert event.theme == "dark"
        assert event.pgh_context == {
            "user": user.pk,
            "url": "/theme/",
            "request_id": "request-of-a-proxy",
        }

    @pytest.mark.django_db(transaction=True)
    def test_does_not_lend_its_person_to_what_comes_after(self, client):
        user = person(Role.SALES_ADMIN)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        client.post(reverse("core:theme"), {"theme": "dark"})
        later = UserFactory()
        (event,) = apps.get_model("core.UserEvent").objects.filter(pgh_obj=later)
        assert event.pgh_context is None
