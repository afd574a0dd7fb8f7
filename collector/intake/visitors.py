"""The visitor hash: address and user agent, keyed with a salt that changes every UTC day.

Once a salt is deleted, nobody can tell which address a visitor had, or whether visitors of two days are the same.
"""

import hashlib
import secrets
from datetime import date, timedelta

from collector.models import DailySalt

DAY_MICROSECONDS = 86_400_000_000
SALT_BYTES = 32
_EPOCH = date(1970, 1, 1)


def salt_of(day: int) -> bytes:
    """Return the salt of a UTC day; create it on first use. One query if it exists. All processes get the same one."""
    row, _ = DailySalt.objects.get_or_create(
        date=_EPOCH + timedelta(days=day), defaults={"salt": secrets.token_bytes(SALT_BYTES)}
    )
    return bytes(row.salt)


def visitor_of(address: str, agent: bytes, salt: bytes) -> int:
    """Return the visitor hash as a signed 64-bit number: BLAKE2b (RFC 7693), keyed with the day's salt."""
    digest = hashlib.blake2b(address.encode() + b"\0" + agent, key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
