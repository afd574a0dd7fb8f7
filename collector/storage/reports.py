"""Store what programs report: raw reports, each once, and what they count, in the caller's transaction.

A report is stored once, however often it was sent, and whichever drain stores it: its key is its program, its day and
its id. All drains lock rows in the same order (pixels, then reports, then counts, each sorted by key). So they may wait
for each other, but never deadlock.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from collector.models import Kind, Pixel
from collector.models.left_out import EXCESS
from collector.programs.report import ProgramReport, number_of_id
from collector.spool.door_line import SpooledUse
from collector.spool.line import Line
from collector.spool.report_line import OfProgram, SpooledFlood, SpooledReport, SpooledRun
from collector.storage.bulk_sql import chunks, columns_from_json, fetch_for_rows
from collector.storage.door_counts import DoorCounts
from collector.storage.enrich import counts_until_us
from collector.storage.left_out import LeftOuts, move_flood
from collector.storage.report_caps import CountingProgram, Named, ReportCaps, named_by
from collector.storage.report_counts import ReportCounts
from collector.storage.store import lock_pixels

ReportKey = tuple[int, int, str, int]  # project, pixel, day, id
INSERT_ROWS = 2_000  # in one statement: the text of all bodies is never in memory
_encode = msgspec.json.Encoder().encode

INSERT_POSTGRESQL = f"""
    /* reports.insert */
    INSERT INTO collector_report (project_id, pixel_id, date, id, body, left_out)
    SELECT project_id::int, pixel_id::int, date::date, id::bigint, body, left_out
    FROM {columns_from_json(6)} AS row (project_id, pixel_id, date, id, body, left_out)
    ON CONFLICT DO NOTHING
    RETURNING project_id, pixel_id, date::text, id
"""
INSERT_SQLITE = """
    /* reports.insert */
    INSERT INTO collector_report (project_id, pixel_id, date, id, body, left_out)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]')
    FROM json_each(%s) WHERE true
    ON CONFLICT DO NOTHING
    RETURNING project_id, pixel_id, date || '', id
"""


class ReportLine(NamedTuple):
    """What came from a program, and the line of the spool that it came from."""

    line: Line
    spooled: OfProgram


class CountingReport(NamedTuple):
    """A report and its program. `left_out` is the `what` of the `LeftOut` that it belongs to, empty for most."""

    program: CountingProgram
    body: ProgramReport
    left_out: str


class Reports:
    """Stores batches of reports. Remembers between them which values each day has."""

    def __init__(self) -> None:
        self._caps = ReportCaps()

    def forget(self) -> None:
        """Read again next time what was counted, because the last batch was not stored."""
        self._caps.forget()

    def store(self, lines: Sequence[ReportLine]) -> Counter[str]:
        """Store a batch and return how many of its lines are stored, by segment, including those stored before.

        Lines of deleted and retired programs, and of tokens that are no program's, are left out. Five statements, one
        more for each `INSERT_ROWS` reports, and some for what is left out. Uses of other SDKs need three more.
        """
        if not lines:
            return Counter()
        self._caps.make_room()
        programs = _present(counting_programs({each.spooled.token for each in lines}))
        stored: Counter[str] = Counter()
        counts, doors = ReportCounts(self._caps), DoorCounts()
        spooled_reports: list[tuple[CountingProgram, SpooledReport]] = []
        flood: set[ReportKey] = set()
        for line, spooled in lines:
            program = programs.get(spooled.token)
            if program is None or spooled.at_us >= program.until_us:
                continue
            stored[line.segment] += 1
            if isinstance(spooled, SpooledRun):
                counts.add_run(program, spooled)
            elif isinstance(spooled, SpooledUse):
                doors.add(program, spooled)
            elif isinstance(spooled, SpooledFlood):
                flood.update((program.project_id, program.pixel_id, *name) for name in spooled.reports)
            else:
                spooled_reports.append((program, spooled))
        self._store_reports(spooled_reports, flood, doors, counts)
        return stored

    def _store_reports(
        self,
        spooled: list[tuple[CountingProgram, SpooledReport]],
        flood: set[ReportKey],
        doors: DoorCounts,
        counts: ReportCounts,
    ) -> None:
        """Store reports and what they count. Those of a `flood` that are stored already are moved first."""
        move_flood(flood)
        days = [*((program, each.body.day) for program, each in spooled), *doors.days()]
        programs = {program.pixel_id: program for program, _ in days}
        left_outs = LeftOuts(programs.values(), min((day for _, day in days), default=""))
        reports: dict[ReportKey, CountingReport] = {}
        for program, each in spooled:
            key = _key(program, each.body)
            is_excess = each.is_excess or key in flood
            what = EXCESS if is_excess else left_outs.what_of(program.pixel_id, each.body)
            reports.setdefault(key, CountingReport(program, each.body, what))
        for key in _insert(reports):
            program, body, what = reports[key]
            if not what or left_outs.add(program, body, what):
                counts.add(program, body)
        doors.store(counts, left_outs)
        counts.store()
        left_outs.store()


def counting_programs(tokens: set[str]) -> dict[str, CountingProgram]:
    """Return the programs of tokens. One query for each 900."""
    programs: dict[str, CountingProgram] = {}
    columns = ("token", "pk", "project_id", "retired_at", "declaration__text", "declaration__releases")
    for some in chunks(tokens):
        rows = Pixel.objects.filter(token__in=some, kind=Kind.APP).values_list(*columns)
        for token, pixel_id, project_id, retired_at, *declaration in rows:
            programs[token] = _counting_program(pixel_id, project_id, retired_at, *declaration)
    return programs


def _counting_program(
    pixel_id: int, project_id: int, retired_at: datetime | None, declaration: str | None, releases: str | None
) -> CountingProgram:
    named = named_by(declaration, releases or "") if declaration else Named()
    return CountingProgram(pixel_id, project_id, counts_until_us(retired_at), named)


def _present(programs: dict[str, CountingProgram]) -> dict[str, CountingProgram]:
    """Lock the programs, so that none is deleted meanwhile, and return those that exist."""
    present = lock_pixels({program.pixel_id for program in programs.values()})
    return {token: program for token, program in programs.items() if program.pixel_id in present}


def _key(program: CountingProgram, report: ProgramReport) -> ReportKey:
    return program.project_id, program.pixel_id, report.day, number_of_id(report.id)


def _insert(reports: dict[ReportKey, CountingReport]) -> list[ReportKey]:
    """Insert reports and return the keys of those that were not there before. One statement for `INSERT_ROWS`."""
    new: list[ReportKey] = []
    for keys in chunks(sorted(reports), INSERT_ROWS):
        rows = [(*key, _encode(reports[key].body).decode(), reports[key].left_out) for key in keys]
        new += fetch_for_rows(INSERT_POSTGRESQL, INSERT_SQLITE, rows)
    return new
