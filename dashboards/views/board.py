"""The manager's page: figures of any period with their targets, how things stand now, and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from core.pages import VerbRequiredMixin, person
from dashboards.queries import Period, board, period_of
from dashboards.queries.figures import AGES


def asked_period(request: HttpRequest) -> Period:
    """Return the period in the address, as the company's days are."""
    today = timezone.now().astimezone(person(request).company.zone).date()
    return period_of(request.GET.dict(), today)


def asked_site(request: HttpRequest) -> int | None:
    """Return the warehouse in the address."""
    asked = request.GET.get("site", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None


class BoardView(VerbRequiredMixin, TemplateView):
    """The manager's page."""

    verb = "dashboards.view"
    template_name = "dashboards/board.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the figures, and the periods that are asked for most with their addresses."""
        period = asked_period(self.request)
        shown = board(person(self.request), period, asked_site(self.request))
        address = reverse("dashboards:board")

        def url(first: object, last: object) -> str:
            asked = {"from": first, "to": last, **({"site": shown.site.pk} if shown.site else {})}
            return f"{address}?{urlencode(asked)}"

        presets = [
            (preset.label, url(preset.first, preset.last), (preset.first, preset.last) == (period.first, period.last))
            for preset in period.presets
        ]
        return super().get_context_data(title="Overview", board=shown, ages=AGES, presets=presets, **kwargs)
