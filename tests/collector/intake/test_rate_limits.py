import logging

import pytest
from django.core.cache import cache

from collector.intake import rate_limits
from collector.intake.rate_limits import Limiter, Rate
from collector.models import DailyCount, Dimension
from collector.models.counts import WHOLE_PROJECT
from tests.clock import Clock
from tests.endpoints import AsgiEndpoint
from tests.hits import CAMO, drain

KEY = b"k" * 32


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def clock():
    return Clock()


def hits(limiter: Limiter, count: int, client: tuple[str, ...] = ("192.0.2.1", "token")) -> list[bool]:
    return [limiter.is_excess(client, KEY) for _ in range(count)]


def test_a_client_may_use_its_whole_limit_and_no_more(clock):
    assert hits(Limiter("a", Rate(10, 86_400), clock), 15) == [False] * 10 + [True] * 5


def test_each_client_and_pixel_has_its_own_limit(clock):
    limiter = Limiter("a", Rate(4, 86_400), clock)
    hits(limiter, 9)

    assert hits(limiter, 1, ("192.0.2.2", "token")) == [False]
    assert hits(limiter, 1, ("192.0.2.1", "other")) == [False]
    assert hits(limiter, 1) == [True]


def test_a_new_window_starts_with_a_full_limit(clock):
    limiter = Limiter("a", Rate(4, 60), clock)
    assert hits(limiter, 9)[-1]
    cache.clear()
    clock.now += 66

    assert hits(limiter, 4) == [False] * 4


def test_the_cache_is_not_called_below_half_the_limit_nor_again_above_it(clock, monkeypatch):
    calls = []
    real = rate_limits.get_usage
    monkeypatch.setattr(rate_limits, "get_usage", lambda *args, **options: calls.append(1) or real(*args, **options))
    limiter = Limiter("a", Rate(10, 86_400), clock)

    hits(limiter, 5)
    assert len(calls) == 0
    hits(limiter, 1000)
    assert len(calls) == 6


def test_processes_share_their_counts_through_the_cache(clock):
    first, second = (Limiter("a", Rate(10, 86_400), clock) for _ in range(2))
    hits(first, 8)
    hits(second, 5)

    assert hits(second, 3) == [False, False, True]


def test_a_rate_of_zero_means_no_limit(clock):
    assert not any(hits(Limiter("a", Rate(0, 60), clock), 5000))


def test_the_memory_of_clients_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(rate_limits, "MAX_CLIENTS", 100)
    limiter = Limiter("a", Rate(10, 60), clock)
    for number in range(1000):
        limiter.is_excess((str(number), "token"), KEY)

    assert len(limiter._hits) <= 101


def test_without_the_cache_nobody_is_limited_and_that_is_logged(clock, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)

    def away(*args, **options):
        raise ConnectionError("refused")

    monkeypatch.setattr(rate_limits, "get_usage", away)

    assert not any(hits(Limiter("a", Rate(2, 60), clock), 10))
    assert "The rate limit can't count a request" in caplog.text


def test_the_cache_gets_no_address(clock, monkeypatch):
    keys = []
    monkeypatch.setattr(rate_limits, "get_usage", lambda *args, key, **options: keys.append(key(None, None)))
    hits(Limiter("a", Rate(2, 60), clock), 3, ("203.0.113.77", "token"))

    assert keys
    assert all("203" not in key and len(key) == 32 for key in keys)


@pytest.mark.django_db(transaction=True)
def test_excess_hits_are_answered_and_filtered_out_and_proxies_have_their_own_limit(tmp_path, pixel, clock):
    endpoint = AsgiEndpoint(tmp_path / "spool")
    endpoint.receiver.readers = Limiter("readers", Rate(4, 86_400), clock)
    endpoint.receiver.proxies = Limiter("proxies", Rate(6, 86_400), clock)
    path = f"/p/{pixel.token}/medium.gif"

    heads = [endpoint.request("HEAD", path).status for _ in range(10)]  # HEAD doesn't count
    reasons = [endpoint.get(path).reason for _ in range(6)]
    proxied = [endpoint.get(path, user_agent=CAMO, peer=f"192.0.2.{number}").reason for number in range(8)]
    endpoint.close()
    drain(tmp_path / "spool")

    assert reasons == ["counted"] * 4 + ["excess"] * 2
    assert heads == [200] * 10
    assert proxied == ["counted"] * 6 + ["excess"] * 2
    counted = dict(
        DailyCount.objects.filter(
            pixel_id=WHOLE_PROJECT, dimension__in=[Dimension.TOTAL, Dimension.VERDICT]
        ).values_list("dimension", "hits")
    )
    assert counted == {Dimension.TOTAL: 10, Dimension.VERDICT: 4}
