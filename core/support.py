"""What support may do in the administration: look at rows, or keep them; what documents name is never deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class NeverDeleted:
    """Rows that documents name."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody may."""
        return False


class ReadOnly(NeverDeleted):
    """Rows that services write; here they are looked at."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody may."""
        return False


class KeptAdmin(NeverDeleted, admin.ModelAdmin):
    """Reference data: changed by hand, but for the columns `given` on which other rows rest once it exists."""

    given: tuple[str, ...] = ()
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the given columns of a row that exists."""
        return self.given if obj else ()
