"""The file of a backup: a tar that `tar` and `gzip` can read too, should Footfall be gone.

    about.txt             what this file is
    spool/NAME.gz         what waited in the spool
    secret_key            unless SECRET_KEY is set
    database.sqlite3.gz   or database.pgdump, in pg_dump's custom format
    manifest.json         what it is a backup of, and the size and SHA-256 of each other member

The manifest is the last member. A file without it is not whole.
"""

import gzip
import hashlib
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec

from collector.operations.errors import OperationError

FORMAT = 1
ABOUT, MANIFEST, SECRET_KEY = "about.txt", "manifest.json", "secret_key"
SPOOL = "spool/"
COMPRESSED = ".gz"
BLOCK_BYTES = 1024**2
COMPRESSION = 3  # in gzip's scale to 9: two thirds of the time of its default, and files 2 % larger
ABOUT_TEXT = b"A backup of Footfall. Restore it with: manage.py restore FILE\n"


class Member(msgspec.Struct, frozen=True):
    """What a member must be: its bytes as they are in the file, and their SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a file is a backup of. `migrations` are the newest applied ones, by Django application.

    `version` is that of Footfall, `database` is Django's word (sqlite or postgresql), `database_version` the version of
    its server or library, `counts` is how many rows there are of what people know.
    """

    format: int
    version: str
    at: datetime
    database: str
    database_version: str
    migrations: dict[str, str]
    counts: dict[str, int]
    members: dict[str, Member] = {}


class _Sink:
    """Writes bytes to a file, counts them, and knows their SHA-256."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], object]) -> None:
        self.bytes = 0
        self.sha256 = hashlib.sha256()
        self._file = file
        self._advance = advance

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        self.bytes += len(content)
        self._advance(len(content))
        return self._file.write(content)

    def flush(self) -> None:
        """Do nothing: the whole file is flushed at its end."""


class ArchiveWriter:
    """Writes the members of a backup to a new file. `advance` is told the bytes."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], object]) -> None:
        self._file = file
        self._advance = advance
        self._members: dict[str, Member] = {}
        with self.member(ABOUT) as out:
            out.write(ABOUT_TEXT)

    @contextmanager
    def member(self, name: str) -> Iterator[BinaryIO]:
        """Yield where to write a member, whatever its size; compressed if its name says so."""
        header_at = self._file.tell()
        self._file.write(bytes(tarfile.BLOCKSIZE))  # the header says the size, so it is written last
        sink = _Sink(self._file, self._advance)
        if name.endswith(COMPRESSED):
            with gzip.GzipFile(fileobj=cast(BinaryIO, sink), mode="wb", compresslevel=COMPRESSION) as out:
                yield cast(BinaryIO, out)
        else:
            yield cast(BinaryIO, sink)
        self._file.write(bytes(-sink.bytes % tarfile.BLOCKSIZE))
        end = self._file.tell()
        self._file.seek(header_at)
        self._file.write(_header(name, sink.bytes))
        self._file.seek(end)
        self._members[name] = Member(sink.bytes, sink.sha256.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, with what the other members are."""
        content = msgspec.json.encode(msgspec.structs.replace(manifest, members=dict(self._members)))
        with self.member(MANIFEST) as out:
            out.write(msgspec.json.format(content))
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(time.time())
    header = info.tobuf(tarfile.GNU_FORMAT)
    if len(header) != tarfile.BLOCKSIZE:
        raise OperationError(f"The name of {name} is too long for a backup. Footfall did not write it: move it away.")
    return header


class Archive:
    """A whole backup. All checksums were right when it was opened."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.manifest = manifest
        self._tar = tar

    @property
    def spool_files(self) -> dict[str, str]:
        """The names of the members of the spool, by the name of the file that each is."""
        names = [name for name in self.manifest.members if name.startswith(SPOOL)]
        return {name.removeprefix(SPOOL).removesuffix(COMPRESSED): name for name in names}

    def open(self, name: str) -> IO[bytes]:
        """Open a member, uncompressed."""
        file = self._tar.extractfile(name)
        assert file is not None  # noqa: S101 - `opened` has read it
        return cast(IO[bytes], gzip.open(file)) if name.endswith(COMPRESSED) else file


def is_backup(path: Path) -> bool:
    """Whether a file begins as a backup does. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(ABOUT) + 1) == f"{ABOUT}\0".encode()


@contextmanager
def opened(path: Path, advance: Callable[[int], object]) -> Iterator[Archive]:
    """Open a backup and compare all checksums. Raises OperationError if it is not whole or not ours."""
    try:
        if not is_backup(path):
            raise OperationError(f"{path} is not a backup of Footfall. Use a file that “manage.py backup” wrote.")
        tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed below
    except (OSError, tarfile.TarError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not whole"
        raise OperationError(f"Can't read {path} ({reason}). Use a file that “manage.py backup” wrote.") from error
    with tar:
        try:
            manifest = _manifest(tar, path)
            for name, member in manifest.members.items():
                if _actual(tar, name, advance) != member:
                    raise OperationError(_not_whole(path, f"{name} is damaged"))
        except (tarfile.TarError, KeyError, OSError) as error:
            raise OperationError(_not_whole(path, "its end is missing")) from error
        yield Archive(tar, manifest)


def _manifest(tar: tarfile.TarFile, path: Path) -> Manifest:
    """Read the manifest. Raises KeyError if there is none, OperationError if it is of a newer format."""
    content = _extract(tar, MANIFEST).read()
    try:
        found = msgspec.json.decode(content, type=dict[str, object]).get("format")
        if isinstance(found, int) and found > FORMAT:
            raise OperationError(f"{path} was written by a newer version of Footfall. Upgrade Footfall first.")
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise OperationError(_not_whole(path, f"{MANIFEST} is damaged")) from error


def _not_whole(path: Path, reason: str) -> str:
    return f"{path} is not whole: {reason}. Copy it again, or use another backup. Nothing was changed."


def _extract(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """Open a member as it is in the file. Raises KeyError if it is not there."""
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _actual(tar: tarfile.TarFile, name: str, advance: Callable[[int], object]) -> Member:
    digest, size = hashlib.sha256(), 0
    with _extract(tar, name) as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            advance(len(block))
    return Member(size, digest.hexdigest())
