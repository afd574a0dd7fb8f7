import json
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.programs.declaration import read_declaration
from collector.programs.forms import MAX_NUMBER, MAX_USED
from collector.programs.report import Used
from collector.programs.weeks import week_of
from collector.programs.wire import MAX_REJECTIONS, MAX_WRONG_USED, Checked, MalformedError, check
from tests.programs import DECLARATION, SCHEMA, envelope, report, used

TODAY = date(2026, 11, 25)  # a Wednesday
YESTERDAY = TODAY - timedelta(1)
PROGRAM = read_declaration(DECLARATION)
HOSTILE = "<script>; DROP TABLE --"


def checked(*reports: Any, **fields: Any) -> Checked:
    return check(envelope(*reports, **fields), PROGRAM, TODAY)


def fields_of(found: Checked) -> list[tuple[int, str]]:
    return [(rejection.index, rejection.field) for rejection in found.rejections]


def without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


@pytest.mark.parametrize(
    "report_fields",
    [
        {},
        {"day": "2026-10-25", "gap": 32, "since": "2026-W38"},
        {"gap": None, "since": "2026-W48"},
        {"gap": 3, "since": "2026-W47"},
        {"gap": 2, "since": "2026-W48"},  # it began on Monday
        {"gap": 32, "since": "2020-W53"},
        {"version": "2.5.0-rc1", "from": "other"},
        {"version": "other", "os": "other", "arch": "other", "runtime": "sh"},
        {"driver": "container"},
        {"used": []},
    ],
)
def test_a_right_report_is_taken_as_it_is(report_fields):
    sent = report(TODAY, **report_fields)
    found = checked(sent)

    assert found.rejections == []
    [taken] = found.reports
    expected = without(sent, "used") if not sent.get("used") else sent
    assert json.loads(msgspec.json.encode(taken)) == without(expected, "gap" if sent["gap"] is None else "")


def test_an_upgrade_from_the_same_version_is_none():
    [taken] = checked(report(TODAY, **{"version": "2.4.1", "from": "2.4.1"})).reports
    assert taken.from_version == ""


def test_a_report_without_a_gap_is_a_first_one():
    [taken] = checked(without(report(TODAY, since="2026-W48"), "gap")).reports
    assert taken.gap is None


@pytest.mark.parametrize(
    ("report_fields", "field"),
    [
        ({"id": "A" * 32}, "id"),
        ({"id": "0" * 31}, "id"),
        ({"id": 7}, "id"),
        ({"day": "2026-11-26"}, "day"),
        ({"day": "2026-10-24"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "20261125"}, "day"),
        ({"day": "2026-11-25T00:00"}, "day"),
        ({"day": ["2026-11-25"]}, "day"),
        ({"gap": 0}, "gap"),
        ({"gap": 33}, "gap"),
        ({"gap": -1}, "gap"),
        ({"gap": True}, "gap"),
        ({"gap": 1.0}, "gap"),
        ({"gap": "1"}, "gap"),
        ({"gap": None, "since": "2026-W47"}, "since"),
        ({"gap": None, "since": "2026-W49"}, "since"),
        ({"gap": 3, "since": "2026-W48"}, "since"),  # three days before, it was Sunday of the week before
        ({"gap": 1, "since": "2026-W49"}, "since"),
        ({"since": "2026-W54"}, "since"),
        ({"since": "2025-W53"}, "since"),  # that year has 52
        ({"since": "2026-W00"}, "since"),
        ({"since": "2019-W52"}, "since"),
        ({"since": "0000-W01"}, "since"),
        ({"since": "2026-48"}, "since"),
        ({"since": None}, "since"),
        ({"version": HOSTILE}, "version"),
        ({"version": ""}, "version"),
        ({"version": "v2.4.1"}, "version"),
        ({"version": "123456.123456.123456.123456-snapshot.12345678"}, "version"),
        ({"version": 2}, "version"),
        ({"from": "2.4.1\n"}, "from"),
        ({"from": None}, "from"),
        ({"os": "Linux"}, "os"),
        ({"os": ["linux"]}, "os"),
        ({"arch": "x86_64"}, "arch"),
        ({"runtime": "python3.12.1"}, "runtime"),
        ({"runtime": "python3.\uff11"}, "runtime"),
        ({"driver": "installations"}, "driver"),
        ({"used": {}}, "used"),
        ({"used": [{}] * (MAX_USED + 1)}, "used"),
        ({"country": "DE"}, "country"),
        ({"hostname": "secret"}, "hostname"),
        ({HOSTILE: 1}, ""),
        ({"é" * 10: 1}, ""),
    ],
)
def test_a_report_with_a_wrong_field_is_rejected_as_a_whole_and_no_value_is_repeated(report_fields, field):
    found = checked(report(TODAY), report(TODAY, **report_fields), report(YESTERDAY))

    assert [taken.day for taken in found.reports] == ["2026-11-25", "2026-11-24"]
    assert fields_of(found) == [(1, field)]
    assert HOSTILE not in found.rejections[0].reason


