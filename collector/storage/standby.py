"""The standby file: what a web process must know of the database while that is away, for processes that start then.

It holds the live pixels and the salts of the dates in use, as they are committed in the database; if a program is
declared, also those for the ids of other SDKs. The drain writes it; web processes read it only while the database does
not answer. It lies in the spool's directory, mode 0600, and is replaced as a whole, so that a reader never sees half of
it.

It keeps salts no longer than the database does. The drain removes expired ones even while it can't reach the database,
and a reader ignores them.
"""

import logging
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from django.utils import timezone

from collector.classify.sites import sites_of
from collector.models import Declaration, Kind, Pixel
from collector.storage.salts import dates_to_load, is_kept, load_salts
from collector.storage.window_salts import is_window_kept, load_window_salts, windows_to_load

logger = logging.getLogger(__name__)

NAME = "standby.json"
MAX_PIXELS = 10_000  # the newest ones; a web process remembers as many
EXPIRY_SECONDS = 600.0
DRAFT_SECONDS = 60.0


class LivePixel(NamedTuple):
    """What a web process knows of a live pixel. Hits from `excluded_networks`, one per line, don't count.

    Pages on `private_hosts` do: the project lists them among its own sites. `is_program` says that it is of the kind
    for programs, `is_declared` that its declaration is in the database, too.
    """

    project_id: int
    timezone: str
    excluded_networks: str
    is_program: bool = False
    is_declared: bool = False
    private_hosts: tuple[str, ...] = ()


class Standby(msgspec.Struct):
    """The content of the file: live pixels by token, salts by date in ISO 8601, and others by the name of a window."""

    pixels: dict[str, LivePixel] = {}
    salts: dict[str, bytes] = {}
    window_salts: dict[str, bytes] = {}

    def kept(self, now: datetime) -> "Standby":
        """Return it without expired salts."""
        return Standby(
            self.pixels,
            {day: salt for day, salt in self.salts.items() if is_kept(day, now)},
            {window: salt for window, salt in self.window_salts.items() if is_window_kept(window, now)},
        )

    def has_expired(self, now: datetime) -> bool:
        """Whether it has a salt that has expired."""
        kept = self.kept(now)
        return (len(kept.salts), len(kept.window_salts)) != (len(self.salts), len(self.window_salts))


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Standby).decode
_write_lock = threading.Lock()  # the drain's two threads write; other processes replace the whole file


def live_pixels(tokens: Iterable[str]) -> dict[str, LivePixel]:
    """Return those of the tokens that are live. One query."""
    return _by_token(Pixel.objects.live().filter(token__in=list(tokens)).values_list(*_COLUMNS))


_COLUMNS = (
    "token", "project_id", "project__timezone", "project__excluded_networks", "kind", "declaration__schema",
    "project__sites",
)  # fmt: skip


def _by_token(rows: Iterable[tuple[str, int, str, str, str, str | None, str]]) -> dict[str, LivePixel]:
    return {
        token: LivePixel(
            project_id, timezone, networks, kind == Kind.APP, kind == Kind.APP and schema is not None,
            sites_of(sites).private_hosts(),
        )
        for token, project_id, timezone, networks, kind, schema, sites in rows
    }  # fmt: skip


def declaration_texts(tokens: Iterable[str]) -> dict[str, str]:
    """Return the declarations of programs by token. One query. The standby file has none of them."""
    return dict(Declaration.objects.filter(pixel__token__in=list(tokens)).values_list("pixel__token", "text"))


def read_standby(directory: Path, now: datetime) -> Standby:
    """Return what the file in a spool's directory holds, without expired salts; nothing if it can't be read."""
    return _stored(directory / NAME).kept(now)


def update_standby(directory: Path, now: datetime) -> None:
    """Write what the database holds now. Two queries, or three; the file is left alone if nothing has changed."""
    pixels = _by_token(Pixel.objects.live().order_by("-pk").values_list(*_COLUMNS)[:MAX_PIXELS])
    has_programs = any(pixel.is_declared for pixel in pixels.values())
    window_salts = load_window_salts(windows_to_load(now)) if has_programs else {}
    _replace(directory, Standby(pixels, load_salts(dates_to_load(now)), window_salts), now)


def expire_standby(directory: Path, now: datetime) -> None:
    """Remove expired salts from the file. No query, so that it works while the database is away."""
    if (directory / NAME).exists():
        _replace(directory, read_standby(directory, now), now)
    for draft in directory.glob(f"{NAME}.*"):  # of a process that was killed meanwhile
        with suppress(OSError):
            if abs(now.timestamp() - draft.stat().st_mtime) > DRAFT_SECONDS:
                draft.unlink()


def expire_regularly(directory: Path, stop: threading.Event) -> None:
    """Remove expired salts from the file from time to time, until `stop` is set."""
    while True:
        expire_standby(directory, timezone.now())
        if stop.wait(EXPIRY_SECONDS):
            return


def _stored(path: Path) -> Standby:
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return Standby()
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        logger.warning("Can't read %s (%s).", path, error)
        return Standby()


def _replace(directory: Path, standby: Standby, now: datetime) -> None:
    """Replace the file. If that fails, as on a full disk, the old one stays unless it holds an expired salt."""
    content = _encode(standby)
    path = directory / NAME
    draft = directory / f"{NAME}.{os.getpid()}"
    with _write_lock:
        try:
            if path.exists() and path.read_bytes() == content:
                return
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except OSError as error:
            logger.warning("Can't write %s (%s).", path, error.strerror)
            with suppress(OSError):
                draft.unlink(missing_ok=True)
                if _stored(path).has_expired(now):
                    path.unlink(missing_ok=True)
