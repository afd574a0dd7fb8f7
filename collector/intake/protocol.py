"""The fastest entry point: answers pixel requests on gunicorn's connection, without ASGI."""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from sys import maxsize
from typing import Any, NamedTuple

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn_h1c import H1CProtocol

from collector.intake.answers import Answer
from collector.intake.clock import now_us
from collector.intake.headers import join_headers
from collector.intake.receive import PREFIX, PixelRequest
from collector.intake.wiring import receiver

_BEGINNING = f"GET {PREFIX}".encode()
_END = b"\r\n\r\n"
_HTTP_1_1 = (1, 1)


class _PlainRequest(NamedTuple):
    request: PixelRequest
    is_last: bool  # the connection closes after it


class PixelProtocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn is not typed
    """One connection. Answers a plain GET of a pixel with a known token as it arrives; ASGI answers everything else.

    A request is plain if it arrives whole and alone, on a connection that has no other request in progress.
    """

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._receiver = receiver()
        self._may_answer_directly = not (
            self.log.access_log_enabled
            or self._pre_request
            or self._post_request
            or self._receiver.spool.is_durable  # then answers wait for the disk
            or worker.max_requests != maxsize
            or self.cfg.proxy_protocol != "off"
            or not self._keepalive
        )
        self._parser = _parser(self.cfg.limit_request_line, self.cfg.limit_request_field_size)
        self._is_idle = True
        self._peer: str | None = None
        self._answered_at = 0.0

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Handle arrived bytes; return whether the connection stays open, like the method it overrides."""
        if self._is_idle and data.startswith(_BEGINNING) and data.endswith(_END) and self._may_answer_directly:
            at_us = now_us()
            plain = self._plain_request(data)
            answer = plain and self._receiver.receive(plain.request, at_us)
            if plain and answer:
                self.transport.write(_response(answer, at_us // 1_000_000, plain.is_last))
                self._wait_or_close(is_over=plain.is_last)
                return not plain.is_last
        self._is_idle = False
        fed: bool = super()._feed_callback_parser(data)
        return fed

    def _plain_request(self, data: bytes) -> _PlainRequest | None:
        """Return `data` as a plain request, or None if it isn't one."""
        parser = self._parser
        try:
            parser.feed(data)
            path = parser.path.partition(b"?")[0]
            if (
                not parser.is_complete
                or parser.http_version != _HTTP_1_1
                or parser.should_upgrade
                or parser.remaining()
                or b"%" in path
                or not self.worker.alive
                or self.transport.get_write_buffer_size()  # the client does not read its answers
            ):
                return None
            if self._peer is None:
                peername = self.transport.get_extra_info("peername")
                self._peer = peername[0] if peername else ""
            request = PixelRequest("GET", path.decode("ascii"), join_headers(parser.asgi_headers), self._peer)
            return _PlainRequest(request, not parser.should_keep_alive)
        except Exception:  # malformed for this parser: gunicorn's own way answers the client
            return None
        finally:
            parser.reset()

    def _wait_or_close(self, *, is_over: bool) -> None:
        """Wait for the next request, or close the connection. One timer serves many requests."""
        self._answered_at = self.worker.loop.time()
        if is_over:
            self._is_idle = False
            super()._keepalive_timeout()
        elif self._keepalive_handle is None:
            self._arm_keepalive_timer()

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        """Answer one request by ASGI; return whether the connection stays open, like the method it overrides."""
        kept: bool = await super()._serve_http_request(request, sockname, peername)
        self._is_idle = kept
        return kept

    def _keepalive_timeout(self) -> None:
        """Close the connection if it was idle for long enough; otherwise check again later."""
        seconds_left = self._answered_at + self._keepalive - self.worker.loop.time()
        if seconds_left > 0:
            self._keepalive_handle = self.worker.loop.call_later(seconds_left, self._keepalive_timeout)
        else:
            super()._keepalive_timeout()


@lru_cache(maxsize=1)
def _parser(limit_request_line: int, limit_request_field_size: int) -> Any:
    """Return this process's parser of plain requests. All connections share it: it keeps no state between requests."""
    return H1CProtocol(limit_request_line=limit_request_line, limit_request_field_size=limit_request_field_size)


@lru_cache(maxsize=32)
def _response(answer: Answer, second: int, is_last: bool) -> bytes:
    """Return the bytes of an answer, with its Date (RFC 9110, 6.6.1). Cached for each second."""
    head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()]
    head += [name + b": " + value for name, value in answer.headers]
    head.append(f"date: {formatdate(second, usegmt=True)}".encode())
    if is_last:
        head.append(b"connection: close")
    return b"\r\n".join(head) + b"\r\n\r\n" + answer.body
