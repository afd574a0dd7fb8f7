"""One server's life: install, hits, an upgrade under load, a backup while it runs, back again, a restore elsewhere.

    python tests/bench/life.py [--hits 1000000] [--databases sqlite,postgresql] [--from DIRECTORY] [--rate 500]

After each step it compares what was answered with what is stored, hit by hit: each request has a number. `--from` is a
checkout of the release before, as `git worktree add ../before COMMIT` makes it; if it has a `.venv`, that runs it.
Without it, the upgrade is from this checkout to a copy of it that has one migration more.

For PostgreSQL it needs the Debian package postgresql. The data is in a temporary directory; set TMPDIR to choose where.
Exits with 1 if a hit is missing or stored twice.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

from tests.bench.installation import (  # noqa: E402
    Installation,
    Release,
    installation,
    load_arguments,
    load_parser,
    next_release,
    release_in,
    wait_until_stored,
)
from tests.bench.machine import (  # noqa: E402
    BenchError,
    Databases,
    Progress,
    database_kinds,
    description,
    measure_and_print,
)
from tests.bench.marked_load import Answers, MarkedLoad, Specification  # noqa: E402
from tests.bench.stored_marks import stored_marks  # noqa: E402

PIXELS = 20
FULL_CONNECTIONS = 32
PACED_CONNECTIONS = 128
MOST_NUMBERS = 50_000_000  # of one load that runs until it is stopped


@dataclass(frozen=True, slots=True)
class Options:
    hits: int
    rate: float
    workers: int
    databases: list[str]
    former: Path | None


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did, and what was there at its end. `missing` and `twice` are of all hits acknowledged until then."""

    name: str
    seconds: float
    acknowledged: int
    unanswered: int
    longest_answer_ms: float
    all_acknowledged: int
    stored: int
    missing: int
    twice: int


class Life:
    """The server that lives, all answers that it gave, and the steps so far."""

    def __init__(self, directory: Path, server: Installation, options: Options, progress: Progress) -> None:
        self.server = server
        self.steps: list[Step] = []
        self.answers: list[Answers] = []
        self.tokens: list[str] = []
        self._directory = directory
        self._options = options
        self._progress = progress
        self._next_number = 0

    def install(self, release: Release) -> None:
        """Start a release on an empty database."""
        with self.step("install"):
            self.server.prepare(release)
            self.tokens = self.server.new_pixels(release, PIXELS)
            self.server.start_web(release)
            self.server.start_drain(release)

    def take_hits(self, count: int) -> None:
        with self.step(f"{count:,} hits"):
            self.answers.append(self._load(count, rate=0).finish())

    @contextmanager
    def step(self, name: str, *, is_loaded: bool = False) -> Iterator[None]:
        """Run a step, if `is_loaded` while readers come, and compare at its end."""
        began_at, answers_before = time.monotonic(), len(self.answers)
        load = self._load(MOST_NUMBERS, self._options.rate) if is_loaded else None
        try:
            yield
        except BaseException:
            if load:
                load.kill()
            raise
        if load:
            self.answers.append(load.stop())
        if self.server.processes():
            wait_until_stored(self.server)
        seconds = time.monotonic() - began_at
        step = compared(name, seconds, self.server, self.answers, self.answers[answers_before:])
        self.steps.append(step)
        self._progress(_line(step))

    def _load(self, count: int, rate: float) -> MarkedLoad:
        first = self._next_number
        self._next_number += count
        connections = PACED_CONNECTIONS if rate else FULL_CONNECTIONS
        result = self._directory / f"answers-{first}"
        return MarkedLoad(Specification(self.server.port, self.tokens, first, count, rate, connections, str(result)))


def compared(
    name: str, seconds: float, server: Installation, answers: Sequence[Answers], new: Sequence[Answers]
) -> Step:
    """Compare all answers so far with what a server has stored. `new` are those of this step."""
    marks = stored_marks(server.database, answers)
    return Step(
        name=name,
        seconds=round(seconds, 1),
        acknowledged=sum(part.acknowledged for part in new),
        unanswered=sum(part.unanswered + part.refused for part in new),
        longest_answer_ms=max((part.max_ms for part in new), default=0.0),
        all_acknowledged=sum(part.acknowledged for part in answers),
        stored=marks.stored,
        missing=marks.missing,
        twice=marks.twice,
    )


