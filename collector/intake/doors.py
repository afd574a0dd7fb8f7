"""Receive what the SDKs of other telemetry systems post: translate it, spool what the declaration names, and answer.

Like `reports`, for PostHog, Aptabase and OpenTelemetry: all entry points call this code, it never raises whatever a
client sends, and it drops the client's address and all ids before anything is written. Each SDK gets the answers that
it understands, so that it neither tries for ever nor gives up what it should keep.

A request takes six steps: `refuse` by its head alone, `open` the body, `ask` if the memory does not have the program,
`admit`, `translate`, and `keep`.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

import msgspec

from collector.intake.admission import COUNTED_BYTES, Refusal
from collector.intake.answers import Answer
from collector.intake.bodies import BadBodyError, encoding_of, inflated, refusal_by_length
from collector.intake.door_answers import NO_FLAGS, PREFLIGHT, accepted, open_to_browsers, undeclared
from collector.intake.door_targets import DoorTarget, door_target
from collector.intake.door_uses import DoorLines, door_lines
from collector.intake.problems import problem_answer
from collector.intake.reports import ReportReceiver, away, refused, unknown
from collector.intake.request import PixelRequest
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.programs.doors.sent import SentEvent, TooManyError
from collector.programs.program import Program
from collector.programs.wire import MalformedError

MAX_BYTES = 512 * 1024  # as sent, and as inflated: SDKs send up to some hundred events at once
MANY_BYTES = 8 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ENCODINGS = frozenset({b"", b"identity", b"gzip", b"deflate"})


class Posted(NamedTuple):
    """A request whose body was opened: the token of its program, how its events are read, and its size in bytes."""

    token: str
    read: Callable[[], list[SentEvent]]
    size: int

    @property
    def is_large(self) -> bool:
        """Whether reading it takes so long that a thread of its own should do it: readers of pixels don't wait."""
        return self.size > MANY_BYTES


class Translated(NamedTuple):
    """The events of a request, and what they become in the spool."""

    events: list[SentEvent]
    made: DoorLines


class DoorReceiver:
    """Receives the requests of other SDKs in one process. It shares all that it has with the `reports` of clients."""

    def __init__(self, reports: ReportReceiver) -> None:
        self.admission = reports.admission
        self.spool = reports.spool
        self.caps = reports.caps
        self.lines_to_sync = reports.lines_to_sync
        self.sync = reports.sync

    def refuse(self, request: PixelRequest) -> Answer | None:
        """Return the answer to a request that needs no body: one that can't be accepted, or asks what it may do."""
        if request.method == "OPTIONS":
            return PREFLIGHT
        if _target(request).endpoint.open is None:
            return NO_FLAGS
        if request.method != "POST":
            return open_to_browsers(problem_answer(405, "Send events with POST.", headers=((b"allow", b"POST"),)))
        if encoding_of(request.headers) not in _ENCODINGS:
            accept = ((b"accept-encoding", b"gzip, deflate, identity"),)
            detail = "Send the body as it is, or compressed with gzip or deflate."
            return open_to_browsers(problem_answer(415, detail, headers=accept))
        refusal = refusal_by_length(request.headers, MAX_BYTES)
        return open_to_browsers(refusal) if refusal else None

    def open(self, request: PixelRequest, body: bytes) -> Posted | Answer:
        """Open a body; return the answer if that can't be done. Touches nothing that is shared, so a thread may."""
        target = _target(request)
        if target.endpoint.open is None:
            return NO_FLAGS
        try:
            content = inflated(body, _encoding(request, body), MAX_BYTES)
            opened = target.endpoint.open(content, request.headers, request.query)
        except BadBodyError as error:
            return open_to_browsers(error.answer)
        except MalformedError as error:
            return _malformed(error)
        return Posted(target.token or opened.token, opened.read, len(content))

    def ask(self, request: PixelRequest, posted: Posted, at_us: int) -> "Future[bool | None] | None":
        """Have the request's program looked up if the memory does not have it. Wait for at most WAIT_SECONDS."""
        return self.admission.ask(request, posted.token, at_us) if posted.token else None

    def admit(
        self, request: PixelRequest, posted: Posted, at_us: int, question: "Future[bool | None] | None"
    ) -> Program | Answer:
        """Return the program to pass to `translate`, or the answer if there is none that takes the request."""
        if not posted.token:
            return open_to_browsers(unknown())
        program = self.admission.admit(request, posted.token, at_us, question)
        if isinstance(program, Refusal):
            return open_to_browsers(refused(program))
        door = _target(request).endpoint.door
        if door not in program.sdks:
            return open_to_browsers(undeclared(door))
        refusal = self.admission.count_size(request, posted.token, posted.size, at_us)
        return open_to_browsers(refused(refusal)) if refusal else program

    def translate(self, request: PixelRequest, posted: Posted, program: Program, at_us: int) -> Translated | Answer:
        """Read and translate the events of an admitted request. `at_us` is when its body had arrived. A thread may."""
        try:
            events = posted.read()
        except TooManyError:
            return open_to_browsers(problem_answer(413, "Send fewer events in one request."))
        except MalformedError as error:
            return _malformed(error)
        country = self.admission.country_of(request) if program.with_country else ""
        door, lookups = _target(request).endpoint.door, self.admission.lookups
        return Translated(events, door_lines(events, door, posted.token, program, country, lookups, at_us))

    def keep(self, request: PixelRequest, posted: Posted, translated: Translated, at_us: int) -> Answer:
        """Spool what was translated.

        When this returns a status below 300, all that is kept of the request is in the spool; with any other, nothing.
        """
        events, made = translated
        # One request may tell of many installations, and costs its network as many requests of our clients.
        tellers = len({event.identity for event in events}) - posted.size // COUNTED_BYTES
        refusal = self.admission.count_size(request, posted.token, tellers * COUNTED_BYTES, at_us)
        if refusal:
            return open_to_browsers(refused(refusal))
        lines, excess = self._judged(request, posted.token, made, at_us)
        if lines:
            try:
                self.spool.append(lines)
            except OSError as error:
                self.spool.count_loss(error, hits=0)
                return open_to_browsers(away())
        TALLY.add(Count.SDK_EVENTS, "kept", made.kept - excess)
        TALLY.add(Count.SDK_EVENTS, "excess", excess)
        TALLY.add(Count.SDK_EVENTS, "dropped", len(events) - made.kept)
        return open_to_browsers(accepted(_target(request).endpoint.form, request.headers, events, made))

    def _judged(self, request: PixelRequest, token: str, made: DoorLines, at_us: int) -> tuple[bytes, int]:
        """Return the lines of a request, those marked that are more than counts of its network, and their events."""
        address, key = self.admission.address_of(request), self.admission.key(token, at_us)
        lines: list[bytes] = []
        excess = 0
        for spooled, line in made.lines:
            marks = spooled.marks
            if marks and self.caps.is_mark_excess(address, token, key, marks.day, is_session=spooled.is_session):
                excess += len(spooled.uses)
                line = msgspec.structs.replace(spooled, is_excess=True).to_line()
            lines.append(line)
        return b"".join(lines), excess


def _malformed(error: MalformedError) -> Answer:
    return open_to_browsers(problem_answer(400, str(error), field=error.field))


def _target(request: PixelRequest) -> DoorTarget:
    target = door_target(request.path)
    if target is None:
        raise ValueError("no SDK posts to this path")
    return target


def _encoding(request: PixelRequest, body: bytes) -> bytes:
    """Return how a body is compressed. posthog-js says it in the query, or not at all."""
    return encoding_of(request.headers) or (b"gzip" if body.startswith(_GZIP_MAGIC) else b"")
