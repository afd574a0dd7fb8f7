"""Do hits reach the database: the spool, the drain, and what was lost or set aside."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from collector.operations.checks.finding import Finding, Situation, counted, duration, ok, problem, size, warning
from collector.operations.server_health import LAST_DAY
from collector.spool import room as spool_room
from collector.spool.locks import DRAIN_LOCK, is_finished
from collector.spool.reader import read_lines, segments
from collector.spool.report_line import from_line
from collector.storage.lag import lag
from collector.storage.set_aside import LIFETIME

LATE_SECONDS = 60
LAST_BYTES = 200_000  # of a segment: more than the longest line
NEWEST_SEGMENTS = 8  # web processes write at the same time, each to a segment of its own
AHEAD_SECONDS = 5
LOW_PRIORITY = 5


def room(situation: Situation) -> Finding:
    """Can the spool take hits, and will it tomorrow?"""
    state = spool_room.room(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES)
    if sentences := spool_room.problems(settings.SPOOL_DIR, state):
        return problem(f"{_sentence(sentences)}.", "Free disk space, start the drain, or raise SPOOL_MAX_BYTES.")
    if sentences := spool_room.warnings(state):
        return warning(f"{_sentence(sentences)}.", "Free disk space, start the drain, or raise SPOOL_MAX_BYTES.")
    return ok(f"{size(state.spool_bytes)} of {size(state.max_bytes)} are used.")


def drain(situation: Situation) -> Finding:
    """Does a drain run for this spool? Its lock tells, also if it runs in another container."""
    try:
        is_running = not is_finished(settings.SPOOL_DIR / DRAIN_LOCK)
    except FileNotFoundError:
        is_running = False
    if not is_running:
        return problem("No drain runs: hits wait in the spool.", "Start “manage.py drain”, or “manage.py up”.")
    priority = _priority(settings.SPOOL_DIR / DRAIN_LOCK)
    if priority is not None and priority < LOW_PRIORITY:
        return warning(
            "The drain runs at normal priority, and can delay pixels while it stores many hits.",
            "Start it with “nice -n 10”, or Nice=10 in a systemd unit.",
        )
    return ok("The drain runs." if priority is None else "The drain runs at low priority.")


def behind(situation: Situation) -> Finding:
    """How far is the drain behind?"""
    waiting = lag(settings.SPOOL_DIR, int(situation.now.timestamp() * 1_000_000))
    if not waiting.bytes:
        return ok("No hit waits to be stored.")
    text = f"{size(waiting.bytes)} wait to be stored, the oldest hit for {duration(waiting.seconds)}."
    if waiting.stands_still:
        return problem(text, "See the drain's log: it says what it waits for, such as the database.")
    if waiting.seconds > LATE_SECONDS:
        return warning(text, "If it becomes more, see the drain's log and what else keeps the machine busy.")
    return ok(text)


def lost(situation: Situation) -> Finding:
    """Were hits lost because the spool could not be written?"""
    losses = situation.health().losses
    if losses is None:
        return ok("No hit was lost in the last 90 days.")
    ago = situation.seconds_since(losses.noted_at)
    text = f"{counted(losses.hits, 'hit')} lost in the last 90 days, most recently {duration(ago)} ago."
    remedy = "Free disk space, or raise SPOOL_MAX_BYTES."
    return problem(text, remedy) if ago < LAST_DAY.total_seconds() else warning(text, remedy)


def set_aside(situation: Situation) -> Finding:
    """Were there lines that could not be used?"""
    lines = situation.health().set_aside
    if not lines:
        return ok(f"Every line of the last {LIFETIME.days} days could be used.")
    return warning(
        f"{counted(lines, 'line')} of the last {LIFETIME.days} days could not be used.",
        "See the reasons in spool/set-aside.log. A torn line is of a process that was killed before it answered.",
    )


def newest_hit(situation: Situation) -> Finding | None:
    """Is the newest spooled hit from the future? Then the clock was ahead, and has been set back."""
    moments = [_last_moment_us(segment) for segment in segments(settings.SPOOL_DIR)[-NEWEST_SEGMENTS:]]
    newest_us = max((moment for moment in moments if moment is not None), default=0)
    ahead = newest_us / 1_000_000 - situation.now.timestamp()
    if ahead <= AHEAD_SECONDS:
        return None
    return problem(
        f"The newest hit in the spool is from the future, by {duration(ahead)}: the clock was ahead.",
        "Keep the clock right with NTP, such as systemd-timesyncd or chrony.",
    )


def _last_moment_us(segment: Path) -> int | None:
    """Return the moment of a segment's last line that can be read, in microseconds since the epoch."""
    with suppress(FileNotFoundError):
        start = max(0, segment.stat().st_size - LAST_BYTES)
        for line in reversed(list(read_lines(segment, start, limit_bytes=LAST_BYTES))):
            with suppress(ValueError):  # the first one may be cut, and the last one torn
                return from_line(line.content).at_us
    return None


def _priority(lock: Path) -> int | None:
    """Return how nice the holder of a lock is (sched(7)), or None where that can't be seen, as in another container.

    Linux lists locks in /proc/locks (proc(5)).
    """
    with suppress(OSError, ValueError):
        status = lock.stat()
        file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            _, kind, _, _, pid, locked, *_ = [*line.split(), "", "", ""]
            if (kind, locked) == ("FLOCK", file) and int(pid) > 0:
                return os.getpriority(os.PRIO_PROCESS, int(pid))
    return None


def _sentence(sentences: list[str]) -> str:
    text = "; ".join(sentences)
    return text[:1].upper() + text[1:]
