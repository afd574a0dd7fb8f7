"""Moments as SDKs write them."""

from datetime import UTC, datetime

MAX_TEXT = 40


def moment_of(value: object) -> int:
    """Return a moment in ISO 8601 as microseconds since the epoch, or 0 if it is none. Without a zone, it is in UTC."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return 0
    try:
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0
