"""The ASGI entry point: a small application that answers pixels and reports before Django sees them."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings

from collector.intake.answers import Answer
from collector.intake.badge_targets import is_for_images
from collector.intake.bodies import MAX_BYTES
from collector.intake.clock import now_us
from collector.intake.door_targets import door_target
from collector.intake.doors import MANY_BYTES, DoorReceiver
from collector.intake.doors import MAX_BYTES as MAX_DOOR_BYTES
from collector.intake.headers import join_headers
from collector.intake.lookups import WAIT_SECONDS
from collector.intake.prefix import public_path, without_prefix
from collector.intake.problems import problem_answer
from collector.intake.receive import Receiver
from collector.intake.reports import ReportReceiver, is_for_reports
from collector.intake.request import PixelRequest
from collector.intake.targets import without_host
from collector.intake.turns import in_turns
from collector.intake.wiring import door_receiver, receiver, report_receiver
from collector.metrics.names import Count
from collector.metrics.tally import TALLY

MAX_DISCARDED_BYTES = 1024 * 1024  # of a body that is too large; gunicorn's connection takes no larger ones
BODY_SECONDS = 30.0  # for the body of a report; gunicorn's connection also has limits of its own
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Result = TypeVar("Result")
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def collector_first(application: Application) -> Application:
    """Return an ASGI application that receives hits and reports itself and passes all else to `application`, in turns.

    It also takes the host out of a request's target if that is a whole URL (RFC 9112, 3.2.2), as gunicorn does not, and
    the prefix of PUBLIC_URL out of paths.
    """
    fast_path, report_path = FastPath(receiver()), ReportPath(report_receiver())
    return dispatcher(fast_path, report_path, DoorPath(door_receiver()), in_turns(application))


def dispatcher(
    fast_path: "FastPath", report_path: "ReportPath", door_path: "DoorPath", application: Application
) -> Application:
    """Return an ASGI application that passes each request to one of the paths, or to `application`."""

    async def http(scope: Scope, receive: Receive, send: Send) -> None:
        if is_for_images(scope["path"]):
            await fast_path(scope, receive, send)
        elif door_target(scope["path"]) is not None:
            await door_path(scope, receive, send)
        elif is_for_reports(scope["path"]):
            await report_path(scope, receive, send)
        else:  # which expects the whole path (ASGI specification, HTTP connection scope)
            await application(_with_path(scope, public_path(scope["path"])), receive, send)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await http(_with_path(scope, without_prefix(without_host(scope["path"]))), receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send, fast_path)
        elif scope["type"] == "websocket":  # from a server that, unlike ours, does not ignore the upgrade
            await receive()
            await send({"type": "websocket.close"})
        else:
            await application(scope, receive, send)

    return dispatch


def _with_path(scope: Scope, path: str) -> Scope:
    """Return a request's scope with another path: usually the same, without a copy."""
    return scope if path == scope["path"] else scope | {"path": path}


