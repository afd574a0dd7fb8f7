"""Stops a long-running command on a signal."""

import signal
import threading


def stop_on_signals() -> threading.Event:
    """Return an event that is set by SIGTERM and Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
