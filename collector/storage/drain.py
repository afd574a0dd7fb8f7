"""Move spooled hits and reports into the database, in batches, each exactly once.

The offset up to which a segment was read commits together with its hits and reports. After any failure the
offsets are read again from the database: a commit may have succeeded although its answer was lost. A segment is deleted
once its end is committed.
"""

import gc
import hashlib
import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, InternalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from collector.classify.prepare import read_catalogues
from collector.metrics.names import Count, Timing
from collector.metrics.tally import TALLY
from collector.models import SpoolOffset, Verdict
from collector.spool.line import Line, SpooledHit
from collector.spool.locks import is_finished
from collector.spool.losses import loss_files, losses
from collector.spool.own_line import SpooledMember
from collector.spool.reader import read_lines, segments
from collector.spool.report_line import Spooled, from_line
from collector.storage import shards
from collector.storage.bulk_sql import is_duplicate_on_worker
from collector.storage.collectors import note_collector
from collector.storage.enrich import Enricher, counting_pixels
from collector.storage.hourly import Hourly
from collector.storage.labels import note_labels
from collector.storage.own_visitors import store_own_visitors
from collector.storage.reports import ReportLine, Reports
from collector.storage.set_aside import SET_ASIDE_FILE, set_aside
from collector.storage.standby import update_standby
from collector.storage.store import store
from collector.storage.string_uses import StringsDeletedError, StringUses
from collector.storage.version import check_version, hold_version

logger = logging.getLogger(__name__)

BATCH_LINES = 20_000
# A larger batch writes each count fewer times. On SQLite it is smaller: SQLite uses the memory of our own process.
BATCH_LINES_POSTGRESQL = 40_000
LINE_BYTES = 420  # a batch is at most this many bytes for each of its lines, which bounds the memory
FEWEST_LINES = 500
SLOW_SECONDS, QUICK_SECONDS = 3.0, 1.0
POLL_SECONDS = 0.4  # a lone hit is on the dashboard within a second
MANY_LINES = 1_000  # a batch of fewer is followed by POLL_SECONDS
GATHER_SECONDS = 1.0  # after a larger batch, while hits gather for the next one
MAX_BACKOFF_SECONDS = 15.0
STANDBY_SECONDS = 10.0

# Errors that a single line can cause. After any other error the database or the drain is at fault, and all lines wait.
_LINE_ERRORS = (DataError, IntegrityError, ValueError, OverflowError)


class AnotherDrainError(DatabaseError):
    """Another drain moved an offset of our spool."""


class Batch(NamedTuple):
    """The lines of one transaction, and what they say. Lines that can't be used say nothing."""

    lines: list[Line]
    hits: list[tuple[Line, SpooledHit]]
    reports: list[ReportLine]
    members: list[tuple[Line, SpooledMember]]


