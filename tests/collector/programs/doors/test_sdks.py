"""What each SDK sends, as its source says and as it was seen on the wire."""

import base64
import gzip
import json
import struct
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.programs.doors.aptabase import open_aptabase, token_in_app_key
from collector.programs.doors.otlp import open_otlp
from collector.programs.doors.posthog import open_posthog, token_in
from collector.programs.doors.protobuf import fields, written
from collector.programs.doors.sent import MAX_EVENTS, Facts, Identity, Opened, TooManyError
from collector.programs.doors.translate import translate
from collector.programs.wire import MalformedError
from tests.collector.programs.doors.declared import PROGRAM

TOKEN = "token2token2token2to"
AT = datetime(2026, 11, 25, 10, 4, 5, tzinfo=UTC)
AT_NS = int(AT.timestamp()) * 10**9
UUID = "0191f7a0-0000-7000-8000-000000000001"
PYTHON = {"$python_runtime": "CPython", "$python_version": "3.12.1", "$os": "Mac OS X", "$lib": "posthog-python"}


def posthog_event(**fields: Any) -> dict[str, Any]:
    properties = PYTHON | {"format": "html", "$ip": "192.0.2.1", "$app_version": "2.4.1"}
    return {
        "event": "build", "distinct_id": "i-1", "uuid": UUID, "timestamp": AT.isoformat(), "properties": properties,
    } | fields  # fmt: skip


def posthog(body: Any, content_type: bytes = b"application/json", query: bytes = b"") -> Opened:
    return open_posthog(body if isinstance(body, bytes) else json.dumps(body).encode(), content_type, query)


def in_all_forms(event: dict[str, Any]) -> list[tuple[bytes, bytes, bytes]]:
    """Return the body, the content type and the query of each form in which an event is sent."""
    plain, kind = json.dumps(event | {"api_key": TOKEN}).encode(), b"application/json"
    in_base64 = base64.b64encode(plain).decode()
    form = b"application/x-www-form-urlencoded"
    return [
        (plain, kind, b""),
        (json.dumps({"api_key": TOKEN, "batch": [event], "sent_at": "x"}).encode(), kind, b""),
        (json.dumps([event | {"properties": event["properties"] | {"token": TOKEN}}]).encode(), b"text/plain", b"ip=1"),
        (urlencode({"data": plain.decode()}).encode(), form, b""),
        (urlencode({"data": in_base64}).encode(), form, b"compression=base64"),
        (f"data={quote(in_base64)}".encode(), b"text/plain", b"compression=base64"),
        (in_base64.encode(), b"text/plain", b"compression=base64"),
    ]


