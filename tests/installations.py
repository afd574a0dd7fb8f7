"""Made-up installations of a program, which do what docs/clients.md says, and what each of them really did.

Nothing here imports our code: numbers that the server counts from the reports must equal a recount over `Life`.
Days are numbers, as of `date.toordinal`.
"""

import hashlib
import hmac
import random
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Json = dict[str, Any]
Network = Literal["up", "last reply lost", "no reply", "down"]
MAX_GAP = 32
MAX_DAYS_LATE = 31
QUEUE_DAYS = 31  # today is one of them
VERSIONS = ("2.3.0", "2.4.0", "2.4.1", "2.5.0-rc1")
RUNTIMES = ("python3.11", "python3.12")


def iso_day(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def iso_week(day: int) -> str:
    year, week, _ = date.fromordinal(day).isocalendar()
    return f"{year}-W{week:02}"


@dataclass(frozen=True)
class Use:
    """One use of an event. `seconds` is the bin of its bucket, None for an event without one."""

    event: str
    properties: tuple[tuple[str, str | bool], ...] = ()
    seconds: int | None = None


@dataclass
class Life:
    """One installation as it really was, until its state was lost. A copied state belongs to the same life.

    `days` has the version and the runtime of each day on which it ran after the day on which its user was told, for a
    server without the first of them. `arrived` has those of which the server has the report. `uses` has what was
    recorded, by its day.
    """

    driver: str
    os: str
    arch: str
    days: dict[int, tuple[str, str]] = field(default_factory=dict)
    uses: dict[int, list[Use]] = field(default_factory=dict)
    arrived: set[int] = field(default_factory=set)


@dataclass
class State:
    """The files of one client. Days in it are days of the corrected clock."""

    secret: bytes
    told: int | None = None
    claimed: int | None = None  # the day of the first claim
    since: str = ""
    last: int | None = None
    version: str = ""
    offset: int = 0  # days to add to the machine's clock
    verified: int | None = None
    used: dict[str, int] = field(default_factory=dict)
    events: dict[int, list[Use]] = field(default_factory=dict)
    queue: dict[int, Json] = field(default_factory=dict)


class Server:
    """Takes reports as the contract says. `taken` has each accepted report, with the day on which it was accepted."""

    def __init__(self) -> None:
        self.today = 0
        self.taken: list[tuple[int, Json]] = []

    def post(self, today: int, reports: list[Json]) -> int:
        """Take reports and return the server's day. It takes none from a clock that shows another day."""
        if today == self.today:
            for report in reports:
                day = _number(report["day"])
                assert 0 <= self.today - day <= MAX_DAYS_LATE
                used = [entry for entry in report["used"] if day - _number(entry["day"]) <= MAX_DAYS_LATE]
                self.taken.append((self.today, deepcopy(report | {"used": used})))
        return self.today


class Device:
    """A machine with one installation. `clock_error` is by how many days its clock is ahead."""

    def __init__(self, rng: random.Random, server: Server, life: Life, state: State, clock_error: int = 0) -> None:
        self.rng, self.server, self.life, self.state = rng, server, life, state
        self.clock_error = clock_error
        self.version, self.runtime = rng.choice(VERSIONS[:2]), rng.choice(RUNTIMES)

    def run(self, uses: list[Use], network: Network, *, senders: int = 1) -> None:
        """Use the program on the server's today. `senders` processes send the day's report, if it is due."""
        state = self.state
        today = self.server.today + self.clock_error + state.offset
        is_due = self._is_due(today)
        if is_due:
            self._report(today)
            self.life.days[self.server.today] = self.version, self.runtime
        if state.told is None:
            state.told = today
        state.events.setdefault(today, []).extend(uses)
        self.life.uses.setdefault(self.server.today, []).extend(uses)
        if is_due:
            self._send(today, network, senders)

    def _is_due(self, today: int) -> bool:
        """Whether a report is made. The first one waits for a day after the notice, a server's for one more."""
        state = self.state
        if state.last is not None:
            return today != state.last
        if state.told in (None, today):
            return False
        state.claimed = state.claimed or today
        return self.life.driver != "server" or today != state.claimed

    def lose_state(self) -> None:
        """Lose the directory of the state, but not the choice: the next run is of a new installation."""
        self.life = Life(self.life.driver, self.life.os, self.life.arch)
        self.state = State(self.rng.randbytes(32), told=self.state.told)

    def _report(self, today: int) -> None:
        state = self.state
        previous = self._last_day_before(today)
        first, used = previous or 0, dict(state.used)
        report: Json = {
            "id": _id(state.secret, today),
            "day": iso_day(today),
            "gap": None if previous is None else min(today - previous, MAX_GAP),
            "since": state.since or iso_week(today),
            "version": self.version,
            "os": self.life.os,
            "arch": self.life.arch,
            "runtime": self.runtime,
            "driver": self.life.driver,
            "used": [
                entry
                for day in sorted(state.events)
                if first <= day < today
                for entry in self._used(day, today - MAX_DAYS_LATE, used)
            ],
        }
        if state.version and state.version != self.version:
            report["from"] = state.version
        state.queue[today] = report
        state.queue = {day: late for day, late in state.queue.items() if today - day < QUEUE_DAYS}
        state.last, state.since, state.version = today, report["since"], self.version
        state.events = {day: uses for day, uses in state.events.items() if day >= today}

    def _used(self, day: int, oldest: int, reported: dict[str, int]) -> list[Json]:
        """Return the entries of a day. What is older than `oldest` is taken by no server, so no gap counts from it."""
        uses = self.state.events[day]
        entries: list[Json] = []
        for (event, properties), count in Counter((use.event, use.properties) for use in uses).items():
            before = self.state.used.get(event)
            if before is not None and before < oldest:
                before = reported.get(event)
            entry: Json = {"day": iso_day(day), "event": event, "n": count}
            entry["gap"] = None if before is None else min(day - before, MAX_GAP)
            if properties:
                entry["p"] = dict(properties)
            seconds = [use.seconds for use in uses if (use.event, use.properties) == (event, properties)]
            if seconds[0] is not None:
                entry["h"] = {"seconds": [seconds.count(number) for number in range(4)]}
            entries.append(entry)
        self.state.used |= {use.event: day for use in uses}
        return entries

    def _send(self, today: int, network: Network, senders: int) -> None:
        if network == "down":
            return
        day = today
        for _ in range(senders):
            day = self._post(today)
        if network == "no reply":
            return
        if day != today:
            self._correct(today, day)
            self._post(day)
        if network == "up":
            self.state.queue.clear()
            self.state.verified = day

    def _last_day_before(self, day: int) -> int | None:
        days = {self.state.last, self.state.verified, *self.state.queue}
        return max((one for one in days if one is not None and one < day), default=None)

    def _post(self, today: int) -> int:
        day = self.server.post(today, list(self.state.queue.values()))
        if day == today:
            self.life.arrived |= set(self.state.queue)
        return day

    def _correct(self, today: int, right: int) -> None:
        """Move what a wrong clock dated: all of it if no server ever answered, else today's report only."""
        state = self.state
        state.offset += right - today
        if state.verified is None:
            self._move_all(right - today)
        else:
            report = state.queue.pop(today)
            previous = max(one for one in (state.verified, *state.queue) if one < right)
            report["gap"] = min(right - previous, MAX_GAP)
            state.queue[right] = report
            if today <= previous:  # the clock was set back: no report will tell any more what was used on that day
                self.life.uses.pop(previous, None)
        for day, report in state.queue.items():
            report["day"], report["id"] = iso_day(day), _id(state.secret, day)
        state.last = right
        assert right not in state.events
        state.events[right] = state.events.pop(today)

    def _move_all(self, days: int) -> None:
        state = self.state
        state.queue = {day + days: report for day, report in state.queue.items()}
        state.since = iso_week(min(state.queue))  # the first report of all waits here too
        state.used = {event: day + days for event, day in state.used.items()}
        for report in state.queue.values():
            report["since"] = state.since
            for entry in report["used"]:
                entry["day"] = iso_day(_number(entry["day"]) + days)


def _id(secret: bytes, day: int) -> str:
    return hmac.new(secret, iso_day(day).encode(), hashlib.sha256).hexdigest()[:32]


def new_device(rng: random.Random, server: Server, driver: str = "person", clock_error: int = 0) -> Device:
    """Return a device on which the program never ran."""
    life = Life(driver, rng.choice(("linux", "macos", "windows")), rng.choice(("x86-64", "arm64")))
    return Device(rng, server, life, State(rng.randbytes(32)), clock_error)


def copied(device: Device) -> Device:
    """Return another device with a copy of the state. Both are one life."""
    copy = Device(device.rng, device.server, device.life, deepcopy(device.state), device.clock_error)
    copy.version, copy.runtime = device.version, device.runtime
    return copy


def some_uses(rng: random.Random, most: int = 4) -> list[Use]:
    """Return what is used on one day."""
    return [_use(rng) for _ in range(rng.randint(0, most))]


def _use(rng: random.Random) -> Use:
    if rng.random() < 0.4:
        return Use("check")
    properties = (("draft", rng.random() < 0.3), ("format", rng.choice(("html", "pdf", "other"))))
    return Use("build", properties, rng.randrange(4))


Habit = Callable[[int], bool]  # whether the program runs on a day


def a_habit(rng: random.Random, first_day: int, last_day: int) -> Habit:
    """Return when somebody uses a program: some daily, most now and then, some with long pauses, many not for good."""
    began = rng.randint(first_day, last_day)
    ends = began + int(rng.expovariate(1 / 90))
    rate = rng.choice((0.9, 0.5, 0.2, 0.06))
    pause = began + rng.randint(5, 40)
    has_pause = rng.random() < 0.3

    def runs(day: int) -> bool:
        is_away = has_pause and pause <= day < pause + 35
        return began <= day <= ends and not is_away and rng.random() < rate

    return runs
