"""The daily counts, as the API shows them: short scans of `DailyCount`, however many hits there are."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import DateField, F, Func, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Meta
from ninja import Field, Query, Router, Schema

from collector.models import DailyCount, Dimension, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.api.access import readable_project
from dashboard.api.pagination import LIMIT, MAX_ID, NEXT_CURSOR, Cursor, Limit, cursor_of, place_of
from dashboard.api.problems import bad_parameter
from dashboard.api.projects import Slug, pixel_of
from dashboard.api.ranges import Day
from dashboard.visits.periods import DAY
from dashboard.visits.results import MANY_VALUES, MAX_DAYS_OF_MANY_VALUES, visible_visitors

router = Router()

Date = date  # where a field is called so
MAX_DAYS = 1_500
MANY_VALUE_NAMES = {str(dimension.label) for dimension in MANY_VALUES}
DAYS = 30

DimensionName = Literal[
    "total", "platform", "hour", "position", "traffic", "verdict", "page", "country", "language", "device", "browser",
    "os", "pixel", "elsewhere",
]  # fmt: skip
IntervalName = Literal["total", "day", "week", "month"]
# What `ALL_PLATFORMS` has not: of a whole project it is counted by platform alone.
BY_PLATFORM_ALONE = {"total", "platform", "position"}

# First day of the interval, hits, value.
Place = tuple[date, Annotated[int, Meta(ge=0, le=2**62)], Annotated[str, Meta(max_length=255, pattern="^[^\0]*$")]]


@dataclass(frozen=True, slots=True)
class Question:
    """Which counts are asked for, of the days `[since, until)`."""

    project: Project
    since: date
    until: date
    dimension: DimensionName
    interval: IntervalName
    pixel_id: int | None
    platform: str


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
    dimension: Annotated[
        DimensionName, Query(example="country", description=gettext_noop("By what to count."))
    ] = "total",
    interval: Annotated[
        IntervalName,
        Query(
            example="month",
            description=gettext_noop("Over what to add up; “total” is the whole range."),
        ),
    ] = "total",
    since: Annotated[
        Day | None,
        Query(
            example="2026-11-01",
            description=gettext_noop(
                "The first day, in the project’s time zone. Without it the range has 30 days; it may have 1500, but by "
                "page or elsewhere 92."
            ),
        ),
    ] = None,
    until: Annotated[
        Day | None,
        Query(
            example="2026-12-01",
            description=gettext_noop("The day after the last one. Without it the range ends with today."),
        ),
    ] = None,
    pixel: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description=gettext_noop("The id of one pixel, for its counts alone."))
    ] = None,
    platform: Annotated[
        str,
        Query(
            max_length=255,
            description=gettext_noop("The slug of a platform such as medium, or a host, for its counts alone."),
        ),
    ] = "",
    limit: Limit = LIMIT,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """Three queries; one more where a pixel is named."""
    project = readable_project(request, slug)
    since, until = _range(project, since, until, MAX_DAYS_OF_MANY_VALUES if dimension in MANY_VALUE_NAMES else MAX_DAYS)
    if dimension == "pixel" and platform:
        raise bad_parameter(
            "platform", _("Pixels are not counted by platform; ask for the total of each pixel on this platform.")
        )
    if "\0" in platform:
        raise bad_parameter("platform", _("Write the slug of a platform, such as medium."))
    if pixel is not None:
        pixel_of(project, pixel)
    question = Question(project, since, until, dimension, interval, pixel, platform)
    place: tuple[date, int, str] | None = place_of(cursor, Place)
    found = _rows(question, place, limit + 1)
    more = len(found) > limit
    return {
        "project": project.slug,
        "timezone": project.timezone,
        "since": since,
        "until": until,
        "dimension": dimension,
        "interval": interval,
        "items": [
            {"date": first, "value": value or None, "hits": hits, "visitors": visible_visitors(hits, visitors)}
            for first, value, hits, visitors in found[:limit]
        ],
        "next_cursor": cursor_of((found[limit - 1][0], found[limit - 1][2], found[limit - 1][1])) if more else None,
    }


def _range(project: Project, since: date | None, until: date | None, max_days: int) -> tuple[date, date]:
    """Return the range asked for, or its default. Raises ProblemError for one that is empty or too long."""
    until = until or timezone.localdate(timezone=project.zone) + DAY
    since = since or until - DAYS * DAY
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


class FirstDay(Func):
    """The first day of the week or month that a day lies in. Django's own would call Python for each row of SQLite."""

    output_field = DateField()

    def __init__(self, interval: IntervalName) -> None:
        super().__init__(F("date"))
        self.interval = interval

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        modifiers = {"week": "'weekday 0', '-6 days'", "month": "'start of month'"}[self.interval]
        return super().as_sql(compiler, connection, template=f"DATE(%(expressions)s, {modifiers})", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"DATE_TRUNC('{self.interval}', %(expressions)s)::date"
        return super().as_sql(compiler, connection, template=template, **context)


def _rows(question: Question, place: tuple[date, int, str] | None, limit: int) -> list[tuple[date, str, int, int]]:
    """Return interval, value, hits and visitors of the next `limit` counts after a place. One query."""
    rows = _counts(question).annotate(label=F("platform" if question.dimension == "platform" else "value"))
    if question.interval == "total":
        counted = _added_up(rows.values("label"))
        if place:
            _first, hits, label = place
            counted = counted.filter(Q(counted__lt=hits) | Q(counted=hits, label__gt=label))
        found = counted.order_by("-counted", "label").values_list("label", "counted", "new")
        return [(question.since, *row) for row in found[:limit]]
    rows = rows.annotate(first=F("date") if question.interval == "day" else FirstDay(question.interval))
    if place:
        rows = rows.filter(date__gte=place[0])
    counted = _added_up(rows.values("first", "label"))
    if place:
        first, hits, label = place
        counted = counted.filter(
            Q(first__gt=first) | Q(first=first, counted__lt=hits) | Q(first=first, counted=hits, label__gt=label)
        )
    return list(counted.order_by("first", "-counted", "label").values_list("first", "label", "counted", "new")[:limit])


def _added_up(groups: Any) -> Any:
    return groups.annotate(counted=Sum("hits"), new=Sum("visitors"))


def _counts(question: Question) -> QuerySet[DailyCount]:
    """Return the rows of `DailyCount` that answer a question, each hit in one of them.

    Days are listed one by one, for the table's key has them before the pixel: a range of them would read every pixel's.
    """
    days = [question.since + day * DAY for day in range((question.until - question.since).days)]
    named = "total" if question.dimension == "platform" else question.dimension
    counts = DailyCount.objects.filter(project=question.project, date__in=days, dimension=Dimension[named.upper()])
    if question.dimension == "pixel":  # counted by pixel id, and under this alone
        counts = counts.filter(pixel_id=ALL_PLATFORMS)
        return counts.filter(value=str(question.pixel_id)) if question.pixel_id else counts
    if question.pixel_id:
        counts = counts.filter(pixel_id=question.pixel_id)
    elif question.platform or question.dimension in BY_PLATFORM_ALONE:
        counts = counts.filter(pixel_id=WHOLE_PROJECT)
    else:
        counts = counts.filter(pixel_id=ALL_PLATFORMS)
    return counts.filter(platform=question.platform) if question.platform else counts
