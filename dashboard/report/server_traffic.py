"""What came in on all projects of the server, and what was filtered out and why: for administrators."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from collector.models import DailyCount, Dimension, Kind, Pixel, Project, ReportCount, ReportDimension
from collector.models.counts import WHOLE_PROJECT
from dashboard.report.figures import FILTERED_OUT, filtered_out
from dashboard.visits.periods import DAY, PRESETS

RANGES = ("today", "yesterday", "7d")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came in during some days. `reasons` say why hits were filtered out."""

    label: str
    visits: int
    filtered_out: int
    reasons: str
    reports: int


def server_traffic(projects: QuerySet[Project], now: datetime) -> Sequence[Traffic]:
    """Return what came in today, yesterday and in 7 days. Three queries, for any number of projects and hits.

    Visits are of days in each project's time zone, reports of days in UTC.
    """
    zones = dict(projects.values_list("pk", "timezone"))
    hits, reports = _hits(zones, now), _reports(list(zones), now)
    rows = []
    for name in RANGES:
        verdicts: Counter[str] = Counter()
        ages = _ages(name)
        for age in ages:
            verdicts += hits.get(age, Counter())
        rows.append(
            Traffic(
                label=str(PRESETS[name].label),
                visits=verdicts[""],
                filtered_out=sum(verdicts[verdict.label] for verdict in FILTERED_OUT),
                reasons=filtered_out(verdicts),
                reports=sum(reports[age] for age in ages),
            )
        )
    return rows


def _ages(name: str) -> range:
    """Return how many days ago the days of a range are."""
    today = date(2000, 1, 31)
    first = (today - PRESETS[name].start(today)).days
    return range(1, 2) if name == "yesterday" else range(first + 1)


def _hits(zones: dict[int, str], now: datetime) -> dict[int, Counter[str]]:
    """Return the hits of each of the last 7 days by verdict, by how many days ago; visits with an empty verdict."""
    today_in = {zone: now.astimezone(ZoneInfo(zone)).date() for zone in set(zones.values())}
    days = {today - age * DAY for today in today_in.values() for age in range(7)}
    rows = (
        DailyCount.objects.filter(
            project__in=list(zones),
            date__in=sorted(days),
            pixel_id=WHOLE_PROJECT,
            dimension__in=(Dimension.TOTAL, Dimension.VERDICT),
        )
        .values_list("project_id", "date", "value")
        .annotate(total=Sum("hits"))
    )
    by_age: dict[int, Counter[str]] = {}
    for project_id, day, verdict, total in rows:
        by_age.setdefault((today_in[zones[project_id]] - day).days, Counter())[verdict] += total
    return by_age


def _reports(projects: list[int], now: datetime) -> Counter[int]:
    """Return the reports of programs of each of the last 7 days, by how many days ago."""
    today = now.astimezone(UTC).date()
    rows = (
        ReportCount.objects.filter(
            project__in=projects,
            pixel_id__in=Pixel.objects.filter(kind=Kind.APP).values("pk"),
            dimension=ReportDimension.ACTIVE,
            date__in=[today - age * DAY for age in range(7)],
        )
        .values_list("date")
        .annotate(total=Sum("reports"))
    )
    return Counter({(today - day).days: total for day, total in rows})
