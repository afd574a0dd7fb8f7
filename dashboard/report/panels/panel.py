"""Ranked lists: platforms, articles, placements, and one for each dimension that `PANELS` describes."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from collector.classify.platforms import DIRECT, OTHER, lazy_platforms, platform_colour, platform_name
from collector.models import Dimension, Evidence, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.visits.filters import UNKNOWN
from dashboard.visits.results import START, PixelTotal, PlatformDay, ReadThrough, ValueCount, visible_visitors

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PANEL_ROWS = 10
FULL_ROWS = 100  # on one page of a list that is shown whole


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel. `visitors` is None where visits came without any that we could see.

    `value` is what the counts call it, `filter_url` shows the page for it alone. `detail` is set small beside the
    label, `hint` is shown when one points at it; `cells` stand in the panel's further columns, `plain` is what they
    say as spreadsheets read it.
    """

    value: str
    label: str
    visits: int
    visitors: int | None
    share: float
    bar: str
    colour: str = ""
    filter_url: str = ""
    url: str = ""
    detail: str = ""
    hint: str = ""
    known: bool = True
    cells: Sequence[str] = ()
    plain: Sequence[object] = ()
    spark: str = ""
    split: Sequence["Band"] = ()

    @property
    def numbers(self) -> Sequence[int | None]:
        """Return its numbers as they stand in the table."""
        return self.visits, self.visitors


@dataclass(frozen=True, slots=True)
class Band:
    """One platform's part of a row's visits; `start` and `width` in hundredths."""

    label: str
    colour: str
    start: str
    width: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A ranked list. `values` counts all rows there are, of which `rows` are some; `full_url` shows them all."""

    key: str
    section: str
    title: str
    caption: str
    heading: str
    rows: Sequence[Row]
    values: int
    full_url: str = ""
    headings: Sequence[str] = ()
    has_map: bool = False
    mapped: Sequence[tuple[str, int]] = ()
    has_sparks: bool = False

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its head and its rows as a spreadsheet takes them: plain numbers, empty where nothing is known."""
        head = [self.heading, _("Visits"), _("Visitors"), pgettext("of all visits", "Share"), *self.headings]
        rows: list[list[object]] = [
            [row.label, row.visits, row.visitors, round(row.share, 4), *row.plain] for row in self.rows
        ]
        return head, rows

    @property
    def painted(self) -> dict[str, Any]:
        """Return what a map needs to paint it."""
        total = sum(visits for _code, visits in self.mapped)
        countries = [
            {
                "code": code,
                "label": formatting.country(code),
                "visits": formatting.exact(visits),
                "share": visits / total,
            }
            for code, visits in self.mapped
        ]
        return {"countries": countries}


@dataclass(frozen=True, slots=True)
class Group:
    """Panels that are siblings: tabs of one place where scripts run, one after another where they don't."""

    key: str
    panels: Sequence[Panel]

    @property
    def label(self) -> str:
        """Name the tabs to who can't see them."""
        return formatting.listed([panel.title for panel in self.panels])


@dataclass(frozen=True, slots=True)
class Described:
    """How one dimension is shown as a panel; where it is `optional`, only when there is something to show."""

    dimension: Dimension
    key: str
    parameter: str
    section: Section
    title: "_StrPromise"
    caption: "_StrPromise"
    heading: "_StrPromise"
    label: Callable[[str], str] = formatting.verbatim
    optional: bool = False


PANELS = {
    panel.key: panel
    for panel in (
        Described(
            Dimension.COUNTRY,
            "countries",
            "country",
            Section.COUNTRIES,
            gettext_lazy("Countries"),
            gettext_lazy("Where they read"),
            gettext_lazy("Country"),
            formatting.country,
        ),
        Described(
            Dimension.LANGUAGE,
            "languages",
            "language",
            Section.COUNTRIES,
            gettext_lazy("Languages"),
            gettext_lazy("The language their browser asks for"),
            gettext_lazy("Language"),
            formatting.language,
        ),
        Described(
            Dimension.DEVICE,
            "devices",
            "device",
            Section.DEVICES,
            gettext_lazy("Devices"),
            gettext_lazy("What they read on"),
            gettext_lazy("Device"),
            formatting.device,
        ),
        Described(
            Dimension.BROWSER,
            "browsers",
            "browser",
            Section.DEVICES,
            gettext_lazy("Browsers"),
            gettext_lazy("What they read with"),
            gettext_lazy("Browser"),
        ),
        Described(
            Dimension.OS,
            "systems",
            "os",
            Section.DEVICES,
            gettext_lazy("Systems"),
            gettext_lazy("What their device runs"),
            gettext_lazy("System"),
        ),
        Described(
            Dimension.PAGE,
            "pages",
            "page",
            Section.PAGES,
            gettext_lazy("Pages"),
            gettext_lazy("Where the pixel was seen"),
            gettext_lazy("Page"),
        ),
        Described(
            Dimension.ELSEWHERE,
            "elsewhere",
            "elsewhere",
            Section.PAGES,
            gettext_lazy("Seen elsewhere"),
            gettext_lazy("Pages that are not where it was pasted: who has copied the article"),
            gettext_lazy("Host"),
            optional=True,
        ),
    )
}
GROUPS = (
    ("countries", ("countries", "languages")),
    ("devices", ("devices", "browsers", "systems")),
    ("pages", ("pages", "elsewhere")),
)

