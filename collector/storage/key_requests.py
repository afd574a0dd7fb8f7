"""How collectors that share a database come to the same keys of salts, without an operator and without a shared secret
that a thief could copy once and use for years.

The collector that first needs the salt of a date makes its key. The row in the database says which key belongs to it,
by a check. A collector that has another key, because it is new, was off, or was a moment later, asks: its drain writes
a public key (X25519, RFC 7748), whose private half stays in the memory of that drain. Any drain that has the key seals
it for that one. SECRET_KEY goes into the seal, so that who can only write to the database gets no key, and makes nobody
use one. What stays of this in logs and backups opens nothing once the drain that asked has ended.

Keys are made two days ahead, so this is done long before the date begins. On its first day a new collector waits for it
for some seconds. Until it has the key, it counts with its own: a reader of two collectors is then two visitors, and
none is lost. If nobody answers, because the only one that had the key is gone, the own key of the one that asked takes
its place: after `PATIENCE`, or where readers were counted already, after `PATIENCE_IN_USE`; `SOON` if no other
collector was seen for so long.
"""

import hashlib
import logging
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings

from collector.models import Collector, DailySalt, KeyRequest, Span, WindowSalt
from collector.storage.collectors import stored_id
from collector.storage.salt_keys import KeyName, check_of, salt_keys
from collector.storage.salts import EARLIEST, dates_to_load
from collector.storage.salts import key_name as name_of_date
from collector.storage.window_salts import Window, windows_to_load
from collector.storage.window_salts import key_name as name_of_window

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=10)
PATIENCE_IN_USE = timedelta(hours=6)
SOON = timedelta(minutes=1)
PUBLIC_BYTES = 32


class StoredCheck(NamedTuple):
    """Which key belongs to a row of salts, by its check: empty if a former version wrote the row."""

    row: DailySalt | WindowSalt
    name: KeyName
    begins_at: datetime

    @property
    def check(self) -> bytes:
        return bytes(self.row.key_check)

    def take_over(self, check: bytes) -> None:
        """Let another key belong to the row, unless somebody was faster."""
        rows = type(self.row)._default_manager.filter(pk=self.row.pk, key_check=self.check)
        rows.update(key_check=check)


class _Asked(NamedTuple):
    check: bytes
    at: datetime


