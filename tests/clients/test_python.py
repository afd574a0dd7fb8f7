"""The Python client: off means nothing, and nothing before somebody was told."""

import ast
import json
import os
from pathlib import Path

import pytest

from tests.clients.declared import declared
from tests.clients.python import Paperclip, day
from tests.clients.stub import no_server
from tests.clients.trace import traced
from tests.disks import small_disk

EVERYTHING = """
f.start('2.4.1')
f.record('build', format='html', seconds=3)
with f.timer('build', 'seconds'): pass
print(f.status())
f.show(), f.sent(), f.verify()
"""
TEMPLATE = Path(__file__).parents[2] / "collector" / "programs" / "client_templates" / "client.py"


@pytest.fixture
def paperclip(device) -> Paperclip:
    """Return a program whose user was told yesterday, so that today's report is due. No server listens."""
    paperclip = Paperclip(device, no_server())
    paperclip.tell()
    return paperclip


def off_trace(paperclip: Paperclip, code: str = EVERYTHING, **variables: str) -> str:
    """Run everything on a terminal under a trace, check that nothing happened, and return the status."""
    files = paperclip.device.files()

    command = paperclip.command(f"\n{code}")
    trace = traced(paperclip.device, command, on_terminal=True, **paperclip.at(1, **variables))

    assert (trace.result.code, trace.result.err) == (0, b"")
    assert (trace.writes, trace.processes, trace.sockets) == ([], [], [])
    assert paperclip.device.files() == files
    return trace.result.out.decode().strip()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"DO_NOT_TRACK": "1"}, "DO_NOT_TRACK is set"),
        ({"DO_NOT_TRACK": "yes", "PAPERCLIP_TELEMETRY": "1"}, "DO_NOT_TRACK is set"),
        *(({"PAPERCLIP_TELEMETRY": word}, f"PAPERCLIP_TELEMETRY is {word.lower()}") for word in ("0", "FALSE", "off")),
        ({"PAPERCLIP_TELEMETRY_DISABLED": "1"}, "PAPERCLIP_TELEMETRY_DISABLED is set"),
        ({"TELEMETRY_DISABLED": "true"}, "TELEMETRY_DISABLED is set"),
        ({"DISABLE_TELEMETRY": "1"}, "DISABLE_TELEMETRY is set"),
        ({"CI": "true"}, "a CI system runs it (CI is set)"),
        ({"TF_BUILD": "True"}, "a CI system runs it (TF_BUILD is set)"),
        ({"CLAUDECODE": "1"}, "a coding agent runs it (CLAUDECODE is set)"),
        ({"HOME": ""}, "there is no home directory"),
    ],
)
def test_off_by_a_variable_does_nothing(paperclip, variables, reason):
    assert off_trace(paperclip, **variables) == f"off: {reason}"


@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"])
def test_off_where_nothing_can_be_remembered_does_nothing(paperclip, tmp_path, variable):
    with small_disk(tmp_path / "disk", 64, is_read_only=True) as disk:
        variables = {variable: str(disk / "home"), "PAPERCLIP_TELEMETRY": "1"}
        assert off_trace(paperclip, **variables) == f"off: {disk} can't be written"


def test_off_by_the_packager_does_nothing_and_looks_at_nothing(paperclip):
    paperclip.install(paperclip.program, ("\nOFF = False", "\nOFF = True"))

    assert off_trace(paperclip) == "off: it was switched off by who packaged Paperclip"


def test_off_by_the_file_of_the_machine_does_nothing(paperclip, tmp_path):
    (tmp_path / "off").touch()
    paperclip.install(paperclip.program, ('"/etc/footfall/off"', repr(str(tmp_path / "off"))))

    assert off_trace(paperclip) == f"off: {tmp_path / 'off'} exists"


def test_off_by_choice_does_nothing(paperclip):
    assert paperclip.run("print(f.disable())").out == b"off: you chose it\n"
    assert paperclip.device.files() == {".config/paperclip/telemetry/choice": b"choice off\n"}

    assert off_trace(paperclip) == "off: you chose it"


def test_off_by_the_developer_does_nothing_even_after_a_notice(paperclip):
    paperclip.install(declared(mode="off"))

    assert off_trace(paperclip) == "off: it is off unless you enable it"
    assert paperclip.run("print(f.enable())").out == b"on: you chose it\n"


def test_a_library_does_nothing_before_its_program_allows_it(paperclip):
    paperclip.install(declared(kind="library"))

    assert off_trace(paperclip) == "off: the program that uses it did not allow it"
    assert paperclip.run("f.allow(); f.start('1'); print(f.status())").out.startswith(b"on: you were told on")


