"""The warehouse in the admin: rows to look at, and picking through the same service as everywhere."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.pages import moment, person
from core.refusals import Refused
from core.support import ReadOnly
from warehouse import services
from warehouse.models import Count, Parcel, ParcelContent, PickTask, PutBack, Wave


@admin.register(Wave)
class WaveAdmin(ReadOnly, admin.ModelAdmin):
    """Waves."""

    list_display = ("number", "warehouse", "status", "released_by", "released_at", "done_at")
    list_filter = ("status", "warehouse")
    list_select_related = ("warehouse", "released_by")
    show_full_result_count = False


@admin.register(PickTask)
class PickTaskAdmin(ReadOnly, admin.ModelAdmin):
    """Pick tasks; whoever may pick can pick them here too."""

    list_display = ("id", "wave", "order", "product", "bin", "quantity", "picked", "status", "reason")
    list_filter = ("status",)
    list_select_related = ("wave", "order", "product", "bin")
    search_fields = ("order__number", "product__sku")
    show_full_result_count = False
    actions = ("pick",)

    @admin.action(description="Pick in full")
    def pick(self, request: HttpRequest, tasks: QuerySet[PickTask]) -> None:
        """Pick the chosen tasks through the service, and say what came of each that was refused."""
        ids = list(tasks.values_list("pk", flat=True))
        try:
            results = services.pick_tasks(task_ids=ids, actor=person(request), at=moment(request))
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return
        refused = [result for result in results.values() if isinstance(result, Refused)]
        messages.success(request, f"{len(results) - len(refused)} picked.")
        for result in refused:
            messages.warning(request, result.sentence)


class ParcelContentInline(ReadOnly, admin.TabularInline):
    """What a parcel holds."""

    model = ParcelContent
    extra = 0
    fields = ("product", "quantity", "task")


@admin.register(Parcel)
class ParcelAdmin(ReadOnly, admin.ModelAdmin):
    """Parcels with what they hold."""

    list_display = ("number", "order", "warehouse", "status", "weight_g", "packed_at", "packed_by")
    list_filter = ("status", "warehouse")
    list_select_related = ("order", "warehouse", "packed_by")
    search_fields = ("order__number",)
    show_full_result_count = False
    inlines = (ParcelContentInline,)


@admin.register(Count)
class CountAdmin(ReadOnly, admin.ModelAdmin):
    """Bins that came up short, and what was found there."""

    list_display = ("number", "bin", "product", "status", "asked_at", "expected", "counted", "counted_by")
    list_filter = ("status", "warehouse")
    list_select_related = ("bin", "product", "counted_by")
    search_fields = ("bin__code", "product__sku")
    show_full_result_count = False


@admin.register(PutBack)
class PutBackAdmin(ReadOnly, admin.ModelAdmin):
    """Goods that lost their order; whoever may pick can put them back here too."""

    list_display = ("id", "order", "product", "quantity", "tote", "bin", "status", "asked_at", "done_by")
    list_filter = ("status", "warehouse")
    list_select_related = ("order", "product", "tote", "bin", "done_by")
    search_fields = ("order__number", "product__sku")
    show_full_result_count = False
    actions = ("put_back",)

    @admin.action(description="Put back where they came from")
    def put_back(self, request: HttpRequest, rows: QuerySet[PutBack]) -> None:
        """Put the chosen goods back through the service."""
        ids = list(rows.values_list("pk", flat=True))
        try:
            results = services.put_back_goods(put_back_ids=ids, actor=person(request), at=moment(request))
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return
        messages.success(request, f"{len(results)} put back.")
