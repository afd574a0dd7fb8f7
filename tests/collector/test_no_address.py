"""After requests of every kind from known addresses, no file, table, log or answer has any of them, in any form."""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.addresses import forms_of, found_in
from tests.collector.programs.doors.declared import SDKS
from tests.endpoints import CHROME
from tests.programs import envelope, report, utc_today
from tests.server import PASSWORD, Server, eventually, running

FORWARDED = ["203.0.113.77", "2001:db8:4d5e:6f70::77", "::ffff:198.51.100.213"]
PEER = "127.77.66.55"  # Linux answers on all of 127.0.0.0/8
SMALL_BYTES = 500_000
STORED = {
    *(f"collector_{name}" for name in ("hit", "dailyvisitor", "report", "mark", "trycount", "dailysalt", "auditentry")),
    "accounts_session",
}
OF_ACCOUNTS = (
    "/account/", "/account/data.json", "/admin/collector/auditentry/", "/projects/blog/activity/",
    "/projects/blog/export.csv",
)  # fmt: skip
EMAIL = "admin@example.org"
OWN = "203.0.112.0/23"  # a network of the members, which has the first of the clients
AWAY = {"auth_user": "auth_user_away"}  # a table that is missing for a moment, so that pages fail
PREPARE = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from collector.models import Pixel, Project, ShareLink
User.objects.filter(username="admin").update(email="{email}", date_joined=timezone.now() - timedelta(days=9))
project = Project.objects.create(name="Blog", slug="blog", timezone="UTC", excluded_networks="{own}")
pixel = Pixel.objects.create(project=project, title="Hello", placements=["medium"])
call_command("declare", "tools", "{declaration}")
link = ShareLink(project=project, name="x"); link.set_password("open sesame 1"); link.save()
print("made", pixel.token, Pixel.objects.get(title="Paperclip").token, link.key)
"""


class Client:
    """A client at an address: one that a proxy names, or its own."""

    def __init__(self, server: Server, address: str) -> None:
        self.answers: list[bytes] = []
        self.database_url = server.database_url
        self._server, self._address = server, address

    def send(self, request: bytes, *, then_silent: bool = True) -> bytes:
        """Send raw bytes; return all of the answer. `then_silent` tells the server that no more bytes will come."""
        source = (PEER, 0) if self._address == PEER else None
        with closing(socket.create_connection(("127.0.0.1", self._server.port), 30, source)) as connection:
            with suppress(ConnectionError):
                connection.sendall(request)
                if then_silent:
                    connection.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionError):
                while chunk := connection.recv(65_536):
                    answer += chunk
        self.answers.append(answer)
        return answer

    def ask(self, path: str, body: bytes | None = None, method: str = "", **headers: str) -> bytes:
        lines = {"Host": "127.0.0.1", "Connection": "close", "User-Agent": CHROME, "Referer": self._server.url}
        if self._address != PEER:
            lines |= {"X-Forwarded-For": self._address, "X-Real-IP": self._address, "Forwarded": f"for={self._address}"}
        if body is not None:
            lines["Content-Length"] = str(len(body))
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return self.send(head.encode() + b"\r\n" + (body or b""), then_silent=False)

    def fill_in(self, path: str, cookies: str = "", **fields: str) -> bytes:
        """Send the form on a page, with its CSRF token."""
        page = self.ask(path, Cookie=cookies)
        token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', page)
        cookie = re.search(rb"Set-Cookie: (csrftoken=\w+)", page, re.IGNORECASE)
        assert token, page[:300]
        assert cookie, page[:300]
        form = urlencode({"csrfmiddlewaretoken": token[1].decode()} | fields).encode()
        return self.ask(path, form, Cookie=cookie[1].decode(), Content_Type="application/x-www-form-urlencoded")


def requests_of_pixels_and_programs(client: Client, token: str, program: str) -> None:
    for path in ("medium.gif", "medium/end.gif", "medium.gif%22"):
        client.ask(f"/p/{token}/{path}")
    client.ask(f"/p/{token}.gif", User_Agent="curl/8")
    client.ask(f"/p/{token}.gif", DNT="1")
    client.ask(f"/p/{token}.gif", method="HEAD")
    client.ask(f"/p/{token}.gif", b"x")
    client.ask("/p/abcdefghijkmnpqrstuv.gif")
    client.ask(f"/p/{token}/badge.svg")
    client.ask(f"/about/{token}/")
    client.ask(f"/p/{program}.gif?event=build")
    json_type = {"Content_Type": "application/json"}
    client.ask(f"/e/{program}", envelope(report(utc_today())), **json_type)
    client.ask(f"/e/{program}", b'{"v": 1, "reports": [{"id": 7}]}', **json_type)
    client.ask(f"/e/{program}", b"\xff{", **json_type)
    event = {"event": "build", "distinct_id": "install-1", "properties": {"format": "html"}}
    client.ask("/batch/", json.dumps({"api_key": program, "batch": [event]}).encode(), **json_type)
    client.ask("/api/v0/event", b'{"eventName": "build", "sessionId": "1"}', App_Key=program, **json_type)
    client.ask("/v1/logs", b"\x00\xff", Authorization=f"Bearer {program}", Content_Type="application/x-protobuf")


def errors(client: Client, token: str) -> None:
    client.ask("/no-such-page")
    client.ask("/no-such-page", Host="evil.example")
    client.ask("/healthz")
    client.ask("/metrics")
    client.ask("/login/", b"x=1", Content_Type="application/x-www-form-urlencoded")  # without a CSRF token
    client.ask("/admin/", b"\xff" * 100, Content_Type="multipart/form-data; boundary=x")
    client.ask("/api/v1/projects/blog", Authorization="Bearer ff_wrong")
    client.ask(f"/p/{token}.gif", X_Note="x" * 70_000)
    client.send(b"\x16\x03\x01\x02\x00\x01\x00")
    client.send(f"GET /p/{token}.gif HTTP/9.9\r\nX-Forwarded-For: {FORWARDED[0]}\r\n\r\n".encode())
    for _ in range(8):  # more than the rate limit, for readers and for the pages of the API
        client.ask(f"/p/{token}/devto.gif")


def passwords(client: Client, share_key: str) -> str:
    """Try passwords, log in, and read what is kept about accounts. Return the cookie of the session."""
    client.fill_in("/login/", username="admin", password="wrong")
    client.fill_in("/login/", username=FORWARDED[0][:3], password="wrong")
    client.fill_in(f"/share/{share_key}/", password="wrong")
    answer = client.fill_in("/login/", username="admin", password=PASSWORD)
    session = re.search(rb"Set-Cookie: (sessionid=\w+)", answer, re.IGNORECASE)
    assert session, answer[:500]
    cookie = session[1].decode()
    for path in ("/", "/projects/blog/", "/admin/", "/admin/collector/project/nothing/", "/server/", *OF_ACCOUNTS):
        client.ask(path, Cookie=cookie)
    client.fill_in("/forgotten/", email=EMAIL)
    return cookie


def failures(clients: list[Client], cookies: list[str], token: str) -> None:
    """Ask for pages and pixels while a table is missing: PostgreSQL's errors repeat values of the statement."""
    url = clients[0].database_url
    for former, name in (*AWAY.items(), *((name, former) for former, name in AWAY.items())):
        for client, cookie in zip(clients, cookies, strict=True):
            client.ask("/", Cookie=cookie)
            client.ask("/account/", Cookie=cookie)
            client.ask(f"/p/{token}/medium.gif", Cookie=cookie)
        _rename(url, former, name)


