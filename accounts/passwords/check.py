"""Checks a password within limits that slow down strangers and lock out nobody whose browser is known.

Tries are counted before a password is checked, so that parallel tries can't get around the limits. Right ones don't
count. A browser that knew the password has tries of its own. All others are limited by their network, and together:
once they have made `FREE` wrong tries at one lock, each network has only a few more an hour, so that many addresses
don't use up what is left for a new one. `most_tries` bounds what they can try in an hour at all.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from django.db import DatabaseError
from django.http import HttpRequest

from accounts.passwords import queues
from accounts.passwords.known_browsers import known_browser
from accounts.passwords.tries import Count, Tally, count_try, counts_of, take_back, tally
from collector.intake.clients import Networks, client_networks
from collector.intake.page_limits import network_key

logger = logging.getLogger(__name__)

TEN_MINUTES, HOUR = 600, 3600
BY_KNOWN_BROWSER = 10  # in an hour
BY_NETWORK = 10  # in ten minutes
FREE = 20  # in an hour at one lock, by all unknown browsers
BY_NETWORK_AFTERWARDS = 2  # in an hour at one lock
BUSY_SECONDS = 5
UNCOUNTED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Lock:
    """What a password opens.

    `networks` names the locks at which the tries of a network count together. `stamp` changes with the password, and
    is empty if nothing has this name.
    """

    name: str
    networks: str
    cookie: str
    stamp: str
    most_tries: int  # in an hour, by all unknown browsers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try. With `wait_seconds`, the password was not checked."""

    is_right: bool = False
    wait_seconds: int = 0
    is_known: bool = False  # the browser
    is_busy: bool = False  # the server, and only for seconds


class Limit(NamedTuple):
    """At most so many tries in a tally."""

    tally: Tally
    most_tries: int


class Limits(NamedTuple):
    """A browser may try while none of `each`, and not all of `together`, are used up."""

    each: tuple[Limit, ...]
    together: tuple[Limit, ...] = ()

    @property
    def tallies(self) -> set[Tally]:
        return {limit.tally for limit in (*self.each, *self.together)}

    def seconds_to_wait(self, counts: Mapping[Tally, Count]) -> int:
        """Return how many seconds the browser must wait, 0 if it may try now. `counts` are without this try."""
        waits = _seconds_left(self.each, counts)
        waits_together = _seconds_left(self.together, counts)
        if self.together and len(waits_together) == len(self.together):
            waits.append(min(waits_together))
        return max((max(1, ceil(seconds)) for seconds in waits), default=0)


def check(request: HttpRequest, lock: Lock, is_right: Callable[[], bool], known_as: str = "") -> Outcome:
    """Check a password with `is_right()`, if this browser may try now. Up to eight queries, two if it must wait.

    `known_as` names a browser that is known without a cookie.
    """
    browser = known_as or (known_browser(request, lock.cookie, lock.stamp) if lock.stamp else "")
    is_known = bool(browser)
    try:
        limits = _limits_of_known(lock, browser) if is_known else _limits_of_unknown(lock, client_networks(request))
        if wait_seconds := limits.seconds_to_wait(counts_of(limits.tallies)):
            return Outcome(wait_seconds=wait_seconds, is_known=is_known)
        with (queues.KNOWN if is_known else queues.UNKNOWN).turn() as has_turn:
            if not has_turn:
                return Outcome(wait_seconds=BUSY_SECONDS, is_busy=True)
            if wait_seconds := limits.seconds_to_wait(_without_one(count_try(limits.tallies))):
                return Outcome(wait_seconds=wait_seconds, is_known=is_known)
            if not is_right():
                return Outcome(is_known=is_known)
        take_back(limits.tallies)
    except DatabaseError as error:
        logger.warning("Nobody may try a password until tries can be counted again (%s).", error)
        return Outcome(wait_seconds=UNCOUNTED_SECONDS)
    return Outcome(is_right=True, is_known=is_known)


def _limits_of_known(lock: Lock, browser: str) -> Limits:
    return Limits(each=(Limit(tally(HOUR, "browser", lock.name, browser), BY_KNOWN_BROWSER),))


def _limits_of_unknown(lock: Lock, networks: Networks) -> Limits:
    """Return the limits of a browser in a network. One query a day, for the salt of its hash."""
    everybody = tally(HOUR, "everybody", lock.name)
    here = tally(TEN_MINUTES, "network", lock.networks, network_key(networks.local, "password"))
    site = tally(HOUR, "site", lock.name, network_key(networks.site, "password"))
    return Limits(
        each=(Limit(here, BY_NETWORK), Limit(everybody, lock.most_tries)),
        together=(Limit(everybody, FREE), Limit(site, BY_NETWORK_AFTERWARDS)),
    )


def _seconds_left(limits: Iterable[Limit], counts: Mapping[Tally, Count]) -> list[float]:
    """Return the seconds until each limit that is used up ends."""
    used_up = [counts[limit.tally] for limit in limits if counts[limit.tally].tries >= limit.most_tries]
    return [count.seconds_left for count in used_up]


def _without_one(counts: Mapping[Tally, Count]) -> dict[Tally, Count]:
    return {tally: count._replace(tries=count.tries - 1) for tally, count in counts.items()}
