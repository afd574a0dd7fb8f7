"""The reading side of the spool: its segments, and the lines in them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from collector.spool.line import MAX_LINE_BYTES, Line
from collector.spool.locks import is_finished

SUFFIX = ".jsonl"
BLOCK_BYTES = 256 * 1024  # of one read


def segments(directory: Path) -> list[Path]:
    """Return the segments of a spool, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def spooled_bytes(directory: Path) -> int:
    """Return how many bytes of hits wait in a spool. Approximate while other processes write and delete."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with suppress(FileNotFoundError):
                    total += entry.stat().st_size
    return total


def read_lines(segment: Path, offset: int, *, limit_bytes: int) -> Iterator[Line]:
    """Yield the lines from `offset`: about `limit_bytes`, at least one line.

    A last line without a newline is yielded as torn if the segment is finished, else it is left for later. A line that
    is too long to be ours is cut, so that no segment can fill the memory.
    """
    finished = is_finished(segment)  # checked before reading: a line that is written meanwhile must not count as torn
    name, start, until = segment.name, offset, offset + limit_bytes
    with segment.open("rb") as file:
        file.seek(offset)
        rest = b""  # the start of a line whose end has not been read yet
        skipped = 0  # bytes of that line beyond what we keep
        while start < until and (block := file.read(BLOCK_BYTES)):
            *contents, rest_of_block = (rest + block).split(b"\n")
            for content in contents:
                end = start + len(content) + skipped + 1
                yield Line(name, start, end, content[: MAX_LINE_BYTES + 1])
                start, skipped = end, 0
                if start >= until:
                    return
            rest = rest_of_block[: MAX_LINE_BYTES + 1]
            skipped += len(rest_of_block) - len(rest)
        if rest and finished:
            yield Line(name, start, start + len(rest) + skipped, rest, is_torn=True)
