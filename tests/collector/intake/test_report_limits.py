"""How many reports of a program one network may send, for the ASGI entry point and for the Django view."""

import gzip
import json

import pytest

from collector.intake.admission import COUNTED_BYTES
from collector.intake.rate_limits import Rate, SenderLimiter
from tests.programs import declared, envelope, report, utc_today

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def program(project):
    return declared(project)


def test_a_network_that_sends_too_much_has_to_wait(endpoint, program):
    endpoint.reports.admission.senders = SenderLimiter(Rate(4, 60))
    body = envelope(report(utc_today()))
    path = f"/e/{program.token}"
    responses = [endpoint.post(path, body, peer="192.0.2.1") for _ in range(6)]

    assert [response.status for response in responses] == [202] * 4 + [429] * 2
    assert 1 <= int(responses[-1].headers["retry-after"]) <= 60
    assert json.loads(responses[-1].body)["status"] == 429
    assert endpoint.post(path, body, peer="192.0.2.2").status == 202
    assert len(endpoint.lines()) == 5


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_large_body_counts_as_several_requests(endpoint, program, is_gzip):
    endpoint.reports.admission.senders = SenderLimiter(Rate(6, 60))
    body = envelope(*[report(utc_today())] * 25)
    assert COUNTED_BYTES < len(body) < 3 * COUNTED_BYTES
    body += b" " * (3 * COUNTED_BYTES - len(body))
    headers = {"content_encoding": "gzip"} if is_gzip else {}
    sent = gzip.compress(body) if is_gzip else body

    statuses = [endpoint.post(f"/e/{program.token}", sent, **headers).status for _ in range(3)]

    assert statuses == [202, 202, 429]
    assert len(endpoint.lines()) == 50


def test_the_networks_of_one_site_send_at_most_ten_times_as_much_together(endpoint, program):
    """A customer with a /48 could otherwise send from 65,536 networks, each with a limit of its own."""
    endpoint.reports.admission.senders = SenderLimiter(Rate(2, 60))
    body, path = envelope(report(utc_today())), f"/e/{program.token}"
    responses = [endpoint.post(path, body, peer=f"2001:db8:7:{number:x}::1") for number in range(22)]

    assert [response.status for response in responses] == [202] * 20 + [429] * 2
    assert 1 <= int(responses[-1].headers["retry-after"]) <= 60
    assert endpoint.post(path, body, peer="2001:db8:8::1").status == 202
