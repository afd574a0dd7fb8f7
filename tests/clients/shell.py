"""Programs in POSIX shell with the client in them, in several shells, whose clock a test sets."""

import hashlib
import hmac
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from collector.programs.program import Program
from tests.clients.declared import client_text, declared
from tests.clients.device import Device, Result
from tests.requirements import missing

SHELLS = ("dash", "bash", "busybox")
SOURCE = ". ./telemetry.sh\n"
START = SOURCE + "footfall_start 2.4.1\n"
_CLOCK = "command date -u '+%Y-%m-%dT%H:%M:%S'"
_SET_CLOCK = "printf '%s\\n' \"$CLOCK\""


class ShellProgram:
    """A program on a device. In `busybox`, all the tools are busybox's, and there is no curl."""

    def __init__(self, device: Device, shell: str, server: str, program: Program | None = None) -> None:
        if shutil.which(shell) is None:
            missing(f"install {shell}")
        self.device = device
        self.program = program or declared()
        self.directory = device.home.parent / "program"
        self.directory.mkdir(exist_ok=True)
        self.shell: list[str | Path] = [Path(shutil.which(shell) or shell)]
        self.variables: dict[str, str] = {}
        if shell == "busybox":
            path = device.home.parent / "bin"
            tools_only(path, _applets(), "busybox")
            if shutil.which("strace"):
                tools_only(path, ["strace"])
            self.shell = [path / "ash"]
            self.variables["PATH"] = str(path)
        text = client_text("sh", server, self.program)
        assert text.count(_CLOCK) == 1
        self.client = self.directory / "telemetry.sh"
        self.client.write_text(text.replace(_CLOCK, _SET_CLOCK))

    def command(self, code: str, name: str = "main.sh") -> list[str | Path]:
        """Return how to run a program in the client's directory."""
        path = self.directory / name
        path.write_text(f"cd {self.directory}\n{code}\n")
        return [*self.shell, path]

    def with_variables(self, day: str, more: dict[str, str]) -> dict[str, str]:
        return {"CLOCK": day if "T" in day else f"{day}T10:00:00"} | self.variables | more

    def start(self, code: str = START, day: str = "2026-11-25", before: Sequence[str] = (), **variables: str) -> Result:
        """Run a program at ten o'clock of a UTC day. `before` are words before the command."""
        result = self.device.run([*before, *self.command(code)], **self.with_variables(day, variables))
        assert result.code == 0, result
        return result

    def run(self, code: str = START, day: str = "2026-11-25", before: Sequence[str] = (), **variables: str) -> str:
        """Run a program, wait for its sender, and return what it printed. It prints no errors."""
        result = self.start(code, day, before, **variables)
        self.device.wait_for_senders()
        assert result.err == b"", result
        return result.out.decode()

    def run_on_terminal(self, code: str = START, typed: str = "", day: str = "2026-11-25", **variables: str) -> str:
        """Run a program on a terminal, wait for its sender, and return what it showed."""
        result = self.device.run_on_terminal(self.command(code), typed, **self.with_variables(day, variables))
        self.device.wait_for_senders()
        assert (result.code, result.out) == (0, b""), result
        return result.err.decode()

    def tell(self, day: str = "2026-11-01", choice: str = "", fields: Iterable[str] | None = None) -> None:
        """Write the choice file as after a notice, or after a choice."""
        lines = [f"choice {choice}"] if choice else []
        lines += [f"schema {self.program.schema if fields is None else '0' * 16}", f"told {day}"]
        lines += [f"field {field}" for field in (self.program.fields() if fields is None else fields)]
        self.device.config.mkdir(parents=True, exist_ok=True)
        (self.device.config / "choice").write_text("\n".join(lines) + "\n")

    def noted(self, name: str) -> str:
        """Return what `installation` says after a word, or an empty text."""
        path = self.device.state / "installation"
        lines = path.read_text().splitlines() if path.exists() else []
        return next((line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")), "")

    def id_on(self, day: str) -> str:
        """Return the id of this installation's report of a day."""
        return hmac.new(bytes.fromhex(self.noted("secret")), day.encode(), hashlib.sha256).hexdigest()[:32]


def seconds_of(day: str, days: int) -> float:
    """Return ten o'clock of a UTC day, so many days later, as seconds since the epoch."""
    return ((date.fromisoformat(day) - date(1970, 1, 1)).days + days) * 86400 + 36000


def tools_only(directory: Path, names: Iterable[str], program: str = "") -> None:
    """Make a directory for PATH with these tools and no others. `program` is one that is all of them."""
    directory.mkdir(exist_ok=True)
    for name in names:
        path = shutil.which(program or name)
        if path is None:
            missing(f"install {program or name}")
        if not (directory / name).exists():
            (directory / name).symlink_to(path)


@cache
def _applets() -> tuple[str, ...]:
    return tuple(subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split())
