"""Short lists that a company keeps, such as its units: one way to list, add, change, retire and remove their rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, ProtectedError

from core.models import User
from core.refusals import Blocked
from core.registry import Registry
from core.roles import require
from core.transactions import atomic


@dataclass(frozen=True, slots=True)
class ReferenceList:
    """A short list: its words, its model, which has a `for_user` and its history, the form, and what a row shows.

    Of each column the heading and what it says of a row; the first leads to the row. Rows that documents may name have
    `is_active`: they are retired, and removed only while nothing names them.
    """

    label: str
    noun: str
    about: str
    model: Any
    form_class: Any
    columns: tuple[tuple[str, Callable[[Any], Any]], ...]
    verb: str = "core.set_up"
    preview_template: str = ""
    preview: Callable[[Any, Any], dict[str, Any]] | None = None

    @property
    def retires(self) -> bool:
        """Whether rows can be retired."""
        return any(field.name == "is_active" for field in self.model._meta.concrete_fields)


reference_lists: Registry[ReferenceList] = Registry()


@atomic
def keep_row(*, of: ReferenceList, row: Model, actor: User) -> Model:
    """Keep a row of the actor's company as it was filled in, new or changed.

    :raises NotAllowed: where the actor may not keep the list.
    """
    require(actor, of.verb)
    row.save()
    return row


@atomic
def set_active(*, of: ReferenceList, row_id: int, is_active: bool, actor: User) -> Any:
    """Retire a row, which nobody is offered then, or take it back; what names it keeps it.

    Sent again it changes nothing.

    :raises NotAllowed: where the actor may not keep the list.
    :raises ObjectDoesNotExist: where it is of another company.
    """
    require(actor, of.verb)
    row = of.model.objects.for_user(actor).locked().get(pk=row_id)
    if row.is_active != is_active:
        row.is_active = is_active
        row.save(update_fields=["is_active"])
    return row


@atomic
def remove_row(*, of: ReferenceList, row_id: int, actor: User) -> str:
    """Take a row off its list that nothing names, and return what it was called; its history stays.

    :raises NotAllowed: where the actor may not keep the list.
    :raises Blocked: where something names it.
    :raises ObjectDoesNotExist: where it is of another company.
    """
    require(actor, of.verb)
    row = of.model.objects.for_user(actor).locked().get(pk=row_id)
    name = str(row)
    try:
        row.delete()
    except ProtectedError as error:
        instead = ": retire it instead." if of.retires else "."
        raise Blocked(f"{name} is used, so it stays{instead}") from error
    return name
