"""The endpoint of programs' reports, for the ASGI entry point and for the Django view."""

import asyncio
import errno
import gzip
import json
import os
import tracemalloc
from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.intake import asgi, askers
from collector.intake.asgi import ReportPath
from collector.intake.bodies import MAX_BYTES
from collector.intake.clients import country_of
from collector.models import Declaration, Pixel
from collector.programs.report import ProgramReport
from collector.spool.losses import last_loss, loss_files, losses
from collector.spool.report_line import SpooledReport
from tests.collector.intake.report_cases import (
    BAD_REQUESTS,
    BOMB,
    GZIP,
    PROGRAM,
    Case,
    assert_is_refused,
    create_pixels,
)
from tests.endpoints import AsgiEndpoint, Response, ViewEndpoint
from tests.programs import DECLARATION, declared, envelope, report, used, utc_today

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
GERMAN = "193.99.144.80"


@pytest.fixture
def program(project):
    return declared(project)


def kept(endpoint) -> list[ProgramReport]:
    return [msgspec.json.decode(line, type=SpooledReport).body for line in endpoint.lines()]


@pytest.mark.every_database
@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_request_is_answered_with_what_was_accepted_and_spooled(endpoint, program, is_gzip):
    today = utc_today()
    entry = used(today - timedelta(1), n=12, p={"format": "html", "draft": True}, h={"seconds": [0, 3, 8, 1]})
    body = envelope(report(today, used=[entry]), report(today, os="templeos"), today=today.isoformat())
    headers = {"content_encoding": "gzip"} if is_gzip else {}

    response = endpoint.post(f"/e/{program.token}", gzip.compress(body) if is_gzip else body, **headers)

    assert (response.status, response.headers["content-type"]) == (202, "application/json")
    answer = json.loads(response.body)
    assert answer.keys() == {"day", "time", "accepted", "rejected"}
    assert (answer["day"], answer["accepted"]) == (today.isoformat(), 1)
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [(1, "os")]
    assert "templeos" not in str(answer)
    [stored] = kept(endpoint)
    assert (stored.day, stored.version, stored.used[0].n) == (today.isoformat(), "2.4.1", 12)
    assert stored.used[0].p == {"format": "html", "draft": True}
    assert stored.used[0].h == {"seconds": [0, 3, 8, 1]}


def test_no_answer_sets_a_cookie_or_may_be_cached(endpoint, program):
    headers = endpoint.post(f"/e/{program.token}/", envelope(report(utc_today())), origin="https://a.example").headers

    assert headers["cache-control"] == "no-store"
    assert not {"set-cookie", "etag", "vary", "access-control-allow-origin"} & headers.keys()


def test_the_view_adds_nothing_to_what_the_fast_path_answers(tmp_path, program):
    fast, view = AsgiEndpoint(tmp_path / "fast"), ViewEndpoint(tmp_path / "view")
    answers = [one.post(f"/e/{program.token}", b"{}", host="any.example") for one in (fast, view)]

    assert answers[0] == answers[1]
    fast.close()
    view.close()


def test_every_bad_request_is_refused_with_a_problem_document_and_nothing_is_stored(endpoint, project):
    create_pixels(project)

    def send(case: Case) -> Response:
        headers = {"content_type": "application/json"} | case.headers
        return endpoint.request(case.method, case.path, case.body, **headers)

    for case in BAD_REQUESTS:
        assert_is_refused(case, send)
        assert endpoint.lines() == [], case.name


def test_an_announced_body_that_is_too_large_is_refused_before_it_arrives(endpoint, program):
    for length in (MAX_BYTES + 1, "9" * 5000, f"000{MAX_BYTES + 1}"):
        assert endpoint.post(f"/e/{program.token}", b"{}", content_length=str(length)).status == 413


def test_a_gzip_bomb_is_inflated_to_the_limit_and_no_further(endpoint, project):
    create_pixels(project)
    endpoint.post(f"/e/{PROGRAM}", b"{}")
    tracemalloc.start()
    try:
        assert endpoint.post(f"/e/{PROGRAM}", BOMB, **GZIP).status == 413
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()


