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

from collector.intake.admission import Admission, Reason, Refusal
from collector.intake.answers import Answer
from collector.intake.bodies import BadBodyError, encoding_of, inflated, refusal_by_head
from collector.intake.network_caps import Judged, NetworkCaps
from collector.intake.problems import json_answer, problem_answer
from collector.intake.request import PixelRequest
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.programs.program import Program
from collector.programs.report import ProgramReport
from collector.programs.wire import Checked, MalformedError, check
from collector.spool.report_line import MAX_FLOOD, SpooledFlood, SpooledReport
from collector.spool.writer import SpoolWriter

PREFIX = "/e/"
RETRY_SECONDS = 60  # of clients that may try again; ours wait for another day
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
    """Receives the reports of one process, with the spool writer that it shares with hits."""

    def __init__(self, admission: Admission, spool: SpoolWriter, caps: NetworkCaps | None = None) -> None:
        self.admission = admission
        self.spool = spool
        self.caps = caps or NetworkCaps(0)

    def refuse(self, request: PixelRequest) -> Answer | None:
        """Return the answer to a request whose head shows that it can't be accepted."""
        if _token_of(request) is None:
            return unknown()
        if request.method != "POST":
            return problem_answer(405, "Send reports with POST.", headers=((b"allow", b"POST"),))
        return refusal_by_head(request.headers)

    def ask(self, request: PixelRequest, at_us: int) -> "Future[bool | None] | None":
        """Have the request's program looked up if the memory does not have it. Wait for at most WAIT_SECONDS."""
        return self.admission.ask(request, _token_of(request) or "", at_us)

    def admit(self, request: PixelRequest, at_us: int, question: "Future[bool | None] | None") -> Program | Answer:
        """Return the program to pass to `take`, or the answer if there is none, or to a sender over the limit."""
        admitted = self.admission.admit(request, _token_of(request) or "", at_us, question)
        return refused(admitted) if isinstance(admitted, Refusal) else admitted

    def take(self, request: PixelRequest, program: Program, body: bytes, at_us: int) -> Answer:
        """Check and spool the reports of an admitted request. `at_us` is when its body had arrived.

        When this returns 202, all accepted reports are in the spool; with any other answer, none are.
        """
        token = _token_of(request) or ""
        moment = datetime.fromtimestamp(at_us // 1_000_000, UTC)
        try:
            content = inflated(body, encoding_of(request.headers))
            if refusal := self.admission.count_size(request, token, len(content), at_us):
                return refused(refusal)
            checked = check(content, program, moment.date())
        except BadBodyError as error:
            return error.answer
        except MalformedError as error:
            return problem_answer(400, str(error), field=error.field)
        country = self.admission.country_of(request) if program.with_country else ""
        reports = [msgspec.structs.replace(report, country=country) for report in checked.reports]
        judged = self._judge(request, token, reports, at_us)
        if reports:
            try:
                self.spool.append(_lines(token, at_us, reports, judged))
            except OSError as error:
                self.spool.count_loss(error, hits=0)
                return away()
        TALLY.add(Count.REPORTS, "accepted", judged.excess.count(False))
        TALLY.add(Count.REPORTS, "excess", judged.excess.count(True))
        TALLY.add(Count.REPORTS, "rejected", len(checked.rejections))
        return _accepted(checked, program, moment)

    def _judge(self, request: PixelRequest, token: str, reports: list[ProgramReport], at_us: int) -> Judged:
        """Return which reports are more than counts of their network."""
        address, key = self.admission.address_of(request), self.admission.key(token, at_us)
        return self.caps.judge(address, token, key, reports)

    def lines_to_sync(self, answer: Answer) -> int:
        """Return the number of lines to pass to `sync` before you send `answer`; 0 if you may send it now."""
        return self.spool.lines_to_sync if self.spool.is_durable and answer.status < 300 else 0

    def sync(self, answer: Answer, lines: int) -> Answer:
        """Wait until the first `lines` of this process are on the disk, then return the answer to send. Blocks."""
        try:
            self.spool.sync(lines)
        except OSError as error:
            self.spool.count_loss(error, hits=0)
            return away()
        return answer


def _token_of(request: PixelRequest) -> str | None:
    match = _PATH.fullmatch(request.path)
    return match[1] if match else None


def _lines(token: str, at_us: int, reports: list[ProgramReport], judged: Judged) -> bytes:
    lines = [
        SpooledReport(token, at_us, report, is_excess).to_line()
        for report, is_excess in zip(reports, judged.excess, strict=True)
    ]
    for start in range(0, len(judged.flood), MAX_FLOOD):
        lines.append(SpooledFlood(token, at_us, list(judged.flood[start : start + MAX_FLOOD])).to_line())
    return b"".join(lines)


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


def refused(refusal: Refusal) -> Answer:
    """Return the answer to a request that is not admitted."""
    if refusal.reason is Reason.TOO_MANY:
        detail = "Too many requests of this program come from your network. Send the reports again later."
        return problem_answer(429, detail, headers=((b"retry-after", str(refusal.seconds).encode()),))
    return away() if refusal.reason is Reason.AWAY else unknown()


def unknown() -> Answer:
    """Return the answer for a token that no program in use has."""
    return problem_answer(404, _UNKNOWN)


def away() -> Answer:
    """Return the answer while reports can't be checked or kept."""
    return problem_answer(503, _AWAY, headers=((b"retry-after", str(RETRY_SECONDS).encode()),))
