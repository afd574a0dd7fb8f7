"""Output of the export commands."""

import os
import sys
from collections.abc import Iterable, Sequence

from django.core.management.base import OutputWrapper

from collector.storage.export import ExportRow, csv_lines, json_lines

FORMATS = ["jsonl", "csv"]


def write_rows(out: OutputWrapper, form: str, fields: Sequence[str], rows: Iterable[ExportRow]) -> None:
    """Write rows in one of `FORMATS` as they arrive. Stop quietly if the reader closes the pipe."""
    lines = json_lines(rows) if form == "jsonl" else csv_lines(fields, rows)
    try:
        for line in lines:
            out.write(line)
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
