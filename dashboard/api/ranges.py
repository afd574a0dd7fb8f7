"""Days and moments in the API's parameters. Ranges are half-open, `[since, until)`, as in `export_hits`."""

from datetime import UTC, date, datetime
from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import BeforeValidator, WithJsonSchema

from dashboard.api.problems import bad_parameter
from dashboard.visits.periods import EARLIEST

LATEST = date(2999, 12, 31)  # far enough: arithmetic near the last day that Python knows would overflow


def parse_day(text: object) -> date:
    """Parse a day such as 2026-11-22. For anything else, raises ValueError that says what to write."""
    try:
        if not isinstance(text, str) or len(text) != len("2026-11-22"):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("Write a day like 2026-11-22.")) from None
    return _within(day)


def parse_moment(text: object) -> datetime:
    """Parse a day or a moment, in UTC if it names no zone. Otherwise raises ValueError that says what to write."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(
            _("Write a moment like 2026-11-22 or 2026-11-22T08:00Z. In an address, write the + of a time zone as %2B.")
        ) from None
    _within(moment.date())
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_range(since: date, until: date, max_days: int) -> None:
    """Raise ProblemError for a range of days that is empty or longer than `max_days`."""
    if since >= until:
        raise bad_parameter("until", _("The range is empty. “until” must be later than “since”."))
    days = (until - since).days
    if days > max_days:
        raise bad_parameter(
            "since",
            _("The range has %(days)s days, but at most %(most)s are allowed. Send several requests.")
            % {"days": days, "most": max_days},
        )


def _within(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(_("Write a day from %(first)s onwards.") % {"first": EARLIEST.isoformat()})
    return day


Day = Annotated[date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[datetime, BeforeValidator(parse_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