@pytest.mark.parametrize("name", ["id", "day", "since", "version", "os", "arch", "runtime", "driver"])
def test_a_report_without_a_field_that_all_have_is_rejected(name):
    found = checked(without(report(TODAY), name))
    assert (found.reports, fields_of(found)) == ([], [(0, name)])
    assert found.rejections[0].reason == "is missing"


@pytest.mark.parametrize(
    ("entry_fields", "field"),
    [
        ({"day": "2026-11-25"}, ".day"),
        ({"day": "2026-10-24"}, ".day"),
        ({"day": 0}, ".day"),
        ({"event": "undeclared"}, ".event"),
        ({"event": ["build"]}, ".event"),
        ({"event": HOSTILE}, ".event"),
        ({"event": "former"}, ".event"),
        ({"n": 0}, ".n"),
        ({"n": MAX_NUMBER + 1}, ".n"),
        ({"n": True}, ".n"),
        ({"n": "1"}, ".n"),
        ({"gap": 33}, ".gap"),
        ({"gap": "null"}, ".gap"),
        ({"p": []}, ".p"),
        ({"p": {"format": "docx"}}, ".p.format"),
        ({"p": {"format": HOSTILE}}, ".p.format"),
        ({"p": {"format": ["html"]}}, ".p.format"),
        ({"p": {"format": None}}, ".p.format"),
        ({"p": {"draft": "true"}}, ".p.draft"),
        ({"p": {"draft": 1}}, ".p.draft"),
        ({"p": {"engine": "latest"}}, ".p.engine"),
        ({"p": {"seconds": 3}}, ".p.seconds"),
        ({"p": {"undeclared": 1}}, ".p.undeclared"),
        ({"p": {HOSTILE: "html"}}, ".p"),
        ({"h": []}, ".h"),
        ({"h": {"seconds": [0, 0, 1]}}, ".h.seconds"),
        ({"h": {"seconds": [0, 0, 1, 0, 0]}}, ".h.seconds"),
        ({"h": {"seconds": {"0": 1}}}, ".h.seconds"),
        ({"h": {"seconds": [0, 0, 2, 0]}}, ".h.seconds"),
        ({"h": {"seconds": [-1, 0, 2, 0]}}, ".h.seconds"),
        ({"h": {"seconds": [True, 0, 0, 0]}}, ".h.seconds"),
        ({"h": {"format": [1]}}, ".h.format"),
        ({"h": {HOSTILE: [1]}}, ".h"),
        ({"who": "me"}, ".who"),
        ({HOSTILE: 1}, ""),
    ],
)
def test_a_wrong_entry_of_used_is_left_out_and_its_report_is_taken(entry_fields, field):
    right, wrong = used(YESTERDAY - timedelta(1)), used(YESTERDAY, **entry_fields)
    found = checked(report(TODAY, gap=32, since="2026-W20", used=[right, wrong]))

    assert fields_of(found) == [(0, f"used[1]{field}")]
    assert HOSTILE not in found.rejections[0].reason
    assert [[entry.day for entry in taken.used] for taken in found.reports] == [["2026-11-23"]]


@pytest.mark.parametrize("name", ["day", "event", "n"])
def test_an_entry_without_a_field_that_all_have_is_left_out(name):
    assert fields_of(checked(report(TODAY, used=[without(used(YESTERDAY), name)]))) == [(0, f"used[0].{name}")]


@pytest.mark.parametrize("entry", [None, 1, "build", [], True])
def test_an_entry_that_is_no_object_is_left_out(entry):
    assert fields_of(checked(report(TODAY, used=[entry]))) == [(0, "used[0]")]


def test_a_whole_entry_is_taken():
    entry = used(
        YESTERDAY,
        n=12,
        gap=2,
        p={"format": "other", "draft": False, "engine": "1.2"},
        h={"seconds": [0, 3, 8, 1]},
    )
    [taken] = checked(report(TODAY, used=[entry])).reports
    assert taken.used == [Used("2026-11-24", "build", 12, 2, entry["p"], entry["h"])]


def test_entries_of_one_day_and_event_must_have_one_gap_and_different_properties():
    html, pdf = {"format": "html"}, {"format": "pdf"}
    entries = [
        used(YESTERDAY, gap=2, p=html),
        used(YESTERDAY, gap=2, p=pdf),
        used(YESTERDAY, gap=3),
        used(YESTERDAY, gap=2, p=html),
        used(YESTERDAY - timedelta(1), gap=3, p=html),
    ]
    found = checked(report(TODAY, gap=5, since="2026-W40", used=entries))

    assert fields_of(found) == [(0, "used[2].gap"), (0, "used[3]")]
    assert len(found.reports[0].used) == 3


def test_what_was_used_can_not_be_older_than_the_first_report_or_a_month():
    sunday, month_ago = date(2026, 11, 22), TODAY - timedelta(31)
    young = report(TODAY, gap=2, since="2026-W48", used=[used(sunday), used(sunday + timedelta(1))])
    old = report(TODAY, gap=32, since="2026-W20", used=[used(month_ago), used(month_ago - timedelta(1))])
    first = report(TODAY, gap=None, since="2026-W48", used=[used(sunday)])  # told on Sunday, and used then

    assert fields_of(checked(young, old, first)) == [(0, "used[0].day"), (1, "used[1].day")]


