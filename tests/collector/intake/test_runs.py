"""Runs of programs that shells report by getting a pixel, for the ASGI entry point and for the Django view."""

import json

import pytest
from django.db import OperationalError
from django.utils import timezone

from collector.intake.answers import GIF
from collector.intake.lookups import Lookups
from collector.intake.plain_requests import plain_request
from collector.intake.rate_limits import Rate, ReaderLimiter
from collector.intake.request import PixelRequest
from collector.intake.runs import run_of
from collector.models import Kind, Pixel
from collector.programs.declaration import read_declaration
from collector.storage.standby import update_standby
from tests.endpoints import AsgiEndpoint
from tests.hits import micros
from tests.programs import DECLARATION, declared

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
CURL = "curl/8.14.1"


@pytest.fixture
def program(project):
    return declared(project)


def runs(endpoint) -> list[dict]:
    return [json.loads(line) for line in endpoint.lines()]


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("query", "event", "version"),
    [
        ("", "", ""),
        ("?event=build&version=2.4.1", "build", "2.4.1"),
        ("?version=2.5.0-rc1&event=build&more=1", "build", "2.5.0-rc1"),
        ("?event=undeclared&version=2.4.1", "", "2.4.1"),
        ("?event=former", "", ""),
        ("?event=build&version=secret", "build", ""),
        ("?event=build&version=other", "build", ""),
        ("?event=%62uild&version=2%2E4", "build", "2.4"),
        ("?event=<script>&version=%ff%00", "", ""),
        ("?event=", "", ""),
        ("?" + "x" * 300 + "&event=build", "", ""),
    ],
)
def test_a_get_counts_a_run_with_what_is_declared(endpoint, program, query, event, version):
    response = endpoint.get(f"/p/{program.token}.gif{query}", user_agent=CURL)

    assert (response.status, response.body, response.reason) == (200, GIF, "counted")
    [run] = runs(endpoint)
    expected = {"event": event, "version": version}
    assert run == {"run": program.token, "at": run["at"]} | {name: value for name, value in expected.items() if value}


@pytest.mark.parametrize("agent", [CURL, "Wget/1.25.0", "", "Googlebot/2.1"])
def test_nothing_is_kept_of_who_ran_it(endpoint, program, agent):
    endpoint.get(
        f"/p/{program.token}/medium/end.gif?event=build",
        user_agent=agent,
        peer="193.99.144.80",
        referer="https://blog.example/",
        accept_language="de",
        dnt="1",
    )
    [run] = runs(endpoint)
    assert run.keys() == {"run", "at", "event"}


def test_head_counts_nothing(endpoint, program):
    response = endpoint.request("HEAD", f"/p/{program.token}.gif?event=build")
    assert (response.status, response.body, response.reason) == (200, b"", "counted")
    assert endpoint.lines() == []


def test_a_program_without_a_declaration_is_a_pixel(endpoint, project):
    pixel = Pixel.objects.create(project=project, title="Paperclip", kind=Kind.APP)
    endpoint.get(f"/p/{pixel.token}.gif?event=build")
    assert [hit.token for hit in endpoint.spooled()] == [pixel.token]


def test_runs_over_the_rate_limit_or_from_excluded_networks_do_not_count(endpoint, project, program):
    project.excluded_networks = "192.0.2.0/24"
    project.save()
    endpoint.receiver.readers = ReaderLimiter(Rate(2, 60))
    path = f"/p/{program.token}.gif?event=build"

    assert endpoint.get(path, peer="192.0.2.7").reason == "excluded"
    assert [endpoint.get(path, peer="198.51.100.1").reason for _ in range(4)] == ["counted"] * 2 + ["excess"] * 2
    assert len(endpoint.lines()) == 2


def test_a_run_that_can_not_be_spooled_is_lost_and_says_so(endpoint, program):
    endpoint.directory.write_text("a file where the spool should be")
    assert endpoint.get(f"/p/{program.token}.gif").reason == "lost"


@pytest.mark.every_database
def test_in_an_outage_a_process_that_starts_takes_runs_without_events_and_no_reports(tmp_path, program, monkeypatch):
    update_standby(tmp_path / "spool", timezone.now())

    def fail(*args):
        raise OperationalError("no connection")

    monkeypatch.setattr(Lookups, "_query", fail)
    endpoint = AsgiEndpoint(tmp_path / "spool")
    reasons = [endpoint.get(f"/p/{program.token}.gif?event=build&version=2.4.1").reason for _ in range(2)]
    [answer] = {endpoint.post(f"/e/{program.token}", b"{}").status for _ in range(2)}
    unknown = endpoint.post("/e/unknownunknown222222", b"{}").status
    endpoint.close()

    assert (reasons, answer, unknown) == (["counted"] * 2, 503, 503)
    assert [(run["run"], run.get("event"), run["version"]) for run in runs(endpoint)] == [
        (program.token, None, "2.4.1")
    ] * 2


@pytest.mark.every_database
def test_an_outage_ends_nothing_for_a_program_that_is_known(endpoint, program, monkeypatch):
    path = f"/e/{program.token}"
    assert endpoint.post(path, b"{}").status == 400
    monkeypatch.setattr(Lookups, "_query", lambda *args: 1 / 0)
    endpoint.receiver.lookups._refresh_due_at = 0
    endpoint.receiver.lookups.work_once()

    assert endpoint.receiver.lookups.is_away
    assert endpoint.post(path, b"{}").status == 400
    assert endpoint.get(f"/p/{program.token}.gif?event=build").reason == "counted"
    assert runs(endpoint)[0]["event"] == "build"


def test_an_event_counts_until_its_last_day():
    program = read_declaration(DECLARATION)
    events = [run_of("x", b"event=former", program, micros(day)).event for day in ("2026-01-31T23:59", "2026-02-01")]
    assert events == ["former", ""]


def test_the_fast_path_reads_the_query_of_a_plain_request():
    data = b"GET /p/abcdefghijkmnpqrstuv.gif?event=build&version=2%2E4 HTTP/1.1\r\nHost: x\r\n\r\n"
    headers = {b"host": b"x"}
    expected = PixelRequest("GET", "/p/abcdefghijkmnpqrstuv.gif", headers, "192.0.2.1", b"event=build&version=2%2E4")

    assert plain_request(data, "192.0.2.1", 4094, 100) == (expected, False)
