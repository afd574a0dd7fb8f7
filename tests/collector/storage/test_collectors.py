"""What the drains of several collectors know of each other."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from collector.models import Collector, Hit, SpoolOffset
from collector.storage.collectors import (
    forget_lost_collectors,
    note_collector,
    stored_id,
    waiting_since,
    warn_of_other_secrets,
)
from collector.storage.drain import Drain
from collector.storage.offsets import delete_old_offsets
from tests.hits import drain, hit, micros, run_one_round, spool

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ours(tmp_path):
    return tmp_path / "ours"


@pytest.fixture
def theirs(tmp_path):
    """Return the spool of another collector, which was seen today. Nothing waits in it."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    note_collector(directory, NOW)
    return directory


def test_each_drain_has_one_row_and_keeps_its_id(ours, theirs, pixel):
    spool(ours, [hit(pixel)])
    run_one_round(ours)
    first = stored_id(ours)
    run_one_round(ours)

    assert set(Collector.objects.values_list("id", flat=True)) == {first, stored_id(theirs)}
    assert Collector.objects.get(pk=first).waiting_since is None


def test_a_collector_takes_a_new_id_once_a_copy_of_its_spool_works_elsewhere(ours, theirs, caplog):
    ours.mkdir()
    noted_at = note_collector(theirs, NOW)
    for minute in range(1, 3):
        noted_at = note_collector(theirs, NOW + minute * timedelta(minutes=1), noted_at)
    assert not caplog.text
    (ours / "collector").write_text(stored_id(theirs))

    copied_at = note_collector(ours, NOW + timedelta(minutes=3))
    note_collector(theirs, NOW + timedelta(minutes=4), noted_at)
    note_collector(ours, NOW + timedelta(minutes=5), copied_at)

    assert "from a copy of DATA_DIR" in caplog.text
    assert stored_id(ours) != stored_id(theirs)
    assert set(Collector.objects.values_list("id", flat=True)) == {stored_id(ours), stored_id(theirs)}


def test_a_drain_goes_on_if_its_id_cannot_be_written(ours, pixel, caplog):
    spool(ours, [hit(pixel)])
    (ours / "collector").mkdir()

    run_one_round(ours)

    assert Hit.objects.count() == 1
    assert "Can't write" in caplog.text
    assert not Collector.objects.exists()


def test_others_know_of_a_collector_before_its_first_batch(ours, pixel, monkeypatch):
    spool(ours, [hit(pixel)])
    collectors_seen = []
    drain_once = Drain.drain_once

    def note(drain):
        collectors_seen.append(Collector.objects.count())
        return drain_once(drain)

    monkeypatch.setattr(Drain, "drain_once", note)
    run_one_round(ours)

    assert collectors_seen == [1]
    assert Hit.objects.count() == 1


def test_what_waits_is_noted_with_the_moment_of_the_oldest_line(ours, pixel):
    spool(ours, [hit(pixel, "2026-11-29T10:00"), hit(pixel, "2026-11-30T10:00")])

    note_collector(ours, NOW)

    row = Collector.objects.get()
    assert row.waiting_bytes > 0
    assert row.waiting_since == datetime.fromtimestamp(micros("2026-11-29T10:00") / 1_000_000, UTC)
    drain(ours)
    note_collector(ours, NOW)
    row.refresh_from_db()
    assert (row.waiting_bytes, row.waiting_since) == (0, None)


@pytest.mark.parametrize(
    ("seen", "waits_since", "expected"),
    [
        (timedelta(0), None, None),
        (timedelta(0), 9 * DAY, date(2026, 11, 21)),
        (timedelta(minutes=9), None, None),
        (timedelta(minutes=11), None, date(2026, 11, 30)),  # silent: it may have taken reports since
        (20 * DAY, None, date(2026, 11, 10)),
        (20 * DAY, 22 * DAY, date(2026, 11, 8)),
        (36 * DAY, 36 * DAY, None),  # its machine may be gone
    ],
)
def test_reports_wait_for_other_collectors_that_may_still_have_them(ours, theirs, seen, waits_since, expected):
    Collector.objects.update(seen_at=NOW - seen, waiting_since=NOW - waits_since if waits_since else None)

    assert waiting_since(ours, NOW) == expected


def test_our_own_spool_is_looked_at_and_not_what_was_noted_of_it(ours, theirs):
    Collector.objects.update(seen_at=NOW - DAY, waiting_since=NOW - DAY)

    assert waiting_since(theirs, NOW) is None
    assert waiting_since(ours, NOW) == date(2026, 11, 29)


def test_the_offset_of_a_segment_that_waits_on_a_silent_collector_is_kept(ours, theirs, pixel):
    spool(theirs, [hit(pixel)])
    drain(theirs)
    SpoolOffset.objects.update(updated_at=NOW - 100 * DAY)
    Collector.objects.update(seen_at=NOW - 100 * DAY)

    delete_old_offsets(ours, NOW)
    assert SpoolOffset.objects.count() == 1
    delete_old_offsets(ours, NOW + 89 * DAY)
    assert SpoolOffset.objects.count() == 1
    Collector.objects.update(seen_at=NOW)
    delete_old_offsets(ours, NOW)
    assert SpoolOffset.objects.count() == 0


def test_a_collector_that_was_not_seen_for_a_year_is_forgotten(theirs):
    forget_lost_collectors(NOW + 364 * DAY)
    assert Collector.objects.count() == 1
    forget_lost_collectors(NOW + 366 * DAY)
    assert Collector.objects.count() == 0


def test_collectors_with_different_secret_keys_are_logged(ours, theirs, settings, caplog):
    warn_of_other_secrets(ours, NOW)
    assert not caplog.records

    settings.SECRET_KEY = "another"
    warn_of_other_secrets(ours, NOW)
    assert "SECRET_KEY differs from that of" in caplog.text


def test_a_command_lists_collectors_and_forgets_one(theirs, capsys):
    call_command("collectors")
    listed = capsys.readouterr().out
    assert stored_id(theirs) in listed
    assert "nothing waits" in listed

    call_command("collectors", "--forget", stored_id(theirs))
    assert Collector.objects.count() == 0
    with pytest.raises(CommandError, match="There is no collector"):
        call_command("collectors", "--forget", stored_id(theirs))