class Drain:
    """The drain of one spool directory. The caller holds its `locks.exclusive`. `clock` returns monotonic seconds."""

    def __init__(
        self, directory: Path, *, batch_lines: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._directory = directory
        default_lines = BATCH_LINES_POSTGRESQL if connection.vendor == "postgresql" else BATCH_LINES
        self._most_lines = self._batch_lines = batch_lines or default_lines
        self._clock = clock
        self._offsets: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        self._enricher = Enricher()
        self._reports = Reports()
        self._uses = StringUses()
        self._hourly = Hourly(directory, clock)
        self._noted_at: datetime | None = None
        self._standby_due_at = self._check_due_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Drain until `stop` is set. While the database is down, try again after longer and longer pauses."""
        read_catalogues()
        backoff = POLL_SECONDS
        while not stop.is_set():
            try:
                self._check_version()
                self._hourly.make_months()
                self._keep_standby()  # first: other collectors must not delete what our waiting lines need
                began_at = self._clock()
                lines = self.drain_once()
                self._adjust(self._clock() - began_at)
                self._hourly.step()
                self._hourly.look_through()
                backoff = POLL_SECONDS
            except (DatabaseError, InterfaceError) as error:
                connection.close()
                TALLY.add(Count.DATABASE_ERRORS, "drain")
                logger.warning("The database did not store a batch; its hits stay in the spool: %s", str(error).strip())
                stop.wait(backoff)
                backoff = min(2 * backoff, MAX_BACKOFF_SECONDS)
            else:
                # A large batch costs less for each hit. Wait until one has gathered, unless there is a backlog.
                if lines < self._batch_lines // 2:
                    stop.wait(POLL_SECONDS if lines < MANY_LINES else GATHER_SECONDS)

    def _check_version(self) -> None:
        """Raise DatabaseError if the database is of a newer version. Asks every `STANDBY_SECONDS`."""
        if self._clock() >= self._check_due_at:
            check_version()
            self._check_due_at = self._clock() + STANDBY_SECONDS

    def _adjust(self, seconds: float) -> None:
        """Make batches smaller while they are slow: on SQLite, all other writers wait until a batch is done."""
        if seconds > SLOW_SECONDS:
            self._batch_lines = max(min(FEWEST_LINES, self._most_lines), self._batch_lines // 2)
        elif seconds < QUICK_SECONDS:
            self._batch_lines = min(self._most_lines, 2 * self._batch_lines)

    def drain_once(self) -> int:
        """Store one batch of waiting lines, delete finished segments, and return the number of lines.

        Raises DatabaseError or InterfaceError if the database does not store them. They then stay in the spool.
        """
        try:
            self._store_losses()
            with _no_search_for_garbage():
                lines = list(itertools.islice(self._waiting_lines(), self._batch_lines))
                if lines:
                    began_at = self._clock()
                    check_version()  # before lines are parsed: a newer version may have written them
                    self._store(lines)
                    TALLY.add(Count.LINES, number=len(lines))
                    TALLY.add_seconds(Timing.BATCH, "", self._clock() - began_at)
            self._delete_finished()
        except BaseException:
            self._offsets.clear()
            self._losses.clear()
            self._forget_batch()
            raise
        return len(lines)

    def _forget_batch(self) -> None:
        """Forget what was remembered of a batch that was not stored."""
        self._enricher.forget_counts()
        self._reports.forget()
        self._uses.forget()
        shards.forget()

    def _waiting_lines(self) -> Iterator[Line]:
        room = self._batch_lines * LINE_BYTES
        for segment in segments(self._directory):
            with suppress(FileNotFoundError):  # a writer removes a segment that it could not write to
                size = segment.stat().st_size
                if room > 0 and size and size > self._offset(segment.name):
                    for line in read_lines(segment, self._offset(segment.name), limit_bytes=room):
                        room -= line.end - line.offset
                        yield line

    def _offset(self, segment: str) -> int:
        """Return the offset up to which a segment is stored. Two queries for a new segment."""
        if segment not in self._offsets:
            row, _ = SpoolOffset.objects.get_or_create(segment=segment, defaults={"offset_bytes": 0})
            self._offsets[segment] = row.offset_bytes
        return self._offsets[segment]

    def _store_losses(self) -> None:
        """Store how many hits each process could not spool. No query while no number changed."""
        for path in loss_files(self._directory):
            with suppress(FileNotFoundError):
                has_ended = is_finished(path)  # checked before the number is read: until then a process may add to it
                self._store_loss(path.name, losses(path))
                if has_ended:
                    path.unlink()
                    self._losses.pop(path.name, None)
                    self._offsets.pop(path.name, None)

    def _store_loss(self, name: str, lost: int) -> None:
        if lost != self._losses.get(name, 0):
            self._offset(name)  # creates its row
            SpoolOffset.objects.filter(segment=name).update(lost=lost, updated_at=timezone.now())
            self._losses[name] = lost

    def _store(self, lines: list[Line]) -> None:
        """Store a batch. If the database refuses a line, halve the batch until that line is alone, and set it aside."""
        batch = Batch(lines, [], [], [])
        for line in lines:
            try:
                spooled = _parsed(line)
                if isinstance(spooled, SpooledHit):
                    batch.hits.append((line, spooled))
                elif isinstance(spooled, SpooledMember):
                    batch.members.append((line, spooled))
                else:
                    batch.reports.append(ReportLine(line, spooled))
            except ValueError as error:
                set_aside(self._directory / SET_ASIDE_FILE, line, str(error), timezone.now())
        try:
            self._commit(batch)
        except (*_LINE_ERRORS, InternalError) as error:
            if isinstance(error, InternalError) and not is_duplicate_on_worker(error):
                raise
            self._forget_batch()
            check_version()  # the lines may be right, and this drain too old for the database
            if len(lines) > 1:
                middle = len(lines) // 2
                self._store(lines[:middle])
                self._store(lines[middle:])
            else:
                set_aside(self._directory / SET_ASIDE_FILE, lines[0], f"refused: {error}", timezone.now())
                self._commit(Batch(lines, [], [], []))

    def _commit(self, batch: Batch) -> None:
        """Store a batch and the offsets after its lines in one transaction; again if strings were deleted meanwhile.

        Its members come first, each in a transaction of their own: to store them twice makes no difference.
        """
        store_own_visitors(member for _, member in batch.members)
        while True:
            try:
                self._try_to_commit(batch)
            except StringsDeletedError as error:
                self._enricher.forget_strings()
                logger.info("A batch starts again: %s", error)
            else:
                return

    def _try_to_commit(self, batch: Batch) -> None:
        self._uses.begin()
        pixels = counting_pixels(hit for _, hit in batch.hits)
        counting: list[tuple[int, SpooledHit]] = []
        segment_of: dict[int, str] = {}
        for line, hit in batch.hits:
            pixel = pixels.get(hit.token)
            if pixel and pixel.takes(hit):
                id_of_hit = hit_id(line)
                counting.append((id_of_hit, hit))
                segment_of[id_of_hit] = line.segment
        enriched = self._enricher.enrich(counting, pixels)
        with transaction.atomic():
            hold_version()
            self._uses.check()
            stored_hits = store(enriched)
            self._uses.note(stored_hits, {pixel.project_id: pixel.timezone for pixel in pixels.values()})
            stored = Counter([segment_of[hit.id] for hit in stored_hits])
            private = Counter(segment_of[id_of_hit] for id_of_hit, hit in counting if hit.is_private)
            others = self._reports.store(batch.reports)
            others.update(line.segment for line, _ in batch.members)
            new_labels = {pixel.project_id: pixel.new_labels for pixel in pixels.values() if pixel.new_labels}
            note_labels(new_labels, stored_hits, timezone.now())
            self._move_offsets(batch.lines, stored, private, others)
        for verdict, number in Counter([hit.verdict for hit in stored_hits]).items():
            TALLY.add(Count.STORED_HITS, str(Verdict(verdict).label), number)
        self._offsets.update({line.segment: line.end for line in batch.lines})

    def _move_offsets(
        self, lines: list[Line], stored: Counter[str], private: Counter[str], others: Counter[str]
    ) -> None:
        """Move the offset of each segment, and add to its numbers. `others` are used lines that are no hits."""
        line_counts = Counter(line.segment for line in lines)
        for segment, end in {line.segment: line.end for line in lines}.items():
            row = SpoolOffset.objects.filter(segment=segment, offset_bytes=self._offsets[segment])
            moved = row.update(
                offset_bytes=end,
                hits=F("hits") + stored[segment],
                set_aside=F("set_aside") + line_counts[segment] - stored[segment] - others[segment],
                private=F("private") + private[segment],
                updated_at=timezone.now(),
            )
            if not moved:
                raise AnotherDrainError(f"another drain moved the offset of {segment}")

    def _delete_finished(self) -> None:
        for segment in segments(self._directory):
            with suppress(FileNotFoundError):
                size = segment.stat().st_size if is_finished(segment) else -1
                if size == 0 or (size > 0 and size == self._offset(segment.name)):
                    segment.unlink()
                    self._offsets.pop(segment.name, None)

    def _keep_standby(self) -> None:
        """Write what web processes that start during an outage must know, and tell other collectors how we are."""
        if self._clock() >= self._standby_due_at:
            self._standby_due_at = self._clock() + STANDBY_SECONDS
            shards.forget()
            update_standby(self._directory, timezone.now())
            noted_at, self._noted_at = self._noted_at, None  # after an error, nobody knows what is noted
            self._noted_at = note_collector(self._directory, timezone.now(), noted_at)


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Keep Python from searching for cycles of objects.

    A batch makes hundreds of thousands of objects without any. To search through them took a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parsed(line: Line) -> Spooled:
    if line.is_torn:
        raise ValueError("torn: the process died while it wrote this line, before it answered")
    return from_line(line.content)


def hit_id(line: Line) -> int:
    """Return a hit's id, made from its place in the spool: the same line always has the same id."""
    return (_first_id(line.segment) + line.offset) & 0x7FFF_FFFF_FFFF_FFFF


@lru_cache(maxsize=256)
def _first_id(segment: str) -> int:
    return int.from_bytes(hashlib.blake2b(segment.encode(), digest_size=8).digest(), "big") >> 1
