import math
import threading
import time
from concurrent.futures import wait
from datetime import UTC, date, datetime

import pytest
from django.db import OperationalError
from django.utils import timezone

from collector.intake import askers, lookups
from collector.intake.lookups import Lookups
from collector.models import DailySalt, Hit, Pixel, Project, SpoolOffset
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import dates_to_load, key_name, load_salts
from collector.storage.standby import update_standby
from tests.clock import DAY_US, Clock
from tests.endpoints import AsgiEndpoint
from tests.hits import drain, micros
from tests.server import eventually

NOON_DATE = datetime.now(UTC).date().isoformat()
NOON = micros(f"{NOON_DATE}T12:00")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def new_memory(tmp_path, clock):
    """Return a function that starts the lookups of another process."""
    started = []

    def new_memory() -> Lookups:
        started.append(Lookups(tmp_path / "spool", clock))
        return started[-1]

    yield new_memory
    for memory in started:
        memory.close()


@pytest.fixture
def memory(new_memory):
    return new_memory()


@pytest.fixture
def stop_database(monkeypatch):
    """Return a function that makes every query fail until `monkeypatch.undo()`."""

    def fail(*args):
        raise OperationalError("no connection")

    return lambda: monkeypatch.setattr(Lookups, "_query", fail)


@pytest.fixture
def freeze(monkeypatch):
    """Return a function that freezes the database: queries neither answer nor fail. It returns one that thaws it."""
    thawed = threading.Event()
    real_query = Lookups._query

    def hang(*args):
        thawed.wait()
        return real_query(*args)

    def freeze():
        monkeypatch.setattr(Lookups, "_query", hang)
        return thawed.set

    yield freeze
    thawed.set()


def load(memory: Lookups, token: str, at_us: int) -> bool | None:
    """Ask about a token and wait for the answer, as an entry point does."""
    return memory.ask(token, at_us, "").result(20)


def salt(memory: Lookups, pixel: Pixel, at_us: int) -> bytes | None:
    live = memory.pixels.get(pixel.token)
    assert live
    return memory.salt(live, at_us)


def test_a_retired_pixel_stops_within_a_minute_though_nobody_waits_for_the_database(memory, pixel, clock):
    assert load(memory, pixel.token, NOON)
    Pixel.objects.update(retired_at=timezone.now())

    memory.work_once()
    assert memory.pixels.get(pixel.token)
    clock.now += 30
    memory.work_once()
    assert memory.pixels.get(pixel.token) is None
    assert load(memory, pixel.token, NOON) is False


def test_a_change_of_own_addresses_or_time_zone_is_noticed_within_a_minute(memory, pixel, clock):
    load(memory, pixel.token, NOON)
    Project.objects.update(excluded_networks="192.0.2.0/24", timezone="Asia/Tokyo")
    clock.now += 30
    memory.work_once()

    live = memory.pixels.get(pixel.token)
    assert (live.timezone, [str(network) for network in live.networks]) == ("Asia/Tokyo", ["192.0.2.0/24"])


def test_more_tokens_than_one_batch_are_all_refreshed(memory, project, clock, monkeypatch):
    monkeypatch.setattr(lookups, "BATCH_TOKENS", 3)
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(8)]
    for token in tokens:
        assert load(memory, token, NOON)
    Pixel.objects.update(retired_at=timezone.now())
    clock.now += 30
    for _ in range(3):
        memory.work_once()

    assert [memory.pixels.get(token) for token in tokens] == [None] * 8


def test_all_processes_get_the_same_salt_and_each_day_has_its_own(new_memory, pixel):
    first, second = new_memory(), new_memory()
    for memory in (first, second):
        load(memory, pixel.token, NOON)

    assert salt(first, pixel, NOON) == salt(second, pixel, NOON)
    assert salt(first, pixel, NOON) != salt(first, pixel, NOON + DAY_US)
    assert len(salt(first, pixel, NOON)) == 32


def test_the_salts_of_two_days_ahead_are_there_in_case_the_database_is_away_then(memory, pixel):
    load(memory, pixel.token, NOON)

    assert None not in [salt(memory, pixel, NOON + days * DAY_US) for days in range(3)]
    assert salt(memory, pixel, NOON + 6 * DAY_US) is None


