"""Receive one pixel request: judge it, spool it, and choose the answer.

All entry points (gunicorn's connection, ASGI, the Django view) call this code. It never raises, whatever a client
sends. It runs no queries, unless its caller asks it to. It drops the client's address before anything is written.

User agents, which repeat from hit to hit, are parsed once and kept in a bounded cache. So are paths (`targets`), pages
(`pages`) and languages (`languages`).
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache
from zlib import crc32

import msgspec

from collector.classify.agents import is_bot, proxy_platform
from collector.classify.bots import has_inconsistent_headers
from collector.classify.declared import declared_bot
from collector.intake import answers
from collector.intake.answers import Answer
from collector.intake.badge_figures import BadgeFigures
from collector.intake.badge_targets import badge_target_of
from collector.intake.badges import BadgeReceiver
from collector.intake.clients import Network, client_address, country_of, is_private, is_within, networks
from collector.intake.languages import MAX_HEADER, language_of
from collector.intake.lookups import Live, Lookups
from collector.intake.pages import MAX_HOST, is_on_host, is_preview, page_of
from collector.intake.rate_limits import NO_SALT, Limiter, ReaderLimiter
from collector.intake.request import PixelRequest
from collector.intake.runs import run_of
from collector.intake.targets import Target, target_of
from collector.intake.visitors import visitor_of
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.models import Verdict
from collector.spool.line import MAX_AGENT, MAX_HINTS, MAX_PAGE, SpooledHit
from collector.spool.writer import SpoolWriter

MAX_ACCEPT = 512
CACHE_SIZE = 4096  # agents
_PLAIN_AGENT = re.compile(r"Windows NT|Mac OS X")  # client hints tell nothing new about these
_HINT = re.compile(r"[\w .-]{1,30}")
_PREFETCH = re.compile(rb"prefetch|prerender|preview", re.IGNORECASE)
_PREFETCH_HEADERS = frozenset({b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"})
_COUNTED, _OPTED_OUT = int(Verdict.COUNTED), int(Verdict.OPTED_OUT)
_BOT, _EXCESS, _PREFETCHED = int(Verdict.BOT), int(Verdict.EXCESS), int(Verdict.PREFETCH)
_SUSPECT, _EXCLUDED, _PREVIEW = int(Verdict.SUSPECT), int(Verdict.EXCLUDED), int(Verdict.PREVIEW)
_ANSWERS = {
    _COUNTED: answers.BY_REASON[answers.COUNTED],
    _OPTED_OUT: answers.BY_REASON[answers.OPTED_OUT],
    _BOT: answers.BY_REASON[answers.BOT],
    _EXCESS: answers.BY_REASON[answers.EXCESS],
    _PREFETCHED: answers.BY_REASON[answers.PREFETCH],
    _SUSPECT: answers.BY_REASON[answers.BOT],
    _EXCLUDED: answers.BY_REASON[answers.EXCLUDED],
    _PREVIEW: answers.BY_REASON[answers.PREVIEW],
}


class CallingAgent(msgspec.Struct, frozen=True):
    """What the web process reads from a user agent. `proxy` is the platform's slug if this is its image proxy."""

    text: str
    is_bot: bool
    proxy: str
    is_vague: bool  # client hints may tell more


