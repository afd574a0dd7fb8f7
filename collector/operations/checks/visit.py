"""A visit of our own PUBLIC_URL, as a reader's browser makes it: two requests, and what came back."""

import http.client
import secrets
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from collector.intake import self_check
from collector.intake.self_check import Seen

MAX_BODY_BYTES = 4096
AGENT = "Mozilla/5.0 (compatible; Footfall doctor)"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What came back from PUBLIC_URL. Without PUBLIC_URL, nothing was asked.

    `error` is what kept us from an answer. `seen` is what the web process saw, if it was ours. `pixel` is the answer to
    a pixel that does not exist. `certificate_ends_at` is in seconds since the epoch.
    """

    error: OSError | http.client.HTTPException | None = None
    health: Answer | None = None
    seen: Seen | None = None
    pixel: Answer | None = None
    certificate_ends_at: float | None = None


def visit(timeout_seconds: float) -> Visit:
    """Ask PUBLIC_URL for `/healthz` with a question of ours, and for the head of an unknown pixel."""
    if not settings.PUBLIC_URL:
        return Visit()
    parts = urlsplit(settings.PUBLIC_URL)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
    nonce, question = self_check.question()
    headers = {"User-Agent": AGENT, "X-Forwarded-For": self_check.FORGED_ADDRESS, self_check.HEADER: question}
    try:
        connection.connect()
        ends_at = _certificate_ends_at(connection.sock)
        health = _ask(connection, "GET", f"{parts.path}/healthz", headers)
        pixel = _ask(connection, "HEAD", f"{parts.path}/p/{secrets.token_hex(10)}.gif", {"User-Agent": AGENT})
    except (OSError, http.client.HTTPException) as error:
        return Visit(error)
    finally:
        connection.close()
    return Visit(None, health, self_check.read_answer(health.body, nonce), pixel, ends_at)


def _ask(connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str]) -> Answer:
    """Send a request and return the answer. Redirects are not followed. The next request connects again."""
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read(MAX_BODY_BYTES).decode("utf-8", "replace")
    connection.close()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


def _certificate_ends_at(connected: socket.socket | None) -> float | None:
    certificate = connected.getpeercert() if isinstance(connected, ssl.SSLSocket) else None
    ends = certificate.get("notAfter") if certificate else None
    return ssl.cert_time_to_seconds(ends) if isinstance(ends, str) else None
