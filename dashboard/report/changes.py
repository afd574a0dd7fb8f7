"""How a number changed against the period before: an arrow, a few words, and what it was."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard import formatting

UP, DOWN, SAME = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}", "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True, slots=True)
class Change:
    """How a number changed, as an arrow and in words. `title` says what it was before.

    Without an arrow, nothing is known of the earlier period, which is not the same as 0.
    """

    arrow: str
    words: str
    title: str


def no_earlier_data() -> Change:
    """Say that the earlier period was not measured, or not as a whole."""
    return Change("", _("no earlier data"), "")


def count_change(now: int, before: int, period: str) -> Change | None:
    """Say how a count changed against `before`, that of the named `period`. None where both are 0."""
    title = _("%(number)s in %(period)s") % {"number": formatting.exact(before), "period": period}
    if not before:
        return Change(UP, _("%(number)s before") % {"number": formatting.exact(0)}, title) if now else None
    if now == before:
        return Change(SAME, _("unchanged"), title)
    share = formatting.percent(abs(now - before) / before)
    if now > before:
        return Change(UP, _("%(share)s more") % {"share": share}, title)
    return Change(DOWN, _("%(share)s fewer") % {"share": share}, title)


def share_change(now: float | None, before: float | None, period: str) -> Change | None:
    """Say how a share changed, in percentage points. None where one of them is unknown."""
    if now is None or before is None:
        return None
    title = _("%(number)s in %(period)s") % {"number": formatting.percent(min(before, 1)), "period": period}
    points = formatting.half_up(100 * abs(min(now, 1) - min(before, 1)))
    if not points:
        return Change(SAME, _("unchanged"), title)
    if now > before:
        words = ngettext("%(points)s point more", "%(points)s points more", points)
        return Change(UP, words % {"points": points}, title)
    words = ngettext("%(points)s point less", "%(points)s points less", points)
    return Change(DOWN, words % {"points": points}, title)
