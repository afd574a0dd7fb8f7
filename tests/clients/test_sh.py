"""The client for POSIX shell: what it reports and when, what it asks, and what a person can call."""

import hashlib
import hmac

import pytest

from tests.clients.declared import TOKEN, declared
from tests.clients.shell import SHELLS, SOURCE, START, ShellProgram, tools_only

BUILD = START + "footfall_record build format=html seconds=1 draft=true\n"
NEEDED = "awk cat date dd find grep mkdir mv od rm rmdir sed sh sleep tr uname wc"


@pytest.fixture
def program(device, stub) -> ShellProgram:
    return ShellProgram(device, "dash", stub.url)


@pytest.mark.parametrize("shell", [*SHELLS, "zsh"])
def test_the_first_day_tells_and_each_later_day_reports_the_days_before(shell, device, stub):
    program = ShellProgram(device, shell, stub.url)
    shown = program.run_on_terminal(BUILD)
    assert stub.requests == []
    assert all(part in shown for part in ("Paperclip", "worth our time", f"/about/{TOKEN}/", "PAPERCLIP_TELEMETRY=off"))
    builds = [("html", "0.4"), ("html", "2"), ("pdf", "99"), ("docx", "")]
    code = "\n".join(f"footfall_record build seconds={seconds} format={format}" for format, seconds in builds)

    program.run(START + code + "\nfootfall_record open", "2026-11-26")
    assert program.run_on_terminal(START, day="2026-11-26") == ""
    program.run(START.replace("2.4.1", "v2.5.0+abc"), "2026-11-29")

    first, second = stub.reports()
    assert (first["day"], first["gap"], first["since"], first["version"]) == ("2026-11-26", None, "2026-W48", "2.4.1")
    used = {"day": "2026-11-25", "event": "build", "n": 1, "gap": None, "p": {"draft": True, "format": "html"}}
    assert first["used"] == [used | {"h": {"seconds": [0, 1, 0, 0]}}]
    assert (second["day"], second["gap"], second["since"]) == ("2026-11-29", 3, "2026-W48")
    assert (second["version"], second["from"]) == ("2.5.0", "2.4.1")
    build = {"day": "2026-11-26", "event": "build", "gap": 1}
    assert second["used"] == [
        build | {"n": 2, "p": {"format": "html"}, "h": {"seconds": [1, 0, 1, 0]}},
        build | {"n": 1, "p": {"format": "pdf"}, "h": {"seconds": [0, 0, 0, 1]}},
        build | {"n": 1, "p": {"format": "other"}},
        {"day": "2026-11-26", "event": "open", "n": 1, "gap": None},
    ]
    assert {oct(path.stat().st_mode & 0o777) for path in device.state.iterdir()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in (device.state, device.config)} == {"0o700"}


def test_the_facts_are_those_of_the_wire_format(program, stub):
    program.tell()
    program.run()

    [request] = stub.requests
    assert (request.path, request.headers["Content-Type"]) == (f"/e/{TOKEN}", "application/json")
    body = request.json()
    assert (body["v"], body["schema"], body["today"]) == (1, program.program.schema, "2026-11-25")
    report = body["reports"][0]
    assert (report["os"], report["runtime"]) == ("linux", "sh")
    assert report["arch"] in {"x86-64", "arm64"}
    assert report["driver"] in {"person", "container"}


