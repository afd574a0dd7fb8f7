"""What one process counts for `/metrics`.

Counting is a number in memory: no lock, no file and no call on the way of a hit (`verdicts`). A thread copies the
numbers to the process's file once a second, so a killed process loses at most the last second of its counts.

The Prometheus client's own way to count in several processes does not fit here: one more costs 1.3 µs instead of 0.2,
each process that ever ran keeps its file, and it writes through `mmap`, so that a full disk kills the web process
(SIGBUS; measured with prometheus_client 0.26).
"""

import logging
import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path

from collector.metrics.names import Count, Timing
from collector.metrics.tally_file import FoundTotals, TallyFile, Totals, found_totals
from collector.models import Verdict

logger = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # of histograms, in seconds


class Tally:
    """The counts of this process. Labels are words of ours, never what a stranger sent: each is kept for good."""

    def __init__(self) -> None:
        self.verdicts = [0] * (max(Verdict) + 1)  # hits taken, by number of the verdict; `receive` adds to it
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._file: TallyFile | None = None
        self._is_failing = False
        self._pid = 0
        self._begin_at_zero()

    def begin(self, directory: Path, process: str) -> None:
        """Keep the numbers in a file in `directory` from now on. Later calls in the same process do nothing.

        `process` is `web` or `drain`.
        """
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid:  # forked: until now these were the numbers of the parent
                self._begin_at_zero()
            self._pid = os.getpid()
            self._directory, self._process = directory, process
            self._own.started_at, self._own.starts = time.time(), 1
            self._stop = threading.Event()
            threading.Thread(target=self._write_regularly, args=(self._stop,), name="tally", daemon=True).start()

    def add(self, name: Count, label: str = "", number: float = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._own.counts[name][label] += number

    def add_seconds(self, name: Timing, label: str, seconds: float) -> None:
        """Add one duration to a histogram."""
        with self._lock:
            numbers = self._own.times[name][label]
            numbers[0] += seconds
            numbers[1 + bisect_left(BOUNDS, seconds)] += 1

    def totals(self) -> Totals:
        """Return the numbers of this process and of those whose file it continues."""
        totals = Totals()
        with self._lock:
            add_up(totals, self._inherited)
            add_up(totals, self._own)
        hits = {str(Verdict(number).label): float(count) for number, count in enumerate(self.verdicts) if count}
        add_up(totals, Totals(counts={Count.HITS: hits} if hits else {}))
        return totals

    def of_all_processes(self, directory: Path) -> list[FoundTotals]:
        """Return the numbers of all processes: those of others as they last wrote them, those of this one as of now.

        This one writes its own first, so that none falls if it is killed after the answer.
        """
        with self._lock:
            if self._pid == os.getpid():
                self.write()
            ours = self._file.path if self._file else None
            others = [found for found in found_totals(directory) if found.path != ours]
            return [FoundTotals(ours or directory, self._process, self._pid == os.getpid(), self.totals()), *others]

    def write(self) -> None:
        """Copy the numbers to the file. If that fails, as on a full disk, they stay in memory until it succeeds.

        Does nothing once it is closed: a thread may have waited for the lock.
        """
        with self._lock:
            if self._pid != os.getpid():
                return
            try:
                self._file_to_write().write(self.totals())
            except OSError as error:
                if not self._is_failing:
                    logger.warning("Can't write the numbers for /metrics: %s", error.strerror or error)
                self._is_failing = True
            else:
                self._is_failing = False

    def close(self) -> None:
        """Write the numbers, and leave the file to the next process. Optional: without it, a second may be lost."""
        with self._lock:
            if self._pid == os.getpid():
                self._stop.set()
                self.write()
                self._begin_at_zero()
                self._pid = 0

    def _file_to_write(self) -> TallyFile:
        if self._file and self._file.is_deleted:
            self._file.close()
            self._file = None
        if self._file is None:
            self._file = TallyFile(self._directory, self._process)
            add_up(self._inherited, self._file.inherited)
        return self._file

    def _write_regularly(self, stop: threading.Event) -> None:
        self.write()
        while not stop.wait(WRITE_SECONDS):
            self.write()

    def _begin_at_zero(self) -> None:
        """Forget all numbers, and the file. After a fork, its lock stays the parent's."""
        if self._file:
            self._file.close()
        self._file = None
        self._is_failing = False
        self._directory, self._process = Path(), "web"
        self.verdicts[:] = [0] * len(self.verdicts)
        self._inherited = Totals()
        self._own: Totals = Totals(
            counts=defaultdict(lambda: defaultdict(float)),
            times=defaultdict(lambda: defaultdict(_no_times)),
        )


def _no_times() -> list[float]:
    return [0.0] * (len(BOUNDS) + 2)


def add_up(total: Totals, more: Totals) -> None:
    """Add numbers to `total`. Histograms with other bounds, of another version, are left out."""
    total.started_at = max(total.started_at, more.started_at)
    total.starts += more.starts
    for name, labels in more.counts.items():
        sums = total.counts.setdefault(name, {})
        for label, number in labels.items():
            sums[label] = sums.get(label, 0.0) + number
    for name, histograms in more.times.items():
        known = total.times.setdefault(name, {})
        for label, numbers in histograms.items():
            if len(numbers) == len(BOUNDS) + 2:
                known[label] = [a + b for a, b in zip(known.get(label) or _no_times(), numbers, strict=True)]


TALLY = Tally()
