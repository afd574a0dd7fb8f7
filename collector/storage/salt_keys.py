"""The keys of salts: the part of each salt that is only in a small file, outside every backup.

A salt is a keyed hash of its half in the database; the key is here. Neither tells anything without the other. What the
database holds stays in logs, backups and freed pages long after its row is deleted. So a salt is gone when its key is:
this file has a fixed size, and a key that has expired is overwritten where it stands and flushed to the disk.

Each key is random. None can be computed from another one, an earlier file or an earlier backup: what somebody copied
once opens the windows of that day, and no others. How several collectors come to the same keys: `key_requests.py`.

The directory is tagged as one that backups leave out (CACHEDIR.TAG, https://bford.info/cachedir/).
"""

import fcntl
import hashlib
import logging
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from collector.spool.writer import sync_directory

logger = logging.getLogger(__name__)

NAME, TAG = "keys", "CACHEDIR.TAG"
KEY_BYTES = 32
CHECK_BYTES = 8
SLOTS = 64  # some twenty are in use
_SLOT = struct.Struct(">16sQ32s8s")  # name, seconds since the epoch when it expires, key, checksum
FILE_BYTES = SLOTS * _SLOT.size  # one block of most file systems
_EMPTY = bytes(_SLOT.size)
_TAG_TEXT = b"Signature: 8a477f597d28d172789f06886806bc55\n# Footfall's salt keys. Never back them up.\n"


class KeyName(NamedTuple):
    """What a key is for, such as `date:2026-11-30` or `week:2026-11-30`, and when it is to be overwritten."""

    text: str
    expires_at: datetime


class Slot(NamedTuple):
    """A key in the file, with its place there."""

    number: int
    name: KeyName
    key: bytes


def salt_of(name: KeyName, half: bytes, key: bytes) -> bytes:
    """Return the salt that the database's half and a key make: BLAKE2b (RFC 7693)."""
    return hashlib.blake2b(name.text.encode() + b"\0" + half, key=key, person=b"salt").digest()[:KEY_BYTES]


def check_of(key: bytes) -> bytes:
    """Return a hash by which collectors see whether they have the same key. It does not reveal the key."""
    return hashlib.blake2b(key, digest_size=CHECK_BYTES, person=b"salt key check").digest()


@lru_cache(maxsize=4)
def _keys_in(directory: Path) -> "SaltKeys":
    return SaltKeys(directory)


def salt_keys() -> "SaltKeys":
    """Return the keys of this machine."""
    return _keys_in(settings.SALT_KEYS_DIR)


