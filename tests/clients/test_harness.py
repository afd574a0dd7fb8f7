"""What the other tests here rely on: that a device, a trace and the servers notice what a client does wrong."""

import sys
import time
import urllib.request
from urllib.error import URLError

import pytest

from tests.clients.stub import black_hole, dead_dns, no_server
from tests.clients.trace import traced

PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.mark.parametrize(
    ("program", "noticed"),
    [
        ("pass", set()),
        ("open('/dev/null', 'w'); open('/proc/self/stat')", set()),
        ("import _thread; _thread.start_new_thread(print, ()); import time; time.sleep(0.1)", set()),
        ("open('a', 'w')", {"writes"}),
        ("import os; os.mkdir('a')", {"writes"}),
        ("import os; os.fork() or os._exit(0)", {"processes"}),
        ("import os; os.posix_spawn('/bin/true', ['true'], {})", {"processes"}),
        ("import _socket; _socket.socket()", {"sockets"}),
        ("import os; os.access('.config/paperclip/telemetry/choice', 0)", {"looks"}),
    ],
)
def test_a_trace_tells_what_a_program_did(device, program, noticed):
    trace = traced(device, [*PYTHON, program])

    assert trace.result.code == 0, trace.result.err
    assert {name for name in ("writes", "processes", "sockets", "looks") if getattr(trace, name)} == noticed


def test_a_terminal_is_one_for_input_and_errors_but_not_for_output(device):
    program = "import sys; print(sys.stdout.isatty()); print(sys.stdin.isatty(), input(), file=sys.stderr)"

    result = device.run_on_terminal([*PYTHON, program], "yes\n")

    assert (result.code, result.out, result.err) == (0, b"False\n", b"True yes\n")


def test_a_process_that_stays_is_found(device):
    program = "import os, time; os.fork() or (os.setsid(), os.close(1), os.close(2), time.sleep(2))"

    result = device.run([*PYTHON, program])

    assert result.seconds < 2
    assert len(device.processes()) == 1
    device.wait_for_senders()


def test_the_servers_answer_or_do_not(device, tmp_path):
    ask = [*PYTHON, "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read())"]
    with pytest.raises(URLError, match="refused"):
        urllib.request.urlopen(no_server(), timeout=1)
    with black_hole() as url:
        assert b"TimeoutError" in device.run([*ask, url, "0.1"]).err
    with dead_dns(tmp_path) as prefix:
        started = time.monotonic()
        result = device.run([*prefix, "timeout", "0.7", *ask, "http://hits.example.org", "0.1"])
        assert result.code == 124, result.err
        assert time.monotonic() - started > 0.5


def test_the_stub_keeps_what_it_was_sent(stub):
    body = b'{"today": "2026-11-25", "reports": [{"day": "2026-11-25", "id": "a"}]}'
    for _ in range(2):
        request = urllib.request.Request(f"{stub.url}/e/abc", body)
        assert b'"day": "2026-11-25"' in urllib.request.urlopen(request).read()

    assert [request.path for request in stub.requests] == ["/e/abc", "/e/abc"]
    assert stub.reports() == [{"day": "2026-11-25", "id": "a"}]
