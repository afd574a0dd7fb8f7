"""A thief who has copies tries to find out which visitor of a past day had a known address.

They have what can be copied at any moment: the database with all that stays of it, the spool with the standby file, and
backups. They also have the whole disk, with the keys of salts, as it was before the day's key was made and after it was
overwritten. They know our code, the address and the user agent.
"""

import base64
import gzip
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from collector.intake.visitors import visitor_of
from collector.models import DailySalt, DailyVisitor, Hit
from collector.storage import salt_keys, salts
from collector.storage.retention import delete_expired
from collector.storage.salt_keys import SaltKeys
from collector.storage.salts import dates_to_load, load_halves, load_salts
from collector.storage.standby import expire_standby, update_standby
from tests.endpoints import CHROME
from tests.hits import drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS, AGENT = "203.0.113.77", CHROME.encode()
DAY = "2026-11-27"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEFORE = NOON - timedelta(days=4)
DURING = [NOON + timedelta(hours=hours) for hours in (-36, -13, -11, 0, 11, 13, 22.2, 24, 36, 69.9)]
AFTER = NOON + timedelta(hours=70)  # the date ended in UTC-12 at noon of the 28th; 46 hours later its salt goes
BYTES = 32


class Server:
    """A server with its clock. `keys` are outside of `data`, so that copies can be made with and without them."""

    def __init__(self, directory: Path, pixel, settings, monkeypatch) -> None:
        self.data, self.keys, self.copies = (directory / name for name in ("data", "keys", "copies"))
        for path in (self.data, self.copies):
            path.mkdir()
        settings.DATA_DIR, settings.SPOOL_DIR, settings.SALT_KEYS_DIR = self.data, self.data / "spool", self.keys
        settings.SPOOL_DIR.mkdir()
        self._pixel, self._monkeypatch = pixel, monkeypatch
        self.half = self.key = self.salt = b""
        self.visitor = 0

    def work(self, now: datetime) -> None:
        """Do what web process and drain do at a moment. At noon the reader comes."""
        self._monkeypatch.setattr(timezone, "now", lambda: now)
        load_salts(dates_to_load(now))
        update_standby(self.data / "spool", now)
        if now == NOON:
            self.salt, self.half = load_salts([DAY])[DAY], load_halves([DAY])[DAY]
            self.key = SaltKeys(self.keys).stored()[f"date:{DAY}"]
            self.visitor = visitor_of(ADDRESS, AGENT, self.salt, self._pixel.project_id)
            spooled = hit(self._pixel, "2026-11-27T12:00", visitor=self.visitor, agent=CHROME)
            spool(self.data / "spool", [spooled])
            drain(self.data / "spool")
            assert DailyVisitor.objects.filter(visitor=self.visitor).exists()
        delete_expired(now)
        expire_standby(self.data / "spool", now)

    def copy(self, *, with_keys: bool) -> None:
        """Give the thief a copy of what is there now."""
        target = self.copies / str(len(list(self.copies.iterdir())))
        target.mkdir()
        call_command("backup", self.data / "backup.tar", stdout=StringIO(), stderr=StringIO())
        shutil.copytree(self.data, target / "data")
        if with_keys:
            shutil.copytree(self.keys, target / "keys")
        if connection.vendor == "sqlite":
            for path in Path(connection.settings_dict["NAME"]).parent.glob("test.sqlite3*"):
                shutil.copy(path, target)


@pytest.fixture
def server(tmp_path, pixel, settings, monkeypatch) -> Server:
    return Server(tmp_path, pixel, settings, monkeypatch)


def live(server: Server) -> None:
    """Let the days go by, and make the copies."""
    server.work(BEFORE)
    server.copy(with_keys=True)
    for moment in DURING:
        server.work(moment)
        server.copy(with_keys=False)
    assert DailySalt.objects.filter(date=DAY).exists()
    server.work(AFTER)
    server.copy(with_keys=True)
    assert not DailySalt.objects.filter(date=DAY).exists()
    assert Hit.objects.get().visitor == server.visitor


def contents(directory: Path) -> Iterator[bytes]:
    """Yield the content of each file, and of what is compressed in backups."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield content
            for match in re.finditer(rb"\x1f\x8b\x08", content):
                try:
                    yield gzip.decompress(content[match.start() :].rstrip(b"\0"))
                except (OSError, EOFError, ValueError):
                    continue


def secrets_in(content: bytes) -> set[bytes]:
    """Return what may be a key, a half or a salt: random bytes, also as text in base64 or hexadecimal digits."""
    found = {bytes.fromhex(token.decode()) for token in re.findall(rb"[0-9A-Fa-f]{64}", content)}
    for token in re.findall(rb"[A-Za-z0-9+/_-]{43}(?![A-Za-z0-9])", content):
        found.add(base64.b64decode(token.translate(bytes.maketrans(b"-_", b"+/")) + b"="))
    for chunk in re.split(rb"\0{6,}|[ -~\s]{64,}", content):
        windows = {chunk[start : start + BYTES] for start in range(len(chunk) - BYTES + 1)}
        found |= {window for window in windows if len(set(window)) >= 22}
    return found


def finds_the_reader(server: Server, project_id: int) -> bool:
    """Whether the thief links the address with the visitor. They are granted the half: PostgreSQL keeps it for long."""
    secrets = {server.half}
    for content in contents(server.copies):
        if b"SQLite format" in content[:20] or len(content) > 1_000_000:
            continue  # what is in there is searched for below
        secrets |= secrets_in(content)
    name = salts.key_name(datetime.fromisoformat(DAY).date())
    guesses = secrets | {salt_keys.salt_of(name, server.half, key) for key in secrets}
    return any(visitor_of(ADDRESS, AGENT, guess, project_id) == server.visitor for guess in guesses)


def forms(secret: bytes) -> list[bytes]:
    """Return how a secret may be written, whatever is before it."""
    encoded = base64.b64encode(secret)[:40]
    return [secret, secret.hex().encode(), encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")]


def is_in_database(server: Server, secret: bytes) -> bool:
    """Whether a secret is anywhere in the files of the database, of PostgreSQL's own as they are now."""
    paths = [path for path in server.copies.rglob("*") if path.is_file()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute("SHOW data_directory")
            directory = Path(cursor.fetchone()[0])
        if os.access(directory, os.R_OK | os.X_OK):
            paths += [path for path in directory.rglob("*") if path.is_file()]
    return any(form in path.read_bytes() for path in paths for form in forms(secret))


def test_no_copy_tells_which_visitor_of_a_past_day_had_an_address(server, pixel):
    live(server)

    assert not finds_the_reader(server, pixel.project_id)
    assert not is_in_database(server, server.key)
    assert not is_in_database(server, server.salt)
    assert is_in_database(server, server.half)  # so the search finds what is there


def test_this_thief_finds_the_reader_where_the_half_is_the_whole_salt(server, pixel, monkeypatch):
    monkeypatch.setattr(salts, "salt_of", lambda name, half, key: half)
    live(server)
    assert finds_the_reader(server, pixel.project_id)


def test_this_thief_finds_the_reader_where_an_expired_key_is_not_overwritten(server, pixel, monkeypatch):
    monkeypatch.setattr(SaltKeys, "expire", lambda keys, now: None)
    live(server)
    assert finds_the_reader(server, pixel.project_id)
