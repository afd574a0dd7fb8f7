"""Are the keys of salts where they can be overwritten, and are they those of the other collectors?"""

import errno
import os
from pathlib import Path

from collector.operations.checks.data import file_system_of
from collector.operations.checks.finding import Finding, Situation, counted, ok, problem, warning
from collector.storage.key_requests import foreign_names
from collector.storage.salt_keys import salt_keys

# They write what is overwritten to a new place, and keep the old one for a while, in snapshots for as long as these.
COPYING_FILE_SYSTEMS = frozenset({"bcachefs", "btrfs", "f2fs", "nilfs2", "zfs"})
IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def salts(situation: Situation) -> Finding:
    """Can the file of keys be used, does the disk forget what is overwritten, and do all collectors have these keys?"""
    keys = salt_keys()
    count = len(keys.stored())
    if reason := keys.error.strerror if keys.error else _why_not_writable(keys.path):
        return problem(
            f"The file {keys.path} can't be used ({reason}): a reader who comes to two processes is two visitors.",
            "Give it to the user that Footfall runs as, or set SALT_KEYS_DIR to another directory.",
        )
    if foreign := foreign_names(situation.now):
        return warning(
            f"{counted(len(foreign), 'key')} of other collectors are missing here ({', '.join(foreign)}): readers who "
            "come to several collectors are several visitors meanwhile.",
            "A drain that has them sends them within a minute. See whether one works, and whether all have the same "
            "SECRET_KEY.",
        )
    kind = file_system_of(keys.path.parent)
    if kind in COPYING_FILE_SYSTEMS:
        return warning(
            f"The keys of salts are on {kind}, which does not overwrite in place: old ones stay for a while.",
            "Set SALT_KEYS_DIR to a directory on a tmpfs. See docs/threat-model.md.",
        )
    place = "in memory only" if kind in IN_MEMORY else "overwritten in place as they expire"
    return ok(f"{counted(count, 'key')} of salts, {place}.")


def _why_not_writable(path: Path) -> str:
    """Return why this user can't write to a file, or can't make it; empty if they can."""
    existing = next(place for place in (path, *path.parents) if place.exists())
    return "" if os.access(existing, os.W_OK) else os.strerror(errno.EACCES)
