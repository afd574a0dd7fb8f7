"""Take one request of a pixel in: judge it, spool it, and say what to answer.

The ASGI fast path and the Django view are two coats of this one function. It never raises for what a stranger sends,
asks the database nothing where `Lookups` are warm, and forgets the client's address before anything is written.
"""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from collector import answers
from collector.agents import is_bot
from collector.answers import Answer
from collector.clients import client_address, country_of
from collector.lookups import Lookups
from collector.models import Verdict
from collector.platforms import OTHER, PLACEMENT_FORM
from collector.spool import MAX_AGENT, MAX_PAGE, SpooledHit, SpoolWriter
from collector.visitors import day_of, visitor_of

logger = logging.getLogger(__name__)

PREFIX = "/p/"
# Anything may stand for the placement: a slip of the author's pen must not lose the hit.
_ROUTE = re.compile(r"/p/(?P<token>[a-z0-9]{16,40})(?:/(?P<placement>[^/]*?))?(?P<end>/end)?\.gif")
_REFERER = re.compile(
    r"(https?|android-app)://(?:[^/?#]*@)?([^/?#@\s\\]+)(/[^?#]*)?(?:[?#].*)?", re.IGNORECASE | re.DOTALL
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z0-9])")
_PREFETCH_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_PREFETCH = re.compile(rb"prefetch|prerender|preview", re.IGNORECASE)
_REASONS: dict[int, str] = {
    Verdict.COUNTED: answers.COUNTED,
    Verdict.BOT: answers.BOT,
    Verdict.OPTED_OUT: answers.OPTED_OUT,
    Verdict.PREFETCH: answers.PREFETCH,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What the path of a pixel names."""

    token: str
    placement: str
    is_end: bool


@dataclass(frozen=True, slots=True)
class PixelRequest:
    """One request, free of any web framework. Header names are lower case; `peer` is the socket's address."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    peer: str

    def target(self) -> Target | None:
        """Return what the path names, or None where it is no path of a pixel."""
        match = _ROUTE.fullmatch(self.path)
        if match is None:
            return None
        placement, is_end = (match["placement"] or "").lower(), bool(match["end"])
        if placement == "end" and not is_end:  # /p/<token>/end.gif: the end of an article without placements
            placement, is_end = "", True
        if placement and not PLACEMENT_FORM.fullmatch(placement):
            placement = OTHER
        return Target(match["token"], placement, is_end)


class Receiver:
    """One process's way in for hits: what it remembers, and the segment it writes."""

    def __init__(self, lookups: Lookups, spool: SpoolWriter, trusted_proxies: int = 0) -> None:
        self.lookups = lookups
        self.spool = spool
        self.trusted_proxies = trusted_proxies

    def needs_load(self, target: Target, at_us: int) -> bool:
        """Whether `receive` has to wait for the database; the ASGI path then runs it in a thread."""
        return not self.lookups.is_warm(target.token, day_of(at_us))

    def receive(self, request: PixelRequest, target: Target | None, at_us: int) -> Answer:
        """Answer one request. A GET of a live pixel is in the spool when this returns.

        `at_us` is the moment of the request in microseconds since the epoch. HEAD gets the answer that GET would get,
        and nothing is counted.
        """
        if request.method not in {"GET", "HEAD"}:
            return answers.WRONG_METHOD
        if target is None or not self.lookups.load(target.token, day_of(at_us)):
            return answers.BY_REASON[answers.UNKNOWN_TOKEN]
        hit = self._read(request, target, at_us)
        if request.method == "GET":
            try:
                self.spool.append(hit.to_line())
            except OSError as error:
                logger.error("A hit of %s is lost: the spool can't be written (%s).", target.token, error.strerror)
                return answers.BY_REASON[answers.LOST]
        return answers.BY_REASON[_REASONS[hit.verdict]]

    def _read(self, request: PixelRequest, target: Target, at_us: int) -> SpooledHit:
        """Return what may be kept of a request. The address lives in this function alone."""
        headers = request.headers
        agent = headers.get(b"user-agent", b"")
        agent_text = _text(agent)[:MAX_AGENT]
        verdict = _verdict(headers, agent_text)
        page = _page(headers.get(b"referer", b""))
        if _opts_out(headers):
            return SpooledHit(target.token, at_us, target.placement, target.is_end, verdict, page=page)
        address = client_address(request.peer, _text(headers.get(b"x-forwarded-for", b"")), self.trusted_proxies)
        salt = self.lookups.salt(day_of(at_us))
        return SpooledHit(
            token=target.token,
            at_us=at_us,
            placement=target.placement,
            is_end=target.is_end,
            verdict=verdict,
            agent=agent_text,
            page=page,
            language=_language(headers.get(b"accept-language", b"")),
            country=country_of(address),
            visitor=visitor_of(address, agent, salt) if salt and address else None,
        )


def now_us() -> int:
    """Return the present moment in microseconds since the epoch."""
    return time.time_ns() // 1000


def _verdict(headers: Mapping[bytes, bytes], agent: str) -> Verdict:
    if any(name in headers and _PREFETCH.search(headers[name]) for name in _PREFETCH_HEADERS):
        return Verdict.PREFETCH
    if is_bot(agent):
        return Verdict.BOT
    if _opts_out(headers):
        return Verdict.OPTED_OUT
    return Verdict.COUNTED


def _opts_out(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _page(referer: bytes) -> str:
    """Return the embedding page of a `Referer`: scheme, host and path, without credentials, query and fragment."""
    match = _REFERER.fullmatch(_text(referer[: 4 * MAX_PAGE]))
    if match is None:
        return ""
    scheme, host, path = match.groups()
    return f"{scheme.lower()}://{host.lower()}{path or '/'}"[:MAX_PAGE]


def _language(accept_language: bytes) -> str:
    """Return the first language of `Accept-Language`, such as de for de-CH (RFC 9110, 12.5.4), without its region."""
    match = _LANGUAGE.match(_text(accept_language[:32]))
    return match[0].lower() if match else ""
