"""The spool: append-only segments between the web processes and the drain.

A process appends to a segment of its own, one JSON line a hit, and holds an exclusive `flock` on it for as long as it
may append. The lock is never waited for: it tells the drain whether more can come, also after a `kill -9`. A line is in
the kernel's page cache before the reader gets the GIF, so no death of a process loses it.

A line is whole when it ends with a newline. Nothing was acknowledged of a last line without one.
"""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.models import Verdict

SEGMENT_BYTES = 32 * 1024 * 1024
SEGMENT_SECONDS = 3600
SUFFIX = ".jsonl"
MAX_LINE_BYTES = 16 * 1024

# What a line may be at most, in characters; the receiving side cuts to it, the drain insists on it.
MAX_AGENT = 512
MAX_PAGE = 512
MAX_LANGUAGE = 8
MAX_PLACEMENT = 40


@dataclass(frozen=True, slots=True)
class SpooledHit:
    """One hit as it was received; empty strings and None where nothing is known.

    `at_us` is microseconds since the epoch. `visitor` is a signed 64-bit hash. `verdict` is what the web process could
    tell; the drain may still find a bot.
    """

    token: str
    at_us: int
    placement: str = ""
    is_end: bool = False
    verdict: Verdict = Verdict.COUNTED
    agent: str = ""
    page: str = ""
    language: str = ""
    country: str = ""
    visitor: int | None = None

    def to_line(self) -> bytes:
        """Return the hit as one JSON line, without the keys that say nothing."""
        row: dict[str, Any] = {"token": self.token, "at": self.at_us}
        if self.placement:
            row["placement"] = self.placement
        if self.is_end:
            row["end"] = True
        if self.verdict:
            row["verdict"] = int(self.verdict)
        if self.agent:
            row["agent"] = self.agent
        if self.page:
            row["page"] = self.page
        if self.language:
            row["language"] = self.language
        if self.country:
            row["country"] = self.country
        if self.visitor is not None:
            row["visitor"] = self.visitor
        return _encode(row).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "SpooledHit":
        """Read a line back; raise ValueError with the reason where it is not one of ours."""
        if len(line) > MAX_LINE_BYTES:
            raise ValueError("longer than any line we write")
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError("no JSON") from None
        if not isinstance(row, dict):
            raise ValueError("no JSON object")
        at_us, visitor = row.get("at"), row.get("visitor")
        if type(at_us) is not int or not 0 < at_us < 2**52:
            raise ValueError("no usable time")
        if visitor is not None and (type(visitor) is not int or not -(2**63) <= visitor < 2**63):
            raise ValueError("no usable visitor")
        verdict = row.get("verdict", 0)
        if type(verdict) is not int or verdict not in Verdict.values:
            raise ValueError("no usable verdict")
        return cls(
            token=_text(row, "token", 40, required=True),
            at_us=at_us,
            placement=_text(row, "placement", MAX_PLACEMENT),
            is_end=row.get("end") is True,
            verdict=Verdict(verdict),
            agent=_text(row, "agent", MAX_AGENT),
            page=_text(row, "page", MAX_PAGE),
            language=_text(row, "language", MAX_LANGUAGE),
            country=_text(row, "country", 2),
            visitor=visitor,
        )


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _text(row: dict[str, Any], name: str, limit: int, *, required: bool = False) -> str:
    text = row.get(name, "")
    if not isinstance(text, str) or len(text) > limit or (required and not text):
        raise ValueError(f"no usable {name}")
    if "\0" in text:  # PostgreSQL stores none
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"no usable {name}") from None
    return text


class SpoolWriter:
    """Appends the hits of one process. Threads may share it; a forked child gets a segment of its own."""

    def __init__(
        self,
        directory: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._lock = threading.Lock()
        self._descriptor = -1
        self._pid = 0
        self._size = 0
        self._opened_at = 0.0

    def append(self, line: bytes) -> None:
        """Write one line, newline included. Raise OSError where it can't be written whole; then none of it stays."""
        with self._lock:
            if self._descriptor < 0 or self._pid != os.getpid():
                self._open()
            elif self._size >= self._segment_bytes or time.monotonic() - self._opened_at >= self._segment_seconds:
                self._close()
                self._open()
            written = 0
            try:
                while written < len(line):
                    written += os.write(self._descriptor, line[written:] if written else line)
            except OSError:
                if written:
                    os.ftruncate(self._descriptor, self._size)
                raise
            self._size += written

    def close(self) -> None:
        """End the segment; the drain can finish it. The next append begins another."""
        with self._lock:
            if self._pid == os.getpid():
                self._close()

    def _open(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(8)}{SUFFIX}"
        # The drain takes a segment without a lock for finished, so it gets its name only once it is locked.
        draft = self._directory / f"{name}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(self._directory / name)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        self._descriptor = descriptor
        self._pid = os.getpid()
        self._size = 0
        self._opened_at = time.monotonic()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def segments(directory: Path) -> list[Path]:
    """Return the segments of a spool, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def is_finished(segment: Path) -> bool:
    """Whether the process that wrote `segment` is gone or has gone on to another. Raises FileNotFoundError."""
    descriptor = os.open(segment, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a segment, without its newline; `offset` and `end` are bytes from the segment's start."""

    segment: str
    offset: int
    end: int
    content: bytes
    is_torn: bool = False


def read_lines(segment: Path, offset: int, *, limit_bytes: int) -> Iterator[Line]:
    """Yield the lines from `offset`, about `limit_bytes` of them and at least one.

    A last line without a newline comes as torn where the segment is finished, and stays for later where it is not.
    A line too long to be ours comes cut, so that no segment can fill the memory.
    """
    finished = is_finished(segment)  # asked first: what is read after it can't miss a line
    with segment.open("rb") as file:
        file.seek(offset)
        read = 0
        while read < limit_bytes:
            content = file.readline(MAX_LINE_BYTES + 1)
            if not content:
                return
            start, whole = offset + read, content.endswith(b"\n")
            read += len(content)
            if not whole and len(content) > MAX_LINE_BYTES:
                rest = content
                while rest and not rest.endswith(b"\n"):
                    rest = file.readline(1 << 20)
                    read += len(rest)
                whole = rest.endswith(b"\n")
            if not whole and not finished:
                return
            yield Line(segment.name, start, offset + read, content.removesuffix(b"\n"), is_torn=not whole)


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold the one lock that a spool's drain needs. Raise BlockingIOError where another drain holds it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "drain.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
