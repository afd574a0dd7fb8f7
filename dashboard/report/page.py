"""A whole page about a project or one of its pixels, from the query string of its address to what a template shows.

The same for its members, for whoever has a share link, and for a spreadsheet.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Pixel, Project, Section
from collector.models.counts import WHOLE_PROJECT
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, MAX_MARKS, Published
from dashboard.report.page_state import FILTER_NAMES, Filters, View, view
from dashboard.report.panels.articles import SPARK_HEIGHT, SPARK_WIDTH, spark_line
from dashboard.report.panels.panel import PANELS, Panel, platform_label
from dashboard.report.quiet import Quiet, quiet_pixels
from dashboard.report.sections import ALL_SECTIONS, Report, Subject, full_panel, report, rows_a_page
from dashboard.visits import queries
from dashboard.visits.from_hits import Recounted, kept_since, recount
from dashboard.visits.periods import DAY, EARLIEST, PRESETS, Bucket, Comparison, Period
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from dashboard.visits.rollup import Counted
from dashboard.visits.source import Tally

LIVE_MINUTES = 30
MAX_LIVE = 10_000  # hits that are looked at
MAX_READ = 1_000_000  # visits among which a filter may look


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter of a page, with the address of the page without it."""

    name: str
    value: str
    without_url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several ways to look at a page; `is_chosen` where this is the one."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Live:
    """The visits of the last half an hour, by minute, oldest first."""

    visits: int
    minutes: Sequence[int]
    is_bounded: bool

    @property
    def text(self) -> str:
        """Return how many they are, in digits."""
        return f"{formatting.short(self.visits)}+" if self.is_bounded else formatting.short(self.visits)

    @property
    def words(self) -> str:
        return ngettext("visit in the last 30 minutes", "visits in the last 30 minutes", self.visits)

    @property
    def line(self) -> str:
        """Return the points of an SVG polyline in a box of 100 by 20, one a minute."""
        return spark_line(self.minutes, SPARK_WIDTH, SPARK_HEIGHT)


