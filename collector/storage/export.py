"""Raw hits and counts on their way out: one row each, fields as design and README name them.

Rows become lines, and lines are written or sent as they are made: nothing here holds more than `STEP_ROWS` hits.
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

Row = dict[str, Any]
_Place = tuple[datetime, int]  # of a hit, among those of its project

STEP_ROWS = 2_000  # hits that one query looks at
CHUNK_ROWS = 5_000
FIELDS = (
    "id", "at", "pixel", "token", "kind", "placement", "platform", "position", "traffic", "verdict", "page",
    "country", "language", "device", "browser", "os", "visitor", "event", "version", "properties",
    "evidence",
)  # fmt: skip
COUNT_FIELDS = ("date", "pixel", "token", "platform", "dimension", "value", "hits", "visitors")

_COLUMNS = (
    "id", "at", "pixel__title", "pixel__token", "pixel__kind", "placement", "platform", "position", "traffic",
    "verdict", "page__url", "country", "language", "user_agent__device", "user_agent__browser", "user_agent__os",
    "visitor", "event", "version", "properties", "evidence",
)  # fmt: skip
_POSITIONS, _TRAFFIC, _VERDICTS, _EVIDENCE, _DIMENSIONS = (
    {int(member): str(member.label) for member in choices}
    for choices in (Position, Traffic, Verdict, Evidence, Dimension)
)
_BY_PIXEL = {int(dimension) for dimension in (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED)}
_SIGNS = "[=+@\uff1d\uff0b\uff0d\uff20-]"  # of a formula, as Japanese keyboards write them too
_FORMULA = re.compile(rf"\s*{_SIGNS}|[\t\r\n]")
# Where a cell would begin if they were separated by semicolons, as in German Excel, or by tabs.
_LATER_FORMULA = re.compile(rf"""[;\t\r\n](?<!^[\t\r\n])[\s"]*(?={_SIGNS})""")


def hit_rows(
    project: Project, since: datetime | None = None, until: datetime | None = None, *, pixel: Pixel | None = None
) -> Iterator[Row]:
    """Yield the hits of a project, or of one pixel of it, of `[since, until)` as rows of `FIELDS`, oldest first.

    `id` and `visitor` are 16 hexadecimal digits, for a JSON number can't hold them in every reader. What is not known
    is None. Two queries for `STEP_ROWS` hits: no cursor stays open, and who stops asking has stopped the search.
    """
    for step in _steps(project, since, until):
        of_pixel = step.filter(pixel=pixel) if pixel else step
        for values in of_pixel.values_list(*_COLUMNS):
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
    """Cut the hits of a project into parts of `STEP_ROWS`. One query a part, of the index alone.

    The bounds of a part are those of all hits of the project: its pixel has no index, and a query for the next hits of
    a quiet one would read to the end of the table. Each bound is said once, and without an "or" what it says of the
    moment: of two SQLite may search its index by the wider one, and would begin every step at the first hit.
    """
    hits = Hit.objects.filter(project=project).order_by("at", "id")
    from_here = Q(at__gte=since) if since else Q()
    to_the_end = Q(at__lt=until) if until else Q()
    while True:
        rest = hits.filter(from_here, to_the_end)
        last: _Place | None = rest.values_list("at", "id")[STEP_ROWS - 1 : STEP_ROWS].first()
        if last is None:
            yield rest
            return
        at, hit_id = last
        yield hits.filter(from_here, Q(at__lt=at) | Q(id__lte=hit_id), at__lte=at)
        from_here = Q(Q(at__gt=at) | Q(id__gt=hit_id), at__gte=at)


def count_rows(project: Project, since: date | None = None, until: date | None = None) -> Iterator[Row]:
    """Yield the counts of a project on the days `[since, until)` as rows of `COUNT_FIELDS`, oldest first.

    `pixel` and `token` are None where the count is of the whole project, `platform` too where it is of all platforms.
    A value that is a pixel is its token. Streams; two queries.
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


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Write each row as one JSON object, a line each."""
    for row in rows:
        yield msgspec.json.encode(row).decode() + "\n"


def csv_lines(fields: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Write a head, and a line for each row, as `table_lines` does."""
    return table_lines(fields, ([row[field] for field in fields] for row in rows))


def table_lines(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a head and rows as CSV (RFC 4180). Cells that a spreadsheet would run are neutralised."""
    writer = csv.writer(_Line())  # ending lines with CR and LF, it quotes what holds either
    yield writer.writerow(map(spreadsheet_cell, head))
    for row in rows:
        yield writer.writerow(map(spreadsheet_cell, row))


def spreadsheet_cell(value: Any) -> str:
    """Return a value as text, with an apostrophe wherever a spreadsheet would see a formula (OWASP, CSV Injection)."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return json.dumps(value)  # a negative number is no formula
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isalnum():  # as most of a million rows are, and found sooner
        return text
    neutral = _LATER_FORMULA.sub(r"\g<0>'", text)
    return f"'{neutral}" if _FORMULA.match(text) else neutral


class _Line:
    """Hands every line that is written to it back to who writes it."""

    def write(self, line: str) -> str:
        return line
