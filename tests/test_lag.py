import pytest

from collector.lag import Lag, lag
from collector.receive import now_us
from collector.spool import SpoolWriter
from tests.hits import drain, hit, micros

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_lag_is_the_age_of_the_oldest_line_that_waits(tmp_path, pixel, django_assert_num_queries):
    now = micros("2026-11-22T12:00")
    assert lag(tmp_path, now) == Lag()
    writers = [SpoolWriter(tmp_path), SpoolWriter(tmp_path)]
    lines = [hit(pixel, moment).to_line() for moment in ("2026-11-22T11:50", "2026-11-22T11:59", "2026-11-22T11:58")]
    writers[0].append(lines[0])
    drain(tmp_path)
    assert lag(tmp_path, now) == Lag()

    writers[0].append(lines[1])
    writers[1].append(lines[2])
    with django_assert_num_queries(1):
        assert lag(tmp_path, now) == Lag(len(lines[1]) + len(lines[2]), 120.0)
    writers[0].append(b"not a line of ours\n")
    drain(tmp_path)
    assert lag(tmp_path, now) == Lag()
    writers[0].append(b"not a line of ours\n")
    assert lag(tmp_path, now).seconds == 0
    for writer in writers:
        writer.close()


@pytest.mark.parametrize(("seconds", "status"), [(590, 200), (610, 503)])
def test_readiness_fails_where_hits_wait_and_wait(client, settings, tmp_path, pixel, seconds, status):
    settings.SPOOL_DIR = tmp_path
    writer = SpoolWriter(tmp_path)
    one = hit(pixel)
    writer.append(type(one)(token=one.token, at_us=now_us() - seconds * 1_000_000).to_line())

    response = client.get("/readyz")

    assert response.status_code == status
    assert (b"is the drain running?" in response.content) == (status == 503)
    writer.close()
