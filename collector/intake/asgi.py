"""The ASGI entry point: a small application that answers pixel requests before Django sees them."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from collector.intake.clock import now_us
from collector.intake.headers import join_headers
from collector.intake.lookups import WAIT_SECONDS
from collector.intake.receive import PixelRequest, Receiver
from collector.intake.targets import is_for_pixels, without_host
from collector.intake.wiring import receiver

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def collector_first(application: Application) -> Application:
    """Return an ASGI application that receives hits itself and passes everything else to `application`.

    It also takes the host out of a request's target if that is a whole URL (RFC 9112, 3.2.2), as gunicorn does not.
    """
    return dispatcher(FastPath(receiver()), application)


def dispatcher(fast_path: "FastPath", application: Application) -> Application:
    """Return an ASGI application that passes each request either to `fast_path` or to `application`."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/"):
            scope = scope | {"path": without_host(scope["path"])}
        if scope["type"] == "http" and is_for_pixels(scope["path"]):
            await fast_path(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send, fast_path)
        elif scope["type"] == "websocket":  # from a server that, unlike ours, does not ignore the upgrade
            await receive()
            await send({"type": "websocket.close"})
        else:
            await application(scope, receive, send)

    return dispatch


class FastPath:
    """Answers pixel requests in the event loop's thread, unless a request needs the database or the disk.

    The thread of the lookups queries the database: a process then holds one connection, and a slow database delays only
    the requests that need it. Another thread waits for the disk if SPOOL_DURABILITY is `disk`.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._sync_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        peer = client[0] if client else ""
        request = PixelRequest(scope["method"], scope["path"], join_headers(scope["headers"]), peer)
        at_us = now_us()
        answer = self._receiver.receive(request, at_us)
        if answer is None:
            question = self._receiver.ask(request, at_us)
            await asyncio.wait([asyncio.wrap_future(question)], timeout=WAIT_SECONDS)
            answer = self._receiver.receive_asked(request, at_us, question)
        if lines := self._receiver.lines_to_sync(request, answer):
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._sync_thread, self._receiver.sync, answer, lines)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})

    def close(self) -> None:
        """End the segment and the threads. Optional: without it no hit is lost."""
        self._sync_thread.shutdown()
        self._receiver.close()


async def _lifespan(receive: Receive, send: Send, fast_path: FastPath) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            fast_path.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
