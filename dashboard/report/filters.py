"""The filters of a view as people see them: chips, and notices about filters that were ignored."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from collector.classify.sites import Sites, sites_of
from collector.models import Pixel, Project, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.dimensions import PANELS, value_label
from dashboard.report.panels.platforms import platform_label
from dashboard.visits.filters import DIMENSION_FILTERS, FILTER_NAMES, PIXEL_FILTER, PLATFORM_FILTER, Filters


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter of a view, and the address of the view without it."""

    name: str
    value: str
    without_url: str


def apply_filters(
    project: Project, pixel: Pixel | None, requested: PageState, sections: Collection[str], is_public: bool
) -> tuple[PageState, list[Chip], list[str]]:
    """Return the state without the filters that this view can't have, its chips, and notices about those ignored."""
    filters, notices = requested.filters, []
    article = _article(project, pixel, filters, sections)
    if filters.pixel_id is not None and article is None:
        filters = replace(filters, pixel_id=None)
        notices.append(_("This page has no such article. The filter was ignored."))
    if filters.platform is not None and Section.PLATFORMS not in sections:
        filters = replace(filters, platform=None)
        notices.append(_("This page does not show platforms. The filter was ignored."))
    if is_public and filters.need_hits:
        # Reading raw hits takes a second. Not everyone with a share link may cause that.
        filters = replace(filters, values=())
        notices.append(_("A shared page can only be filtered by article and platform."))
    section_of = {panel.dimension: panel.section for panel in PANELS.values()}
    values = tuple((dimension, value) for dimension, value in filters.values if section_of[dimension] in sections)
    state = replace(requested, filters=replace(filters, values=values))
    return state, _chips(state, article, sites_of(project.sites)), notices


def _article(project: Project, pixel: Pixel | None, filters: Filters, sections: Collection[str]) -> Pixel | None:
    """Return the article to filter by; None where the view can't be filtered by one. One query at most."""
    if filters.pixel_id is None:
        return None
    article = Pixel.objects.filter(project=project, pk=filters.pixel_id).first()
    return article if pixel is None and Section.ARTICLES in sections else None


def _chips(state: PageState, article: Pixel | None, sites: Sites) -> list[Chip]:
    return [
        Chip(str(FILTER_NAMES[name]), _value_label(name, state.filters, article, sites), state.link(name))
        for name in state.filters.parameters()
    ]


def _value_label(name: str, filters: Filters, article: Pixel | None, sites: Sites) -> str:
    if name == PIXEL_FILTER:
        return article.title if article else ""
    if name == PLATFORM_FILTER:
        return platform_label(str(filters.platform), sites)
    dimension = DIMENSION_FILTERS[name]
    value = dict(filters.values)[dimension]
    [panel] = [panel for panel in PANELS.values() if panel.dimension == dimension]
    return value_label(panel, value, sites) if value else formatting.unknown()
