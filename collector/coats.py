"""What the asynchronous coats of `collector.receive` share: headers by name, and the thread that waits for the disk."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name, repeated ones joined with commas (RFC 9110, 5.3)."""
    by_name = dict(headers)
    if len(by_name) == len(headers):
        return by_name
    by_name.clear()
    for name, value in headers:
        by_name[name] = by_name[name] + b"," + value if name in by_name else value
    return by_name


@cache
def syncing() -> ThreadPoolExecutor:
    """Return this process's one thread that waits for the disk."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")
