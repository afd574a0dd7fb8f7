"""The clients for Node: what they report and when, what they ask, and what a person can call."""

import json
from pathlib import Path

import pytest

from tests.clients.declared import TOKEN, declared
from tests.clients.device import DECISIONS
from tests.clients.node import FORMS, START, NodeProgram, clock, seconds_of

BUILD = START + 'telemetry.record("build", { format: "html", seconds: 1, draft: true });'


@pytest.fixture
def program(device, stub) -> NodeProgram:
    return NodeProgram(device, FORMS[0], stub.url)


@pytest.mark.parametrize("form", FORMS)
def test_the_first_day_tells_and_each_later_day_reports_the_days_before(form, device, stub):
    program = NodeProgram(device, form, stub.url)
    shown = program.run_on_terminal(BUILD)
    assert stub.requests == []
    assert all(part in shown for part in ("Paperclip", "worth our time", f"/about/{TOKEN}/", "PAPERCLIP_TELEMETRY=off"))
    code = 'const b = (format, seconds) => telemetry.record("build", { format, seconds });'
    code += 'b("html", 0.4); b("html", 2); b("pdf", 99); b("docx"); telemetry.record("open");'

    program.run(START + code, "2026-11-26")
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
    assert len({first["id"], second["id"]}) == 2
    assert {oct(path.stat().st_mode & 0o777) for path in device.state.iterdir()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in (device.state, device.config)} == {"0o700"}


def test_the_declared_facts_are_those_of_the_wire_format(program, stub):
    program.tell()
    program.run(START)

    [body] = stub.bodies()
    assert stub.requests[0].path == f"/e/{TOKEN}"
    assert stub.requests[0].headers["content-type"] == "application/json"
    assert (body["v"], body["schema"], body["today"]) == (1, program.program.schema, "2026-11-25")
    report = body["reports"][0]
    assert report["os"] == "linux"
    assert report["runtime"].startswith("node")
    assert report["driver"] in {"person", "container"}


@pytest.mark.parametrize(("typed", "choice"), [("y\n", "on"), ("YES\n", "on"), ("n\n", "off"), ("\n", "off")])
def test_it_asks_once_with_no_as_the_default(device, stub, typed, choice):
    program = NodeProgram(device, FORMS[0], stub.url, declared(mode="ask"))

    assert "[y/N]" in program.run_on_terminal(BUILD, typed)

    assert f"choice {choice}\n" in (device.config / "choice").read_text()
    assert program.run_on_terminal(START, day="2026-11-26") == ""
    assert [report["used"][0]["n"] for report in stub.reports()] == ([1] if choice == "on" else [])


def test_a_wider_schema_is_told_again_and_waits_for_that(device, stub):
    narrow = declared(formats=("html",), with_crash=False).fields()
    program = NodeProgram(device, FORMS[0], stub.url)
    program.tell(fields=narrow)
    code = START + 'telemetry.record("build", { format: "pdf" }); telemetry.record("crash", { class: "parse" });'

    program.run(code)
    shown = program.run_on_terminal(code, day="2026-11-26")
    program.run(START, "2026-11-27")

    assert "This version of Paperclip reports more" in shown
    assert [[(use["event"], use.get("p")) for use in report["used"]] for report in stub.reports()] == [
        [],
        [("build", {"format": "other"})],
        [("build", {"format": "pdf"}), ("crash", {"class": "parse"})],
    ]


def test_a_declined_wider_schema_goes_on_with_the_former(device, stub):
    program = NodeProgram(device, FORMS[1], stub.url, declared(mode="ask"))
    program.tell(choice="on", fields=declared(with_crash=False).fields())

    assert "[y/N]" in program.run_on_terminal(START + 'telemetry.record("crash");', "n\n")
    assert program.run_on_terminal(START, day="2026-11-26") == ""

    assert [report["used"] for report in stub.reports()] == [[], []]
    assert f"declined {program.program.schema}" in (device.config / "choice").read_text()


def test_a_country_that_nobody_was_told_of_holds_reports_back(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url, declared(country=True))
    program.tell(fields=declared().fields())

    program.run(START)

    assert stub.requests == []


