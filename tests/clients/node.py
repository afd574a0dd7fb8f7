"""Programs for Node with the client in them, as ES modules and as CommonJS, whose clock a test sets."""

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from collector.programs.clients import make_client
from collector.programs.program import Program
from tests.clients.declared import TOKEN, declared
from tests.clients.device import Device, Result
from tests.requirements import missing

FORMS = ("node", "node-cjs")
_ENDINGS = {"node": "mjs", "node-cjs": "cjs"}
_IMPORTS = {
    "node": 'import * as telemetry from "./telemetry.mjs";\n',
    "node-cjs": 'const telemetry = require("./telemetry.cjs");\n',
}
_CLOCK = "return Date.now();"
_SET_CLOCK = "return Number(process.env.CLOCK_SECONDS || 0) * 1000;"
START = 'telemetry.start("2.4.1");'


class NodeProgram:
    """A program on a device. `form` is `node` (ES modules) or `node-cjs`."""

    def __init__(
        self, device: Device, form: str, server: str, program: Program | None = None, token: str = TOKEN
    ) -> None:
        if shutil.which("node") is None:
            missing("install nodejs")
        self.device = device
        self.form = form
        self.program = program or declared()
        self.directory = device.home.parent / "program"
        self.directory.mkdir(exist_ok=True)
        text = make_client(self.program, form, server, token)
        assert text.count(_CLOCK) == 1
        self.client = self.directory / f"telemetry.{_ENDINGS[form]}"
        self.client.write_text(text.replace(_CLOCK, _SET_CLOCK))

    def command(self, code: str, name: str = "main") -> list[str | Path]:
        """Return how to run a program. Its code calls `telemetry`."""
        path = self.directory / f"{name}.{_ENDINGS[self.form]}"
        path.write_text(_IMPORTS[self.form] + code)
        return ["node", path]

    def run(self, code: str, day: str = "2026-11-25", before: Sequence[str] = (), **variables: str) -> Result:
        """Run a program at ten o'clock of a UTC day, and wait for its sender. `before` are words before the command."""
        result = self.device.run([*before, *self.command(code)], **(clock(day) | variables))
        self.device.wait_for_senders()
        assert result.code == 0, result.err
        return result

    def ask(self, code: str, day: str = "2026-11-25", **variables: str) -> str:
        """Run a program that prints the value of an expression, and return what it printed."""
        out = self.run(f"(async () => process.stdout.write(String(await ({code}))))();", day, **variables).out
        return out.decode()

    def run_on_terminal(self, code: str, typed: str = "", day: str = "2026-11-25", **variables: str) -> str:
        """Run a program on a terminal, wait for its sender, and return what it showed."""
        result = self.device.run_on_terminal(self.command(code), typed, **clock(day), **variables)
        self.device.wait_for_senders()
        assert (result.code, result.out) == (0, b""), result
        return result.err.decode()

    def tell(self, day: str = "2026-11-01", choice: str = "", fields: Iterable[str] | None = None) -> None:
        """Write the choice file as after a notice, or after a choice."""
        lines = [f"choice {choice}"] if choice else []
        lines += [f"schema {self.program.schema}", f"told {day}"]
        lines += [f"field {field}" for field in (self.program.fields() if fields is None else fields)]
        self.device.config.mkdir(parents=True, exist_ok=True)
        (self.device.config / "choice").write_text("\n".join(lines) + "\n")


def clock(day: str, time: str = "10:00:00") -> dict[str, str]:
    """Return the variable by which a program knows the time."""
    return {"CLOCK_SECONDS": str(int(seconds_of(day, time)))}


def seconds_of(day: str, time: str = "10:00:00") -> float:
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC).timestamp()
