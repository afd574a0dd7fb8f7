"""The snippets of many articles: one for each in a table, page by page, and all of them as CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from collector.classify.platforms import catalogue
from collector.models import Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS
from collector.snippets import FORMS, Snippet, snippet
from collector.storage.export import table_lines
from dashboard import formatting
from dashboard.snippets.placement_picker import placement_problem
from dashboard.visits import queries
from dashboard.visits.periods import DAY, Period

PAGE_PIXELS = 50
CHUNK_PIXELS = 500
# Last visits are searched in the last 30 days first, then in the year before today, then in all earlier days.
RECENT_DAYS, YEAR_DAYS = 30, 365
MAX_TITLE = 200  # characters, as in the database
CSV_FIELDS = ("title", "placement", "platform", "html", "markdown", "rst", "bbcode", "url", "end_url", "end_html")


@dataclass(frozen=True, slots=True)
class SnippetListing:
    """What the query string asks for: articles with `title` in their titles, for one placement, in one format.

    If `placement` is empty, each article has the snippets of its own placements. If `form` is empty, each snippet has
    the format that its platform accepts. `notices` name what could not be read.
    """

    title: str
    placement: str
    form: str
    notices: list[str]

    def pixels(self, project: Project) -> QuerySet[Pixel]:
        """Return the matching pixels, newest first. Retired ones are left out: there is nothing to paste."""
        pixels = Pixel.objects.live().filter(project=project)
        return pixels.filter(title__icontains=self.title) if self.title else pixels

    def snippet(self, pixel: Pixel, base: str) -> Snippet:
        """Return the one snippet that the table shows of `pixel`."""
        return snippet(pixel.token, self._placements(pixel)[0], base)

    def snippets(self, pixel: Pixel, base: str) -> list[Snippet]:
        """Return all snippets that the CSV has of `pixel`, at least one."""
        return [snippet(pixel.token, placement, base) for placement in self._placements(pixel)]

    def _placements(self, pixel: Pixel) -> list[str]:
        """Return the placements that snippets of `pixel` are for, at least one; an empty one names no platform."""
        return [self.placement] if self.placement else pixel.placements or [""]


@dataclass(frozen=True, slots=True)
class SnippetRow:
    """One article of the table. `state` says when it was last visited; `label` is the name of the format `form`."""

    pixel: Pixel
    platform: str
    form: str
    label: str
    text: str
    state: str
    is_visited: bool

    @property
    def key(self) -> str:
        return str(self.pixel.pk)


def read_listing(query: QueryDict) -> SnippetListing:
    """Read `?q=…&platform=…&form=…`. What can't be read is ignored, with a notice. Never fails."""
    notices: list[str] = []
    placement = query.get("platform", "").strip().lower()
    if placement and placement not in catalogue():
        notices.append(
            placement_problem(placement)
            or _("“%(name)s” is not in our list of platforms. Choose one from the list.") % {"name": placement}
        )
        placement = ""
    form = query.get("form", "").strip()
    if form and form not in FORMS:
        notices.append(_("There is no such format. Each snippet is shown in the format of its platform."))
        form = ""
    title = query.get("q", "").replace("\0", "").strip()[:MAX_TITLE]
    return SnippetListing(title, placement, form, notices)


def snippet_rows(listing: SnippetListing, project: Project, pixels: Sequence[Pixel], base: str) -> list[SnippetRow]:
    """Return a row for each of `pixels`, all of which are in `project`. At most four queries."""
    last_visit_days = last_visits(project, pixels)
    rows = []
    for pixel in pixels:
        pixel_snippet = listing.snippet(pixel, base)
        form = listing.form or pixel_snippet.accepts
        day = last_visit_days.get(pixel.pk)
        rows.append(
            SnippetRow(
                pixel=pixel,
                platform=pixel_snippet.platform,
                form=form,
                label=str(FORMS[form]),
                text=getattr(pixel_snippet, form),
                state=_("Last visit %(day)s") % {"day": formatting.day(day, "j M Y")} if day else _("Never visited"),
                is_visited=day is not None,
            )
        )
    return rows


def last_visits(project: Project, pixels: Sequence[Pixel]) -> dict[int, date]:
    """Return the day of the last visit by pixel id, without pixels that were never visited. At most four queries.

    The query names each day, because a range of days would make the database read the counts of all pixels. To keep
    that list short, recent days are searched first, and earlier ones only for the pixels that are still missing.
    """
    days_by_pixel: dict[int, date] = {}
    first_day = queries.first_day(project)
    if first_day is None or not pixels:
        return days_by_pixel
    end = max(first_day, timezone.localdate(timezone=project.zone)) + DAY
    for start in (end - RECENT_DAYS * DAY, end - YEAR_DAYS * DAY, first_day):
        missing = [pixel.pk for pixel in pixels if pixel.pk not in days_by_pixel]
        if missing and first_day < end:
            days_by_pixel |= _last_visits_in(Period(max(start, first_day), end), project, missing)
        end = start
    return days_by_pixel


def _last_visits_in(period: Period, project: Project, pixel_ids: Sequence[int]) -> dict[int, date]:
    counts = queries.counts_of(project, [ALL_PLATFORMS], period.dates())
    visits = counts.filter(dimension=Dimension.PIXEL, platform="", value__in=[str(pixel_id) for pixel_id in pixel_ids])
    last_days = visits.order_by().values("value").annotate(last=Max("date")).values_list("value", "last")
    return {int(pixel_id): day for pixel_id, day in last_days}


def listing_csv(listing: SnippetListing, project: Project, base: str) -> Iterator[str]:
    """Yield a CSV of all snippets of the matching pixels, newest first, line by line. One query for each chunk."""
    return table_lines(CSV_FIELDS, _csv_rows(listing, project, base))


def _csv_rows(listing: SnippetListing, project: Project, base: str) -> Iterator[list[str]]:
    """Yield the cells of `CSV_FIELDS` for each snippet."""
    pixels = listing.pixels(project).order_by("-pk")
    last_pk: int | None = None
    while True:
        chunk = list((pixels if last_pk is None else pixels.filter(pk__lt=last_pk))[:CHUNK_PIXELS])
        if not chunk:
            return
        last_pk = chunk[-1].pk
        for pixel in chunk:
            for pixel_snippet in listing.snippets(pixel, base):
                yield _cells(pixel, pixel_snippet)


def _cells(pixel: Pixel, snippet: Snippet) -> list[str]:
    return [
        pixel.title,
        snippet.placement,
        snippet.platform,
        snippet.html,
        snippet.markdown,
        snippet.rst,
        snippet.bbcode,
        snippet.url,
        snippet.end_url if snippet.end else "",
        snippet.end_html,
    ]
