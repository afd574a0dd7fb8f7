import errno
import itertools
import json
import os
import threading
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, DailySalt, Hit, Pixel, SpoolOffset
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from collector.storage import drain as drain_module
from collector.storage import store as store_module
from collector.storage.drain import AnotherDrainError, Drain
from collector.storage.set_aside import SET_ASIDE_FILE
from tests.hits import counts, drain, hit, run_one_round, spool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool"


def set_aside(directory):
    path = directory / SET_ASIDE_FILE
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_spooled_hits_become_hits_and_their_finished_segment_is_deleted(directory, pixel):
    spool(directory, [hit(pixel) for _ in range(3)])

    drain(directory)

    assert Hit.objects.count() == 3
    assert segments(directory) == []


def test_a_segment_drained_twice_is_stored_once(directory, pixel):
    spool(directory, [hit(pixel)])
    [segment] = segments(directory)
    content = segment.read_bytes()
    drain(directory)
    segment.write_bytes(content)
    drain(directory)

    assert Hit.objects.count() == 1
    assert counts("total") == {("2026-11-22", "(direct)", ""): (1, 1)}


def test_a_segment_that_comes_back_after_its_offset_was_forgotten_is_stored_once(directory, pixel):
    spool(directory, [hit(pixel), hit(pixel, "2026-11-22T11:00")])
    [segment] = segments(directory)
    content = segment.read_bytes()
    drain(directory)
    segment.write_bytes(content)
    SpoolOffset.objects.all().delete()
    drain(directory)

    assert Hit.objects.count() == 2
    assert counts("total") == {("2026-11-22", "(direct)", ""): (2, 1)}
    assert len(set_aside(directory)) == 2


def test_hits_are_read_while_their_segment_is_still_written(directory, pixel):
    writer = SpoolWriter(directory)
    writer.append(hit(pixel).to_line())
    running = drain(directory)
    assert Hit.objects.count() == 1

    writer.append(hit(pixel).to_line())
    running.drain_once()
    assert Hit.objects.count() == 2
    writer.close()


def test_finished_segments_are_deleted_while_hits_keep_coming(directory, pixel):
    writer = SpoolWriter(directory, segment_bytes=1)
    running = Drain(directory)
    for _ in range(3):
        writer.append(hit(pixel).to_line())
        assert running.drain_once() == 1
    writer.close()

    assert len(segments(directory)) == 1


def test_expired_rows_are_deleted_while_hits_keep_coming(directory, pixel):
    DailySalt.objects.create(date="2020-01-01", salt=b"x" * 32)
    spool(directory, [hit(pixel)])
    run_one_round(directory)

    assert Hit.objects.count() == 1
    assert not DailySalt.objects.filter(date="2020-01-01").exists()


def test_small_batches_over_many_segments_store_everything_once(directory, pixel):
    for _ in range(5):
        spool(directory, [hit(pixel, visitor=number) for number in range(7)])

    drain(directory, batch_lines=4)

    assert Hit.objects.count() == 35
    assert counts("total") == {("2026-11-22", "(direct)", ""): (35, 7)}


@pytest.mark.parametrize("failing", ["_flag_new_visitors", "_insert", "Counts.store", "_move_offsets"])
def test_a_failure_anywhere_in_a_batch_stores_nothing_and_the_next_try_everything(
    directory, pixel, monkeypatch, failing
):
    spool(directory, [hit(pixel), hit(pixel, visitor=2)])
    with monkeypatch.context() as broken:

        def fail(*args):
            raise OperationalError("the server closed the connection")

        owner = "collector.storage.drain.Drain" if failing == "_move_offsets" else "collector.storage.store"
        broken.setattr(f"{owner}.{failing}", fail)
        with pytest.raises(OperationalError):
            drain(directory)
    assert Hit.objects.count() == DailyCount.objects.count() == 0

    drain(directory)
    assert Hit.objects.count() == 2
    assert counts("total") == {("2026-11-22", "(direct)", ""): (2, 2)}


def test_a_commit_whose_answer_was_lost_is_not_repeated(directory, pixel, monkeypatch):
    spool(directory, [hit(pixel)])
    real_atomic = transaction.atomic

    @contextmanager
    def lost_answer(*args, **options):
        with real_atomic(*args, **options):
            yield
        if not options:  # the drain's own transaction, not one of the ORM's
            raise OperationalError("the connection broke after COMMIT")

    running = Drain(directory)
    with monkeypatch.context() as broken:
        broken.setattr(drain_module.transaction, "atomic", lost_answer)
        with pytest.raises(OperationalError):
            running.drain_once()
    while running.drain_once():
        pass

    assert Hit.objects.count() == 1


def test_nothing_is_stored_if_another_drain_moved_the_offset(directory, pixel):
    writer = SpoolWriter(directory)
    writer.append(hit(pixel).to_line())
    running = drain(directory)
    SpoolOffset.objects.update(offset_bytes=1)
    writer.append(hit(pixel).to_line())

    with pytest.raises(AnotherDrainError):
        running.drain_once()
    assert Hit.objects.count() == 1
    writer.close()


def test_the_drain_waits_while_the_database_is_down_and_then_goes_on(directory, pixel, monkeypatch):
    spool(directory, [hit(pixel)])
    stop = threading.Event()
    pauses = []

    class Pauses:
        """An event that never really waits."""

        is_set = staticmethod(stop.is_set)

        def wait(self, seconds):
            pauses.append(seconds)
            if len(pauses) == 4:
                monkeypatch.undo()
            if Hit.objects.exists():
                stop.set()

    def fail(*args):
        raise OperationalError("no connection")

    monkeypatch.setattr("collector.storage.drain.Drain._commit", fail)
    Drain(directory).run(Pauses())

    assert pauses[:4] == [0.4, 0.8, 1.6, 3.2]
    assert Hit.objects.count() == 1


