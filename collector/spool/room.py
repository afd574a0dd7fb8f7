"""Whether a spool can take hits: what makes it lose hits now, and what soon may."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from collector.spool.losses import Loss, last_loss, loss_files
from collector.spool.reader import spooled_bytes

LOW_DISK_BYTES = 256 * 1024**2
LITTLE_ROOM_BYTES = 1024  # for no more than a few lines
NEARLY_FULL = 0.9  # of the maximum size


def problems(directory: Path, max_bytes: int, losses: Iterable[Loss | None] = ()) -> list[str]:
    """Return why hits are being lost, as sentences for the operator; nothing if they are not.

    `losses` are the last ones that the caller knows of; those of other processes are in their files.
    """
    now = time.time()
    recent = {
        loss.reason
        for loss in (*losses, *map(last_loss, loss_files(directory)))
        if loss is not None and loss.is_recent(now)
    }
    sentences = [f"hits are being lost: {reason}" for reason in sorted(recent)]
    if max_bytes - spooled_bytes(directory) < LITTLE_ROOM_BYTES:
        sentences.append("the spool is full: SPOOL_MAX_BYTES is reached")
    if not os.access(_existing(directory), os.W_OK | os.X_OK):
        sentences.append("the spool's directory is not writable")
    return sentences


def warnings(directory: Path, max_bytes: int) -> list[str]:
    """Return what may soon make hits get lost, as sentences for the operator."""
    sentences = []
    if spooled_bytes(directory) > NEARLY_FULL * max_bytes:
        sentences.append("the spool has nearly reached SPOOL_MAX_BYTES")
    disk = os.statvfs(_existing(directory))
    free_bytes = disk.f_bavail * disk.f_frsize
    if free_bytes < LOW_DISK_BYTES:
        sentences.append(f"the disk of the spool is nearly full: {free_bytes // 1024**2} MiB are free")
    return sentences


def _existing(directory: Path) -> Path:
    """Return a directory, or the first of its parents that exists: the first hit creates the rest."""
    return next(path for path in (directory, *directory.parents) if path.exists())
