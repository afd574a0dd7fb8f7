"""Marks: keyed hashes of the ids that other SDKs send. They are made before anything is written, as visitors are.

Once the salts of a day, its week and its month are deleted, nobody can tell which id an installation had, or whether
marks of two windows are of the same one.
"""

import hashlib

from collector.programs.doors.sent import Identity
from collector.spool.door_line import Marks

WindowSalts = tuple[bytes, bytes, bytes]  # of a UTC day, its ISO week and its month


def marks_of(identity: Identity, token: str, salts: WindowSalts) -> Marks:
    """Return the marks of an id in one program: BLAKE2b (RFC 7693), each keyed with another salt."""
    text = "\0".join((token, identity.kind, identity.text))
    return Marks(*(_hash(text, salt) for salt in salts))


def mark_of_event(key: bytes, occurrence: int, token: str, salts: WindowSalts) -> int:
    """Return the mark by which an event counts once, however often it is sent.

    `occurrence` tells events apart that are alike and came in one request.
    """
    digest = hashlib.blake2b(key, digest_size=16).hexdigest()  # however long the key is
    return _hash("\0".join((token, "event", digest, str(occurrence))), salts[0])


def _hash(text: str, salt: bytes) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
