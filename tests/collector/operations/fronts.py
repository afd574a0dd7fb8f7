"""Small servers in front of ours, as proxies are: what they do to a request on its way, and to its answer."""

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from django.test import Client

Headers = dict[str, str]


class Canned(NamedTuple):
    """An answer that a front gives by itself."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


UNKNOWN_PIXEL = Canned(404, {"X-Telemetry": "unknown-token", "Cache-Control": "no-store, private"})


class Front(NamedTuple):
    """What a front does: `passes_on` changes the headers of a request; an answer of its own is passed on to nobody."""

    passes_on: Callable[[Headers], Headers] = lambda headers: headers
    health: Canned | None = None
    pixel: Canned = UNKNOWN_PIXEL


def appends(*addresses: str) -> Callable[[Headers], Headers]:
    """Return proxies, each of which appends the address of its client, as nginx does."""
    return lambda headers: headers | {"X-Forwarded-For": ", ".join([headers["X-Forwarded-For"], *addresses])}


def replaces(address: str) -> Callable[[Headers], Headers]:
    """Return a proxy that writes only the address of its client, as Caddy does."""
    return lambda headers: headers | {"X-Forwarded-For": address}


def removes(name: str) -> Callable[[Headers], Headers]:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


@contextmanager
def serving(front: Front, certificate: Path | None = None) -> Iterator[int]:
    """Run a front, over TLS if it has a certificate; yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            canned = front.pixel if self.path.startswith("/p/") else front.health
            if canned:
                self._send(canned.status, canned.headers, canned.body)
                return
            answer = Client().get(self.path, headers=front.passes_on(dict(self.headers)))
            self._send(answer.status_code, dict(answer.headers), answer.content)

        do_HEAD = do_GET  # noqa: N815

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # a client that refuses the certificate
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def self_made_certificate(path: Path, host: str, days: int) -> Path:
    """Write a key and a certificate that it signed itself to one file."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", str(days), "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
            "-keyout", str(path.with_suffix(".key")), "-out", str(path),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + path.with_suffix(".key").read_text())
    return path