def _rename(url: str, former: str, name: str) -> None:
    statement = f"ALTER TABLE {former} RENAME TO {name}"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as database:
            database.execute("PRAGMA legacy_alter_table = ON")  # leave what refers to it
            database.execute(statement)
            database.commit()
        return
    with psycopg.connect(url) as connection:
        connection.execute(statement)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Iterator[tuple[Server, list[bytes]]]:
    """Start a server, send it requests of all kinds, and yield it with all its answers, while it runs."""
    directory = tmp_path_factory.mktemp("server")
    (directory / "telemetry.toml").write_text(SDKS)
    settings = {
        "TRUSTED_PROXIES": "1", "RATE_LIMIT": "5/m", "CONNECTIONS_PER_CLIENT": "50", "MAIL_FROM": "from@example.org",
        "EMAIL_URL": f"filemail:///{directory}/mails",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        with running(directory, "--workers", "1") as server:
            script = PREPARE.format(declaration=directory / "telemetry.toml", email=EMAIL, own=OWN)
            token, program, share_key = server.manage("shell", "-c", script).split("made ")[1].split()
            clients = [Client(server, address) for address in (*FORWARDED, PEER)]
            cookies = []
            for client in clients:
                requests_of_pixels_and_programs(client, token, program)
                cookies.append(passwords(client, share_key))
                errors(client, token)
            failures(clients, cookies, token)
            eventually(lambda: {table for table, _ in rows(server.database_url)} >= STORED, 60)
            eventually(lambda: stored(server, "hit") >= len(clients) * 12, 60)
            assert stored(server, "dailyvisitor") > len(clients)
            server.manage("backup", str(directory / "backup.tar"), "--skip-checks")
            yield server, [answer for client in clients for answer in client.answers]


def stored(server: Server, table: str) -> int:
    return sum(name == f"collector_{table}" for name, _ in rows(server.database_url))


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and "static" not in path.parts]