TOLD_BY = {
    Evidence.PLACEMENT: gettext_lazy("its link"),
    Evidence.PROXY: gettext_lazy("its proxy"),
    Evidence.PAGE: gettext_lazy("the page"),
}


def platform_label(slug: str) -> str:
    """Return the name of a platform; of those that are none, our word for them."""
    if slug == DIRECT:
        return _("(direct)")
    return formatting.verbatim(platform_name(slug))


def _platform_hint(slug: str) -> str:
    if slug == DIRECT:
        return _("Nothing told us the platform: no placement in the address, no page named by the browser.")
    if slug == OTHER:
        return _("Placements that the pixel does not declare, or more hosts than we keep apart.")
    return ""


def make_row(value: str, label: str, visits: int, visitors: int, *, total: int, most: int, **more: Any) -> Row:
    """Make a row; `total` are the visits that its share is of, `most` those of the longest bar."""
    return Row(
        value=value,
        label=label,
        visits=visits,
        visitors=visible_visitors(visits, visitors),
        share=visits / total if total else 0,
        bar=f"{visits / most:.1%}" if most else "0%",
        **more,
    )


def dimension_panel(
    described: Described, counts: Sequence[ValueCount], total: int, view: PageState, *, are_linked: bool = True,
    mapped: Sequence[ValueCount] = (), most: int = 0,
) -> Panel:  # fmt: skip
    """Rank the values of one dimension. Unknown comes last and has no bar: it is no answer to the panel's question.

    Its rows filter the page, which takes single hits; `are_linked` is for who may have them read. `mapped` are all
    countries for the map, `most` the visits of the longest bar where that is not among the rows.
    """
    most = most or max((count.visits for count in counts if count.value), default=0)
    unknown, hint = formatting.unknown(), _("An image proxy keeps this from us, or the wish of the reader.")
    link = view.links(described.parameter)
    rows = [
        make_row(
            count.value,
            described.label(count.value) if count.value else unknown,
            count.visits,
            count.visitors,
            total=total,
            most=most if count.value else 0,
            hint="" if count.value else hint,
            known=bool(count.value),
            filter_url=f"{link}{quote_plus(count.value or UNKNOWN)}" if are_linked else "",
        )
        for count in sorted(counts, key=lambda count: not count.value)
    ]
    values = counts[0].values if counts else 0
    return Panel(
        described.key,
        described.section.value,
        str(described.title),
        str(described.caption),
        str(described.heading),
        rows,
        values,
        full_url=view.link(all=described.key) if values > len(rows) else "",
        has_map=bool(mapped),
        mapped=[(count.value, count.visits) for count in mapped if count.value],
    )


def platforms_panel(
    totals: Sequence[PlatformDay],
    total: int,
    view: PageState,
    *,
    evidence: Mapping[str, Collection[str]],
    limit: int = PANEL_ROWS,
    offset: int = 0,
) -> Panel:
    """Rank the platforms. `evidence` has labels of what told each of them, where that is to be said."""
    visits: Counter[str] = Counter()
    visitors: Counter[str] = Counter()
    for day in totals:
        visits[day.platform] += day.visits
        visitors[day.platform] += day.visitors
    ranked = sorted(visits, key=lambda slug: (-visits[slug], slug))
    most = max(visits.values(), default=0)
    rows = [
        make_row(
            slug,
            platform_label(slug),
            visits[slug],
            visitors[slug],
            total=total,
            most=most,
            colour=platform_colour(slug),
            detail=told_by(evidence.get(slug, ())),
            hint=_platform_hint(slug),
            filter_url=view.link(platform=slug),
        )
        for slug in ranked[offset : offset + limit]
    ]
    return Panel(
        "platforms",
        Section.PLATFORMS.value,
        _("Platforms"),
        _("Where it was published"),
        _("Platform"),
        rows,
        len(ranked),
        full_url=view.link(all="platforms") if len(ranked) > len(rows) else "",
    )


