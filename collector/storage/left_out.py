"""Reports that are stored but left out of all figures: which ones, and what they would count.

Networks that send more than counts, and what an owner leaves out because it looks made up: see `LeftOut`. What such
reports count is not in `ReportCount`, so no page, file or publication has to know of them. It is in `LeftOutCount`, so
each decision can be undone at any time.

A `LeftOut` is changed under a lock that drains wait for, and drains read the `LeftOut`s of a program after they have
locked it. So no report slips through between two decisions.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from django.db.models import QuerySet
from django.utils import timezone

from collector.models import INSTALLED, LeftOut, LeftOutCount, Project, Report, ReportCount, ReportDimension
from collector.models.left_out import EXCESS, FIELDS, NEW_ONES
from collector.programs.forms import OTHER
from collector.programs.report import ProgramReport
from collector.storage.bulk_sql import chunks, columns_from_json, write_rows
from collector.storage.report_caps import UPGRADE_OF_OTHERS, CountingProgram, Named, ReportCaps
from collector.storage.report_counts import CountRow, ReportCounts, add_counts

_INSTALLED = frozenset(str(driver.label) for driver in INSTALLED)
decode_report = msgspec.json.Decoder(ProgramReport).decode

_UPSERT = """
    /* left_out.upsert */
    INSERT INTO collector_leftoutcount
        (project_id, pixel_id, day, what, dimension, date, driver, value, gap, reports, number)
    {rows}
    ON CONFLICT (project_id, pixel_id, day, what, dimension, date, driver, value, gap) DO UPDATE SET
        reports = collector_leftoutcount.reports + excluded.reports,
        number = collector_leftoutcount.number + excluded.number
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT project_id::int, pixel_id::int, day::date, what, dimension::smallint, date::date, driver::smallint,"
    " value, gap::smallint, reports::int, number::bigint"
    f" FROM {columns_from_json(11)}"
    " AS row (project_id, pixel_id, day, what, dimension, date, driver, value, gap, reports, number)"
)
UPSERT_SQLITE = _UPSERT.format(rows="VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)")
_CELL = ("dimension", "date", "driver", "value", "gap")  # what a count of a program is of
_NUMBERS = ("reports", "number")


class Key(NamedTuple):
    """The key of a `LeftOut`. `day` is in ISO 8601."""

    project_id: int
    pixel_id: int
    day: str
    what: str


class _Uncapped(ReportCaps):
    """Counts each value as itself."""

    def admitted(self, program: CountingProgram, day: str, driver: int, dimension: int, value: str) -> str:
        return value

    def admitted_pair(self, program: CountingProgram, day: str, driver: int, before: str, after: str) -> str:
        return f"{before}>{after}"

    def admitted_property(self, program: CountingProgram, day: str, driver: int, path: str, value: str) -> str:
        return f"{path}={value}"


