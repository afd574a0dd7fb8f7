"""gunicorn's connection with limits: how long a client may take, and how much it may send.

A client that holds a connection and sends nothing, or one byte a minute, costs us a place and memory; so does one that
does not read its answers. Each step has a time limit (the sweep in `connections.py` checks it) and each part of a
request a maximum size. A request to change the protocol is answered as an ordinary one (RFC 9110, 7.8).
"""

from enum import Enum
from typing import Any

from django.conf import settings
from gunicorn.asgi.parser import InvalidHeader, LimitRequestHeaders
from gunicorn.asgi.protocol import ASGIProtocol

from collector.intake.reports import PREFIX as REPORTS

MAX_HEAD_BYTES = 65_536  # request line and headers; proxies in front of us allow 8 to 32 kB
MAX_PIPELINED_BYTES = 65_536
FIRST_BYTE_SECONDS = 10.0
LAST_SECONDS = 1.0  # the same, and for the next request, while the worker stops
# As Apache's mod_reqtimeout does by default: 20 s, and for a body at least 500 bytes a second after that.
HEAD_SECONDS = 20.0
BODY_SECONDS = 20.0
BODY_BYTES_PER_SECOND = 500
_REPORTS = REPORTS.encode()  # these are refused by themselves, with a problem document
READING_SECONDS = 60.0  # to take 48 kB of an answer, or the rest of it; nginx's send_timeout is as long


class Phase(Enum):
    """What a connection does: it waits for a request, for the rest of its head or body, for our answer, or it ends."""

    WAITING = 1
    HEAD = 2
    BODY = 3
    ANSWERING = 4
    ENDING = 5


class BodyTooLargeError(Exception):
    """The body of a request is larger than any that we accept."""


class LimitedProtocol(ASGIProtocol):  # type: ignore[misc]  # gunicorn is not typed
    """One connection. Its worker has `connections`, which admit it and check its time limits."""

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self.phase = Phase.ANSWERING  # without a limit, until it is known that this connection speaks HTTP/1
        self.waits_since: float = worker.loop.time()  # or, for our answer and its end, since when the phase lasts
        self._max_buffer_size = MAX_PIPELINED_BYTES
        self._max_body_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self._starts_with_data = False
        self.has_answered = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._unread_since: float | None = None  # since when the client has not read enough of an answer

    def connection_made(self, transport: Any) -> None:
        """Take in the connection, or end it at once if there are too many."""
        if self.worker.connections.admit(self, transport.get_extra_info("peername")):
            super().connection_made(transport)
        else:
            self._closed = self._conn_lost_handled = True
            transport.abort()

    def _start_http1(self, buffered: bytes = b"") -> None:
        """Create no parser and no task yet: a connection may end without a request, or need neither."""
        self.phase = Phase.WAITING
        self._starts_with_data = not buffered
        if buffered:
            super()._start_http1(buffered)

    def data_received(self, data: bytes) -> None:
        if self._starts_with_data:
            self._starts_with_data = False
            super()._start_http1()
        super().data_received(data)

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Parse arrived bytes; return whether the connection stays open, like the method it overrides."""
        if self.phase is Phase.WAITING:
            self._enter(Phase.HEAD)
            self._head_bytes = 0
        if self.phase is Phase.HEAD:
            self._head_bytes += len(data)
        try:
            fed: bool = super()._feed_callback_parser(data)
        except BodyTooLargeError:
            return self._refuse(413, "Request body is too large")
        except ValueError:  # a Content-Length of more digits than Python converts
            return self._refuse(400, "Invalid Content-Length value")
        if fed and self.phase is Phase.HEAD and self._head_bytes > MAX_HEAD_BYTES:
            return self._refuse(431, "Request head is too large")
        return fed

    def _on_headers_complete(self) -> bool:
        parser: Any = self._callback_parser
        size = len(parser.path) + sum(len(name) + len(value) + len(b": \r\n") for name, value in parser.headers)
        if size > MAX_HEAD_BYTES:
            raise LimitRequestHeaders("Request head is too large")
        if parser.http_version >= (1, 1) and all(name != b"host" for name, _ in parser.headers):
            raise InvalidHeader("Missing Host header")  # RFC 9112, 3.2
        if (parser.content_length or 0) > self._max_body_bytes and not parser.path.startswith(_REPORTS):
            raise BodyTooLargeError
        self._body_bytes = 0
        self._enter(Phase.BODY)
        skips_body: bool = super()._on_headers_complete()
        return skips_body

    def _on_body(self, chunk: bytes) -> None:
        self._body_bytes += len(chunk)
        if self._body_bytes > self._max_body_bytes:  # chunked: its size was not announced
            raise BodyTooLargeError
        super()._on_body(chunk)

    def _on_message_complete(self) -> None:
        self._enter(Phase.ANSWERING)
        super()._on_message_complete()

    def _is_websocket_upgrade(self, request: Any) -> bool:
        return False

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        """Answer one request by ASGI; return whether the connection stays open, like the method it overrides."""
        kept: bool = await super()._serve_http_request(request, sockname, peername)
        if kept:
            self.has_answered = True
            self._enter(Phase.WAITING)
        return kept

    def _arm_keepalive_timer(self) -> None:
        """Set no timer: the sweep ends idle connections."""

    def is_waiting(self) -> bool:
        """Whether the connection waits for its client and could be closed."""
        return self.phase is not Phase.ANSWERING or self._unread_since is not None

    def enforce_time_limits(self, now: float) -> None:
        """End the connection if its client has kept us waiting for too long."""
        seconds = now - self.waits_since
        if self._unread_since is not None and now - self._unread_since > READING_SECONDS:
            self.drop()
        elif self.phase is Phase.WAITING:
            limit = self._keepalive if self.has_answered else FIRST_BYTE_SECONDS
            if not self.worker.alive:
                limit = LAST_SECONDS
            if seconds >= limit and not self._finishing_calls:
                self.end()
        elif self.phase is Phase.HEAD:
            if seconds >= HEAD_SECONDS:
                self._refuse(408, "Request head took too long")
        elif self.phase is Phase.BODY:
            if self._reading_paused:  # we are the slow ones
                self.waits_since = now
            elif seconds >= BODY_SECONDS + self._body_bytes / BODY_BYTES_PER_SECOND:
                self._refuse(408, "Request body took too long")
        elif self.phase is Phase.ENDING and seconds > READING_SECONDS:
            self.drop()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.waits_since = self.worker.loop.time()

    def _refuse(self, status: int, reason: str) -> bool:
        """Answer with an error and close the connection. Return False: it does not stay open."""
        self._send_error_response(status, reason)
        self.end()
        return False

    def end(self) -> None:
        """Close the connection once its client has read what was sent."""
        self._close_transport()
        if self._request_ready is not None:
            self._request_ready.set()  # lets gunicorn's task end

    def drop(self) -> None:
        """Close the connection at once."""
        self._closed = True
        self.transport.abort()

    def _close_transport(self) -> None:
        self._enter(Phase.ENDING)
        super()._close_transport()

    def pause_writing(self) -> None:
        self._unread_since = self.worker.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up everything of the connection. gunicorn keeps it for three more seconds, for requests in progress."""
        self.worker.connections.forget(self)
        self.resume_writing()  # lets an application end that waits for the client to read
        if not self._awaiting_request or self._finishing_calls:
            super().connection_lost(exc)
            return
        self._task = None
        super().connection_lost(exc)
        self._request_ready.set()
        self._callback_parser = None  # it holds methods of this object
