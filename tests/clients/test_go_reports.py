"""The client for Go: what it records and reports, day by day, and what it shows of that."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.clients.declared import TOKEN, declared
from tests.clients.go_program import BUILD, D1, D2, D3, D4, D9, FORCED, START, keep_choice, tell
from tests.clients.python import Paperclip
from tests.clients.stub import no_server
from tests.server import eventually


def test_days_are_reported_once_with_what_came_before(run_go, stub):
    run_go(D1, START, BUILD, "record=build", **FORCED)
    run_go(D1, START, "record=open", **FORCED)
    run_go(D3, "start=v2.5.0+dirty", "record=build format=docx seconds=-1", "timer=build seconds", **FORCED)
    run_go(D3, "start=2.5.0", **FORCED)
    run_go(D9, "start=local build", **FORCED)

    reports = stub.reports()
    assert [(one["day"], one["gap"], one["since"], one["version"], one.get("from")) for one in reports] == [
        (D1, None, "2026-W48", "2.4.1", None),
        (D3, 2, "2026-W48", "2.5.0", "2.4.1"),
        (D9, 6, "2026-W48", "other", "2.5.0"),
    ]
    assert [[(one["day"], one["event"], one["n"], one["gap"]) for one in report["used"]] for report in reports] == [
        [],
        [(D1, "build", 1, None), (D1, "build", 1, None), (D1, "open", 1, None)],
        [(D3, "build", 1, 2), (D3, "build", 1, 2)],
    ]
    assert [one.get("h") for one in reports[2]["used"]] == [{"seconds": [1, 0, 0, 0]}, {"seconds": [1, 0, 0, 0]}]
    assert [one.get("p") for one in reports[2]["used"]] == [None, {"format": "other"}]
    assert len({one["id"] for one in reports}) == 3


def test_what_is_not_declared_is_not_recorded(run_go, device):
    run_go(D1, START, "record=unknown", "record=retired", "record=build format=/home/me user=me", "odd", **FORCED)

    assert (device.state / f"events-{D1}").read_text().splitlines() == [
        "build format=other",
        "build format=other",
        "build seconds=1",
        "crash class=other library=other",
    ]


def test_properties_are_sorted_by_name(run_go, device, stub):
    twins = "record=twins twin_=true twin=true twin2=false"
    run_go(D1, START, twins, TEST_TWINS="1", **FORCED)
    assert (device.state / f"events-{D1}").read_text() == "twins twin=true twin2=false twin_=true\n"

    run_go(D2, START, TEST_TWINS="1", **FORCED)
    assert stub.reports()[-1]["used"][0]["p"] == {"twin": True, "twin2": False, "twin_": True}


def test_goroutines_may_record_at_once(run_go, device):
    run_go(D1, START, "parallel=open", **FORCED)
    assert (device.state / f"events-{D1}").read_text() == "open\n" * 20


def test_a_program_that_runs_for_days_reports_each_day_and_has_no_zombie(run_go, stub):
    later = [f"clock={D3}", BUILD, "sleep=0.1s", f"clock={D9}", BUILD, "sleep=0.4s", f"clock={D9}T01:00:00Z", BUILD]
    out = run_go(D1, START, BUILD, "sleep=0.1s", *later, "children", TEST_HASTE="100", **FORCED)

    assert [(one["day"], one["gap"]) for one in stub.reports()] == [(D1, None), (D3, 2), (D9, 6)]
    assert out == "children 0\n"


def test_a_server_reports_first_when_it_has_remembered_another_day(run_go, stub, device):
    variables = {"TEST_KIND": "server", **FORCED}
    for _ in range(2):
        shown = run_go(D1, "show", START, "record=open", "show", **variables).split()
        assert [json.loads(line)["today"] for line in shown] == [D2, D2]
    assert stub.requests == []
    assert {path.name for path in device.state.iterdir()} == {f"claim-{D1}", f"events-{D1}"}

    run_go(D2, START, **variables)
    [report] = stub.reports()
    assert (report["day"], report["driver"], report["used"][0]["n"]) == (D2, "server", 2)


def test_a_day_of_the_notice_that_a_wrong_clock_showed_is_reported(run_go, stub, device):
    keep_choice(device, f"choice on\ntold {D2}\n")
    run_go(D1, START)
    (device.state / f"claim-{D3}").touch()
    for day in (D2, D3):
        run_go(day, START)

        assert [path.name for path in device.state.glob("claim-*")] == [f"claim-{day}"]
    assert [report["day"] for report in stub.reports()] == [D1, D2, D3]


def test_no_gap_counts_from_a_use_that_is_too_long_ago_for_any_server(run_go, stub, device):
    device.state.mkdir(parents=True)
    for day in ("2026-10-15", "2026-11-14", "2026-11-15"):
        (device.state / f"events-{day}").write_text("open\n")
    run_go(D1, START, **FORCED)

    assert [use["gap"] for use in stub.reports()[0]["used"]] == [None, None, 1]


def test_fifty_first_runs_at_once_make_one_report(device, go_program, stub):
    keep_choice(device, f"choice on\ntold {D1}\n")
    with ThreadPoolExecutor(10) as pool:
        command = [go_program, START, "record=open"]
        list(pool.map(lambda _: device.run(command, TEST_NOW=D2, TEST_SERVER=stub.url), range(50)))
    device.wait_for_senders()

    assert len(stub.requests) == 1
    assert (device.state / f"events-{D2}").read_text() == "open\n" * 50


def test_a_thousand_runs_leave_no_process_and_little_on_the_disk(device, go_program):
    """On 25 days, with a server that is not there, and a program that records much."""
    keep_choice(device, f"choice on\ntold {D1}\n")
    runs = '"$0" start=2.4.1 "loop=20 build format=html draft=true" & "$0" start=2.5 record=open'
    script = f"for run in $(seq 20); do {runs}; done; wait"
    for number in range(25):
        settings = {"TEST_NOW": f"2026-11-{number + 1:02}", "TEST_SERVER": "http://127.0.0.1:1", "TEST_HASTE": "10"}
        device.run(["sh", "-c", script, go_program], **settings)
    device.wait_for_senders()

    assert device.bytes_kept() <= 64 * 1024
    kinds = [path.name.partition("-")[0] for path in device.state.iterdir()]
    assert [kinds.count(kind) for kind in ("claim", "events", "installation")] == [1, 1, 1]
    assert 1 < kinds.count("queue") <= 25
    assert set(kinds) == {"claim", "events", "installation", "queue"}


def test_a_report_stays_small_and_keeps_the_newest(run_go, device, stub):
    run_go(D1, START, **FORCED)
    for day in (D1, D2):
        lines = [f"build draft=true format=html seconds={n % 4}\n" for n in range(100)]
        lines += [f"crash class=parse library=1.{n}\n" for n in range(500)]
        (device.state / f"events-{day}").write_text("".join(lines))
    run_go(D3, START, **FORCED)

    report = stub.reports()[-1]
    assert 6000 < len(json.dumps(report, separators=(",", ":"))) <= 8192
    assert {one["day"] for one in report["used"]} == {D2}


def test_a_program_in_python_shares_its_files_with_one_in_go(device, run_go, stub):
    python = Paperclip(device, stub.url)
    python.tell()
    run_go(f"{D3}T12:00:00Z", START, "record=build seconds=3 draft=false", "record=crash library=1.0-rc1")
    python.run("f.start('2.5.0'); f.record('open'); f.record('build', seconds=0.1, format='pdf')", 2)
    run_go("2026-11-28T12:00:00Z", "start=2.5.0", "record=open")
    python.run("f.start('2.5.0')", 4)

    assert [(one["day"], one["gap"], one.get("from")) for one in stub.reports()] == [
        (D3, None, None),
        (D4, 1, "2.4.1"),
        ("2026-11-28", 1, None),
        ("2026-11-29", 1, None),
    ]
    assert [(use["event"], use["gap"]) for use in stub.reports()[1]["used"]] == [("build", None), ("crash", None)]
    assert stub.reports()[1]["used"][0]["h"] == {"seconds": [0, 0, 1, 0]}
    assert [(use["event"], use["gap"]) for use in stub.reports()[2]["used"]] == [("build", 1), ("open", None)]
    assert [(use["event"], use["gap"]) for use in stub.reports()[3]["used"]] == [("open", 1)]
    assert len(run_go("2026-11-29T12:00:00Z", "sent").splitlines()) == 4 + 1


# What people ask of it.


def test_what_is_shown_while_it_is_off_is_not_written(run_go, device):
    shown = json.loads(run_go(D1, START, "show", DO_NOT_TRACK="1"))
    assert [(one["day"], one["gap"], one["used"]) for one in shown["reports"]] == [(D2, None, [])]
    assert device.files() == {}
    (device.home / "installation").write_text("secret " + "0" * 64 + "\n")  # where the program runs
    assert run_go(D1, "show", "sent", HOME="") == "\n\n"


def test_choices_are_remembered(device, run_go, stub):
    out = run_go(D1, "status", "enable", "status", START, BUILD, "disable", "status", BUILD)
    assert out.splitlines() == [
        "off until the notice was shown on a terminal",
        "<nil>",
        "on: you chose it",
        "<nil>",
        "off: you chose it",
    ]
    assert (device.config / "choice").read_text().startswith("choice off\n")
    assert (device.state / f"events-{D1}").read_text().count("\n") == 1
    assert stub.requests == []  # the first report is sent on a later day

    run_go(D1, "enable")
    run_go(D2, START)
    assert len(stub.reports()) == 1
    assert "can't be written" in run_go(D2, "enable", XDG_CONFIG_HOME="/dev/null/none")


@pytest.mark.parametrize(
    ("calls", "variables", "sent"),
    [
        (["disable"], {}, 1),
        (["disable"], FORCED, 2),
        (["forget"], FORCED, 1),
        (["forget", "enable", "show"], FORCED, 1),
    ],
)
def test_what_the_user_decides_meanwhile_holds_for_the_next_request(device, go_program, stub, calls, variables, sent):
    """The first answer asks for a second request: the server's day is another one. The last case has a new secret."""
    keep_choice(device, f"choice on\ntold {D1}\n")
    stub.is_silent, stub.now = True, datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
    device.run([go_program, START], TEST_NOW=D2, TEST_SERVER=stub.url, **variables)
    eventually(lambda: stub.requests, 10)
    device.run([go_program, *calls], TEST_NOW=D2)
    before = device.files()
    stub.is_over.set()
    device.wait_for_senders()

    assert len(stub.requests) == sent
    assert (device.files() == before) == (sent == 1)


