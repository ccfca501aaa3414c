"""The one search box: what it finds, as a page of its own and as the list under the box, with what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View

from core import registry
from core.models import User
from core.pages import person, vary_on_htmx, wants_fragment
from core.registry import Hit
from core.seeking import Sought

# Under the box: as many as fit without scrolling far
MOST_OFFERED = 12
MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A page or a verb that the box offers: its words, its address, its icon, its chord, and the group it stands in."""

    label: str
    url: str
    icon: str
    key: str = ""
    group: str = ""


class SearchView(View):
    """Finds documents, people and goods by number or name; what matches exactly one thing leads straight there."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the list for the box, the page, or the way to the one thing that was meant."""
        user, sought = person(request), Sought.read(request.GET.get("q", ""))
        hits = found(user, sought)
        if wants_fragment(request):
            return vary_on_htmx(render(request, "core/search/_offers.html", offers(user, sought, hits)))
        meant = exactly_one(hits)
        if meant:
            return vary_on_htmx(HttpResponseRedirect(meant.url))
        context = {"title": "Search", "sought": sought, "hits": hits, "lists": list(lists_for(user, sought))}
        return vary_on_htmx(render(request, "core/search/page.html", context))


def found(user: User, sought: Sought) -> list[Hit]:
    """Return what every provider open to the person finds, each page once, what was named exactly first."""
    by_page: dict[str, Hit] = {}
    for provider in registry.search_providers:
        if sought and user.can(provider.verb):
            for hit in provider.find(user, sought):
                if hit.url not in by_page or hit.is_exact:
                    by_page[hit.url] = hit
    return sorted(by_page.values(), key=lambda hit: not hit.is_exact)


def exactly_one(hits: list[Hit]) -> Hit | None:
    """Return the only thing that the text names whole, or the only thing found at all."""
    exact = [hit for hit in hits if hit.is_exact] or hits
    return exact[0] if len(exact) == 1 else None


def offers(user: User, sought: Sought, hits: list[Hit]) -> dict[str, object]:
    """Return what the list under the box holds: what was named exactly, then places to go, then what else was found.

    The first is chosen already, so that Enter takes it, unless the text names several things equally well.
    """
    exact = [hit for hit in hits if hit.is_exact]
    places = list(places_for(user, sought))
    return {
        "sought": sought,
        "exact": exact,
        "places": places[:MOST_PLACES] if sought else places,
        "hits": [hit for hit in hits if not hit.is_exact][: MOST_OFFERED - len(exact)],
        "is_clear": bool(sought) and len(exact) < 2,
    }


def places_for(user: User, sought: Sought) -> Iterator[Place]:
    """Yield the verbs and pages open to the person in whose words each word of the text begins one."""
    is_meant = _begins_words(sought)
    for command in registry.commands:
        if user.can(command.verb) and is_meant(command.label):
            query = f"?{command.query}" if command.query else ""
            yield Place(command.label, reverse(command.url_name) + query, command.icon, group="Do")
    for item in registry.navigation:
        if user.can(item.verb) and is_meant(item.label):
            yield Place(item.label, reverse(item.url_name), item.icon, f"g {item.key}" if item.key else "", "Go to")


def _begins_words(sought: Sought) -> Callable[[str], bool]:
    words = sought.name.split()

    def is_meant(label: str) -> bool:
        of_label = label.casefold().split()
        return all(any(each.startswith(word) for each in of_label) for word in words)

    return is_meant


def lists_for(user: User, sought: Sought) -> Iterator[Place]:
    """Yield the lists that can be searched further, by words anywhere in their rows."""
    for provider in registry.search_providers:
        if provider.queue and user.can(provider.verb):
            yield Place(provider.label, f"{reverse(provider.queue)}?{urlencode({'q': sought.text})}", "search")
