"""Export the raw reports of a program: one row each, as they were accepted, with their day first."""

from collections.abc import Iterator
from datetime import date

import msgspec
from django.db.models import Q

from collector.models import LeftOut, Pixel, Report
from collector.storage.export import STEP_ROWS, ExportRow

REPORT_FIELDS = (
    "date", "id", "day", "gap", "since", "version", "from", "os", "arch", "runtime", "driver", "country", "used",
    "left_out",
)  # fmt: skip


def report_rows(pixel: Pixel, since: date | None = None, until: date | None = None) -> Iterator[ExportRow]:
    """Yield the raw reports of the UTC days `[since, until)`, oldest first. One query for `STEP_ROWS`, and one more.

    A row has the fields of a report as it was accepted: what it does not say is missing. `left_out` says with what it
    is left out of the figures now.
    """
    left_outs = LeftOut.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk, is_out=True)
    left_out_now = set(left_outs.values_list("date", "what"))
    reports = Report.objects.filter(project_id=pixel.project_id, pixel=pixel).order_by("date", "id")
    if until:
        reports = reports.filter(date__lt=until)
    # The condition on the day is there only once and outside any "or", so that each step begins where the last ended.
    rest = reports.filter(date__gte=since) if since else reports
    while rows := list(rest.values_list("date", "id", "body", "left_out")[:STEP_ROWS]):
        for day, _, body, what in rows:
            left_out = {"left_out": what} if (day, what) in left_out_now else {}
            yield {"date": day.isoformat()} | msgspec.json.decode(body) | left_out
        last_day, last_id, *_ = rows[-1]
        rest = reports.filter(Q(date__gt=last_day) | Q(id__gt=last_id), date__gte=last_day)


def full_rows(rows: Iterator[ExportRow]) -> Iterator[ExportRow]:
    """Yield rows with all `REPORT_FIELDS`, for tables: None where a report does not say it."""
    for row in rows:
        yield {field: row.get(field) for field in REPORT_FIELDS}
