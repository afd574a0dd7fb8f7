"""Request headers by name."""

from collections.abc import Sequence


def join_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name, with repeated ones joined by commas (RFC 9110, 5.3)."""
    by_name = dict(headers)
    if len(by_name) == len(headers):
        return by_name
    by_name.clear()
    for name, value in headers:
        by_name[name] = by_name[name] + b"," + value if name in by_name else value
    return by_name