def rows(url: str) -> Iterator[tuple[str, bytes]]:
    """Yield each row of each table, as text, with bytes in hexadecimal digits."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in database.execute(f"SELECT * FROM {table}"):
                    cells = [cell.hex() if isinstance(cell, bytes) else str(cell) for cell in row]
                    yield table, "\t".join(cells).encode()
        return
    with psycopg.connect(url) as connection:
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT".encode()) as copy:
                for row in copy:
                    yield table, bytes(row)


def test_no_file_table_log_or_answer_has_an_address_in_any_form(loaded):
    server, answers = loaded
    directory = server.log.parent
    found = []
    for address in (*FORWARDED, PEER):
        for path in files(directory):
            content = path.read_bytes()
            forms = found_in(content, address, with_short=len(content) < SMALL_BYTES)
            found += [f"{path.relative_to(directory)}: {form} of {address}" for form in forms]
        for table, row in rows(server.database_url):
            found += [f"table {table}: {form} of {address}" for form in found_in(row, address)]
        for answer in answers:
            head = answer[:60]
            found += [f"answer {head!r}: {form} of {address}" for form in found_in(answer, address)]
    assert found == []


def test_what_was_sent_is_in_these_files_tables_and_answers(loaded):
    """So the search looks where it must: hits, reports, events and tries were stored, and errors were logged."""
    server, answers = loaded
    names = {path.name for path in files(server.log.parent)}
    assert {"up.log", "keys", "standby.json", "backup.tar", "secret_key"} <= names
    outcomes = set(re.findall(rb"x-telemetry: ([\w-]+)", b"".join(answers).lower()))
    assert outcomes >= {b"counted", b"opted-out", b"bot", b"excess", b"unknown-token"}
    mails = [path.read_text() for path in (server.log.parent / "mails").iterdir()]
    assert sum("Logged in from a new browser." in mail for mail in mails) == len([*FORWARDED, PEER])
    assert any("/reset/" in mail for mail in mails)
    assert b"auth_user" in server.log.read_bytes()  # the error of the missing table
    assert {int(answer.split(b" ", 2)[1]) for answer in answers if answer} >= {
        200,
        202,
        302,
        400,
        401,
        403,
        404,
        405,
        500,
    }


@pytest.mark.parametrize("address", [*FORWARDED, PEER])
def test_the_search_finds_each_form(address):
    for name, form in forms_of(address).items():
        assert name in found_in(b"x" + form + b"y", address), name
    assert found_in(f"log: {address} came".upper().encode(), address)
    assert not found_in(b"203.0.114.77 2001:db8:4d5e:6f71::77 198.51.101.213 127.77.67.55 ::1", address)