@dataclass(frozen=True, slots=True)
class Page:
    """What a template needs. `first_day` is None where nothing was counted yet; then there is no `report`.

    `full` is the one list that the page shows instead of its report, `pages` the number of its pages.
    """

    project: Project
    pixel: Pixel | None
    view: View
    first_day: date | None
    today: date
    clock: str
    notices: Sequence[str]
    chips: Sequence[Chip]
    presets: Sequence[Choice]
    comparisons: Sequence[Choice]
    units: Sequence[Choice]
    shapes: Sequence[Choice]
    quiet: Sequence[Quiet]
    report: Report | None
    full: Panel | None
    pages: int
    is_public: bool = False

    @property
    def period(self) -> Period:
        """Return the period that is shown, or the one asked for where nothing of it could be."""
        return self.view.period if self.view.period.days else self.view.addressed

    @property
    def take(self) -> str:
        """Return the query string of its spreadsheets, nothing for who may not take them away."""
        return "" if self.is_public else self.view.query

    @property
    def all_time_url(self) -> str:
        return self.view.link("start", "end", "by", range="all")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what a form that asks for other dates must hand on."""
        return [
            (key, value) for key, value in self.view.parameters().items() if key not in {"range", "start", "end", "by"}
        ]

    @property
    def page_links(self) -> list[Choice]:
        """Return the pages around this one of a list that is shown whole."""
        number = self.view.number
        near = sorted({1, self.pages, *range(max(1, number - 2), min(self.pages, number + 2) + 1)})
        return [
            Choice(formatting.exact(near), self.view.link(all=self.view.full, page_number=str(near)), near == number)
            for near in near
        ]


def make_page(
    asked: Mapping[str, Any],
    project: Project,
    pixel: Pixel | None = None,
    *,
    now: datetime,
    sections: Collection[str] = ALL_SECTIONS,
    is_public: bool = False,
    full_rows: int = 0,
) -> Page:
    """Make the page that a query string asks for; of `sections` alone. `is_public` leaves out what members alone see.

    A list that is asked for whole has `full_rows` on its page, where that is not 0.

    About twenty queries, however many hits or pixels there are; more where filters need single hits.
    """
    local = now.astimezone(project.zone)
    first_day = queries.first_day(project)
    lifetime = queries.lifetime(project, pixel.pk, first_day) if pixel and first_day else []
    if pixel:
        first_day = min((day for day, _platform, _visits in lifetime), default=None)
    asked_view = replace(view(asked, today=local.date(), first_day=first_day), rows=full_rows)
    shown, chips, notices = _filtered(project, pixel, asked_view, sections, is_public)
    tally, earlier, shown, more_notices = _tallies(project, pixel, shown, now)
    if is_public and shown.period.days > MAX_DAYS_OF_MANY_VALUES and Section.PAGES in sections:
        sections = set(sections) - {Section.PAGES}  # strangers can make up pages by the thousand, and have them ranked
        more_notices = [*more_notices, _pages_left_out()]
    quiet = [] if pixel or is_public else quiet_pixels([project], now)
    subject = Subject(
        project=project,
        pixel=pixel,
        now=now,
        lifetime=lifetime,
        published=_published(project, pixel, shown.filters.pixel_id, shown.period)
        if Section.ARTICLES in sections or pixel
        else [],
        quiet=quiet,
        sections=sections,
        are_linked=not is_public,
    )
    full = full_panel(subject, shown, tally) if shown.full and first_day else None
    if full and not full.rows and shown.number > 1:
        shown = replace(shown, number=1)  # there are fewer pages, or nothing that tells how many
        full = full_panel(subject, shown, tally)
    clock_change = shown.period.clock_change(project.zone)
    return Page(
        project=project,
        pixel=pixel,
        view=shown,
        first_day=first_day,
        today=local.date(),
        clock=f"{local:%H:%M}",
        notices=[*asked_view.notices, *notices, *more_notices, *_left_out(shown, full), *filter(None, [clock_change])],
        chips=chips,
        presets=_presets(shown),
        comparisons=_comparisons(shown),
        units=_units(shown),
        shapes=_shapes(shown) if Section.PLATFORMS in sections else [],
        quiet=quiet,
        report=None if full else report(subject, shown, tally, earlier),
        full=full,
        pages=-(-full.values // rows_a_page(shown)) if full else 0,
        is_public=is_public,
    )


def live(project: Project, pixel: Pixel | None, now: datetime) -> Live:
    """Return the visits of the last half an hour. One query."""
    since = now - timedelta(minutes=LIVE_MINUTES)
    moments, is_bounded = queries.recent_visits(project, pixel.pk if pixel else None, since, MAX_LIVE)
    minutes = [0] * LIVE_MINUTES
    for moment in moments:
        minutes[min(int((moment - since).total_seconds() // 60), LIVE_MINUTES - 1)] += 1
    return Live(len(moments), minutes, is_bounded)


def _filtered(
    project: Project, pixel: Pixel | None, asked: View, sections: Collection[str], is_public: bool
) -> tuple[View, list[Chip], list[str]]:
    """Return the view without filters that make no sense here, its chips, and what to say of those left out."""
    filters, notices = asked.filters, []
    article = ""
    if filters.pixel_id is not None:
        found = Pixel.objects.filter(project=project, pk=filters.pixel_id).first()
        if pixel or found is None or Section.ARTICLES not in sections:
            filters = replace(filters, pixel_id=None)
            notices.append(_("There is no such article here: that filter was left out."))
        else:
            article = found.title
    if filters.platform is not None and Section.PLATFORMS not in sections:
        filters = replace(filters, platform=None)
        notices.append(_("This page does not show platforms: that filter was left out."))
    by_dimension = {described.dimension: described for described in PANELS.values()}
    if is_public and filters.need_hits:
        # Reading single hits takes a second: not for whoever has an address.
        filters = replace(filters, values=())
        notices.append(_("A shared page can be filtered by article and platform alone."))
    filters = replace(
        filters, values=tuple(item for item in filters.values if by_dimension[item[0]].section in sections)
    )
    shown = replace(asked, filters=filters)
    chips = []
    for name in filters.parameters():
        if name == "article":
            value = article
        elif name == "platform":
            value = platform_label(str(filters.platform))
        else:
            described = next(described for described in PANELS.values() if described.parameter == name)
            known = dict(filters.values)[described.dimension]
            value = described.label(known) if known else formatting.unknown()
        chips.append(Chip(str(FILTER_NAMES[name]), value, shown.link(name)))
    return shown, chips, notices


def _tallies(
    project: Project, pixel: Pixel | None, shown: View, now: datetime
) -> tuple[Tally, Tally | None, View, list[str]]:
    """Return who answers for the period and for the one before, and the view with the days that can be answered for."""
    filters = shown.filters
    pixel_id = pixel.pk if pixel else filters.pixel_id or WHOLE_PROJECT
    today = now.astimezone(project.zone).date()
    if not filters.need_hits:
        counted = Counted(project, pixel_id, filters.platform, today=today)
        counted.prepare(*filter(None, [shown.period, shown.earlier]))
        return counted, counted if shown.earlier else None, shown, []
    if pixel:
        filters = replace(filters, pixel_id=pixel.pk)
    kept = kept_since(project, now)
    since = max(kept, _countable_since(project, shown.period, today))
    tally = recount(project, pixel_id, filters, shown.period, since=since)
    notices = [_("With this filter, visits are counted anew from single hits.")]
    if tally.period.start > shown.period.start:
        notices = [_cut(project, tally.period, kept)]
        if shown.earlier:
            notices.append(_("For the period before there are not enough single hits kept, so nothing is compared."))
        return tally, None, replace(shown, period=tally.period, asked=shown.period), notices
    if shown.full:
        return tally, None, shown, notices
    earlier = _earlier_recount(project, pixel_id, filters, shown, since)
    if earlier is None and shown.earlier:
        notices.append(_("For the period before there are not enough single hits kept, so nothing is compared."))
    return tally, earlier, shown, notices


def _countable_since(project: Project, period: Period, today: date) -> date:
    """Return the first day of the newest that single hits may be read of: `MAX_READ` visits at most, or one day's."""
    visits: Counter[date] = Counter()
    for row in Counted(project, today=today).platform_days(replace(period, unit=Bucket.DAY)):
        visits[row.date] += row.visits
    read = 0
    for day in sorted(visits, reverse=True):
        read += visits[day]
        if read > MAX_READ:
            return min(day + DAY, period.last_day)
    return EARLIEST


