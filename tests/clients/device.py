"""A device to run a client on: a home of its own, variables without CI and agents, a terminal, and its processes."""

import os
import pty
import shutil
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.server import eventually

MARK = "FOOTFALL_TEST_DEVICE"  # a variable that all processes of a device have, so that they can be found

# What a user decides, while which request is answered, and how many are sent to a server that names another day. The
# program's variable means on in the last one.
DECISIONS = [("off", 1, {}, 1), ("off", 2, {}, 2), ("forget", 1, {}, 1), ("forget", 2, {}, 2)]
DECISIONS += [("off", 1, {"PAPERCLIP_TELEMETRY": "on"}, 2)]
TERMINAL_SECONDS = 20  # after which a program on a terminal is killed


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended. `seconds` is the time until it had ended and nobody held its output open any more."""

    code: int
    out: bytes
    err: bytes
    seconds: float


class Device:
    """A device with its files below `directory`. `config` and `state` are where a client of paperclip keeps its own."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.temporary = directory / "tmp"
        self.home.mkdir(parents=True)
        self.temporary.mkdir()
        self.config = self.home / ".config" / "paperclip" / "telemetry"
        self.state = self.home / ".local" / "state" / "paperclip" / "telemetry"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of its processes: nothing of this process's own but the search path."""
        ours = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",  # no file by an interpreter, so that what remains is the client's
            "TMPDIR": str(self.temporary),
            MARK: str(self.home),
        }
        return ours | more

    def run(self, command: Sequence[str | Path], *, seconds: float = 20, **variables: str) -> Result:
        """Run a program without a terminal: an empty standard input, and pipes for its output."""
        started = time.monotonic()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment(**variables),
            cwd=self.home,
            timeout=seconds,
        )
        return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def run_on_terminal(self, command: Sequence[str | Path], typed: str = "", **variables: str) -> Result:
        """Run a program whose standard input and error are a terminal, with `typed` on its keys. Output is a pipe."""
        ours, theirs = pty.openpty()
        attributes = termios.tcgetattr(theirs)
        attributes[1] &= ~termios.OPOST
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        os.write(ours, typed.encode())
        started = time.monotonic()
        with subprocess.Popen(
            command,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=self.environment(**variables),
            cwd=self.home,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            end = threading.Timer(TERMINAL_SECONDS, process.kill)  # it may ask what nobody answers
            end.start()
            err = _read_to_end(ours)
            assert process.stdout
            out = process.stdout.read()
            code = process.wait()
            end.cancel()
        os.close(ours)
        return Result(code, out, err, time.monotonic() - started)

    def files(self) -> dict[str, bytes]:
        """Return all files below its home, by their path from there."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }

    def decide(self, decision: str) -> None:
        """Do what the user's `disable` (`off`) or `forget` does, from outside of the program."""
        if decision == "off":
            (self.config / "choice").write_text("choice off\n")
        else:
            shutil.rmtree(self.state)

    def bytes_kept(self) -> int:
        """Return the size of all that the client keeps."""
        return sum(
            path.stat().st_size for top in (self.config, self.state) for path in top.rglob("*") if path.is_file()
        )

    def processes(self) -> list[int]:
        """Return the ids of the processes that were started on it and still live, senders too."""
        mark = f"{MARK}={self.home}".encode()
        living = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if _is_starting_a_program(path) or mark in (path / "environ").read_bytes().split(b"\0"):
                    living.append(int(path.name))
            except OSError:
                continue  # it has ended, or is a zombie
        return living

    def wait_for_senders(self, seconds: float = 15) -> None:
        """Return when none of its processes lives any more. Fail after `seconds`."""
        eventually(lambda: not self.processes(), seconds)


def _is_starting_a_program(process: Path) -> bool:
    """Whether a process is within execve(2): for a moment, it has neither arguments nor variables.

    Raises OSError for threads of the kernel and zombies, which have no program.
    """
    return not (process / "cmdline").read_bytes() and bool((process / "exe").readlink())


def _read_to_end(terminal: int) -> bytes:
    """Return what a terminal shows until nobody has it open any more."""
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # EIO: the other side is closed
            return shown
        if not part:
            return shown
        shown += part
