"""What every page knows: the navigation of the person who looks at it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core import registry


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation entries that the signed-in person may use; nothing for strangers."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"navigation": [item for item in registry.navigation if user.can(item.verb)]}
