"""`manage.py up` as its users run it: it starts, it survives its parts' deaths, it stops."""

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from tests.endpoints import CHROME
from tests.server import ROOT, Server, environment, eventually, free_port, kill, running

REQUESTS = 2_000
CLIENTS = 8


@pytest.fixture
def server(tmp_path):
    with running(tmp_path, "--workers", "2") as server:
        yield server


def new_pixel(server: Server) -> dict:
    return json.loads(server.manage("create_pixel", "blog", "Hello", "--placement", "medium", "--json"))


def ask(server: Server, path: str, agent: str = CHROME, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={"User-Agent": agent} | headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_three_readers_are_three_exported_hits_within_a_second(server):
    pixel = new_pixel(server)
    for agent in (CHROME, "curl/8.5.0", "github-camo (4b76e509)"):
        assert ask(server, f"/p/{pixel['token']}/medium.gif", agent).status == 200
    time.sleep(1)  # what the drain may take, by its own promise

    hits = server.hits("blog")
    assert [hit["traffic"] for hit in sorted(hits, key=lambda hit: hit["at"])] == ["direct", "bot", "proxied"]
    assert {hit["platform"] for hit in hits} == {"medium"}


def test_killed_workers_and_drains_lose_nothing_and_double_nothing(server):
    token = new_pixel(server)["token"]
    answered: set[int] = set()
    numbers = iter(range(REQUESTS))
    lock = threading.Lock()

    def read_on() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            try:
                connection.request("GET", f"/p/{token}/{number}.gif", headers={"User-Agent": CHROME})
                if connection.getresponse().read():
                    answered.add(number)
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)
        connection.close()

    def kill_on(done: threading.Event) -> None:
        rng = random.Random(1)
        while not done.wait(0.15):
            victims = [*server.workers(), server.drain_pid()]
            kill(rng.choice(victims) if victims else None)

    done = threading.Event()
    clients = [threading.Thread(target=read_on) for _ in range(CLIENTS)]
    killer = threading.Thread(target=kill_on, args=(done,))
    for thread in (*clients, killer):
        thread.start()
    for client in clients:
        client.join()
    done.set()
    killer.join()

    assert len(answered) > REQUESTS / 2
    eventually(lambda: server.drain_pid(), 40)
    stored = eventually(lambda: _stored_if_all(server, answered), 40)
    assert [number for number, times in stored.items() if times > 1] == []
    assert answered <= stored.keys()
    total = server.manage(
        "shell", "-v0", "-c",
        "from collector.models import *; from django.db.models import Sum;"
        "print(DailyCount.objects.filter(dimension='total', pixel_id=0).aggregate(n=Sum('hits'))['n'])",
    )  # fmt: skip
    assert int(total) == len(stored)


def _stored_if_all(server: Server, answered: set[int]) -> Counter[int] | None:
    """Return how often each number was stored, once all that were answered are."""
    numbers: Counter[int] = Counter()
    for hit in server.hits("blog"):
        numbers[int(hit["placement"])] += 1
    return numbers if answered <= numbers.keys() else None


def test_it_stops_cleanly_and_starts_again_with_all_that_was_taken_in(tmp_path):
    with running(tmp_path) as server:
        token = new_pixel(server)["token"]
        kill(server.drain_pid())
        ask(server, f"/p/{token}.gif")
        assert server.stop() == 0
        assert server.workers() == []

        server.start()
        eventually(lambda: len(server.hits("blog")) == 1, 10)
        assert server.log.read_text().count("Made the first administrator") == 1


def test_no_address_is_written_anywhere_by_the_running_server(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with running(tmp_path) as server:
        token = new_pixel(server)["token"]
        ask(server, f"/p/{token}.gif", **{"X-Forwarded-For": "203.0.113.77"})
        ask(server, "/no-such-page", **{"X-Forwarded-For": "203.0.113.77"})
        [hit] = eventually(lambda: server.hits("blog"), 10)
        server.stop()
    assert hit["visitor"]
    for path in tmp_path.rglob("*"):
        if path.is_file() and "static" not in path.parts:
            assert b"203.0.113.77" not in path.read_bytes(), path


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
def test_raw_bytes_on_the_socket_give_a_gif_or_a_4xx(shared_server, raw):
    server, token = shared_server
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(raw.replace(b"%(token)s", token.encode()))
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    if answer:  # a connection that ends before a request is whole needs none
        assert answer.split(b" ", 2)[1][:1] in {b"2", b"4"}, answer[:200]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("shared"), "--workers", "1") as server:
        yield server, new_pixel(server)["token"]


@pytest.mark.parametrize(
    ("wrong", "arguments", "said"),
    [
        ({"DATABASE_URL": "mysql://a/b"}, [], "DATABASE_URL names no database we run on; write sqlite:///"),
        ({"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c"}, [], "correct DATABASE_URL"),
        ({"TRUSTED_PROXIES": "many"}, [], "TRUSTED_PROXIES is 'many'; write a whole number"),
        ({"PUBLIC_URL": "example.org"}, [], "PUBLIC_URL is 'example.org'; write the address readers reach"),
        ({"DEBUG": "perhaps"}, [], "DEBUG is 'perhaps'; write true or false"),
        ({"DATA_DIR": "/dev/null/data"}, [], "name a directory that this user may write to"),
        ({}, ["--port", "0"], "write a whole number from 1 to 65535"),
        ({}, ["--host", "203.0.113.1"], "choose others with --host and --port"),
        ({}, ["--workers", "lots"], "write a whole number from 1 to 64"),
    ],
)
def test_a_wrong_setting_stops_it_with_a_sentence_that_says_what_to_change(tmp_path, wrong, arguments, said):
    settings = environment(tmp_path) | wrong
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    done = subprocess.run(
        [sys.executable, "manage.py", "up", *port, *arguments],
        cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said_before_anything_is_touched(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(other.getsockname()[1])],
            cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    assert "stop what uses it, or choose others with --host and --port" in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()