class LeftOuts:
    """What is left out of the reports of some programs, in one batch of a drain that has locked them.

    `first_day` is the first one that a report is of, in ISO 8601. One query; none if it is empty: there are no reports.
    """

    def __init__(self, programs: Collection[CountingProgram], first_day: str) -> None:
        self._rules: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._taken_back: set[tuple[int, str]] = set()
        self._counts: dict[Key, ReportCounts] = {}
        if not first_day:
            return
        rows = LeftOut.objects.filter(
            project_id__in={program.project_id for program in programs},  # the key begins with it
            pixel_id__in={program.pixel_id for program in programs},
            date__gte=first_day,
        )
        for pixel_id, day, what, is_out in rows.values_list("pixel_id", "date", "what", "is_out"):
            if what != EXCESS and is_out:
                self._rules[pixel_id, day.isoformat()].append(what)
            elif what == EXCESS and not is_out:
                self._taken_back.add((pixel_id, day.isoformat()))

    def what_of(self, pixel_id: int, report: ProgramReport) -> str:
        """Return which rule of an owner leaves a report out, an empty text if none does."""
        rules = self._rules.get((pixel_id, report.day), ())
        return next((what for what in rules if matches(what, report)), "")

    def add(self, program: CountingProgram, report: ProgramReport, what: str) -> bool:
        """Count a report with what is left out. Return whether it counts in the figures, too."""
        self.counts_of(program, report.day, what).add(program, report)
        return what == EXCESS and self.counts_excess(program, report.day)

    def counts_of(self, program: CountingProgram, day: str, what: str) -> ReportCounts:
        """Return what is left out of a program and a day. What is added to it is stored by `store`."""
        key = Key(program.project_id, program.pixel_id, day, what)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = ReportCounts(ReportCaps(_counts_of(key)))
        return counts

    def counts_excess(self, program: CountingProgram, day: str) -> bool:
        """Whether an owner lets the excess of a day count in the figures, too."""
        return (program.pixel_id, day) in self._taken_back

    def store(self) -> None:
        """Add everything to the table, in the caller's transaction. No statement without any, else two."""
        _note_excess(key for key in self._counts if key.what == EXCESS)
        _add_left_out({key: counts.rows() for key, counts in self._counts.items()})


def matches(what: str, report: ProgramReport) -> bool:
    """Whether an owner's rule leaves a report out, if it is of the rule's day. Only installations are left out."""
    if report.driver not in _INSTALLED:
        return False
    if what == NEW_ONES:
        return report.gap is None
    field, _, value = what.partition("=")
    return field in FIELDS and getattr(report, field) == value


def move_flood(names: Iterable[tuple[int, int, str, int]]) -> None:
    """Move stored reports to the excess of their days, in the transaction of a drain that has locked their programs.

    They are named by project, pixel, day and id. Some queries for each day of a program.
    """
    by_day: dict[Key, list[int]] = defaultdict(list)
    for project_id, pixel_id, day, number in names:
        by_day[Key(project_id, pixel_id, day, EXCESS)].append(number)
    _note_excess(by_day)
    for key, numbers in sorted(by_day.items()):
        reports: list[Report] = []
        for some in chunks(sorted(numbers)):
            of_day = Report.objects.filter(project_id=key.project_id, pixel_id=key.pixel_id, date=key.day, left_out="")
            reports += of_day.filter(id__in=some).order_by("id").select_for_update()
        if reports:
            move(key, reports, is_out=LeftOut.objects.filter(**of_key(key)).values_list("is_out", flat=True).get())
    for project_id in sorted({key.project_id for key in by_day}):  # tells caches of counts that theirs are out of date
        Project.objects.filter(pk=project_id).update(recounted_at=timezone.now())


def move(key: Key, reports: Sequence[Report], *, is_out: bool) -> None:
    """Let raw reports of one program and day belong to a `LeftOut`, in the caller's transaction.

    They may belong to others of that day that were taken back, which then lose them.
    """
    by_former: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_former[report.left_out].append(report)
    for former, some in sorted(by_former.items()):
        rows = _rows_of(key, some)
        if former:
            former_key = key._replace(what=former)
            former_rows = _found(_counts_of(former_key), rows)
            _add_left_out({former_key: negative(former_rows)})
            _counts_of(former_key).filter(reports=0, number=0).delete()
        if is_out:
            rows = take_from_figures(rows)
        _add_left_out({key: rows})
    of_day = Report.objects.filter(project_id=key.project_id, pixel_id=key.pixel_id, date=key.day)
    for ids in chunks(report.id for report in reports):
        of_day.filter(id__in=ids).update(left_out=key.what)


def take_from_figures(rows: Sequence[CountRow]) -> list[CountRow]:
    """Take counts away from the figures, and return what was taken. Counts that reach 0 are deleted."""
    if not rows:
        return []
    taken = _found(_figures_of(rows), rows)
    add_counts(negative(taken))
    _figures_of(rows).filter(reports=0, number=0).delete()
    return taken


