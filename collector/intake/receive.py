"""Take one request of a pixel in: judge it, spool it, and say what to answer.

The ASGI fast path and the Django view are two coats of this one function. It never raises for what a stranger sends,
asks the database nothing itself, and forgets the client's address before anything is written.

What repeats from hit to hit (paths, user agents, pages, languages) is worked out once and remembered, bounded.
"""

import re
import time
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from collector.classify.agents import is_bot, proxy_platform
from collector.classify.bots import has_inconsistent_headers
from collector.classify.platforms import OTHER, PLACEMENT_FORM
from collector.intake import answers
from collector.intake.answers import Answer
from collector.intake.clients import client_address, country_of, is_private, is_within
from collector.intake.limits import Limiter
from collector.intake.lookups import Lookups
from collector.intake.visitors import visitor_of
from collector.models import Verdict
from collector.spool.writer import MAX_AGENT, MAX_HINTS, MAX_PAGE, SpooledHit, SpoolWriter

PREFIX = "/p/"
MAX_ACCEPT = 512
REMEMBERED = 4096  # of each: paths, agents, pages, languages
# Anything may stand for the placement: a slip of the author's pen must not lose the hit.
_ROUTE = re.compile(r"/p/(?P<token>[a-z0-9]{16,40})(?:/(?P<placement>[^/]*?))?(?P<end>/end)?\.gif")
_REFERER = re.compile(
    r"(https?|android-app)://(?:[^/?#]*@)?([^/?#@\s\\]+)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_KEPT_PARAMETER = re.compile(r"utm_(?:source|medium|campaign|term|content)=[\w.~%+-]{1,80}")
_PLAIN_AGENT = re.compile(r"Windows NT|Mac OS X")  # client hints add nothing to these
_HINT = re.compile(r"[\w .-]{1,30}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z0-9])")
_PREFETCH = re.compile(rb"prefetch|prerender|preview", re.IGNORECASE)
_PREFETCH_HEADERS = frozenset({b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"})
_COUNTED, _OPTED_OUT = int(Verdict.COUNTED), int(Verdict.OPTED_OUT)
_BOT, _EXCESS, _PREFETCHED = int(Verdict.BOT), int(Verdict.EXCESS), int(Verdict.PREFETCH)
_SUSPECT, _EXCLUDED = int(Verdict.SUSPECT), int(Verdict.EXCLUDED)
_ANSWERS = {
    _COUNTED: answers.BY_REASON[answers.COUNTED],
    _OPTED_OUT: answers.BY_REASON[answers.OPTED_OUT],
    _BOT: answers.BY_REASON[answers.BOT],
    _EXCESS: answers.BY_REASON[answers.EXCESS],
    _PREFETCHED: answers.BY_REASON[answers.PREFETCH],
    _SUSPECT: answers.BY_REASON[answers.BOT],
    _EXCLUDED: answers.BY_REASON[answers.EXCLUDED],
}
_TAKEN = frozenset(_ANSWERS.values())
_NO_KEY = b"no salt yet"  # keys the rate limit of a process that never reached the database


class Target(msgspec.Struct, frozen=True):
    """What the path of a pixel names."""

    token: str
    placement: str
    is_end: bool


class CallingAgent(msgspec.Struct, frozen=True):
    """What the web process tells from a user agent; `proxy` is the slug of the platform whose image proxy it is."""

    text: str
    is_bot: bool
    proxy: str
    is_vague: bool  # client hints may say more


class PixelRequest(msgspec.Struct, frozen=True):
    """One request, free of any web framework. Header names are lower case; `peer` is the socket's address."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    peer: str


class Receiver:
    """One process's way in for hits: what it remembers, whom it limits, and the segment it writes."""

    def __init__(
        self, lookups: Lookups, spool: SpoolWriter, readers: Limiter, proxies: Limiter, trusted_proxies: int = 0
    ) -> None:
        self.lookups = lookups
        self.spool = spool
        self.readers = readers
        self.proxies = proxies
        self.trusted_proxies = trusted_proxies

    def receive(self, request: PixelRequest, at_us: int) -> Answer | None:
        """Answer one request, or return None where the database must be asked: then `ask_and_receive` answers it.

        `at_us` is the moment of the request in microseconds since the epoch. A GET of a live pixel is in the spool when
        this returns. HEAD gets the answer that GET would get, and nothing is counted.
        """
        if request.method not in {"GET", "HEAD"}:
            return answers.WRONG_METHOD
        target = target_of(request.path)
        if target is None:
            return answers.BY_REASON[answers.UNKNOWN_TOKEN]
        if self.lookups.is_live(target.token, at_us) is None:
            return None
        return self._take(request, target, at_us)

    def ask_and_receive(self, request: PixelRequest, at_us: int) -> Answer:
        """Ask the database whether the request's pixel is live, and answer. Blocks."""
        target = target_of(request.path)
        if target is None or not self.lookups.load(target.token, at_us):
            return answers.BY_REASON[answers.UNKNOWN_TOKEN]
        return self._take(request, target, at_us)

    def _take(self, request: PixelRequest, target: Target, at_us: int) -> Answer:
        counts = request.method == "GET"
        hit = self._read(request, target, at_us, counts=counts)
        if counts:
            try:
                self.spool.append(hit.to_line())
            except OSError as error:
                self.spool.note_loss(error)
                return answers.BY_REASON[answers.LOST]
        return _ANSWERS[hit.verdict]

    def unsynced(self, request: PixelRequest, answer: Answer) -> int:
        """Return how many lines `answer` waits for with `synced`; 0 where it may go at once.

        With SPOOL_DURABILITY=disk an answer that says its hit was taken waits while the disk is behind.
        """
        if not self.spool.is_durable or request.method != "GET" or answer not in _TAKEN:
            return 0
        return self.spool.unsynced

    def synced(self, answer: Answer, lines: int) -> Answer:
        """Return `answer` once the first `lines` of this process are on the disk. Blocks."""
        try:
            self.spool.sync(lines)
        except OSError as error:
            self.spool.note_loss(error)
            return answers.BY_REASON[answers.LOST]
        return answer

    def _read(self, request: PixelRequest, target: Target, at_us: int, *, counts: bool) -> SpooledHit:
        """Return what may be kept of a request. The address lives in this function alone."""
        headers = request.headers
        agent_bytes = headers.get(b"user-agent", b"")
        agent = agent_of(agent_bytes[: 4 * MAX_AGENT])  # what is remembered stays small, whatever a stranger sends
        salt = self.lookups.salt(at_us)
        address = client_address(request.peer, headers, self.trusted_proxies)
        networks = self.lookups.excluded(target.token)
        opts_out = headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"
        if not headers.keys().isdisjoint(_PREFETCH_HEADERS) and _is_prefetch(headers):
            verdict = _PREFETCHED
        elif networks and is_within(address, networks):
            verdict = _EXCLUDED
        elif counts and self._is_excess(address, agent.proxy, target, salt or _NO_KEY):
            verdict = _EXCESS
        elif agent.is_bot:
            verdict = _BOT
        elif not agent.proxy and has_inconsistent_headers(
            headers.get(b"accept", b"")[:MAX_ACCEPT],
            headers.get(b"sec-fetch-dest", b"")[:MAX_HINTS],
            headers.get(b"sec-fetch-mode", b"")[:MAX_HINTS],
        ):
            verdict = _SUSPECT
        else:
            verdict = _OPTED_OUT if opts_out else _COUNTED
        page = page_of(headers.get(b"referer", b"")[: 4 * MAX_PAGE])
        if opts_out or verdict == _EXCLUDED:
            return SpooledHit(
                target.token, at_us, target.placement, target.is_end, verdict, page=page, is_private=is_private(address)
            )
        return SpooledHit(
            target.token,
            at_us,
            target.placement,
            target.is_end,
            verdict,
            agent.text,
            page,
            language_of(headers.get(b"accept-language", b"")[:32]),
            country_of(address),
            visitor_of(address, agent_bytes, salt) if salt and address else None,
            _hints(headers) if agent.is_vague else "",
            is_private(address),
        )

    def _is_excess(self, address: str, proxy: str, target: Target, key: bytes) -> bool:
        if proxy:
            return self.proxies.is_excess((proxy, target.token, target.placement), key)
        return self.readers.is_excess((address, target.token), key)


def now_us() -> int:
    """Return the present moment in microseconds since the epoch."""
    return time.time_ns() // 1000


@lru_cache(REMEMBERED)
def target_of(path: str) -> Target | None:
    """Return what a path names, or None where it is no path of a pixel."""
    match = _ROUTE.fullmatch(path)
    if match is None:
        return None
    placement, is_end = (match["placement"] or "").lower(), bool(match["end"])
    if placement == "end" and not is_end:  # /p/<token>/end.gif: the end of an article without placements
        placement, is_end = "", True
    if placement and not PLACEMENT_FORM.fullmatch(placement):
        placement = OTHER
    return Target(match["token"], placement, is_end)


@lru_cache(REMEMBERED)
def agent_of(value: bytes) -> CallingAgent:
    """Return what a `User-Agent` header tells without being parsed."""
    text = _text(value)[:MAX_AGENT]
    proxy = proxy_platform(text)
    return CallingAgent(text, not proxy and is_bot(text), proxy, not proxy and not _PLAIN_AGENT.search(text))


@lru_cache(REMEMBERED)
def page_of(referer: bytes) -> str:
    """Return the embedding page of a `Referer`: scheme, host, path, and of its query what names a campaign (`utm_…`).

    Credentials, fragment and all other parameters go: they may hold what is nobody's business, such as a login token.
    """
    match = _REFERER.fullmatch(_text(referer))
    if match is None:
        return ""
    scheme, host, path, query = match.groups()
    page = f"{scheme.lower()}://{host.lower()}{path or '/'}"
    kept = "&".join(part for part in (query or "").split("&") if _KEPT_PARAMETER.fullmatch(part))
    return (f"{page}?{kept}" if kept and len(page) + len(kept) < MAX_PAGE else page)[:MAX_PAGE]


@lru_cache(REMEMBERED)
def language_of(accept_language: bytes) -> str:
    """Return the first language of `Accept-Language`, such as de for de-CH (RFC 9110, 12.5.4), without its region."""
    match = _LANGUAGE.match(_text(accept_language))
    return match[0].lower() if match else ""


def _hints(headers: Mapping[bytes, bytes]) -> str:
    """Return Sec-CH-UA-Mobile and Sec-CH-UA-Platform in a form such as `?0 Android`, empty where neither is sent."""
    mobile = headers.get(b"sec-ch-ua-mobile", b"")
    platform = _text(headers.get(b"sec-ch-ua-platform", b"")[:MAX_HINTS]).strip('"')
    told = "?1" if mobile == b"?1" else "?0" if mobile == b"?0" else ""
    return f"{told} {platform if _HINT.fullmatch(platform) else ''}".rstrip()


def _is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    return any(name in headers and _PREFETCH.search(headers[name]) for name in _PREFETCH_HEADERS)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
