"""What the lists behind figures can be narrowed to: a period, a warehouse, a cause, and words."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from core.pages import person
from core.queues import QueueFilter
from dashboards.models import Cause, LineStage, Occurrence
from inventory.models import Warehouse
from orders.models import Hold
from warehouse.models import PickTask


def _warehouses(request: HttpRequest | None) -> QuerySet[Warehouse]:
    return Warehouse.objects.for_user(person(request)) if request else Warehouse.objects.none()


class _FactFilter(QueueFilter):
    """What all of them share; the view reads which list it is, and the period, which is about another day in each."""

    search_label: ClassVar[str] = "Order, customer or PO number"
    search_numbers: ClassVar[tuple[str, ...]] = ("order__number",)
    search_references: ClassVar[tuple[str, ...]] = ("order__po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("order__customer__name",)
    of = django_filters.CharFilter(method="as_it_is", label="List", widget=forms.HiddenInput)
    since = django_filters.DateFilter(method="as_it_is", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="as_it_is", label="To", widget=forms.DateInput(attrs={"type": "date"}))
    site = django_filters.ModelChoiceFilter(
        field_name="warehouse", queryset=_warehouses, empty_label="All warehouses", label="Warehouse"
    )

    def as_it_is(self, queryset: QuerySet[Any], _name: str, _value: object) -> QuerySet[Any]:
        """Return the rows as they are."""
        return queryset


class LineFactFilter(_FactFilter):
    """Lines, by the cause that the list is about: why they were late, or what they wait for."""

    search_fields: ClassVar[tuple[str, ...]] = (*_FactFilter.search_fields, "line__product__sku")
    search_label: ClassVar[str] = "Order, customer, PO number or SKU"
    cause = django_filters.ChoiceFilter(
        method="by_cause",
        choices=[*Cause.choices, *((value, label) for value, label in LineStage.choices if value not in Cause.values)],
        empty_label="All causes",
        label="Cause",
    )

    def by_cause(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the lines of a cause; the view has annotated it."""
        return queryset.filter(cause=value)


class OrderFactFilter(_FactFilter):
    """Orders at a stage, or through a stretch of their lives."""


class OccurrenceFilter(_FactFilter):
    """Short picks, holds and documents, by their reason."""

    cause = django_filters.ChoiceFilter(
        choices=[*PickTask.Reason.choices, *Hold.Kind.choices], empty_label="All reasons", label="Reason"
    )
    kind = django_filters.ChoiceFilter(choices=Occurrence.Kind.choices, empty_label="All kinds", label="Kind")
