"""The fastest entry point: answers pixel requests on gunicorn's connection, without ASGI."""

from email.utils import formatdate
from functools import cache, lru_cache
from http import HTTPStatus
from sys import maxsize
from typing import Any

from collector.intake.answers import Answer
from collector.intake.clock import now_us
from collector.intake.limited_protocol import LimitedProtocol, Phase
from collector.intake.plain_requests import END, beginnings, plain_request
from collector.intake.wiring import receiver

_WAITING = Phase.WAITING


class PixelProtocol(LimitedProtocol):
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
        self._max_line, self._max_fields = _limits(self.cfg)
        self._beginnings = beginnings()
        self._peer: str | None = None

    def data_received(self, data: bytes) -> None:
        """Answer a plain request at once; leave everything else to gunicorn."""
        if (
            self.phase is _WAITING
            and self._may_answer_directly
            and data.startswith(self._beginnings)
            and data.endswith(END)
            and self._answer_directly(data)
        ):
            return
        super().data_received(data)

    def _answer_directly(self, data: bytes) -> bool:
        """Answer `data` if it is a plain request of a known pixel. Return whether it was."""
        if not self.worker.alive or self.transport.get_write_buffer_size():  # the client does not read its answers
            return False
        if self._peer is None:
            peername = self.transport.get_extra_info("peername")
            self._peer = peername[0] if peername else ""
        plain = plain_request(data, self._peer, self._max_line, self._max_fields)
        if plain is None:
            return False
        request, is_last = plain
        at_us = now_us()
        answer = self._receiver.receive(request, at_us)
        if answer is None:
            return False
        self.transport.write(_response(answer, at_us // 1_000_000, is_last))
        self.has_answered, self.waits_since = True, self.worker.loop.time()  # the phase stays the same
        if is_last:
            self.end()
        return True


@cache
def _limits(config: Any) -> tuple[int, int]:
    """Return the longest request line in bytes and the largest number of headers. gunicorn's own lookup is slow."""
    return config.limit_request_line, config.limit_request_fields


@lru_cache(maxsize=256)  # badges have many answers
def _response(answer: Answer, second: int, is_last: bool) -> bytes:
    """Return the bytes of an answer, with its Date (RFC 9110, 6.6.1). Cached for each second."""
    head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}".encode()]
    head += [name + b": " + value for name, value in answer.headers]
    head.append(f"date: {formatdate(second, usegmt=True)}".encode())
    if is_last:
        head.append(b"connection: close")
    return b"\r\n".join(head) + b"\r\n\r\n" + answer.body