class FastPath:
    """Answers pixel requests in the event loop's thread, unless a request needs the database or the disk.

    The thread of the lookups queries the database: a process then holds one connection, and a slow database delays only
    the requests that need it. Another thread waits for the disk if SPOOL_DURABILITY is `disk`.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._sync_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request_of(scope)
        at_us = now_us()
        answer = self._receiver.receive(request, at_us)
        if answer is None:
            question = self._receiver.ask(request, at_us)
            await asyncio.wait([asyncio.wrap_future(question)], timeout=WAIT_SECONDS)
            answer = self._receiver.receive_asked(request, at_us, question)
        if lines := self._receiver.lines_to_sync(request, answer):
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._sync_thread, self._receiver.sync, answer, lines)
        await _send(answer, request, send)

    def close(self) -> None:
        """End the segment and the threads. Optional: without it no hit is lost."""
        self._sync_thread.shutdown()
        self._receiver.close()


class ReportPath:
    """Answers requests with reports in the event loop's thread, as `FastPath` answers those of pixels.

    It reads a body only of a request that may be taken, and no more of it than may be kept.
    """

    def __init__(self, reports: ReportReceiver) -> None:
        self._reports = reports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request_of(scope)
        answer = self._reports.refuse(request) or await self._answer(request, receive)
        if answer is not None:
            TALLY.add(Count.REPORT_REQUESTS, str(answer.status))
            await _send(answer, request, send)

    async def _answer(self, request: PixelRequest, receive: Receive) -> Answer | None:
        """Return the answer to a request, or None if its client has gone before it sent all."""
        at_us = now_us()
        question = self._reports.ask(request, at_us)
        if question is not None:
            await asyncio.wait([asyncio.wrap_future(question)], timeout=WAIT_SECONDS)
        admitted = self._reports.admit(request, at_us, question)
        if isinstance(admitted, Answer):
            return admitted
        body = await _body_in_time(receive, MAX_BYTES)
        if body is None or isinstance(body, Answer):
            return body
        answer = self._reports.take(request, admitted, body, now_us())
        if lines := self._reports.lines_to_sync(answer):
            answer = await asyncio.to_thread(self._reports.sync, answer, lines)
        return answer


class DoorPath:
    """Answers requests of other SDKs. It reads the body first: some name their program only in it."""

    def __init__(self, doors: DoorReceiver) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request_of(scope)
        answer = self._doors.refuse(request)
        if answer is None:
            answer = await self._answer(request, receive)
        elif answer.status == 413:
            await _body_in_time(receive, 0, MAX_DISCARDED_BYTES)
        if answer is not None:
            TALLY.add(Count.REPORT_REQUESTS, str(answer.status))
            await _send(answer, request, send)

    async def _answer(self, request: PixelRequest, receive: Receive) -> Answer | None:
        """Return the answer to a request, or None if its client has gone before it sent all."""
        body = await _body_in_time(receive, MAX_DOOR_BYTES, MAX_DISCARDED_BYTES)
        if body is None or isinstance(body, Answer):
            return body
        doors = self._doors
        posted = await _in_thread_if(len(body) > MANY_BYTES, doors.open, request, body)
        if isinstance(posted, Answer):
            return posted
        at_us = now_us()
        question = doors.ask(request, posted, at_us)
        if question is not None:
            await asyncio.wait([asyncio.wrap_future(question)], timeout=WAIT_SECONDS)
        program = doors.admit(request, posted, at_us, question)
        if isinstance(program, Answer):
            return program
        translated = await _in_thread_if(posted.is_large, doors.translate, request, posted, program, at_us)
        if isinstance(translated, Answer):
            return translated
        answer = doors.keep(request, posted, translated, at_us)
        if lines := doors.lines_to_sync(answer):
            answer = await asyncio.to_thread(doors.sync, answer, lines)
        return answer


async def _in_thread_if(is_slow: bool, step: Callable[..., Result], *arguments: Any) -> Result:
    """Call a step; in a thread if it is slow, so that the event loop goes on."""
    return await asyncio.to_thread(step, *arguments) if is_slow else step(*arguments)


async def _body_in_time(receive: Receive, most: int, discarded: int = 0) -> bytes | Answer | None:
    """Return a request's body as `_body` does, or the answer to a client that sends it too slowly."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _body(receive, most, discarded)
    except TimeoutError:
        return problem_answer(408, "The body took too long to arrive.")


async def _body(receive: Receive, most: int, discarded: int) -> bytes | None:
    """Return a request's body, or the beginning of one that is too large; None if its client has gone.

    Of one that is too large, `discarded` more bytes are read: a client that can't send its whole body does not see our
    answer, and takes that for a failure of the network. Some SDKs then try for ever.
    """
    parts: list[bytes] = []
    size = 0
    while size <= most + discarded:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        if size <= most:
            parts.append(part)
        size += len(part)
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _request_of(scope: Scope) -> PixelRequest:
    client = scope.get("client")
    peer = client[0] if client else ""
    return PixelRequest(
        scope["method"], scope["path"], join_headers(scope["headers"]), peer, scope.get("query_string", b"")
    )


async def _send(answer: Answer, request: PixelRequest, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})


async def _lifespan(receive: Receive, send: Send, fast_path: FastPath) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            TALLY.begin(settings.METRICS_DIR, "web")
        if message["type"] == "lifespan.shutdown":
            fast_path.close()
            TALLY.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
