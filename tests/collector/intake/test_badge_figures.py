"""How long a process remembers the numbers on badges, and what it does while the database is away."""

import threading

import pytest
from django.db import OperationalError

from collector.badges.figures import Figures
from collector.intake import badge_figures
from collector.intake.badge_figures import FRESH_SECONDS, RETRY_SECONDS, USABLE_SECONDS, BadgeFigures, Key
from tests.clock import Clock

KEY = Key("abcdefghijkmnpqrstuv", "all")


class Database:
    """Answers with ever larger numbers, or fails."""

    def __init__(self) -> None:
        self.queries = 0
        self.error: Exception | None = None

    def __call__(self, token: str, period: str) -> Figures | None:
        self.queries += 1
        if self.error:
            raise self.error
        return Figures(visits=self.queries)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database():
    return Database()


@pytest.fixture
def memory(database, clock):
    memory = BadgeFigures(database, clock)
    yield memory
    memory.close()


def test_numbers_are_read_once_a_minute_however_often_a_badge_is_loaded(memory, database, clock):
    assert not memory.is_usable(KEY)
    memory.ask(KEY).result(5)

    clock.now += FRESH_SECONDS - 1
    assert all(memory.is_usable(KEY) for _ in range(1000))
    memory.ask(Key("another", "all")).result(5)  # after all questions before it
    assert (database.queries, memory.last(KEY)) == (2, Figures(visits=1))


def test_numbers_of_the_last_minute_are_shown_while_new_ones_are_read(memory, database, clock):
    memory.ask(KEY).result(5)
    clock.now += FRESH_SECONDS

    assert memory.is_usable(KEY)
    memory.ask(KEY).result(5)  # the same question, or a later one
    assert memory.last(KEY).visits > 1


def test_a_badge_that_nobody_loaded_for_long_waits_for_new_numbers(memory, clock):
    memory.ask(KEY).result(5)
    clock.now += USABLE_SECONDS

    assert not memory.is_usable(KEY)
    memory.ask(KEY).result(5)
    assert memory.is_usable(KEY)
    assert memory.last(KEY).visits == 2


def test_while_the_database_fails_nobody_waits_and_the_last_numbers_stay(memory, database, clock):
    memory.ask(KEY).result(5)
    clock.now += USABLE_SECONDS
    database.error = OperationalError()
    memory.ask(KEY).result(5)

    assert memory.is_usable(KEY)
    assert memory.last(KEY) == Figures(visits=1)
    database.error = None
    clock.now += RETRY_SECONDS
    assert not memory.is_usable(KEY)


def test_while_a_query_hangs_nobody_waits(clock):
    release = threading.Event()
    begun = threading.Event()

    def hang(token: str, period: str) -> None:
        begun.set()
        release.wait(10)

    memory = BadgeFigures(hang, clock)
    question = memory.ask(KEY)
    assert begun.wait(5)
    assert not memory.is_usable(Key("another", "all"))
    clock.now += badge_figures.HANGS_SECONDS
    assert memory.is_usable(Key("another", "all"))
    release.set()
    question.result(5)
    memory.close()


def test_an_error_that_nobody_expected_stops_no_thread(memory, database, clock):
    database.error = ZeroDivisionError()
    memory.ask(KEY).result(5)
    database.error = None

    memory.ask(KEY).result(5)
    assert memory.last(KEY) == Figures(visits=2)


def test_the_memory_is_bounded(memory, monkeypatch):
    monkeypatch.setattr(badge_figures, "MAX_FIGURES", 2)
    for number in range(3):
        memory.ask(Key(str(number), "all")).result(5)

    assert [memory.last(Key(str(number), "all")) is None for number in range(3)] == [True, False, False]


def test_too_many_questions_are_answered_at_once_without_numbers(clock, monkeypatch):
    monkeypatch.setattr(badge_figures, "MAX_QUESTIONS", 0)
    memory = BadgeFigures(Database(), clock)

    assert memory.ask(KEY).done()
    assert memory.last(KEY) is None
