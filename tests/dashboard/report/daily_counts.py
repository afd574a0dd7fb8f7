"""Daily counts for tests, added as the drain adds them, and reports on them."""

from datetime import date, datetime, timedelta

from collector.models import DailyCount, Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.models.reading import reading_value
from dashboard.report.page import make_page
from dashboard.report.panels.panel import Panel
from dashboard.report.sections import Report
from tests.dashboard.conftest import NOON

DAY = NOON.date()
START = DAY - timedelta(days=29)  # of the default range
READER = {
    "device": "phone", "country": "DE", "language": "de", "browser": "Firefox", "os": "Android",
    "page": "medium.com/@me/hello",
}  # fmt: skip


def add(pixel: Pixel, dimension: Dimension, value: str, visits: int, visitors: int, day: date, platform: str) -> None:
    """Add to one count of a pixel and of its project, by platform and without, as the drain does."""
    rows = [(pixel.pk, dimension, platform, value), (WHOLE_PROJECT, dimension, platform, value)]
    if dimension == Dimension.TOTAL:
        rows.append((ALL_PLATFORMS, Dimension.PIXEL, "", str(pixel.pk)))
    elif dimension == Dimension.POSITION:
        read = Dimension.STARTED if value == "start" else Dimension.FINISHED
        if platform != "dev-to":  # which loads every image late
            rows.append((ALL_PLATFORMS, read, "", str(pixel.pk)))
    elif dimension == Dimension.READING:
        if platform != "dev-to" and value == "at-once":
            rows.append((ALL_PLATFORMS, Dimension.AT_ONCE, "", str(pixel.pk)))
    elif dimension == Dimension.EVIDENCE:
        del rows[0]
    else:
        rows.append((ALL_PLATFORMS, dimension, "", value))
    for pixel_id, of_dimension, of_platform, of_value in rows:
        row, _ = DailyCount.objects.get_or_create(
            project=pixel.project,
            pixel_id=pixel_id,
            dimension=of_dimension,
            date=day,
            platform=of_platform,
            value=of_value,
            defaults={"hits": 0, "visitors": 0},
        )
        DailyCount.objects.filter(pk=row.pk).update(hits=row.hits + visits, visitors=row.visitors + visitors)


def add_visits(
    pixel: Pixel,
    visits: int,
    visitors: int = 0,
    *,
    day: date = DAY,
    hour: int = 12,
    platform: str = "medium",
    traffic: str = "direct",
    **values: str,
) -> None:
    """Add the counts that so many visits of equal readers come to; what a proxy hides is unknown."""
    add(pixel, Dimension.TOTAL, "", visits, visitors, day, platform)
    add(pixel, Dimension.HOUR, f"{hour:02}", visits, visitors, day, platform)
    add(pixel, Dimension.TRAFFIC, traffic, visits, visitors, day, platform)
    if traffic == "direct":
        add(pixel, Dimension.POSITION, "start", visits, visitors, day, platform)
    facts = dict.fromkeys(READER, "") if traffic == "proxied" else READER | values
    for dimension, value in facts.items():
        add(pixel, Dimension[dimension.upper()], value, visits, visitors, day, platform)


def add_ends(pixel: Pixel, ends: int, *, seconds: int = 240, day: date = DAY, platform: str = "medium") -> None:
    """Add that so many readers came to the end after so many seconds. The minimum is 10."""
    value = reading_value(seconds, is_too_soon=seconds < 10)
    add(pixel, Dimension.READING, value, ends, 0, day, platform)
    if seconds >= 10:
        add(pixel, Dimension.POSITION, "end", ends, 0, day, platform)
    else:
        add(pixel, Dimension.VERDICT, "too-soon", ends, 0, day, platform)


def add_bots(pixel: Pixel, bots: int, day: date = DAY) -> None:
    add(pixel, Dimension.TRAFFIC, "bot", bots, 0, day, "medium")
    add(pixel, Dimension.VERDICT, "bot", bots, 0, day, "medium")


def report_on(of: Project | Pixel, now: datetime = NOON, **parameters: str) -> Report:
    """Report on a project or a pixel, as an address with these parameters asks for; 30 days where it names none."""
    project, pixel = (of, None) if isinstance(of, Project) else (of.project, of)
    report = make_page(parameters, project, pixel, now=now).report
    assert report is not None
    return report


def days(first: date, last: date) -> dict[str, str]:
    """Return the parameters that ask for some days."""
    return {"start": f"{first}", "end": f"{last}"}


def panels(report: Report) -> dict[str, Panel]:
    """Return the panels of dimensions by their keys."""
    return {panel.key: panel for group in report.groups for panel in group.panels}


def figures(report: Report) -> dict[str, int]:
    return {figure.key: figure.exact for figure in report.figures}


def texts(report: Report) -> dict[str, str]:
    return {figure.key: figure.text for figure in report.figures}


def changes(report: Report) -> dict[str, tuple[str, str, str] | None]:
    return {
        figure.key: figure.change and (figure.change.arrow, figure.change.words, figure.change.title)
        for figure in report.figures
    }
