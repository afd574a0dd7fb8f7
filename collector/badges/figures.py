"""The numbers on badges, from the daily counts and from what programs publish."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Sum

from collector.badges.options import ALL, OF_ARTICLES
from collector.badges.published import published
from collector.models import DailyCount, Dimension, Pixel
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.programs.declaring import is_declared

DAY = timedelta(days=1)
RANGE_DAYS = {"30d": 30, "7d": 7}  # today is one of them, as on the dashboard
LISTED_DAYS = 1_500  # in one statement


class Figures(NamedTuple):
    """What a badge can show of one pixel. `public` are those that everybody may see; a number may still be None.

    An article has visits and visitors; no visitors if there were visits and image proxies hid all of them. A program
    has installations, and the share of each version among them, of the last week that was published; none if they were
    too few.
    """

    public: frozenset[str] = frozenset()
    visits: int | None = None
    visitors: int | None = None
    installations: int | None = None
    shares: Mapping[str, float] | None = None


def figures_of(token: str, period: str, now: datetime) -> Figures | None:
    """Return the figures of a pixel over a range of days; None if it is not live.

    At most three queries, and one more for each 1,500 days. A visitor is counted again each day, so their number is the
    sum of the days' visitors.
    """
    pixel = Pixel.objects.live().select_related("project", "declaration").filter(token=token).first()
    if pixel is None:
        return None
    if is_declared(pixel):
        week = published(pixel)
        return Figures(week.public, installations=week.installations, shares=week.shares)
    if not pixel.has_public_badge:
        return Figures()
    today = now.astimezone(pixel.project.zone).date()
    first_day = _first_day(pixel) if period == ALL else today - (RANGE_DAYS[period] - 1) * DAY
    visits = visitors = 0
    while first_day is not None and first_day <= today:
        days = [first_day + number * DAY for number in range(min(LISTED_DAYS, (today - first_day).days + 1))]
        sums = _counts(pixel, days)
        visits, visitors = visits + (sums["visits"] or 0), visitors + (sums["visitors"] or 0)
        first_day = days[-1] + DAY
    return Figures(frozenset(OF_ARTICLES), visits, visitors if visitors or not visits else None)


def _first_day(pixel: Pixel) -> date | None:
    """Return the first day with a count of the pixel's project. One query, the head of an index."""
    totals = DailyCount.objects.filter(project=pixel.project_id, dimension=Dimension.TOTAL, pixel_id=WHOLE_PROJECT)
    day: date | None = totals.order_by("date").values_list("date", flat=True).first()
    return day


def _counts(pixel: Pixel, days: list[date]) -> Mapping[str, int | None]:
    """Return the sums of one pixel on these days. One query.

    The days are listed, because a range of them would make the database read the counts of all pixels. There is one
    row a day, however many platforms.
    """
    rows = DailyCount.objects.filter(
        project=pixel.project_id, date__in=days, pixel_id=ALL_PLATFORMS, dimension=Dimension.PIXEL, platform="",
        value=str(pixel.pk),
    )  # fmt: skip
    return rows.aggregate(visits=Sum("hits"), visitors=Sum("visitors"))
