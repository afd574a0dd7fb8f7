"""Publish the statistics of programs whose declarations say so: by ISO week, once the week is over.

All of a week is published in one moment and never changes: see `PublishedWeek`. So a week waits until most of its
reports have come. How often an event was used comes with the next report of an installation, so events wait longer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeVar

import msgspec
from django.db.models import Q, Sum

from collector.models import (
    INSTALLED,
    Declaration,
    Kind,
    LeftOut,
    Pixel,
    PublishedPart,
    PublishedWeek,
    ReportCount,
    ReportDimension,
)
from collector.models.left_out import EXCESS
from collector.programs.declaring import declared_program, program_of
from collector.programs.forms import OTHER
from collector.programs.published import (
    PublishedEvent,
    PublishedEvents,
    PublishedInstallations,
    published_table,
)
from collector.programs.small_counts import FEWEST, PublishedTable
from collector.programs.weeks import monday_of, weeks_between
from collector.programs.windows import Window, first_in

Part = TypeVar("Part", PublishedInstallations, PublishedEvents)
WEEK = timedelta(weeks=1)
PUBLISHED_WEEKS = 52  # of a program that is public for the first time
WAITS = {PublishedPart.INSTALLATIONS: timedelta(days=2), PublishedPart.EVENTS: timedelta(days=9)}  # after the week
HOLD = timedelta(days=21)  # after a week. The raw reports of its first day are then still there
TABLES = (
    ReportDimension.VERSION, ReportDimension.OS, ReportDimension.ARCH, ReportDimension.RUNTIME, ReportDimension.COUNTRY,
)  # fmt: skip


class Uses(NamedTuple):
    """The installations that had a value or used an event in a week, and how often."""

    dimension: int
    value: str
    installations: int
    uses: int


class PublicWeek(NamedTuple):
    """What everybody may see of one week. A part that is not published yet, or not public, is None."""

    week: date
    installations: PublishedInstallations | None
    events: PublishedEvents | None


def publish(now: datetime, waiting_since: date | None) -> Iterator[int]:
    """Publish what is due, a part of a week at each step, which yields 1.

    Reports of days from `waiting_since` on may wait in a spool. Three queries for each program that has something
    public, and two for each step.
    """
    today = now.astimezone(UTC).date()
    complete_until = min(today, waiting_since or today)
    for pixel in public_programs():
        for week, part in _due(pixel, complete_until):
            body = _body(pixel, part, week)
            row = PublishedWeek(project_id=pixel.project_id, pixel_id=pixel.pk, week=week, part=part, body=body)
            PublishedWeek.objects.bulk_create([row], ignore_conflicts=True)  # another drain may have been first
            yield 1


def public_programs() -> Iterator[Pixel]:
    """Yield the programs of which something is public. One query."""
    declarations = Declaration.objects.filter(text__contains="public", pixel__retired_at=None, pixel__kind=Kind.APP)
    for declaration in declarations.select_related("pixel").order_by("pixel_id"):
        program = program_of(declaration)
        if program is not None and program.public:
            yield declaration.pixel


def _due(pixel: Pixel, complete_until: date) -> list[tuple[date, PublishedPart]]:
    """Return the parts of weeks that are due and not published yet. Three queries."""
    counts = ReportCount.objects.filter(
        project_id=pixel.project_id, pixel_id=pixel.pk, dimension=ReportDimension.ACTIVE
    )
    first_day = counts.order_by("date").values_list("date", flat=True).first()
    if first_day is None:
        return []
    oldest = max(first_day, complete_until - PUBLISHED_WEEKS * WEEK)
    published = set(
        PublishedWeek.objects.filter(
            project_id=pixel.project_id, pixel_id=pixel.pk, week__gte=monday_of(oldest)
        ).values_list("week", "part")
    )
    open_days = undecided_days(pixel, oldest)
    return [
        (week, part)
        for week in weeks_between(oldest, complete_until)
        for part, wait in WAITS.items()
        if week + WEEK + wait <= complete_until
        and (week, part) not in published
        and not _waits_for_decision(week, part, open_days, complete_until)
    ]


def undecided_days(pixel: Pixel, since: date) -> list[date]:
    """Return the days about whose reports the owner has not decided, or whose reports are still looked through."""
    rows = LeftOut.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk, date__gte=since)
    is_open = Q(is_pending=True) | (Q(decided_at=None) & ~Q(what=EXCESS))
    return list(rows.filter(is_open).values_list("date", flat=True))


def _waits_for_decision(week: date, part: PublishedPart, open_days: Iterable[date], today: date) -> bool:
    """Whether the numbers of a week come from a day that stands out, and its owner may still decide about it.

    What was used in a week was reported until `WAITS` after it.
    """
    last = week + WEEK + (WAITS[part] if part == PublishedPart.EVENTS else timedelta(0))
    return today < last_day_to_decide(week) and any(week <= day < last for day in open_days)


def last_day_to_decide(week: date) -> date:
    """Return the day on which a week is published whatever the owner decides: otherwise a forger could stop it."""
    return week + WEEK + HOLD


def _body(pixel: Pixel, part: PublishedPart, week: date) -> str:
    """Return what is published of a part of a week, as JSON. One query."""
    published = _events(pixel, week) if part == PublishedPart.EVENTS else _installations(pixel, week)
    return msgspec.json.encode(published).decode()


def _installations(pixel: Pixel, week: date) -> PublishedInstallations:
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for each in _uses_in_week(pixel, week, ReportDimension.ACTIVE, *TABLES):
        counts[each.dimension][each.value] = each.installations
    active = counts[ReportDimension.ACTIVE].get("", 0)
    if active < FEWEST:
        return PublishedInstallations(None, {})
    tables: dict[str, PublishedTable] = {}
    for dimension in TABLES:
        by_value = counts[dimension]
        if dimension == ReportDimension.VERSION and (program := declared_program(pixel)):
            by_value = program.versions.as_counted(by_value)
        if by_value:
            by_value[OTHER] = by_value.get(OTHER, 0) + active - sum(by_value.values())  # reports without a country
            tables[str(dimension.label)] = published_table(by_value, OTHER)
    return PublishedInstallations(active, tables)


def _events(pixel: Pixel, week: date) -> PublishedEvents:
    enough = [
        PublishedEvent(each.value, each.installations, each.uses)
        for each in _uses_in_week(pixel, week, ReportDimension.EVENT)
        if each.installations >= FEWEST
    ]
    return PublishedEvents(tuple(sorted(enough, key=lambda each: (-each.installations, each.event))))


def _uses_in_week(pixel: Pixel, week: date, *dimensions: ReportDimension) -> list[Uses]:
    """Return what installations had and used in a week, by dimension and value. One query.

    An installation counts once: by its first report in the week, and by its first use of an event in it.
    """
    window = Window(week, week + WEEK)
    rows = ReportCount.objects.filter(
        project_id=pixel.project_id, pixel_id=pixel.pk, dimension__in=dimensions,
        date__gte=window.start, date__lt=window.end, driver__in=INSTALLED,
    ).values("dimension", "value")  # fmt: skip
    sums = rows.annotate(installations=Sum("reports", filter=first_in(window), default=0), uses=Sum("number"))
    return [Uses(*row) for row in sums.values_list("dimension", "value", "installations", "uses")]


def published_weeks(pixel: Pixel) -> list[PublicWeek]:
    """Return what is published of the last `PUBLISHED_WEEKS` weeks of a program, the newest first. One query."""
    rows = PublishedWeek.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk).order_by("-week", "part")
    weeks: dict[date, dict[int, str]] = defaultdict(dict)
    for week, part, body in rows.values_list("week", "part", "body")[: len(PublishedPart) * PUBLISHED_WEEKS]:
        weeks[week][part] = body
    return [
        PublicWeek(
            week,
            _decoded(parts.get(PublishedPart.INSTALLATIONS), PublishedInstallations),
            _decoded(parts.get(PublishedPart.EVENTS), PublishedEvents),
        )
        for week, parts in weeks.items()
    ]


def _decoded(body: str | None, kind: type[Part]) -> Part | None:
    return None if body is None else msgspec.json.decode(body, type=kind)
