"""Is the database right and up to date, and do deletion, backups, static files and settings do what they should?"""

import filecmp
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collector.models import Upkeep
from collector.operations.checks.finding import Finding, Situation, counted, duration, ok, problem, warning
from collector.operations.last_backup import last_backup
from collector.storage.hit_months import missing_months

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "ceph", "glusterfs", "lustre", "afs", "fuse.sshfs"}
    | {"fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.grpcfuse", "fakeowner"}
)
CLOCK_SECONDS = 2
LATE_DELETION_SECONDS = 2 * 3600  # the drain deletes once an hour
OLD_BACKUP_SECONDS = 2 * 86_400
MOUNTS = Path("/proc/self/mountinfo")


def database(situation: Situation) -> Finding:
    """Is the database reachable, and in a version that Django and we need?"""
    try:
        connection.ensure_connection()
    except Exception as error:  # whatever its driver raises, or Django for a version that is too old
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return problem(
            f"The database can't be used: {reason.rstrip('.')}.", "Start or update it, or correct DATABASE_URL."
        )
    version = ".".join(map(str, connection.get_database_version()))
    if connection.vendor != "sqlite":
        return ok(f"{connection.display_name} {version} answers.")
    kind = file_system_of(Path(settings.DATABASES["default"]["NAME"]).parent)
    if kind in NETWORK_FILE_SYSTEMS:
        return problem(
            f"SQLite's file is on a network file system ({kind}), which can damage it.",
            "Move DATA_DIR to a local disk, or use PostgreSQL.",
        )
    return ok(f"SQLite {version}, on a local disk.")


def migrations(situation: Situation) -> Finding:
    """Does the database have all tables and columns of this version?"""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return problem(f"{counted(len(plan), 'migration')} not applied.", "Run: manage.py migrate")
    unknown = {key for key in executor.loader.applied_migrations if key not in executor.loader.graph.nodes}
    if any(app == "collector" for app, _ in unknown):
        return problem("The database is of a newer version of Footfall.", "Install that version again.")
    return ok("The database is up to date.")


def clock(situation: Situation) -> Finding | None:
    """Do this machine and the database server agree on the time?"""
    if connection.vendor != "postgresql":
        return None
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
    after = datetime.now(UTC)
    apart = abs((theirs - (before + (after - before) / 2)).total_seconds())
    if apart > CLOCK_SECONDS + (after - before).total_seconds():
        return problem(
            f"The clocks of this machine and of the database are {duration(apart)} apart.",
            "Keep both right with NTP, such as systemd-timesyncd or chrony.",
        )
    return ok("The clocks of this machine and of the database agree.")


def deletion(situation: Situation) -> Finding:
    """Is expired data deleted every hour?"""
    upkeep = Upkeep.objects.filter(pk=1).first()
    if upkeep is None or (upkeep.trusted_at is None and upkeep.refused_at is None):
        return ok("Nothing had to be deleted so far.")
    if upkeep.refused_at or upkeep.trusted_at is None:
        return problem(
            f"Expired hits are kept since {upkeep.refused_at:%Y-%m-%d %H:%M} UTC, because the clock jumped.",
            "Check the clock. If it is right, run: manage.py purge --allow-large",
        )
    ago = situation.seconds_since(upkeep.trusted_at)
    text = f"Expired data was last deleted {duration(ago)} ago."
    if ago > LATE_DELETION_SECONDS:
        return warning(text, "The drain does it every hour: see whether it runs, and its log.")
    return ok(text)


def months(situation: Situation) -> Finding | None:
    """Do this month and the next two have a partition of raw hits? The drain makes them."""
    if connection.vendor != "postgresql":
        return None
    if missing := missing_months(situation.now):
        return warning(
            f"Raw hits from {missing[0][0]:%Y-%m} on have no partition of their own. None is lost, but their deletion "
            "will take longer.",
            "The drain makes partitions every hour: see its log. Its database user must own the tables.",
        )
    return ok("The partitions of raw hits are made ahead.")


def backup(situation: Situation) -> Finding:
    """Is there a recent backup? `manage.py backup` notes its moment in DATA_DIR."""
    noted = last_backup()
    if noted is None:
        return warning("No backup was made with “manage.py backup”.", "Run it every day, by a timer.")
    ago = situation.seconds_since(noted.at)
    text = f"The last backup was made {duration(ago)} ago."
    if ago > OLD_BACKUP_SECONDS:
        return warning(text, "See why the timer of “manage.py backup” does not run.")
    return ok(text)


def static_files(situation: Situation) -> Finding | None:
    """Are the static files collected that this version has? `runserver` needs none."""
    if settings.DEBUG:
        return None
    source, collected = settings.BASE_DIR / "static", settings.STATIC_ROOT
    paths = [path for path in source.rglob("*") if path.is_file()]
    stale = [path for path in paths if not _is_same(path, collected / path.relative_to(source))]
    if stale:
        return problem(
            f"{counted(len(stale), 'static file')} missing or of another version: pages have no style.",
            "Run: manage.py collectstatic --noinput. Then restart the web server.",
        )
    return ok(f"{counted(len(paths), 'static file')} collected.")


def settings_of_site(situation: Situation) -> Finding:
    """Does Django find a mistake in the settings, and is DEBUG off?"""
    if settings.DEBUG:
        return problem("DEBUG is on: error pages show settings and addresses to strangers.", "Set DEBUG=false.")
    errors = [message for message in checks.run_checks(databases=list(settings.DATABASES)) if message.is_serious()]
    if errors:
        return problem(str(errors[0].msg), str(errors[0].hint or f"See {errors[0].id} in Django's documentation."))
    return ok("The settings are plausible.")


def file_system_of(directory: Path) -> str:
    """Return the type of the file system of a directory, such as `ext4`; empty where it can't be told.

    Linux lists mounts in /proc/self/mountinfo (proc(5)); the deepest one that contains the directory counts.
    """
    best, kind = -1, ""
    try:
        lines = MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(before.split()[4].replace("\\040", " "))
        if directory.resolve().is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), after.split()[0]
    return kind


def _is_same(source: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(source, copy, shallow=False)