def test_posthog_s_forms_all_say_the_same():
    for body, content_type, query in in_all_forms(posthog_event()):
        sent = posthog(body, content_type, query)
        [event] = sent.read()
        assert (sent.token, event.name, event.properties) == (TOKEN, "build", {"format": "html"}), body
        assert event.identity == Identity("installation", "i-1")
        assert (event.at_us, event.key, event.has_id) == (AT_NS // 1000, UUID.encode(), True)
        assert event.facts == Facts("2.4.1", "macos", "", "python3.12")


@pytest.mark.parametrize(
    ("fields", "identity"),
    [
        ({"distinct_id": 7}, "7"),
        ({"distinct_id": None, "properties": {"distinct_id": "j"}}, "j"),
        ({"distinct_id": None}, None),
        ({"distinct_id": "anonymous"}, None),
        ({"distinct_id": UUID}, UUID),
        ({"distinct_id": UUID, "properties": PYTHON | {"$process_person_profile": False}}, None),  # made up
        ({"distinct_id": UUID, "properties": {"$lib": "web", "$process_person_profile": False}}, UUID),
    ],
)
def test_posthog_s_id_is_that_of_an_installation_unless_its_sdk_made_it_up(fields, identity):
    [event] = posthog([posthog_event(**fields)]).read()

    assert event.identity == (Identity("installation", identity) if identity else None)


def test_a_property_that_says_a_fact_is_not_told_as_dropped():
    properties = {"version": "v2.4.1", "os": "Linux", "runtime": "node", "plan": "gold"}
    [event] = posthog([posthog_event(properties=properties)]).read()

    assert event.facts == Facts("2.4.1", "linux", "", "node")
    assert translate(event, PROGRAM, AT.date()).dropped == {"build.plan"}


@pytest.mark.parametrize("body", [b"", b"x", b"7", b"{}", b'{"batch": 1}', b"data=", b"\xff", b"[" * 5000, b"{" * 5000])
def test_what_is_not_posthog_s_is_refused(body):
    with pytest.raises(MalformedError):
        posthog(body)


def test_an_event_without_an_id_of_its_own_is_known_by_all_that_was_sent():
    sent = [posthog_event(uuid=None), posthog_event(uuid=None), posthog_event(uuid=None, timestamp=None)]
    first, second, third = posthog(sent).read()

    assert first.key == second.key != third.key
    assert (first.has_id, third.key) == (False, None)  # without a moment, two events may be alike


@pytest.mark.parametrize(
    ("read", "key", "token"),
    [
        (token_in, TOKEN, TOKEN), (token_in, f"phc_{TOKEN}", TOKEN), (token_in, "phc_short", ""), (token_in, "", ""),
        (token_in_app_key, f"A-SH-{TOKEN}", TOKEN), (token_in_app_key, TOKEN, TOKEN), (token_in_app_key, "A-SH-", ""),
    ],
)  # fmt: skip
def test_a_key_is_the_token_of_the_program(read, key, token):
    assert read(key) == token


def aptabase_event(**fields: Any) -> dict[str, Any]:
    system = {
        "osName": "Darwin", "deviceModel": "arm64", "appVersion": "2.4.1", "isDebug": False, "locale": "en-US",
        "sdkVersion": "aptabase-python@0.1.0",
    }  # fmt: skip
    return {
        "timestamp": "2026-11-25T10:04:05Z", "sessionId": "s-1", "eventName": "build", "systemProps": system,
        "props": {"format": "html"},
    } | fields  # fmt: skip


def aptabase(body: Any, user_agent: str = "") -> Opened:
    return open_aptabase(json.dumps(body).encode(), f"A-SH-{TOKEN}", user_agent)


def test_aptabase_sends_an_event_or_a_list_and_knows_only_sessions():
    for body in (aptabase_event(), [aptabase_event()]):
        sent = aptabase(body)
        [event] = sent.read()
        assert (sent.token, event.name, event.properties) == (TOKEN, "build", {"format": "html"})
        assert (event.identity, event.at_us) == (Identity("session", "s-1"), AT_NS // 1000)
        assert event.facts == Facts("2.4.1", "macos", "arm64")


@pytest.mark.parametrize(
    ("user_agent", "system"),
    [
        ("Mozilla/5.0 (Macintosh) Not-A-Browser", "macos"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "linux"),
        ("curl/8", ""),
    ],
)
def test_aptabase_for_javascript_names_the_system_in_its_user_agent(user_agent, system):
    event = aptabase_event(systemProps={"sdkVersion": "aptabase-web@0.5.0", "appVersion": "2.4.1"})

    assert aptabase(event, user_agent).read()[0].facts == Facts("2.4.1", system)


def test_what_a_developer_does_while_testing_does_not_count():
    assert aptabase(aptabase_event(systemProps={"isDebug": True})).read() == []


@pytest.mark.parametrize("body", [7, None, ["x"], "x"])
def test_what_is_not_aptabase_s_is_refused(body):
    with pytest.raises(MalformedError):
        aptabase(body).read()


RESOURCE = {
    "service.version": "2.4.1", "service.instance.id": "i-1", "os.type": "darwin", "host.arch": "amd64",
    "process.runtime.name": "cpython", "process.runtime.version": "3.12.1", "host.name": "desk", "process.pid": 7,
}  # fmt: skip
ATTRIBUTES: dict[str, Any] = {"format": "html", "draft": True, "seconds": 2.5, "n": -3}


def json_value(value: Any) -> dict[str, Any]:
    kinds = {str: "stringValue", bool: "boolValue", float: "doubleValue"}
    return {"intValue": str(value)} if type(value) is int else {kinds[type(value)]: value}


def json_attributes(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": json_value(value)} for key, value in attributes.items()]


def in_json(resource: dict[str, Any], *records: dict[str, Any]) -> bytes:
    wire = [
        {"timeUnixNano": str(AT_NS)} | record | {"attributes": json_attributes(record.get("attributes", {}))}
        for record in records
    ]
    resource_logs = {"resource": {"attributes": json_attributes(resource)}, "scopeLogs": [{"logRecords": wire}]}
    return json.dumps({"resourceLogs": [resource_logs]}).encode()


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    parts = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def any_value(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x10" + varint(value)
    if isinstance(value, int):
        return b"\x18" + varint(value)
    return b"\x21" + struct.pack("<d", value) if isinstance(value, float) else written(1, value.encode())


def key_values(field: int, attributes: dict[str, Any]) -> bytes:
    pairs = [written(1, key.encode()) + written(2, any_value(value)) for key, value in attributes.items()]
    return b"".join(written(field, pair) for pair in pairs)


def in_protobuf(resource: dict[str, Any], *records: dict[str, Any]) -> bytes:
    wire = b""
    for record in records:
        content = b"\x09" + struct.pack("<Q", AT_NS) + b"\x45\x01\0\0\0" + key_values(6, record.get("attributes", {}))
        if "body" in record:
            content += written(5, written(1, record["body"]["stringValue"].encode()))
        wire += written(2, content + written(12, record.get("eventName", "").encode()))
    return written(1, written(1, key_values(1, resource)) + written(2, written(1, b"") + wire))


@pytest.mark.parametrize("make", [in_json, in_protobuf])
def test_opentelemetry_s_records_say_the_same_in_both_forms(make):
    records = [{"eventName": "build", "attributes": ATTRIBUTES}, {"body": {"stringValue": "failed"}}]
    sent = open_otlp(make(RESOURCE, *records), "", is_json=make is in_json)

    build, failed = sent.read()
    assert (build.name, build.properties, build.at_us) == ("build", ATTRIBUTES, AT_NS // 1000)
    assert build.identity == Identity("installation", "i-1")
    assert build.facts == Facts("2.4.1", "macos", "x86-64", "python3.12")
    assert (build.more, failed.more) == (("host.name", "process.pid"), ())
    assert (build.is_named, failed.name, failed.is_named) == (True, "failed", False)


@pytest.mark.parametrize(
    ("resource", "identity"),
    [
        ({"service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09"}, "session"),  # as SDKs make it up
        ({"service.instance.id": "627cc493-f310-57de-96bd-71410b7dec09"}, "installation"),
        ({"app.installation.id": "627cc493-f310-47de-96bd-71410b7dec09"}, "installation"),
        ({"host.id": "machine"}, None),
        ({"service.instance.id": " "}, None),
    ],
)
def test_an_id_that_opentelemetry_makes_up_at_each_start_is_not_an_installation_s(resource, identity):
    [event] = open_otlp(in_json(resource, {"eventName": "build"}), "", is_json=True).read()

    assert (event.identity.kind if event.identity else None) == identity


def test_too_many_events_are_refused_before_they_are_read():
    many = MAX_EVENTS + 1
    records = [{"eventName": "x"}] * many
    for read in (
        lambda: posthog([posthog_event()] * many),
        lambda: aptabase([aptabase_event()] * many),
        lambda: open_otlp(in_json({}, *records), "", is_json=True),
        lambda: open_otlp(in_protobuf({}, *records), "", is_json=False),
        lambda: open_otlp(b"\x0a\x00" * many, "", is_json=False),
        lambda: open_otlp(written(1, b"\x12\x00" * many), "", is_json=False),
        lambda: open_otlp(b'{"resourceLogs":[' + b"{}," * many + b"{}]}", "", is_json=True),
    ):
        with pytest.raises(TooManyError):
            read().read()


@pytest.mark.parametrize(
    "message",
    [b"\x0a", b"\x0a\x05abc", b"\xff" * 11, b"\x0b", b"\x09\x01", b"\x0d\x01", b"\x08", b"\x0a\xff\xff\xff\xff\x7f"],
)
def test_a_broken_message_is_refused(message):
    with pytest.raises(MalformedError):
        list(fields(message))


@settings(max_examples=300, deadline=None)
@given(body=st.binary() | st.text().map(str.encode) | st.binary().map(gzip.compress))
def test_any_bytes_are_read_or_refused(body):
    for read in (
        lambda: posthog(body, b"", b"compression=base64"),
        lambda: open_aptabase(body, "", ""),
        lambda: open_otlp(body, "", is_json=True),
        lambda: open_otlp(body, "", is_json=False),
        lambda: open_otlp(written(1, written(2, written(2, body))), "", is_json=False),
    ):
        with suppress(MalformedError, TooManyError):
            read().read()
