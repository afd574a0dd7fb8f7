import pytest
from django.db import OperationalError
from django.utils import timezone

from collector import lookups
from collector.lookups import Lookups
from collector.models import DailySalt, Hit, Pixel, SpoolOffset
from tests.endpoints import AsgiEndpoint
from tests.hits import drain

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database_away(monkeypatch):
    """Take the database away, and bring it back by calling what this returns."""

    def fail(*args, **kwargs):
        raise OperationalError("no connection")

    monkeypatch.setattr(Lookups, "_ask", fail)
    return monkeypatch.undo


def test_a_retired_pixel_stops_within_a_minute(pixel, clock):
    known = Lookups(clock)
    assert known.load(pixel.token, 20_000)
    Pixel.objects.update(retired_at=timezone.now())

    assert known.load(pixel.token, 20_000)
    clock.now += 60
    assert not known.load(pixel.token, 20_000)


def test_every_process_gets_the_same_salt_of_a_day_and_each_day_another(db):
    first, second = Lookups(), Lookups()
    for known in (first, second):
        known.load("a", 20_000)
        known.load("a", 20_001)

    assert first.salt(20_000) == second.salt(20_000)
    assert first.salt(20_000) != first.salt(20_001)
    assert len(first.salt(20_000)) == 32
    assert DailySalt.objects.count() == 2


def test_memory_stays_bounded_however_many_tokens_and_days_are_asked_for(project, monkeypatch):
    monkeypatch.setattr(lookups, "MAX_TOKENS", 3)
    known = Lookups()
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(5)]
    for day, token in enumerate(tokens):
        assert known.load(token, day)

    assert len(known._live_until) == 3
    assert len(known._salts) == 2


def test_while_the_database_is_away_tokens_may_count_and_it_is_left_alone_for_a_moment(pixel, clock, database_away):
    known = Lookups(clock)

    assert known.load("whatever", 20_000)
    assert known.is_warm("whatever", 20_000)
    clock.now += 3
    assert not known.is_warm("whatever", 20_000)

    database_away()
    assert not known.load("whatever", 20_000)
    assert known.load(pixel.token, 20_000)


def test_a_connection_that_went_stale_is_tried_once_more_at_once(pixel, monkeypatch):
    real_ask = Lookups._ask
    answers = [OperationalError("server closed the connection"), None]

    def ask(self, token, day):
        if error := answers.pop(0):
            raise error
        real_ask(self, token, day)

    monkeypatch.setattr(Lookups, "_ask", ask)
    known = Lookups()

    assert known.load(pixel.token, 20_000)
    assert answers == []


def test_hits_taken_while_the_database_is_away_are_decided_by_the_drain(tmp_path, pixel, database_away):
    endpoint = AsgiEndpoint(tmp_path / "spool")
    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").reason == "counted"
    endpoint.close()
    database_away()

    drain(tmp_path / "spool")

    assert Hit.objects.get().pixel == pixel
    row = SpoolOffset.objects.get()
    assert (row.hits, row.set_aside) == (1, 1)
