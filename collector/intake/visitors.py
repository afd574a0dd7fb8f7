"""Visitors: a keyed hash of address and user agent that changes every UTC day, and the salts that key it.

Once its salt is gone, nobody can tell which address a visitor was, or whether two days' visitors are one.
"""

import hashlib
import secrets
from datetime import date, timedelta

from collector.models import DailySalt

DAY_MICROSECONDS = 86_400_000_000
SALT_BYTES = 32
_EPOCH = date(1970, 1, 1)


def salt_of(day: int) -> bytes:
    """Return the salt of a UTC day, made on first use. One query where it exists, the same for every process."""
    row, _ = DailySalt.objects.get_or_create(
        date=_EPOCH + timedelta(days=day), defaults={"salt": secrets.token_bytes(SALT_BYTES)}
    )
    return bytes(row.salt)


def visitor_of(address: str, agent: bytes, salt: bytes) -> int:
    """Return the visitor as a signed 64-bit number: BLAKE2b, keyed with the day's salt (RFC 7693)."""
    digest = hashlib.blake2b(address.encode() + b"\0" + agent, key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
