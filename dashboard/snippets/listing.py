"""The snippets of many articles at once: a table of a page of them, and all of them as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
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
from collector.storage.export import spreadsheet_cell
from dashboard import formatting
from dashboard.snippets.placement_picker import why_no_place
from dashboard.visits import queries
from dashboard.visits.periods import DAY, Period

PAGE_PIXELS = 50
CHUNK_PIXELS = 500
NEWEST_DAYS, NEWER_DAYS = 30, 365  # in which last visits are looked for before all days are
MAX_WORDS = 200  # characters of a title, as long as titles are
CSV_FIELDS = ("title", "placement", "platform", "html", "markdown", "rst", "bbcode", "url", "end_url", "end_html")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the address asks for: articles by words of their title, one place for all or the first of each, and a form.

    `place` and `form` are empty where each article's own place, and what the place takes, decide.
    """

    words: str
    place: str
    form: str
    notices: list[str]

    def pixels(self, project: Project) -> QuerySet[Pixel]:
        """Return the pixels that are asked for, newest first; retired ones have nothing to paste."""
        pixels = Pixel.objects.live().filter(project=project)
        return pixels.filter(title__icontains=self.words) if self.words else pixels

    def snippet(self, pixel: Pixel, base: str) -> Snippet:
        return snippet(pixel.token, self.place or next(iter(pixel.placements), ""), base)

    def snippets(self, pixel: Pixel, base: str) -> list[Snippet]:
        places = [self.place] if self.place else pixel.placements or [""]
        return [snippet(pixel.token, place, base) for place in places]


@dataclass(frozen=True, slots=True)
class Row:
    """One article with what to paste. `state` says when it was visited last, `label` names the form of `text`."""

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


def listing(query: QueryDict) -> Listing:
    """Read `?q=…&place=…&form=…`. What can't be read is left out, with a notice. Never fails."""
    notices: list[str] = []
    place = query.get("place", "").strip().lower()
    if place and place not in catalogue():
        notices.append(why_no_place(place) or _("No platform of ours is called “%(name)s”.") % {"name": place})
        place = ""
    form = query.get("form", "").strip()
    if form and form not in FORMS:
        notices.append(_("There is no such form of a snippet; what each place takes is shown instead."))
        form = ""
    words = query.get("q", "").replace("\0", "").strip()[:MAX_WORDS]
    return Listing(words, place, form, notices)


def rows(asked: Listing, project: Project, pixels: Sequence[Pixel], base: str) -> list[Row]:
    """Return a row for each of `pixels`, which are of `project`. Two queries."""
    last = last_visits(project, pixels)
    made = []
    for pixel in pixels:
        one = asked.snippet(pixel, base)
        form = asked.form or one.accepts
        day = last.get(pixel.pk)
        state = _("Last visit %(day)s") % {"day": formatting.day(day, "j M Y")} if day else _("Never visited")
        made.append(Row(pixel, one.platform, form, str(FORMS[form]), getattr(one, form), state, day is not None))
    return made


def last_visits(project: Project, pixels: Sequence[Pixel]) -> dict[int, date]:
    """Return the day of each pixel's last visit, of those that were ever visited. Four queries at most.

    Each pixel is looked up on each day, for a range of days would read the counts of all pixels: so on the newest days
    first, and on earlier ones those pixels alone that were not found.
    """
    first = queries.first_day(project)
    found: dict[int, date] = {}
    if first is None or not pixels:
        return found
    end = max(first, timezone.localdate(timezone=project.zone)) + DAY
    for start in (end - NEWEST_DAYS * DAY, end - NEWER_DAYS * DAY, first):
        left = [pixel.pk for pixel in pixels if pixel.pk not in found]
        if left and first < end:
            found |= _last_visits(project, left, Period(max(start, first), end))
        end = start
    return found


def _last_visits(project: Project, pixels: Sequence[int], period: Period) -> dict[int, date]:
    counts = queries.counts_of(project, [ALL_PLATFORMS], period.dates())
    visits = counts.filter(dimension=Dimension.PIXEL, platform="", value__in=list(map(str, pixels)))
    latest = visits.order_by().values("value").annotate(last=Max("date"))
    return {int(value): day for value, day in latest.values_list("value", "last")}


def csv_chunks(asked: Listing, project: Project, base: str) -> Iterator[str]:
    """Yield a CSV of the snippets of all pixels that are asked for, newest first, a query for each chunk of it."""
    yield _written([CSV_FIELDS])
    pixels = asked.pixels(project).order_by("-pk")
    last_pk: int | None = None
    while True:
        chunk = list((pixels if last_pk is None else pixels.filter(pk__lt=last_pk))[:CHUNK_PIXELS])
        if not chunk:
            return
        last_pk = chunk[-1].pk
        yield _written(_cells(pixel, one) for pixel in chunk for one in asked.snippets(pixel, base))


def _cells(pixel: Pixel, one: Snippet) -> list[str]:
    end_url = one.end_url if one.end else ""
    row = [pixel.title, one.placement, one.platform, one.html, one.markdown, one.rst, one.bbcode, one.url, end_url]
    return [spreadsheet_cell(cell) for cell in (*row, one.end_html)]


def _written(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(lines)  # lines end as RFC 4180 has it; then a lone CR in a title is quoted too
    return out.getvalue()
