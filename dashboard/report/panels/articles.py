"""The articles of a project, ranked by their visits, each with its days, its platforms and how far it is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from collector.classify.platforms import platform_colour
from collector.models import Pixel, Project, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import Band, Panel, Row, make_row, plain_reading, platform_label, reading_text
from dashboard.report.quiet import Quiet
from dashboard.report.sparkline import SPARK_HEIGHT, SPARK_WIDTH, spark_line
from dashboard.visits.results import PixelTotal, read_through
from dashboard.visits.source import VisitSource

SPLIT_BANDS = 5


def articles_panel(
    project: Project,
    tally: VisitSource,
    view: PageState,
    totals: Mapping[int, PixelTotal],
    visits: int,
    *,
    quiet: Mapping[int, Quiet],
    limit: int,
    offset: int = 0,
    are_linked: bool = True,
    are_split: bool = True,
    looked_at: int = 0,
) -> Panel:
    """Rank the articles, then those without visits, newest first. Five queries at most.

    `totals` has the visits by pixel; `are_linked` is for who may open their pages, `are_split` for who sees platforms.
    `looked_at` is how many articles `totals` knows of, where that is not all: of the others nothing is said.
    """
    visited = sorted((pk for pk in totals if totals[pk].visits), key=lambda pk: (-totals[pk].visits, pk))
    listed = _all(project, view)
    if looked_at:
        listed = listed.filter(pk__in=visited)
    pixels = _ranked(listed, visited, limit, offset)
    shown = [pixel.pk for pixel in pixels]
    days = tally.pixel_days(shown) if are_split else {}
    platforms = tally.pixel_platforms(shown) if are_split else {}
    most = max((total.visits for total in totals.values()), default=0)
    page_link = view.link("article") if are_linked else None
    make = _Rows(project, view.period.dates(), view.links("article"), page_link, visits, most)
    rows = [
        make.row(pixel, totals.get(pixel.pk, PixelTotal()), days.get(pixel.pk, Counter()),
                 platforms.get(pixel.pk, Counter()), quiet.get(pixel.pk))
        for pixel in pixels
    ]  # fmt: skip
    values = listed.count()
    caption = _("What they read")
    if looked_at:
        caption = _("Among the %(number)s that are read most on all platforms") % {
            "number": formatting.exact(looked_at)
        }
    return Panel(
        "articles",
        Section.ARTICLES.value,
        _("Articles"),
        caption,
        _("Article"),
        rows,
        values,
        full_url=view.link(all="articles") if values > len(rows) else "",
        headings=[_("Read-through")],
        has_sparks=are_split,
    )


def _ranked(listed: QuerySet[Pixel], visited: Sequence[int], limit: int, offset: int) -> Sequence[Pixel]:
    """Return the pixels on a page of the list: the `visited` ones in their order, then others. Two queries."""
    found = listed.in_bulk(visited[offset : offset + limit])
    shown = [found[pk] for pk in visited[offset : offset + limit] if pk in found]
    if len(shown) < limit:
        others = listed.exclude(pk__in=visited).order_by(F("retired_at").asc(nulls_first=True), "-created_at", "-pk")
        start = max(0, offset - len(visited))
        shown += others[start : start + limit - len(shown)]
    return shown


def _all(project: Project, view: PageState) -> QuerySet[Pixel]:
    pixels = Pixel.objects.filter(project=project)
    return pixels if view.filters.pixel_id is None else pixels.filter(pk=view.filters.pixel_id)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes rows of what they share: the days of their lines, links, all visits and those of the longest bar."""

    project: Project
    days: Sequence[date]
    filter_link: str
    page_link: str | None
    visits: int
    most: int

    def row(
        self, pixel: Pixel, total: PixelTotal, days: Mapping[date, int], platforms: Counter[str], quiet: Quiet | None
    ) -> Row:
        hint = _("Retired: it no longer counts.") if pixel.retired_at else ""
        reading = read_through([total])
        return make_row(
            str(pixel.pk),
            pixel.title,
            total.visits,
            total.visitors,
            total=self.visits,
            most=self.most,
            filter_url=f"{self.filter_link}{pixel.pk}",
            url=self._url(pixel),
            detail=quiet.label if quiet else _("retired") if pixel.retired_at else "",
            hint=quiet.advice if quiet else hint,
            cells=[reading_text(reading)],
            plain=[plain_reading(reading)],
            spark=spark_line([days.get(day, 0) for day in self.days], SPARK_WIDTH, SPARK_HEIGHT),
            split=_split(platforms),
        )

    def _url(self, pixel: Pixel) -> str:
        if self.page_link is None:
            return ""
        return f"{reverse('pixel', args=[self.project.slug, pixel.pk])}{self.page_link}"


def _split(platforms: Counter[str]) -> list[Band]:
    """Return the platforms of an article as bands of one bar, the biggest first."""
    total = platforms.total()
    bands, start = [], 0.0
    for slug, visits in platforms.most_common(SPLIT_BANDS):
        width = 100 * visits / total
        label = f"{platform_label(slug)} {formatting.percent(visits / total)}"
        bands.append(Band(label, platform_colour(slug), f"{start:.1f}%", f"{width:.1f}%"))
        start += width
    return bands
