"""Pixels answered on the connection itself: the third coat of `collector.receive`, and the quickest."""

import asyncio
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol

from collector.answers import Answer
from collector.coats import joined, syncing
from collector.receive import PREFIX, PixelRequest, now_us
from collector.wiring import receiver

_PREFIX = PREFIX.encode()
_HTTP_1_1 = (1, 1)


class PixelProtocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn is not typed
    """One connection. A plain GET of a pixel whose token is known is answered at once, anything else by ASGI."""

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._receiver = receiver()
        self._is_plain = not (self.log.access_log_enabled or self._pre_request or self._post_request)

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        """Answer one request and return whether the connection is kept, as the method it overrides."""
        body = self._body_receiver
        if (
            request.raw_path.startswith(_PREFIX)
            and request.method == "GET"
            and request.version == _HTTP_1_1
            and self._is_plain
            and (body is None or body._complete)
        ):
            at_us = now_us()
            pixel_request = PixelRequest(
                "GET", request.path, joined(request.headers_bytes), peername[0] if peername else ""
            )
            answer = self._receiver.receive(pixel_request, at_us)
            if answer is not None:
                if self._receiver.must_sync:
                    answer = await asyncio.get_running_loop().run_in_executor(syncing(), self._receiver.synced, answer)
                will_close = self._will_close(request, False)
                self._safe_write(_response(answer, at_us // 1_000_000, will_close))
                return not will_close
        kept: bool = await super()._serve_http_request(request, sockname, peername)
        return kept


@lru_cache(maxsize=32)
def _response(answer: Answer, second: int, will_close: bool) -> bytes:
    """Return the bytes of an answer in one second, for its Date (RFC 9110, 6.6.1)."""
    head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()]
    head += [name + b": " + value for name, value in answer.headers]
    head.append(f"date: {formatdate(second, usegmt=True)}".encode())
    if will_close:
        head.append(b"connection: close")
    return b"\r\n".join(head) + b"\r\n\r\n" + answer.body
