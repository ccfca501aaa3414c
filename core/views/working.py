"""My work: how much of it waits in each queue, and what went wrong or will, for this person to see to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.generic import TemplateView, View

from core import registry
from core.pages import VerbRequiredMixin, has_just_acted, moment, person
from core.paging import CappedCount, capped_counts
from core.queues.watching import watched_by, work_of

VERB = "core.keep_views"
ALERTS = "core:alerts"
# Beside an entry nobody needs to know more exactly, and counting further is what would cost
MOST_COUNTED = 100


class WorkView(VerbRequiredMixin, View):
    """Counts the work that waits for a person, by the queues of their navigation; asked for by every page's script."""

    http_method_names = ["get"]
    verb = VERB

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the counts, kept for some seconds, as every page asks; a queue where nothing waits has none."""
        user = person(request)
        key = "-".join(["work", str(user.pk), str(user.company.pk), *sorted(user.roles)])
        counts = None if has_just_acted(request) else cache.get(key)
        if counts is None:
            counts = self.counts(request)
            cache.set(key, counts, settings.COUNTS_KEPT_SECONDS)
        return JsonResponse(counts)

    def counts(self, request: HttpRequest) -> dict[str, str]:
        """Count the work and the alerts up to the cap, in one statement."""
        user = person(request)
        rows = work_of(request, user, [item.url_name for item in registry.navigation if user.can(item.verb)])
        alerts = {f"!{each.name}": each.rows for each in watched_by(request, user, moment(request))}
        counted = capped_counts({**rows, **alerts}, cap=MOST_COUNTED)
        total = CappedCount(sum(counted[name].number for name in alerts), MOST_COUNTED)
        return {name: str(count) for name, count in {ALERTS: total, **counted}.items() if count and name[0] != "!"}


class AlertsView(VerbRequiredMixin, TemplateView):
    """Lists what went wrong or will, kind by kind, the oldest first, for those who see to it and those who oversee."""

    verb = VERB
    template_name = "core/alerts.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the kinds of which there are any, with their counts and their oldest rows."""
        at = moment(self.request)
        watched = list(watched_by(self.request, person(self.request), at))
        counts = capped_counts({each.name: each.rows for each in watched})
        shown = [
            {"watched": each, "count": counts[each.name], "rows": each.listed(at)}
            for each in watched
            if counts[each.name]
        ]
        return super().get_context_data(title="Alerts", kinds=shown, **kwargs)