def measure(options: Options, progress: Progress) -> dict[str, Any]:
    """Live one life on each database, and return the steps of all."""
    with tempfile.TemporaryDirectory(prefix="footfall-life-") as name, Databases() as databases:
        directory = Path(name)
        report: dict[str, Any] = {"machine": description(directory), "steps": {}}
        former, latest = _releases(directory, options)
        for kind in options.databases:
            progress(f"{kind}: {former.newest_migration} → {latest.newest_migration}\n{_HEAD}")
            of_kind = directory / kind
            of_kind.mkdir()
            steps = _live(of_kind, kind, databases, (former, latest), options, progress)
            report["steps"][kind] = [_numbers(step) for step in steps]
        wrong = [step for steps in report["steps"].values() for step in steps if step["missing"] or step["twice"]]
        if wrong:
            raise BenchError(f"Hits are missing or stored twice: {json.dumps(wrong)}")
        return report


def _releases(directory: Path, options: Options) -> tuple[Release, Release]:
    if options.former:
        return release_in(options.former), release_in(ROOT)
    return release_in(ROOT), next_release(directory / "next")


def _live(
    directory: Path,
    kind: str,
    databases: Databases,
    releases: tuple[Release, Release],
    options: Options,
    progress: Progress,
) -> list[Step]:
    former, latest = releases
    file = directory / "footfall.tar"
    with (
        databases.new(kind, _made(directory / "first")) as database,
        installation(directory, "server", database, workers=options.workers) as server,
    ):
        life = Life(directory, server, options, progress)
        life.install(former)
        life.take_hits(options.hits)
        upgrade(life, latest)
        with life.step("backup under load", is_loaded=True):
            before = list(life.answers)
            server.manage(latest, "backup", str(file))
        go_back(life, former, latest)
        for service in ("web", "drain"):
            server.stop(service)
    with (
        databases.new(kind, _made(directory / "second")) as database,
        installation(directory, "restored", database, workers=options.workers) as server,
    ):
        restored = Life(directory, server, options, progress)
        restored.answers = before
        with restored.step("restore on an empty machine"):
            server.manage(latest, "restore", str(file))
            server.start_drain(latest)
    return life.steps + restored.steps


def upgrade(life: Life, latest: Release) -> None:
    """Upgrade as docs/operations.md says: the drain waits, the database is migrated, the web server restarts."""
    server = life.server
    with life.step("upgrade under load", is_loaded=True):
        server.stop("drain")
        server.prepare(latest)
        server.restart_web(latest)
        server.start_drain(latest)


def go_back(life: Life, former: Release, latest: Release) -> None:
    """Go back to the former release as docs/operations.md says."""
    server = life.server
    with life.step("back again under load", is_loaded=True):
        server.restart_web(former)
        server.stop("drain")
        server.manage(latest, "drain", "--once")
        server.manage(latest, "migrate", "collector", former.newest_migration, "--no-input", "--verbosity", "0")
        server.start_drain(former)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


_HEAD = (
    f"{'step':28}{'seconds':>8}{'answered':>11}{'unanswered':>11}{'longest ms':>11}"
    f"{'all answered':>13}{'stored':>11}{'missing':>8}{'twice':>6}"
)


def _line(step: Step) -> str:
    return (
        f"{step.name:28}{step.seconds:>8,.1f}{step.acknowledged:>11,}{step.unanswered:>11,}"
        f"{step.longest_answer_ms:>11,.0f}{step.all_acknowledged:>13,}{step.stored:>11,}{step.missing:>8,}"
        f"{step.twice:>6,}"
    )


def _numbers(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in Step.__slots__}


def _arguments() -> argparse.Namespace:
    parser = load_parser(__doc__, rate=500)
    parser.add_argument("--hits", type=int, default=1_000_000, help="before the first upgrade (default %(default)s)")
    parser.add_argument("--from", type=Path, dest="former", metavar="DIRECTORY", help="the release before")
    parser.add_argument(
        "--databases", type=database_kinds, default="sqlite,postgresql", help="with commas (default %(default)s)"
    )
    return load_arguments(parser)


def main() -> int:
    arguments = _arguments()
    options = Options(arguments.hits, arguments.rate, arguments.workers, arguments.databases, arguments.former)
    return measure_and_print(lambda: measure(options, Progress(quiet=arguments.json_only)))


if __name__ == "__main__":
    sys.exit(main())
