"""The endpoint of programs' reports, for the ASGI entry point and for the Django view."""

import gzip
import json
from datetime import timedelta

import msgspec
import pytest

from collector.programs.report import ProgramReport
from collector.spool.report_line import SpooledReport
from tests.programs import declared, envelope, report, used, utc_today

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def program(project):
    return declared(project)


def kept(endpoint) -> list[ProgramReport]:
    return [msgspec.json.decode(line, type=SpooledReport).body for line in endpoint.lines()]


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_request_is_answered_with_what_was_accepted_and_spooled(endpoint, program, is_gzip):
    today = utc_today()
    entry = used(today - timedelta(1), n=12, p={"format": "html", "draft": True}, h={"seconds": [0, 3, 8, 1]})
    body = envelope(report(today, used=[entry]), report(today, os="templeos"), today=today.isoformat())
    headers = {"content_encoding": "gzip"} if is_gzip else {}

    response = endpoint.post(f"/e/{program.token}", gzip.compress(body) if is_gzip else body, **headers)

    assert response.status == 202, response.body
    answer = json.loads(response.body)
    assert (answer["day"], answer["accepted"]) == (today.isoformat(), 1)
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [(1, "os")]
    [stored] = kept(endpoint)
    assert (stored.day, stored.version, stored.used[0].n) == (today.isoformat(), "2.4.1", 12)
    assert stored.used[0].p == {"format": "html", "draft": True}
    assert stored.used[0].h == {"seconds": [0, 3, 8, 1]}
