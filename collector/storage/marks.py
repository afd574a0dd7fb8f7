"""Marks of the ids that other SDKs send: each is counted once in its window, whichever drain stores it. And the names
of what they send that no declaration has.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from collector.models import DroppedName, Mark, Project, Span
from collector.models.programs import KEPT_DAYS
from collector.storage.bulk_sql import chunks, columns_from_json, fetch_for_rows
from collector.storage.window_salts import expired_before

INSERT_ROWS = 20_000  # in one statement
DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements

INSERT_POSTGRESQL = f"""
    /* marks.insert */
    INSERT INTO collector_mark (project_id, span, date, pixel_id, mark)
    SELECT project_id::int, span::smallint, date::date, pixel_id::int, mark::bigint
    FROM {columns_from_json(5)} AS row (project_id, span, date, pixel_id, mark)
    ON CONFLICT DO NOTHING
    RETURNING project_id, span, date::text, pixel_id, mark
"""
INSERT_SQLITE = """
    /* marks.insert */
    INSERT INTO collector_mark (project_id, span, date, pixel_id, mark)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]')
    FROM json_each(%s) WHERE true
    ON CONFLICT DO NOTHING
    RETURNING project_id, span, date || '', pixel_id, mark
"""


class MarkKey(NamedTuple):
    """A row of `Mark`. `date` is in ISO 8601."""

    project_id: int
    span: int
    date: str
    pixel_id: int
    mark: int


def insert_marks(marks: Collection[MarkKey]) -> set[MarkKey]:
    """Insert marks and return those that were not there before. One statement for `INSERT_ROWS`.

    Rows are written in the order of their key, so that two drains never deadlock.
    """
    new: set[MarkKey] = set()
    for rows in chunks(sorted(marks), INSERT_ROWS):
        new |= {MarkKey(*row) for row in fetch_for_rows(INSERT_POSTGRESQL, INSERT_SQLITE, rows)}
    return new


def delete_old_names(project: Project, now: datetime) -> int:
    """Delete the dropped names of a project that no SDK has sent for as long as raw reports are kept. One query.

    Returns how many.
    """
    first_kept = now.astimezone(UTC).date() - timedelta(KEPT_DAYS)
    return DroppedName.objects.filter(project=project, date__lt=first_kept).delete()[0]


def delete_expired_marks(project: Project, now: datetime) -> Iterator[int]:
    """Delete a project's marks of windows whose salts are deleted. A query for each span without any.

    Yields how many each statement deleted.
    """
    first_kept = expired_before(now)
    for span in Span:
        marks = Mark.objects.filter(project=project, span=span)
        while day := marks.filter(date__lt=first_kept[span]).order_by("date").values_list("date", flat=True).first():
            of_day = marks.filter(date=day).order_by("pixel_id", "mark").values_list("pixel_id", "mark")
            last = list(of_day[DELETE_ROWS - 1 : DELETE_ROWS])
            bound = {"pixel_id__lte": last[0][0]} if last else {}
            yield marks.filter(date=day, **bound).delete()[0]
