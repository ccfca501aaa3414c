"""What somebody keys and has not saved yet, so that a closed tab loses nothing."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from core.models import Company, CompanyQuerySet
from orders.models.sales import SalesOrder


class EntrySheet(models.Model):
    """An entry form as it stands in somebody's browser: their own, no order, and read by nobody but that form.

    `token` is the form's; `order` the draft that it changes, where it is one. Once the order was made or the sheet
    discarded, the row is only the mark that it is done with, so that a late keystroke cannot bring it back.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.UUIDField(unique=True)
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, null=True, related_name="+")
    customer = models.CharField(max_length=160, blank=True)
    lines = models.PositiveSmallIntegerField(default=0)
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["person", "-saved_at"], condition=models.Q(done_at__isnull=True), name="entrysheet_of_person"
            )
        ]

    def __str__(self) -> str:
        return f"sheet of {self.person_id}"
