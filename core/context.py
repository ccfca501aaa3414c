"""What every page knows: the navigation of the person who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core import registry
from core.models import User
from core.pages import is_beside
from core.registry import NavigationItem
from core.roles import DESKS, FIRST_LOOKS

# Places under the thumb, beside the search and the menu
_AT_HAND = 3


def first_of_day(user: User, entries: Sequence[NavigationItem]) -> NavigationItem | None:
    """Return the entry with which a person's day starts, by their roles; the first where none says so."""
    desks = {DESKS[role] for role in user.roles}
    return min(entries, key=lambda item: item.verb not in desks, default=None)


def first_look(user: User, first: NavigationItem) -> str:
    """Return the address at which a person's day starts on its entry: with the tab that all their roles there have."""
    looks = {FIRST_LOOKS.get(role, "") for role in user.roles if DESKS[role] == first.verb}
    query = looks.pop() if len(looks) == 1 else ""
    return f"{reverse(first.url_name)}{query and f'?{query}'}"


def at_hand(user: User, entries: Sequence[NavigationItem]) -> list[NavigationItem]:
    """Return what a phone shows at once: where the day starts, what stands next to it, and the first entry of all."""
    first = first_of_day(user, entries)
    if first is None:
        return []
    at = entries.index(first)
    near = sorted((*entries[at:], *entries[1:at]), key=lambda item: item.group != first.group)
    return list(dict.fromkeys([*near[: _AT_HAND - 1], entries[0], *near]))[:_AT_HAND]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation entries that the signed-in person may use, and whether a list stands beside."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    entries = [item for item in registry.navigation if user.can(item.verb)]
    first = first_of_day(user, entries)
    return {
        "navigation": entries,
        "at_hand": at_hand(user, entries),
        "first_of_day": first,
        "first_look": first_look(user, first) if first else "",
        "is_beside": is_beside(request),
    }