class Receiver:
    """Receives the hits of one process, with its lookups, its rate limits and its spool writer."""

    def __init__(
        self, lookups: Lookups, spool: SpoolWriter, readers: ReaderLimiter, proxies: Limiter, trusted_proxies: int = 0
    ) -> None:
        self.lookups = lookups
        self.spool = spool
        self.readers = readers
        self.proxies = proxies
        self.trusted_proxies = trusted_proxies
        self.badges = BadgeReceiver(lookups, BadgeFigures(), self._spool_hit)
        self._taken = TALLY.verdicts

    def receive(self, request: PixelRequest, at_us: int) -> Answer | None:
        """Answer one request, or return None if that needs the database. Then call `ask` and `receive_asked`.

        While the database is away, nothing needs it.

        `at_us` is the time of the request in microseconds since the epoch. When this returns, a GET of a live pixel is
        in the spool. HEAD gets the same answer as GET, but is not counted.
        """
        if request.method not in {"GET", "HEAD"}:
            return answers.WRONG_METHOD
        target = target_of(request.path)
        if target is None:
            return self._receive_badge(request, at_us)
        lookups = self.lookups
        pixel = lookups.pixels.get(target.token)
        salt = lookups.salt(pixel, at_us) if pixel else None
        if salt is None and not lookups.is_away:
            is_refused = pixel is None and lookups.is_refused(target.token, self._network_of(request))
            return _unknown(request) if is_refused else None
        return self._spool_hit(request, target, at_us, pixel, salt)

    def ask(self, request: PixelRequest, at_us: int) -> "Future[bool | None]":
        """Have the request's pixel looked up. Wait for it for at most WAIT_SECONDS, then call `receive_asked`."""
        target = target_of(request.path)
        badge = None if target else badge_target_of(request.path)
        if badge is not None:
            return self.badges.ask(request, badge, at_us, self._network_of(request))
        return self.lookups.ask(target.token if target else "", at_us, self._network_of(request))

    def receive_asked(self, request: PixelRequest, at_us: int, question: "Future[bool | None]") -> Answer:
        """Answer a request whose pixel was looked up. If there is no answer yet, its hit is spooled: it may count."""
        target = target_of(request.path)
        badge = None if target else badge_target_of(request.path)
        if not question.done():
            self.lookups.give_up()
        if badge is not None:
            return self.badges.receive_asked(request, badge, at_us, question)
        if question.done() and question.result() is False:
            target = None
        if target is None:
            return _unknown(request)
        pixel = self.lookups.pixels.get(target.token)
        return self._spool_hit(request, target, at_us, pixel, self.lookups.salt(pixel, at_us) if pixel else None)

    def close(self) -> None:
        """End the segment and the lookups. Optional: without it no hit is lost."""
        self.badges.close()
        self.lookups.close()
        self.spool.close()

    def _receive_badge(self, request: PixelRequest, at_us: int) -> Answer | None:
        """Answer a request whose path names no pixel. It may name a badge; if so, as `receive` does."""
        badge = badge_target_of(request.path)
        if badge is None:
            return _unknown(request)
        return self.badges.receive(request, badge, at_us, lambda: self._network_of(request))

    def _network_of(self, request: PixelRequest) -> str:
        return networks(client_address(request.peer, request.headers, self.trusted_proxies)).local

    def _spool_hit(
        self, request: PixelRequest, target: Target, at_us: int, pixel: Live | None, salt: bytes | None
    ) -> Answer:
        """Spool a hit. `pixel` and `salt` are None if they can't be looked up now; the hit then has no visitor."""
        counts = request.method == "GET"
        if pixel is not None and pixel.is_declared:
            return self._spool_run(request, target, at_us, pixel, salt, counts=counts)
        hit = self._hit_of(request, target, at_us, pixel, salt, counts=counts)
        if counts:
            try:
                self.spool.append(hit.to_line())
            except OSError as error:
                self.spool.count_loss(error)
                return answers.BY_REASON[answers.LOST]
            self._taken[hit.verdict] += 1  # no call, no lock: this line is on the way of every hit
        return _ANSWERS[hit.verdict]

    def _spool_run(
        self, request: PixelRequest, target: Target, at_us: int, pixel: Live, salt: bytes | None, *, counts: bool
    ) -> Answer:
        """Spool a run of a program. Nothing is kept of its sender, who is nobody's reader: no agent is a bot here."""
        address = client_address(request.peer, request.headers, self.trusted_proxies)
        if pixel.networks and is_within(address, pixel.networks):
            return _run_answer(answers.EXCLUDED, counts=counts)
        if counts:
            if self.readers.is_excess(address, _signs(request.headers), target.token, "run", salt or NO_SALT):
                return _run_answer(answers.EXCESS)
            try:
                self.spool.append(run_of(target.token, request.query, pixel.program, at_us).to_line())
            except OSError as error:
                self.spool.count_loss(error)
                return answers.BY_REASON[answers.LOST]
        return _run_answer(answers.COUNTED, counts=counts)

    def lines_to_sync(self, request: PixelRequest, answer: Answer) -> int:
        """Return the number of lines to pass to `sync` before you send `answer`; 0 if you may send it now.

        With SPOOL_DURABILITY=disk, an answer that acknowledges a hit must wait until the hit is on the disk.
        """
        if not self.spool.is_durable or request.method != "GET" or not answer.is_spooled:
            return 0
        return self.spool.lines_to_sync

    def sync(self, answer: Answer, lines: int) -> Answer:
        """Wait until the first `lines` of this process are on the disk, then return the answer to send. Blocks."""
        try:
            self.spool.sync(lines)
        except OSError as error:
            self.spool.count_loss(error)
            return answers.as_lost(answer)
        return answer

    def _hit_of(
        self,
        request: PixelRequest,
        target: Target,
        at_us: int,
        pixel: Live | None,
        salt: bytes | None,
        *,
        counts: bool,
    ) -> SpooledHit:
        """Return what may be kept of a request. The client's address goes no further."""
        headers = request.headers
        agent_bytes = headers.get(b"user-agent", b"")
        agent = agent_of(agent_bytes[: 4 * MAX_AGENT])  # keeps the cache small, whatever clients send
        address = client_address(request.peer, headers, self.trusted_proxies)
        excluded = pixel.networks if pixel else ()
        declared = "" if agent.is_bot or agent.proxy else declared_bot(headers)
        verdict = self._verdict_on(headers, target, agent, declared, address, excluded, salt or NO_SALT, counts=counts)
        opts_out = headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"
        page = _page(headers, opts_out=opts_out)
        if verdict == _COUNTED:
            verdict = _PREVIEW if _is_preview_for(pixel, page) else _OPTED_OUT if opts_out else _COUNTED
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
            language_of(headers.get(b"accept-language", b"")[: MAX_HEADER + 1]),
            country_of(address),
            visitor_of(address, agent_bytes, salt, pixel.project_id) if pixel and salt and address else None,
            declared or (_hints(headers) if agent.is_vague else ""),
            is_private(address),
        )

    def _verdict_on(
        self,
        headers: Mapping[bytes, bytes],
        target: Target,
        agent: CallingAgent,
        declared: str,
        address: str,
        excluded: Sequence[Network],
        key: bytes,
        counts: bool,
    ) -> int:
        """Return the verdict on a request, opt-outs aside. Counts the request for the rate limit if `counts`."""
        if not headers.keys().isdisjoint(_PREFETCH_HEADERS) and _is_prefetch(headers):
            return _PREFETCHED
        if excluded and is_within(address, excluded):
            return _EXCLUDED
        if counts and self._is_excess(headers, address, agent.proxy, target, key):
            return _EXCESS
        if agent.is_bot or declared:
            return _BOT
        if not agent.proxy and has_inconsistent_headers(
            headers.get(b"accept", b"")[:MAX_ACCEPT],
            headers.get(b"sec-fetch-dest", b"")[:MAX_HINTS],
            headers.get(b"sec-fetch-mode", b"")[:MAX_HINTS],
        ):
            return _SUSPECT
        return _COUNTED

    def _is_excess(self, headers: Mapping[bytes, bytes], address: str, proxy: str, target: Target, key: bytes) -> bool:
        if proxy:
            return self.proxies.is_excess((proxy, target.token, target.placement), key)
        position = "end" if target.is_end else "start"
        return self.readers.is_excess(address, _signs(headers), target.token, position, key)