def told_by(evidence: Collection[str]) -> str:
    """Write what told a platform, strongest first: `by its link and the page`. Nothing where nothing did."""
    told = [str(words) for kind, words in TOLD_BY.items() if kind.label in evidence]
    return _("by %(evidence)s") % {"evidence": formatting.listed(told)} if told else ""


def placements_panel(
    totals: Sequence[PlatformDay],
    values: Sequence[tuple[str, int, str, int]],
    lifetime: Sequence[tuple[date, str, int]],
    total: int,
    view: PageState,
) -> Panel:
    """Set one article's platforms side by side: visits, read-through, best hour, and its first and last visit ever."""
    visits: Counter[str] = Counter()
    visitors: Counter[str] = Counter()
    for day in totals:
        visits[day.platform] += day.visits
        visitors[day.platform] += day.visitors
    hours: dict[str, Counter[str]] = {}
    positions: dict[str, PixelTotal] = {}
    for platform, dimension, value, hits in values:
        if dimension == Dimension.HOUR:
            hours.setdefault(platform, Counter())[value] += hits
        else:
            of_platform = positions.setdefault(platform, PixelTotal())
            of_platform.add(Dimension.STARTED if value == START else Dimension.FINISHED, hits, 0)
    days: dict[str, list[date]] = {}
    for at, platform, _hits in lifetime:
        days.setdefault(platform, []).append(at)
    most = max(visits.values(), default=0)
    rows = [
        make_row(
            slug,
            platform_label(slug),
            visits[slug],
            visitors[slug],
            total=total,
            most=most,
            colour=platform_colour(slug),
            hint=_platform_hint(slug),
            filter_url=view.link(platform=slug),
            cells=[
                reading_text(_reading(slug, positions.get(slug, PixelTotal()))),
                best_hour(hours.get(slug, Counter())),
                formatting.day(min(days[slug]), "yMMMd") if slug in days else formatting.UNSEEN,
                formatting.day(max(days[slug]), "yMMMd") if slug in days else formatting.UNSEEN,
            ],
            plain=[
                plain_reading(_reading(slug, positions.get(slug, PixelTotal()))),
                plain_hour(hours.get(slug, Counter())),
                f"{min(days[slug])}" if slug in days else None,
                f"{max(days[slug])}" if slug in days else None,
            ],
        )
        for slug in sorted(visits, key=lambda slug: (-visits[slug], slug))
    ]
    return Panel(
        "placements",
        Section.PLATFORMS.value,
        _("Side by side"),
        _("The same article, platform by platform"),
        _("Platform"),
        rows,
        len(rows),
        headings=[_("Read-through"), _("Best hour"), _("First visit"), _("Last visit")],
    )


def _reading(platform: str, total: PixelTotal) -> ReadThrough:
    """Return the read-through of one platform; of nothing where all its images are lazy, and it can't be told."""
    return ReadThrough(0, 0) if platform in lazy_platforms() else ReadThrough(total.started, total.finished)


def reading_text(reading: ReadThrough) -> str:
    """Write a read-through rate with its base, such as `45% of 1,234`."""
    if reading.share is None:
        return formatting.UNSEEN
    return _("%(share)s of %(visits)s") % {
        "share": formatting.percent(min(reading.share, 1)),
        "visits": formatting.exact(reading.started),
    }


def plain_reading(reading: ReadThrough) -> float | None:
    """Return a read-through rate as spreadsheets read it."""
    return None if reading.share is None else round(min(reading.share, 1), 4)


def best_hour(hours: Mapping[str, int]) -> str:
    """Write the hour of the day with most visits, such as `09:00-10:00` with a dash."""
    best = _best_hour(hours)
    return to_the_next(best) if best else formatting.UNSEEN


def plain_hour(hours: Mapping[str, int]) -> str | None:
    """Return the hour of the day with most visits as spreadsheets read it, such as `09:00`."""
    best = _best_hour(hours)
    return f"{best}:00" if best else None


def _best_hour(hours: Mapping[str, int]) -> str:
    """Return the hour of the day with most visits, the first of equals; nothing where there were none."""
    return max(sorted(hours), key=lambda hour: hours[hour]) if any(hours.values()) else ""


def to_the_next(hour: str) -> str:
    """Write an hour as a clock shows its begin and end."""
    return f"{formatting.hour(hour)}{formatting.DASH}{formatting.hour(f'{(int(hour) + 1) % 24:02}')}"


def of_values(shown: int, values: int) -> str:
    """Say how many of how many rows are shown."""
    return ngettext("The first %(shown)s of %(values)s.", "The first %(shown)s of %(values)s.", values) % {
        "shown": formatting.exact(shown),
        "values": formatting.exact(values),
    }
