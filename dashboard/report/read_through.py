"""How the read-through is written: the share of direct visits that read to the end of an article.

`dashboard.visits.results.read_through` computes it.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard import formatting
from dashboard.visits.results import ReadThrough


def read_through_text(reading: ReadThrough) -> str:
    """Write the read-through and the visits it is a share of, such as `45% of 1,234`."""
    if reading.share is None:
        return formatting.UNSEEN
    return _("%(share)s of %(visits)s") % {
        "share": read_through_share(reading),
        "visits": formatting.exact(reading.started),
    }


def read_through_share(reading: ReadThrough) -> str:
    """Write the read-through in percent. It is never more than 100%, even if more ends than starts were counted."""
    return formatting.UNSEEN if reading.share is None else formatting.percent(min(reading.share, 1))


def read_through_number(reading: ReadThrough) -> float | None:
    """Return the read-through for spreadsheets, from 0 to 1; None where nobody read to the end."""
    return None if reading.share is None else round(min(reading.share, 1), 4)


def read_through_note(reading: ReadThrough) -> str:
    """Say what the read-through is a share of."""
    if reading.share is None:
        return _("no visit is known to have read to the end")
    return ngettext(
        "of %(visits)s direct visit to articles with an end pixel",
        "of %(visits)s direct visits to articles with an end pixel",
        reading.started,
    ) % {"visits": formatting.exact(reading.started)}
