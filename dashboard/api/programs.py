"""The API's installations: what programs report, from the counts of their reports. Days are UTC."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, Path, Query, Router, Schema

from collector.models import Kind, Pixel, ReportDimension, Span
from collector.models.programs import Part
from collector.programs.declaring import declared_program
from collector.programs.windows import DAY, MAX_WINDOW_DAYS, Window
from dashboard.api.access import readable_project
from dashboard.api.problems import ProblemError, api_root
from dashboard.api.projects import Slug, pixel_in
from dashboard.api.ranges import Day, check_range
from dashboard.usage.counts import Usage
from dashboard.usage.doors import DoorUsage, windows_in

router = Router()

Date = date  # for a field that is also called date
MAX_DAYS = 400
DEFAULT_DAYS = 28
SpanName = Literal["day", "week", "month"]
FactName = Literal["version", "os", "arch", "runtime", "country"]

ProgramId = Annotated[int, Path(example=8, description=gettext_noop("The id of a pixel of kind app: a program."))]
Fact = Annotated[FactName, Path(example="version", description=gettext_noop("What to count by."))]
SpanOf = Annotated[SpanName, Query(example="month", description=gettext_noop("What to count by."))]
Since = Annotated[
    Day | None,
    Query(
        example="2026-11-01",
        description=gettext_noop(
            "The first day, in UTC. By default the range has 28 days. It can have 400 days, or 31 where each "
            "installation counts once in the whole range."
        ),
    ),
]
Until = Annotated[
    Day | None,
    Query(
        example="2026-11-29",
        description=gettext_noop("The day after the last day. By default the range ends with today."),
    ),
]


class DayOut(Schema):
    """The installations of one day. In `active_7` and `active_28` each counts once."""

    date: Date = Field(examples=["2026-11-28"])
    active: int = Field(examples=[412], description=gettext_noop("Installations that reported on this day."))
    active_7: int = Field(
        examples=[1093], description=gettext_noop("Installations that reported in the seven days to this one.")
    )
    active_28: int = Field(
        examples=[1820], description=gettext_noop("Installations that reported in the 28 days to this one.")
    )
    new: int = Field(examples=[31], description=gettext_noop("Installations that reported for the first time."))
    back: int = Field(
        examples=[4], description=gettext_noop("Installations that came back after more than 28 days without a report.")
    )


class ActiveDays(Schema):
    """The days of a range, oldest first."""

    since: date = Field(examples=["2026-11-01"])
    until: date = Field(examples=["2026-11-29"])
    items: list[DayOut]


class FactOut(Schema):
    """The installations of one value. The first report of an installation in the range counts."""

    value: str = Field(examples=["2.4.1"])
    installations: int = Field(examples=[1210])


class FactCounts(Schema):
    """The values of a range, the most frequent first."""

    since: date = Field(examples=["2026-11-01"])
    until: date = Field(examples=["2026-11-29"])
    items: list[FactOut]


class ValueOut(Schema):
    """How often one value of a property was used. The value of a histogram is the number of the bin, from 0."""

    property: str = Field(examples=["format"])
    value: str = Field(examples=["html"])
    number: int = Field(examples=[5120])


class EventOut(Schema):
    """The use of one event."""

    event: str = Field(examples=["build"])
    installations: int = Field(examples=[980], description=gettext_noop("Installations that used it in the range."))
    number: int = Field(examples=[6400], description=gettext_noop("How often it was used."))
    values: list[ValueOut]


class EventCounts(Schema):
    """The events of a range, the one with the widest reach first."""

    since: date = Field(examples=["2026-11-01"])
    until: date = Field(examples=["2026-11-29"])
    items: list[EventOut]


class CohortOut(Schema):
    """How many of the installations that were new in one week reported in another. Weeks are named by their Monday."""

    cohort: date = Field(examples=["2026-10-05"])
    week: date = Field(examples=["2026-11-23"])
    installations: int = Field(examples=[57])


class OtherOut(Schema):
    """What other SDKs reported in one day, ISO week or month, which is named by its first day."""

    date: Date = Field(examples=["2026-11-23"])
    installations: int = Field(examples=[230], description=gettext_noop("Installations that the SDKs' IDs tell apart."))
    sessions: int = Field(
        examples=[610], description=gettext_noop("Single runs, where an SDK sends no ID of an installation.")
    )


class OtherCounts(Schema):
    """The days, weeks or months of a range, oldest first."""

    since: date = Field(examples=["2026-11-01"])
    until: date = Field(examples=["2026-11-29"])
    items: list[OtherOut]


class Cohorts(Schema):
    """The cohorts of a range."""

    since: date = Field(examples=["2026-09-07"])
    until: date = Field(examples=["2026-11-29"])
    items: list[CohortOut]


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}/installations",
    response=ActiveDays,
    summary=gettext_noop("Count installations"),
    description=gettext_noop(
        "The installations of a program that were active on each day. Only persons and servers are installations: "
        "reports of CI, coding agents and containers are left out."
    ),
)
def list_active_days(
    request: HttpRequest, slug: Slug, pixel_id: ProgramId, since: Since = None, until: Until = None
) -> dict[str, Any]:
    """Four queries, or five."""
    _pixel, usage, window = _asked(request, slug, pixel_id, since, until, MAX_DAYS)
    actives = usage.actives(window.start - 27 * DAY, window.end)
    items = []
    for number in range(window.days):
        day = window.start + number * DAY
        new, back = actives.newcomers(day, day + DAY)
        items.append(
            {
                "date": day,
                "active": actives.on(day),
                "active_7": actives.to(day, 7),
                "active_28": actives.to(day, 28),
                "new": new,
                "back": back,
            }
        )
    return _answer(window, items)


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}/installations/{by}",
    response=FactCounts,
    summary=gettext_noop("Count installations by what they run on"),
    description=gettext_noop(
        "The active installations of a program by version, system, architecture, runtime or country. Each counts once, "
        "with its first report in the range. If releases are known, versions that were never released count as “other”."
    ),
)
def list_facts(
    request: HttpRequest, slug: Slug, pixel_id: ProgramId, by: Fact, since: Since = None, until: Until = None
) -> dict[str, Any]:
    """Four queries, or five by version."""
    pixel, usage, window = _asked(request, slug, pixel_id, since, until, MAX_WINDOW_DAYS)
    dimension = ReportDimension[by.upper()]
    values: Mapping[str, int] = usage.in_window(window, [dimension]).get(dimension, {})
    if dimension == ReportDimension.VERSION and (program := declared_program(pixel)):
        values = program.versions.as_counted(values)
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return _answer(window, [{"value": value, "installations": number} for value, number in ranked])


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}/events",
    response=EventCounts,
    summary=gettext_noop("Count the use of events"),
    description=gettext_noop(
        "The events that a program declared, by their days of use: how many installations used each, how often, and "
        "with which properties. An installation reports its use on its next day of use, so the latest days are "
        "incomplete."
    ),
)
def list_events(
    request: HttpRequest, slug: Slug, pixel_id: ProgramId, since: Since = None, until: Until = None
) -> dict[str, Any]:
    """Five queries."""
    _pixel, usage, window = _asked(request, slug, pixel_id, since, until, MAX_WINDOW_DAYS)
    values: dict[str, list[dict[str, Any]]] = defaultdict(list)
    properties = usage.properties(*window)
    for one in sorted([*properties.values, *properties.bins], key=lambda one: (one.name, -one.number, one.value)):
        values[one.event].append({"property": one.name, "value": one.value, "number": one.number})
    uses = sorted(usage.events(window).items(), key=lambda item: (-item[1].reach, item[0]))
    return _answer(
        window,
        [
            {"event": event, "installations": use.reach, "number": use.number, "values": values[event]}
            for event, use in uses
        ],
    )


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}/retention",
    response=Cohorts,
    summary=gettext_noop("Count installations that stay"),
    description=gettext_noop(
        "How many of the installations that were new in one week were active in each later week of the range. Weeks "
        "begin on Monday."
    ),
)
def list_cohorts(
    request: HttpRequest, slug: Slug, pixel_id: ProgramId, since: Since = None, until: Until = None
) -> dict[str, Any]:
    """Four queries."""
    _pixel, usage, window = _asked(request, slug, pixel_id, since, until, MAX_DAYS)
    return _answer(window, [row._asdict() for row in sorted(usage.cohorts(window.start, window.last_day))])


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}/other-sdks",
    response=OtherCounts,
    summary=gettext_noop("Count what other SDKs report"),
    description=gettext_noop(
        "The installations and sessions that other SDKs report, by UTC day, ISO week or month. They may be the same as "
        "those that clients report: don't add them up. The first week or month is whole, even if it begins before "
        "`since`."
    ),
)
def list_other_sdks(
    request: HttpRequest,
    slug: Slug,
    pixel_id: ProgramId,
    by: SpanOf = "day",
    since: Since = None,
    until: Until = None,
) -> dict[str, Any]:
    """Four queries."""
    pixel = _program_in(request, slug, pixel_id)
    window = _range_of(since, until, MAX_DAYS)
    windows, part = windows_in(window.start, window.end, Span[by.upper()]), Part[by.upper()]
    days = DoorUsage(pixel).days(windows[0].start, window.end)
    items = [
        {"date": one.start, "installations": days.installations(one, part), "sessions": days.sessions(one)}
        for one in windows
    ]
    return _answer(window, items)


def _asked(
    request: HttpRequest, slug: str, pixel_id: int, since: date | None, until: date | None, max_days: int
) -> tuple[Pixel, Usage, Window]:
    """Return the program that a request is about, its reports, and its days. Raises ProblemError. Three queries."""
    pixel = _program_in(request, slug, pixel_id)
    return pixel, Usage(pixel, _utc_today()), _range_of(since, until, max_days)


def _range_of(since: date | None, until: date | None, max_days: int) -> Window:
    until = until or _utc_today() + DAY
    since = since or until - timedelta(days=DEFAULT_DAYS)
    check_range(since, until, max_days)
    return Window(since, until)


def _utc_today() -> date:
    return timezone.now().astimezone(UTC).date()


def _program_in(request: HttpRequest, slug: str, pixel_id: int) -> Pixel:
    pixel = pixel_in(readable_project(request, slug), pixel_id)
    if pixel.kind != Kind.APP:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            _("Pixel %(id)s is not a program. Its “kind” in %(api)sprojects/%(slug)s/pixels would be “app”.")
            % {"id": pixel_id, "slug": slug, "api": api_root()},
        )
    return pixel


def _answer(window: Window, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"since": window.start, "until": window.end, "items": items}
