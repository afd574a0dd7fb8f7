"""What the server needs of its machine: room and rights on disks, open files, versions, time zones, caches."""

import os
import platform
import re
import resource
import secrets
import stat
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import maxminddb
from django.conf import settings
from django.core.cache import cache

from collector.intake.connections import RESERVED_FILES
from collector.operations.checks.finding import Finding, Situation, counted, duration, ok, problem, size, warning
from collector.spool.room import LOW_DISK_BYTES

FEW_FILES = 10_000  # inodes
OTHERS = stat.S_IRWXG | stat.S_IRWXO
WANTED_FILES = (
    4096 + RESERVED_FILES
)  # the connections that one web process takes at most (telemetry_site.gunicorn_conf)
OLD_COUNTRIES_DAYS = 180
FEW_TIME_ZONES = 400
_PIN = re.compile(r"^([\w.-]+)==([\w.+!-]+)$", re.MULTILINE)
_SECRET = re.compile(
    r"^\s*(?:export\s+)?(?:SECRET_KEY|DATABASE_URL|CACHE_URL|TELEMETRY_ADMIN_PASSWORD)=\S", re.MULTILINE
)


def disk(situation: Situation) -> Finding:
    """Is there room for data, and for more files?"""
    status = os.statvfs(settings.DATA_DIR)
    free = status.f_bavail * status.f_frsize
    share = status.f_bavail / status.f_blocks if status.f_blocks else 1.0
    text = f"{size(free)} are free ({share:.0%})."
    if free < LOW_DISK_BYTES:
        return problem(text, "Free disk space before hits are lost.")
    if status.f_files and status.f_favail < FEW_FILES:  # some file systems have no fixed number: they say 0
        return warning(f"Only {counted(status.f_favail, 'more file')} can be created.", "Delete files on this disk.")
    if share < 0.1 and free < 10 * 1000**3:
        return warning(text, "Free disk space, or use a larger disk.")
    return ok(text)


def rights(situation: Situation) -> Finding:
    """Can this user, and nobody else, open what is in DATA_DIR and the file of settings?"""
    for path in _data_files(settings.DATA_DIR):
        status = path.lstat()
        if status.st_uid != os.geteuid():
            return problem(
                f"{path} belongs to another user.",
                f"Run every command as the server's user. To mend it: chown -R USER: {settings.DATA_DIR}",
            )
        if status.st_mode & OTHERS and not stat.S_ISLNK(status.st_mode):
            return problem(f"Other users can open {path}.", f"Run: chmod -R go= {settings.DATA_DIR}")
    file = Path(os.environ.get("ENV_FILE") or settings.BASE_DIR / ".env")
    if file.is_file() and file.stat().st_mode & stat.S_IROTH and _SECRET.search(file.read_text("utf-8", "replace")):
        return warning(f"Other users can read {file}, which has secrets.", f"Run: chmod 600 {file}")
    return ok("Only the server's user can open its data.")


def _data_files(directory: Path) -> Iterator[Path]:
    """Yield DATA_DIR, what is in it, and what is in its spool."""
    yield directory
    yield from sorted(directory.iterdir())
    spool = directory / "spool"
    if spool.is_dir():
        yield from sorted(spool.iterdir())


def open_files(situation: Situation) -> Finding:
    """May each web process open enough files for its connections?"""
    seen = situation.visit().seen
    # Web processes raise their limit as far as they may. If none answered, we can only tell how far we may.
    limit = seen.open_files if seen else resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit == resource.RLIM_INFINITY or limit >= WANTED_FILES:
        return ok(f"Each web process may open {'any number of' if limit < 0 else format(limit, ',')} files.")
    return warning(
        f"Each web process may open only {limit:,} files, and so takes fewer connections.",
        f"Allow {WANTED_FILES:,} or more: LimitNOFILE= in a systemd unit, --ulimit nofile= for Docker.",
    )


def versions(situation: Situation) -> Finding:
    """Are the installed packages those that were tested together?"""
    file = settings.BASE_DIR / "constraints.txt"
    pins = dict(_PIN.findall(file.read_text("utf-8"))) if file.exists() else {}
    others = []
    for name, pinned in pins.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # it is only for tests, or optional
        if installed != pinned:
            others.append(f"{name} {installed} (tested: {pinned})")
    running = f"Python {platform.python_version()}"
    if others:
        names = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        return warning(f"{running}, with other versions than tested: {names}.", "Run: pip install -c constraints.txt .")
    return ok(f"{running}, and all packages in their tested versions." if pins else f"{running}.")


def time_zones(situation: Situation) -> Finding:
    """Are time zones installed? Without them, days and hours of projects can't be told."""
    number = len(zoneinfo.available_timezones())
    if number < FEW_TIME_ZONES:
        return problem(f"Time zones are missing (known: {number}).", "Install tzdata: pip install tzdata")
    return ok(f"{number:,} time zones are known.")


def countries(situation: Situation) -> Finding:
    """Can the files of countries be read, and are they fresh?"""
    for path in settings.GEOIP_FEEDS:
        if not os.access(path, os.R_OK):
            return problem(f"The geofeed {path} can't be read.", "Correct GEOIP_FEEDS, or download the file again.")
    if not settings.GEOIP_DB:
        return ok("Countries come from the data that Footfall includes.")
    try:
        with maxminddb.open_database(settings.GEOIP_DB) as reader:
            built_at = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return problem(
            f"GEOIP_DB {settings.GEOIP_DB} can't be read ({reason}).", "Set it to an MMDB file, or unset it."
        )
    age = situation.seconds_since(built_at)
    if age > OLD_COUNTRIES_DAYS * 86_400:
        return warning(f"GEOIP_DB is {duration(age)} old.", "Download a new one, and restart.")
    return ok(f"GEOIP_DB is {duration(age)} old.")


def shared_cache(situation: Situation) -> Finding:
    """Does the shared cache answer, if there is one?"""
    if "locmem" in settings.CACHES["default"]["BACKEND"]:
        return ok("Rate limits are counted in the memory of each process.")
    word = secrets.token_hex(8)
    try:
        cache.set(f"check-{word}", word, 10)
        is_kept = cache.get(f"check-{word}") == word
    except Exception as error:  # whatever its client raises; its message may contain the address with a password
        return problem(
            f"The cache in CACHE_URL does not answer ({type(error).__name__}), so rate limits do not work.",
            "Start it, or correct CACHE_URL.",
        )
    if not is_kept:
        return problem("The cache in CACHE_URL keeps nothing.", "See its memory limit, or correct CACHE_URL.")
    return ok("The cache in CACHE_URL answers.")
