"""Two collectors in one process: each has a directory of keys and a drain's requests of its own."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from collector.models import Collector, DailySalt, KeyRequest, WindowSalt
from collector.storage.collectors import NAME
from collector.storage.key_requests import PATIENCE, PATIENCE_IN_USE, SOON, KeyRequests, foreign_names, stored_checks
from collector.storage.retention import delete_expired
from collector.storage.salt_keys import check_of, salt_keys
from collector.storage.salts import dates_to_load, load_salts
from collector.storage.window_salts import load_window_salts, windows_to_load
from tests.hits import run_one_round

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAYS, WINDOWS = dates_to_load(NOW), windows_to_load(NOW)


class Machine:
    """A collector: its directory, and the requests of its drain."""

    def __init__(self, directory, settings):
        self.directory, self._settings = directory, settings
        directory.mkdir()
        (directory / NAME).write_text(directory.name)
        Collector.objects.create(id=directory.name, name="x", seen_at=NOW, secret_check="x")
        self.requests = KeyRequests(directory)

    def salts(self):
        self._settings.SALT_KEYS_DIR = self.directory / "salt_keys"
        return load_salts(DAYS) | load_window_salts(WINDOWS)

    def step(self, now=NOW):
        self._settings.SALT_KEYS_DIR = self.directory / "salt_keys"
        self.requests.step(now)

    def foreign(self):
        self._settings.SALT_KEYS_DIR = self.directory / "salt_keys"
        return foreign_names(NOW)


@pytest.fixture
def machines(tmp_path, settings) -> tuple[Machine, Machine]:
    return Machine(tmp_path / "first", settings), Machine(tmp_path / "second", settings)


def exchange(*machines: Machine, now: datetime = NOW) -> None:
    """Let each drain work once, and the others after it, so that a request is asked, answered and taken."""
    for _ in range(2):
        for machine in machines:
            machine.step(now)


def test_a_new_collector_counts_by_itself_until_it_has_the_keys_of_the_others(machines):
    first, second = machines
    salts = first.salts()
    own = second.salts()
    assert not set(own.values()) & set(salts.values())
    assert second.foreign() == sorted(salt_keys().stored())
    second.step()
    assert second.requests.is_expecting(NOW)
    assert not second.requests.is_expecting(NOW + timedelta(minutes=2))
    exchange(first, second)
    assert not second.requests.is_expecting(NOW)

    assert second.salts() == first.salts() == salts
    assert (first.foreign(), second.foreign()) == ([], [])
    assert KeyRequest.objects.count() == 0


def test_collectors_that_start_at_the_same_moment_agree(machines):
    first, second = machines
    first.salts()
    second.salts()
    DailySalt.objects.filter(date__gt=DAYS[2]).delete()
    WindowSalt.objects.filter(date__lt=date(2026, 11, 20)).delete()
    second.salts()  # some rows are of this one, the others of the first
    assert first.foreign()
    assert second.foreign()
    exchange(first, second)
    exchange(first, second)

    assert first.salts() == second.salts()


def test_nothing_is_asked_once_all_agree(machines, django_assert_num_queries):
    first, second = machines
    first.salts()
    exchange(second, first)
    with django_assert_num_queries(3):
        second.step()


def test_what_stays_in_the_database_opens_nothing_for_who_did_not_ask(machines, settings):
    """Neither a drain that started later nor who wrote a request with a key of their own but without SECRET_KEY."""
    first, second = machines
    first.salts()
    second.step()
    first.step()
    sealed = list(KeyRequest.objects.values("name", "public_key", "sealed"))
    assert all(row["sealed"] for row in sealed)
    keys = salt_keys().stored()
    assert not [row for row in sealed for key in keys.values() if key[:8] in bytes(row["sealed"])]

    later = Machine(second.directory.with_name("later"), settings)
    KeyRequest.objects.update(collector_id="later")
    later.step()
    assert salt_keys().stored() == {}

    KeyRequest.objects.all().delete()
    second.requests = KeyRequests(second.directory)
    second.step()
    first.step()
    settings.SECRET_KEY = "another"
    second.step()
    assert salt_keys().stored() == {}


def test_an_answer_that_does_not_belong_to_the_row_is_not_taken(machines):
    """A key that somebody else chose: it was right when it was sealed, but the row says another by now."""
    first, second = machines
    first.salts()
    second.step()
    first.step()
    DailySalt.objects.update(key_check=b"another!")
    WindowSalt.objects.update(key_check=b"another!")
    second.step()
    assert salt_keys().stored() == {}


@pytest.mark.parametrize("public_key", [b"", b"x" * 31, bytes(32)])  # the last one would make a seal that all can open
def test_a_request_that_no_collector_wrote_is_deleted(machines, public_key):
    first, _second = machines
    first.salts()
    KeyRequest.objects.create(collector_id="x", name=WINDOWS[0], public_key=public_key, asked_at=NOW)
    first.step()
    assert not KeyRequest.objects.exists()


@pytest.mark.parametrize(("name", "patience"), [(DAYS[-1], PATIENCE), (DAYS[1], PATIENCE_IN_USE)])
def test_if_nobody_answers_one_of_those_who_ask_takes_the_row_over(machines, name, patience):
    first, second = machines
    first.salts()
    first.directory.joinpath("salt_keys", "keys").unlink()  # and the only one that had the keys is gone
    own = second.salts()[name]
    second.step()
    second.step(NOW + patience - timedelta(seconds=1))
    assert f"date:{name}" in second.foreign()
    second.step(NOW + patience)
    assert f"date:{name}" not in second.foreign()

    exchange(first, second, now=NOW + patience)
    assert first.salts()[name] == second.salts()[name] == own


def test_one_that_is_alone_and_lost_its_keys_uses_new_ones_soon(machines):
    """After a reboot with the keys on a tmpfs, for example."""
    first, second = machines
    first.salts()
    Collector.objects.filter(pk="first").update(seen_at=NOW - PATIENCE_IN_USE)
    salts = second.salts()
    assert second.foreign()
    second.step()
    assert second.foreign()  # others may start at this moment
    second.step(NOW + SOON)
    assert second.foreign() == []
    assert second.salts() == salts
    assert not KeyRequest.objects.exists()


def test_the_row_of_a_former_version_has_no_key_and_gets_one_at_once(machines):
    first, second = machines
    DailySalt.objects.create(date=DAYS[1], salt=b"h" * 32)
    first.salts()
    first.step()
    exchange(second, first)
    assert first.salts() == second.salts()


def test_a_row_that_is_not_in_use_any_more_is_not_asked_for(machines):
    names = {row.name.text for row in stored_checks(NOW)}
    assert names == set()
    first, _second = machines
    first.salts()
    load_salts(["2026-11-25"])
    assert {row.name.text for row in stored_checks(NOW)} == {*(f"date:{day}" for day in DAYS), *WINDOWS}


def test_requests_of_a_collector_that_is_gone_are_deleted(machines):
    first, second = machines
    first.salts()
    second.step()
    assert KeyRequest.objects.exists()
    delete_expired(NOW + timedelta(days=2))
    assert not KeyRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_drain_sees_to_it(tmp_path, settings):
    now = timezone.now()
    for name in ("lost", "new"):
        settings.SALT_KEYS_DIR = tmp_path / name
        load_salts(dates_to_load(now))
    DailySalt.objects.update(key_check=b"")  # as a former version leaves it
    run_one_round(tmp_path / "spool")
    checks = {row.name.text: row.check for row in stored_checks(now)}
    keys = salt_keys().stored()
    assert checks == {name: check_of(keys[name]) for name in checks}