def _unknown(request: PixelRequest) -> Answer:
    if request.method == "GET":
        TALLY.add(Count.HITS, answers.UNKNOWN_TOKEN)
    return answers.BY_REASON[answers.UNKNOWN_TOKEN]


def _run_answer(reason: str, *, counts: bool = True) -> Answer:
    if counts:
        TALLY.add(Count.RUNS, reason)
    return answers.BY_REASON[reason]


@lru_cache(CACHE_SIZE)
def agent_of(value: bytes) -> CallingAgent:
    """Return what the web process reads from a `User-Agent` header; the drain parses the rest."""
    text = _text(value)[:MAX_AGENT]
    proxy = proxy_platform(text)
    return CallingAgent(text, not proxy and is_bot(text), proxy, not proxy and not _PLAIN_AGENT.search(text))


def _page(headers: Mapping[bytes, bytes], *, opts_out: bool) -> str:
    """Return the page of a request; without its campaign if the reader opts out, as a link may be sent to one alone."""
    page = page_of(
        headers.get(b"referer", b"")[: 4 * MAX_PAGE],
        headers.get(b"host", b"")[:MAX_HOST],
        headers.get(b"sec-fetch-site") == b"same-origin",
    )
    return page.partition("?")[0] if opts_out else page


def _is_preview_for(pixel: Live | None, page: str) -> bool:
    return is_preview(page) and not (pixel is not None and is_on_host(page, pixel.private_hosts))


def _signs(headers: Mapping[bytes, bytes]) -> int:
    """Return a checksum of what tells readers behind one address apart. It is the same in all processes."""
    get = headers.get
    return crc32(get(b"user-agent", b"") + get(b"accept-language", b"") + get(b"sec-ch-ua", b""))


def _hints(headers: Mapping[bytes, bytes]) -> str:
    """Return Sec-CH-UA-Mobile and Sec-CH-UA-Platform in one text such as `?0 Android`; empty if neither is sent."""
    mobile = headers.get(b"sec-ch-ua-mobile", b"")
    platform = _text(headers.get(b"sec-ch-ua-platform", b"")[:MAX_HINTS]).strip('"')
    mobile_hint = mobile.decode() if mobile in {b"?0", b"?1"} else ""
    return f"{mobile_hint} {platform if _HINT.fullmatch(platform) else ''}".rstrip()


def _is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    return any(name in headers and _PREFETCH.search(headers[name]) for name in _PREFETCH_HEADERS)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
