"""What support may do in the administration: look at rows, or keep them; what documents name is never deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import resolve, reverse

from core import registry
from core.models import User
from core.pages import moment
from core.queues import MOST_ROWS, QueueActionView
from core.queues.running import run_in_slices

# As many refusals as are named; the rest is counted
NAMED = 20


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


class OrderVerbs:
    """The verbs of an order's page as actions of the administration: the same services, refused with the same words.

    Those that ask first, or that have to know more, are done on the order's own page.
    """

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions with those verbs that the person's roles include."""
        offered: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        for name, action in registry.order_actions.items():
            if action.opens or action.confirm or not cast(User, request.user).can(action.verb):
                continue
            view = resolve(reverse(action.url_name)).func.view_class  # type: ignore[attr-defined]
            if view.form_class is None:
                offered[name] = (_action(action, view), name, action.label)
        return offered


def _action(action: registry.OrderAction, view: type[QueueActionView]) -> Callable[..., None]:
    def do(_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        user = cast(User, request.user)
        labels = {row.pk: str(row) for row in queryset.filter(company__in=user.company_ids)[: MOST_ROWS + 1]}
        if len(labels) > MOST_ROWS:
            messages.error(request, f"At most {MOST_ROWS} at once. Nothing was changed.")
            return
        call = partial(view.service, actor=user, at=moment(request))
        run = run_in_slices(
            lambda rows: call(**{view.ids_name: rows}),
            sorted(labels),
            actor=user,
            key=uuid.uuid4().hex,
            name=action.verb,
            request={"admin": action.url_name},
        )
        if run.done:
            messages.success(request, view.done if len(run.done) == 1 else view.done_many.format(n=len(run.done)))
        for pk, refusal in list(run.refused.items())[:NAMED]:
            messages.warning(request, f"{labels[pk]}: {refusal.sentence}")
        if len(run.refused) > NAMED:
            messages.warning(request, f"{len(run.refused) - NAMED} more were refused.")
        if not labels:
            messages.warning(request, "These orders are of a company that you do not work for.")

    return do
