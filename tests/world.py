"""A world of made-up installations: 1,500 of them over 120 days, with everything that goes wrong."""

import random
from collections.abc import Callable
from datetime import date

from tests.installations import (
    VERSIONS,
    Device,
    Habit,
    Life,
    Network,
    Server,
    a_habit,
    copied,
    new_device,
    some_uses,
)

FIRST_DAY = date(2026, 7, 20).toordinal()
DAYS = 120
LAST_DAY = FIRST_DAY + DAYS - 1
DRIVERS = ("person",) * 14 + ("server", "server", "agent", "ci", "container")
NETWORKS: tuple[Network, ...] = ("up",) * 30 + ("last reply lost", "no reply")


class World:
    """Some installations and the server that they report to. The same numbers make the same world."""

    def __init__(self, installations: int, seed: int = 1, server: Server | None = None) -> None:
        self.server = server or Server()
        self.lives: list[Life] = []
        self._rng = random.Random(seed)
        for number in range(installations):
            self._live(number)

    def _live(self, number: int) -> None:
        """Let one installation live through all days."""
        rng = self._rng
        driver = rng.choice(DRIVERS)
        clock_error = rng.choice((-3, -1, 2, 3)) if number % 8 == 0 else 0
        device = new_device(rng, self.server, driver, clock_error)
        habit = a_habit(rng, FIRST_DAY, LAST_DAY)
        forgets = driver in {"ci", "container"} and number % 2 == 0
        is_offline = offline_spell(rng) if number % 5 == 0 else never
        jump_day = rng.randint(FIRST_DAY + 20, LAST_DAY) if number % 9 == 1 else 0
        loss_day = rng.randint(FIRST_DAY + 20, LAST_DAY) if number % 10 == 2 else 0
        self.lives.append(device.life)
        for day in range(FIRST_DAY, LAST_DAY + 1):
            self.server.today = day
            if day == loss_day or (forgets and device.life.days):
                device.lose_state()
                self.lives.append(device.life)
            # A device with waiting reports runs it again before they are too old.
            if habit(day) or (device.state.queue and day - min(device.state.queue) >= 22):
                self._use(device, day, is_offline(day), is_jumping=0 < jump_day <= day)

    def _use(self, device: Device, day: int, is_offline: bool, *, is_jumping: bool) -> None:
        rng = self._rng
        if rng.random() < 0.05:
            device.version = rng.choice(VERSIONS)
        uses, senders = some_uses(rng), 1
        if rng.random() < 0.002:
            uses, senders = [use for _ in range(50) for use in some_uses(rng, 1)], rng.randint(1, 5)
        network: Network = "down" if is_offline else rng.choice(NETWORKS)
        if is_jumping and device.clock_error == 0 and device.state.verified and not device.state.queue:
            error = rng.choice((-3, -1, 2, 3))
            if day + error != device.state.last:  # else it waits for the next day
                device.clock_error, network = error, "up"
        device.run(uses, network, senders=senders)


def never(day: int) -> bool:
    return False


def offline_spell(rng: random.Random) -> Callable[[int], bool]:
    """Return whether an installation has no network on a day: some weeks at a time, but never 31 days."""
    begins = rng.randint(FIRST_DAY, LAST_DAY)
    return lambda day: begins <= day < begins + 14


class ClonedWorld:
    """Installations whose state was copied to other machines, `copies` of each."""

    def __init__(self, groups: int, copies: int, seed: int = 2) -> None:
        self.server = Server()
        self.copies = copies
        rng = random.Random(seed)
        self.lives: list[Life] = []
        for _ in range(groups):
            device = new_device(rng, self.server)
            self.lives.append(device.life)
            habits: list[Habit] = [a_habit(rng, FIRST_DAY, FIRST_DAY + 30)]
            copied_on = FIRST_DAY + rng.randint(35, 50)
            devices = [device]
            for day in range(FIRST_DAY, LAST_DAY + 1):
                self.server.today = day
                if day == copied_on:
                    devices += [copied(device) for _ in range(copies - 1)]
                    habits += [a_habit(rng, day, day + 20) for _ in range(copies - 1)]
                for each, habit in zip(devices, habits, strict=True):
                    if habit(day):
                        each.run([], "up")