class SaltKeys:
    """The keys in one directory. All processes of a machine share the file; each call opens it.

    While it can't be used, each process makes keys of its own, in its memory: no reader is lost, but one who comes to
    two processes is two visitors. `error` says why then.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self.error: OSError | None = None
        self._unsaved: dict[KeyName, bytes] = {}  # while the file can't be used

    def stored(self) -> dict[str, bytes]:
        """Return the keys that are there, by name."""
        return {name.text: key for name, key in self._unsaved.items()} | _by_text(self._saved())

    def keys(self, names: Iterable[KeyName]) -> dict[str, bytes]:
        """Return a key for each name; make those that are missing."""
        wanted = {name.text: name for name in names}
        stored = _by_text(self._saved())
        if missing := {name: None for text, name in wanted.items() if text not in stored}:
            stored = self._put(missing)
        return {text: stored[text] for text in wanted}

    def put(self, keys: Mapping[KeyName, bytes]) -> None:
        """Store keys that another collector has made, in place of our own."""
        self._put(keys)

    def expire(self, now: datetime) -> None:
        """Overwrite the keys that have expired, and what is left of damaged ones.

        No query, so that it works while the database is away.
        """
        self._unsaved = {name: key for name, key in self._unsaved.items() if name.expires_at > now}
        stale: list[int] = []
        with self._noting_errors(), suppress(FileNotFoundError), self._reading() as file:
            stale = _numbers_to_empty(file, now)
        if not stale:
            return
        with self._noting_errors(writes=True), self._open() as file:
            for number in _numbers_to_empty(file, now):
                os.pwrite(file, _EMPTY, number * _SLOT.size)
            os.fsync(file)

    def _saved(self) -> list[Slot]:
        """Return what is in the file, nothing while it can't be used."""
        slots: list[Slot] = []
        with self._noting_errors(), suppress(FileNotFoundError), self._reading() as file:
            slots = _read(file)
        return slots

    @contextmanager
    def _reading(self) -> Iterator[int]:
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield file.fileno()

    def _put(self, keys: Mapping[KeyName, bytes | None]) -> dict[str, bytes]:
        """Store keys, and return all. In place of None, keep the key that another process has just made, or make one.

        If the file is full, the keys that expire last give way: those of a clock that was wrong.
        """
        made = {name: key or self._unsaved.get(name) or secrets.token_bytes(KEY_BYTES) for name, key in keys.items()}
        with self._noting_errors(writes=True), self._open() as file:
            slots = {slot.name.text: slot for slot in _read(file)}
            for name, key in keys.items():
                if key is None and name.text in slots:
                    continue
                number = slots[name.text].number if name.text in slots else _free_number(slots, keys)
                slots = {text: slot for text, slot in slots.items() if slot.number != number}
                slots[name.text] = Slot(number, name, made[name])
                os.pwrite(file, _packed(slots[name.text]), number * _SLOT.size)
            os.fsync(file)
            self._unsaved = {}
            return _by_text(slots.values())
        self._unsaved |= made
        return self.stored()

    @contextmanager
    def _open(self) -> Iterator[int]:
        """Yield the file, locked; create it first, of its whole size. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if (size := os.fstat(file).st_size) < FILE_BYTES:
                os.pwrite(file, bytes(FILE_BYTES - size), size)
                (self.path.parent / TAG).write_bytes(_TAG_TEXT)
                os.fsync(file)
                sync_directory(self.path.parent)
            yield file
        finally:
            os.close(file)

    @contextmanager
    def _noting_errors(self, *, writes: bool = False) -> Iterator[None]:
        """Note an error of the file, and go on after the block. The first one is logged, until a write succeeds."""
        try:
            yield
            if writes:
                self.error = None
        except OSError as error:
            if self.error is None:
                logger.error(
                    "Can't use %s (%s). Until that is mended, a reader who comes to two processes is two visitors.",
                    self.path,
                    error.strerror,
                )
            self.error = error


def _by_text(slots: Iterable[Slot]) -> dict[str, bytes]:
    return {slot.name.text: slot.key for slot in slots}


def _read(file: int) -> list[Slot]:
    """Return the keys in an open file. A slot that was half written counts as empty."""
    content = os.pread(file, FILE_BYTES, 0)
    slots = []
    for number, fields in enumerate(_SLOT.iter_unpack(content[: len(content) // _SLOT.size * _SLOT.size])):
        text, seconds, key, _checksum = fields
        with suppress(ValueError, OverflowError, OSError):  # of a damaged slot, which its checksum tells, too
            slot = Slot(number, KeyName(text.rstrip(b"\0").decode(), datetime.fromtimestamp(seconds, UTC)), key)
            if text.strip(b"\0") and _packed(slot) == _SLOT.pack(*fields):
                slots.append(slot)
    return slots


def _numbers_to_empty(file: int, now: datetime) -> list[int]:
    """Return the numbers of the slots that have something else than a key that is still kept."""
    kept = {slot.number for slot in _read(file) if slot.name.expires_at > now}
    content = os.pread(file, FILE_BYTES, 0)
    used = [number for number in range(SLOTS) if any(content[number * _SLOT.size : (number + 1) * _SLOT.size])]
    return [number for number in used if number not in kept]


def _packed(slot: Slot) -> bytes:
    text, seconds = slot.name.text.encode(), int(slot.name.expires_at.timestamp())
    checksum = hashlib.blake2b(
        text + seconds.to_bytes(8, "big") + slot.key, digest_size=CHECK_BYTES, person=b"salt key slot"
    )
    return _SLOT.pack(text, seconds, slot.key, checksum.digest())


def _free_number(slots: Mapping[str, Slot], wanted: Iterable[KeyName]) -> int:
    """Return the number of a slot that is empty, or of the one that gives way."""
    used = {slot.number for slot in slots.values()}
    if free := set(range(SLOTS)) - used:
        return min(free)
    texts = {name.text for name in wanted}
    return max(slots.values(), key=lambda slot: (slot.name.text not in texts, slot.name.expires_at)).number
