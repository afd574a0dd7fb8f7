"""What commands share that write rows to standard output."""

import os
import sys
from collections.abc import Iterable, Sequence

from django.core.management.base import OutputWrapper

from collector.storage.export import ExportRow, csv_lines, json_lines

FORMATS = ["jsonl", "csv"]


def write_rows(out: OutputWrapper, form: str, fields: Sequence[str], rows: Iterable[ExportRow]) -> None:
    """Write rows in one of `FORMATS` as they come. Ends quietly where nobody reads on."""
    lines = json_lines(rows) if form == "jsonl" else csv_lines(fields, rows)
    try:
        for line in lines:
            out.write(line)
    except BrokenPipeError:  # `| head` had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
