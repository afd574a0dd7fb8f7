"""The filters of a page as its reader sees them: chips, and notices about those left out."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from collector.models import Pixel, Project, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import PANELS, platform_label
from dashboard.visits.filters import FILTER_NAMES


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter of a page, with the address of the page without it."""

    name: str
    value: str
    without_url: str


def apply_filters(
    project: Project, pixel: Pixel | None, asked: PageState, sections: Collection[str], is_public: bool
) -> tuple[PageState, list[Chip], list[str]]:
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
