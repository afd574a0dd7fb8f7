"""Receive one request with reports of a program: check it, spool what may be kept, and answer.

Like `receive`, for programs: all entry points call this code, it never raises whatever a client sends, and it drops the
client's address before anything is written. A device keeps its reports until it has an answer. So whenever we can't
keep them, 503 is the right answer, and nothing is lost.

A request takes four steps: `refuse` by its head alone, `ask` if the memory does not have the program, `admit`, and
`take` with the body.
"""

import re
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import msgspec

from collector.intake.answers import Answer
from collector.intake.bodies import BadBodyError, inflated, refusal_by_head
from collector.intake.clients import client_address, country_of, networks
from collector.intake.lookups import Live, Lookups
from collector.intake.problems import json_answer, problem_answer
from collector.intake.rate_limits import NO_SALT, SenderLimiter
from collector.intake.request import PixelRequest
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.programs.program import Program
from collector.programs.wire import Checked, MalformedError, check
from collector.spool.report_line import SpooledReport
from collector.spool.writer import SpoolWriter

PREFIX = "/e/"
RETRY_SECONDS = 60  # of clients that may try again; ours wait for another day
COUNTED_BYTES = 4 * 1024  # of a body count as one request: otherwise one network could fill a disk in some hours
_PATH = re.compile(r"/e/([a-z0-9]{16,40})/?")
_UNKNOWN = (
    "No program in use has this token. Declare the program with manage.py declare, and use the token that it prints. "
    "The token of an article takes no reports, and that of a retired program takes none either."
)
_AWAY = "Footfall can't check or keep reports at the moment. Keep them, and send them again later."


def is_for_reports(path: str) -> bool:
    """Whether a path is of a request with reports."""
    return path.startswith(PREFIX)


