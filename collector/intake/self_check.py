"""A request of this server to itself, through PUBLIC_URL: is it us that answers, and what arrives?

`manage.py doctor` asks `/healthz` with a signed question in a header, and gets a signed answer: how the request looked
to the web process that answered it. Both sides have SECRET_KEY, and nobody else does. A stranger who sends the header
gets the ordinary answer. Somebody who overhears a question can repeat it for `MAX_AGE_SECONDS`, and learns what the
answer says: settings and counts, never an address.
"""

import resource
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from collector.intake.clients import address_of

HEADER = "X-Footfall-Check"
FORGED_ADDRESS = "192.0.2.77"  # of a network for documentation (RFC 5737), which no client has
MAX_AGE_SECONDS = 60
_MAX_QUESTION_LENGTH = 200
_QUESTION, _ANSWER = "collector.self_check.question", "collector.self_check.answer"


@dataclass(frozen=True, slots=True)
class Seen:
    """How a request looked to the web process.

    `hops` are the entries of `X-Forwarded-For` or `Forwarded` that proxies added; `believes_forged` tells that the
    entry that the client wrote itself counted as its address. `server` is the same for all processes with one DATA_DIR.
    """

    nonce: str
    server: str
    host: str
    is_host_allowed: bool
    is_secure: bool
    hops: int
    has_address: bool
    believes_forged: bool
    trusted_proxies: int
    public_url: str
    open_files: int


def question() -> tuple[str, str]:
    """Return a new nonce, and the value of `HEADER` that asks for it."""
    nonce = secrets.token_urlsafe(12)
    return nonce, signing.dumps(nonce, salt=_QUESTION)


def answer(request: HttpRequest) -> str | None:
    """Return the signed answer to a request with a question of ours; None for any other request."""
    text = request.headers.get(HEADER, "")
    if not 0 < len(text) <= _MAX_QUESTION_LENGTH:
        return None
    try:
        nonce = signing.loads(text, salt=_QUESTION, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    return signing.dumps(asdict(_seen(request, str(nonce))), salt=_ANSWER)


def read_answer(text: str, nonce: str) -> Seen | None:
    """Return what an answer says, or None if it is not an answer of ours to the question with this nonce."""
    try:
        seen = Seen(**signing.loads(text.strip(), salt=_ANSWER, max_age=MAX_AGE_SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    return seen if secrets.compare_digest(seen.nonce, nonce) else None


def server_id(data_dir: Path) -> str:
    """Return what tells this server's data directory from others: of another machine, or of a copy."""
    status = data_dir.stat()
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _seen(request: HttpRequest, nonce: str) -> Seen:
    address = address_of(request)
    try:
        host, is_host_allowed = request.get_host(), True
    except DisallowedHost:
        host, is_host_allowed = request.META.get("HTTP_HOST", "")[:255], False
    return Seen(
        nonce=nonce,
        server=server_id(settings.DATA_DIR),
        host=host,
        is_host_allowed=is_host_allowed,
        is_secure=request.is_secure(),
        hops=max(_added(request.headers.get(name, "")) for name in ("X-Forwarded-For", "Forwarded")),
        has_address=bool(address),
        believes_forged=address == FORGED_ADDRESS,
        trusted_proxies=settings.TRUSTED_PROXIES,
        public_url=settings.PUBLIC_URL,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )


def _added(header: str) -> int:
    """Return how many entries of a header proxies added: all but the one that the question came with."""
    entries = [entry for entry in header.split(",") if entry.strip()]
    return len(entries) - (FORGED_ADDRESS in header.partition(",")[0])
