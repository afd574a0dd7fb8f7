"""gunicorn's ASGI worker, with a shorter way for pixels.

ASGI itself costs more than a hit: a task, a scope, two awaited messages and a check of every header for each request
(measured: half of the worker's time), and its own bookkeeping of a request once more as much as the hit. So plain
requests of pixels are answered where their bytes arrive. All that is out of the ordinary, and every other path, goes on
as usual.
"""

import inspect
import signal

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# What the shorter way builds on; a gunicorn without it serves pixels by ASGI, as any other server does.
_BUILT_ON = {
    "_feed_callback_parser": ["self", "data"],
    "_serve_http_request": ["self", "request", "sockname", "peername"],
    "_arm_keepalive_timer": ["self"],
    "_keepalive_timeout": ["self"],
    "_check_h1c_protocol_available": [],
}


class PixelWorker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn is not typed
    """Serves connections with `PixelProtocol` where this gunicorn is one that it knows."""

    def init_signals(self) -> None:
        """Heed SIGTERM from the start: uvloop passes a signal on only once it runs, after the pages are loaded.

        A worker told to stop before that would go on until gunicorn kills it, `graceful_timeout` seconds later.
        """
        super().init_signals()
        signal.signal(signal.SIGTERM, lambda number, frame: self.handle_exit_signal())

    def load_wsgi(self) -> None:
        """Load the application, and with it Django; only then can the protocol be loaded."""
        super().load_wsgi()
        if not is_known_gunicorn():
            self.log.warning("This gunicorn is not one that Footfall knows; pixels take the longer way, by ASGI.")
            return
        ASGIProtocol._check_h1c_protocol_available()  # gunicorn keeps the answer on the class that is asked first
        from collector.intake.protocol import PixelProtocol

        gasgi.ASGIProtocol = PixelProtocol  # the worker names no other place for it; this process is ours


def is_known_gunicorn() -> bool:
    """Whether gunicorn's protocol has what `PixelProtocol` builds on."""
    return all(
        list(inspect.signature(getattr(ASGIProtocol, name, lambda: None)).parameters) == parameters
        for name, parameters in _BUILT_ON.items()
    )
