"""The key figures of a page, each with how it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.models import Traffic, Verdict
from dashboard import formatting
from dashboard.visits.results import ReadThrough, visible_visitors

SET_ASIDE = {
    Verdict.BOT: gettext_lazy("%(hits)s by bots"),
    Verdict.SUSPECT: gettext_lazy("%(hits)s asked as no browser does"),
    Verdict.EXCESS: gettext_lazy("%(hits)s over the rate limit"),
    Verdict.PREFETCH: gettext_lazy("%(hits)s loaded ahead"),
    Verdict.MUTED: gettext_lazy("%(hits)s while paused"),
    Verdict.EXCLUDED: gettext_lazy("%(hits)s from own addresses"),
}
UP, DOWN, SAME = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}", "\N{RIGHTWARDS ARROW}"
AS_GOOD_AS_SAME = 0.005  # of 1, less than a percent can show


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the figures are made of: of a period, or of the one before."""

    visits: int
    visitors: int
    proxied: int
    verdicts: Mapping[str, int]
    reading: ReadThrough

    @property
    def bots(self) -> int:
        """Return the hits of bots; those not among them that asked as no browser does."""
        return self.verdicts.get(Verdict.BOT.label, 0)

    @property
    def hidden(self) -> float | None:
        return self.proxied / self.visits if self.visits else None


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure changed, in an arrow and in words; `title` says what it was."""

    arrow: str
    words: str
    title: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure. `text` is set large, `exact` is the whole number, `note` says what it counts."""

    key: str
    label: str
    text: str
    exact: int
    note: str
    change: Change | None = None

    @property
    def title(self) -> str:
        """Return the whole number, where there is one behind the text."""
        return "" if self.text == formatting.UNSEEN else formatting.exact(self.exact)


def key_figures(
    now: Numbers, before: Numbers | None, when: str, *, so_far: tuple[int, int] | None = None
) -> Sequence[Figure]:
    """Return visits, visitors, read-through, what proxies hide, and bots. `when` names the period before.

    Where this period is not over, `so_far` are the visits and visitors of the one before when that had come as far.
    """
    visits_before, visitors_before = so_far or ((before.visits, before.visitors) if before else (0, 0))
    until = _("%(day)s until this hour") % {"day": when} if so_far else when
    seen = visible_visitors(now.visits, now.visitors)
    others = set_aside(now.verdicts, Verdict.BOT)
    return (
        Figure(
            "visits",
            _("Visits"),
            formatting.short(now.visits),
            now.visits,
            _("by readers, directly or through a proxy"),
            count_change(now.visits, visits_before, until) if before else None,
        ),
        Figure(
            "visitors",
            _("Visitors"),
            formatting.UNSEEN if seen is None else formatting.short(seen),
            now.visitors,
            _("that we could tell apart, each once a day"),
            count_change(now.visitors, visitors_before, until) if before else None,
        ),
        Figure(
            "reading",
            _("Read-through"),
            formatting.UNSEEN if now.reading.share is None else formatting.percent(min(now.reading.share, 1)),
            now.reading.finished,
            _reading_note(now.reading),
            _share_change(now.reading.share, before.reading.share, when) if before else None,
        ),
        Figure(
            "hidden",
            _("Hidden by proxies"),
            formatting.UNSEEN if now.hidden is None else formatting.percent(now.hidden),
            now.proxied,
            ngettext(
                "%(visits)s visit without country, device or visitor",
                "%(visits)s visits without country, device or visitor",
                now.proxied,
            )
            % {"visits": formatting.exact(now.proxied)},
            _share_change(now.hidden, before.hidden, when) if before else None,
        ),
        Figure(
            "bots",
            _("Bots set aside"),
            formatting.short(now.bots),
            now.bots,
            _("not counted; nor %(others)s") % {"others": others} if others else _("not counted as visits"),
            count_change(now.bots, before.bots, when) if before and not so_far else None,
        ),
    )


def set_aside(verdicts: Mapping[str, int], *without: Verdict) -> str:
    """Write how many hits were set aside and why, such as `3 by bots, 2 while paused`."""
    return formatting.enumerated(
        str(why) % {"hits": formatting.exact(verdicts[verdict.label])}
        for verdict, why in SET_ASIDE.items()
        if verdicts.get(verdict.label) and verdict not in without
    )


def proxied(traffic: Mapping[str, int]) -> int:
    return traffic.get(Traffic.PROXIED.label, 0)


def _reading_note(reading: ReadThrough) -> str:
    if reading.share is None:
        return _("no pixel at an article's end was seen")
    return ngettext(
        "came to the end, of %(visits)s direct visit on all platforms of articles with a pixel there",
        "came to the end, of %(visits)s direct visits on all platforms of articles with a pixel there",
        reading.started,
    ) % {"visits": formatting.exact(reading.started)}


def count_change(now: int, before: int, when: str) -> Change | None:
    """Say how a count changed against `before`, that of the period named by `when`; None where both are nothing."""
    if not before:
        return Change(UP, _("none before"), when) if now else None
    title = _("%(number)s in %(period)s") % {"number": formatting.exact(before), "period": when}
    if now == before:
        return Change(SAME, _("as many"), title)
    share = formatting.percent(abs(now - before) / before)
    if now > before:
        return Change(UP, _("%(share)s more") % {"share": share}, title)
    return Change(DOWN, _("%(share)s fewer") % {"share": share}, title)


def _share_change(now: float | None, before: float | None, when: str) -> Change | None:
    """Compare two shares, in points of a hundred."""
    if now is None or before is None:
        return None
    title = _("%(number)s in %(period)s") % {"number": formatting.percent(min(before, 1)), "period": when}
    points = round(100 * abs(min(now, 1) - min(before, 1)))
    if abs(now - before) < AS_GOOD_AS_SAME or not points:
        return Change(SAME, _("the same share"), title)
    words = (
        ngettext("%(points)s point more", "%(points)s points more", points)
        if now > before
        else ngettext("%(points)s point less", "%(points)s points less", points)
    )
    return Change(UP if now > before else DOWN, words % {"points": points}, title)
