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

DAY = 20_000 * DAY_MICROSECONDS  # a moment: the first of a day

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database_away(monkeypatch):
    """Take the database away, and bring it back by calling what this returns."""

    def fail(*args, **kwargs):
        raise OperationalError("no connection")

    monkeypatch.setattr(Lookups, "_query", fail)
    return monkeypatch.undo


def test_a_retired_pixel_stops_within_a_minute(pixel, clock):
    known = Lookups(clock)
    assert known.load(pixel.token, DAY)
    Pixel.objects.update(retired_at=timezone.now())

    assert known.load(pixel.token, DAY)
    clock.now += 60
    assert not known.load(pixel.token, DAY)


def test_every_process_gets_the_same_salt_of_a_day_and_each_day_another(db):
    first, second = Lookups(), Lookups()
    for known in (first, second):
        known.load("a", DAY)
        known.load("a", DAY + DAY_MICROSECONDS)

    assert first.salt(DAY) == second.salt(DAY)
    assert first.salt(DAY) != first.salt(DAY + DAY_MICROSECONDS)
    assert len(first.salt(DAY)) == 32
    assert DailySalt.objects.count() == 2


def test_tomorrows_salt_is_there_an_hour_before_midnight_should_the_database_be_away_then(pixel, clock, monkeypatch):
    known = Lookups(clock)
    last_hour = DAY + DAY_MICROSECONDS - 3_599_000_000
    known.load(pixel.token, last_hour - 2_000_000)
    assert known.salt(DAY + DAY_MICROSECONDS) is None
    clock.now += 60

    known.load(pixel.token, last_hour)

    assert known.salt(DAY + DAY_MICROSECONDS) is not None
    assert known.salt(last_hour) is not None


def test_what_is_remembered_needs_no_asking(pixel, clock):
    known = Lookups(clock)
    assert known.is_live(pixel.token, DAY) is None
    known.load(pixel.token, DAY)

    assert known.is_live(pixel.token, DAY) is True
    assert known.is_live(pixel.token, DAY + DAY_MICROSECONDS) is None
    clock.now += 30
    assert known.is_live(pixel.token, DAY) is None


def test_memory_stays_bounded_however_many_tokens_and_days_are_asked_for(project, monkeypatch):
    monkeypatch.setattr(lookups, "MAX_TOKENS", 3)
    known = Lookups()
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(5)]
    for day, token in enumerate(tokens):
        assert known.load(token, day * DAY_MICROSECONDS)

    assert len(known._live) == 3
    assert len(known._salts) == 2


def test_while_the_database_is_away_tokens_may_count_and_it_is_left_alone_for_a_moment(pixel, clock, database_away):
    known = Lookups(clock)

    assert known.load("whatever", DAY)
    assert known.is_live("whatever", DAY) is True
    clock.now += 3
    assert known.is_live("whatever", DAY) is None

    database_away()
    assert not known.load("whatever", DAY)
    assert known.load(pixel.token, DAY)


def test_a_connection_that_went_stale_is_tried_once_more_at_once(pixel, monkeypatch):
    real_ask = Lookups._query
    answers = [OperationalError("server closed the connection"), None]

    def ask(self, token, at_us):
        if error := answers.pop(0):
            raise error
        real_ask(self, token, at_us)

    monkeypatch.setattr(Lookups, "_query", ask)
    known = Lookups()

    assert known.load(pixel.token, DAY)
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
