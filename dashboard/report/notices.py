"""What a page says about what it can't show."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Project
from dashboard import formatting
from dashboard.visits.periods import Period
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from dashboard.visits.selection import Selection


def raw_hit_notices(project: Project, requested: Period, selection: Selection) -> list[str]:
    """Say which days a filter that needs raw hits covers, and that nothing is compared where that is so."""
    if selection.hits_kept_since is None:
        return []
    notices = [_("With this filter, visits are counted anew from single hits.")]
    if selection.current.period.start > requested.start:
        notices = [range_cut(project, selection.current.period, selection.hits_kept_since)]
    if selection.lacks_earlier:
        notices.append(_("For the period before there are not enough single hits kept, so nothing is compared."))
    return notices


def range_cut(project: Project, period: Period, kept: date) -> str:
    """Say why a filtered page shows fewer days than it was asked for."""
    if not period.days and period.end > kept:
        return _("More single hits pass this filter in a day than a page counts. Add another filter to see them.")
    if period.start <= kept:
        return ngettext(
            "Filtered visits are counted from single hits, which this project keeps for %(days)s day: shown are those "
            "since %(day)s.",
            "Filtered visits are counted from single hits, which this project keeps for %(days)s days: shown are those "
            "since %(day)s.",
            project.retention_days,
        ) % {"days": formatting.exact(project.retention_days), "day": formatting.day(kept, "yMMMd")}
    return _(
        "Filtered visits are counted from the newest single hits: shown are those since %(day)s. Choose a shorter "
        "range to see earlier ones."
    ) % {"day": formatting.day(period.start, "yMMMd")}


def pages_left_out() -> str:
    return _("A shared page lists pages for ranges of up to %(days)s days.") % {
        "days": formatting.exact(MAX_DAYS_OF_MANY_VALUES)
    }


def unknown_list() -> str:
    """Say that the page has no list of the name in its address."""
    return _("There is no such list here.")
