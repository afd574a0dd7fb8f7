"""A realistic program for the demo project: installations come and go, upgrade sooner or later, and report each day.

Every report is stored and counted by the same code as a real one.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.db import transaction

from collector.models import Declaration, Kind, Pixel, Project
from collector.programs.declaration import read_declaration
from collector.programs.forms import MAX_GAP
from collector.programs.report import ProgramReport, Used, Value
from collector.programs.weeks import week_of
from collector.spool.line import Line
from collector.spool.report_line import SpooledReport
from collector.storage.publication import publish
from collector.storage.reports import ReportLine, Reports

DAY = timedelta(days=1)
BATCH_REPORTS = 5_000
RELEASES = ("2.2.0", "2.3.0", "2.3.1", "2.4.0", "2.4.1")  # the first is out before the period
PATIENCE_DAYS = 9  # the median from a release to the upgrade
HARDLY_EVER = 0.12  # of installations upgrade only after months
TRIED_ONCE = 0.35  # of installations are gone after a day or two
LIFE_DAYS = 140
DRIVERS = {"person": 84, "ci": 7, "agent": 5, "container": 4}
SYSTEMS = {"linux": 52, "macos": 29, "windows": 17, "freebsd": 2}
ARCHITECTURES = {"x86-64": 62, "arm64": 36, "riscv64": 1, "other": 1}
RUNTIMES = {"python3.13": 38, "python3.12": 34, "python3.11": 17, "python3.10": 8, "python3.9": 3}
FLOOD_REPORTS, FLOOD_DAYS_AGO = 240, 6  # of one network, on one day
FORMATS = {"html": 80, "epub": 14, "pdf": 5, "other": 1}
HOSTS = {"pages": 46, "netlify": 24, "s3": 12, "rsync": 14, "other": 4}
FAILURES = {"template": 44, "markdown": 26, "image": 19, "network": 11}
SECONDS = (38, 34, 17, 8, 3)  # builds by bin
WEEKDAYS = (1.1, 1.15, 1.15, 1.1, 1.0, 0.55, 0.6)


@dataclass(slots=True)
class _Installation:
    """One installation. `keenness` is the share of days on which it is used."""

    born_on: date
    gone_on: date
    keenness: float
    patience_days: float
    facts: dict[str, str]
    version: str = ""
    last_day: date | None = None
    last_use: dict[str, date] = field(default_factory=dict)
    unreported: list[tuple[date, str, int, dict[str, Value], dict[str, list[int]]]] = field(default_factory=list)


def fill_program(
    project: Project, *, installations: int, days: int, seed: int, now: datetime, progress: Callable[[int], None]
) -> int:
    """Give a project a program with made-up installations of the last `days`; return the number of their reports.

    The same `seed` gives the same reports. Calls `progress` with the number of days that are done.
    """
    rng = random.Random(seed)  # noqa: S311  (not used for secrets)
    today = now.astimezone(UTC).date()
    period = [today - ago * DAY for ago in reversed(range(days))]
    released = _releases(period)
    pixel = _program(project, released, period)
    installed = [_installation(rng, period) for _ in range(installations)]
    reports, storage, batch = 0, Reports(), []
    for day in period:
        for report in _reports_of_day(rng, installed, released, day):
            batch.append(_line(pixel, report, day))
            reports += 1
            if len(batch) == BATCH_REPORTS:
                _store(storage, batch)
                batch = []
        progress(1)
    _store(storage, batch + _flood(pixel, seed, period[-min(FLOOD_DAYS_AGO, days)]))
    for _ in publish(now, None):  # else its public statistics were empty until the drain publishes
        pass
    return reports


def _flood(pixel: Pixel, seed: int, day: date) -> list[ReportLine]:
    """Make up reports that one network sent, more than count: the page says so, and an owner may count them."""
    rng = random.Random(seed)  # noqa: S311  (not used for secrets)
    reports = [
        ProgramReport(
            id=f"{rng.getrandbits(128):032x}", day=day.isoformat(), since=week_of(day), version=RELEASES[0], os="linux",
            arch="x86-64", runtime="python3.9", driver="person",
        )
        for _ in range(FLOOD_REPORTS)
    ]  # fmt: skip
    return [_line(pixel, report, day, is_excess=True) for report in reports]


def _store(storage: Reports, batch: list[ReportLine]) -> None:
    with transaction.atomic():
        storage.store(batch)


def _releases(period: list[date]) -> dict[str, date]:
    """Return the day of each release: the first a month before the period, the others spread over it."""
    step = max(len(period) // len(RELEASES), 1)
    days = [period[0] - 30 * DAY] + [period[min(number * step, len(period) - 1)] for number in range(1, len(RELEASES))]
    return dict(zip(RELEASES, days, strict=True))


def _program(project: Project, released: dict[str, date], period: list[date]) -> Pixel:
    template = Path(__file__).with_name("demo_program.toml").read_text("utf-8")
    text = template.format(
        newest=RELEASES[-1],
        released="\n".join(f'"{version}" = {day}' for version, day in released.items()),
        until=period[-1] + 365 * DAY,
    )
    program = read_declaration(text)
    created_at = datetime.combine(period[0], time(7), UTC)
    pixel = Pixel.objects.create(project=project, title=program.name, kind=Kind.APP, created_at=created_at)
    Declaration.objects.create(pixel=pixel, text=text, schema=program.schema)
    return pixel


def _installation(rng: random.Random, period: list[date]) -> _Installation:
    """Make up an installation. More are born towards the end of the period: the program grows."""
    born_on = period[int(len(period) * rng.random() ** 0.7)]
    life_days = rng.choice((1, 2)) if rng.random() < TRIED_ONCE else 2 + rng.expovariate(1 / LIFE_DAYS)
    is_patient = rng.random() < HARDLY_EVER
    return _Installation(
        born_on=born_on,
        gone_on=born_on + timedelta(days=int(life_days)),
        keenness=rng.betavariate(1.6, 2.2),
        patience_days=200.0 if is_patient else PATIENCE_DAYS * rng.lognormvariate(0, 0.8),
        facts={
            "driver": _pick(rng, DRIVERS),
            "os": _pick(rng, SYSTEMS),
            "arch": _pick(rng, ARCHITECTURES),
            "runtime": _pick(rng, RUNTIMES),
        },
    )


def _reports_of_day(
    rng: random.Random, installed: list[_Installation], released: dict[str, date], day: date
) -> Iterator[ProgramReport]:
    for one in installed:
        is_first_day = day == one.born_on
        is_alive = one.born_on <= day < one.gone_on
        if is_first_day or (is_alive and rng.random() < one.keenness * WEEKDAYS[day.weekday()]):
            yield _report(rng, one, released, day)
            _use(rng, one, day)


def _report(rng: random.Random, one: _Installation, released: dict[str, date], day: date) -> ProgramReport:
    former, one.version = one.version, _version(one, released, day)
    gap = min((day - one.last_day).days, MAX_GAP) if one.last_day else None
    used = [_used(one, *entry) for entry in one.unreported]
    one.unreported = []
    one.last_day = day
    return ProgramReport(
        id=f"{rng.getrandbits(128):032x}",
        day=day.isoformat(),
        gap=gap,
        since=week_of(one.born_on),
        version=one.version,
        from_version=former if former != one.version else "",
        used=used,
        **one.facts,
    )


def _version(one: _Installation, released: dict[str, date], day: date) -> str:
    """Return the newest version that was out when this installation last upgraded: at birth, or after its patience."""
    patience = timedelta(days=one.patience_days)
    known = [version for version, out in released.items() if out <= one.born_on or out + patience <= day]
    return known[-1] if known else RELEASES[0]


def _use(rng: random.Random, one: _Installation, day: date) -> None:
    """Note what an installation uses on a day. Its next report says so, if there is one."""
    builds = 1 + int(rng.expovariate(1 / 5))
    bins = [0] * len(SECONDS)
    for chosen in rng.choices(range(len(SECONDS)), SECONDS, k=builds):
        bins[chosen] += 1
    one.unreported.append((day, "build", builds, {"format": _pick(rng, FORMATS)}, {"seconds": bins}))
    if rng.random() < 0.55:
        one.unreported.append((day, "serve", 1 + int(rng.expovariate(1)), {"live_reload": rng.random() < 0.7}, {}))
    if rng.random() < 0.22:
        one.unreported.append((day, "publish", 1, {"host": _pick(rng, HOSTS)}, {}))
    if rng.random() < 0.07:
        one.unreported.append((day, "failed", 1 + int(rng.expovariate(2)), {"class": _pick(rng, FAILURES)}, {}))


def _used(one: _Installation, day: date, event: str, number: int, p: dict[str, Value], h: dict[str, list[int]]) -> Used:
    previous = one.last_use.get(event)
    one.last_use[event] = day
    gap = min((day - previous).days, MAX_GAP) if previous else None
    return Used(day=day.isoformat(), event=event, n=number, gap=gap, p=p, h=h)


def _line(pixel: Pixel, report: ProgramReport, day: date, *, is_excess: bool = False) -> ReportLine:
    at_us = int(datetime.combine(day, time(12), UTC).timestamp() * 1_000_000)
    return ReportLine(Line("demo", 0, 0, b""), SpooledReport(pixel.token, at_us, report, is_excess))


def _pick(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
