"""The endpoints of other SDKs, for the ASGI entry point and for the Django views."""

import errno
import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.intake.asgi import DoorPath
from collector.intake.doors import MANY_BYTES, MAX_BYTES
from collector.intake.network_caps import NetworkCaps
from collector.intake.rate_limits import Rate, SenderLimiter
from collector.models import Declaration, WindowSalt
from collector.programs.doors.protobuf import written
from collector.spool.door_line import SpooledUse
from collector.spool.report_line import from_line
from tests.collector.intake.test_reports import call
from tests.collector.programs.doors.declared import SDKS
from tests.collector.programs.doors.test_sdks import in_protobuf
from tests.endpoints import AsgiEndpoint
from tests.programs import DECLARATION, declared

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
SECRETS = ("john@example.com", "install-1", "/home/john", "192.0.2.7", "desk.example", "s-1")


@pytest.fixture
def program(project):
    return declared(project, SDKS)


def uses(endpoint) -> list[SpooledUse]:
    lines = [from_line(line) for line in endpoint.lines()]
    assert all(isinstance(line, SpooledUse) for line in lines)
    return lines


def batch(token: str, *events: dict[str, Any]) -> bytes:
    return json.dumps({"api_key": token, "batch": events, "sent_at": "2026-11-25T10:00:00Z"}).encode()


