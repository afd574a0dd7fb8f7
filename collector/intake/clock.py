"""The wall clock, in the unit of the spool."""

import time


def now_us() -> int:
    """Return the current time in microseconds since the epoch."""
    return time.time_ns() // 1000
