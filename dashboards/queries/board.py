"""The manager's page put together: tiles with target and trend, the flow, what is late and why, times, ages, causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.models import User
from dashboards.models import Cause, Clock, LineStage, Stage
from dashboards.queries import figures
from dashboards.queries.figures import AGES, RISK_DAYS, Figures, Frame, Site, Sum, added, percent
from dashboards.queries.loading import LoadRow, load
from dashboards.queries.percentiles import percentile, said
from dashboards.queries.periods import Period
from dashboards.queries.tiles import KINDS, Tile, tile_of
from orders.models import Hold
from warehouse.models import PickTask

ZERO = Decimal(0)


@dataclass(slots=True)
class StageNow:
    """Orders that stand at a stage: how many, what they are worth, and both of each warehouse."""

    slug: str
    label: str
    number: int
    value: Decimal
    of_parts: list[tuple[int, Decimal]]
    href: str = ""


@dataclass(slots=True)
class CauseRow:
    """A cause with how often it was, its share of all and, of units or money, how much."""

    slug: str
    label: str
    number: int
    share: Decimal
    amount: Decimal = ZERO
    href: str = ""


@dataclass(slots=True)
class ClockRow:
    """How long a stretch of orders' lives took: half of them and nine of ten were through by then."""

    slug: str
    label: str
    number: int
    half: Decimal | None
    most: Decimal | None
    href: str = ""

    @property
    def words(self) -> tuple[str, str]:
        """Both times as people say them."""
        return said(self.half), said(self.most)


@dataclass(slots=True)
class AgeRow:
    """A queue with how many stand there for how long."""

    slug: str
    label: str
    cells: list[int]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The manager's page."""

    period: Period
    site: Site | None
    sites: list[Site]
    rolled_at: datetime | None
    currency: str
    tiles: list[Tile]
    flow: list[StageNow]
    flow_sites: list[str]
    late: list[CauseRow]
    risks: list[CauseRow]
    misses: list[CauseRow]
    shorts: list[CauseRow]
    holds: list[CauseRow]
    clocks: list[ClockRow]
    ages: list[AgeRow]
    load: list[LoadRow]
    foreign: int

    @property
    def late_lines(self) -> int:
        """How many lines are late now."""
        return sum(row.number for row in self.late)

    @property
    def risk_lines(self) -> int:
        """How many lines are at risk now."""
        return sum(row.number for row in self.risks)


def board(user: User, period: Period, site_id: int | None) -> Board:
    """Return the page of a person for a period and, where one is asked for, a warehouse; by two statements."""
    known = figures.frame(user)
    site = next((one for one in known.sites if one.pk == site_id), None)
    read = figures.read(user, known, period, site)
    late, risks = _late_and_risks(read)
    flow, flow_sites = _flow(read, known, site)
    return Board(
        period=period,
        site=site,
        sites=known.sites,
        rolled_at=known.rolled_at,
        currency=user.company.currency,
        tiles=[tile_of(kind, read, known.targets, period) for kind in KINDS],
        flow=flow,
        flow_sites=flow_sites,
        late=late,
        risks=risks,
        misses=_causes(read.by_cause("period", "FIRST"), Cause.choices),
        shorts=_causes(read.by_cause("period", "SHORT"), PickTask.Reason.choices),
        holds=_causes(read.by_cause("period", "HOLD"), Hold.Kind.choices),
        clocks=[
            ClockRow(name, label, sum(ranges.values()), percentile(ranges, 50), percentile(ranges, 90))
            for name, label in Clock.choices
            for ranges in [read.ranges("period", f"T_{name}")]
        ],
        ages=_ages(read),
        load=load(read, [site] if site else known.sites),
        foreign=int(read.total("age", "STAGE").whole),
    )


def _flow(read: Figures, known: Frame, site: Site | None) -> tuple[list[StageNow], list[str]]:
    names = {one.pk: one.name for one in ([site] if site else known.sites)}
    if not site and not known.is_kept:
        names[0] = "No warehouse yet"
    rows = read.rows["site"]
    stages = []
    for stage in Stage:
        of_sites = [rows.get(("STAGE", stage.value, pk), Sum()) for pk in names]
        total = added(of_sites)
        parts = [(row.number, row.amount) for row in of_sites]
        stages.append(StageNow(stage.value, stage.label, total.number, total.amount, parts))
    return stages, list(names.values())


def _late_and_risks(read: Figures) -> tuple[list[CauseRow], list[CauseRow]]:
    late: dict[str, Sum] = {}
    risks: dict[str, Sum] = {}
    for (_measure, stage, days), row in read.rows["open"].items():
        if row.number <= 0:
            continue
        has_no_stock = stage in (LineStage.STOCK, LineStage.HOLD) and days <= RISK_DAYS
        if days < 0:
            late[stage] = late.get(stage, Sum()).plus(row)
        elif stage == LineStage.MOVED or has_no_stock:
            risks[stage] = risks.get(stage, Sum()).plus(row)
    return _causes(late, LineStage.choices), _causes(risks, LineStage.choices)


def _causes(rows: Mapping[str, Sum], choices: Sequence[tuple[str, object]]) -> list[CauseRow]:
    """Return the causes that there were, the most frequent first."""
    labels = {slug: str(label) for slug, label in choices}
    total = sum(row.number for cause, row in rows.items() if cause)
    found = [
        CauseRow(cause, labels.get(cause, cause), row.number, percent(row.number, total) or ZERO, row.amount)
        for cause, row in rows.items()
        if cause and row.number > 0
    ]
    return sorted(found, key=lambda row: (-row.number, row.label))


def _ages(read: Figures) -> list[AgeRow]:
    rows = read.rows["age"]

    def of(slug: str, label: str, found: Sequence[Sum]) -> AgeRow:
        return AgeRow(slug, label, [row.number for row in found])

    places = range(len(AGES))
    stages = [
        of(stage.value, stage.label, [rows.get(("STAGE", stage.value, place), Sum()) for place in places])
        for stage in Stage
    ]
    held = [added(rows.get(("HELD", kind.value, place), Sum()) for kind in Hold.Kind) for place in places]
    waiting = [rows.get(("WAITING", "", place), Sum()) for place in places]
    return [*stages, of("HELD", "Open holds", held), of("WAITING", "Lines without stock", waiting)]