def event(name: str = "build", /, **fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    properties = {"format": "html", "path": "/home/john", "$ip": "192.0.2.7", "$set": {"email": "john@example.com"}}
    return {
        "event": name, "distinct_id": "install-1", "uuid": f"{len(name):032x}", "timestamp": now,
        "properties": properties,
    } | fields  # fmt: skip


def app_event() -> bytes:
    return json.dumps(
        {
            "timestamp": datetime.now(UTC).isoformat(), "sessionId": "s-1", "eventName": "build",
            "systemProps": {"osName": "Linux", "appVersion": "2.4.1"}, "props": {"format": "pdf", "path": "/home/john"},
        }
    ).encode()  # fmt: skip


def exported() -> bytes:
    resource = {"service.instance.id": "install-1", "host.name": "desk.example", "service.version": "2.4.1"}
    return in_protobuf(resource, {"eventName": "build", "attributes": {"format": "html", "path": "/home/john"}})


def doors(token: str) -> list[tuple[str, bytes, dict[str, str], bytes]]:
    """Return the path, body, headers and expected answer of a request to each door."""
    body, dropped = batch(token, event()), b'"dropped":["build.path"]'
    answer = b'{"status":1,' + dropped + b"}"
    v1 = json.dumps({"created_at": "x", "batch": [event(uuid="0" * 32)]}).encode()
    bearer = {"authorization": f"Bearer {token}"}
    warning = b"These names are not declared: build.path, host_name."
    protobuf = written(1, written(2, warning))
    as_protobuf = {"content_type": "application/x-protobuf"}
    return [
        ("/batch/", body, {}, answer),
        ("/batch", gzip.compress(body), {"content_encoding": "gzip"}, answer),
        ("/i/v0/e/?compression=gzip-js", gzip.compress(body), {"content_type": "text/plain"}, answer),
        ("/capture/", json.dumps(event() | {"api_key": token}).encode(), {}, answer),
        ("/e/?ip=1", body, {}, answer),
        (f"/e/{token}/batch/", batch("ignored", event()), {}, answer),
        ("/i/v1/analytics/events", v1, bearer, b'{"results":{"' + b"0" * 32 + b'":{"result":"ok"}},' + dropped + b"}"),
        ("/api/v0/event", app_event(), {"app_key": f"A-SH-{token}"}, b"{" + dropped + b"}"),
        ("/api/v0/events", b"[" + app_event() + b"]", {"app_key": f"A-SH-{token}"}, b"{" + dropped + b"}"),
        (f"/e/{token}/v1/logs", exported(), as_protobuf, protobuf),
        ("/v1/logs", zlib.compress(exported()), bearer | as_protobuf | {"content_encoding": "deflate"}, protobuf),
    ]  # fmt: skip


def test_each_door_keeps_what_is_declared_and_names_the_rest(endpoint, program):
    for path, body, headers, answer in doors(program.token):
        before = len(endpoint.lines())

        response = endpoint.post(path, body, origin="https://app.example", **headers)

        assert (response.status, response.body) == (200, answer), path
        assert response.headers["access-control-allow-origin"] == "*"
        assert (response.headers["cache-control"], "set-cookie" in response.headers) == ("no-store", False)
        [spooled] = uses(endpoint)[before:]
        [use] = spooled.uses
        assert (use.event, set(use.p), spooled.is_session) == ("build", {"format"}, "api/v0" in path)
        assert spooled.marks is not None
    text = b"\n".join(endpoint.lines()).decode()
    assert not any(secret in text for secret in SECRETS)


def test_an_answer_without_anything_undeclared_is_as_the_service_s_own(endpoint, program):
    right = event(properties={"format": "html"})

    assert endpoint.post("/batch/", batch(program.token, right)).body == b'{"status":1}'
    logs = endpoint.post(f"/e/{program.token}/v1/logs", b'{"resourceLogs":[]}')
    assert (logs.body, logs.headers["content-type"]) == (b"{}", "application/json")


@pytest.mark.parametrize(
    "path", ["/flags/?v=4", "/decide/?v=3", "/array/phc_x/config", "/e/token2token2token2to/flags/"]
)
def test_posthog_s_questions_are_answered_with_no_flags(endpoint, path):
    for method in ("POST", "GET"):
        response = endpoint.request(method, path, b"{}" if method == "POST" else b"", content_type="application/json")
        answer = json.loads(response.body)
        assert (response.status, answer["featureFlags"], answer["sessionRecording"]) == (200, {}, False)


def test_a_browser_may_ask_first(endpoint):
    for path in ("/api/v0/event", "/batch/", "/v1/logs", "/flags/"):
        response = endpoint.request("OPTIONS", path, origin="https://app.example")
        assert (response.status, response.body) == (204, b"")
        assert "app-key" in response.headers["access-control-allow-headers"]


def test_what_cant_be_taken_is_refused_so_that_no_sdk_tries_for_ever(endpoint, project, program):
    closed = declared(project, DECLARATION, title="Closed")
    many = [event()] * 1001
    cases = [
        (403, "/batch/", batch(closed.token, event()), {}),
        (404, "/batch/", batch("unknownunknown222222", event()), {}),
        (404, "/batch/", batch("no token", event()), {}),
        (404, "/api/v0/event", app_event(), {}),
        (404, "/e/unknownunknown222222/v1/logs", exported(), {"content_type": "application/x-protobuf"}),
        (400, "/batch/", b"{", {}),
        (400, "/batch/", b"", {}),
        (400, f"/e/{program.token}/v1/logs", b"\xff", {"content_type": "application/x-protobuf"}),
        (400, "/batch/", b"{}", {"content_encoding": "gzip"}),
        (413, "/batch/", batch(program.token, *many), {}),
        (413, "/batch/", gzip.compress(b" " * (MAX_BYTES + 1)), {"content_encoding": "gzip"}),
        (413, "/batch/", b"{}", {"content_length": str(MAX_BYTES + 1)}),
        (415, "/batch/", b"{}", {"content_encoding": "br"}),
    ]
    for status, path, body, headers in cases:
        response = endpoint.post(path, body, **headers)
        assert (response.status, json.loads(response.body)["status"]) == (status, status), (path, body[:40])
        assert response.headers["access-control-allow-origin"] == "*"
    assert endpoint.request("PUT", "/batch/").status == 405
    assert endpoint.lines() == []


def test_an_sdk_is_told_in_which_line_of_the_declaration_it_is_missing(endpoint, project):
    closed = declared(project, DECLARATION)

    assert 'sdks = ["posthog"]' in json.loads(endpoint.post("/batch/", batch(closed.token)).body)["detail"]


def test_over_the_limit_an_sdk_is_told_when_to_come_again(endpoint, program):
    endpoint.reports.admission.senders = SenderLimiter(Rate(4, 60))
    for _ in range(4):
        assert endpoint.post("/batch/", batch(program.token, event())).status == 200

    response = endpoint.post("/batch/", batch(program.token, event()))

    assert (response.status, response.headers["retry-after"].isdigit()) == (429, True)


def test_many_installations_in_one_request_cost_as_much_as_one_by_one(endpoint, program):
    endpoint.reports.admission.senders = SenderLimiter(Rate(10, 60))
    crowd = [event(distinct_id=f"i-{number}") for number in range(11)]

    assert endpoint.post("/batch/", batch(program.token, *crowd)).status == 429
    assert endpoint.lines() == []


def test_installations_over_the_cap_of_a_network_are_kept_and_marked(endpoint, program):
    cache.clear()
    endpoint.doors.caps = NetworkCaps(2)

    for ids in (("a", "b", "c"), ("c", "a")):
        crowd = [event(distinct_id=one, uuid=f"{number:032x}") for number, one in enumerate(ids)]
        assert endpoint.post("/batch/", batch(program.token, *crowd)).status == 200

    assert [spooled.is_excess for spooled in uses(endpoint)] == [False, False, True, True, False]


@pytest.mark.every_database
def test_each_installation_and_day_has_a_line(endpoint, program):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    long_ago = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    sent = [event(), event(distinct_id="j"), event(timestamp=yesterday), event(timestamp=long_ago, uuid="9" * 32)]

    endpoint.post("/batch/", batch(program.token, *sent))

    today = datetime.now(UTC).date()
    spooled = uses(endpoint)
    assert [(use.day, len(use.uses)) for use in spooled] == [
        (today.isoformat(), 2),
        (today.isoformat(), 1),
        ((today - timedelta(1)).isoformat(), 1),
    ]
    first, other, earlier = (use.marks for use in spooled)
    assert first.day != other.day
    assert first.day != earlier.day
    assert [use.dropped for use in spooled] == [["build.path"], [], []]


def test_an_id_gives_other_marks_in_other_programs_and_windows(endpoint, project, program):
    other = declared(project, SDKS, title="Other")
    for one in (program, other):
        endpoint.post("/batch/", batch(one.token, event()))

    first, second = (msgspec.structs.astuple(use.marks) for use in uses(endpoint))

    assert len({*first, *second}) == 6
    assert WindowSalt.objects.count() >= 6


def test_an_event_that_is_sent_again_has_the_same_key(endpoint, program):
    without_id = event(uuid=None)
    sent = batch(program.token, event(), without_id, without_id)
    for _ in range(2):
        endpoint.post("/batch/", sent)

    first, second = ([use.key for use in spooled.uses] for spooled in uses(endpoint))

    assert first == second
    assert len(set(first)) == 3


def test_a_large_body_is_read_as_a_small_one(endpoint, program):
    crowd = [event(uuid=f"{number:032x}") for number in range(250)]
    body = batch(program.token, *crowd)
    assert MANY_BYTES < len(body) < MAX_BYTES

    assert endpoint.post("/batch/", body).status == 200
    assert [len(spooled.uses) for spooled in uses(endpoint)] == [100, 100, 50]


def test_a_country_is_looked_up_only_where_it_is_declared(endpoint, program):
    text = SDKS.replace('kind = "command"', 'kind = "command"\ncountry = true')
    Declaration.objects.filter(pixel=program).update(text=text)
    for headers in ({}, {"dnt": "1"}):
        endpoint.post("/batch/", batch(program.token, event()), peer="193.99.144.80", **headers)

    assert [spooled.country for spooled in uses(endpoint)] == ["DE", ""]


@pytest.mark.every_database
def test_while_the_database_is_away_known_programs_go_on_and_others_are_asked_to_wait(endpoint, project, program):
    other = declared(project, SDKS, title="Other")
    endpoint.post("/batch/", batch(program.token, event()))
    endpoint.receiver.lookups.is_away = True

    assert endpoint.post("/batch/", batch(program.token, event(distinct_id="j"))).status == 200
    assert endpoint.post("/batch/", batch(other.token, event())).status == 503
    assert [spooled.marks is not None for spooled in uses(endpoint)] == [True, True]


def test_a_full_disk_is_no_reason_to_lose_events(endpoint, program, monkeypatch):
    def full(line: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(endpoint.doors.spool, "append", full)

    response = endpoint.post("/batch/", batch(program.token, event()))

    assert (response.status, response.headers["retry-after"]) == (503, "60")


@pytest.mark.parametrize("fields", [(), ((b"content-length", b"999999"),)], ids=["chunked", "announced"])
def test_a_body_that_is_too_large_is_read_so_that_its_client_sees_the_answer(by_asgi, program, fields):
    taken = []

    def large():
        for left in reversed(range(10)):
            taken.append(100_000)
            yield {"type": "http.request", "body": b" " * 100_000, "more_body": left > 0}

    start, _ = call(DoorPath(by_asgi.doors), large(), "/batch/", *fields)

    assert (start["status"], sum(taken)) == (413, 1_000_000)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", '"\\ud83d"', '{"a": NaN}'])
def test_one_value_that_is_no_json_does_not_cost_the_batch(endpoint, program, value):
    body = batch(program.token, event(), event(distinct_id="j", uuid="2" * 32, properties={"format": "pdf", "x": "@"}))

    assert endpoint.post("/batch/", body.replace(b'"@"', value.encode())).status == 200
    assert [use.uses[0].p for use in uses(endpoint)] == [{"format": "html"}, {"format": "pdf"}]


@pytest.mark.every_database
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        ["/batch/", "/i/v0/e/?compression=base64", "/api/v0/events", "/v1/logs", "/i/v1/analytics/events"]
    ),
    body=st.binary(max_size=300)
    | st.text().map(lambda text: json.dumps([{"eventName": text, "event": text}]).encode()),
    encoding=st.sampled_from([b"", b"gzip", b"deflate", b"\xff"]),
    content_type=st.sampled_from([b"application/json", b"application/x-protobuf", b"text/plain", b"\xff"]),
)
def test_any_bytes_get_an_answer(tmp_path_factory, program, path, body, encoding, content_type):
    endpoint = AsgiEndpoint(tmp_path_factory.mktemp("spool"))
    key = f"A-SH-{program.token}"
    response = endpoint.post(
        path, body, content_encoding=encoding, content_type=content_type, app_key=key, authorization=f"Bearer {key[5:]}"
    )
    assert response.status in {200, 400, 404, 413, 415}
    endpoint.close()
