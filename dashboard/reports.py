"""What a page of the dashboard says: figures, charts and panels, made of the counts.

Python decides numbers, labels, order and links; templates place them; JavaScript paints.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.models import Dimension, Pixel, Project, Traffic, Verdict
from collector.models.counts import WHOLE_PROJECT
from dashboard import labels, queries
from dashboard.charts import Chart, hours_chart, trend_chart
from dashboard.panels import ALL_ARTICLES, PANELS, Panel, articles_panel, dimension_panel, platforms_panel
from dashboard.periods import HOURS, Period
from dashboard.queries import ValueCount

ARTICLE_ROWS = 20
COUNTED = (Dimension.TRAFFIC, Dimension.VERDICT, Dimension.HOUR, *(panel.dimension for panel in PANELS))
SET_ASIDE = {
    Verdict.BOT: "by bots",
    Verdict.SUSPECT: "asked as no browser does",
    Verdict.EXCESS: "over the rate limit",
    Verdict.PREFETCH: "loaded ahead",
    Verdict.MUTED: "while paused",
    Verdict.EXCLUDED: "from own addresses",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure. `text` is set large, `exact` is the whole number, `note` says what it counts."""

    key: str
    label: str
    text: str
    exact: int
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a page shows of one project or pixel over one period. `set_aside` says what was not counted."""

    visits: int
    set_aside: str
    figures: Sequence[Figure]
    trend: Chart
    hours: Chart
    platforms: Panel
    panels: Sequence[Panel]
    articles: Panel | None = None


def pixel_report(pixel: Pixel, period: Period) -> Report:
    """Report on one pixel. Two queries."""
    return _report(pixel.project, pixel.pk, period)


def project_report(project: Project, period: Period, *, all_articles: bool = False) -> Report:
    """Report on a whole project, with its pixels ranked. Six queries."""
    report = _report(project, WHOLE_PROJECT, period, queries.platform_evidence(project, period))
    counts, pixels = queries.pixel_counts(project, period, ALL_ARTICLES if all_articles else ARTICLE_ROWS)
    return replace(report, articles=articles_panel(project, period, counts, pixels, report.visits))


def _report(
    project: Project, pixel_id: int, period: Period, evidence: Mapping[str, Collection[str]] | None = None
) -> Report:
    days = queries.platform_days(project, pixel_id, period)
    totals = [day for day in days if day.dimension == Dimension.TOTAL]
    by_dimension: dict[int, list[ValueCount]] = defaultdict(list)
    for row in queries.value_counts(project, pixel_id, period, COUNTED, limit=len(HOURS)):
        by_dimension[row.dimension].append(row)
    traffic = {row.value: row.visits for row in by_dimension[Dimension.TRAFFIC]}
    verdicts = {row.value: row.visits for row in by_dimension[Dimension.VERDICT]}
    visits = sum(day.visits for day in totals)
    visitors = sum(day.visitors for day in totals)
    return Report(
        visits=visits,
        set_aside=_set_aside(verdicts),
        figures=_figures(visits, visitors, traffic, verdicts),
        trend=trend_chart(project, period, days),
        hours=hours_chart(project, by_dimension[Dimension.HOUR]),
        platforms=platforms_panel(totals, visits, evidence),
        panels=[
            dimension_panel(described, by_dimension[described.dimension], visits)
            for described in PANELS
            if by_dimension[described.dimension] or not described.optional
        ],
    )


def _set_aside(verdicts: Mapping[str, int], *without: Verdict) -> str:
    """Write how many hits were set aside and why, such as `3 by bots, 2 while paused`."""
    return ", ".join(
        f"{verdicts[verdict.label]:,} {why}"
        for verdict, why in SET_ASIDE.items()
        if verdicts.get(verdict.label) and verdict not in without
    )


def _figures(visits: int, visitors: int, traffic: dict[str, int], verdicts: dict[str, int]) -> Sequence[Figure]:
    proxied = traffic.get(Traffic.PROXIED.label, 0)
    bots = verdicts.get(Verdict.BOT.label, 0)  # traffic of bots has those besides that asked as no browser does
    others = _set_aside(verdicts, Verdict.BOT)
    seen = labels.seen(visits, visitors)
    return (
        Figure("visits", "Visits", labels.short(visits), visits, "by readers, directly or through a proxy"),
        Figure(
            "visitors",
            "Visitors",
            labels.UNSEEN if seen is None else labels.short(seen),
            visitors,
            "that we could tell apart, each once a day",
        ),
        Figure(
            "hidden",
            "Hidden by proxies",
            labels.percent(proxied / visits) if visits else labels.UNSEEN,
            proxied,
            f"{labels.count(proxied, 'visit')} without country, device or visitor",
        ),
        Figure(
            "bots",
            "Bots set aside",
            labels.short(bots),
            bots,
            f"not counted; nor {others}" if others else "not counted as visits",
        ),
    )
