"""The directory of everything that the server keeps: the database, the spool, static files and the secret key."""

import os
import secrets
import shlex
import stat
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

OTHERS = stat.S_IRWXG | stat.S_IRWXO
BASE_DIR = Path(__file__).resolve().parent.parent


def prepared_data_dir(text: str) -> Path:
    """Return DATA_DIR. Create it if needed, make it readable only by its owner, and check that it is writable."""
    path = Path(text).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"Can't create DATA_DIR {path} ({error.strerror}). Use a directory that this user may write to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR {path} is not writable. Use a directory that this user may write to.")
    _close_to_others(path)
    return path


def _close_to_others(path: Path) -> None:
    """Take all rights from other users, on the directory and on what is in it. Raises ImproperlyConfigured."""
    if _is_open_to_others(path):
        if path.stat().st_uid != os.geteuid():
            raise ImproperlyConfigured(
                f"Other users can open DATA_DIR {path}, and it belongs to one of them. Use a directory that belongs to "
                f"this user, such as {path / 'footfall'}."
            )
        if _is_shared(path):
            raise ImproperlyConfigured(
                f"Other users can open DATA_DIR {path}, and it is not only for Footfall. Use a directory of its own, "
                f"such as {path / 'footfall'}, or run: chmod 700 {shlex.quote(str(path))}"
            )
        path.chmod(0o700)
        if _is_open_to_others(path):
            raise ImproperlyConfigured(
                f"DATA_DIR {path} stays open to other users after chmod 700. Use a directory on another file system."
            )
    # The directory is closed by now. But its files keep their modes when they are copied, into a backup for example.
    for directory in (path, path / "spool"):
        _close_files(directory)


def _close_files(directory: Path) -> None:
    """Take all rights from other users on what is in a directory. Links are not followed."""
    if not directory.is_dir() or directory.is_symlink():
        return
    for path in directory.iterdir():
        with suppress(FileNotFoundError):  # the drain deletes segments meanwhile
            status = path.lstat()
            is_ours = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
            if is_ours and status.st_mode & OTHERS:
                path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)


def _is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)


def _is_shared(path: Path) -> bool:
    """Say whether a directory is for more than our data, such as /tmp, a home, our source, or what others write to."""
    homes = {BASE_DIR, *BASE_DIR.parents}
    with suppress(RuntimeError):  # this user has no home
        homes |= {Path.home().resolve(), *Path.home().resolve().parents}
    if path in homes or path.stat().st_mode & stat.S_ISVTX:
        return True
    return any(entry.lstat().st_uid != os.geteuid() for entry in path.iterdir())


def stored_secret_key(path: Path) -> str:
    """Return the secret key in `path`; create it on first use, mode 0600. Two processes may start at once."""
    try:
        key = path.read_text().strip()
    except FileNotFoundError:
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # fails if another process was first; then its key is used
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        key = path.read_text().strip()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path} has no usable secret key. Delete the file, and a new key will be created.")
    return key
