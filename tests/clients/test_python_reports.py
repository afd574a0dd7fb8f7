"""The Python client: what it records and reports, day by day, and what it shows of that."""

import hashlib
import hmac
import json
import re

import pytest

from tests.clients.declared import TOKEN, declared
from tests.clients.python import Paperclip, day
from tests.clients.stub import Stub, no_server

START = "f.start('2.4.1')"


@pytest.fixture
def paperclip(device, stub) -> Paperclip:
    """Return a program whose user was told on day 0."""
    paperclip = Paperclip(device, stub.url)
    paperclip.tell()
    return paperclip


def test_a_report_sums_up_the_days_before_it(paperclip, stub):
    paperclip.run(f"{START}; f.record('build', format='html', seconds=1); f.record('open')", 0)
    paperclip.run(f"{START}; f.record('build', format='html', seconds=60, draft=True)", 0)
    paperclip.run(f"{START}; f.record('build', format='html', seconds=0.1)", 0)
    paperclip.run(f"{START}; f.record('open')", 1)
    paperclip.run("f.start('v2.5.0+local'); f.record('open')", 4)
    paperclip.run(START, 4)
    paperclip.run(START, 50)

    first, second, third = stub.reports()
    assert re.fullmatch("[0-9a-f]{32}", first.pop("id"))
    assert first.pop("driver") in ("person", "container")
    assert first.pop("arch") in ("x86-64", "arm64")
    assert re.fullmatch(r"python3\.\d+", first.pop("runtime"))
    assert first == {
        "day": day(1),
        "gap": None,
        "since": "2026-W48",
        "version": "2.4.1",
        "os": "linux",
        "used": [
            {"day": day(0), "event": "build", "n": 1, "gap": None, "p": {"draft": True, "format": "html"}}
            | {"h": {"seconds": [0, 0, 0, 1]}},
            {"day": day(0), "event": "build", "n": 2, "gap": None, "p": {"format": "html"}}
            | {"h": {"seconds": [1, 1, 0, 0]}},
            {"day": day(0), "event": "open", "n": 1, "gap": None},
        ],
    }
    assert (second["gap"], second["since"], second["version"], second["from"]) == (3, "2026-W48", "2.5.0", "2.4.1")
    assert second["used"] == [{"day": day(1), "event": "open", "n": 1, "gap": 1}]
    assert (third["gap"], third["from"], third["used"][0]["gap"]) == (32, "2.5.0", 3)
    assert stub.requests[0].path == f"/e/{TOKEN}"
    assert stub.requests[0].headers["Content-Type"] == "application/json"


def test_the_id_of_a_day_is_made_from_a_secret_that_stays(paperclip, stub):
    paperclip.run(START, 1)
    secret = re.search("^secret ([0-9a-f]{64})$", paperclip.state("installation"), re.MULTILINE)
    assert secret
    expected = hmac.new(bytes.fromhex(secret[1]), day(1).encode(), hashlib.sha256).hexdigest()[:32]

    assert stub.reports()[0]["id"] == expected
    assert secret[1] not in stub.requests[0].body.decode()


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("'build', format='html'", "build format=html"),
        ("'build', format='docx'", "build format=other"),
        ("'build', format=['/home/me']", "build format=other"),
        ("'build', format=None, draft=None, seconds=None", "build"),
        ("'build', draft=False", "build draft=false"),
        ("'build', draft='yes', seconds='3', path='/home/me'", "build"),
        ("'build', seconds=0.1", "build seconds=0"),
        ("'build', seconds=-5", "build seconds=0"),
        ("'build', seconds=0.5", "build seconds=1"),
        ("'build', seconds=9.9", "build seconds=2"),
        ("'build', seconds=10", "build seconds=3"),
        ("'build', seconds=10**30", "build seconds=3"),
        ("'build', seconds=float('nan')", "build"),
        ("'build', seconds=True", "build"),
        ("'crash', library='v1.2.3-rc1+build'", "crash library=1.2.3-rc1"),
        ("'crash', library='/home/me'", "crash library=other"),
        ("'nothing'", ""),
        ("'retired'", ""),
        ("'open', event='x'", "open"),
        ("None", ""),
    ],
)
def test_only_what_is_declared_is_recorded(paperclip, call, line):
    paperclip.run(f"{START}; f.record({call})", 0)

    assert paperclip.state(f"events-{day(0)}") == (f"{line}\n" if line else "")


def test_a_timer_records_seconds_once(paperclip):
    code = "t = f.timer('build', 'seconds', format='pdf'); t.stop(); t.stop()"
    paperclip.run(f"{START}; {code}\nwith f.timer('build', 'seconds'): pass", 0)

    assert paperclip.state(f"events-{day(0)}") == "build format=pdf seconds=0\nbuild seconds=0\n"


def test_lines_that_are_torn_or_strange_are_left_out(paperclip, stub):
    paperclip.device.state.mkdir(parents=True)
    lines = (
        "open\nbuild format=html\nbuild seconds=9\nbuild format=htmlbuild format=pdf\nbuild draft=x\nnothing\n\nopen"
    )
    (paperclip.device.state / f"events-{day(0)}").write_text(lines)

    paperclip.run(START, 1)

    assert [(entry["event"], entry["n"], entry.get("p")) for entry in stub.reports()[0]["used"]] == [
        ("build", 1, {"format": "html"}),
        ("open", 1, None),
    ]


