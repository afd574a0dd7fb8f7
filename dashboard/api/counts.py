"""The API's daily counts."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, Query, Router, Schema

from collector.models import Project
from dashboard.api.access import readable_project
from dashboard.api.count_query import CountKey, CountQuery, CountRow, DimensionName, IntervalName, next_counts
from dashboard.api.pagination import DEFAULT_LIMIT, MAX_ID, NEXT_CURSOR, Cursor, Limit, decode_cursor, encode_cursor
from dashboard.api.problems import bad_parameter
from dashboard.api.projects import Slug, pixel_in
from dashboard.api.ranges import Day, check_range
from dashboard.visits.periods import DAY
from dashboard.visits.results import MANY_VALUES, MAX_DAYS_OF_MANY_VALUES, visible_visitors

router = Router()

Date = date  # for a field that is also called date
DEFAULT_DAYS = 30
MAX_DAYS = 1_500
MANY_VALUE_NAMES = {str(dimension.label) for dimension in MANY_VALUES}

DimensionParameter = Annotated[DimensionName, Query(example="country", description=gettext_noop("What to count by."))]
IntervalParameter = Annotated[
    IntervalName,
    Query(example="month", description=gettext_noop("The interval to add up over. “total” is the whole range.")),
]
SinceParameter = Annotated[
    Day | None,
    Query(
        example="2026-11-01",
        description=gettext_noop(
            "The first day, in the project’s time zone. By default the range has 30 days. It can have 1500 days, or 92 "
            "for page, elsewhere and the utm dimensions."
        ),
    ),
]
UntilParameter = Annotated[
    Day | None,
    Query(
        example="2026-12-01",
        description=gettext_noop("The day after the last day. By default the range ends with today."),
    ),
]
PixelParameter = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description=gettext_noop("The id of a pixel, to get only its counts."))
]
PlatformParameter = Annotated[
    str,
    Query(
        max_length=255,
        description=gettext_noop("The slug of a platform such as medium, or a host name, to get only its counts."),
    ),
]


class CountOut(Schema):
    """The hits and visitors of one value in one interval."""

    date: Date = Field(
        examples=["2026-11-01"],
        description=gettext_noop(
            "The first day of the interval. Weeks begin on the project’s first weekday, and “total” with the range."
        ),
    )
    value: str | None = Field(
        examples=["DE"],
        description=gettext_noop("The value of the dimension. Null for “total” and for unknown values."),
    )
    hits: int = Field(examples=[120])
    visitors: int | None = Field(
        examples=[97],
        description=gettext_noop(
            "The daily visitors, added up over the days. Null if visitors can’t be told apart, such as behind an image "
            "proxy."
        ),
    )


class CountPage(Schema):
    """Counts ordered by interval, then by hits, most first; and what was counted."""

    project: str = Field(examples=["blog"])
    timezone: str = Field(examples=["Europe/Berlin"])
    since: date = Field(examples=["2026-11-01"])
    until: date = Field(examples=["2026-12-01"])
    dimension: str = Field(examples=["country"])
    interval: str = Field(examples=["month"])
    items: list[CountOut]
    next_cursor: str | None = Field(examples=[None], description=NEXT_CURSOR)


@router.get(
    "projects/{slug:slug}/counts",
    response=CountPage,
    summary=gettext_noop("Count visits"),
    description=gettext_noop(
        "Daily counts of a project, of one pixel, of one platform, or of one pixel on one platform. They stay when raw "
        "hits are deleted. There is no item where nothing was counted. Most dimensions count visits. “verdict” counts "
        "hits that were filtered out, by reason, and hits of readers who opted out. “traffic” counts visits and bots. "
        "“position” counts direct visits with a visitor, and how many of them read to the end. “reading” counts ends "
        "by the seconds since the start. Its values are lower bounds of ranges, “too-soon” (sooner than anyone can "
        "have read) and “at-once” (loaded together with the start). The dashboard’s read-through leaves out platforms "
        "that load all images late, or the end together with the start. These counts include them."
    ),
)
def list_counts(
    request: HttpRequest,
    slug: Slug,
    dimension: DimensionParameter = "total",
    interval: IntervalParameter = "total",
    since: SinceParameter = None,
    until: UntilParameter = None,
    pixel: PixelParameter = None,
    platform: PlatformParameter = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """Three queries; one more for a pixel."""
    project = readable_project(request, slug)
    max_days = MAX_DAYS_OF_MANY_VALUES if dimension in MANY_VALUE_NAMES else MAX_DAYS
    since, until = _range(project, since, until, max_days)
    _check_platform(platform, dimension)
    if pixel is not None:
        pixel_in(project, pixel)
    query = CountQuery(project, since, until, dimension, interval, pixel, platform)
    return _answer(query, next_counts(query, decode_cursor(cursor, CountKey), limit + 1), limit)


def _range(project: Project, since: date | None, until: date | None, max_days: int) -> tuple[date, date]:
    """Return the range, with its defaults. Raises ProblemError if it is empty or too long."""
    until = until or timezone.localdate(timezone=project.zone) + DAY
    since = since or until - DEFAULT_DAYS * DAY
    check_range(since, until, max_days)
    return since, until


def _check_platform(platform: str, dimension: DimensionName) -> None:
    """Raise ProblemError for an invalid platform, or one that can't be combined with the dimension."""
    if dimension == "pixel" and platform:
        raise bad_parameter(
            "platform",
            _("Pixels are not counted by platform. Request the total of each pixel on it instead."),
        )
    if "\0" in platform:
        raise bad_parameter("platform", _("Write the slug of a platform, such as medium."))


def _answer(query: CountQuery, rows: list[CountRow], limit: int) -> dict[str, Any]:
    """Return the first `limit` rows. One row more means that there is another part."""
    has_more = len(rows) > limit
    return {
        "project": query.project.slug,
        "timezone": query.project.timezone,
        "since": query.since,
        "until": query.until,
        "dimension": query.dimension,
        "interval": query.interval,
        "items": [
            {
                "date": row.first_day,
                "value": row.value or None,
                "hits": row.hits,
                "visitors": visible_visitors(row.hits, row.visitors),
            }
            for row in rows[:limit]
        ],
        "next_cursor": encode_cursor(rows[limit - 1].sort_key) if has_more else None,
    }
