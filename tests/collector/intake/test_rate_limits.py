import logging

import pytest
from django.core.cache import cache

from collector.intake import rate_limits
from collector.intake.rate_limits import Limiter, Outage, Rate, ReaderLimiter
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


def test_a_client_over_its_limit_can_be_told_how_long_to_wait(clock):
    limiter = Limiter("readers", Rate(2, 60), clock)
    hits(limiter, 4)
    left = limiter.seconds_left(("192.0.2.1", "token"))

    assert 1 <= left <= 60
    clock.now += left
    assert limiter.seconds_left(("192.0.2.1", "token")) == 1


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

    calls = []

    def away(*args, **options):
        calls.append(1)
        raise ConnectionError("refused")

    monkeypatch.setattr(rate_limits, "get_usage", away)
    monkeypatch.setattr(rate_limits, "OUTAGE", Outage(clock))
    limiter = Limiter("a", Rate(2, 86_400), clock)

    assert not any(hits(limiter, 10))
    assert len(calls) == 1  # each may take its whole timeout, while all readers wait
    for _ in range(5):
        clock.now += rate_limits.PAUSE_SECONDS
        assert not any(hits(limiter, 10))
    assert len(calls) == 6
    assert caplog.text.count("The rate limit can't count a request (refused)") == 2  # not one for each request


def test_the_cache_gets_no_address(clock, monkeypatch):
    keys = []
    monkeypatch.setattr(rate_limits, "get_usage", lambda *args, key, **options: keys.append(key(None, None)))
    hits(Limiter("a", Rate(2, 60), clock), 3, ("203.0.113.77", "token"))

    assert keys
    assert all("203" not in key and len(key) == 32 for key in keys)


def kept(limiter: ReaderLimiter, readers: list[tuple[str, int]], position: str = "start") -> int:
    """Send one hit of each reader, an address and its signs; return how many are not over the limit."""
    return [limiter.is_excess(*reader, "token", position, KEY) for reader in readers].count(False)


def test_readers_behind_one_address_are_told_apart_and_together_have_ten_times_the_limit(clock):
    limiter = ReaderLimiter(Rate(120, 86_400), clock)

    assert kept(limiter, [("192.0.2.1", number) for number in range(1500)]) == 1200
    assert kept(limiter, [("192.0.2.2", 0)]) == 1


def test_a_flooding_client_does_not_use_up_the_limit_of_its_neighbours(clock):
    limiter = ReaderLimiter(Rate(120, 86_400), clock)

    assert kept(limiter, [("192.0.2.1", 0)] * 5000) == 120
    assert kept(limiter, [("192.0.2.1", number) for number in range(1, 501)]) == 500


def test_starts_and_ends_have_a_limit_each(clock):
    limiter = ReaderLimiter(Rate(120, 86_400), clock)

    assert kept(limiter, [("192.0.2.1", 0)] * 200) == 120
    assert kept(limiter, [("192.0.2.1", 0)] * 200, "end") == 120


@pytest.mark.parametrize(
    ("form", "limit"),
    [
        ("2001:db8:1:2::{0:x}", 120),  # one /64
        ("2001:db8:1:{0:x}::1", 1200),  # one /48
        ("2002:c000:201:{0:x}::1", 120),  # one IPv4 address, by 6to4
    ],
)
def test_a_client_that_changes_its_ipv6_address_is_stopped(clock, form, limit):
    limiter = ReaderLimiter(Rate(120, 86_400), clock)

    assert kept(limiter, [(form.format(number), 0) for number in range(2000)]) == limit


def test_clients_of_one_ipv4_server_or_translator_are_told_apart(clock):
    limiter = ReaderLimiter(Rate(4, 86_400), clock)
    addresses = [f"2001:0:4136:e378:8000:63bf:3fff:{number:x}" for number in range(100)]

    assert kept(limiter, [(address, 0) for address in addresses]) == 100


def test_made_up_agents_can_not_make_the_limit_of_a_network_start_again(clock, monkeypatch):
    monkeypatch.setattr(rate_limits, "MAX_CLIENTS", 100)
    limiter = ReaderLimiter(Rate(20, 86_400), clock)

    assert kept(limiter, [("192.0.2.1", number) for number in range(5000)]) == 200
    assert len(limiter._clients._hits) <= 101


@pytest.mark.django_db(transaction=True)
def test_a_newsletter_read_by_a_company_at_nine_is_counted_and_one_flooding_client_is_not(endpoint, pixel, clock):
    endpoint.receiver.readers = ReaderLimiter(Rate(120, 86_400), clock)
    path = f"/p/{pixel.token}/newsletter.gif"
    colleagues = [
        {"user_agent": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{140 + number % 5}.0.0.0 Safari/537.36",
         "accept_language": ["de", "en", "fr,en"][number % 3]}
        for number in range(150)
    ]  # fmt: skip
    reasons = [endpoint.get(path, peer="192.0.2.9", **headers).reason for headers in colleagues]
    flood = [endpoint.get(path, peer=f"2001:db8::{number:x}").reason for number in range(200)]

    assert reasons == ["counted"] * 150
    assert flood == ["counted"] * 120 + ["excess"] * 80


@pytest.mark.django_db(transaction=True)
def test_excess_hits_are_answered_and_filtered_out_and_proxies_have_their_own_limit(tmp_path, pixel, clock):
    endpoint = AsgiEndpoint(tmp_path / "spool")
    endpoint.receiver.readers = ReaderLimiter(Rate(4, 86_400), clock)
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