def call(application, messages, path: str, *fields: tuple[bytes, bytes]) -> list[dict]:
    """Call an ASGI entry point with the messages that a generator makes; return what it sends."""
    sent = []
    headers = [(b"content-type", b"application/json"), *fields]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "client": ("127.0.0.1", 1)}

    async def receive() -> dict:
        message = next(messages, None)
        return message if message is not None else await asyncio.Event().wait()

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(application(scope, receive, send), 10))
    return sent


def test_no_more_is_read_of_a_body_without_an_end_than_the_limit(by_asgi, program):
    taken = []

    def endless():
        while sum(taken) < 50 * MAX_BYTES:
            taken.append(4096)
            yield {"type": "http.request", "body": b" " * 4096, "more_body": True}

    start, _ = call(ReportPath(by_asgi.reports), endless(), f"/e/{program.token}")
    assert (start["status"], sum(taken)) == (413, MAX_BYTES + 4096)


def test_a_body_that_stops_arriving_ends_with_a_problem(by_asgi, program, monkeypatch):
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.05)
    half = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    start, _ = call(ReportPath(by_asgi.reports), half, f"/e/{program.token}")
    assert start["status"] == 408
    assert by_asgi.lines() == []


def test_of_a_client_that_goes_away_nothing_is_stored(by_asgi, program):
    body = envelope(report(utc_today()))
    messages = iter([{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}])

    assert call(ReportPath(by_asgi.reports), messages, f"/e/{program.token}") == []
    assert by_asgi.lines() == []


def test_no_address_is_written_and_the_country_only_if_it_is_declared(endpoint, project, caplog):
    text = DECLARATION.replace('mode = "notice"', 'mode = "notice"\ncountry = true')
    programs = [declared(project), declared(project, text)]
    body = envelope(report(utc_today()))
    for program in programs:
        endpoint.post(f"/e/{program.token}", body, peer=GERMAN, x_forwarded_for=GERMAN, user_agent="paperclip/2")
        endpoint.post(f"/e/{program.token}", b"{", peer=GERMAN)
    endpoint.post(f"/e/{programs[1].token}", body, peer=GERMAN, sec_gpc="1")

    assert country_of(GERMAN) == "DE"
    assert [stored.country for stored in kept(endpoint)] == ["", "DE", ""]
    written = b"".join(path.read_bytes() for path in endpoint.directory.iterdir()) + caplog.text.encode()
    assert GERMAN.encode() not in written
    assert b"paperclip/2" not in written


def test_the_developers_newest_and_withdrawn_versions_are_in_the_answer(endpoint, project):
    text = DECLARATION + '\n[versions]\nnewest = "2.5.0"\nwithdrawn = ["2.3.9"]\n'
    answer = json.loads(endpoint.post(f"/e/{declared(project, text).token}", envelope(report(utc_today()))).body)

    assert (answer["newest"], answer["withdrawn"]) == ("2.5.0", ["2.3.9"])


def test_a_sender_whose_clock_is_wrong_learns_the_servers_day_and_time(endpoint, program):
    wrong = utc_today() - timedelta(3)
    response = endpoint.post(f"/e/{program.token}", envelope(report(wrong), report(wrong), today=wrong.isoformat()))

    answer = json.loads(response.body)
    assert (response.status, answer["day"], answer["accepted"]) == (202, utc_today().isoformat(), 0)
    assert [one["field"] for one in answer["rejected"]] == ["today", "today"]
    assert len(answer["time"]) == len("10:04:05")
    assert endpoint.lines() == []


@pytest.mark.every_database
def test_a_known_program_needs_no_query(endpoint, program, django_assert_num_queries):
    body = envelope(report(utc_today()))
    assert endpoint.post(f"/e/{program.token}", body).status == 202

    with django_assert_num_queries(0):
        assert endpoint.post(f"/e/{program.token}", body).status == 202


@pytest.mark.every_database
def test_a_program_takes_reports_as_soon_as_it_is_declared(endpoint, project):
    program = Pixel.objects.create(project=project, title="Paperclip", kind="app")
    body = envelope(report(utc_today()))
    assert endpoint.post(f"/e/{program.token}", body).status == 404
    assert endpoint.get(f"/p/{program.token}.gif").reason == "counted"

    Declaration.objects.create(pixel=program, text=DECLARATION, schema="0" * 16)
    assert endpoint.post(f"/e/{program.token}", body).status == 202


