"""The links at the head of a view (ranges, comparisons, how to draw the trend), and the pagination of a full list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collector.models import Section
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES
from dashboard.report.page_state import PERIOD_PARAMETERS, PageState
from dashboard.visits.periods import PRESETS, Comparison

NEIGHBOUR_PAGES = 2  # on either side of the current one


@dataclass(frozen=True, slots=True)
class ToolbarLink:
    """One of several ways to look at a view; `is_chosen` marks the current one."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Toolbar:
    """The links by what they change."""

    presets: Sequence[ToolbarLink]
    comparisons: Sequence[ToolbarLink]
    units: Sequence[ToolbarLink]
    shapes: Sequence[ToolbarLink]


def toolbar(state: PageState, sections: Collection[str]) -> Toolbar:
    """Return the links of a view. Only a view that shows platforms can draw the trend by platform."""
    has_platforms = Section.PLATFORMS in sections
    return Toolbar(_presets(state), _comparisons(state), _units(state), _shapes(state) if has_platforms else [])


def pagination(state: PageState, pages: int) -> list[ToolbarLink]:
    """Return links to the first, the last and the neighbouring parts of a full list."""
    current = state.page_number
    neighbours = range(max(1, current - NEIGHBOUR_PAGES), min(pages, current + NEIGHBOUR_PAGES) + 1)
    return [
        ToolbarLink(
            formatting.exact(number), state.link(all=state.full_list, page_number=str(number)), number == current
        )
        for number in sorted({1, pages, *neighbours})
    ]


def _presets(state: PageState) -> list[ToolbarLink]:
    chosen = state.requested_period.name
    return [
        ToolbarLink(str(preset.label), state.link(*PERIOD_PARAMETERS, range=preset.name), preset.name == chosen)
        for preset in PRESETS.values()
    ]


def _comparisons(state: PageState) -> list[ToolbarLink]:
    names = {
        Comparison.PREVIOUS: _("the period before"),
        Comparison.YEAR: _("a year earlier"),
        Comparison.NONE: _("nothing"),
    }
    return [
        ToolbarLink(name, state.link(compare=comparison.value), comparison is state.comparison)
        for comparison, name in names.items()
    ]


def _units(state: PageState) -> list[ToolbarLink]:
    return [
        ToolbarLink(str(BUCKET_NAMES[bucket]), state.link(by=bucket.value), bucket is state.period.bucket)
        for bucket in state.period.offered_buckets()
    ]


def _shapes(state: PageState) -> list[ToolbarLink]:
    return [
        ToolbarLink(_("By platform"), state.link("trend"), not state.is_line),
        ToolbarLink(_("One line"), state.link(trend="line"), state.is_line),
    ]