def test_an_event_is_taken_until_its_last_day():
    text = DECLARATION.replace("2026-01-31", "2026-11-23")
    entries = [used(TODAY - timedelta(days), event="former") for days in (1, 2)]
    body = envelope(report(TODAY, gap=32, since="2026-W20", used=entries))

    assert fields_of(check(body, read_declaration(text), TODAY)) == [(0, "used[0].event")]


def test_a_sender_whose_clock_is_wrong_is_told_so_and_nothing_is_taken():
    found = checked(report(TODAY), report(YESTERDAY), today="2026-11-24")
    assert (found.reports, fields_of(found)) == ([], [(0, "today"), (1, "today")])
    assert len(checked(report(TODAY), today="2026-11-25").reports) == 1


def test_any_schema_is_taken_because_what_counts_is_todays_declaration():
    assert len(checked(report(TODAY), schema="f" * 16).reports) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"null", ""),
        (b"[]", ""),
        (b'"reports"', ""),
        (b"\xff\xfe{}", ""),
        (b'{"v": 1, "v', ""),
        (b'{"v": NaN}', ""),
        (b'{"v": 1e999}', ""),
        (b"[" * 60_000, ""),
        (b'{"v":' * 12_000, ""),
        (b'{"v": 1, "reports": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", ""),
        (b"{}", "v"),
        (envelope(report(TODAY), v=2), "v"),
        (envelope(report(TODAY), v=True), "v"),
        (envelope(report(TODAY), v="1"), "v"),
        (envelope(report(TODAY), schema="9c1f"), "schema"),
        (envelope(report(TODAY), schema="9C1F9C1F9C1F9C1F"), "schema"),
        (envelope(report(TODAY), schema=1), "schema"),
        (envelope(report(TODAY), today="yesterday"), "today"),
        (envelope(report(TODAY), today=20261125), "today"),
        (envelope(report(TODAY), today=None), "today"),
        (envelope(), "reports"),
        (envelope(*[report(TODAY)] * 32), "reports"),
        (json.dumps({"v": 1, "schema": SCHEMA}).encode(), "reports"),
        (json.dumps({"v": 1, "schema": SCHEMA, "reports": {}}).encode(), "reports"),
        (envelope(report(TODAY), "x"), "reports[1]"),
        (envelope(report(TODAY), secret="x"), "secret"),
        (envelope(report(TODAY), **{HOSTILE: 1}), ""),
    ],
)
def test_a_request_that_can_not_be_read_is_malformed_and_names_the_field(body, field):
    with pytest.raises(MalformedError) as caught:
        check(body, PROGRAM, TODAY)

    assert caught.value.field == field
    assert HOSTILE not in str(caught.value)


def test_a_small_request_gets_a_small_answer_and_is_read_in_a_bounded_time():
    reports = [report(TODAY, used=[{}] * MAX_USED) for _ in range(5)]
    found = checked(*reports)
    assert (len(found.reports), len(found.rejections)) == (5, MAX_REJECTIONS)

    entries = [*[{}] * MAX_WRONG_USED, used(YESTERDAY)]
    found = check(envelope(report(TODAY, used=entries)), PROGRAM, TODAY)
    assert found.reports[0].used == []


def test_weeks_are_those_of_iso_8601():
    assert [week_of(date(*day)) for day in ((2026, 11, 25), (2027, 1, 3), (2024, 12, 30))] == [
        "2026-W48",
        "2026-W53",
        "2025-W01",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(["p", "h"]), inner)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from([*report(TODAY), "from", "used", "x"])
ENTRY_NAMES = st.sampled_from(["day", "event", "n", "gap", "p", "h", "x"])
FIELDS = st.dictionaries(NAMES, JSON, max_size=2)
ENTRIES = st.lists(st.dictionaries(ENTRY_NAMES, JSON, max_size=2).map(lambda fields: used(YESTERDAY) | fields) | JSON)


@settings(max_examples=100, deadline=None)
@given(
    fields=FIELDS, entries=ENTRIES, top=st.dictionaries(st.sampled_from(["v", "today", "reports"]), JSON, max_size=1)
)
def test_whatever_json_says_is_taken_or_rejected_and_what_is_taken_is_as_declared(fields, entries, top):
    body = json.dumps({"v": 1, "schema": SCHEMA, "reports": [report(TODAY, used=entries) | fields]} | top).encode()
    try:
        found = check(body, PROGRAM, TODAY)
    except MalformedError:
        return
    for taken in found.reports:
        for entry in taken.used:
            assert entry.event == "build"
            assert entry.p.keys() <= {"format", "draft", "engine"}
            assert entry.h.keys() <= {"seconds"}
            assert 1 <= entry.n <= MAX_NUMBER
