from datetime import timedelta

import pytest
from django.utils import timezone

from collector.intake.clock import now_us
from collector.models import SpoolOffset
from collector.spool.line import SpooledHit
from collector.spool.writer import SpoolWriter
from collector.storage.lag import Lag, lag
from tests.hits import drain, hit, micros

pytestmark = pytest.mark.django_db(transaction=True)


def bytes_and_seconds(lag: Lag) -> tuple[int, float]:
    return lag.bytes, lag.seconds


def test_the_lag_is_the_age_of_the_oldest_waiting_line(tmp_path, pixel, django_assert_num_queries):
    now = micros("2026-11-22T12:00")
    assert lag(tmp_path, now) == Lag()
    assert not Lag().stands_still
    writers = [SpoolWriter(tmp_path), SpoolWriter(tmp_path)]
    lines = [hit(pixel, moment).to_line() for moment in ("2026-11-22T11:50", "2026-11-22T11:59", "2026-11-22T11:58")]
    writers[0].append(lines[0])
    drain(tmp_path)
    assert bytes_and_seconds(lag(tmp_path, now)) == (0, 0.0)

    writers[0].append(lines[1])
    writers[1].append(lines[2])
    with django_assert_num_queries(1):
        assert bytes_and_seconds(lag(tmp_path, now)) == (len(lines[1]) + len(lines[2]), 120.0)
    writers[0].append(b"not a line of ours\n")
    drain(tmp_path)
    assert bytes_and_seconds(lag(tmp_path, now)) == (0, 0.0)
    writers[0].append(b"not a line of ours\n")
    assert lag(tmp_path, now).seconds == 0
    for writer in writers:
        writer.close()


@pytest.mark.parametrize(("seconds", "status"), [(590, 200), (610, 503)])
def test_readiness_fails_when_hits_wait_too_long(client, settings, tmp_path, pixel, seconds, status):
    settings.SPOOL_DIR = tmp_path
    writer = SpoolWriter(tmp_path)
    writer.append(SpooledHit(token=pixel.token, at_us=now_us() - seconds * 1_000_000).to_line())

    response = client.get("/readyz")

    assert response.status_code == status
    assert (b"is the drain running?" in response.content) == (status == 503)
    writer.close()


def test_a_drain_that_catches_up_does_not_fail_readiness(client, settings, tmp_path, pixel):
    settings.SPOOL_DIR = tmp_path
    line = SpooledHit(token=pixel.token, at_us=now_us() - 7200 * 1_000_000).to_line()
    writer = SpoolWriter(tmp_path)
    writer.append(line)
    drain(tmp_path)
    writer.append(line)

    assert client.get("/readyz").status_code == 200
    SpoolOffset.objects.update(updated_at=timezone.now() - timedelta(minutes=11))
    assert client.get("/readyz").status_code == 503
    writer.close()
