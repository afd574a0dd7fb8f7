"""What a badge says: its label, its message, and how both are spoken."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from collector.badges.colours import LABEL, MESSAGE, PROBLEM
from collector.badges.figures import Figures
from collector.badges.options import (
    ALL,
    INSTALLATIONS,
    NEWEST_SHARE,
    OF_ARTICLES,
    OF_PROGRAMS,
    VERSION,
    VISITORS,
    VISITS,
    Options,
)
from collector.badges.svg import Badge
from collector.numbers import SOURCE, exact, percent, short

UNSEEN = "–"  # in place of a number that we can't know now
NOT_COUNTED, NOT_PUBLIC, NOT_DECLARED, NOT_FOUND = "not counted", "not public", "not declared", "not found"
_LABELS = {
    VISITS: "visits",
    VISITORS: "visitors",
    INSTALLATIONS: "installations",
    VERSION: "version",
    NEWEST_SHARE: "on the newest version",
}
_PER = {ALL: "", "30d": "/month", "7d": "/week"}  # as on badges of downloads
_SPOKEN_PER = {ALL: "", "30d": " in 30 days", "7d": " in 7 days"}


class Message(NamedTuple):
    """What stands on the right, and how it is spoken: with all digits. `is_problem` if it is no number or version."""

    text: str
    spoken: str
    is_problem: bool = False


class Known(NamedTuple):
    """What is known of a pixel when its badge is drawn. `newest` is the version that a program declares, or empty.

    `figures` is None if the database did not answer in time, or if the badge needs none.
    """

    is_program: bool
    newest: str = ""
    figures: Figures | None = None


def show_of(options: Options, *, is_program: bool) -> str:
    """Return what a badge shows: what its address names, or what suits the pixel."""
    return options.show or (INSTALLATIONS if is_program else VISITS)


def needs_figures(options: Options, *, is_program: bool) -> bool:
    """Whether a badge needs numbers from the database."""
    show = show_of(options, is_program=is_program)
    return show in ((INSTALLATIONS, NEWEST_SHARE) if is_program else OF_ARTICLES)


def message_of(options: Options, known: Known) -> Message:
    """Return what a badge says."""
    show = show_of(options, is_program=known.is_program)
    if show not in (OF_PROGRAMS if known.is_program else OF_ARTICLES):
        return _problem(NOT_COUNTED if show in _LABELS else "unknown")
    if show == VERSION:
        return Message(f"v{known.newest}", known.newest) if known.newest else _problem(NOT_DECLARED)
    if show == NEWEST_SHARE and not known.newest:
        return _problem(NOT_DECLARED)
    if known.figures is None:
        return _problem(UNSEEN, "unknown at the moment")
    if show not in known.figures.public:
        return _problem(NOT_PUBLIC)
    if show == NEWEST_SHARE:
        return _share(known.figures.shares or {}, known.newest)
    number = getattr(known.figures, show)
    if number is None:
        return _problem(UNSEEN, "hidden by image proxies" if show == VISITORS else "not known yet")
    number = max(0, number + options.base)
    period = ALL if show == INSTALLATIONS else options.range
    return Message(short(number, SOURCE) + _PER[period], exact(number, SOURCE) + _SPOKEN_PER[period])


def _share(shares: Mapping[str, float], newest: str) -> Message:
    if newest not in shares:  # merged with others, because few have it
        return _problem(UNSEEN, "not known yet")
    text = percent(shares[newest], SOURCE)
    return Message(text, text)


def _problem(text: str, spoken: str = "") -> Message:
    return Message(text, spoken or text, is_problem=True)


def label_of(options: Options, *, is_program: bool) -> str:
    """Return the label of a badge. For a word that we don't know, it names what is wrong with the address."""
    if options.label is not None:
        return options.label
    return _LABELS.get(show_of(options, is_program=is_program), "show")


@lru_cache(512)
def badge_of(options: Options, label: str, message: Message) -> Badge:
    """Return what to draw."""
    color = PROBLEM if message.is_problem else options.color or MESSAGE
    return Badge(
        label=label,
        message=message.text,
        spoken=f"{label}: {message.spoken}" if label else message.spoken,
        style=options.style,
        color=color,
        label_color=options.label_color or LABEL,
        splits=bool(options.label_color),
        logo=options.logo,
        logo_color=options.logo_color,
    )
