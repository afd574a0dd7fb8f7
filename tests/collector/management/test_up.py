"""`manage.py up` as operators run it: it starts, survives the end of its processes, and stops."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time

import pytest

from collector.intake.answers import GIF
from collector.intake.worker import is_supported_gunicorn
from collector.spool.locks import is_finished
from tests.endpoints import CHROME
from tests.server import ROOT, Server, environment, eventually, free_port, kill, new_pixel, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server"), "--workers", "2") as server:
        yield server


def ask(server: Server, path: str, agent: str = CHROME, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={"User-Agent": agent} | headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.mark.alone
def test_three_readers_are_three_exported_hits_within_a_second(server):
    pixel = new_pixel(server)
    for agent in (CHROME, "curl/8.5.0", "github-camo (4b76e509)"):
        assert ask(server, f"/p/{pixel['token']}/medium.gif", agent).status == 200
    time.sleep(1)  # the drain promises this

    hits = server.hits("blog")
    assert [hit["traffic"] for hit in sorted(hits, key=lambda hit: hit["at"])] == ["direct", "bot", "proxied"]
    assert {hit["platform"] for hit in hits} == {"medium"}


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="a policy of Linux")
def test_the_drain_has_a_lower_priority_than_the_web_processes_and_is_not_starved(server):
    assert os.sched_getscheduler(server.drain_pid()) == os.SCHED_BATCH
    assert {os.sched_getscheduler(pid) for pid in server.workers()} == {os.SCHED_OTHER}
    [nice_of_web] = {os.getpriority(os.PRIO_PROCESS, pid) for pid in server.workers()}
    # With 19 it would store nothing beside two busy processes.
    assert nice_of_web < os.getpriority(os.PRIO_PROCESS, server.drain_pid()) <= 10
    # Linux balances whole sessions first (sched(7), autogroup). The policy works only within one session.
    assert {os.getsid(pid) for pid in (server.drain_pid(), *server.workers())} == {os.getsid(server.pid)}


def test_the_doctor_finds_no_problem(server):
    lock = server.log.parent / "spool" / "drain.lock"
    eventually(lambda: lock.exists() and not is_finished(lock), 60)

    found = [json.loads(line) for line in server.manage("doctor", "--json").splitlines()]  # its exit code is 0

    levels = {finding["name"]: finding["level"] for finding in found}
    assert {name for name, level in levels.items() if level != "ok"} <= {"Address", "Backup", "Disk", "Versions"}
    assert {"Reachable", "Pixels", "Proxies", "Drain", "Static files"} <= set(levels)


def test_it_stops_cleanly_and_starts_again_with_all_received_hits(tmp_path):
    with running(tmp_path, "--workers", "1", from_nothing=True) as server:
        token = new_pixel(server)["token"]
        kill(server.drain_pid())
        ask(server, f"/p/{token}.gif")
        assert server.stop() == 0
        assert server.workers() == []

        server.start("--workers", "1")
        eventually(lambda: len(server.hits("blog")) == 1, 60)
        assert server.log.read_text().count("Created the first administrator") == 1


def raw_answer(server: Server, request: bytes, *, then_silent: bool = False) -> bytes:
    """Send bytes; return everything until the server closes. `then_silent` tells it that no more bytes will come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(request)
        if then_silent:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    return answer


def parsed(answer: bytes) -> tuple[bytes, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return status.encode(), {name: value for name, value in headers.items() if name not in {"date", "server"}}, body


@pytest.mark.one_database
def test_answers_on_the_connection_are_the_same_as_by_asgi(shared_server):
    """HTTP/1.0 requests go through ASGI. Plain HTTP/1.1 requests are answered on the connection, without `Server`."""
    server, token = shared_server
    for path in (f"/p/{token}.gif", f"/p/{token}/medium/end.gif", "/p/abcdefghijkmnpqrstuv.gif"):
        for agent in (CHROME, "curl/8"):
            ask(server, path, agent)  # after this the token is known
            lines = f"{path} HTTP/1.%d\r\nHost: x\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n"
            direct = raw_answer(server, b"GET " + (lines % 1).encode())
            by_asgi = raw_answer(server, b"GET " + (lines % 0).encode())
            assert b"server: gunicorn" in by_asgi.lower()
            if b"404" not in direct[:20]:  # an unknown token is asked about, by ASGI, unless it was a moment ago
                assert b"server: gunicorn" not in direct.lower()
            assert parsed(direct)[1:] == parsed(by_asgi)[1:]
            assert parsed(direct)[0].replace(b"1.1", b"1.0") == parsed(by_asgi)[0].replace(b"1.1", b"1.0")


@pytest.mark.one_database
def test_pipelined_requests_are_answered_in_order(shared_server):
    server, token = shared_server
    ask(server, f"/p/{token}.gif")
    request = f"GET /p/{token}/%s HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME}\r\n%s\r\n"
    last = "Connection: close\r\n"
    pipelined = "".join([
        request % ("a.gif", ""),
        request % ("b.gif", "DNT: 1\r\n"),
        f"HEAD /p/{token}.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME}\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        request % ("c.gif", "Purpose: prefetch\r\n" + last),
    ])  # fmt: skip

    answer = raw_answer(server, pipelined.encode())

    assert re.findall(rb"x-telemetry: (\S+)", answer) == [b"counted", b"opted-out", b"counted", b"prefetch"]
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200"] * 5
    assert answer.count(b"GIF89a") == 3
    assert b"ok\n" in answer
    assert answer.lower().count(b"connection: close") == 1


@pytest.mark.one_database
def test_a_get_with_a_body_is_answered_and_so_is_the_next_request_on_its_connection(shared_server):
    server, token = shared_server
    ask(server, f"/p/{token}.gif")
    head = f"GET /p/{token}.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME}\r\n"

    answer = raw_answer(server, f"{head}Content-Length: 5\r\n\r\nhello{head}Connection: close\r\n\r\n".encode())

    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200"]


@pytest.mark.one_database
def test_a_request_in_pieces_is_answered_and_so_are_the_next_ones_on_its_connection(shared_server):
    server, token = shared_server
    ask(server, f"/p/{token}.gif")
    request = f"GET /p/{token}.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME}\r\n\r\n".encode()

    # Joined, the pieces are a request with DNT. Alone, the second one looks like a whole request without it.
    opting_out = f"GET /p/{token}.gif HTTP/1.1\r\nDNT: 1\r\nX-Note: ".encode(), request
    start, rest = opting_out

    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        for pieces in ([request], [request[:30], request[30:]], opting_out, [request], [2 * request + start, rest]):
            for piece in pieces:
                client.sendall(piece)
                time.sleep(0.05)  # so that each piece arrives alone
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))

    counted, opted_out = b"counted", b"opted-out"
    assert re.findall(rb"x-telemetry: (\S+)", answer) == [counted, counted, opted_out, *[counted] * 3, opted_out]
    assert answer.count(b"GIF89a") == 7


