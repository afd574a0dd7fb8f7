"""The numbers of `/metrics` as Prometheus reads them: what processes counted, and what is true now."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from collector.intake.health import Readiness
from collector.metrics.names import Count, Timing
from collector.metrics.tally import BOUNDS, add_up
from collector.metrics.tally_file import FoundTotals, Totals
from collector.models import Verdict

PROCESSES = ("web", "drain")
_DRAIN_ONLY = frozenset({Verdict.MUTED, Verdict.TOO_SOON, Verdict.OWN})
ANSWERS = (*(str(verdict.label) for verdict in Verdict if verdict not in _DRAIN_ONLY), "unknown-token")


class Counter(NamedTuple):
    """A counter: its name without `_total`, its label's name, what it counts, and the labels that are always there."""

    name: str
    label: str
    help: str
    labels: Sequence[str] = ("",)


COUNTERS = {
    Count.HITS: Counter(
        "footfall_hits", "answer", "Hits taken in by the web processes, by what they were first judged.", ANSWERS
    ),
    Count.BADGES: Counter(
        "footfall_badges", "form", "Badges answered. Those that are hits are also in footfall_hits.", ("svg", "json")
    ),
    Count.LOST: Counter("footfall_hits_lost", "", "Hits lost because the spool could not be written."),
    Count.STORED_HITS: Counter(
        "footfall_stored_hits",
        "verdict",
        "Hits stored by the drain: counted and opted-out are readings, the rest is filtered out for this reason.",
        tuple(str(verdict.label) for verdict in Verdict),
    ),
    Count.RUNS: Counter(
        "footfall_runs", "answer", "Runs of programs, reported by a shell.", ("counted", "excess", "excluded")
    ),
    Count.REPORTS: Counter(
        "footfall_reports",
        "outcome",
        "Reports of programs: accepted, excess (more than counts of one network), and rejected as a whole or in part.",
        ("accepted", "excess", "rejected"),
    ),
    Count.SDK_EVENTS: Counter(
        "footfall_sdk_events",
        "outcome",
        "Events of other SDKs: kept, excess (more than counts of one network), and dropped: they are not declared.",
        ("kept", "excess", "dropped"),
    ),
    Count.REPORT_REQUESTS: Counter(
        "footfall_report_requests",
        "status",
        "Requests with reports of programs, those of other SDKs too, by status.",
        ("200", "202"),
    ),
    Count.LINES: Counter("footfall_drain_lines", "", "Lines of the spool that the drain has stored."),
    Count.SET_ASIDE: Counter("footfall_drain_set_aside_lines", "", "Lines of the spool that could not be used."),
    Count.DATABASE_ERRORS: Counter(
        "footfall_database_errors", "process", "Times that the database failed or did not answer.", PROCESSES
    ),
    Count.VIEW_ERRORS: Counter("footfall_view_errors", "view", "Pages answered with a status of 500 or more.", ()),
}
HISTOGRAMS = {
    Timing.BATCH: Counter("footfall_drain_batch_seconds", "", "Time that the drain takes to store a batch."),
    Timing.VIEW: Counter("footfall_view_seconds", "view", "Time until a page's answer begins, by route.", ()),
}


class Snapshot:
    """All numbers at one moment, as a collector of the Prometheus client."""

    def __init__(self, processes: Sequence[FoundTotals], readiness: Readiness) -> None:
        self._processes = processes
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        """Yield the families of metrics."""
        total = Totals()
        for found in self._processes:
            add_up(total, found.totals)
        yield from _counted(total)
        yield from self._of_processes()
        yield from self._of_spool()
        yield from self._of_database()

    def _of_processes(self) -> Iterator[Metric]:
        running = GaugeMetricFamily("footfall_processes", "Processes that run now.", labels=["process"])
        starts = CounterMetricFamily("footfall_process_starts", "Starts of processes.", labels=["process"])
        started_at = GaugeMetricFamily(
            "footfall_process_start_time_seconds",
            "Last start of a process (Unix time).",
            labels=["process"],
        )
        for process in PROCESSES:
            of_kind = [found for found in self._processes if found.process == process]
            running.add_metric([process], sum(found.is_running for found in of_kind))
            starts.add_metric([process], sum(found.totals.starts for found in of_kind))
            started_at.add_metric([process], max((found.totals.started_at for found in of_kind), default=0.0))
        yield from (running, starts, started_at)

    def _of_spool(self) -> Iterator[Metric]:
        room = self._readiness.room
        yield GaugeMetricFamily("footfall_spool_bytes", "Size of the spool.", room.spool_bytes)
        yield GaugeMetricFamily("footfall_spool_max_bytes", "SPOOL_MAX_BYTES.", room.max_bytes)
        yield GaugeMetricFamily("footfall_disk_free_bytes", "Free space on the disk of the spool.", room.free_bytes)
        yield GaugeMetricFamily("footfall_ready", "1 if /readyz answers 200.", float(not self._readiness.problems))

    def _of_database(self) -> Iterator[Metric]:
        """Yield what only the database knows; while it does not answer, nothing but that."""
        database = self._readiness.database
        yield GaugeMetricFamily("footfall_database_up", "1 if the database answers.", float(database is not None))
        if database is None:
            return
        lag = database.lag
        yield GaugeMetricFamily("footfall_drain_lag_seconds", "Age of the oldest waiting hit.", lag.seconds)
        yield GaugeMetricFamily("footfall_drain_waiting_bytes", "Bytes that are not stored yet.", lag.bytes)
        refused = float(database.retention_refused_at is not None)
        help_text = "1 while expired data is kept because the clock may be wrong (see manage.py purge)."
        yield GaugeMetricFamily("footfall_retention_refused", help_text, refused)
        if database.retention_done_at is not None:
            at = database.retention_done_at.timestamp()
            help_text = "When expired data was last deleted (Unix time)."
            yield GaugeMetricFamily("footfall_retention_last_run_timestamp_seconds", help_text, at)
        if isfinite(lag.idle_seconds):
            help_text = "Time since the drain last stored anything of a segment that is still there."
            yield GaugeMetricFamily("footfall_drain_idle_seconds", help_text, lag.idle_seconds)


def _counted(total: Totals) -> Iterator[Metric]:
    for count, counter in COUNTERS.items():
        family = CounterMetricFamily(counter.name, counter.help, labels=_label_names(counter))
        numbers = dict.fromkeys(counter.labels, 0.0) | total.counts.get(count, {})
        for label in sorted(numbers):
            family.add_metric(_labels(counter, label), numbers[label])
        yield family
    for timing, counter in HISTOGRAMS.items():
        histogram = HistogramMetricFamily(counter.name, counter.help, labels=_label_names(counter))
        times = total.times.get(timing, {})
        for label in sorted(times.keys() | set(counter.labels)):
            seconds, *durations = times.get(label, [0.0] * (len(BOUNDS) + 2))
            histogram.add_metric(_labels(counter, label), list(_buckets(durations)), seconds)
        yield histogram


def _buckets(numbers: Iterable[float]) -> Iterator[tuple[str, float]]:
    """Yield each bound with how many durations were at most that long, as Prometheus counts them."""
    total = 0.0
    for bound, number in zip([*map(str, BOUNDS), "+Inf"], numbers, strict=True):
        total += number
        yield bound, total


def _label_names(counter: Counter) -> list[str]:
    return [counter.label] if counter.label else []


def _labels(counter: Counter, label: str) -> list[str]:
    return [label] if counter.label else []
