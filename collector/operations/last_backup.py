"""Remember the last backup of this machine, so that checks can say how old it is."""

from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings

NAME = "last_backup.json"


class LastBackup(msgspec.Struct, frozen=True):
    """When the last backup began, and where it was written."""

    at: datetime
    path: str


def note_backup(path: Path, at: datetime) -> None:
    """Remember a backup that was written. Raises OSError."""
    draft = settings.DATA_DIR / f"{NAME}.new"
    draft.write_bytes(msgspec.json.encode(LastBackup(at, str(path))))
    draft.replace(settings.DATA_DIR / NAME)


def last_backup() -> LastBackup | None:
    """Return the last backup, or None if none was written here."""
    try:
        return msgspec.json.decode((settings.DATA_DIR / NAME).read_bytes(), type=LastBackup)
    except (OSError, msgspec.MsgspecError):
        return None
