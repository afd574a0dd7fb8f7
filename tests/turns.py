"""Turns between the processes of pytest-xdist: a test that measures time runs while no other process runs a test."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


class Turns:
    """Two lock files that all processes of one test run share (flock(2)).

    Every test holds the room, together with others or alone, and passes the gate to enter it. A test that needs the
    room for itself keeps the gate closed. Otherwise others could keep entering, and it would wait forever.
    """

    def __init__(self, directory: Path, run: str) -> None:
        self._gate = directory / f"footfall-tests-{run}.gate"
        self._room = directory / f"footfall-tests-{run}.room"

    @contextmanager
    def turn(self, *, alone: bool) -> Iterator[None]:
        """Wait for the room, and hold it for the block."""
        with ExitStack() as stack:
            gate, room = (stack.enter_context(path.open("ab")) for path in (self._gate, self._room))
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            if not alone:
                fcntl.flock(gate, fcntl.LOCK_UN)
            yield

    def close(self) -> None:
        for path in (self._gate, self._room):
            with suppress(FileNotFoundError):  # another process was faster
                path.unlink()


def turns_of(run: str | None) -> Turns | None:
    """Return what the processes of a test run share, or None where there is only one process."""
    return Turns(Path(tempfile.gettempdir()), run) if run else None
