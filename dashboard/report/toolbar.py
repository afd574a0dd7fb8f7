"""The choices at the head of a page: range, unit, comparison, shape of the trend, and pages of a list."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboard.report.charts import BUCKET_NAMES
from dashboard.report.page_state import PageState
from dashboard.visits.periods import PRESETS, Comparison


@dataclass(frozen=True, slots=True)
class ToolbarLink:
    """One of several ways to look at a page; `is_chosen` where this is the one."""

    label: str
    url: str
    is_chosen: bool


def presets(shown: PageState) -> list[ToolbarLink]:
    return [
        ToolbarLink(
            str(preset.label), shown.link("start", "end", "by", range=preset.name), preset.name == shown.addressed.name
        )
        for preset in PRESETS.values()
    ]


def comparisons(shown: PageState) -> list[ToolbarLink]:
    names = {
        Comparison.PREVIOUS: _("the period before"),
        Comparison.YEAR: _("a year earlier"),
        Comparison.NONE: _("nothing"),
    }
    return [
        ToolbarLink(name, shown.link(compare=comparison.value), comparison is shown.comparison)
        for comparison, name in names.items()
    ]


def units(shown: PageState) -> list[ToolbarLink]:
    return [
        ToolbarLink(str(BUCKET_NAMES[bucket]), shown.link(by=bucket.value), bucket is shown.period.bucket)
        for bucket in shown.period.offered_buckets()
    ]


def shapes(shown: PageState) -> list[ToolbarLink]:
    return [
        ToolbarLink(_("By platform"), shown.link("trend"), not shown.is_line),
        ToolbarLink(_("One line"), shown.link(trend="line"), shown.is_line),
    ]
