"""How often somebody may ask for what is public, and try the password of a share link: so often by one address, and
wrongly so often by all together.

django-ratelimit counts, in the cache that all processes share, and gets nobody's address: the day's salt keys what
stands for it. Where the cache is away nobody's requests are limited, and nobody may try a password.
"""

import hashlib
import logging
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import ngettext
from django_ratelimit.core import get_usage

from collector.intake.clients import client_address
from collector.intake.clock import now_us
from collector.intake.visitors import DAY_MICROSECONDS, salt_of
from collector.models import ShareLink

TRIES = (10, 600)  # of one address at one link, right ones included, in so many seconds
WRONG_TRIES = (100, 3600)  # of everybody at one link
MINUTES_WITHOUT_CACHE = 1

logger = logging.getLogger(__name__)


def minutes_to_wait(request: HttpRequest, link: ShareLink) -> int:
    """Count one try of a link's password; return how many minutes its client has to wait, 0 where it may try now.

    An address is counted before the password is looked at, so that tries side by side are no way past. One query.
    """
    value = hidden(network_of(request), str(link.pk))
    try:
        wrong = get_usage(None, group="wrong", key=_always(str(link.pk)), rate=WRONG_TRIES, increment=False)
        tries = get_usage(None, group="tries", key=_always(value), rate=TRIES, increment=True)
    except Exception as error:  # whatever the cache's client raises
        return _without_cache(error)
    if tries["should_limit"] or wrong["count"] >= wrong["limit"]:
        waits: list[int] = [usage["time_left"] for usage in (tries, wrong) if usage["count"] >= usage["limit"]]
        return max(1, ceil(max(waits) / 60))
    return 0


def note_wrong(link: ShareLink) -> None:
    """Remember that somebody tried a wrong password."""
    try:
        get_usage(None, group="wrong", key=_always(str(link.pk)), rate=WRONG_TRIES, increment=True)
    except Exception as error:  # the next try is refused for the same reason
        _without_cache(error)


def seconds_to_wait(group: str, key: Callable[[], str], rate: tuple[int, int]) -> int:
    """Count one request by what `key` returns; return how many seconds its sender has to wait, 0 where it may go on.

    `rate` is so many requests in so many seconds, any number where it is 0. Where none can be counted nobody waits.
    """
    requests, _seconds = rate
    if not requests:
        return 0
    try:
        usage = get_usage(None, group=group, key=_always(key()), rate=rate, increment=True)
    except Exception as error:  # whatever the cache's client raises, or the database that has the day's salt
        logger.warning("A request can't be counted for the rate limit (%s); nobody is limited.", error)
        return 0
    return max(usage["time_left"], 1) if usage and usage["should_limit"] else 0


def too_often(wait_seconds: int) -> str:
    """Say that requests came too often, and when to ask again."""
    return ngettext(
        "These were too many requests; ask again in %(count)s second.",
        "These were too many requests; ask again in %(count)s seconds.",
        wait_seconds,
    ) % {"count": wait_seconds}


def _always(value: str) -> Any:
    return lambda group, request: value


def _without_cache(error: Exception) -> int:
    logger.warning("The cache can't be reached (%s); nobody may try a password.", error)
    return MINUTES_WITHOUT_CACHE


def hidden(network: str, place: str) -> str:
    """Return what stands for a network at one place, and today alone: once its salt is gone, nobody can make it again.

    One query a day.
    """
    salt = _salt_of(now_us() // DAY_MICROSECONDS)
    return hashlib.blake2b(f"{network}\0{place}".encode(), key=salt, digest_size=16).hexdigest()


_salt_of = lru_cache(maxsize=1)(salt_of)  # today's


def network_of(request: HttpRequest) -> str:
    """Return the client's address, of an IPv6 one its /64: whoever has one address of that has them all."""
    names = {b"x-forwarded-for": "HTTP_X_FORWARDED_FOR", b"forwarded": "HTTP_FORWARDED"}
    headers = {
        name: request.META[key].encode("latin-1", "replace") for name, key in names.items() if key in request.META
    }
    address = client_address(request.META.get("REMOTE_ADDR") or "", headers, settings.TRUSTED_PROXIES)
    if ":" not in address:
        return address
    return str(ip_network((ip_address(address), 64), strict=False))
