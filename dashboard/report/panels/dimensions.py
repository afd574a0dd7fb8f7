"""One panel for each dimension, such as countries or browsers, as the table `PANELS` describes it.

To add a panel, add a line to `PANELS` and its key to `GROUPS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from urllib.parse import quote_plus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from collector.classify.platforms import OTHER
from collector.classify.readable import readable_host, readable_page
from collector.classify.sites import Sites
from collector.models import Dimension, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import Panel, PanelGroup, PanelRow, make_row
from dashboard.report.panels.world_map import world_map
from dashboard.report.subject import Subject
from dashboard.visits.filters import CAMPAIGN_FILTERS, FILTER_NAMES, UNKNOWN
from dashboard.visits.results import MANY_VALUES, ValueCount


@dataclass(frozen=True, slots=True)
class PanelDescription:
    """How one dimension is shown as a panel. `parameter` is its filter in an address.

    `label` writes one of its values. An `optional` panel is left out while it has no rows.
    """

    dimension: Dimension
    key: str
    parameter: str
    section: Section
    title: StrPromise
    caption: StrPromise
    heading: StrPromise
    label: Callable[[str], str] = formatting.verbatim
    optional: bool = False


def _campaign_panel(parameter: str, dimension: Dimension) -> PanelDescription:
    name = FILTER_NAMES[parameter]
    caption = gettext_lazy("From the utm parameters of the links that readers followed")
    return PanelDescription(dimension, parameter, parameter, Section.CAMPAIGNS, name, caption, name, optional=True)


PANELS = {
    panel.key: panel
    for panel in (
        PanelDescription(
            Dimension.COUNTRY,
            "countries",
            "country",
            Section.COUNTRIES,
            gettext_lazy("Countries"),
            gettext_lazy("Where readers are"),
            gettext_lazy("Country"),
            formatting.country,
        ),
        PanelDescription(
            Dimension.LANGUAGE,
            "languages",
            "language",
            Section.COUNTRIES,
            gettext_lazy("Languages"),
            gettext_lazy("What their browsers are set to"),
            gettext_lazy("Language"),
            formatting.language,
        ),
        PanelDescription(
            Dimension.DEVICE,
            "devices",
            "device",
            Section.DEVICES,
            gettext_lazy("Devices"),
            gettext_lazy("What people read on"),
            gettext_lazy("Device"),
            formatting.device,
        ),
        PanelDescription(
            Dimension.BROWSER,
            "browsers",
            "browser",
            Section.DEVICES,
            gettext_lazy("Browsers"),
            gettext_lazy("What people read with"),
            gettext_lazy("Browser"),
        ),
        PanelDescription(
            Dimension.OS,
            "systems",
            "os",
            Section.DEVICES,
            gettext_lazy("Systems"),
            gettext_lazy("What their devices run"),
            gettext_lazy("System"),
        ),
        PanelDescription(
            Dimension.PAGE,
            "pages",
            "page",
            Section.PAGES,
            gettext_lazy("Pages"),
            gettext_lazy("Pages that loaded the pixel"),
            gettext_lazy("Page"),
            lambda label: formatting.verbatim(readable_page(label)),
        ),
        PanelDescription(
            Dimension.ELSEWHERE,
            "elsewhere",
            "elsewhere",
            Section.PAGES,
            gettext_lazy("Seen elsewhere"),
            gettext_lazy("Hosts it was not pasted for, such as copies of the article"),
            gettext_lazy("Host"),
            lambda host: formatting.verbatim(readable_host(host)),
            optional=True,
        ),
        *starmap(_campaign_panel, CAMPAIGN_FILTERS.items()),
    )
}
SECTIONS_OF_MANY_VALUES = frozenset(panel.section for panel in PANELS.values() if panel.dimension in MANY_VALUES)
GROUPS = {
    "countries": ("countries", "languages"),
    "devices": ("devices", "browsers", "systems"),
    "pages": ("pages", "elsewhere"),
    "campaigns": tuple(CAMPAIGN_FILTERS),
}
# In two columns, these orders make both about equally long: a project has its platforms after the first group.
PROJECT_ORDER = ("countries", "devices", "pages", "campaigns")
ARTICLE_ORDER = ("devices", "countries", "pages", "campaigns")


def panel_groups(
    subject: Subject,
    state: PageState,
    counts_by_dimension: Mapping[int, Sequence[ValueCount]],
    all_visits: int,
    all_countries: Sequence[ValueCount],
) -> list[PanelGroup]:
    """Return the groups of panels of a view. `all_countries` are for the map, which shows more than the rows."""
    groups = []
    for key in ARTICLE_ORDER if subject.pixel else PROJECT_ORDER:
        panels = []
        for description in map(PANELS.__getitem__, GROUPS[key]):
            counts = counts_by_dimension.get(description.dimension, ())
            if description.section not in subject.sections or (description.optional and not counts):
                continue
            map_counts = all_countries if description.dimension == Dimension.COUNTRY else ()
            panels.append(dimension_panel(description, subject, counts, all_visits, state, map_counts=map_counts))
        if panels:
            groups.append(PanelGroup(key, panels))
    return groups


def dimension_panel(
    description: PanelDescription,
    subject: Subject,
    counts: Sequence[ValueCount],
    all_visits: int,
    state: PageState,
    *,
    map_counts: Sequence[ValueCount] = (),
    most_visits: int = 0,
) -> Panel:
    """Rank the values of one dimension. The unknown value comes last and has no bar: it doesn't answer the question.

    Each row links to the view filtered by it. Such a view reads raw hits, so rows of shared pages have no links.
    `most_visits` are those of the longest bar, if it is not among `counts`.
    """
    link = state.links(description.parameter) if subject.are_linked else ""
    known = [count for count in counts if count.value]
    unknown = [count for count in counts if not count.value]
    most_visits = most_visits or max((count.visits for count in known), default=0)
    rows = [_known_row(description, count, all_visits, most_visits, link, subject.sites) for count in known]
    rows += [_unknown_row(count, all_visits, link) for count in unknown]
    total_rows = counts[0].values if counts else 0
    return Panel(
        description.key,
        description.section.value,
        str(description.title),
        str(description.caption),
        str(description.heading),
        rows,
        total_rows,
        full_url=state.link(all=description.key) if total_rows > len(rows) else "",
        map=world_map([(count.value, count.visits) for count in map_counts]),
    )


def _known_row(
    description: PanelDescription, count: ValueCount, all_visits: int, most_visits: int, link: str, sites: Sites
) -> PanelRow:
    label = value_label(description, count.value, sites)
    is_address = description.section == Section.PAGES and count.value != OTHER
    return make_row(
        count.value,
        label,
        count.visits,
        count.visitors,
        all_visits=all_visits,
        most_visits=most_visits,
        hint=count.value if is_address and label != count.value else "",
        filter_url=f"{link}{quote_plus(count.value)}" if link else "",
    )


def value_label(description: PanelDescription, value: str, sites: Sites) -> str:
    """Return a value as people read it. A host that a project's site is counted under has the name of the site."""
    name = sites.name_of(value) if description.dimension == Dimension.ELSEWHERE else ""
    return name or description.label(value)


def _unknown_row(count: ValueCount, all_visits: int, link: str) -> PanelRow:
    return make_row(
        "",
        formatting.unknown(),
        count.visits,
        count.visitors,
        all_visits=all_visits,
        most_visits=0,
        hint=_("Hidden by an image proxy, or the reader opted out."),
        is_known=False,
        filter_url=f"{link}{quote_plus(UNKNOWN)}" if link else "",
    )
