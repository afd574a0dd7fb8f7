"""The articles of a project, ranked by their visits, each with its days, its platforms and how it is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from collector.models import Pixel, Section
from collector.models.conditions import IsOneOf
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import Panel, PanelRow, make_row
from dashboard.report.panels.platforms import platform_bands
from dashboard.report.panels.reading_time import median_number, median_text
from dashboard.report.quiet import QuietPixel
from dashboard.report.read_through import read_through_number, read_through_text
from dashboard.report.sparkline import SPARK_HEIGHT, SPARK_WIDTH, SparkLine, spark_line_of_days
from dashboard.report.subject import Subject
from dashboard.visits.readings import Reading
from dashboard.visits.results import PixelTotal, read_through
from dashboard.visits.source import VisitSource


@dataclass(frozen=True, slots=True)
class ArticleTotals:
    """The visits by pixel, and `all_visits` of the view.

    `candidates` is how many of the most visited articles the source considered, 0 for all of them. If it is not 0, the
    list has only articles with visits: we know nothing about the others.
    """

    by_pixel: Mapping[int, PixelTotal]
    all_visits: int
    candidates: int = 0

    def ranked(self) -> list[int]:
        """Return the ids of the visited pixels, most visited first."""
        visited = (pk for pk, total in self.by_pixel.items() if total.visits)
        return sorted(visited, key=lambda pk: (-self.by_pixel[pk].visits, pk))

    @property
    def most_visits(self) -> int:
        return max((total.visits for total in self.by_pixel.values()), default=0)


def articles_panel(
    subject: Subject,
    state: PageState,
    source: VisitSource,
    totals: ArticleTotals,
    *,
    limit: int,
    offset: int = 0,
    has_sparklines: bool = True,
) -> Panel:
    """Rank the articles by visits, then those without visits, newest first. Six queries at most.

    `has_sparklines` adds each article's days and platforms, which cost by article.
    """
    ranked = totals.ranked()
    listed = _listed(subject, state, ranked if totals.candidates else None)
    pixels = _pixels_in_order(listed, ranked, limit, offset)
    rows = _rows(subject, state, source, totals, pixels, has_sparklines=has_sparklines)
    total_rows = listed.count()
    return Panel(
        "articles",
        Section.ARTICLES.value,
        _("Articles"),
        _caption(totals),
        _("Article"),
        rows,
        total_rows,
        full_url=state.link(all="articles") if total_rows > len(rows) else "",
        headings=[_("Read-through"), *([_("Reading time")] if has_sparklines else [])],
        has_sparklines=has_sparklines,
    )


def _rows(
    subject: Subject,
    state: PageState,
    source: VisitSource,
    totals: ArticleTotals,
    pixels: Sequence[Pixel],
    *,
    has_sparklines: bool,
) -> list[PanelRow]:
    pixel_ids = [pixel.pk for pixel in pixels]
    days = source.pixel_days(pixel_ids) if has_sparklines else {}
    platforms = source.pixel_platforms(pixel_ids) if has_sparklines else {}
    readings = source.pixel_readings(pixel_ids) if has_sparklines else None
    maker = _RowMaker(
        dates=state.period.dates(),
        filter_link=state.links("article"),
        article_query=state.link("article") if subject.are_linked else None,
        subject=subject,
        all_visits=totals.all_visits,
        most_visits=totals.most_visits,
        quiet={quiet.pixel.pk: quiet for quiet in subject.quiet},
    )
    rows = []
    for pixel in pixels:
        total = totals.by_pixel.get(pixel.pk, PixelTotal())
        reading = None if readings is None else readings.get(pixel.pk, Reading())
        rows.append(maker.row(pixel, total, days.get(pixel.pk, {}), platforms.get(pixel.pk, Counter()), reading))
    return rows


def _caption(totals: ArticleTotals) -> str:
    if not totals.candidates:
        return _("What people read")
    return _("Among the %(number)s most visited articles on all platforms") % {
        "number": formatting.exact(totals.candidates)
    }


def _listed(subject: Subject, state: PageState, only: Sequence[int] | None) -> QuerySet[Pixel]:
    """Return the pixels that the list has, in no order; of these ids `only`, where they are given.

    Declared programs have a list of their own.
    """
    pixels = Pixel.objects.filter(project=subject.project, declaration=None)
    if state.filters.pixel_id is not None:
        pixels = pixels.filter(pk=state.filters.pixel_id)
    return pixels if only is None else pixels.filter(IsOneOf("pk", only))


def _pixels_in_order(listed: QuerySet[Pixel], ranked: Sequence[int], limit: int, offset: int) -> Sequence[Pixel]:
    """Return the pixels of one part of the list: the `ranked` ones in their order, then others. Two queries."""
    ids_of_page = ranked[offset : offset + limit]
    by_id = {pixel.pk: pixel for pixel in listed.filter(IsOneOf("pk", ids_of_page))} if ids_of_page else {}
    pixels = [by_id[pk] for pk in ids_of_page if pk in by_id]
    if len(pixels) < limit:
        others = listed.exclude(IsOneOf("pk", ranked)).order_by(
            F("retired_at").asc(nulls_first=True), "-created_at", "-pk"
        )
        start = max(0, offset - len(ranked))
        pixels += others[start : start + limit - len(pixels)]
    return pixels


@dataclass(frozen=True, slots=True)
class _RowMaker:
    """Makes the rows of articles, from what all of them share.

    `article_query` is the query string of links to articles, None for no links.
    """

    dates: Sequence[date]
    filter_link: str
    article_query: str | None
    subject: Subject
    all_visits: int
    most_visits: int
    quiet: Mapping[int, QuietPixel]

    def row(
        self,
        pixel: Pixel,
        total: PixelTotal,
        visits_by_day: Mapping[date, int],
        platforms: Counter[str],
        reading: Reading | None,
    ) -> PanelRow:
        detail, hint = self._state(pixel)
        share = read_through([total])
        return make_row(
            str(pixel.pk),
            pixel.title,
            total.visits,
            total.visitors,
            all_visits=self.all_visits,
            most_visits=self.most_visits,
            filter_url=f"{self.filter_link}{pixel.pk}",
            url=self._url(pixel),
            detail=detail,
            hint=hint,
            cells=[read_through_text(share), *([median_text(reading)] if reading else [])],
            plain_cells=[read_through_number(share), *([median_number(reading)] if reading else [])],
            sparkline=self._sparkline(pixel, visits_by_day),
            bands=platform_bands(platforms, self.subject.sites),
        )

    def _sparkline(self, pixel: Pixel, visits_by_day: Mapping[date, int]) -> SparkLine:
        """Draw the visits of each day. The line begins when there was an article, and a visit of the project."""
        created_on = pixel.created_at.astimezone(self.subject.project.zone).date()
        since = min([max(created_on, self.subject.first_day or created_on), *visits_by_day])
        days = [visits_by_day.get(day, 0) if day >= since else None for day in self.dates]
        is_open = self.dates[-1:] == [self.subject.today]
        return spark_line_of_days(days, SPARK_WIDTH, SPARK_HEIGHT, is_open=is_open)

    def _state(self, pixel: Pixel) -> tuple[str, str]:
        """Say in short and at length that a pixel is quiet or retired; nothing of any other."""
        if quiet := self.quiet.get(pixel.pk):
            return quiet.label, quiet.advice
        if pixel.retired_at:
            return _("retired"), _("Retired: it no longer counts.")
        return "", ""

    def _url(self, pixel: Pixel) -> str:
        if self.article_query is None:
            return ""
        return f"{reverse('pixel', args=[self.subject.project.slug, pixel.pk])}{self.article_query}"
