"""The rate limits of shared pages and of the API. While the cache is down nobody is limited."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from django.utils.translation import ngettext

from collector.intake.clock import now_us
from collector.intake.rate_limits import Rate, count_request, keyed_hash
from collector.storage.countable import local_day_and_hour
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import key_name, load_salts


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


def network_key(network: str, purpose: str) -> str:
    """Return a hash that stands for a network, for one purpose and only on this UTC date. One query a day.

    Once the date's salt is deleted, nobody can compute it again.
    """
    day = local_day_and_hour(now_us(), "UTC")[0]
    key = salt_keys().stored().get(key_name(date.fromisoformat(day)).text)
    return keyed_hash((network, purpose), _salt_of(day, key))


@lru_cache(maxsize=1)
def _salt_of(day: str, key: bytes | None) -> bytes:
    """Return the salt of today. `key` changes where a new collector gets the key of the others."""
    return load_salts([day])[day]
