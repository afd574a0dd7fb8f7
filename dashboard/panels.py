"""Ranked lists: platforms, articles, and one for each dimension that `PANELS` describes."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from collector.models import Dimension, Evidence, Project
from collector.platforms import DIRECT, OTHER, platform_colour, platform_name
from dashboard import labels
from dashboard.periods import Period
from dashboard.queries import PixelCount, PlatformDay, ValueCount

PANEL_ROWS = 10
ALL_ARTICLES = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel. `visitors` is None where visits came without any that we could see.

    `detail` is set small beside the label, `hint` is shown when one points at it.
    """

    label: str
    visits: int
    visitors: int | None
    share: float
    bar: str
    colour: str = ""
    url: str = ""
    detail: str = ""
    hint: str = ""
    known: bool = True

    @property
    def numbers(self) -> Sequence[int | None]:
        """Return its numbers as they stand in the table."""
        return self.visits, self.visitors


@dataclass(frozen=True, slots=True)
class Panel:
    """A ranked list. `values` counts all rows there are, of which `rows` are the first."""

    key: str
    title: str
    caption: str
    heading: str
    rows: Sequence[Row]
    values: int
    all_url: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """How one dimension is shown as a panel; where it is `optional`, only when there is something to show."""

    dimension: Dimension
    key: str
    title: str
    caption: str
    heading: str
    label: Callable[[str], str] = labels.verbatim
    optional: bool = False


PANELS = (
    Described(Dimension.DEVICE, "devices", "Devices", "What they read on", "Device", labels.capital),
    Described(Dimension.COUNTRY, "countries", "Countries", "Where they read", "Country", labels.country),
    Described(Dimension.PAGE, "pages", "Pages", "Where the pixel was seen", "Page"),
    Described(Dimension.BROWSER, "browsers", "Browsers", "What they read with", "Browser"),
    Described(Dimension.OS, "systems", "Systems", "What their device runs", "System"),
    Described(
        Dimension.ELSEWHERE,
        "elsewhere",
        "Seen elsewhere",
        "Pages that are not where it was pasted: who has copied the article",
        "Host",
        optional=True,
    ),
)


UNKNOWN_HINT = "An image proxy keeps this from us, or the wish of the reader."
PLATFORM_HINTS = {
    DIRECT: "Nothing told us the platform: no placement in the address, no page named by the browser.",
    OTHER: "Placements that the pixel does not declare, or more hosts than we keep apart.",
}
TOLD_BY = {Evidence.PLACEMENT: "its link", Evidence.PROXY: "its proxy", Evidence.PAGE: "the page"}


def _row(label: str, visits: int, visitors: int, *, total: int, most: int, **more: Any) -> Row:
    return Row(
        label=label,
        visits=visits,
        visitors=labels.seen(visits, visitors),
        share=visits / total if total else 0,
        bar=f"{visits / most:.1%}" if most else "0%",
        **more,
    )


def dimension_panel(described: Described, counts: Sequence[ValueCount], total: int) -> Panel:
    """Rank the values of one dimension. Unknown comes last and has no bar: it is no answer to the panel's question."""
    most = max((count.visits for count in counts if count.value), default=0)
    rows = [
        _row(
            described.label(count.value) if count.value else labels.UNKNOWN,
            count.visits,
            count.visitors,
            total=total,
            most=most if count.value else 0,
            hint="" if count.value else UNKNOWN_HINT,
            known=bool(count.value),
        )
        for count in sorted(counts[:PANEL_ROWS], key=lambda count: not count.value)
    ]
    values = counts[0].values if counts else 0
    return Panel(described.key, described.title, described.caption, described.heading, rows, values)


def platforms_panel(
    totals: Sequence[PlatformDay], total: int, evidence: Mapping[str, Collection[str]] | None = None
) -> Panel:
    """Rank the platforms. `evidence` has labels of what told each of them, where that is to be said."""
    evidence = evidence or {}
    visits: Counter[str] = Counter()
    visitors: Counter[str] = Counter()
    for day in totals:
        visits[day.platform] += day.visits
        visitors[day.platform] += day.visitors
    ranked = sorted(visits, key=lambda slug: (-visits[slug], slug))
    most = max(visits.values(), default=0)
    rows = [
        _row(
            platform_name(slug),
            visits[slug],
            visitors[slug],
            total=total,
            most=most,
            colour=platform_colour(slug),
            detail=told_by(evidence.get(slug, ())),
            hint=PLATFORM_HINTS.get(slug, ""),
        )
        for slug in ranked[:PANEL_ROWS]
    ]
    return Panel("platforms", "Platforms", "Where it was published", "Platform", rows, len(ranked))


def told_by(evidence: Collection[str]) -> str:
    """Write what told a platform, strongest first: `by its link and the page`. Nothing where nothing did."""
    told = [words for kind, words in TOLD_BY.items() if kind.label in evidence]
    return f"by {labels.listed(told)}" if told else ""


def articles_panel(project: Project, period: Period, counts: Sequence[PixelCount], pixels: int, total: int) -> Panel:
    most = max((count.visits for count in counts), default=0)
    rows = [
        _row(
            count.pixel.title,
            count.visits,
            count.visitors,
            total=total,
            most=most,
            url=f"{reverse('pixel', args=[project.slug, count.pixel.pk])}?{period.query}",
            hint="Retired: it no longer counts." if count.pixel.retired_at else "",
        )
        for count in counts
    ]
    all_url = f"?{period.query}&articles=all" if len(rows) < pixels and len(rows) < ALL_ARTICLES else ""
    return Panel("articles", "Articles", "What they read", "Article", rows, pixels, all_url)