def test_root_in_the_home_of_somebody_else_does_nothing(paperclip):
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in (paperclip.device.home, *paperclip.device.home.rglob("*")):
        os.chown(path, 12345, 12345)

    assert off_trace(paperclip) == "off: root runs it in the home of somebody else"


def test_without_start_nothing_happens(paperclip):
    off_trace(paperclip, "f.record('open')\nwith f.timer('build', 'seconds'): pass")


def test_off_costs_one_look_and_the_choice_another(paperclip):
    command = paperclip.command("f.start('1'); f.record('open')")
    by_variable = traced(paperclip.device, command, **paperclip.at(1, DO_NOT_TRACK="1"))
    assert len(by_variable.looks) == 1, by_variable.looks
    paperclip.run("f.disable()")
    by_choice = traced(paperclip.device, command, **paperclip.at(1))
    assert len(by_choice.looks) == 2, by_choice.looks


@pytest.mark.parametrize(
    "variables",
    [
        *({"DO_NOT_TRACK": word} for word in ("", "0", "False", "no", "OFF")),
        {"PAPERCLIP_TELEMETRY": ""},
        {"DISABLE_TELEMETRY": "0", "TELEMETRY_DISABLED": "false", "PAPERCLIP_TELEMETRY_DISABLED": "no"},
        {"DISABLE_TELEMETRY": "1", "CI": "1", "PAPERCLIP_TELEMETRY": "1"},
    ],
)
def test_on_is_what_no_switch_turns_off(paperclip, variables):
    assert paperclip.run("print(f.status())", **variables).out.startswith(b"on: ")


def test_it_runs_on_python_3_8():
    ast.parse(TEMPLATE.read_text("utf-8"), feature_version=(3, 8))


def test_it_imports_nothing_that_python_has_not_loaded(paperclip):
    """Heavy modules are for the process that sends. `warnings` is loaded by Python itself where it has a need."""
    code = "before = set(sys.modules); f.start('1'); f.record('open'); print(sorted(set(sys.modules) - before))"
    heavy = {"json", "subprocess", "hmac", "hashlib", "datetime", "tempfile", "threading", "re", "socket", "urllib"}

    imported = set(ast.literal_eval(paperclip.run(code).out.decode()))

    assert imported & heavy == set()


# Telling and asking.


def test_nothing_is_recorded_before_the_notice_was_shown(device):
    paperclip = Paperclip(device, no_server())

    result = paperclip.run("f.start('1'); f.record('open'); print(f.status())", 0)

    assert result.out == b"off until the notice was shown on a terminal\n"
    assert device.files() == {}


def test_the_notice_is_shown_once_and_the_first_report_is_made_on_a_later_day(device, stub):
    paperclip = Paperclip(device, stub.url)

    first = paperclip.run_on_terminal("f.start('1'); f.record('open'); print('done')")
    assert (first.out, first.err.count(b"\n")) == (b"done\n", 4)
    assert b"To learn which formats" in first.err
    assert f"{stub.url}/about/".encode() in first.err
    assert b"PAPERCLIP_TELEMETRY=off" in first.err
    again = paperclip.run_on_terminal("f.start('1'); f.record('open')")
    assert again.err == b""
    assert stub.requests == []
    assert device.config.stat().st_mode & 0o777 == 0o700
    assert (device.config / "choice").stat().st_mode & 0o777 == 0o600

    paperclip.run("f.start('1')")
    (report,) = stub.reports()
    assert (report["day"], report["gap"], report["used"][0]["n"]) == (day(1), None, 2)


@pytest.mark.parametrize(("typed", "status"), [("y\n", "on: you chose it"), ("\n", "off: you chose it")])
def test_asked_once_the_answer_is_remembered(device, stub, typed, status):
    paperclip = Paperclip(device, stub.url, declared(mode="ask"))
    code = "f.start('1'); f.record('open'); print(f.status())"

    assert paperclip.run(code, 0).out == b"off until you agree, on a terminal\n"
    first = paperclip.run_on_terminal(code, typed=typed)
    assert first.err.endswith(b"[y/N] ")
    assert first.out.decode() == f"{status}\n"
    assert paperclip.run_on_terminal(code).err == b""
    paperclip.run(code, 1)
    assert len(stub.reports()) == (typed == "y\n")


