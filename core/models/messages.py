"""What a company writes to partners instead of the original words."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from core.models.house import Company, CompanyQuerySet


@pghistory.track()
class MessageTemplate(models.Model):
    """A company's own words for a kind of message in a language; a kind without them is written as it came."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=5_000)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "kind", "language"], name="messagetemplate_one_per_kind_and_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.language}"