def negative(rows: Sequence[CountRow]) -> list[CountRow]:
    return [row._replace(reports=-row.reports, number=-row.number) for row in rows]


def rows_of_counts(key: Key) -> list[CountRow]:
    """Return what a `LeftOut` counts, sorted as a drain writes counts. One query."""
    counts = _counts_of(key).values_list(*_CELL, *_NUMBERS)
    return sorted(
        CountRow(key.project_id, key.pixel_id, dimension, day.isoformat(), *rest) for dimension, day, *rest in counts
    )


def of_key(key: Key) -> dict[str, object]:
    """Return the conditions of the `LeftOut` with this key."""
    return {"project_id": key.project_id, "pixel_id": key.pixel_id, "date": key.day, "what": key.what}


def _counts_of(key: Key) -> QuerySet[LeftOutCount]:
    return LeftOutCount.objects.filter(project_id=key.project_id, pixel_id=key.pixel_id, day=key.day, what=key.what)


def _note_excess(keys: Iterable[Key]) -> None:
    """Create the `LeftOut`s of excess that are not there yet."""
    rows = [LeftOut(**of_key(key)) for key in sorted(keys)]
    if rows:
        LeftOut.objects.bulk_create(rows, ignore_conflicts=True)


def _add_left_out(rows_by_key: dict[Key, list[CountRow]]) -> None:
    rows = [
        (project_id, pixel_id, key.day, key.what, *cell)
        for key, rows_of_key in rows_by_key.items()
        for project_id, pixel_id, *cell in rows_of_key
    ]
    write_rows(UPSERT_POSTGRESQL, UPSERT_SQLITE, sorted(rows))


def _rows_of(key: Key, reports: Iterable[Report]) -> list[CountRow]:
    """Return what raw reports count if no value is capped."""
    counts = ReportCounts(_Uncapped())
    program = CountingProgram(key.pixel_id, key.project_id, 0, Named())
    for report in reports:
        counts.add(program, decode_report(report.body))
    return counts.rows()


def _found(counts: QuerySet[Any], rows: Sequence[CountRow]) -> list[CountRow]:
    """Return what can be taken from counts. A value that was capped when it was counted is taken from `other`.

    So no count ever falls below 0.
    """
    present = {
        (dimension, day.isoformat(), driver, value, gap): [reports, number]
        for dimension, day, driver, value, gap, reports, number in counts.order_by(*_CELL)
        .select_for_update()
        .values_list(*_CELL, *_NUMBERS)
    }
    taken: dict[tuple[int, str, int, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        wanted = [row.reports, row.number]
        for value in (row.value, _capped(row.dimension, row.value)):
            cell = (row.dimension, row.date, row.driver, value, row.gap)
            left, sums = present.get(cell, [0, 0]), taken[cell]
            for index in (0, 1):
                number = min(left[index], wanted[index])
                left[index] -= number
                wanted[index] -= number
                sums[index] += number
    project_id, pixel_id = rows[0].project_id, rows[0].pixel_id
    return [CountRow(project_id, pixel_id, *cell, *sums) for cell, sums in sorted(taken.items()) if any(sums)]


def _capped(dimension: int, value: str) -> str:
    """Return what a value counts as over its cap."""
    if dimension == ReportDimension.UPGRADE:
        return UPGRADE_OF_OTHERS
    if dimension == ReportDimension.PROPERTY:
        return f"{value.partition('=')[0]}={OTHER}"
    return OTHER


def _figures_of(rows: Sequence[CountRow]) -> QuerySet[ReportCount]:
    """Return the figures of the days and dimensions of rows, all of one program."""
    return ReportCount.objects.filter(
        project_id=rows[0].project_id,
        pixel_id=rows[0].pixel_id,
        dimension__in={row.dimension for row in rows},
        date__in={date.fromisoformat(row.date) for row in rows},
        driver__in={row.driver for row in rows},
    )
