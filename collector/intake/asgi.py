"""The fast path: a small ASGI application that answers the collector's own paths before Django sees them."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from collector.intake.clock import now_us
from collector.intake.headers import joined
from collector.intake.receive import PREFIX, PixelRequest, Receiver
from collector.intake.wiring import receiver

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def collector_first(application: Application) -> Application:
    """Return an ASGI application that takes hits in itself and hands everything else to `application`."""
    fast_path = FastPath(receiver())

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await fast_path(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send, fast_path)
        else:
            await application(scope, receive, send)

    return dispatch


class FastPath:
    """Answers requests of pixels. Only a request that the database must be asked for leaves the event loop's thread.

    One thread asks, so that a process holds one connection and a slow database delays only those who need it. Another
    one waits for the disk, where answers have to.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookups")
        self._syncing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        request = PixelRequest(scope["method"], scope["path"], joined(scope["headers"]), client[0] if client else "")
        at_us = now_us()
        answer = self._receiver.receive(request, at_us)
        loop = asyncio.get_running_loop()
        if answer is None:
            answer = await loop.run_in_executor(self._asking, self._receiver.ask_and_receive, request, at_us)
        if lines := self._receiver.unsynced(request, answer):
            answer = await loop.run_in_executor(self._syncing, self._receiver.synced, answer, lines)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})

    def close(self) -> None:
        """End the segment and let the database go. Nothing is lost without it; the drain only waits less."""
        self._asking.submit(lambda: connection.close())  # looked up there: each thread has its own
        self._asking.shutdown()
        self._syncing.shutdown()
        self._receiver.spool.close()


async def _lifespan(receive: Receive, send: Send, fast_path: FastPath) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            fast_path.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