def test_what_would_fill_the_disk_is_not_recorded(paperclip, stub):
    paperclip.run(f"{START}\nfor _ in range(3000): f.record('build', draft=True)", 0)
    assert 16_300 < len(paperclip.state(f"events-{day(0)}")) <= 16_384

    for number in range(1, 45):
        paperclip.device.state.joinpath(f"queue-{day(number - 50)}").write_text(json.dumps(queued(number - 50)))
    stub.status = 500
    paperclip.run(START, 1)

    assert sum(path.stat().st_size for path in paperclip.device.state.glob("queue-*")) <= 12_288
    assert len(list(paperclip.device.state.glob("queue-*"))) <= 31
    assert paperclip.device.bytes_kept() < 65_536


def queued(number: int) -> dict[str, object]:
    """Return a report that waits in the queue, as long as a usual one."""
    return {"id": "0" * 32, "day": day(number), "gap": 1, "since": "2026-W01", "used": [], "version": "1" * 250}


def test_a_program_that_runs_for_days_reports_each_day(paperclip, stub):
    loop = """
for number in (1, 2):
    while f.sent().count("\\n") < number: time.sleep(0.01)
    os.environ["NOW"] = str(float(os.environ["NOW"]) + 86400)
    f.record("open")
"""
    paperclip.run(f"{START}; import os, time; f.record('open')\n{loop}", 1)

    assert sorted(report["day"] for report in stub.reports()) == [day(1), day(2), day(3)]
    assert paperclip.state(f"events-{day(3)}") == "open\n"


# What people ask of it.


def test_show_returns_the_exact_bytes_of_the_next_request(paperclip, stub):
    paperclip.run(f"{START}; f.record('open')", 0)
    today = paperclip.run("print(f.show(), end='')", 0, PAPERCLIP_TELEMETRY="off").out
    assert b'"n":1' in today
    tomorrow = paperclip.run(f"{START}; f.record('open'); print(f.show(), end='')", 0).out
    paperclip.run(START, 1)
    assert stub.requests[0].body == tomorrow
    assert stub.requests[0].body != today

    stub.status = 503
    paperclip.run(f"{START}; f.record('build')", 2)
    with_queue = paperclip.run(f"{START}; print(f.show(), end='')", 2).out
    stub.status = 202
    paperclip.run(START, 3)
    assert stub.requests[-1].body == with_queue
    assert [report["day"] for report in json.loads(with_queue)["reports"]] == [day(2), day(3)]


def test_sent_returns_the_bytes_that_were_sent_for_30_days(paperclip, stub):
    assert paperclip.run("print(f.sent(), end='')", 1).out == b""
    for number in (1, 2, 31, 32):
        paperclip.run(START, number)

    sent = paperclip.run("print(f.sent(), end='')", 32).out.splitlines()
    assert sent == [
        f"{day(number)} ".encode() + request.body
        for number, request in zip((1, 2, 31, 32), stub.requests, strict=True)
        if number > 2
    ]


def test_forget_deletes_everything_and_the_next_report_is_of_a_new_installation(paperclip, stub):
    paperclip.run(f"{START}; f.record('open')", 1)
    paperclip.run(f"{START}; print(f.forget())", 2)  # while the sender runs
    assert paperclip.device.files() == {}
    paperclip.run_on_terminal(START, 3)
    paperclip.run(START, 4)

    gaps = [(report["day"], report["gap"]) for report in stub.reports() if report["day"] != day(2)]
    assert gaps == [(day(1), None), (day(4), None)]
    paperclip.run("f.disable(); f.forget()", 5)
    assert list(paperclip.device.files().values()) == [b"choice off\n"]


def test_verify_tells_what_differs(paperclip, stub: Stub):
    program = paperclip.program
    stub.published = {"schema": program.schema, "fields": program.fields()}
    assert b"the same schema" in paperclip.run("print(f.verify())").out
    older = declared(with_crash=False)
    stub.published = {"schema": older.schema, "fields": [*older.fields(), "address"]}
    lines = paperclip.run("print(f.verify())").out.decode().splitlines()
    assert "Only this program has: crash.class=parse" in lines
    assert lines[-1] == "Only the server has: address"
    assert stub.requests[0].path == f"/about/{TOKEN}/declaration.json"
    paperclip.server = no_server()
    paperclip.install(program)
    assert b"could not be asked" in paperclip.run("print(f.verify())").out


def test_standard_output_is_the_same_with_and_without(paperclip):
    code = "print('one'); {}; print('two'); sys.stdout.flush()"
    calls = f"{START}; f.record('open'); f.status(); f.show(); f.sent(); f.enable()"

    outputs = {paperclip.run(code.format(call), number).out for number in (0, 1, 2) for call in ("pass", calls)}

    assert outputs == {b"one\ntwo\n"}


@pytest.mark.parametrize("call", ["start()", "start(None)", "record()", "record('open', 1)", "timer()", "status(1)"])
def test_no_wrong_call_raises(paperclip, call):
    assert paperclip.run(f"{START}; f.{call}; print('went on')", 0).out == b"went on\n"
