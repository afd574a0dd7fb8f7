"""How long readers took from the start of an article to its end: the median, and how many took how long."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.classify.sites import Sites, sites_of
from collector.models import Pixel, Section
from collector.models.reading import AT_ONCE_SECONDS
from dashboard import formatting
from dashboard.report.panels.panel import Panel, PanelRow, make_row
from dashboard.report.panels.platforms import platform_bands, platform_label
from dashboard.visits.readings import Reading, whole_reading

# The lower bounds of the rows, in seconds. Each is one of `LOWER_BOUNDS`; they double, roughly.
ROWS = (3, 10, 30, 60, 120, 240, 480, 900, 1800)
FEWEST_FOR_MEDIAN = 5  # ends; the median of fewer would be that of a few readers


def reading_time_panel(pixel: Pixel, readings: Mapping[str, Reading]) -> Panel | None:
    """Show how long one article was read, by platform; None where no end tells. Reads `pixel.project`."""
    whole = whole_reading(readings)
    at_once = [slug for slug, reading in readings.items() if reading.comes_at_once]
    if not (whole.by_bound or whole.too_soon or whole.at_once or at_once):
        return None
    sites = sites_of(pixel.project.sites)
    rows = _rows(whole, readings, sites)
    notes = [_too_soon(pixel, whole), _together(whole), _untimed(whole), at_once_note(at_once, sites)]
    return Panel(
        "reading",
        Section.PLATFORMS.value,
        _("Reading time"),
        _("Visits that read to the end, by the time it took"),
        _("Time"),
        rows,
        len(rows),
        has_visitors=False,
        lead=_lead(whole),
        notes=[*filter(None, notes)],
    )


def median_text(reading: Reading) -> str:
    """Write the median reading time, such as `3 mins 20 secs`; a dash where too few read to the end."""
    seconds = _median_seconds(reading)
    if seconds is None:
        return formatting.UNSEEN
    if seconds >= ROWS[-1]:
        return _or_more(ROWS[-1])
    return formatting.duration(seconds)


def median_number(reading: Reading) -> int | None:
    """Return the median reading time in seconds for spreadsheets; None where too few read to the end."""
    seconds = _median_seconds(reading)
    return None if seconds is None else round(seconds)


def _median_seconds(reading: Reading) -> float | None:
    return reading.median_seconds if reading.by_bound.total() >= FEWEST_FOR_MEDIAN else None


def at_once_note(slugs: list[str], sites: Sites) -> str:
    """Say on which platforms the end pixel loads together with the start; empty where there is none."""
    if not slugs:
        return ""
    return ngettext(
        "%(platforms)s loads the end pixel together with the start, because it removes lazy loading or the article is "
        "too short. Read-through and reading time are unknown there.",
        "%(platforms)s load the end pixel together with the start, because they remove lazy loading or the article is "
        "too short. Read-through and reading time are unknown there.",
        len(slugs),
    ) % {"platforms": formatting.listed(sorted(platform_label(slug, sites) for slug in slugs))}


def _rows(whole: Reading, readings: Mapping[str, Reading], sites: Sites) -> list[PanelRow]:
    all_ends = whole.by_bound.total()
    by_row = [_ends_between(whole, *bounds) for bounds in _ranges()]
    rows = []
    for (shortest, longest), ends in zip(_ranges(), by_row, strict=True):
        if shortest == ROWS[0] and not ends:
            continue  # below the usual minimum
        of_platforms = Counter(
            {
                slug: _ends_between(reading, shortest, longest)
                for slug, reading in readings.items()
                if not reading.comes_at_once
            }
        )
        row = make_row(
            f"{shortest}",
            _label(shortest, longest),
            ends,
            0,
            all_visits=all_ends,
            most_visits=max(by_row),
            bands=platform_bands(+of_platforms, sites, ends / max(by_row)) if len(readings) > 1 and ends else (),
        )
        rows.append(row)
    return rows if all_ends else []


def _ranges() -> list[tuple[int, int]]:
    return [*pairwise(ROWS), (ROWS[-1], 0)]


def _ends_between(reading: Reading, shortest: int, longest: int) -> int:
    """Return how many took so many seconds; `longest` is not included, 0 stands for no limit."""
    return sum(
        ends for bound, ends in reading.by_bound.items() if bound >= shortest and (bound < longest or not longest)
    )


def _label(shortest: int, longest: int) -> str:
    if shortest == ROWS[0]:
        return _("under %(time)s") % {"time": formatting.duration(longest)}
    return formatting.durations(shortest, longest) if longest else _or_more(shortest)


def _or_more(seconds: int) -> str:
    return _("%(time)s or more") % {"time": formatting.duration(seconds)}


def _lead(whole: Reading) -> str:
    ends = whole.by_bound.total()
    if ends >= FEWEST_FOR_MEDIAN:
        return _("Median: %(time)s. Half of those who read to the end took less.") % {"time": median_text(whole)}
    if not ends:
        return ""
    return _("Fewer than %(number)s visits read to the end: too few for a median.") % {"number": FEWEST_FOR_MEDIAN}


def _too_soon(pixel: Pixel, whole: Reading) -> str:
    """Say when a visit counts as read to the end, and how many got there sooner."""
    if not (whole.by_bound or whole.too_soon):
        return ""
    rule = _("A visit counts as read to the end if it takes at least %(time)s to get there.") % {
        "time": formatting.duration(pixel.fewest_reading_seconds())
    }
    if not whole.too_soon:
        return rule
    sooner = ngettext(
        "%(visits)s visit got there sooner.",
        "%(visits)s visits got there sooner.",
        whole.too_soon,
    ) % {"visits": formatting.exact(whole.too_soon)}
    return f"{rule} {sooner}"


def _together(whole: Reading) -> str:
    if not whole.at_once:
        return ""
    return ngettext(
        "%(visits)s visit is left out: its browser loaded the end pixel within %(time)s, together with the start.",
        "%(visits)s visits are left out: their browsers loaded the end pixel within %(time)s, together with the start.",
        whole.at_once,
    ) % {"visits": formatting.exact(whole.at_once), "time": formatting.duration(AT_ONCE_SECONDS)}


def _untimed(whole: Reading) -> str:
    untimed = whole.finished - whole.by_bound.total()
    if untimed <= 0:
        return ""
    return ngettext(
        "%(visits)s more visit read to the end before reading times were counted.",
        "%(visits)s more visits read to the end before reading times were counted.",
        untimed,
    ) % {"visits": formatting.exact(untimed)}
