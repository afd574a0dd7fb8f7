"""A made-up program and the counts of its reports: installations that come, upgrade, pause and go, day by day.

The counts are those that the drain would have made of their reports, written directly.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

from collector.models import Declaration, Driver, Kind, Pixel, Project, ReportCount, ReportDimension
from collector.programs.declaration import read_declaration

DAY = timedelta(days=1)
RELEASES = {"2.2.0": 400, "2.3.0": 75, "2.3.1": 68, "2.4.0-rc1": 30, "2.4.0": 17, "2.4.1": 9}  # days ago
SYSTEMS = {("linux", "x86-64"): 44, ("macos", "arm64"): 30, ("linux", "arm64"): 12, ("windows", "x86-64"): 9,
           ("macos", "x86-64"): 4, ("freebsd", "x86-64"): 1}  # fmt: skip
RUNTIMES = {"python3.12": 42, "python3.13": 30, "python3.11": 16, "python3.10": 8, "python3.9": 4}
COUNTRIES = {"DE": 30, "US": 28, "FR": 10, "JP": 9, "GB": 8, "BR": 6, "IN": 5, "": 4}
BINS = (12, 31, 30, 18, 6, 3)  # in a hundred builds, by how long they took
DECLARATION = """
[program]
id = "paperclip"
name = "Paperclip"
kind = "command"
mode = "notice"
why = "To know which formats and systems to look after."
contact = "https://paperclip.example/contact"
country = true
[versions]
newest = "2.4.1"
supported = ["2.4", "2.3"]
withdrawn = ["2.4.0"]
[versions.released]
{released}
[events.build]
reason = "Whether the new renderer is used, and how long it takes."
link = "https://paperclip.example/issues/12"
until = {future}
[events.build.properties.format]
type = "choice"
reason = "Which formats to look after."
values = ["html", "pdf", "epub"]
[events.build.properties.seconds]
type = "bucket"
reason = "Whether builds are quick enough."
bounds = [0.5, 1, 2, 5, 20]
unit = "s"
[events.build.properties.draft]
type = "flag"
reason = "Whether drafts are worth their code."
[events.watch]
reason = "Whether anybody watches files."
link = "https://paperclip.example/issues/15"
until = {future}
[events.import_word]
reason = "Whether the import of Word files can go."
link = "https://paperclip.example/issues/19"
until = {past}
[events.crash]
reason = "What to mend first."
link = "https://paperclip.example/issues/20"
until = {future}
failure = true
[events.crash.properties.class]
type = "choice"
reason = "What went wrong."
values = ["memory", "font", "network"]
"""


@dataclass(slots=True)
class _Installation:
    """One installation. `used` has the last day of use of each event."""

    since: date
    eagerness: float  # the chance of use on a working day
    os: str
    arch: str
    runtime: str
    country: str
    driver: int
    version: str = ""
    last: date | None = None
    used: dict[str, date] = field(default_factory=dict)


def declaration_text(today: date) -> str:
    released = "\n".join(f'"{version}" = {today - ago * DAY}' for version, ago in RELEASES.items())
    return DECLARATION.format(released=released, future=today + 300 * DAY, past=today - 5 * DAY)


def make_program(project: Project, today: date, text: str = "") -> Pixel:
    """Return a new program with a declaration."""
    text = text or declaration_text(today)
    program = read_declaration(text)
    pixel = Pixel.objects.create(project=project, title=program.name, kind=Kind.APP)
    Declaration.objects.create(pixel=pixel, text=text, schema=program.schema)
    return pixel


class Crowd:
    """Made-up installations of a program, and the counts of what they report."""

    def __init__(self, today: date, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._today = today
        self._reports: Counter[tuple[int, date, int, str, int]] = Counter()
        self._numbers: Counter[tuple[int, date, int, str, int]] = Counter()
        self._installations: list[_Installation] = []

    def live(self, installations: int, days: int) -> None:
        """Let so many installations come over so many days to today, more of them each week."""
        weights = [1 + number / days for number in range(days)]
        joins = Counter(self._random.choices(range(days), weights, k=installations))
        for number in range(days):
            day = self._today - (days - 1 - number) * DAY
            self._installations += [self._newcomer(day) for _ in range(joins[number])]
            self._others(day, installations)
            for one in self._installations:
                is_weekend = day.weekday() > 4
                if one.since == day or self._random.random() < one.eagerness * (0.35 if is_weekend else 1):
                    self._report(one, day)

    def store(self, pixel: Pixel) -> None:
        """Write the counts of a program."""
        ReportCount.objects.bulk_create(
            [
                ReportCount(
                    project_id=pixel.project_id, pixel=pixel, dimension=dimension, date=day, driver=driver,
                    value=value, gap=gap, reports=self._reports[dimension, day, driver, value, gap],
                    number=self._numbers[dimension, day, driver, value, gap],
                )
                for dimension, day, driver, value, gap in sorted(self._reports.keys() | self._numbers.keys())
            ],
            batch_size=5_000,
        )  # fmt: skip

    def _newcomer(self, day: date) -> _Installation:
        pick = self._random.choices
        ((system, arch),) = pick(list(SYSTEMS), list(SYSTEMS.values()))
        return _Installation(
            since=day,
            eagerness=self._random.choice((0.01, 0.03, 0.1, 0.3, 0.6, 0.85)),
            os=system,
            arch=arch,
            runtime=pick(list(RUNTIMES), list(RUNTIMES.values()))[0],
            country=pick(list(COUNTRIES), list(COUNTRIES.values()))[0],
            driver=Driver.SERVER if self._random.random() < 0.06 else Driver.PERSON,
        )

    def _report(self, one: _Installation, day: date) -> None:
        gap = 0 if one.last is None else min((day - one.last).days, 32)
        former, one.version = one.version, self._version_on(day, one.version)
        values = {
            ReportDimension.ACTIVE: "", ReportDimension.VERSION: one.version, ReportDimension.OS: one.os,
            ReportDimension.ARCH: one.arch, ReportDimension.RUNTIME: one.runtime,
        }  # fmt: skip
        if one.country:
            values[ReportDimension.COUNTRY] = one.country
        for dimension, value in values.items():
            self._reports[dimension, day, one.driver, value, gap] += 1
        if former and former != one.version:
            self._reports[ReportDimension.UPGRADE, day, one.driver, f"{former}>{one.version}", 0] += 1
        monday = day - day.weekday() * DAY
        if one.last is None or one.last < monday:
            year, week, _ = one.since.isocalendar()
            cohort = (ReportDimension.COHORT, monday, Driver.INSTALLATIONS, f"{year}-W{week:02}", 0)
            self._reports[cohort] += 1
        if one.last is not None:
            self._use(one, one.last)
        one.last = day

    def _version_on(self, day: date, current: str) -> str:
        """Return the version that an installation runs: a new one takes the newest, others upgrade at times."""
        newest = [
            version for version, ago in RELEASES.items() if self._today - ago * DAY <= day and "rc" not in version
        ]
        if not current or self._random.random() < 0.22:
            return newest[-1] if newest else "2.2.0"
        return current

    def _use(self, one: _Installation, day: date) -> None:
        """Count what an installation used on its last day of use: events, properties and a histogram."""
        for event, chance in {"build": 0.9, "watch": 0.3, "import_word": 0.04, "crash": 0.03}.items():
            if self._random.random() > chance:
                continue
            number = 1 + int(self._random.expovariate(0.3))
            gap = min((day - one.used[event]).days, 32) if event in one.used else 0
            one.used[event] = day
            key = (ReportDimension.EVENT, day, one.driver, event, gap)
            self._reports[key] += 1
            self._numbers[key] += number
            for value in self._properties(event):
                key = (ReportDimension.PROPERTY, day, one.driver, value, 0)
                self._reports[key] += 1
                self._numbers[key] += number
            if event == "build":
                limits = list(accumulate(BINS))
                bins = Counter(
                    next(bin for bin, limit in enumerate(limits) if self._random.random() * 100 < limit or limit == 100)
                    for _ in range(number)
                )
                for bin, uses in bins.items():
                    key = (ReportDimension.BUCKET, day, one.driver, f"build.seconds#{bin}", 0)
                    self._reports[key] += 1
                    self._numbers[key] += uses

    def _properties(self, event: str) -> list[str]:
        if event == "build":
            form = self._random.choices(("html", "pdf", "epub", "other"), (60, 28, 10, 2))[0]
            return [f"build.format={form}", f"build.draft={'true' if self._random.random() < 0.2 else 'false'}"]
        if event == "crash":
            return [f"crash.class={self._random.choices(('memory', 'font', 'network', 'other'), (5, 3, 2, 1))[0]}"]
        return []

    def _others(self, day: date, installations: int) -> None:
        """Count what CI, containers and agents report, and the runs of a shell."""
        for driver, share in ((Driver.CI, 0.5), (Driver.CONTAINER, 0.2), (Driver.AGENT, 0.06)):
            reports = int(installations * share * self._random.uniform(0.8, 1.2))
            self._reports[ReportDimension.ACTIVE, day, driver, "", 0] += reports
            self._reports[ReportDimension.VERSION, day, driver, "2.4.1", 0] += reports
        runs = int(installations * 0.1 * self._random.uniform(0.8, 1.2))
        self._numbers[ReportDimension.RUN, day, Driver.PERSON, "build", 0] += runs
        self._numbers[ReportDimension.RUN_VERSION, day, Driver.PERSON, "2.4.1", 0] += runs


def make_strange_program(project: Project, texts: list[str], today: date) -> Pixel:
    """Return a program that declares names and reasons of these texts, as long as they may be, with large numbers."""
    events = _strange_events([text for text in texts if text.isprintable()], today)
    text = declaration_text(today).replace("Paperclip", "W" * 100).replace("[events.build]", f"{events}[events.build]")
    pixel = make_program(project, today, text)
    version, huge = "999999.999999.999999-nightly.99999999", 987_654_321
    values = {
        ReportDimension.ACTIVE: "", ReportDimension.VERSION: version, ReportDimension.OS: "freebsd",
        ReportDimension.RUNTIME: "w" * 12 + "999.999", ReportDimension.UPGRADE: f"{version}>{version}",
        ReportDimension.EVENT: "w" * 38 + "00", ReportDimension.RUN: "w" * 40, ReportDimension.RUN_VERSION: version,
        ReportDimension.PROPERTY: "w" * 38 + "00." + "v" * 40 + "=" + "W" * 40,
    }  # fmt: skip
    ReportCount.objects.bulk_create(
        ReportCount(
            project=project, pixel=pixel, dimension=dimension, date=today - ago * DAY, driver=driver, value=value,
            gap=0, reports=huge, number=huge,
        )
        for dimension, value in values.items()
        for driver in (Driver.PERSON, Driver.CI)
        for ago in (0, 40)
    )  # fmt: skip
    for week in (0, 7):
        monday = today - (today.weekday() + week) * DAY
        year, number, _ = monday.isocalendar()
        ReportCount.objects.create(
            project=project, pixel=pixel, dimension=ReportDimension.COHORT, date=monday, driver=Driver.INSTALLATIONS,
            value=f"{year}-W{number:02}", gap=0, reports=huge,
        )  # fmt: skip
    return pixel


def _strange_events(texts: list[str], today: date) -> str:
    return "".join(
        f"""
[events.{"w" * 38}{number:02}]
reason = "{(text * 500)[:500]}"
link = "https://paperclip.example"
until = {today}
[events.{"w" * 38}{number:02}.properties.{"v" * 40}]
type = "choice"
reason = "{(text * 500)[:500]}"
values = ["{"W" * 40}"]
"""
        for number, text in enumerate(texts)
    )