@pytest.mark.parametrize("tool", ["sha256sum", "shasum", "openssl"])
def test_the_id_is_an_hmac_with_any_tool(program, stub, tool, tmp_path):
    program.tell()
    tools_only(tmp_path / "tools", ("curl", "setsid", "perl", tool, *NEEDED.split()))
    program.variables["PATH"] = str(tmp_path / "tools")

    program.run()

    secret = bytes.fromhex(program.noted("secret"))
    assert len(secret) == 32
    assert stub.reports()[0]["id"] == hmac.new(secret, b"2026-11-25", hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize(("tool", "reason"), [("curl", "no sha256sum"), ("openssl", "no curl")])
def test_without_the_tools_it_is_off(program, device, tool, reason, tmp_path):
    program.tell()
    tools_only(tmp_path / "tools", (tool, *NEEDED.split()))
    program.variables["PATH"] = str(tmp_path / "tools")

    assert reason in program.run(START + "footfall_status")
    assert not device.state.exists()


@pytest.mark.parametrize("has_setsid", [True, False])
def test_wget_sends_the_same(program, stub, tmp_path, has_setsid):
    tools_only(tmp_path / "tools", ("wget", "sha256sum", *NEEDED.split(), *(["setsid"] if has_setsid else [])))
    program.variables["PATH"] = str(tmp_path / "tools")
    program.tell()

    program.run(BUILD)
    stub.status = 404
    program.run(START, "2026-11-26")

    assert [body["today"] for body in stub.bodies()] == ["2026-11-25", "2026-11-26"]
    assert program.noted("verified") == "2026-11-25"
    assert sorted(path.name for path in program.device.state.iterdir()) == [
        *("claim-2026-11-26", "events-2026-11-26", "installation", "sent")
    ]


@pytest.mark.parametrize(("typed", "choice"), [("YES\n", "on"), ("\n", "off")])
def test_it_asks_once_with_no_as_the_default(device, stub, typed, choice):
    program = ShellProgram(device, "dash", stub.url, declared(mode="ask"))

    assert "[y/N]" in program.run_on_terminal(BUILD, typed)

    assert f"choice {choice}\n" in (device.config / "choice").read_text()
    assert program.run_on_terminal(START, day="2026-11-26") == ""
    assert [report["used"][0]["n"] for report in stub.reports()] == ([1] if choice == "on" else [])


def test_a_wider_schema_is_told_again_and_waits_for_that(program, stub):
    program.tell(fields=declared(formats=("html",), with_crash=False).fields())
    code = START + "footfall_record build format=pdf\nfootfall_record crash class=parse\n"

    program.run(code)
    shown = program.run_on_terminal(code, day="2026-11-26")
    program.run(START, "2026-11-27")

    assert "build.format=pdf" in shown
    assert "build.format=html" not in shown
    assert [[(use["event"], use.get("p")) for use in report["used"]] for report in stub.reports()] == [
        [],
        [("build", {"format": "other"})],
        [("build", {"format": "pdf"}), ("crash", {"class": "parse"})],
    ]


def test_a_declined_wider_schema_goes_on_with_the_former(device, stub):
    program = ShellProgram(device, "bash", stub.url, declared(mode="ask"))
    program.tell(choice="on", fields=declared(with_crash=False).fields())

    assert "[y/N]" in program.run_on_terminal(START + "footfall_record crash", "n\n")
    assert program.run_on_terminal(START, day="2026-11-26") == ""

    assert [report["used"] for report in stub.reports()] == [[], []]
    assert f"declined {program.program.schema}" in (device.config / "choice").read_text()


def test_a_country_that_nobody_was_told_of_holds_reports_back(device, stub):
    program = ShellProgram(device, "dash", stub.url, declared(country=True))
    program.tell(fields=declared().fields())

    program.run()

    assert stub.requests == []


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_show_is_what_is_sent_next_and_sent_is_what_was_sent(shell, device, stub):
    program = ShellProgram(device, shell, stub.url)
    program.tell()
    program.run(BUILD)
    shown = program.run(START + "footfall_show")
    [line] = program.run(SOURCE + "footfall_sent").splitlines()

    program.run(START, "2026-11-26")

    assert line == f"2026-11-25 {stub.requests[0].body.decode()}"
    assert shown == stub.requests[1].body.decode() + "\n"
    assert len(program.run(SOURCE + "footfall_sent", "2026-11-26").splitlines()) == 2


def test_what_is_shown_before_the_first_report_is_what_is_sent(program, stub):
    program.run_on_terminal(BUILD)
    shown = program.run(START + "footfall_show")
    program.run(START, "2026-11-26")

    assert shown == stub.requests[0].body.decode() + "\n"


def test_choices_take_effect_at_once_and_last(program, stub):
    code = "s() { footfall_status | cut -d: -f1; }\n" + START + "s; footfall_enable; s; footfall_record open\n"

    assert program.run(code + "footfall_disable; s; footfall_record open").split() == ["off", "on", "off"]
    assert program.run(SOURCE + "footfall_status").endswith("/choice is off\n")
    program.run(START + "footfall_enable", "2026-11-26")
    program.run(START, "2026-11-27")

    assert [(report["day"], report["used"][0]["n"]) for report in stub.reports()] == [("2026-11-27", 1)]


@pytest.mark.parametrize(("shell", "is_off"), [("dash", True), ("zsh", False)])
def test_forget_leaves_nothing_but_a_choice_of_off(shell, device, stub, is_off):
    program = ShellProgram(device, shell, stub.url)
    program.tell()
    program.run(BUILD)
    program.run(START + ("footfall_disable; " if is_off else "") + "footfall_forget; footfall_record open")

    assert list(device.files()) == ([".config/paperclip/telemetry/choice"] if is_off else [])
    program.tell()
    program.run(START, "2026-11-26")
    second = stub.reports()[1]
    assert (second["gap"], second["used"]) == (None, [])


def test_verify_compares_with_what_the_server_publishes(device, stub):
    program = ShellProgram(device, "busybox", stub.url)
    fields = program.program.fields()
    assert "No server was asked" in program.run(SOURCE + "footfall_verify", DO_NOT_TRACK="1")
    program.tell()
    stub.published = {"schema": program.program.schema, "fields": fields}
    assert "the same schema" in program.run(SOURCE + "footfall_verify")
    stub.published = {"schema": "0" * 16, "fields": [*fields[1:], "extra"]}
    answer = program.run(SOURCE + "footfall_verify")

    assert answer.endswith(f"Only this program has: {fields[0]}\nOnly the server has: extra\n")
    assert [request.path for request in stub.requests] == [f"/about/{TOKEN}/declaration.json"] * 2


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_timer_records_seconds_and_keeps_the_exit_status(shell, device, stub):
    program = ShellProgram(device, shell, stub.url)
    program.tell()
    code = "footfall_timer build seconds format=pdf -- sleep 0.6\n"
    code += "footfall_timer build seconds draft=false format=pdf -- sh -c 'echo \"$1\"; exit 3' - 'a  b' || echo $?\n"
    code += "footfall_timer build\nfootfall_timer build seconds -- true"
    assert program.run(START + code) == "a  b\n3\n"
    program.run(START, "2026-11-26")

    used = stub.reports()[1]["used"]
    assert [(use["n"], use.get("p"), use["h"]) for use in used] == [
        (1, {"format": "pdf"}, {"seconds": [0, 1, 0, 0]}),
        (1, {"draft": False, "format": "pdf"}, {"seconds": [1, 0, 0, 0]}),
        (1, None, {"seconds": [1, 0, 0, 0]}),
    ]


def test_a_timer_leaves_the_end_of_a_script_to_its_command(program):
    program.tell()
    code = f"set -e\n{START}work() {{ false; echo went on; }}\nfootfall_timer build seconds -- work\necho went on"

    result = program.device.run(program.command(code), **program.with_variables("2026-11-25", {}))

    assert (result.code, result.out) == (1, b"")


def test_a_library_reports_only_in_a_program_that_allows_it(device, stub):
    program = ShellProgram(device, "dash", stub.url, declared(kind="library"))
    program.tell()

    program.run(BUILD)
    assert not device.state.exists()
    program.run(BUILD.replace("footfall_start", "footfall_allow; footfall_start"))

    assert len(stub.reports()) == 1


@pytest.mark.parametrize(
    ("variables", "facts", "reported"),
    [
        ({"CI": "true"}, {"ci": True}, [("ci", "ci")]),
        ({"CI": "true"}, {"ci": True, "mode": "ask"}, []),
        ({"CLAUDECODE": "1"}, {"agents": True}, []),
        ({"CLAUDECODE": "1", "PAPERCLIP_TELEMETRY": "on"}, {}, [("agent", "agent")]),
    ],
)
def test_who_runs_it_is_reported_apart(device, stub, variables, facts, reported):
    program = ShellProgram(device, "dash", stub.url, declared(**facts))

    program.run(START, **variables)

    assert [report["driver"] for report in stub.reports()] == [driver for driver, _ in reported]
    assert all((device.state / directory / "installation").exists() for _, directory in reported)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_server_reports_first_when_it_has_remembered_another_day(shell, device, stub):
    program = ShellProgram(device, shell, stub.url, declared(kind="server"))
    code, forced = f"set -euf\n{BUILD}footfall_status\nfootfall_show", {"PAPERCLIP_TELEMETRY": "on"}
    for _ in range(2):
        status, shown = program.run(code, **forced).splitlines()
        assert "later day" in status
        assert '"today":"2026-11-26"' in shown
    assert stub.requests == []
    assert {path.name for path in device.state.iterdir()} == {"claim-2026-11-25", "events-2026-11-25"}

    assert "later day" not in program.run(START + "footfall_status", "2026-11-26", **forced)
    [report] = stub.reports()
    assert (report["day"], report["driver"], report["used"][0]["n"]) == ("2026-11-26", "server", 2)


def test_a_program_that_runs_for_days_reports_each_day(device, stub):
    program = ShellProgram(device, "bash", stub.url)
    program.tell()
    code = SOURCE + "ticks=0\nfootfall__read_uptime() { footfall__centis=$ticks; }\nfootfall_start 2.4.1\n"
    for day in (25, 26, 26, 27):
        claim, answered = f"{device.state}/claim-2026-11-{day}", f"verified 2026-11-{day}"
        code += f"CLOCK=2026-11-{day}T10:00:00 ticks={(day - 25) * 8640000}\nfootfall_record open\n"
        code += f"while [ -e {claim} ] && ! grep -qs '{answered}' {device.state}/installation; do :; done\n"

    program.run(code)

    assert sorted((one["day"], [use["n"] for use in one["used"]]) for one in stub.reports()) == [
        ("2026-11-25", []),
        ("2026-11-26", [1]),
        ("2026-11-27", [2]),
    ]
