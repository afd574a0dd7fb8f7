"""Receive what the SDKs of other telemetry systems post: translate it, spool what the declaration names, and answer.

Like `reports`, for PostHog, Aptabase and OpenTelemetry: all entry points call this code, it never raises whatever a
client sends, and it drops the client's address and all ids before anything is written. Each SDK gets the answers that
it understands, so that it neither tries for ever nor gives up what it should keep.

A request takes four steps: `refuse` by its head alone, `read` the body, `ask` if the memory does not have the program,
and `take`.
"""

from concurrent.futures import Future
from typing import NamedTuple

from collector.intake.admission import COUNTED_BYTES, Refusal
from collector.intake.answers import Answer
from collector.intake.bodies import BadBodyError, encoding_of, inflated, too_large
from collector.intake.door_answers import NO_FLAGS, PREFLIGHT, accepted, open_to_browsers, undeclared
from collector.intake.door_targets import DoorTarget, door_target
from collector.intake.door_uses import door_lines
from collector.intake.problems import problem_answer
from collector.intake.receive import PixelRequest
from collector.intake.reports import ReportReceiver, away, refused, unknown
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.programs.doors.sent import Sent, TooManyError
from collector.programs.wire import MalformedError

MAX_BYTES = 512 * 1024  # as sent, and as inflated: SDKs send up to some hundred events at once
MANY_BYTES = 8 * 1024  # a larger body is read in a thread of its own, so that readers of pixels don't wait
_GZIP_MAGIC = b"\x1f\x8b"
_ENCODINGS = frozenset({b"", b"identity", b"gzip", b"deflate"})


class Posted(NamedTuple):
    """A request whose body was read: the token of its program, what was sent, and how many bytes that was."""

    token: str
    sent: Sent
    size: int


class DoorReceiver:
    """Receives the requests of other SDKs in one process. It shares all that it has with the `reports` of clients."""

    def __init__(self, reports: ReportReceiver) -> None:
        self.admission = reports.admission
        self.spool = reports.spool
        self.lines_to_sync = reports.lines_to_sync
        self.sync = reports.sync

    def refuse(self, request: PixelRequest) -> Answer | None:
        """Return the answer to a request that needs no body: one that can't be accepted, or asks what it may do."""
        if request.method == "OPTIONS":
            return PREFLIGHT
        if _target(request).endpoint.read is None:
            return NO_FLAGS
        if request.method != "POST":
            return open_to_browsers(problem_answer(405, "Send events with POST.", headers=((b"allow", b"POST"),)))
        if encoding_of(request.headers) not in _ENCODINGS:
            accept = ((b"accept-encoding", b"gzip, deflate, identity"),)
            detail = "Send the body as it is, or compressed with gzip or deflate."
            return open_to_browsers(problem_answer(415, detail, headers=accept))
        length = request.headers.get(b"content-length", b"").strip().lstrip(b"0")
        if length.isdigit() and (len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES):
            return open_to_browsers(too_large(MAX_BYTES))
        return None

    def read(self, request: PixelRequest, body: bytes) -> Posted | Answer:
        """Read a body; return the answer if that can't be done. Touches nothing that is shared, so a thread may."""
        target = _target(request)
        try:
            content = inflated(body, _encoding(request, body), MAX_BYTES)
            sent = target.endpoint.read(content, request.headers, request.query)  # type: ignore[misc]  # see `refuse`
        except BadBodyError as error:
            return open_to_browsers(error.answer)
        except TooManyError:
            return open_to_browsers(problem_answer(413, "Send fewer events in one request."))
        except MalformedError as error:
            return open_to_browsers(problem_answer(400, str(error), field=error.field))
        return Posted(target.token or sent.token, sent, len(content))

    def ask(self, request: PixelRequest, posted: Posted, at_us: int) -> "Future[bool | None] | None":
        """Have the request's program looked up if the memory does not have it. Wait for at most WAIT_SECONDS."""
        return self.admission.ask(request, posted.token, at_us) if posted.token else None

    def take(self, request: PixelRequest, posted: Posted, at_us: int, question: "Future[bool | None] | None") -> Answer:
        """Translate and spool a request. `at_us` is when its body had arrived.

        When this returns a status below 300, all that is kept of it is in the spool; with any other, nothing is.
        """
        return open_to_browsers(self._take(request, posted, at_us, question))

    def _take(
        self, request: PixelRequest, posted: Posted, at_us: int, question: "Future[bool | None] | None"
    ) -> Answer:
        token, sent, size = posted
        if not token:
            return unknown()
        program = self.admission.admit(request, token, at_us, question)
        if isinstance(program, Refusal):
            return refused(program)
        if sent.door not in program.sdks:
            return undeclared(sent.door)
        # One request may tell of many installations, and costs its network as many requests of our clients.
        tellers = len({event.identity for event in sent.events})
        if refusal := self.admission.count_size(request, token, max(size, tellers * COUNTED_BYTES), at_us):
            return refused(refusal)
        country = self.admission.country_of(request) if program.with_country else ""
        made = door_lines(sent, token, program, country, self.admission.lookups, at_us)
        if made.lines:
            try:
                self.spool.append(b"".join(made.lines))
            except OSError as error:
                self.spool.count_loss(error, hits=0)
                return away()
        TALLY.add(Count.REPORTS, "accepted", made.kept)
        TALLY.add(Count.REPORTS, "rejected", len(sent.events) - made.kept)
        return accepted(_target(request).endpoint.form, request.headers, sent, made)


def _target(request: PixelRequest) -> DoorTarget:
    target = door_target(request.path)
    if target is None:
        raise ValueError("no SDK posts to this path")
    return target


def _encoding(request: PixelRequest, body: bytes) -> bytes:
    """Return how a body is compressed. posthog-js says it in the query, or not at all."""
    return encoding_of(request.headers) or (b"gzip" if body.startswith(_GZIP_MAGIC) else b"")
