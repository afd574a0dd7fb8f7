"""The key figures of a view, each with how it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.models import Verdict
from dashboard import formatting
from dashboard.report.changes import Change, count_change, no_earlier_data, share_change
from dashboard.report.numbers import PeriodNumbers
from dashboard.report.read_through import read_through_note, read_through_share
from dashboard.visits.results import Total, visible_visitors

FILTERED_OUT = {
    Verdict.BOT: gettext_lazy("%(hits)s by bots"),
    Verdict.SUSPECT: gettext_lazy("%(hits)s with inconsistent browser headers"),
    Verdict.EXCESS: gettext_lazy("%(hits)s over the rate limit"),
    Verdict.PREFETCH: gettext_lazy("%(hits)s prefetched"),
    Verdict.MUTED: gettext_lazy("%(hits)s while paused"),
    Verdict.EXCLUDED: gettext_lazy("%(hits)s from own addresses"),
    Verdict.PREVIEW: gettext_lazy("%(hits)s on private hosts"),
    Verdict.OWN: gettext_lazy("%(hits)s by members"),
    Verdict.TOO_SOON: gettext_lazy("%(hits)s that reached the end too soon"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure. `text` is set large, `exact` is the whole number, `note` says what it counts.

    `measure` names what the number is of, for spreadsheets; empty where its key tells.
    """

    key: str
    label: str
    text: str
    exact: int
    note: str
    change: Change | None = None
    measure: str = ""

    @property
    def title(self) -> str:
        """Return the whole number as a tooltip; empty where the figure is unknown."""
        return "" if self.text == formatting.UNSEEN else formatting.exact(self.exact)

    @property
    def is_short(self) -> bool:
        """Tell whether the text is the number in short, which screen readers should get exactly."""
        return self.text == formatting.short(self.exact) != self.title


@dataclass(frozen=True, slots=True)
class EarlierNumbers:
    """What the figures are compared with. `label` names the earlier period.

    Where the current period is not over, `so_far` are the earlier visits and visitors up to the same time of its last
    day, and `label_so_far` says so. Other numbers are not known by the hour.
    """

    numbers: PeriodNumbers
    label: str
    so_far: Total | None = None
    label_so_far: str = ""

    @property
    def visits(self) -> int:
        return self.numbers.visits if self.so_far is None else self.so_far.visits

    @property
    def visitors(self) -> int:
        return self.numbers.visitors if self.so_far is None else self.so_far.visitors

    @property
    def counts_label(self) -> str:
        """Return the name of the days that visits and visitors are compared with."""
        return self.label_so_far or self.label


def key_figures(now: PeriodNumbers, earlier: EarlierNumbers | None, *, lacks_earlier: bool = False) -> Sequence[Figure]:
    """Return visits, visitors, read-through, what proxies hide, and bots.

    `lacks_earlier` tells that they would be compared, but the earlier period was not measured, or is not kept.
    """
    figures = (
        _visits(now, earlier),
        _visitors(now, earlier),
        _read_through(now, earlier),
        _hidden(now, earlier),
        _bots(now, earlier),
    )
    return [replace(figure, change=no_earlier_data()) for figure in figures] if lacks_earlier else figures


def filtered_out(verdicts: Mapping[str, int], *without: Verdict) -> str:
    """Write how many hits were filtered out and why, such as `3 by bots, 2 while paused`."""
    return formatting.enumerated(
        str(reason) % {"hits": formatting.exact(verdicts[verdict.label])}
        for verdict, reason in FILTERED_OUT.items()
        if verdicts.get(verdict.label) and verdict not in without
    )


def _visits(now: PeriodNumbers, earlier: EarlierNumbers | None) -> Figure:
    return Figure(
        "visits",
        _("Visits"),
        formatting.short(now.visits),
        now.visits,
        _("by readers, directly or through a proxy"),
        count_change(now.visits, earlier.visits, earlier.counts_label) if earlier else None,
    )


def _visitors(now: PeriodNumbers, earlier: EarlierNumbers | None) -> Figure:
    visitors = visible_visitors(now.visits, now.visitors)
    return Figure(
        "visitors",
        _("Visitors"),
        formatting.UNSEEN if visitors is None else formatting.short(visitors),
        now.visitors,
        _("readers we can tell apart, once a day each"),
        count_change(now.visitors, earlier.visitors, earlier.counts_label) if earlier else None,
    )


def _read_through(now: PeriodNumbers, earlier: EarlierNumbers | None) -> Figure:
    return Figure(
        "reading",
        _("Read-through"),
        read_through_share(now.reading),
        now.reading.finished,
        read_through_note(now.reading),
        share_change(now.reading.share, earlier.numbers.reading.share, earlier.label) if earlier else None,
    )


def _hidden(now: PeriodNumbers, earlier: EarlierNumbers | None) -> Figure:
    note = ngettext(
        "%(visits)s visit without country, device or visitor",
        "%(visits)s visits without country, device or visitor",
        now.proxied,
    ) % {"visits": formatting.exact(now.proxied)}
    return Figure(
        "hidden",
        _("Hidden by proxies"),
        formatting.UNSEEN if now.hidden is None else formatting.percent(now.hidden),
        now.proxied,
        note,
        share_change(now.hidden, earlier.numbers.hidden, earlier.label) if earlier else None,
    )


def _bots(now: PeriodNumbers, earlier: EarlierNumbers | None) -> Figure:
    others = filtered_out(now.verdicts, Verdict.BOT)
    change = None
    if earlier and earlier.so_far is None:  # bots are not known by the hour
        change = count_change(now.bots, earlier.numbers.bots, earlier.label)
    return Figure(
        "bots",
        _("Bots filtered out"),
        formatting.short(now.bots),
        now.bots,
        _others_words(now.verdicts) % {"others": others} if others else _("not counted as visits"),
        change,
    )


def _others_words(verdicts: Mapping[str, int]) -> str:
    """Return what to say of other hits that were filtered out, and of readings by members that can't be recognised."""
    if verdicts.get(Verdict.OWN.label):
        return _(
            "also filtered out: %(others)s. What members read through an image proxy or on another device is counted."
        )
    return _("also filtered out: %(others)s")
