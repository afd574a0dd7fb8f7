"""What a restore refuses, before it touches anything, and what it does with a spool that is not empty."""

import tarfile
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from collector.models import Hit
from collector.operations.archive import FORMAT, ArchiveWriter, Manifest
from collector.operations.backup import back_up
from collector.operations.progress import Progress
from collector.spool.locks import exclusive
from collector.spool.losses import loss_files
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from tests.collector.operations.installation import fresh_installation, stored_numbers
from tests.disks import small_disk
from tests.hits import drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)


def finished_spool(directory, hits):
    """Write a segment as a process does that has ended: nobody holds a lock any more."""
    spool(directory, hits)
    for path in loss_files(directory):
        path.unlink()


@pytest.fixture
def made(tmp_path, spool_dir, pixel):
    """A backup with one stored hit, 1, and one that waits, 2."""
    spool(spool_dir, [hit(pixel, placement="1")])
    drain(spool_dir)
    finished_spool(spool_dir, [hit(pixel, placement="2")])
    back_up(tmp_path / "b.tar", Progress(lambda line: None))
    return tmp_path / "b.tar"


def invented(path, **fields):
    """Write a backup of nothing, with a manifest of our own."""
    facts = {
        "format": FORMAT, "version": "9.9", "at": datetime(2026, 11, 30, tzinfo=UTC), "database": connection.vendor,
        "database_version": "15", "migrations": {}, "counts": {},
    }  # fmt: skip
    with path.open("wb") as file:
        ArchiveWriter(file, lambda count: None).finish(Manifest(**(facts | fields)))  # type: ignore[arg-type]
    return path


def damaged(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def halved(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_last_block(path):
    path.write_bytes(path.read_bytes()[:-2048])


def foreign_tar(path):
    with tarfile.open(path, "w") as tar:
        tar.add(__file__)


WRONG = [
    (damaged, "b.tar is not whole: .* is damaged. Copy it again, or use another backup."),
    (halved, "b.tar is not whole: its end is missing. Copy it again"),
    (without_last_block, "b.tar is not whole: "),
    (foreign_tar, "b.tar is not a backup of Footfall. Use a file that"),
    (lambda path: path.write_bytes(b""), "b.tar is not a backup of Footfall"),
    (lambda path: path.unlink(), r"Can't read .*b.tar \(No such file or directory\)"),
    (lambda path: (path.unlink(), path.mkdir()), r"Can't read .*b.tar \(Is a directory\)"),
    (lambda path: invented(path, format=FORMAT + 1), "was written by a newer version of Footfall. Upgrade"),
    (
        lambda path: invented(path, migrations={"collector": "9999_future"}),
        r"of a newer version of Footfall \(9.9\): its migration collector.9999_future is not known here. Upgrade",
    ),
    (lambda path: invented(path, database="oracle"), "The backup is of oracle, and DATABASE_URL is not."),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_a_file_that_can_not_be_restored_is_refused_before_anything_is_touched(
    tmp_path, settings, made, spoil, message
):
    spoil(made)
    with fresh_installation(tmp_path / "fresh", settings):
        with pytest.raises(CommandError, match=message):
            call_command("restore", made)
        assert connection.introspection.table_names() == []
        assert not segments(settings.SPOOL_DIR)


def test_a_restore_never_writes_over_data(made):
    with pytest.raises(CommandError, match="The database has data already"):
        call_command("restore", made)
    assert Hit.objects.count() == 1


def test_a_restore_beside_a_web_process_or_a_drain_is_refused(tmp_path, settings, made, pixel):
    message = "Footfall is running on .*spool. Stop it first"
    with fresh_installation(tmp_path / "fresh", settings):
        with exclusive(settings.SPOOL_DIR), pytest.raises(CommandError, match=message):
            call_command("restore", made)
        writer = SpoolWriter(settings.SPOOL_DIR)
        writer.append(hit(pixel).to_line())
        with pytest.raises(CommandError, match=message):
            call_command("restore", made, keep_spool=True)
        writer.close()


def test_hits_that_are_not_in_the_backup_are_only_kept_if_the_operator_says_so(tmp_path, settings, made, pixel):
    with fresh_installation(tmp_path / "fresh", settings):
        finished_spool(settings.SPOOL_DIR, [hit(pixel, placement="3")])
        with pytest.raises(CommandError, match=r"has hits that are not in the backup, such as .* add --keep-spool"):
            call_command("restore", made)
        assert len(segments(settings.SPOOL_DIR)) == 1

        call_command("restore", made, "--keep-spool")
        drain(settings.SPOOL_DIR)
        assert stored_numbers() == {1: 1, 2: 1, 3: 1}


def test_a_restore_that_was_killed_goes_on_and_keeps_the_longer_copy_of_a_segment(
    tmp_path, settings, spool_dir, made, pixel
):
    """As on a machine that lost its database but not its spool: the segment has grown since the backup."""
    [segment] = segments(spool_dir)
    with fresh_installation(tmp_path / "fresh", settings):
        settings.SPOOL_DIR.mkdir()
        later = hit(pixel, placement="3").to_line()
        (settings.SPOOL_DIR / segment.name).write_bytes(segment.read_bytes() + later)

        call_command("restore", made)
        drain(settings.SPOOL_DIR)
        assert stored_numbers() == {1: 1, 2: 1, 3: 1}


def test_a_database_that_can_not_be_restored_leaves_everything_as_it_was(tmp_path, settings, made, on_sqlite):
    with small_disk(tmp_path / "disk", 200) as disk, fresh_installation(tmp_path / "fresh", settings):
        if on_sqlite:
            name, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(disk / "db.sqlite3")
        else:
            name = connection.settings_dict["NAME"]
            with connection.cursor() as cursor:  # it is no table, and stands in the way
                cursor.execute("CREATE SEQUENCE collector_pixel_id_seq")
        key = (settings.DATA_DIR / "secret_key").read_text()
        with pytest.raises(CommandError, match=r"Everything is as it was|The database is as it was"):
            call_command("restore", made)
        assert list(disk.iterdir()) == []
        assert not segments(settings.SPOOL_DIR)
        assert (settings.DATA_DIR / "secret_key").read_text() == key
        connection.settings_dict["NAME"] = name


def test_a_key_in_the_settings_stays_the_key(tmp_path, settings, made, capsys):
    with fresh_installation(tmp_path / "fresh", settings):
        settings.SECRET_KEY = "set-in-the-environment" * 3
        call_command("restore", made)
        assert (settings.DATA_DIR / "secret_key").read_text() != settings.SECRET_KEY
    printed = capsys.readouterr().out
    assert "The secret key is the one in the setting SECRET_KEY." in printed
    assert "Next: start Footfall" in printed


def test_an_older_backup_comes_up_to_date(tmp_path, settings, spool_dir, pixel):
    spool(spool_dir, [hit(pixel, placement="1")])
    drain(spool_dir)
    names = sorted(name for app, name in MigrationLoader(None).disk_migrations if app == "collector")
    newest = names[-1]
    call_command("migrate", "collector", names[-2], verbosity=0)
    try:
        assert back_up(tmp_path / "b.tar", Progress(len)).migrations["collector"] < newest
    finally:
        call_command("migrate", verbosity=0)
    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        assert ("collector", newest) in MigrationLoader(connection).applied_migrations
        assert stored_numbers() == {1: 1}
