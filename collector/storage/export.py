"""Export raw hits and counts: one row each, with the field names of the README.

Rows become lines, and each line is written or sent as soon as it is made: at most `STEP_ROWS` hits are in memory.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from django.db.models import Q, QuerySet

from collector.models import DailyCount, Dimension, Evidence, Hit, Pixel, Position, Project, Traffic, Verdict

ExportRow = dict[str, Any]
_KeyOfHit = tuple[datetime, int]  # within its project: moment and id

BYTE_ORDER_MARK = "\ufeff"
STEP_ROWS = 2_000  # hits that one query looks at
CHUNK_ROWS = 5_000
FIELDS = (
    "id", "at", "pixel", "token", "kind", "placement", "platform", "position", "traffic", "verdict", "page",
    "country", "language", "device", "browser", "os", "visitor", "event", "version", "properties",
    "evidence", "reading_seconds",
)  # fmt: skip
COUNT_FIELDS = ("date", "pixel", "token", "platform", "dimension", "value", "hits", "visitors")

_COLUMNS = (
    "id", "at", "pixel__title", "pixel__token", "pixel__kind", "placement", "platform", "position", "traffic",
    "verdict", "page__url", "country", "language", "user_agent__device", "user_agent__browser", "user_agent__os",
    "visitor", "event", "version", "properties", "evidence", "reading_seconds",
)  # fmt: skip
_POSITIONS, _TRAFFIC, _VERDICTS, _EVIDENCE, _DIMENSIONS = (
    {int(member): str(member.label) for member in choices}
    for choices in (Position, Traffic, Verdict, Evidence, Dimension)
)
_BY_PIXEL = {
    int(dimension) for dimension in (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED, Dimension.AT_ONCE)
}
_SIGNS = "[=+@\uff1d\uff0b\uff0d\uff20-]"  # begin a formula, also as the full-width characters of Japanese keyboards
_FORMULA = re.compile(rf"\s*{_SIGNS}|[\t\r\n]")
# A formula in another cell, if the program separates cells by tabs, or by semicolons as German Excel does.
_LATER_FORMULA = re.compile(rf"""[;\t\r\n](?<!^[\t\r\n])[\s"]*(?={_SIGNS})""")


def hit_rows(
    project: Project, since: datetime | None = None, until: datetime | None = None, *, pixel: Pixel | None = None
) -> Iterator[ExportRow]:
    """Yield hits of `[since, until)` of a project, or of one of its pixels, as rows of `FIELDS`, oldest first.

    `id` and `visitor` are 16 hexadecimal digits, because not every JSON reader can hold such large numbers. Unknown
    values are None. Two queries for `STEP_ROWS` hits: no cursor stays open, and the search ends when you stop reading.
    """
    for hits_of_project in _steps(project, since, until):
        hits = hits_of_project.filter(pixel=pixel) if pixel else hits_of_project
        # On Citus, pixels are sent to where the hits are: only those of this project.
        for values in hits.filter(pixel__project=project).values_list(*_COLUMNS):
            row = dict(zip(FIELDS, values, strict=True))
            at, visitor = row["at"], row["visitor"]
            yield {field: None if value == "" else value for field, value in row.items()} | {
                "id": f"{row['id']:016x}",
                "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
                "position": _POSITIONS[row["position"]],
                "traffic": _TRAFFIC[row["traffic"]],
                "verdict": _VERDICTS[row["verdict"]],
                "visitor": None if visitor is None else f"{visitor & 0xFFFF_FFFF_FFFF_FFFF:016x}",
                "evidence": _EVIDENCE[row["evidence"]],
            }


def _steps(project: Project, since: datetime | None, until: datetime | None) -> Iterator[QuerySet[Hit]]:
    """Cut the hits of a project into steps of `STEP_ROWS`. One query for each step, which reads only the index.

    A step is cut from all hits of the project, not of one pixel: pixels have no index, and a query for the next hits of
    a pixel with few would read to the end of the table. Each condition on the moment is there only once and outside any
    "or": if there are two, SQLite may search its index by the wider one, and then every step begins at the first hit.
    """
    hits = Hit.objects.filter(project=project).order_by("at", "id")
    lower_bound = Q(at__gte=since) if since else Q()
    upper_bound = Q(at__lt=until) if until else Q()
    while True:
        rest = hits.filter(lower_bound, upper_bound)
        last: _KeyOfHit | None = rest.values_list("at", "id")[STEP_ROWS - 1 : STEP_ROWS].first()
        if last is None:
            yield rest
            return
        at, hit_id = last
        yield hits.filter(lower_bound, Q(at__lt=at) | Q(id__lte=hit_id), at__lte=at)
        lower_bound = Q(Q(at__gt=at) | Q(id__gt=hit_id), at__gte=at)


def count_rows(project: Project, since: date | None = None, until: date | None = None) -> Iterator[ExportRow]:
    """Yield the counts of a project on the days `[since, until)` as rows of `COUNT_FIELDS`, oldest first.

    `pixel` and `token` are None in counts of the whole project, `platform` is None in counts of all platforms. A value
    that is the id of a pixel becomes its token. Two queries, streamed.
    """
    pixels = {pk: (title, token) for pk, title, token in project.pixels.values_list("pk", "title", "token")}
    tokens = {str(pk): token for pk, (_, token) in pixels.items()}
    counts = DailyCount.objects.filter(project=project).order_by(
        "date", "pixel_id", "dimension", "platform", "value"
    )  # the order of the key
    if since:
        counts = counts.filter(date__gte=since)
    if until:
        counts = counts.filter(date__lt=until)
    columns = ("date", "pixel_id", "platform", "dimension", "value", "hits", "visitors")
    for day, pixel_id, platform, dimension, value, hits, visitors in counts.values_list(*columns).iterator(CHUNK_ROWS):
        title, token = pixels.get(pixel_id, (None, None))
        yield {
            "date": day.isoformat(),
            "pixel": title,
            "token": token,
            "platform": platform or None,
            "dimension": _DIMENSIONS[dimension],
            "value": tokens.get(value, value) if dimension in _BY_PIXEL else value or None,
            "hits": hits,
            "visitors": visitors,
        }


def json_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yield each row as a JSON object on a line of its own."""
    for row in rows:
        yield msgspec.json.encode(row).decode() + "\n"


def csv_lines(fields: Sequence[str], rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yield a header line and a line for each row, as `table_lines` does."""
    return table_lines(fields, ([row[field] for field in fields] for row in rows))


def table_lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a header and rows as CSV (RFC 4180). Every CSV of ours is made here.

    It is for people with a spreadsheet: programs have JSON Lines and the API. So it begins with a byte-order mark,
    without which Excel garbles every letter that is not ASCII; LibreOffice, pandas, R and SQLite skip it. And cells
    that a spreadsheet would run as a formula are neutralised.
    """
    writer = csv.writer(_Line())  # it ends lines with CR and LF, and quotes cells that contain either
    yield BYTE_ORDER_MARK + writer.writerow(map(spreadsheet_cell, header))
    for row in rows:
        yield writer.writerow(map(spreadsheet_cell, row))


def spreadsheet_cell(value: Any) -> str:
    """Return a value as text, with an apostrophe before what a spreadsheet would run (OWASP, CSV Injection)."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return json.dumps(value)  # a negative number is not a formula
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isalnum():  # most cells are plain words, and this test is faster
        return text
    neutral = _LATER_FORMULA.sub(r"\g<0>'", text)
    return f"'{neutral}" if _FORMULA.match(text) else neutral


class _Line:
    """A file for `csv.writer` that returns each line instead of writing it."""

    def write(self, line: str) -> str:
        return line
