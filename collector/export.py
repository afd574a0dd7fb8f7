"""Raw hits on their way out: one row a hit, fields as design and README name them."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

from django.db.models import QuerySet

from collector.models import Evidence, Hit, Position, Project, Traffic, Verdict

Row = dict[str, Any]

CHUNK_ROWS = 5_000
FIELDS = (
    "id", "at", "pixel", "token", "kind", "placement", "platform", "position", "traffic", "verdict", "page",
    "country", "language", "device", "browser", "os", "visitor", "event", "version", "properties",
    "evidence",
)  # fmt: skip


def hit_rows(project: Project, since: datetime | None = None, until: datetime | None = None) -> Iterator[Row]:
    """Yield a project's hits of `[since, until)` as rows of `FIELDS`, oldest first. Streams; one query.

    `id` and `visitor` are 16 hexadecimal digits, for a JSON number can't hold them in every reader. What is not known
    is None.
    """
    hits: QuerySet[Hit] = Hit.objects.filter(project=project).order_by("at", "id")
    if since:
        hits = hits.filter(at__gte=since)
    if until:
        hits = hits.filter(at__lt=until)
    for hit in hits.select_related("pixel", "user_agent", "page").iterator(CHUNK_ROWS):
        agent = hit.user_agent
        yield {
            "id": f"{hit.id:016x}",
            "at": hit.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "pixel": hit.pixel.title,
            "token": hit.pixel.token,
            "kind": hit.pixel.kind,
            "placement": hit.placement or None,
            "platform": hit.platform,
            "position": str(Position(hit.position).label),
            "traffic": str(Traffic(hit.traffic).label),
            "verdict": str(Verdict(hit.verdict).label),
            "page": hit.page.url if hit.page else None,
            "country": hit.country or None,
            "language": hit.language or None,
            "device": (agent.device or None) if agent else None,
            "browser": (agent.browser or None) if agent else None,
            "os": (agent.os or None) if agent else None,
            "visitor": f"{hit.visitor & 0xFFFF_FFFF_FFFF_FFFF:016x}" if hit.visitor is not None else None,
            "event": hit.event or None,
            "version": hit.version or None,
            "properties": hit.properties,
            "evidence": str(Evidence(hit.evidence).label),
        }


def write_jsonl(rows: Iterator[Row], out: TextIO) -> None:
    """Write one JSON object a line."""
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_csv(rows: Iterator[Row], out: TextIO) -> None:
    """Write a head and one line a row. Cells that a spreadsheet would run are neutralised."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow([spreadsheet_cell(row[field]) for field in FIELDS])


def spreadsheet_cell(value: Any) -> str:
    """Return a value as text; one that begins like a formula gets an apostrophe (OWASP, CSV Injection)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