@pytest.mark.every_database
def test_a_program_that_is_retired_takes_no_more_reports(endpoint, program):
    body = envelope(report(utc_today()))
    assert endpoint.post(f"/e/{program.token}", body).status == 202
    Pixel.objects.update(retired_at=timezone.now())
    endpoint.receiver.lookups._refresh_due_at = 0
    endpoint.receiver.lookups.work_once()

    assert endpoint.post(f"/e/{program.token}", body).status == 404


def test_a_declaration_that_can_not_be_read_loses_no_reports_and_is_logged(endpoint, program, caplog):
    Declaration.objects.update(text=f"[{program.token}")  # parsed and logged once for each text

    response = endpoint.post(f"/e/{program.token}", envelope(report(utc_today())))
    assert (response.status, response.headers["retry-after"]) == (503, "60")
    assert "Declare the program again" in caplog.text


def test_a_spool_that_can_not_be_written_leaves_the_reports_on_their_device(endpoint, program):
    endpoint.directory.write_text("a file where the spool should be")

    response = endpoint.post(f"/e/{program.token}", envelope(report(utc_today())))
    assert (response.status, response.headers["retry-after"]) == (503, "60")
    assert response.headers["content-type"] == "application/problem+json"


def test_of_a_request_that_does_not_fit_on_the_disk_nothing_stays(endpoint, program, monkeypatch):
    endpoint.post(f"/e/{program.token}", envelope(report(utc_today())))
    write = os.write
    room = [600]  # bytes: for two of five reports, and half of the third

    def write_what_fits(descriptor, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", write_what_fits)
    days = [utc_today() - timedelta(number) for number in range(5)]
    assert endpoint.post(f"/e/{program.token}", envelope(*map(report, days))).status == 503
    monkeypatch.undo()

    assert len(kept(endpoint)) == 1
    [path] = loss_files(endpoint.directory)
    assert (losses(path), last_loss(path).reason) == (0, "No space left on device")


def test_with_durability_disk_an_answer_waits_for_the_disk(endpoint, program, monkeypatch):
    endpoint.receiver.spool.is_durable = True
    body = envelope(report(utc_today()))
    assert endpoint.post(f"/e/{program.token}", body).status == 202
    assert not endpoint.receiver.spool.lines_to_sync

    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    assert endpoint.post(f"/e/{program.token}", body).status == 503


@pytest.mark.every_database
def test_a_program_is_never_called_unknown_because_its_network_asks_about_many_tokens(
    endpoint, project, program, monkeypatch
):
    monkeypatch.setattr(askers, "MAX_UNKNOWN", 2)
    body = envelope(report(utc_today()))
    assert endpoint.post(f"/e/{program.token}", body).status == 202
    unknown = [endpoint.post(f"/e/unknownunknown22222{number}", body).status for number in range(4)]
    new = declared(project)

    assert unknown == [404, 404, 503, 503]
    assert endpoint.post(f"/e/{new.token}", body).status == 503
    assert endpoint.post(f"/e/{program.token}", body).status == 202


HEADER_NAMES = ["content_type", "content_encoding", "content_length", "x_forwarded_for", "forwarded", "sec_gpc"]
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES), st.binary(max_size=40), max_size=2)
PIECES = st.sampled_from(
    [b'"reports": [', b'"used": [', b"{", b"}", b"]", b",", b'"day": ', b"null", b"1e9", b"\\ud800"]
)
BODIES = st.binary(max_size=300) | st.lists(PIECES | st.binary(max_size=3), max_size=20).map(b"".join)


@pytest.mark.every_database
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=BODIES, at=st.integers(0, 400), headers=HEADERS, tail=st.binary(max_size=8), is_gzip=st.booleans())
def test_no_bytes_make_an_error_of_the_server_and_what_is_not_accepted_is_not_stored(
    endpoint, program, noise, at, headers, tail, is_gzip
):
    right = envelope(report(utc_today(), used=[used(utc_today() - timedelta(1))]))
    body = right[:at] + noise + right[at + len(noise) :]
    if is_gzip:
        body, headers = gzip.compress(body) + tail, headers | GZIP
    before = len(endpoint.lines())

    response = endpoint.post(f"/e/{program.token}", body, **headers)

    assert response.status in {202, 400, 404, 413, 415}
    accepted = json.loads(response.body)["accepted"] if response.status == 202 else 0
    assert len(kept(endpoint)) == before + accepted