@pytest.mark.parametrize(("choice", "sent"), [("off", 0), ("on", 1)])
def test_a_sender_looks_at_the_choice_before_its_first_request(device, go_program, run_go, stub, choice, sent):
    """The sender is started here, as the program starts it, after the user decided."""
    run_go(D1, START, TEST_SERVER=no_server(), **FORCED)
    keep_choice(device, f"choice {choice}\n")
    report = (device.state / f"queue-{D1}").read_text()
    variables = device.environment(TEST_NOW=D1, TEST_SERVER=stub.url, PAPERCLIP_TELEMETRY_SENDER="1")
    body = f'{{"v":1,"schema":"","today":"{D1}","reports":[{report}]}}'

    subprocess.run(["paperclip-telemetry"], executable=go_program, env=variables, input=body.encode(), check=True)

    assert len(stub.requests) == sent


def test_to_forget_is_to_become_a_new_installation(device, go_program, run_go, stub):
    tell(device, go_program)
    run_go(D2, START, BUILD)
    assert run_go(D2, "forget") == "<nil>\n"
    assert device.files() == {}

    tell(device, go_program, D2)
    run_go(D3, START)
    assert [one["gap"] for one in stub.reports()] == [None, None]
    run_go(D3, "disable", "forget")
    assert list(device.files()) == [".config/paperclip/telemetry/choice"]


def test_verify_tells_what_differs(run_go, stub):
    program = declared()
    stub.published = {"schema": program.schema, "fields": program.fields()}
    assert run_go(D1, "verify", **FORCED) == f"The server publishes the same schema, {program.schema}.\n"
    assert [request.path for request in stub.requests] == [f"/about/{TOKEN}/declaration.json"]

    stub.published = {"schema": "0" * 16, "fields": [*program.fields()[1:], "copy"]}
    assert run_go(D1, "verify", **FORCED).splitlines()[1:] == [
        "Only this program has: build",
        "Only the server has: copy",
    ]
    assert "could not be asked" in run_go(D1, "verify", TEST_SERVER=no_server(), **FORCED)
    assert run_go(D1, "verify").startswith("Telemetry is off (the notice was shown on a terminal)")
    assert len(stub.requests) == 2
