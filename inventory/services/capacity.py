"""The capacity of a site: on which day what is promised now leaves it, where it sends so many lines a day at most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from core import bulk
from core.working_days import LONGEST_CLOSED
from inventory import sql
from inventory.decide import Decision, Route, Want
from inventory.models import Warehouse
from inventory.services.sourcing import lanes_of, leaves_on, routes_by


def plan_for(sites: Mapping[int, Warehouse], at: datetime, *, anew: Collection[int] = ()) -> Plan | None:
    """Return the plan of the days of warehouses; none where none of them has a limit, and nothing is asked then.

    Of demands that are promised `anew` the day is looked for: what they have takes no room.
    """
    for site in sites.values():
        if site.lines_a_day is not None:
            return Plan(sites, at, anew)
    return None


def leaves_first(site: Warehouse, at: datetime) -> date:
    """Return the day on which one line that is promised now leaves a warehouse."""
    plan, first = plan_for({site.pk: site}, at), leaves_on(site, at)
    return plan.day_for(site.pk, first, 1) if plan else first


class Plan:
    """On which day what is promised now leaves each of some warehouses.

    The lines of an order that leave one warehouse leave it on one day: the first working day with room for all of them,
    and where they are more than it ever sends in a day, the first that is still empty. A promise is never refused.

    It is a plan and not a lock: two orders for other goods, promised at once, do not see each other, and may fill a day
    beyond its limit by the lines of the other. What was sent already today no longer counts.
    """

    def __init__(self, sites: Mapping[int, Warehouse], at: datetime, anew: Collection[int] = ()) -> None:
        self.sites = sites
        self.first = {pk: leaves_on(site, at) for pk, site in sites.items()}
        self.lines = _lines_promised((site for site in sites.values() if site.lines_a_day is not None), at, anew)
        self.lanes = lanes_of(sites)
        self.days: dict[tuple[int, int], date] = {}

    def decide(self, decision: Decision, wants: Sequence[Want], due: Sequence[date]) -> Decision:
        """Serve groups one after the other, each with the room that those before it left; `due` is by index."""
        site_of = {supply.level_id: pk for (pk, _product), supply in decision.levels.items()}
        groups: dict[int, list[Want]] = defaultdict(list)
        for want in wants:
            groups[want.group].append(want)
        for members in groups.values():
            place, before = members[0].destination, len(decision.grants)
            days: dict[int, dict[date, date]] = {}
            waits, words = {}, {}
            for pk, site in self.sites.items():
                lines = Counter(due[want.index] for want in members if (want.index, pk) not in self.days)
                found = days[pk] = {on: self.day_for(pk, on, units) for on, units in lines.items()}
                full = max(found, key=lambda on: found[on] - self.asked(pk, on), default=None)
                asked, day = (self.asked(pk, full), found[full]) if full else (self.first[pk], self.first[pk])
                waits[pk] = self.first[pk] + (day - asked)
                words[pk] = _said(site, asked, day)
            decision.routes = self.routes(place, waits, words)
            decision.sites.clear()
            decision.decide(members)
            for index, pk in {(grant.index, site_of[grant.level_id]) for grant in decision.grants[before:]}:
                if (index, pk) not in self.days:
                    day = self.days[index, pk] = days[pk][due[index]]
                    self.lines[pk, day] += 1
        return decision

    def hold(self, chosen: Mapping[int, Iterable[int]], due: Sequence[date]) -> None:
        """Find a day for wants, by index, of which some has its warehouses already, before any other is served."""
        for index, warehouse_ids in chosen.items():
            for pk in warehouse_ids:
                self.days[index, pk] = self.take(pk, due[index])

    def routes(
        self, place: Hashable, leaves: Mapping[int, date], words: Mapping[int, str]
    ) -> dict[tuple[Hashable, int], Route]:
        """Return how each warehouse serves a destination; where there is only one, only what is said of it."""
        if len(self.sites) < 2:
            return {(place, pk): Route(words=said) for pk, said in words.items()}
        return routes_by(self.sites, [place], self.lanes, leaves, words)

    def take(self, warehouse_id: int, due_on: date) -> date:
        """Return the day on which a line leaves the warehouse chosen for it, which then has room for one less."""
        day = self.day_for(warehouse_id, due_on, 1)
        self.lines[warehouse_id, day] += 1
        return day

    def leaves(self, index: int, warehouse_id: int) -> date:
        """Return the day on which what a want was granted of a warehouse leaves it."""
        return self.days.get((index, warehouse_id), self.first[warehouse_id])

    def asked(self, warehouse_id: int, due_on: date) -> date:
        """Return the day on which what is due on a day would leave a warehouse that is never full."""
        site, day = self.sites[warehouse_id], max(due_on, self.first[warehouse_id])
        return day if site.lines_a_day is None else site.days.working_day(day)

    def day_for(self, warehouse_id: int, due_on: date, lines: int) -> date:
        """Return the first working day from a day on, on which a warehouse has room for so many lines."""
        site, asked = self.sites[warehouse_id], self.asked(warehouse_id, due_on)
        if site.lines_a_day is None:
            return asked
        day, room = asked, site.lines_a_day - min(lines, site.lines_a_day)
        for _day in range(LONGEST_CLOSED):
            if self.lines[warehouse_id, day] <= room:
                return day
            day = site.days.working_day(day + timedelta(days=1))
        return asked


def _said(site: Warehouse, asked: date, day: date) -> str:
    """Say that a warehouse is full where a day is not the one that was asked for."""
    if day == asked:
        return ""
    before = day - timedelta(days=1)
    while site.days.working_day(before) == day:
        before -= timedelta(days=1)
    when = "on" if before == asked else "until"
    return f"full {when} {before:%-d %b}: leaves on {day:%-d %b}"


def _lines_promised(sites: Iterable[Warehouse], at: datetime, anew: Collection[int]) -> Counter[tuple[int, date]]:
    """Return how many lines warehouses have promised to send on each day, in one statement; what is late goes today."""
    today = {site.pk: at.astimezone(site.company.zone).date() for site in sites}
    with connection.cursor() as cursor:
        cursor.execute(sql.LINES_PROMISED, [bulk.array(today), bulk.array(today.values()), bulk.array(anew)])
        return Counter({(pk, day): lines for pk, day, lines in cursor.fetchall()})