@pytest.mark.parametrize("jump_days", [-1, -2, -3, 1, 400])
def test_no_jump_of_the_clock_evicts_a_salt_that_is_needed(memory, pixel, jump_days):
    moments = [NOON, NOON + jump_days * DAY_US] * 3
    for moment in moments:
        load(memory, pixel.token, moment)

    assert None not in [salt(memory, pixel, moment) for moment in moments]


def test_a_salt_that_was_replaced_in_the_database_is_replaced_in_the_memory(memory, pixel, clock):
    load(memory, pixel.token, NOON)
    DailySalt.objects.update(salt=b"n" * 32)
    clock.now += 30
    memory.work_once()

    assert [salt(memory, pixel, NOON)] == [*load_salts([NOON_DATE]).values()]


def test_expired_salts_leave_the_memory_though_no_request_comes(memory, pixel, clock):
    load(memory, pixel.token, NOON)
    memory._salts["2020-01-01"] = b"x" * 32
    salt_keys().keys([key_name(date(2020, 1, 1))])
    clock.now += 30
    memory.work_once()

    noon = datetime.fromtimestamp(NOON / 1e6, UTC)  # in the morning, a day more has begun then in some time zone
    assert set(memory._salts) == {*dates_to_load(timezone.now()), *dates_to_load(noon)}
    assert "date:2020-01-01" not in salt_keys().stored()  # also where no drain runs


def test_memory_stays_bounded_with_many_tokens_and_days(memory, project, monkeypatch):
    monkeypatch.setattr(lookups, "MAX_TOKENS", 3)
    monkeypatch.setattr(lookups, "MAX_SALTS", 9)
    monkeypatch.setattr(lookups, "MAX_NOES", 3)
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(5)]
    for day, token in enumerate(tokens):
        assert load(memory, token, NOON + day * 10 * DAY_US)
        assert load(memory, f"unknown-{day}", NOON) is False
        memory._clock.now += 2

    assert len(memory.pixels) == 3
    assert len(memory._salts) == 9
    assert len(memory._noes) == 3


def test_a_stale_connection_is_replaced_and_the_query_repeated_at_once(memory, pixel, monkeypatch):
    real_query = Lookups._query
    outcomes = [OperationalError("server closed the connection"), None]

    def query(*args):
        if error := outcomes.pop(0):
            raise error
        return real_query(*args)

    monkeypatch.setattr(Lookups, "_query", query)

    assert load(memory, pixel.token, NOON)
    assert outcomes == []


def test_during_an_outage_a_process_keeps_what_it_knows(memory, pixel, clock, stop_database, monkeypatch):
    load(memory, pixel.token, NOON)
    stop_database()
    clock.now += 3600
    memory.work_once()

    assert memory.is_away
    assert memory.pixels.get(pixel.token)
    assert salt(memory, pixel, NOON)
    monkeypatch.undo()
    clock.now += 2
    memory.work_once()
    assert not memory.is_away


def test_a_process_that_starts_during_an_outage_knows_the_standby_file(memory, tmp_path, pixel, stop_database):
    update_standby(tmp_path / "spool", timezone.now())
    stop_database()

    assert load(memory, "whatever", NOON) is None
    assert memory.is_away
    assert memory.pixels.get(pixel.token).timezone == "Europe/Berlin"
    assert [salt(memory, pixel, NOON)] == [*load_salts([NOON_DATE]).values()]


def test_the_drain_checks_the_tokens_of_hits_received_while_the_database_was_away(tmp_path, pixel, stop_database):
    update_standby(tmp_path / "spool", timezone.now())
    stop_database()
    endpoint = AsgiEndpoint(tmp_path / "spool")
    for _ in range(2):
        assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").reason == "counted"
    endpoint.close()

    drain(tmp_path / "spool")

    assert {stored.pixel for stored in Hit.objects.all()} == {pixel}
    assert len(set(Hit.objects.values_list("visitor", flat=True))) == 1
    assert None not in Hit.objects.values_list("visitor", flat=True)
    row = SpoolOffset.objects.get()
    assert (row.hits, row.set_aside) == (2, 1)


