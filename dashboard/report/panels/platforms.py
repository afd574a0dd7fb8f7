"""The platforms of a project, ranked by their visits, each with what identified it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.classify.platforms import DIRECT, OTHER, platform_colour, platform_name
from collector.classify.readable import readable_host
from collector.classify.sites import NO_SITES, Sites
from collector.models import Evidence, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import PANEL_ROWS, Band, Panel, PanelRow, make_row
from dashboard.visits.results import PlatformDay

MAX_BANDS = 5
EVIDENCE_NAMES = {  # the strongest first
    Evidence.PLACEMENT: gettext_lazy("its link"),
    Evidence.PROXY: gettext_lazy("its proxy"),
    Evidence.PAGE: gettext_lazy("the page"),
}


@dataclass(frozen=True, slots=True)
class PlatformTotals:
    """Visits and visitors by platform. `ranked` has the platforms in the order of their visits."""

    visits: Mapping[str, int]
    visitors: Mapping[str, int]
    ranked: Sequence[str]

    @property
    def most_visits(self) -> int:
        return max(self.visits.values(), default=0)


def platform_totals(totals: Iterable[PlatformDay]) -> PlatformTotals:
    """Add up the days of each platform."""
    visits: Counter[str] = Counter()
    visitors: Counter[str] = Counter()
    for day in totals:
        visits[day.platform] += day.visits
        visitors[day.platform] += day.visitors
    return PlatformTotals(visits, visitors, sorted(visits, key=lambda slug: (-visits[slug], slug)))


def platforms_panel(
    totals: Sequence[PlatformDay],
    all_visits: int,
    state: PageState,
    sites: Sites,
    *,
    evidence: Mapping[str, Collection[str]],
    limit: int = PANEL_ROWS,
    offset: int = 0,
) -> Panel:
    """Rank the platforms. `evidence` has the labels of what identified each; it is empty where that is not shown."""
    by_platform = platform_totals(totals)
    rows = [
        platform_row(slug, by_platform, all_visits, state, sites, detail=evidence_text(evidence.get(slug, ())))
        for slug in by_platform.ranked[offset : offset + limit]
    ]
    total_rows = len(by_platform.ranked)
    return Panel(
        "platforms",
        Section.PLATFORMS.value,
        _("Platforms"),
        _("Where people read"),
        _("Platform"),
        rows,
        total_rows,
        full_url=state.link(all="platforms") if total_rows > len(rows) else "",
    )


def platform_row(
    slug: str,
    by_platform: PlatformTotals,
    all_visits: int,
    state: PageState,
    sites: Sites,
    *,
    detail: str = "",
    cells: Sequence[str] = (),
    plain_cells: Sequence[object] = (),
) -> PanelRow:
    """Make the row of one platform. It links to the view filtered by that platform."""
    return make_row(
        slug,
        platform_label(slug, sites),
        by_platform.visits[slug],
        by_platform.visitors[slug],
        all_visits=all_visits,
        most_visits=by_platform.most_visits,
        colour=platform_colour(slug),
        hint=_platform_hint(slug, sites),
        filter_url=state.link(platform=slug),
        detail=detail,
        cells=cells,
        plain_cells=plain_cells,
    )


def platform_label(slug: str, sites: Sites = NO_SITES) -> str:
    """Return the name of a platform as the project's sites and the catalogue have it, or our word for visits without
    one.
    """
    if slug == DIRECT:
        return _("(direct)")
    name = platform_name(slug)
    return sites.name_of(slug) or formatting.verbatim(readable_host(slug) if name == slug else name)


def evidence_text(evidence: Collection[str]) -> str:
    """Say what identified a platform, the strongest evidence first; empty where only its link did, as is usual."""
    names = [str(name) for kind, name in EVIDENCE_NAMES.items() if kind.label in evidence]
    if set(evidence) <= {Evidence.PLACEMENT.label, Evidence.NONE.label}:
        return ""
    return _("via %(evidence)s") % {"evidence": formatting.listed(names)} if names else ""


def _platform_hint(slug: str, sites: Sites) -> str:
    if slug == DIRECT:
        return _("Unknown platform: the pixel's address names none, and the browser did not send the page's address.")
    if slug == OTHER:
        return _("Platforms that are not set up for the article, and hosts beyond the number we count separately.")
    is_host = platform_name(slug) == slug
    return slug if is_host and platform_label(slug, sites) != slug else ""  # a host by its name, or decoded


def platform_bands(platforms: Counter[str], sites: Sites, length: float = 1) -> list[Band]:
    """Return visits by platform as bands, the biggest first. Together they fill `length` of a bar, from 0 to 1."""
    total = platforms.total()
    bands, start = [], 0.0
    for slug, visits in platforms.most_common(MAX_BANDS):
        width = 100 * length * visits / total
        label = f"{platform_label(slug, sites)} {formatting.percent(visits / total)}"
        bands.append(Band(label, platform_colour(slug), f"{start:.1f}%", f"{width:.1f}%"))
        start += width
    return bands
