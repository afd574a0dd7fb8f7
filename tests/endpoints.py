"""The pixel endpoint through two of its entry points, ASGI and the Django view, for tests that must hold for each."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from django.test import Client

from collector.intake import views
from collector.intake.asgi import FastPath, dispatcher
from collector.intake.lookups import Lookups
from collector.intake.rate_limits import Limiter, Rate, ReaderLimiter
from collector.intake.receive import Receiver
from collector.spool.line import SpooledHit
from collector.spool.reader import read_lines, segments
from collector.spool.writer import SpoolWriter

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
UNLIMITED = Rate(0, 60)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as a client sees it. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def reason(self) -> str | None:
        return self.headers.get("x-telemetry")


class Endpoint:
    """One entry point of the pixel endpoint, with its own spool."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.receiver = Receiver(
            Lookups(directory), SpoolWriter(directory), ReaderLimiter(UNLIMITED), Limiter("proxies", UNLIMITED)
        )

    def get(self, path: str, **headers: str | bytes) -> Response:
        """GET a path. `user_agent="x"` sends the header `User-Agent: x`; the default is a browser's."""
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, *, peer: str = "127.0.0.1", **headers: str | bytes) -> Response:
        raw = {
            name.replace("_", "-").lower(): value if isinstance(value, bytes) else value.encode()
            for name, value in ({"user_agent": CHROME} | headers).items()
        }
        return self._request(method, path, peer, raw)

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes]) -> Response:
        raise NotImplementedError

    def close(self) -> None:
        self.receiver.close()

    def spooled(self) -> list[SpooledHit]:
        return [
            SpooledHit.from_line(line.content)
            for segment in segments(self.directory)
            for line in read_lines(segment, 0, limit_bytes=1 << 30)
        ]


class AsgiEndpoint(Endpoint):
    """The ASGI entry point, called as gunicorn calls it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._fast_path = FastPath(self.receiver)
        self._application = dispatcher(self._fast_path, _not_found)

    def close(self) -> None:
        self._fast_path.close()

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes]) -> Response:
        path, _, query = path.partition("?")
        sent: list[dict] = []
        scope = {
            "type": "http",
            "method": method,
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "query_string": query.encode(),
            "headers": [(name.encode(), value) for name, value in headers.items()],
            "client": (peer, 4711),
        }

        async def receive() -> dict:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        asyncio.run(self._application(scope, receive, send))
        start, body = sent
        return Response(
            start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]
        )


async def _not_found(scope: dict, receive: Callable, send: Callable) -> None:
    """Answer as the site does for an address that it does not have."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"Not Found"})


class ViewEndpoint(Endpoint):
    """The Django view, through Django's own handler and middleware."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._client = Client(raise_request_exception=True)

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes]) -> Response:
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value.decode("latin-1") for name, value in headers.items()}
        path, _, query = path.partition("?")
        environ |= {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query, "REMOTE_ADDR": peer}
        previous, views.receiver = views.receiver, lambda: self.receiver
        try:
            response = self._client.generic(method, "/", **environ)  # it would take the host out of a path itself
        finally:
            views.receiver = previous
        return Response(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
        )