@pytest.mark.alone
def test_a_frozen_database_delays_only_the_first_unknown_tokens_and_those_only_for_a_second(endpoint, pixel, freeze):
    live = f"/p/{pixel.token}.gif"
    assert endpoint.get(live).reason == "counted"
    freeze()

    durations = []
    for path in (live, "/p/abcdefghijkmnpqrstuv.gif", "/p/bbcdefghijkmnpqrstuv.gif", live):
        began_at = time.monotonic()
        assert endpoint.get(path).reason == "counted"
        durations.append(time.monotonic() - began_at)

    assert durations[1] < 2
    assert max(durations[0], *durations[2:]) < 0.3
    first, *_, last = endpoint.spooled()
    assert first.visitor == last.visitor is not None


def test_after_two_noes_a_token_is_not_asked_about_for_a_second(memory, project, clock):
    token = "abcdefghijkmnpqrstuv"
    assert load(memory, token, NOON) is False
    assert not memory.is_refused(token, "192.0.2.1")
    assert load(memory, token, NOON) is False
    assert memory.is_refused(token, "192.0.2.1")

    Pixel.objects.create(project=project, title="New", token=token)
    clock.now += 1
    assert not memory.is_refused(token, "192.0.2.1")
    assert load(memory, token, NOON) is True


def test_requests_of_one_token_share_a_question(memory, freeze):
    freeze()
    answers = {id(memory.ask("same", NOON, "192.0.2.1")) for _ in range(50)}

    assert len(answers) == 1


def test_questions_that_wait_are_bounded_and_a_question_too_many_is_not_answered_with_no(memory, freeze, monkeypatch):
    monkeypatch.setattr(lookups, "MAX_QUESTIONS", 5)
    freeze()
    answers = [memory.ask(str(number), NOON, "") for number in range(8)]

    assert [answer.done() for answer in answers] == [False] * 5 + [True] * 3
    assert answers[-1].result() is None


def test_many_unknown_tokens_need_few_queries(memory, monkeypatch):
    batches = []
    real_query = Lookups._query
    monkeypatch.setattr(
        Lookups, "_query", lambda self, tokens, days: batches.append(len(tokens)) or real_query(self, tokens, days)
    )
    answers = [memory.ask(f"token-{number}", NOON, f"192.0.2.{number}") for number in range(1500)]
    wait(answers, 20)

    assert {answer.result() for answer in answers} == {False}
    assert len(batches) <= 30


def test_a_network_that_asks_about_many_unknown_tokens_is_told_no_without_a_query(endpoint, project, monkeypatch):
    monkeypatch.setattr(askers, "MAX_UNKNOWN", 3)
    known = Pixel.objects.create(project=project, title="Known").token
    new = Pixel.objects.create(project=project, title="New").token
    assert endpoint.get(f"/p/{known}.gif", peer="2001:db8::1").status == 200
    for number in range(3):
        assert endpoint.get(f"/p/unknown2unknown2unk{number}.gif", peer=f"2001:db8::{number}").status == 404
        assert endpoint.get(f"/p/unknown2unknown2unk{number}.gif", peer=f"2001:db8::{number}").status == 404

    assert endpoint.get(f"/p/{new}.gif", peer="2001:db8::9").status == 404
    assert endpoint.get(f"/p/{known}.gif", peer="2001:db8::9").status == 200
    assert endpoint.get(f"/p/{new}.gif", peer="2001:db8:0:1::9").status == 200


def test_live_pixels_are_never_held_against_a_network(endpoint, project, monkeypatch):
    monkeypatch.setattr(askers, "MAX_UNKNOWN", 3)
    tokens = [Pixel.objects.create(project=project, title=str(number)).token for number in range(8)]

    assert [endpoint.get(f"/p/{token}.gif", peer="192.0.2.1").status for token in tokens] == [200] * 8


def test_a_live_pixel_is_answered_before_the_unknown_tokens_that_were_asked_about_first(
    memory, pixel, freeze, monkeypatch
):
    thaw = freeze()
    first = memory.ask("first", NOON, "")
    eventually(lambda: memory._query_began_at < math.inf, 20)  # it hangs alone, while the others gather
    unknown = [memory.ask(f"token-{number}", NOON, f"192.0.2.{number}") for number in range(100)]
    live = memory.ask(pixel.token, NOON, "192.0.2.200")
    told_when_live = []
    live.add_done_callback(lambda answer: told_when_live.append(sum(other.done() for other in unknown)))
    thaw()
    wait([first, *unknown, live], 20)

    assert live.result() is True
    assert told_when_live == [0]