class KeyRequests:
    """What the drain of one spool asks other collectors for. One object for each drain."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._asked: dict[str, _Asked] = {}  # by name
        self._private: X25519PrivateKey | None = None

    def step(self, now: datetime) -> None:
        """Answer others, take what others answered, and ask for what is missing. Three queries if nothing is."""
        rows = {row.name.text: row for row in stored_checks(now)}
        requests = list(KeyRequest.objects.all())
        own_id = stored_id(self._directory)
        keys = salt_keys().stored()
        ours = {text for text, row in rows.items() if text in keys and check_of(keys[text]) == row.check}
        for request in requests:
            if request.collector_id != own_id and request.sealed is None and request.name in ours:
                _answer(request, keys[request.name])
            elif request.collector_id == own_id and request.sealed is not None and request.name in rows:
                self._take(request, rows[request.name])
        missing = sorted(rows.keys() - ours)
        recently = now - PATIENCE_IN_USE
        is_alone = bool(missing) and not Collector.objects.exclude(pk=own_id).filter(seen_at__gt=recently).exists()
        for text in missing:
            if text in keys and (not rows[text].check or self._has_waited_for(rows[text], now, is_alone=is_alone)):
                rows[text].take_over(check_of(keys[text]))
                KeyRequest.objects.filter(collector_id=own_id, name=text).delete()
            else:
                self._ask(rows[text], own_id, now)
        self._asked = {text: asked for text, asked in self._asked.items() if text in rows and text not in ours}

    def is_expecting(self, now: datetime) -> bool:
        """Whether it has just asked for a key that others can answer soon."""
        return any(now - asked.at < SOON for asked in self._asked.values())

    def _has_waited_for(self, row: StoredCheck, now: datetime, *, is_alone: bool) -> bool:
        """Say whether nobody will answer. Collectors that start together see each other after some seconds."""
        asked = self._asked.get(row.name.text)
        patience = SOON if is_alone else PATIENCE if now < row.begins_at else PATIENCE_IN_USE
        return asked is not None and asked.check == row.check and now - asked.at >= patience

    def _ask(self, row: StoredCheck, own_id: str, now: datetime) -> None:
        """Ask for the key of a row, unless it was asked for."""
        asked = self._asked.get(row.name.text)
        if asked is not None and asked.check == row.check:
            return
        self._asked[row.name.text] = _Asked(row.check, now)
        KeyRequest.objects.update_or_create(
            collector_id=own_id,
            name=row.name.text,
            defaults={"public_key": self._public_key(), "sealed": None, "asked_at": now},
        )

    def _public_key(self) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        self._private = self._private or X25519PrivateKey.generate()
        return self._private.public_key().public_bytes_raw()

    def _take(self, request: KeyRequest, row: StoredCheck) -> None:
        """Take the key from an answer, if it is the one that belongs to the row."""
        request.delete()
        if self._private is None or bytes(request.public_key) != self._public_key():
            return  # a former drain asked, whose private key nobody has any more
        key = _opened(bytes(request.sealed or b""), self._private, request.name)
        if key is None:
            logger.error("Another collector sealed a key with another SECRET_KEY. Set the same one on all collectors.")
        elif check_of(key) == row.check:
            salt_keys().put({row.name: key})
            logger.info("Took the key of %s from another collector.", request.name)


def stored_checks(now: datetime) -> list[StoredCheck]:
    """Return which keys belong to the salts that are in use now, or soon. Two queries."""
    days = [date.fromisoformat(day) for day in dates_to_load(now)]
    names = set(windows_to_load(now))
    rows = [
        StoredCheck(row, name_of_date(row.date), datetime.combine(row.date, time(), UTC) - EARLIEST)
        for row in DailySalt.objects.filter(date__in=days)
    ]
    for window_row in WindowSalt.objects.filter(date__in={name.partition(":")[2] for name in names}):
        window = Window(Span(window_row.span), window_row.date)
        if window.name in names:
            begins_at = datetime.combine(window.date, time(), UTC)
            rows.append(StoredCheck(window_row, name_of_window(window), begins_at))
    return rows


def foreign_names(now: datetime) -> list[str]:
    """Return the names of keys in use that other collectors have and this one has not. Two queries."""
    keys = salt_keys().stored()
    rows = [row for row in stored_checks(now) if row.check and row.name.text in keys]
    return sorted(row.name.text for row in rows if check_of(keys[row.name.text]) != row.check)


def _answer(request: KeyRequest, key: bytes) -> None:
    """Answer a request, unless somebody else was faster. One that no collector can have written is deleted."""
    try:
        sealed = _sealed(key, bytes(request.public_key), request.name)
    except ValueError:
        request.delete()
        return
    KeyRequest.objects.filter(pk=request.pk, public_key=request.public_key, sealed=None).update(sealed=sealed)


def _sealed(key: bytes, public_key: bytes, name: str) -> bytes:
    """Seal a key for the holder of a private key: the sender's public key, then what ChaCha20-Poly1305 makes of it."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    private = X25519PrivateKey.generate()
    ours = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(public_key))
    return ours + ChaCha20Poly1305(_seal(shared, ours, public_key)).encrypt(bytes(12), key, name.encode())


def _opened(sealed: bytes, private: "X25519PrivateKey", name: str) -> bytes | None:
    """Return the key in an answer, or None if it was not sealed for us with our SECRET_KEY."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    theirs, content = sealed[:PUBLIC_BYTES], sealed[PUBLIC_BYTES:]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(theirs))
        cipher = ChaCha20Poly1305(_seal(shared, theirs, private.public_key().public_bytes_raw()))
        return cipher.decrypt(bytes(12), content, name.encode())
    except (InvalidTag, ValueError):
        return None


def _seal(shared: bytes, sender: bytes, receiver: bytes) -> bytes:
    """Return the key of one seal, which is used once: a hash of what both sides know, keyed with SECRET_KEY."""
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(shared + sender + receiver, key=secret, digest_size=32, person=b"salt key seal").digest()