def test_who_set_the_variable_is_not_told_and_does_not_wait(device, stub):
    paperclip = Paperclip(device, stub.url, declared(mode="ask"))

    assert paperclip.run_on_terminal("f.start('1')", PAPERCLIP_TELEMETRY="on").err == b""
    assert [report["day"] for report in stub.reports()] == [day(0)]


def test_the_first_report_of_a_server_waits_until_it_remembers_an_earlier_day(device, stub):
    paperclip = Paperclip(device, stub.url, declared(kind="server"))
    code = "f.show(); f.start('1'); f.record('open'); print(f.show(), end='')"

    first = paperclip.run(code, 0, PAPERCLIP_TELEMETRY="on")
    assert sorted(path.name for path in device.state.iterdir()) == [f"claim-{day(0)}", f"events-{day(0)}"]
    assert [report["day"] for report in json.loads(first.out)["reports"]] == [day(1)]
    paperclip.run(code, 0, PAPERCLIP_TELEMETRY="on")
    assert stub.requests == []
    paperclip.run("f.start('1')", 1, PAPERCLIP_TELEMETRY="on")

    assert [(one["day"], one["driver"], one["used"][0]["n"]) for one in stub.reports()] == [(day(1), "server", 2)]


def test_a_wider_schema_waits_for_its_notice_and_a_narrower_one_for_nothing(device, stub):
    paperclip = Paperclip(device, stub.url, declared(formats=("html",), with_crash=False))
    use = "f.start('1'); f.record('build', format='pdf'); f.record('crash', library='2.0'); f.record('open')"
    paperclip.run_on_terminal(use, 0)
    paperclip.install(declared())
    paperclip.run(use, 1)
    assert paperclip.state(f"events-{day(1)}") == "build format=other\nopen\n"
    assert b"reports more" in paperclip.run_on_terminal(use, 2).err
    assert paperclip.state(f"events-{day(2)}") == "build format=pdf\ncrash library=2.0\nopen\n"
    paperclip.install(declared(formats=("html",), with_crash=False))
    assert paperclip.run_on_terminal(use, 3).err == b""

    assert [report["day"] for report in stub.reports()] == [day(1), day(2), day(3)]
    assert [(entry["event"], entry.get("p")) for entry in stub.reports()[2]["used"]] == [
        ("build", {"format": "other"}),
        ("open", None),
    ]


def test_properties_that_nobody_was_told_of_are_left_out(paperclip):
    choice = paperclip.device.config / "choice"
    former = [line for line in choice.read_text().splitlines() if "build.draft" not in line and "seconds" not in line]
    choice.write_text("\n".join(["schema 0000000000000000", *former[1:]]) + "\n")

    paperclip.run("f.start('1'); f.record('build', format='html', draft=True, seconds=1)", 0)

    assert paperclip.state(f"events-{day(0)}") == "build format=html\n"


def test_declining_more_is_remembered_and_keeps_what_was_agreed(device):
    paperclip = Paperclip(device, no_server(), declared(mode="ask", with_crash=False))
    use = "f.start('1'); f.record('crash'); f.record('open'); print(f.status())"
    paperclip.run_on_terminal(use, 0, typed="y\n")
    paperclip.install(declared(mode="ask"))

    assert b"report more" in paperclip.run_on_terminal(use, 1, typed="n\n").err
    assert paperclip.run_on_terminal(use, 1).err == b""
    assert paperclip.state(f"events-{day(1)}") == "open\nopen\n"


def test_no_report_is_made_of_a_country_that_nobody_was_told_of(paperclip, stub):
    paperclip.server = stub.url
    paperclip.install(declared(country=True))

    paperclip.run("f.start('1')", 1)
    assert stub.requests == []
    paperclip.run_on_terminal("f.start('1')", 1)
    assert [report["day"] for report in stub.reports()] == [day(1)]


def test_ci_systems_and_agents_that_may_report_do_so_apart(device, stub):
    paperclip = Paperclip(device, stub.url, declared(ci=True, agents=True))

    paperclip.run("f.start('1')", 1, CI="true")
    assert paperclip.run_on_terminal("f.start('1')", 1, CLAUDECODE="1").err == b""  # an agent is not told, nor asked
    paperclip.tell()
    paperclip.run("f.start('1')", 2, CLAUDECODE="1")
    paperclip.run("f.start('1')", 2)

    drivers = [(report["day"], report["driver"]) for report in stub.reports()]
    assert drivers[:2] == [(day(1), "ci"), (day(2), "agent")]
    assert drivers[2][1] in ("person", "container")
    assert len({report["id"] for report in stub.reports()}) == 3
