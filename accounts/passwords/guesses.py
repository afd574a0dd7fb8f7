"""Limits how many secrets that nobody has a network may try: those of links and of the API's tokens.

Each has at least 128 random bits, so nobody finds one, with or without a limit. It bounds what strangers have the
database search, and is counted there, for all processes together.
"""

import logging
from math import ceil

from django.db import DatabaseError
from django.http import HttpRequest

from accounts.passwords.queues import Queue
from accounts.passwords.tries import Tally, count_try, counts_of, tally
from collector.intake.clients import client_networks
from collector.intake.page_limits import network_key

logger = logging.getLogger(__name__)

MOST_GUESSES = 60  # by one network
SECONDS = 600
BUSY_SECONDS = 5
WRITING = Queue()  # of strangers, one at a time in a process writes


def wait_of_guesser(request: HttpRequest) -> int:
    """Return for how many seconds a network may try no more links, 0 if it may. One query."""
    try:
        return _seconds_left(_tally(request))
    except DatabaseError:  # the view needs the database, too, and says so
        return 0


def count_guess(request: HttpRequest) -> int:
    """Count a secret that nobody has. Return the seconds to wait if its network had no try left. Up to three queries.

    If it can't be counted, such as in a database that is locked, nobody waits: the secret was wrong all the same.
    """
    try:
        guesses = _tally(request)
        if wait_seconds := _seconds_left(guesses):
            return wait_seconds
        with WRITING.turn() as has_turn:
            if not has_turn:
                return BUSY_SECONDS
            count_try([guesses])
    except DatabaseError as error:
        logger.warning("A wrong link or token could not be counted (%s).", error)
    return 0


def _tally(request: HttpRequest) -> Tally:
    """Return what counts the guesses of a network. One query a day, for the salt of its hash."""
    return tally(SECONDS, "guesses", network_key(client_networks(request).local, "guesses"))


def _seconds_left(guesses: Tally) -> int:
    count = counts_of([guesses])[guesses]
    return max(1, ceil(count.seconds_left)) if count.tries >= MOST_GUESSES else 0