def _earlier_recount(project: Project, pixel_id: int, filters: Filters, shown: View, since: date) -> Recounted | None:
    if shown.earlier is None or shown.earlier.start < since:
        return None
    earlier = recount(project, pixel_id, filters, shown.earlier, since=since)
    return earlier if earlier.period == shown.earlier else None


def _cut(project: Project, period: Period, kept: date) -> str:
    """Say why a filtered page shows fewer days than it was asked for."""
    if not period.days and period.end > kept:
        return _("More single hits pass this filter in a day than a page counts. Add another filter to see them.")
    if period.start <= kept:
        return ngettext(
            "Filtered visits are counted from single hits, which this project keeps for %(days)s day: shown are those "
            "since %(day)s.",
            "Filtered visits are counted from single hits, which this project keeps for %(days)s days: shown are those "
            "since %(day)s.",
            project.retention_days,
        ) % {"days": formatting.exact(project.retention_days), "day": formatting.day(kept, "yMMMd")}
    return _(
        "Filtered visits are counted from the newest single hits: shown are those since %(day)s. Choose a shorter "
        "range to see earlier ones."
    ) % {"day": formatting.day(period.start, "yMMMd")}


def _pages_left_out() -> str:
    return _("A shared page lists pages for ranges of up to %(days)s days.") % {
        "days": formatting.exact(MAX_DAYS_OF_MANY_VALUES)
    }


def _left_out(shown: View, full: Panel | None) -> list[str]:
    """Say that the page has no such list as its address names."""
    return [_("There is no such list here.")] if shown.full and full is None else []


def _published(project: Project, pixel: Pixel | None, pixel_id: int | None, period: Period) -> list[Published]:
    """Return the articles that appeared in the period, newest first. One query, none for a single article."""
    if pixel:
        day = pixel.created_at.astimezone(project.zone).date()
        return [Published(pixel.title, pixel.created_at)] if period.start <= day < period.end else []
    from_midnight, to_midnight = period.moments(project.zone)
    pixels = Pixel.objects.filter(project=project, created_at__gte=from_midnight, created_at__lt=to_midnight)
    if pixel_id is not None:
        pixels = pixels.filter(pk=pixel_id)
    return [Published(*row) for row in pixels.values_list("title", "created_at")[:MAX_MARKS]]


def _presets(shown: View) -> list[Choice]:
    return [
        Choice(
            str(preset.label), shown.link("start", "end", "by", range=preset.name), preset.name == shown.addressed.name
        )
        for preset in PRESETS.values()
    ]


def _comparisons(shown: View) -> list[Choice]:
    names = {
        Comparison.PREVIOUS: _("the period before"),
        Comparison.YEAR: _("a year earlier"),
        Comparison.NONE: _("nothing"),
    }
    return [
        Choice(name, shown.link(compare=comparison.value), comparison is shown.comparison)
        for comparison, name in names.items()
    ]


def _units(shown: View) -> list[Choice]:
    return [
        Choice(str(BUCKET_NAMES[bucket]), shown.link(by=bucket.value), bucket is shown.period.bucket)
        for bucket in shown.period.offered_buckets()
    ]


def _shapes(shown: View) -> list[Choice]:
    return [
        Choice(_("By platform"), shown.link("trend"), not shown.is_line),
        Choice(_("One line"), shown.link(trend="line"), shown.is_line),
    ]
