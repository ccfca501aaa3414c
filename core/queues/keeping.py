"""The views of a queue that people keep: which of them a person sees, and which one the queue opens with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest, QueryDict

from core.models import SavedView
from core.pages import person

# In the address of somebody whose queue opens with a view, and who wants none
NO_VIEW = "0"


@dataclass(frozen=True, slots=True)
class ShownView:
    """A kept view as the menu shows it; `is_changed`: what is seen now is not what it keeps any more."""

    view: SavedView
    url: str
    is_current: bool
    is_changed: bool
    is_mine: bool


class KeptViewsMixin:
    """Gives a queue the views that are kept of it."""

    request: HttpRequest
    path: str
    parameters: QueryDict

    @cached_property
    def view_name(self) -> str:
        """The queue's name among the addresses, under which its views are kept; none where it is of one row's rows."""
        match = self.request.resolver_match
        return "" if match is None or match.kwargs else match.view_name

    @cached_property
    def kept_views(self) -> list[SavedView]:
        """The views of this queue that the person keeps or is shown by others; one statement."""
        if not self.view_name:
            return []
        return list(SavedView.objects.for_user(person(self.request)).filter(queue=self.view_name))

    def opens_with(self) -> str:
        """Return the address of the view with which the queue opens: the person's own first, else a team's."""
        defaults = [view for view in self.kept_views if view.is_default]
        first = min(defaults, key=lambda view: bool(view.shared_with), default=None)
        return first.url(self.path) if first else ""

    @property
    def kept_query(self) -> str:
        """What of the address a view keeps."""
        return SavedView.kept(self.parameters)

    def shown_views(self) -> list[ShownView]:
        """Return the kept views with their addresses, and which of them is looked at."""
        looked_at, user = self.parameters.get("view", ""), person(self.request)
        return [
            ShownView(
                view,
                view.url(self.path),
                str(view.pk) == looked_at,
                view.query != self.kept_query,
                view.owner_id == user.pk,
            )
            for view in self.kept_views
        ]