@pytest.mark.one_database
def test_an_idle_connection_is_closed_after_any_number_of_requests(shared_server):
    server, token = shared_server
    ask(server, f"/p/{token}.gif")
    request = f"GET /p/{token}.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME}\r\n\r\n".encode()

    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
        for _ in range(3):
            client.sendall(request)
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        assert client.recv(1) == b""  # gunicorn's keepalive, 5 s


@pytest.mark.one_database
@pytest.mark.parametrize("agent", [b"M" * 60_000, b"Mozilla/5.0 \xff\xfe (\xc3\x28)", b"Mozilla/5.0 \x80\xff" * 900])
def test_an_agent_of_60_kb_or_without_valid_utf_8_gets_the_image(shared_server, agent):
    server, token = shared_server
    head = f"GET /p/{token}.gif HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: ".encode()

    answer = raw_answer(server, head + agent + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer[:200]
    assert answer.endswith(GIF)


@pytest.mark.one_database
def test_a_new_worker_loads_the_dashboard_before_the_first_request():
    script = """
import gc, sys
import telemetry_site.asgi
from telemetry_site import gunicorn_conf
print("dashboard.views.projects" in sys.modules, gc.get_freeze_count() > 0)
gunicorn_conf.post_worker_init(None)
print("dashboard.views.projects" in sys.modules, gc.get_freeze_count() > 0)
"""
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert printed.stdout.splitlines() == ["False False", "True True"]


def test_this_version_of_gunicorn_is_supported():
    assert is_supported_gunicorn()


@pytest.mark.one_database
@pytest.mark.parametrize(
    "raw",
    [
        b"GET /p/%(token)s.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\x00\xfe\r\n\r\n",
        b"GET /p/%(token)s.gif HTTP/1.1\r\nHost: x\r\nUser-Agent: " + b"a" * 65_536 + b"\r\n\r\n",
        b"GET /p/%(token)s/\xff\xfe.gif HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /p/%(token)s.gif?\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /p/" + b"a" * 100_000 + b".gif HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /p/%(token)s.gif HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"G\xc3\x89T /p/%(token)s.gif HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /p/%(token)s.gif HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET http://[::/p/%(token)s.gif HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /p/%(token)s.gif HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"HEAD /p/%(token)s.gif HTTP/1.0\r\n\r\n",
    ],
)
def test_raw_bytes_on_the_socket_get_a_gif_or_a_4xx(shared_server, raw):
    server, token = shared_server
    answer = raw_answer(server, raw.replace(b"%(token)s", token.encode()), then_silent=True)
    if answer:  # a connection that ends within a request needs no answer
        assert answer.split(b" ", 2)[1][:1] in {b"2", b"4"}, answer[:200]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared"), "--workers", "1") as server:
        yield server, new_pixel(server)["token"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("wrong", "arguments", "message"),
    [
        ({"DATABASE_URL": "mysql://a/b"}, [], "DATABASE_URL is for an unsupported database. Use sqlite:///"),
        ({"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c"}, [], "correct DATABASE_URL"),
        ({"TRUSTED_PROXIES": "many"}, [], "TRUSTED_PROXIES is 'many'. Use a whole number"),
        ({"PUBLIC_URL": "example.org"}, [], "PUBLIC_URL is 'example.org'. Use the address that readers reach"),
        ({"DEBUG": "perhaps"}, [], "DEBUG is 'perhaps'. Use true or false"),
        ({"DATA_DIR": "/dev/null/data"}, [], "Use a directory that this user may write to"),
        ({}, ["--port", "0"], "write a whole number from 1 to 65535"),
        ({}, ["--host", "203.0.113.1"], "choose another address with --host and --port"),
        ({}, ["--workers", "lots"], "write a whole number from 1 to 64"),
    ],
)
def test_a_wrong_setting_stops_it_with_an_error_that_says_what_to_change(tmp_path, wrong, arguments, message):
    settings = environment(tmp_path) | wrong
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    done = subprocess.run(
        [sys.executable, "manage.py", "up", *port, *arguments],
        cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.one_database
def test_a_port_in_use_is_reported_before_anything_is_changed(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(other.getsockname()[1])],
            cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    assert "Stop the program that uses it, or choose another address with --host and --port" in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()