class ReportReceiver:
    """Receives the reports of one process, with the lookups and the spool writer that it shares with hits."""

    def __init__(self, lookups: Lookups, spool: SpoolWriter, senders: SenderLimiter, trusted_proxies: int = 0) -> None:
        self.lookups = lookups
        self.spool = spool
        self.senders = senders
        self.trusted_proxies = trusted_proxies

    def refuse(self, request: PixelRequest) -> Answer | None:
        """Return the answer to a request whose head shows that it can't be accepted."""
        if _token_of(request) is None:
            return _unknown()
        if request.method != "POST":
            return problem_answer(405, "Send reports with POST.", headers=((b"allow", b"POST"),))
        return refusal_by_head(request.headers)

    def ask(self, request: PixelRequest, at_us: int) -> "Future[bool | None] | None":
        """Have the request's program looked up if the memory does not have it. Wait for at most WAIT_SECONDS.

        A program without a declaration is looked up each time: it may have been declared just now, and a client that
        gets 404 deletes its reports.
        """
        token = _token_of(request) or ""
        lookups = self.lookups
        live = lookups.pixels.get(token)
        if lookups.is_away or (live is not None and (live.program is not None or not live.is_program)):
            return None
        network = networks(self._address_of(request)).local
        if live is None and lookups.is_refused(token, network):
            return None
        return lookups.ask(token, at_us, network)

    def admit(self, request: PixelRequest, at_us: int, question: "Future[bool | None] | None") -> Program | Answer:
        """Return the program to pass to `take`, or the answer if there is none, or to a sender over the limit."""
        token = _token_of(request) or ""
        if question is not None and not question.done():
            self.lookups.give_up()
        live = self.lookups.pixels.get(token)
        if live is None or live.program is None:
            return _away() if self._may_exist(token, live, question) else _unknown()
        return self._count(request, live, at_us) or live.program

    def _count(self, request: PixelRequest, live: Live, at_us: int) -> Answer | None:
        """Count one request of a network; return the answer if it has to wait."""
        salt = self.lookups.salt(live, at_us) or NO_SALT
        seconds = self.senders.seconds_to_wait(self._address_of(request), _token_of(request) or "", salt)
        if not seconds:
            return None
        detail = "Too many requests of this program come from your network. Send the reports again later."
        return problem_answer(429, detail, headers=((b"retry-after", str(seconds).encode()),))

    def _count_size(self, request: PixelRequest, size: int, at_us: int) -> Answer | None:
        """Count a large body as several requests; return the answer if its network has to wait."""
        live = self.lookups.pixels.get(_token_of(request) or "")
        if live is None:  # it was retired meanwhile
            return None
        for _ in range((size - 1) // COUNTED_BYTES):
            if answer := self._count(request, live, at_us):
                return answer
        return None

    def _may_exist(self, token: str, live: Live | None, question: "Future[bool | None] | None") -> bool:
        """Whether a token may be of a program that we can't look up now. A client that gets 404 deletes its reports."""
        if self.lookups.is_away or (live is not None and live.is_declared):
            return True
        if question is None:  # not asked, as the network has asked about too many unknown tokens
            return live is None and not self.lookups.has_said_no(token)
        return not question.done() or question.result() is None

    def take(self, request: PixelRequest, program: Program, body: bytes, at_us: int) -> Answer:
        """Check and spool the reports of an admitted request. `at_us` is when its body had arrived.

        When this returns 202, all accepted reports are in the spool; with any other answer, none are.
        """
        token = _token_of(request) or ""
        moment = datetime.fromtimestamp(at_us // 1_000_000, UTC)
        try:
            content = inflated(body, request.headers)
            if answer := self._count_size(request, len(content), at_us):
                return answer
            checked = check(content, program, moment.date())
        except BadBodyError as error:
            return error.answer
        except MalformedError as error:
            return problem_answer(400, str(error), field=error.field)
        country = self._country_of(request) if program.with_country else ""
        lines = [_line(token, at_us, msgspec.structs.replace(report, country=country)) for report in checked.reports]
        if lines:
            try:
                self.spool.append(b"".join(lines))
            except OSError as error:
                self.spool.count_loss(error, hits=0)
                return _away()
        TALLY.add(Count.REPORTS, "accepted", len(lines))
        TALLY.add(Count.REPORTS, "rejected", len(checked.rejections))
        return _accepted(checked, program, moment)

    def lines_to_sync(self, answer: Answer) -> int:
        """Return the number of lines to pass to `sync` before you send `answer`; 0 if you may send it now."""
        return self.spool.lines_to_sync if self.spool.is_durable and answer.status == 202 else 0

    def sync(self, answer: Answer, lines: int) -> Answer:
        """Wait until the first `lines` of this process are on the disk, then return the answer to send. Blocks."""
        try:
            self.spool.sync(lines)
        except OSError as error:
            self.spool.count_loss(error, hits=0)
            return _away()
        return answer

    def _address_of(self, request: PixelRequest) -> str:
        return client_address(request.peer, request.headers, self.trusted_proxies)

    def _country_of(self, request: PixelRequest) -> str:
        opts_out = request.headers.get(b"sec-gpc") == b"1" or request.headers.get(b"dnt") == b"1"
        return "" if opts_out else country_of(self._address_of(request))


def _token_of(request: PixelRequest) -> str | None:
    match = _PATH.fullmatch(request.path)
    return match[1] if match else None


def _line(token: str, at_us: int, report: Any) -> bytes:
    return SpooledReport(token, at_us, report).to_line()


def _accepted(checked: Checked, program: Program, moment: datetime) -> Answer:
    document: dict[str, Any] = {
        "day": moment.date().isoformat(),
        "time": f"{moment:%H:%M:%S}",
        "accepted": len(checked.reports),
        "rejected": checked.rejections,
    }
    if program.versions.newest:
        document["newest"] = program.versions.newest
    if program.versions.withdrawn:
        document["withdrawn"] = program.versions.withdrawn
    return json_answer(202, document)


def _unknown() -> Answer:
    return problem_answer(404, _UNKNOWN)


def _away() -> Answer:
    return problem_answer(503, _AWAY, headers=((b"retry-after", str(RETRY_SECONDS).encode()),))