def test_unusable_lines_are_set_aside_with_the_reason_and_stop_nothing(directory, pixel):
    writer = SpoolWriter(directory)
    for line in [b"garbage\n", hit(pixel).to_line(), b"\xff\xfe\n", b'{"token":"x","at":0}\n', b'{"tok']:
        writer.append(line)
    writer.close()

    drain(directory)

    assert Hit.objects.count() == 1
    assert [record["reason"] for record in set_aside(directory)] == [
        "JSON is malformed: invalid character (byte 0)",
        "JSON is malformed: invalid character (byte 0)",
        "Expected `int` >= 1 - at `$.at`",
        "torn: the process died while it wrote this line, before it answered",
    ]
    row = SpoolOffset.objects.get()
    assert (row.hits, row.set_aside) == (1, 4)
    assert segments(directory) == []


def test_a_line_that_the_database_refuses_is_set_aside_alone(directory, pixel, monkeypatch):
    spool(directory, [hit(pixel, visitor=number) for number in range(10)])
    real_insert = store_module._insert

    def insert(hits):
        if any(enriched.visitor == 7 for enriched in hits):
            raise IntegrityError("refused")
        real_insert(hits)

    monkeypatch.setattr(store_module, "_insert", insert)
    drain(directory)

    assert Hit.objects.count() == 9
    assert counts("total") == {("2026-11-22", "(direct)", ""): (9, 9)}
    [record] = set_aside(directory)
    assert json.loads(record["line"])["visitor"] == 7


def test_hits_of_unknown_tokens_are_counted_as_set_aside(directory, pixel):
    spool(directory, [hit(Pixel(token="abcdefghijkmnpqrstuv")), hit(pixel)])

    drain(directory)

    row = SpoolOffset.objects.get()
    assert (row.hits, row.set_aside) == (1, 1)


def test_hits_of_a_retired_pixel_are_kept_until_every_web_process_has_noticed(directory, pixel):
    pixel.retired_at = timezone.now().replace(year=2026, month=11, day=22, hour=10, minute=0, second=0)
    pixel.save()
    spool(
        directory, [hit(pixel, "2026-11-22T09:59"), hit(pixel, "2026-11-22T10:00:59"), hit(pixel, "2026-11-22T10:02")]
    )

    drain(directory)

    assert Hit.objects.count() == 2


def test_a_batch_costs_the_same_queries_however_many_hits_it_has(directory, pixel, django_assert_num_queries):
    writer = SpoolWriter(directory)
    writer.append(hit(pixel).to_line())
    running = drain(directory)
    for number in range(50):
        writer.append(hit(pixel, visitor=number).to_line())

    # See that the database is not newer; read the pixels; BEGIN, keep migrations away (PostgreSQL), see that none has
    # run, check that no strings were deleted, lock the pixels, find own visitors, claim visitors, remember the start of
    # a returning one, insert hits, lock the ends of the pixels (PostgreSQL), find ends that were stored before, upsert
    # counts, move the offset, COMMIT.
    with django_assert_num_queries(16 if connection.vendor == "postgresql" else 14):
        running.drain_once()
    writer.close()


def test_the_losses_of_a_process_are_stored_while_it_lives_and_after_its_end(directory, pixel):
    writer = SpoolWriter(directory)
    writer.append(hit(pixel).to_line())
    writer.count_loss(OSError(errno.ENOSPC, "full"))
    running = drain(directory)
    assert lost_hits() == 1

    writer.count_loss(OSError(errno.ENOSPC, "full"))
    writer.close()
    os.close(writer._losses._descriptor)  # its process ends and frees its lock
    while running.drain_once():
        pass

    assert lost_hits() == 2
    assert list(directory.iterdir()) == []


def lost_hits():
    return sum(SpoolOffset.objects.values_list("lost", flat=True))


def test_an_idle_drain_runs_no_query(directory, pixel, django_assert_num_queries):
    writer = SpoolWriter(directory)
    writer.append(hit(pixel).to_line())
    running = drain(directory)

    with django_assert_num_queries(0):
        running.drain_once()
    writer.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=120), min_size=1, max_size=8))
def test_no_bytes_in_a_segment_stop_the_drain(directory, pixel, contents):
    stored = Hit.objects.count()
    spool(directory, [hit(pixel)])
    [segment] = segments(directory)
    segment.write_bytes(b"\n".join(contents) + b"\n" + segment.read_bytes() + b"".join(contents))

    drain(directory)

    assert Hit.objects.count() == stored + 1
    assert segments(directory) == []


def test_batches_get_smaller_while_they_are_slow_and_grow_again(tmp_path, pixel, monkeypatch):
    moments = itertools.accumulate([0, 10, 0, 10, 0, 0.1, 0, 0.1, 0, 0.1])  # start and end of each batch
    drain = Drain(tmp_path, batch_lines=2_000, clock=lambda: next(moments))
    batch_sizes = []
    stop = threading.Event()
    monkeypatch.setattr(drain, "_check_version", lambda: None)
    monkeypatch.setattr(drain._hourly, "make_months", lambda: None)
    monkeypatch.setattr(drain._hourly, "step", lambda: stop.set() if len(batch_sizes) == 5 else None)
    monkeypatch.setattr(drain._hourly, "look_through", lambda: None)
    monkeypatch.setattr(drain, "_keep_standby", lambda: None)
    monkeypatch.setattr(drain, "drain_once", lambda: batch_sizes.append(drain._batch_lines) or 2_000)

    drain.run(stop)

    assert batch_sizes == [2_000, 1_000, 500, 1_000, 2_000]
