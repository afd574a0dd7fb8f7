"""Mangled addresses by the real server: gunicorn's parser, and what it passes on."""

import socket

import pytest

from tests.endpoints import CHROME
from tests.paths import path_cases
from tests.server import Server, eventually, new_pixel, running

pytestmark = pytest.mark.one_database


def status(server: Server, target: str) -> int:
    """Return the status of a GET of a target, which is sent as it is; 0 if there is no answer."""
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {CHROME}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request.encode())
        words = connection.makefile("rb").read().split(None, 2)
    return int(words[1]) if words else 0


def test_gunicorn_passes_on_mangled_addresses_and_whole_urls(tmp_path, monkeypatch):
    monkeypatch.setenv("RATE_LIMIT", "0")
    cases = path_cases()
    with running(tmp_path, "--workers", "1") as server:
        token = new_pixel(server)["token"]
        found = [status(server, case.path(token)) for case in cases]
        named_badges = ["badge.svg", "badge.svg", "Medium//BADGE.SVG%22", "medium/badge.json", "picture.svg"]
        badges = [status(server, f"/p/{token}/{name}?count=0") for name in named_badges]
        site = [status(server, f"{server.url}{path}") for path in ("/healthz", "/nothing/")]
        expected = [case.named for case in cases if case.named is not None]
        stored = eventually(lambda: len(hits := server.hits("blog")) == len(expected) and hits, 60)

    wrong = {
        case.template: answer
        for case, answer in zip(cases, found, strict=True)
        if answer != (404 if case.named is None else 200)
    }
    assert wrong == {}
    assert badges == [200, 200, 200, 200, 404]
    assert site == [200, 404]
    named = [(hit["placement"] or "", hit["position"] == "end") for hit in sorted(stored, key=lambda hit: hit["at"])]
    assert named == expected
