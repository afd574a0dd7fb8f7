"""The daily counts, as the API shows them."""

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
from dashboard.api.ranges import Day
from dashboard.formatting import seen
from dashboard.visits.periods import DAY
from dashboard.visits.results import MANY_VALUES, MAX_DAYS_OF_MANY_VALUES

router = Router()

Date = date  # where a field is called so
DEFAULT_DAYS = 30
MAX_DAYS = 1_500
MANY_VALUE_NAMES = {str(dimension.label) for dimension in MANY_VALUES}

DimensionParameter = Annotated[DimensionName, Query(example="country", description=gettext_noop("By what to count."))]
IntervalParameter = Annotated[
    IntervalName,
    Query(example="month", description=gettext_noop("Over what to add up; “total” is the whole range.")),
]
SinceParameter = Annotated[
    Day | None,
    Query(
        example="2026-11-01",
        description=gettext_noop(
            "The first day, in the project’s time zone. Without it the range has 30 days; it may have 1500, but by "
            "page or elsewhere 92."
        ),
    ),
]
UntilParameter = Annotated[
    Day | None,
    Query(
        example="2026-12-01",
        description=gettext_noop("The day after the last one. Without it the range ends with today."),
    ),
]
PixelParameter = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description=gettext_noop("The id of one pixel, for its counts alone."))
]
PlatformParameter = Annotated[
    str,
    Query(
        max_length=255,
        description=gettext_noop("The slug of a platform such as medium, or a host, for its counts alone."),
    ),
]


class CountOut(Schema):
    """How much was counted of one value in one interval."""

    date: Date = Field(
        examples=["2026-11-01"],
        description=gettext_noop(
            "The first day of the interval: of a week its Monday, of the total that of the range."
        ),
    )
    value: str | None = Field(
        examples=["DE"], description=gettext_noop("The value of the dimension; null for the total, and where unknown.")
    )
    hits: int = Field(examples=[120])
    visitors: int | None = Field(
        examples=[97],
        description=gettext_noop(
            "Visitors that were new on their day, added up over the days; null where nobody could be seen, as behind "
            "a proxy."
        ),
    )


class CountPage(Schema):
    """Counts by interval, and in each the most frequent values first; and what they are counts of."""

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
        "Daily counts of a project, or of one of its pixels, or platforms, or of one pixel on one platform. They stay "
        "when hits are deleted. Where nothing was counted there is no item. Every dimension counts visits, but for "
        "three: “verdict” counts the hits that were set aside, by their reason, and those of readers who opted out; "
        "“traffic” visits and bots; “position” direct visits, and how many of them came to the end."
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
    """Three queries; one more where a pixel is named."""
    project = readable_project(request, slug)
    max_days = MAX_DAYS_OF_MANY_VALUES if dimension in MANY_VALUE_NAMES else MAX_DAYS
    since, until = _range(project, since, until, max_days)
    _check_platform(platform, dimension)
    if pixel is not None:
        pixel_in(project, pixel)
    query = CountQuery(project, since, until, dimension, interval, pixel, platform)
    return _answer(query, next_counts(query, decode_cursor(cursor, CountKey), limit + 1), limit)


def _range(project: Project, since: date | None, until: date | None, max_days: int) -> tuple[date, date]:
    """Return the range asked for, or its default. Raises ProblemError for one that is empty or too long."""
    until = until or timezone.localdate(timezone=project.zone) + DAY
    since = since or until - DEFAULT_DAYS * DAY
    if since >= until:
        raise bad_parameter("until", _("The range is empty: “until” is the day after its last, so after “since”."))
    days = (until - since).days
    if days > max_days:
        raise bad_parameter(
            "since",
            _("The range has %(days)s days; ask for %(most)s at most, and for the others in another request.")
            % {"days": days, "most": max_days},
        )
    return since, until


def _check_platform(platform: str, dimension: DimensionName) -> None:
    """Raise ProblemError for a platform that can't be, or that can't be asked for together with the dimension."""
    if dimension == "pixel" and platform:
        raise bad_parameter(
            "platform", _("Pixels are not counted by platform; ask for the total of each pixel on this platform.")
        )
    if "\0" in platform:
        raise bad_parameter("platform", _("Write the slug of a platform, such as medium."))


def _answer(query: CountQuery, rows: list[CountRow], limit: int) -> dict[str, Any]:
    """Return at most `limit` of the rows; one row more says that there is another part."""
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
                "visitors": seen(row.hits, row.visitors),
            }
            for row in rows[:limit]
        ],
        "next_cursor": encode_cursor(rows[limit - 1].sort_key) if has_more else None,
    }
