"""The rate limits of shared pages, of the API, and of tries at a share link's password.

While the cache is down nobody is limited, but nobody may try a password either.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from math import ceil

from django.http import HttpRequest
from django.utils.translation import ngettext

from collector.intake.clients import network_of
from collector.intake.clock import now_us
from collector.intake.rate_limits import Rate, count_request, keyed_hash
from collector.intake.visitors import DAY_MICROSECONDS, salt_of
from collector.models import ShareLink

logger = logging.getLogger(__name__)

MINUTES_WITHOUT_CACHE = 1
TRIES = Rate(10, 600)  # of one network at one link's password, right ones included
WRONG_TRIES = Rate(100, 3600)  # of everybody together at one link's password


def seconds_to_wait(group: str, key: Callable[[], str], rate: tuple[int, int]) -> int:
    """Count one request under `key()`; return how many seconds its sender must wait, 0 if it may go on.

    `rate` is requests and seconds; 0 requests means no limit. If requests can't be counted, nobody has to wait.
    """
    limit = Rate(*rate)
    if not limit.requests:
        return 0
    usage = count_request(group, key, limit)
    return max(usage.seconds_left, 1) if usage and usage.is_over else 0


def wait_message(wait_seconds: int) -> str:
    """Return the message for a client that sends too many requests."""
    return ngettext(
        "Too many requests. Try again in %(count)s second.",
        "Too many requests. Try again in %(count)s seconds.",
        wait_seconds,
    ) % {"count": wait_seconds}


def minutes_to_wait(request: HttpRequest, link: ShareLink) -> int:
    """Count one try of a link's password; return how many minutes the client must wait, 0 if it may try now.

    The try is counted before the password is checked, so that parallel tries can't get around the limit. One query. If
    tries can't be counted, nobody may try.
    """
    key = network_key(network_of(request), str(link.pk))
    wrong_tries = count_request("wrong", lambda: str(link.pk), WRONG_TRIES, increment=False)
    tries = count_request("tries", lambda: key, TRIES) if wrong_tries else None
    if wrong_tries is None or tries is None:
        logger.warning("Nobody may try a share link's password until requests can be counted again.")
        return MINUTES_WITHOUT_CACHE
    if not tries.is_over and not wrong_tries.is_used_up:
        return 0
    seconds = max(usage.seconds_left for usage in (tries, wrong_tries) if usage.is_used_up)
    return max(1, ceil(seconds / 60))


def count_wrong_try(link: ShareLink) -> None:
    """Count a wrong password. If it can't be counted, the next try is refused anyway."""
    count_request("wrong", lambda: str(link.pk), WRONG_TRIES)


def network_key(network: str, purpose: str) -> str:
    """Return a hash that stands for a network, for one purpose and only today. One query a day.

    Once the day's salt is deleted, nobody can compute it again.
    """
    return keyed_hash((network, purpose), _salt_of(now_us() // DAY_MICROSECONDS))


_salt_of = lru_cache(maxsize=1)(salt_of)  # of today
