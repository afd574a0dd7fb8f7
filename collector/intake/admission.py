"""Whether a request with reports may be taken: its program is in use and declared, and its network is below the limit.

No lookup for a known program. A device keeps its reports until it has an answer, so a program that can't be looked up
now is never taken for an unknown one.
"""

from concurrent.futures import Future
from enum import Enum
from typing import NamedTuple

from collector.intake.clients import client_address, country_of, networks
from collector.intake.lookups import Live, Lookups
from collector.intake.rate_limits import NO_SALT, SenderLimiter
from collector.intake.request import PixelRequest
from collector.programs.program import Program

COUNTED_BYTES = 4 * 1024  # of a body count as one request: otherwise one network could fill a disk in some hours


class Reason(Enum):
    """Why a request is refused."""

    UNKNOWN = 1  # no program in use has the token
    AWAY = 2  # it can't be looked up now
    TOO_MANY = 3  # requests of its network


class Refusal(NamedTuple):
    """Why a request is refused, and after how many seconds it may come again, 0 if that is not known."""

    reason: Reason
    seconds: int = 0


class Admission:
    """Admits the requests of one process, with the lookups that it shares with hits."""

    def __init__(self, lookups: Lookups, senders: SenderLimiter, trusted_proxies: int = 0) -> None:
        self.lookups = lookups
        self.senders = senders
        self.trusted_proxies = trusted_proxies

    def ask(self, request: PixelRequest, token: str, at_us: int) -> "Future[bool | None] | None":
        """Have the request's program looked up if the memory does not have it. Wait for at most WAIT_SECONDS.

        A program without a declaration is looked up each time: it may have been declared just now, and a client that
        gets 404 deletes its reports.
        """
        lookups = self.lookups
        live = lookups.pixels.get(token)
        if lookups.is_away or (live is not None and (live.program is not None or not live.is_program)):
            return None
        network = networks(self.address_of(request)).local
        if live is None and lookups.is_refused(token, network):
            return None
        return lookups.ask(token, at_us, network)

    def admit(
        self, request: PixelRequest, token: str, at_us: int, question: "Future[bool | None] | None"
    ) -> Program | Refusal:
        """Return the program that may be reported on, or why not. Counts the request."""
        if question is not None and not question.done():
            self.lookups.give_up()
        live = self.lookups.pixels.get(token)
        if live is None or live.program is None:
            return Refusal(Reason.AWAY if self._may_exist(token, live, question) else Reason.UNKNOWN)
        return self._count(request, token, at_us) or live.program

    def count_size(self, request: PixelRequest, token: str, size: int, at_us: int) -> Refusal | None:
        """Count a large body as several requests; return a refusal if its network has to wait."""
        for _ in range((size - 1) // COUNTED_BYTES):
            if refusal := self._count(request, token, at_us):
                return refusal
        return None

    def address_of(self, request: PixelRequest) -> str:
        """Return the client's address, which is never written."""
        return client_address(request.peer, request.headers, self.trusted_proxies)

    def country_of(self, request: PixelRequest) -> str:
        """Return the country of the client's address; empty if its user opts out."""
        opts_out = request.headers.get(b"sec-gpc") == b"1" or request.headers.get(b"dnt") == b"1"
        return "" if opts_out else country_of(self.address_of(request))

    def key(self, token: str, at_us: int) -> bytes:
        """Return what keys the hashes of networks while they are counted: the salt of the program's day."""
        live = self.lookups.pixels.get(token)
        return (self.lookups.salt(live, at_us) if live else None) or NO_SALT

    def _count(self, request: PixelRequest, token: str, at_us: int) -> Refusal | None:
        seconds = self.senders.seconds_to_wait(self.address_of(request), token, self.key(token, at_us))
        return Refusal(Reason.TOO_MANY, seconds) if seconds else None

    def _may_exist(self, token: str, live: Live | None, question: "Future[bool | None] | None") -> bool:
        """Whether a token may be of a program that we can't look up now. A client that gets 404 deletes its reports."""
        if self.lookups.is_away or (live is not None and live.is_declared):
            return True
        if question is None:  # not asked, as the network has asked about too many unknown tokens
            return live is None and not self.lookups.has_said_no(token)
        return not question.done() or question.result() is None
