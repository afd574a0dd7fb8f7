"""Whether a spool can take hits: what makes it lose hits now, and what soon may.

A problem is one while there is still time to act. It begins at one bound and ends at another, so that a spool that
grows and shrinks about a bound is not reported again and again (`_is_on`).
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from collector.spool.losses import Loss, last_loss, loss_files
from collector.spool.reader import spooled_bytes

LITTLE_ROOM_BYTES = 1024  # for no more than a few lines
FILLING, NEARLY_FULL, RELAXED = 0.7, 0.9, 0.8  # of the maximum size: a warning, a problem, its end
LOW_DISK_BYTES = 256 * 1024**2  # a warning, or if the drain is behind, a problem
FULL_DISK_BYTES = 64 * 1024**2  # a problem
FULL_DISK_SHARE = 0.05  # the same of a small disk
RELAXED_DISK = 2  # times the room at which the problem began
BEHIND_SECONDS = 60.0


class Room(NamedTuple):
    """The room of a spool, in bytes. `full_disk_bytes` is the free space at which its disk counts as full."""

    spool_bytes: int
    max_bytes: int
    free_bytes: int
    full_disk_bytes: int


def room(directory: Path, max_bytes: int) -> Room:
    """Return how much room a spool has."""
    disk = os.statvfs(_existing(directory))
    full = min(FULL_DISK_BYTES, int(FULL_DISK_SHARE * disk.f_blocks * disk.f_frsize))
    return Room(spooled_bytes(directory), max_bytes, disk.f_bavail * disk.f_frsize, full)


def problems(directory: Path, state: Room, losses: Iterable[Loss | None] = ()) -> list[str]:
    """Return why hits are being lost or soon will be, as sentences for the operator; nothing if all is well.

    `losses` are the last ones that the caller knows of; those of other processes are in their files.
    """
    now = time.time()
    recent = {
        loss.reason
        for loss in (*losses, *map(last_loss, loss_files(directory)))
        if loss is not None and loss.is_recent(now)
    }
    sentences = [f"hits are being lost: {reason}" for reason in sorted(recent)]
    share = state.spool_bytes / state.max_bytes if state.max_bytes else 1.0
    is_nearly_full = _is_on(directory, "spool", begins=share >= NEARLY_FULL, goes_on=share >= RELAXED)
    if state.max_bytes - state.spool_bytes < LITTLE_ROOM_BYTES:
        sentences.append("the spool is full: SPOOL_MAX_BYTES is reached")
    elif is_nearly_full:
        sentences.append(f"the spool has reached {share:.0%} of SPOOL_MAX_BYTES: hits are lost once it is full")
    full, free = state.full_disk_bytes, state.free_bytes
    if _is_on(directory, "disk", begins=free < full, goes_on=free < RELAXED_DISK * full):
        sentences.append(f"the disk of the spool is full: {free // 1024**2} MiB are free")
    if not os.access(_existing(directory), os.W_OK | os.X_OK):
        sentences.append("the spool's directory is not writable")
    return sentences


def is_short(directory: Path, state: Room, waiting_seconds: float) -> bool:
    """Whether the disk has little room while hits wait for a drain that is behind, or for a database that is away."""
    is_low = state.free_bytes < LOW_DISK_BYTES
    goes_on = is_low and waiting_seconds > BEHIND_SECONDS / 2
    return _is_on(directory, "behind", begins=is_low and waiting_seconds > BEHIND_SECONDS, goes_on=goes_on)


def warnings(state: Room) -> list[str]:
    """Return what may later make hits get lost, as sentences for the operator."""
    sentences = []
    if state.spool_bytes > FILLING * state.max_bytes:
        sentences.append("the spool is filling: more hits come in than are stored")
    if state.free_bytes < LOW_DISK_BYTES:
        sentences.append(f"the disk of the spool is nearly full: {state.free_bytes // 1024**2} MiB are free")
    return sentences


def _is_on(directory: Path, name: str, *, begins: bool, goes_on: bool) -> bool:
    """Whether a problem that began at one bound has not yet reached the other. All processes know by a file."""
    note = directory / f"{name}.problem"
    if begins:
        with suppress(OSError):  # no room for it: then the problem ends where it began
            note.touch(mode=0o600)
        return True
    if not note.exists():
        return False
    if not goes_on:
        with suppress(OSError):
            note.unlink()
    return goes_on


def _existing(directory: Path) -> Path:
    """Return a directory, or the first of its parents that exists: the first hit creates the rest."""
    return next(path for path in (directory, *directory.parents) if path.exists())
