"""The Python client of paperclip on a device, with a clock that a test sets."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.programs.program import Program
from tests.clients.declared import client_text, declared
from tests.clients.device import Device, Result

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)  # of day 0
CLOCK = ("    return time.time()\n", "    return float(os.environ['NOW'])\n")
BEGINNING = "import sys; sys.path.insert(0, sys.argv[1]); import footfall as f; "
PYTHON = (sys.executable, "-S")  # without site packages, which take long to find


def day(number: int) -> str:
    """Return the date of a day, counted from the day of `NOON`."""
    return (NOON + timedelta(number)).date().isoformat()


class Paperclip:
    """A program with the client of a declaration. Its clock stands at noon of a day, unless a test says otherwise.

    `replacements` are changes of the client's text: what stands there, and what is to stand there instead.
    """

    def __init__(self, device: Device, server: str, program: Program | None = None) -> None:
        self.device = device
        self.server = server
        self.folder = device.home.parent / "program"
        self.folder.mkdir(exist_ok=True)
        self.install(program or declared())

    def install(self, program: Program, *replacements: tuple[str, str]) -> None:
        """Install a release of the program."""
        text = client_text("python", self.server, program)
        for old, new in (CLOCK, *replacements):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (self.folder / "footfall.py").write_text(text, "utf-8")
        self.program = program

    def command(self, code: str, python: Sequence[str | Path] = PYTHON) -> list[str | Path]:
        """Return the command that runs code with the client as `f`."""
        return [*python, "-c", BEGINNING + code, self.folder]

    def at(self, number: float, **variables: str) -> dict[str, str]:
        """Return the variables of a run at noon of a day, or before or after it."""
        return {"NOW": str((NOON + timedelta(number)).timestamp()), **variables}

    def run(self, code: str, number: float = 1, *, wait: bool = True, **variables: str) -> Result:
        """Run code without a terminal, and wait for the sender. It must neither fail nor complain."""
        result = self.device.run(self.command(code), **self.at(number, **variables))
        assert (result.code, result.err) == (0, b""), result.err.decode()
        if wait:
            self.device.wait_for_senders()
        return result

    def run_on_terminal(self, code: str, number: float = 0, typed: str = "", **variables: str) -> Result:
        result = self.device.run_on_terminal(self.command(code), typed, **self.at(number, **variables))
        assert result.code == 0, result.err.decode()
        self.device.wait_for_senders()
        return result

    def tell(self) -> None:
        """Write the choice file as the notice of day 0 leaves it."""
        lines = [f"schema {self.program.schema}", f"told {day(0)}", *(f"field {one}" for one in self.program.fields())]
        self.device.config.mkdir(parents=True, exist_ok=True)
        (self.device.config / "choice").write_text("\n".join(lines) + "\n")

    def state(self, name: str) -> str:
        """Return a file of the state, or an empty text."""
        path = self.device.state / name
        return path.read_text() if path.exists() else ""
