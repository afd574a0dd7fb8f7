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
from collector.programs.report import ProgramReport
from collector.spool.door_line import SpooledUse
from collector.spool.line import Line
from collector.spool.report_line import SpooledReport, SpooledRun
from collector.storage.bulk_sql import chunks, columns_from_json, fetch_for_rows
from collector.storage.door_counts import DoorCounts
from collector.storage.enrich import counts_until_us
from collector.storage.report_caps import CountingProgram, Named, ReportCaps, named_by
from collector.storage.report_counts import ReportCounts
from collector.storage.store import lock_pixels

ReportKey = tuple[int, int, str, int]  # project, pixel, day, id
INSERT_ROWS = 2_000  # in one statement: the text of all bodies is never in memory
_encode = msgspec.json.Encoder().encode

INSERT_POSTGRESQL = f"""
    /* reports.insert */
    INSERT INTO collector_report (project_id, pixel_id, date, id, body)
    SELECT project_id::int, pixel_id::int, date::date, id::bigint, body
    FROM {columns_from_json(5)} AS row (project_id, pixel_id, date, id, body)
    ON CONFLICT DO NOTHING
    RETURNING project_id, pixel_id, date::text, id
"""
INSERT_SQLITE = """
    /* reports.insert */
    INSERT INTO collector_report (project_id, pixel_id, date, id, body)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]')
    FROM json_each(%s) WHERE true
    ON CONFLICT DO NOTHING
    RETURNING project_id, pixel_id, date || '', id
"""


class ReportLine(NamedTuple):
    """What a program reported, and the line of the spool that it came from."""

    line: Line
    spooled: SpooledReport | SpooledRun | SpooledUse


class Reports:
    """Stores batches of reports. Remembers between them which values each day has."""

    def __init__(self) -> None:
        self._caps = ReportCaps()

    def forget(self) -> None:
        """Read again next time what was counted, because the last batch was not stored."""
        self._caps.forget()

    def store(self, lines: Sequence[ReportLine]) -> Counter[str]:
        """Store a batch and return how many of its lines are stored, by segment, including those stored before.

        Lines of deleted and retired programs, and of tokens that are no program's, are left out. Four statements, and
        one more for each `INSERT_ROWS` reports. Uses of other SDKs need three more.
        """
        if not lines:
            return Counter()
        self._caps.make_room()
        programs = _present(counting_programs({each.spooled.token for each in lines}))
        stored: Counter[str] = Counter()
        reports: dict[ReportKey, tuple[CountingProgram, ProgramReport]] = {}
        counts, doors = ReportCounts(self._caps), DoorCounts()
        for line, spooled in lines:
            program = programs.get(spooled.token)
            if program is None or spooled.at_us >= program.until_us:
                continue
            stored[line.segment] += 1
            if isinstance(spooled, SpooledRun):
                counts.add_run(program, spooled)
            elif isinstance(spooled, SpooledUse):
                doors.add(program, spooled)
            else:
                reports.setdefault(_key(program, spooled.body), (program, spooled.body))
        for key in _insert(reports):
            counts.add(*reports[key])
        doors.store(counts)
        counts.store()
        return stored


def counting_programs(tokens: set[str]) -> dict[str, CountingProgram]:
    """Return the programs of tokens. One query for each 900."""
    programs: dict[str, CountingProgram] = {}
    columns = ("token", "pk", "project_id", "retired_at", "declaration__text")
    for some in chunks(tokens):
        rows = Pixel.objects.filter(token__in=some, kind=Kind.APP).values_list(*columns)
        for token, pixel_id, project_id, retired_at, declaration in rows:
            programs[token] = _counting_program(pixel_id, project_id, retired_at, declaration)
    return programs


def _counting_program(
    pixel_id: int, project_id: int, retired_at: datetime | None, declaration: str | None
) -> CountingProgram:
    named = named_by(declaration) if declaration else Named()
    return CountingProgram(pixel_id, project_id, counts_until_us(retired_at), named)


def _present(programs: dict[str, CountingProgram]) -> dict[str, CountingProgram]:
    """Lock the programs, so that none is deleted meanwhile, and return those that exist."""
    present = lock_pixels({program.pixel_id for program in programs.values()})
    return {token: program for token, program in programs.items() if program.pixel_id in present}


def _key(program: CountingProgram, report: ProgramReport) -> ReportKey:
    return program.project_id, program.pixel_id, report.day, number_of_id(report.id)


def number_of_id(report_id: str) -> int:
    """Return the first 64 bits of an id on the wire, as a signed number."""
    return int.from_bytes(bytes.fromhex(report_id[:16]), signed=True)


def _insert(reports: dict[ReportKey, tuple[CountingProgram, ProgramReport]]) -> list[ReportKey]:
    """Insert reports and return the keys of those that were not there before. One statement for `INSERT_ROWS`."""
    new: list[ReportKey] = []
    for keys in chunks(sorted(reports), INSERT_ROWS):
        rows = [(*key, _encode(reports[key][1]).decode()) for key in keys]
        new += fetch_for_rows(INSERT_POSTGRESQL, INSERT_SQLITE, rows)
    return new
