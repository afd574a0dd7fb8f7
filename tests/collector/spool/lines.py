"""A line to append, and a reader of a segment's lines."""

from pathlib import Path

from collector.spool.line import Line
from collector.spool.reader import read_lines

LINE = b'{"token":"abcdefghijkmnpqrstuv","at":1}\n'


def lines(segment: Path, offset: int = 0, limit_bytes: int = 1 << 20) -> list[Line]:
    return list(read_lines(segment, offset, limit_bytes=limit_bytes))
