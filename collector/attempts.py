"""How often the password of a share link may be tried: so often by one address, and wrongly so often by all together.

django-ratelimit counts, in the cache that all processes share, and gets nobody's address: the day's salt keys what
stands for it, here and where the API limits wrong tokens. Unlike the rate limit of hits, this one shuts where the cache
is away.
"""

import hashlib
import logging
from ipaddress import ip_address, ip_network
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from collector.clients import client_address
from collector.models import ShareLink
from collector.receive import now_us
from collector.visitors import DAY_MICROSECONDS, salt_of

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


def _always(value: str) -> Any:
    return lambda group, request: value


def _without_cache(error: Exception) -> int:
    logger.warning("The cache can't be reached (%s); nobody may try a password.", error)
    return MINUTES_WITHOUT_CACHE


def hidden(network: str, place: str) -> str:
    """Return what stands for a network at one place, and today alone: once its salt is gone, nobody can make it again.

    One query.
    """
    salt = salt_of(now_us() // DAY_MICROSECONDS)
    return hashlib.blake2b(f"{network}\0{place}".encode(), key=salt, digest_size=16).hexdigest()


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
