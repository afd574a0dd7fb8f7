"""An article's first week: the visits of its first days, and how soon half of all visits had come."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Section
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Point, Series
from dashboard.report.claims import may_claim
from dashboard.visits.periods import DAY, Bucket
from dashboard.visits.queries import LifetimeDay

FIRST_WEEK = 7  # days


def first_week_chart(lifetime: Iterable[LifetimeDay], today: date) -> Chart | None:
    """Draw the visits of an article's first days; None before its second day."""
    visits_by_day = Counter[date]()
    for row in lifetime:
        visits_by_day[row.date] += row.visits
    first = min(visits_by_day, default=today)
    days = [first + number * DAY for number in range(FIRST_WEEK) if first + number * DAY <= today]
    if len(days) < 2:
        return None
    return Chart(
        "first-week",
        Section.TREND.value,
        _("First week"),
        _caption(first, visits_by_day, today),
        str(BUCKET_NAMES[Bucket.DAY]),
        _points(days, visits_by_day, today),
        [Series(_("Visits"), "", [visits_by_day[day] for day in days])],
        [_("Visits")],
    )


def half_life(visits_by_day: Mapping[date, int]) -> int:
    """Return within how many days, counted from the first, half of all visits came; 0 where there were none."""
    total, reached = sum(visits_by_day.values()), 0
    for day in sorted(visits_by_day):
        reached += visits_by_day[day]
        if reached * 2 >= total > 0:
            return (day - min(visits_by_day)).days + 1
    return 0


def _caption(first: date, visits_by_day: Mapping[date, int], today: date) -> str:
    """Say since when visits came, and how soon half of them: after the first week, if there are enough to tell."""
    caption = _("Visits per day since the first, %(day)s") % {"day": formatting.day(first, "yMMMd")}
    days = half_life(visits_by_day)
    if not may_claim(sum(visits_by_day.values()), (today - first).days):
        return caption
    half = ngettext(
        "half of all visits so far came within %(days)s day",
        "half of all visits so far came within %(days)s days",
        days,
    ) % {"days": formatting.exact(days)}
    return f"{caption} · {half}"


def _points(days: Iterable[date], visits_by_day: Counter[date], today: date) -> list[Point]:
    total = visits_by_day.total()
    points, reached = [], 0
    for number, day in enumerate(days, 1):
        visits = visits_by_day[day]
        reached += visits
        title = _("Day %(number)s: %(day)s · by then, %(share)s of all visits so far") % {
            "number": number,
            "day": formatting.day(day, "yMMMEd"),
            "share": formatting.percent(reached / total),
        }
        label = _("Day %(number)s") % {"number": number}
        points.append(Point(label, title, f"{day}", visits, [visits], is_open=day == today))
    return points
