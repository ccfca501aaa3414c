"""The manager's page: figures of any period with their targets, how things stand now, and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.views.generic import TemplateView

from core.pages import VerbRequiredMixin, person, today_of
from dashboards.queries import Board, Period, board, period_of
from dashboards.queries.figures import AGES
from dashboards.queries.loading import days_of_load

# Behind these rows of ages stand other lists than the orders of a stage
_BEHIND_AGES = {"HELD": "occurrences/open-holds", "WAITING": "lines/waiting"}


def asked_period(request: HttpRequest) -> Period:
    """Return the period in the address, as the company's days are."""
    today = today_of(request)
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
        user, period = person(self.request), asked_period(self.request)
        shown = board(user, period, asked_site(self.request))
        _link(shown)
        address = reverse("dashboards:board")
        presets = [
            (
                preset.label,
                f"{address}?{_asked(shown, preset.first, preset.last)}",
                (preset.first, preset.last) == (period.first, period.last),
            )
            for preset in period.presets
        ]
        may_set = user.can("dashboards.set_targets")
        context = {"title": "Overview", "board": shown, "presets": presets, "ages": AGES, "may_set_targets": may_set}
        context["days_of_load"] = days_of_load(period.today)
        return super().get_context_data(**context, **kwargs)


def _asked(shown: Board, first: object, last: object, **more: str) -> str:
    site = {"site": shown.site.pk} if shown.site else {}
    return urlencode({"since": first, "until": last, **site, **more})


def _link(shown: Board) -> None:
    """Give every figure the address of what stands behind it."""

    def behind(path: str, **more: str) -> str:
        kind, what = path.split("/")
        asked = _asked(shown, shown.period.first, shown.period.last, of=what, **more)
        return f"{reverse(f'dashboards:{kind}')}?{asked}"

    for tile in shown.tiles:
        tile.href = behind(tile.kind.behind)
    for stage in shown.flow:
        stage.href = behind(f"orders/{stage.slug.lower()}")
    for clock in shown.clocks:
        clock.href = behind(f"orders/time-{clock.slug.lower()}")
    for load in shown.load:
        load.href = behind("lines/to-send", site=str(load.site_id))
    for age in shown.ages:
        age.href = behind(_BEHIND_AGES.get(age.slug, f"orders/{age.slug.lower()}"))
    of_causes = (
        ("lines/late", shown.late),
        ("lines/risk", shown.risks),
        ("lines/first", shown.misses),
        ("occurrences/shorts", shown.shorts),
        ("occurrences/holds", shown.holds),
    )
    for path, rows in of_causes:
        for row in rows:
            row.href = behind(path, cause=row.slug)
