"""What a view says about the visits it can't show."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Project
from dashboard import formatting
from dashboard.visits.periods import Period
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from dashboard.visits.selection import Selection


def raw_hit_notices(project: Project, requested: Period, selection: Selection) -> list[str]:
    """Say where a filter that reads raw hits covers fewer days than requested, or leaves nothing to compare with."""
    if selection.hits_kept_since is None:
        return []
    notices = []
    if selection.current.period.start > requested.start:
        notices.append(_range_cut(project, selection.current.period, selection.hits_kept_since))
    if selection.lacks_earlier:
        notices.append(_("Nothing is compared: the raw hits of the earlier period are not all kept, or too many."))
    return notices


def many_values_left_out() -> str:
    return _("A shared page lists web pages and campaigns only for ranges of up to %(days)s days.") % {
        "days": formatting.exact(MAX_DAYS_OF_MANY_VALUES)
    }


def unknown_list() -> str:
    """Say that the view has no list with the name in its address."""
    return _("This page has no such list.")


def _range_cut(project: Project, period: Period, kept_since: date) -> str:
    """Say why a filtered view shows fewer days than requested: raw hits are not kept so long, or are too many."""
    if not period.days and period.end > kept_since:
        return _("A single day has more matching raw hits than a page can count. Add another filter to see them.")
    if period.start <= kept_since:
        return ngettext(
            "This filter needs raw hits, which this project keeps for %(days)s day. Only visits since %(day)s are "
            "shown.",
            "This filter needs raw hits, which this project keeps for %(days)s days. Only visits since %(day)s are "
            "shown.",
            project.retention_days,
        ) % {"days": formatting.exact(project.retention_days), "day": formatting.day(kept_since, "yMMMd")}
    return _(
        "Showing the most recent matching raw hits, since %(day)s: there are too many in this range. Choose a shorter "
        "range to see earlier ones."
    ) % {"day": formatting.day(period.start, "yMMMd")}