def test_the_documented_example_works_as_pasted(device, stub):
    documentation = (Path(__file__).parents[2] / "docs" / "programs.md").read_text()
    example = documentation.split("```js\n")[1].split("```")[0]
    program = NodeProgram(device, FORMS[0], stub.url)
    (program.directory / "example.mjs").write_text(example)
    for arguments, shown in ([], b"Building"), (["telemetry"], b"on: PAPERCLIP_TELEMETRY is set\n{"):
        command = ["node", program.directory / "example.mjs", *arguments]
        assert device.run(command, **clock("2026-11-25"), PAPERCLIP_TELEMETRY="on").out.startswith(shown)
    device.wait_for_senders()

    assert len(stub.requests) == 1
    assert (device.state / "events-2026-11-25").read_text() == "build draft=true format=html seconds=0\n"


def test_show_is_what_is_sent_next_and_sent_is_what_was_sent(program, stub):
    program.tell()
    program.run(BUILD)
    shown = program.ask(f"({START[:-1]}, telemetry.show())")
    [line] = program.ask("telemetry.sent()").splitlines()

    program.run(START, "2026-11-26")

    assert line == f"2026-11-25 {stub.requests[0].body.decode()}"
    assert shown == stub.requests[1].body.decode()
    assert len(program.ask("telemetry.sent()", "2026-11-26").splitlines()) == 2


def test_choices_take_effect_at_once_and_last(program, device, stub):
    states = 'const s = () => process.stdout.write(telemetry.status().split(/[: ]/)[0] + " ");'
    code = f"{states} {START} s(); telemetry.enable(); s(); telemetry.record('open'); telemetry.disable(); s();"

    assert program.run(code + "telemetry.record('open');").out == b"off on off "
    assert program.ask("telemetry.status()") == "off: you chose it"
    program.run(START + "telemetry.enable();", "2026-11-26")
    program.run(START, "2026-11-27")

    assert [(report["day"], report["used"][0]["n"]) for report in stub.reports()] == [("2026-11-27", 1)]


@pytest.mark.parametrize("is_off", [True, False])
def test_forget_leaves_nothing_but_a_choice_of_off(program, device, stub, is_off):
    program.tell()
    program.run(BUILD)
    program.run(START + ("telemetry.disable();" if is_off else "") + "telemetry.forget(); telemetry.record('open');")

    assert list(device.files()) == ([".config/paperclip/telemetry/choice"] if is_off else [])
    program.tell()
    program.run(START, "2026-11-26")
    _, second = stub.reports()
    assert (second["gap"], second["used"]) == (None, [])


@pytest.mark.parametrize(
    ("call", "variables", "sent"),
    [("disable", {}, 0), ("forget", {}, 0), ("disable", {"PAPERCLIP_TELEMETRY": "on"}, 1)],
)
def test_a_sender_on_its_way_is_stopped_by_a_choice(program, stub, call, variables, sent):
    text = program.client.read_text()
    wait = "while (!this.fs.existsSync(process.env.DECIDED));"
    assert text.count("    send(body) {\n") == 1
    program.client.write_text(text.replace("    send(body) {\n", f"    send(body) {{ {wait}\n"))
    program.tell()
    decided = program.directory / "decided"
    code = f"import {{ writeFileSync }} from 'node:fs'; {START} telemetry.{call}(); writeFileSync('{decided}', '');"
    program.run(code, DECIDED=str(decided), **variables)

    assert len(stub.requests) == sent


@pytest.mark.parametrize(("decision", "number", "variables", "requests"), DECISIONS)
def test_what_is_decided_while_a_server_answers_counts(program, device, stub, decision, number, variables, requests):
    program.tell()
    stub.meanwhile = lambda count: device.decide(decision) if count == number else None
    stub.now = seconds_of("2026-11-29")
    program.run(START, **variables)

    assert len(stub.requests) == requests
    assert (device.state / "sent").exists() == bool(variables)
    assert device.state.exists() == (decision == "off")


def test_the_first_report_of_a_server_waits_until_it_remembers_an_earlier_day(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url, declared(kind="server"))
    code = f"(telemetry.show(), {START[:-1]}, telemetry.record('open'), telemetry.show())"

    shown = program.ask(code, PAPERCLIP_TELEMETRY="on")
    assert sorted(path.name for path in device.state.iterdir()) == ["claim-2026-11-25", "events-2026-11-25"]
    assert [report["day"] for report in json.loads(shown)["reports"]] == ["2026-11-26"]
    program.ask(code, PAPERCLIP_TELEMETRY="on")
    assert stub.requests == []
    program.run(START, "2026-11-26", PAPERCLIP_TELEMETRY="on")

    assert [(one["driver"], one["used"][0]["n"]) for one in stub.reports()] == [("server", 2)]


