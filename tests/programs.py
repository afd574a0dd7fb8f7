"""A declared program and its reports, for tests."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from collector.models import Declaration, Driver, Kind, Pixel, Project, ReportCount, ReportDimension
from collector.programs.declaration import read_declaration
from collector.programs.weeks import week_of

DECLARATION = """
[program]
id = "paperclip"
name = "Paperclip"
kind = "command"
mode = "notice"
why = "To learn which formats are worth the work."
contact = "https://paperclip.example/contact"

[events.build]
reason = "Which formats are built."
link = "https://paperclip.example/issues/1"
until = 2099-12-31

[events.build.properties.format]
type = "choice"
values = ["html", "pdf"]
reason = "Which format."

[events.build.properties.draft]
type = "flag"
reason = "Whether drafts are used."

[events.build.properties.engine]
type = "version"
reason = "Which engines are in use."

[events.build.properties.seconds]
type = "bucket"
bounds = [1, 5, 30]
unit = "s"
reason = "Where time is lost."

[events.former]
reason = "It was asked once."
link = "https://paperclip.example/issues/2"
until = 2026-01-31
"""
SCHEMA = "0123456789abcdef"


def declared(project: Project, text: str = DECLARATION, *, title: str = "Paperclip", **fields: Any) -> Pixel:
    """Return a new program with a declaration."""
    pixel = Pixel.objects.create(project=project, title=title, kind=Kind.APP, **fields)
    Declaration.objects.create(pixel=pixel, text=text, schema=read_declaration(text).schema)
    return pixel


def count(
    pixel: Pixel, dimension: ReportDimension, value: str = "", reports: int = 1, *, day: date, gap: int = 0,
    driver: Driver = Driver.PERSON, number: int = 0,
) -> None:  # fmt: skip
    """Write one count of a program's reports."""
    ReportCount.objects.create(
        project_id=pixel.project_id, pixel=pixel, dimension=dimension, value=value, reports=reports, date=day, gap=gap,
        driver=driver, number=number,
    )  # fmt: skip


def utc_today() -> date:
    return datetime.now(UTC).date()


def report(day: date, /, **fields: Any) -> dict[str, Any]:
    """Return a person's report of a day, as on the wire. It is their second one, a day after their first."""
    return {
        "id": f"{day.toordinal():032x}",
        "day": day.isoformat(),
        "gap": 1,
        "since": week_of(day - timedelta(1)),
        "version": "2.4.1",
        "os": "linux",
        "arch": "arm64",
        "runtime": "python3.12",
        "driver": "person",
    } | fields


def used(day: date, /, **fields: Any) -> dict[str, Any]:
    """Return an entry of `used`."""
    return {"day": day.isoformat(), "event": "build", "n": 1, "gap": None} | fields


def envelope(*reports: Any, **fields: Any) -> bytes:
    """Return the body of a request."""
    return json.dumps({"v": 1, "schema": SCHEMA, "reports": list(reports)} | fields).encode()
