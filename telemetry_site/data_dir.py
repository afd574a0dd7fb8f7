"""The directory of everything that the server keeps: the database, the spool, static files and the secret key."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def prepared_data_dir(text: str) -> Path:
    """Return DATA_DIR. Create it if needed, readable only by its owner, and check that it is writable."""
    path = Path(text).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"Can't create DATA_DIR {path} ({error.strerror}). Use a directory that this user may write to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR {path} is not writable. Use a directory that this user may write to.")
    return path


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
