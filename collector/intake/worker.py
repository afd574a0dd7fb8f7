"""gunicorn's ASGI worker, with a direct way for pixel requests.

ASGI costs more than the hit itself. For each request it creates a task and a scope, awaits two messages and checks
every header: half of the worker's time, as measured. gunicorn's bookkeeping costs as much again as the hit. Plain pixel
requests are therefore answered where their bytes arrive. Unusual requests and all other paths go through ASGI.
"""

import inspect
import signal

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# What `PixelProtocol` needs of gunicorn. Without it, pixels are served by ASGI, as on any other server.
_REQUIRED_METHODS = {
    "_feed_callback_parser": ["self", "data"],
    "_serve_http_request": ["self", "request", "sockname", "peername"],
    "_arm_keepalive_timer": ["self"],
    "_keepalive_timeout": ["self"],
    "_check_h1c_protocol_available": [],
}


class PixelWorker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn is not typed
    """Serves connections with `PixelProtocol`, if this version of gunicorn supports it."""

    def init_signals(self) -> None:
        """Handle SIGTERM from the start: uvloop passes a signal on only once it runs, after the pages are loaded.

        Otherwise a worker that is told to stop before that goes on until gunicorn kills it, `graceful_timeout` seconds
        later.
        """
        super().init_signals()
        signal.signal(signal.SIGTERM, lambda number, frame: self.handle_exit_signal())

    def load_wsgi(self) -> None:
        """Load the application, which sets up Django; the protocol can be imported only after that."""
        super().load_wsgi()
        if not is_supported_gunicorn():
            self.log.warning(
                "Footfall does not support this version of gunicorn directly. Pixels go through ASGI, which is slower."
            )
            return
        ASGIProtocol._check_h1c_protocol_available()  # gunicorn caches the result on the class it is called on
        from collector.intake.protocol import PixelProtocol

        gasgi.ASGIProtocol = PixelProtocol  # the worker has no setting for it, and this process is only ours


def is_supported_gunicorn() -> bool:
    """Whether gunicorn's protocol has the methods that `PixelProtocol` needs."""
    return all(
        list(inspect.signature(getattr(ASGIProtocol, name, lambda: None)).parameters) == parameters
        for name, parameters in _REQUIRED_METHODS.items()
    )
