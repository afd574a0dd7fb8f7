"""Keeps child processes running until a stop event, then stops them one after another."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
STOP_SECONDS = 20.0
HEALTHY_SECONDS = 10.0  # a child that ran this long is restarted at once
MAX_PAUSE_SECONDS = 8.0
NICE = 10  # a tenth of a web process's weight (sched(7), The nice value): enough to store a hit within about a second
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Child:
    """One child process, restarted whenever it ends by itself. It may run at a low priority."""

    def __init__(self, name: str, argv: Sequence[str], *, is_low_priority: bool = False) -> None:
        self.name = name
        self._argv = argv
        self._is_low_priority = is_low_priority
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_due_at = 0.0
        self._pause_seconds = 1.0

    def start(self) -> None:
        # In its own process group: Ctrl-C then reaches only us, and we stop the children in order. Not in its own
        # session: Linux balances whole sessions first (sched(7), autogroup), and priorities only within one.
        self._process = subprocess.Popen(self._argv, process_group=0, preexec_fn=self._before_exec)  # noqa: S603
        self._started_at = time.monotonic()

    def _before_exec(self) -> None:
        end_with_parent()
        if self._is_low_priority:
            _lower_priority()

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def restart_if_ended(self) -> None:
        """Restart the process if it has ended. If it keeps ending early, wait longer each time."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            code = self._process.returncode
            self._process = None
            if now - self._started_at >= HEALTHY_SECONDS:
                self._pause_seconds = 1.0
                self._start_due_at = now
            else:
                self._start_due_at = now + self._pause_seconds
                self._pause_seconds = min(2 * self._pause_seconds, MAX_PAUSE_SECONDS)
            logger.warning("%s ended (%s). It will be restarted.", self.name, _exit_reason(code))
        if self._process is None and now >= self._start_due_at:
            self.start()

    def stop(self) -> None:
        """Ask the process to end; kill it if it doesn't."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop in time. It is killed.", self.name)
            self._process.kill()
            self._process.wait()


def supervise(children: Sequence[Child], stop: threading.Event) -> None:
    """Keep started children running until `stop` is set, then stop them in this order."""
    try:
        while not stop.wait(POLL_SECONDS):
            for child in children:
                child.restart_if_ended()
    finally:
        for child in children:
            child.stop()


def _exit_reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _lower_priority() -> None:
    """Give way to other processes, but get a share of the processor however busy they are.

    Not SCHED_IDLE (sched(7)): beside two busy processes, a hit then waited for many seconds, and a drain that is not
    scheduled while it writes to SQLite holds up all other writers.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.nice(NICE)


def end_with_parent() -> None:
    """Let the kernel end this child if its parent is killed. Only Linux can do that (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
