"""Two entry points of the collector, ASGI and the Django views, for tests that must hold for each."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from django.test import Client

from collector.intake import views
from collector.intake.admission import Admission
from collector.intake.asgi import DoorPath, FastPath, ReportPath, dispatcher
from collector.intake.doors import DoorReceiver
from collector.intake.lookups import Lookups
from collector.intake.rate_limits import Limiter, Rate, ReaderLimiter, SenderLimiter
from collector.intake.receive import Receiver
from collector.intake.reports import ReportReceiver
from collector.spool.line import SpooledHit
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
UNLIMITED = Rate(0, 60)
PART_BYTES = 1000  # of a body, as it arrives


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
    """One entry point of the collector, with its own spool."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.receiver = Receiver(
            Lookups(directory), SpoolWriter(directory), ReaderLimiter(UNLIMITED), Limiter("proxies", UNLIMITED)
        )
        admission = Admission(self.receiver.lookups, SenderLimiter(UNLIMITED))
        self.reports = ReportReceiver(admission, self.receiver.spool)
        self.doors = DoorReceiver(self.reports)

    def post(self, path: str, body: bytes, **headers: str | bytes) -> Response:
        """POST a body. The default content type is that of reports."""
        return self.request("POST", path, body, **({"content_type": "application/json"} | headers))

    def get(self, path: str, **headers: str | bytes) -> Response:
        """GET a path. `user_agent="x"` sends the header `User-Agent: x`; the default is a browser's."""
        return self.request("GET", path, **headers)

    def request(
        self, method: str, path: str, body: bytes = b"", *, peer: str = "127.0.0.1", **headers: str | bytes
    ) -> Response:
        raw = {
            name.replace("_", "-").lower(): value if isinstance(value, bytes) else value.encode()
            for name, value in ({"user_agent": CHROME} | headers).items()
        }
        return self._request(method, path, peer, raw, body)

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes], body: bytes) -> Response:
        raise NotImplementedError

    def close(self) -> None:
        self.receiver.close()

    def spooled(self) -> list[SpooledHit]:
        return [SpooledHit.from_line(line) for line in self.lines()]

    def lines(self) -> list[bytes]:
        """Return the lines in the spool, of hits, reports and runs."""
        return [line for segment in segments(self.directory) for line in segment.read_bytes().splitlines()]


class AsgiEndpoint(Endpoint):
    """The ASGI entry point, called as gunicorn calls it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._fast_path = FastPath(self.receiver)
        self._application = dispatcher(self._fast_path, ReportPath(self.reports), DoorPath(self.doors), _not_found)

    def close(self) -> None:
        self._fast_path.close()

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes], body: bytes) -> Response:
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

        parts = [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)] or [b""]

        async def receive() -> dict:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

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

    def _request(self, method: str, path: str, peer: str, headers: dict[str, bytes], body: bytes) -> Response:
        content_type = headers.pop("content-type", b"").decode("latin-1")
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value.decode("latin-1") for name, value in headers.items()}
        path, _, query = path.partition("?")
        environ |= {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query, "REMOTE_ADDR": peer}
        environ["CONTENT_TYPE"] = content_type
        previous = views.receiver, views.report_receiver, views.door_receiver
        views.receiver, views.report_receiver = lambda: self.receiver, lambda: self.reports
        views.door_receiver = lambda: self.doors
        try:  # with "/": it would take the host out of a path itself
            response = self._client.generic(method, "/", body, content_type, **environ)
        finally:
            views.receiver, views.report_receiver, views.door_receiver = previous
        return Response(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
        )
