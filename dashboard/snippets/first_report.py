"""Whether a program's first report has come, for a developer who has just put the client in."""

from datetime import UTC, datetime

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Pixel, ReportCount, ReportDimension
from collector.programs.declaring import declared_program
from dashboard import formatting
from dashboard.snippets.first_visit import RETIRED, SEEN, WAITING, FirstVisitStatus


def first_report_status(pixel: Pixel, now: datetime) -> FirstVisitStatus:
    """Return whether a program has ever reported, and how often today (UTC). Two queries.

    `pixel.declaration` must be loaded already, if there is one.
    """
    if pixel.retired_at is not None:
        words = _("Retired: its reports are no longer accepted.")
        return FirstVisitStatus(RETIRED, words, [], RETIRED, is_awaited=False)
    counts = ReportCount.objects.filter(project_id=pixel.project_id, pixel=pixel, dimension=ReportDimension.ACTIVE)
    reports = counts.filter(date=now.astimezone(UTC).date()).aggregate(sum=Sum("reports", default=0))["sum"]
    if reports or counts.exists():
        words = ngettext("%(number)s report came today.", "%(number)s reports came today.", reports) % {
            "number": formatting.exact(reports)
        }
        return FirstVisitStatus(SEEN, words, [], f"{SEEN} {reports}", is_awaited=False)
    return FirstVisitStatus(WAITING, _("Waiting for the first report…"), _notes(pixel), WAITING, is_awaited=True)


def _notes(pixel: Pixel) -> list[str]:
    """Return why no report may come yet."""
    program = declared_program(pixel)
    if program is None:
        return [_("Without a declaration, no report is accepted.")]
    if program.mode == "off":
        return [_("The declaration says mode = “off”: nothing is sent unless a user switches it on.")]
    return [
        _("Users are told first, so their first report comes on a later day. To see one now, set %(variable)s=on.")
        % {"variable": f"{program.variable}_TELEMETRY"}
    ]
