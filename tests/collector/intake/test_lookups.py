import pytest
from django.db import OperationalError
from django.utils import timezone

from collector.intake import lookups
from collector.intake.lookups import Lookups
from collector.intake.visitors import DAY_MICROSECONDS
from collector.models import DailySalt, Hit, Pixel, SpoolOffset
from tests.clock import Clock
from tests.endpoints import AsgiEndpoint
from tests.hits import drain

DAY = 20_000 * DAY_MICROSECONDS  # the first microsecond of a day

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def restore_database(monkeypatch):
    """Stop the database; return a function that restores it."""

    def fail(*args, **kwargs):
        raise OperationalError("no connection")

    monkeypatch.setattr(Lookups, "_query", fail)
    return monkeypatch.undo


def test_a_retired_pixel_stops_within_a_minute(pixel, clock):
    memory = Lookups(clock)
    assert memory.load(pixel.token, DAY)
    Pixel.objects.update(retired_at=timezone.now())

    assert memory.load(pixel.token, DAY)
    clock.now += 60
    assert not memory.load(pixel.token, DAY)


def test_all_processes_get_the_same_salt_and_each_day_has_its_own(db):
    first, second = Lookups(), Lookups()
    for memory in (first, second):
        memory.load("a", DAY)
        memory.load("a", DAY + DAY_MICROSECONDS)

    assert first.salt(DAY) == second.salt(DAY)
    assert first.salt(DAY) != first.salt(DAY + DAY_MICROSECONDS)
    assert len(first.salt(DAY)) == 32
    assert DailySalt.objects.count() == 2


def test_tomorrows_salt_is_loaded_an_hour_before_midnight_in_case_the_database_is_down_then(pixel, clock, monkeypatch):
    memory = Lookups(clock)
    last_hour = DAY + DAY_MICROSECONDS - 3_599_000_000
    memory.load(pixel.token, last_hour - 2_000_000)
    assert memory.salt(DAY + DAY_MICROSECONDS) is None
    clock.now += 60

    memory.load(pixel.token, last_hour)

    assert memory.salt(DAY + DAY_MICROSECONDS) is not None
    assert memory.salt(last_hour) is not None


def test_a_remembered_token_needs_no_query_until_it_expires(pixel, clock):
    memory = Lookups(clock)
    assert memory.is_live(pixel.token, DAY) is None
    memory.load(pixel.token, DAY)

    assert memory.is_live(pixel.token, DAY) is True
    assert memory.is_live(pixel.token, DAY + DAY_MICROSECONDS) is None
    clock.now += 30
    assert memory.is_live(pixel.token, DAY) is None


def test_memory_stays_bounded_with_many_tokens_and_days(project, monkeypatch):
    monkeypatch.setattr(lookups, "MAX_TOKENS", 3)
    memory = Lookups()
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(5)]
    for day, token in enumerate(tokens):
        assert memory.load(token, day * DAY_MICROSECONDS)

    assert len(memory._live) == 3
    assert len(memory._salts) == 2


def test_while_the_database_is_down_any_token_may_count_and_queries_pause(pixel, clock, restore_database):
    memory = Lookups(clock)

    assert memory.load("whatever", DAY)
    assert memory.is_live("whatever", DAY) is True
    clock.now += 3
    assert memory.is_live("whatever", DAY) is None

    restore_database()
    assert not memory.load("whatever", DAY)
    assert memory.load(pixel.token, DAY)


def test_a_stale_connection_is_replaced_and_the_query_repeated_at_once(pixel, monkeypatch):
    real_query = Lookups._query
    outcomes = [OperationalError("server closed the connection"), None]

    def query(self, token, at_us):
        if error := outcomes.pop(0):
            raise error
        real_query(self, token, at_us)

    monkeypatch.setattr(Lookups, "_query", query)
    memory = Lookups()

    assert memory.load(pixel.token, DAY)
    assert outcomes == []


def test_the_drain_checks_the_tokens_of_hits_received_while_the_database_was_down(tmp_path, pixel, restore_database):
    endpoint = AsgiEndpoint(tmp_path / "spool")
    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").reason == "counted"
    endpoint.close()
    restore_database()

    drain(tmp_path / "spool")

    assert Hit.objects.get().pixel == pixel
    row = SpoolOffset.objects.get()
    assert (row.hits, row.set_aside) == (1, 1)
