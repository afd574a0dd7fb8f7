"""Days of programs that stand out: far more new installations than before, or reports of one version, system, country.

What stands out may be a success or made up. Nobody but the owner can tell, so a day is only marked: as a `LeftOut` that
nobody has decided about. It goes away by itself if the day does not stand out any more.

The rule is robust: a day is compared with the median of the four weeks before it, and with how much these weeks vary
(the median absolute deviation, MAD; Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", 1993). One
earlier spike changes neither much. Few installations and few days say nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import NamedTuple

import msgspec
from django.db.models import Q, Sum

from collector.models import INSTALLED, Declaration, Kind, LeftOut, Pixel, ReportCount, ReportDimension
from collector.models.left_out import EXCESS, NEW_ONES
from collector.models.programs import KEPT_DAYS, NEW
from collector.programs.declaring import declared_program
from collector.programs.forms import OTHER
from collector.programs.program import Program

DAY = timedelta(days=1)
EARLIER_DAYS = 28
FEWEST_DAYS = 14  # of these, since the first report
FEWEST = 20  # installations above the usual number
TIMES = 6  # the usual variation; a normal distribution exceeds 3 on one day of 740
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
SHOWN_SHARE = 0.5  # of new installations, by one value: what they are made up of
RELEASE_DAYS = 60  # for which a version that was released may be taken up fast
_VALUES = (ReportDimension.VERSION, ReportDimension.OS, ReportDimension.COUNTRY)
_DETAILS = (*_VALUES, ReportDimension.ARCH, ReportDimension.RUNTIME)

ByDay = Mapping[date, int]


class Spike(NamedTuple):
    """A day that stands out. `what` is as in `LeftOut`."""

    day: date
    what: str
    reports: int
    usual: int


def standing_out(what: str, by_day: ByDay, days: Sequence[date], first_day: date) -> list[Spike]:
    """Return those of `days` that stand out. `by_day` has the days before them, too; a missing day counts 0."""
    spikes = []
    for day in days:
        earlier = [day - number * DAY for number in range(1, EARLIER_DAYS + 1)]
        numbers = [by_day.get(one, 0) for one in earlier if one >= first_day]
        if len(numbers) < FEWEST_DAYS:
            continue
        usual = median(numbers)
        variation = MAD_TO_DEVIATION * median(abs(number - usual) for number in numbers)
        number = by_day.get(day, 0)
        if number - usual >= max(FEWEST, usual, TIMES * variation):
            spikes.append(Spike(day, what, number, round(usual)))
    return spikes


def find_spikes(now: datetime) -> Iterator[int]:
    """Mark the days that stand out, of a program at each step, which yields how many there are."""
    declarations = Declaration.objects.filter(pixel__retired_at=None, pixel__kind=Kind.APP)
    pixels = Pixel.objects.filter(pk__in=declarations.values("pixel_id")).select_related("declaration")
    for pixel in pixels.order_by("pk"):
        yield mark_spikes(pixel, now)


def mark_spikes(pixel: Pixel, now: datetime) -> int:
    """Mark the days of a program that stand out, and remove the marks of those that don't any more.

    Marks of older days stay. Five queries at most, and one for each day with many new installations.
    """
    today = now.astimezone(UTC).date()
    first = today - (KEPT_DAYS - 1) * DAY
    program = declared_program(pixel)
    spikes = _spikes(pixel, program, first, today) if program else []
    marked = LeftOut.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk, date__gte=first)
    rows = marked.exclude(what=EXCESS)
    decided = set(rows.exclude(decided_at=None).values_list("date", "what"))
    undecided = set(rows.filter(decided_at=None).values_list("date", "what"))
    marks = [spike for spike in spikes if (spike.day, spike.what) not in decided]
    for day, what in undecided - {(spike.day, spike.what) for spike in marks}:
        rows.filter(date=day, what=what, decided_at=None).delete()
    LeftOut.objects.bulk_create([_row(pixel, spike) for spike in marks], ignore_conflicts=True)
    for spike in marks:
        if (spike.day, spike.what) in undecided:
            rows.filter(date=spike.day, what=spike.what, decided_at=None).update(reports=spike.reports)
    return len(marks)


def _spikes(pixel: Pixel, program: Program, first: date, today: date) -> list[Spike]:
    """Return the days from `first` to `today` that stand out. Two queries."""
    counts = ReportCount.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk)
    first_day = counts.filter(dimension=ReportDimension.ACTIVE).order_by("date").values_list("date", flat=True).first()
    if first_day is None:
        return []
    first = max(first_day, first)
    days = [first + number * DAY for number in range((today - first).days + 1)]
    sums = (
        counts.filter(
            Q(dimension=ReportDimension.ACTIVE, gap=NEW) | Q(dimension__in=_VALUES),
            date__gte=first - EARLIER_DAYS * DAY, date__lte=today, driver__in=INSTALLED,
        ).values("dimension", "date", "value").annotate(sum=Sum("reports"))
    )  # fmt: skip
    series: dict[str, dict[date, int]] = defaultdict(dict)
    for dimension, day, value, reports in sums.values_list("dimension", "date", "value", "sum"):
        series[_what(dimension, value)][day] = reports
    return [
        spike
        for what, by_day in sorted(series.items())
        if what
        for spike in standing_out(what, by_day, days, first_day)
        if not _is_release(program, spike)
    ]


def _what(dimension: int, value: str) -> str:
    """Return what a count is of, as `LeftOut` names it; empty for values that stand for several."""
    if dimension == ReportDimension.ACTIVE:
        return NEW_ONES
    return f"{ReportDimension(dimension).label}={value}" if value not in {"", OTHER} else ""


def _is_release(program: Program, spike: Spike) -> bool:
    """Whether a version was released shortly before: then it is no wonder that many take it up."""
    field, _, version = spike.what.partition("=")
    if field != "version":
        return False
    released = program.versions.released.get(version)
    if released is None:
        return version == program.versions.newest
    return released <= spike.day <= released + RELEASE_DAYS * DAY


def _row(pixel: Pixel, spike: Spike) -> LeftOut:
    return LeftOut(
        project_id=pixel.project_id, pixel_id=pixel.pk, date=spike.day, what=spike.what, is_out=False,
        reports=spike.reports, usual=spike.usual, made_up_of=msgspec.json.encode(_made_up_of(pixel, spike)).decode(),
    )  # fmt: skip


def _made_up_of(pixel: Pixel, spike: Spike) -> list[tuple[str, str, int]]:
    """Return the values that most new installations of a day have. One query; none for other spikes."""
    if spike.what != NEW_ONES:
        return []
    counts = ReportCount.objects.filter(
        project_id=pixel.project_id, pixel_id=pixel.pk, dimension__in=_DETAILS, date=spike.day, gap=NEW,
        driver__in=INSTALLED,
    ).values("dimension", "value").annotate(sum=Sum("reports"))  # fmt: skip
    return [
        (str(ReportDimension(dimension).label), value, reports)
        for dimension, value, reports in counts.order_by("dimension", "-sum").values_list("dimension", "value", "sum")
        if value and reports >= SHOWN_SHARE * spike.reports
    ]