@pytest.mark.parametrize("form", FORMS)
def test_verify_compares_with_what_the_server_publishes(form, device, stub):
    program = NodeProgram(device, form, stub.url)
    fields = program.program.fields()
    assert "was not asked" in program.ask("telemetry.verify()")
    program.tell()
    stub.published = {"schema": program.program.schema, "fields": fields}
    assert "same schema" in program.ask("telemetry.verify()")
    stub.published = {"schema": "0" * 16, "fields": [*fields[1:], "extra"]}
    answer = program.ask("telemetry.verify()")

    assert f"Only this program has: {fields[0]}\nOnly the server has: extra" in answer
    assert [request.path for request in stub.requests] == [f"/about/{TOKEN}/declaration.json"] * 2
    stub.published = {"schema": "\x1b[31mred", "fields": []}
    assert program.ask("telemetry.verify()") == "The server could not be asked."


def test_a_timer_records_the_seconds_once(program, stub):
    program.tell()
    code = 'let now = 0; Object.defineProperty(globalThis, "performance", { value: { now: () => now } });'
    code += 'const t = telemetry.timer("build", "seconds", { format: "pdf" });'
    program.run(START + code + "now = 1500; t.stop({ draft: false }); t.stop();")
    program.run(START, "2026-11-26")

    [use] = stub.reports()[1]["used"]
    assert (use["n"], use["p"]) == (1, {"draft": False, "format": "pdf"})
    assert use["h"] == {"seconds": [0, 1, 0, 0]}


def test_a_program_that_runs_for_days_reports_each_day(program, stub):
    program.tell()
    code = START + "for (const day of [0, 1, 1, 2]) { process.env.CLOCK_SECONDS = String({at} + day * 86400);"
    program.run(code.replace("{at}", str(seconds_of("2026-11-25"))) + 'telemetry.record("open"); }')

    assert sorted((one["day"], [use["n"] for use in one["used"]]) for one in stub.reports()) == [
        ("2026-11-25", []),
        ("2026-11-26", [1]),
        ("2026-11-27", [2]),
    ]


HOSTILE = [
    "telemetry.record()",
    "telemetry.record(Symbol('build'))",
    "telemetry.record('constructor')",
    "telemetry.record('__proto__', { a: 1 })",
    "telemetry.record('undeclared', { format: 'html' })",
    "telemetry.record('retired')",
    "telemetry.record('build', { get format() { throw new Error(); } })",
    "telemetry.timer('build', 'seconds', null).stop(7)",
    "telemetry.timer().stop(Symbol('a'))",
]
ODD = [
    "telemetry.record('build', null)",
    "telemetry.record('build', 'html')",
    "telemetry.record('build', { seconds: NaN, draft: 1, toString: 2, format: undefined })",
    "telemetry.record('build', { seconds: '3', draft: 'true', format: null })",
]


def test_wrong_arguments_throw_nothing_and_report_nothing_undeclared(program, stub):
    program.tell()
    code = START + "".join(f"{one};" for one in HOSTILE + ODD) + "telemetry.start(); telemetry.start({});"
    program.run(code + 'telemetry.record("build", { format: { toString: 1 }, seconds: -5n });')
    program.run(START, "2026-11-26")

    plain, other = sorted(stub.reports()[1]["used"], key=lambda use: "p" in use)
    assert (plain["event"], plain["n"]) == ("build", len(ODD) + 1)
    assert (plain.get("p"), plain["h"]) == (None, {"seconds": [1, 0, 0, 0]})
    assert (other["n"], other["p"], other["h"]) == (1, {"format": "other"}, {"seconds": [1, 0, 0, 0]})


def test_a_library_reports_only_in_a_program_that_allows_it(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url, declared(kind="library"))
    program.tell()

    program.run(BUILD)
    assert not device.state.exists()
    program.run("telemetry.allow();" + BUILD)

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
    program = NodeProgram(device, FORMS[0], stub.url, declared(**facts))

    program.run(START, **variables)

    assert [report["driver"] for report in stub.reports()] == [driver for driver, _ in reported]
    assert all((device.state / directory / "installation").exists() for _, directory in reported)


def test_the_two_forms_hold_the_same_declaration(device, stub):
    texts = [NodeProgram(device, form, stub.url).client.read_text() for form in FORMS]
    blocks = [text.split("// footfall: declared")[1].split("// footfall: end of declared")[0] for text in texts]

    assert blocks[0] == blocks[1]
    declaration = json.loads(blocks[0].split("=", 1)[1].strip().rstrip(";"))
    assert declaration["schema"] == declared().schema
    assert len({text.count("\n  ") for text in texts}) == 1
