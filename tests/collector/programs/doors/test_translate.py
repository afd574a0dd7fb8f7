from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.programs.doors.sent import Facts, SentEvent
from collector.programs.doors.translate import Translation, translate
from tests.collector.programs.doors.declared import PROGRAM

TODAY = date(2026, 11, 25)


def translated(name: str, properties: dict[str, Any], *more: str) -> Translation:
    return translate(SentEvent(name, properties, None, 0, None, has_id=False, facts=Facts(), more=more), PROGRAM, TODAY)


@pytest.mark.parametrize(
    ("properties", "values", "bins"),
    [
        ({"format": "html"}, {"format": "html"}, {}),
        ({"format": "docx"}, {"format": "other"}, {}),
        ({"format": "/home/john/secret"}, {"format": "other"}, {}),
        ({"Format": "pdf"}, {"format": "pdf"}, {}),
        ({"format": None}, {}, {}),
        ({"format": ["html"]}, {}, {}),
        ({"draft": True, "engine": "v1.2+x"}, {"draft": True, "engine": "1.2"}, {}),
        ({"draft": "false", "engine": 3}, {"draft": False, "engine": "3"}, {}),
        ({"draft": 1}, {}, {}),
        ({"draft": "perhaps", "engine": "main"}, {"engine": "other"}, {}),
        ({"seconds": 0.5}, {}, {"seconds": 0}),
        ({"seconds": 1}, {}, {"seconds": 1}),
        ({"seconds": 30}, {}, {"seconds": 3}),
        ({"seconds": -1e300}, {}, {"seconds": 0}),
        ({"seconds": float("nan")}, {}, {}),
        ({"seconds": 10**400}, {}, {}),
        ({"seconds": True}, {}, {}),
        ({"seconds": "3"}, {}, {}),
    ],
)
def test_a_declared_property_is_kept_in_its_declared_form(properties, values, bins):
    kept = translated("build", properties).kept

    assert (kept.event, kept.values, kept.bins) == ("build", values, bins)


@pytest.mark.parametrize(
    ("name", "kept", "dropped"),
    [
        ("build", True, {"build.secret_plan"}),
        ("Build", True, {"build.secret_plan"}),
        ("former", False, set()),  # its last day is past
        ("Plan Chosen", False, {"plan_chosen"}),
        ("john@example.com", False, set()),
    ],
)
def test_what_is_not_declared_is_dropped_and_only_its_name_is_told(name, kept, dropped):
    translation = translated(name, {"secretPlan": "gold", "john@example.com": 1, "draft": True})

    assert (translation.kept is not None, translation.dropped) == (kept, dropped)


def test_a_failure_takes_its_class_from_what_opentelemetry_calls_it():
    sent = {"error.type": "disk", "process.exit.code": 2}

    translation = translated("failed", sent, "host.name", "process.command_args")

    assert translation.kept.values == {"class": "disk", "exit_code": "2"}
    assert translation.dropped == {"host_name", "process_command_args"}
    assert translated("failed", sent | {"class": "network"}).kept.values["class"] == "network"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(["build", "failed"]) | st.text(),
    properties=st.dictionaries(
        st.sampled_from(["format", "draft", "engine", "seconds", "class", "error.type"]) | st.text(), json_values
    ),
)
def test_whatever_is_sent_what_is_kept_is_as_declared(name, properties):
    kept = translated(name, properties).kept

    if kept is not None:
        declared = PROGRAM.events[kept.event].properties
        assert all(declared[one].admits(value) for one, value in kept.values.items())
        assert all(0 <= index < declared[one].bins for one, index in kept.bins.items())
