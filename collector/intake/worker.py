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
    "_start_http1": ["self", "buffered"],
    "_feed_callback_parser": ["self", "data"],
    "_on_headers_complete": ["self"],
    "_on_body": ["self", "chunk"],
    "_on_message_complete": ["self"],
    "_is_websocket_upgrade": ["self", "request"],
    "_serve_http_request": ["self", "request", "sockname", "peername"],
    "_arm_keepalive_timer": ["self"],
    "_send_error_response": ["self", "status", "message", "extra_headers"],
    "_close_transport": ["self"],
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
                "Footfall does not support this version of gunicorn directly. Pixels go through ASGI, which is slower, "
                "and slow clients can hold connections without limit."
            )
            return
        from django.conf import settings

        from collector.intake.connections import Connections, capacity
        from collector.intake.protocol import PixelProtocol

        # Behind a proxy, all connections come from it.
        is_direct = not settings.TRUSTED_PROXIES and self.cfg.proxy_protocol == "off"
        self.connections = Connections(
            self.loop, capacity(self.worker_connections), settings.CONNECTIONS_PER_CLIENT if is_direct else 0
        )
        self.connections.start()

        gasgi.ASGIProtocol = PixelProtocol  # the worker has no setting for it, and this process is only ours


def is_supported_gunicorn() -> bool:
    """Whether gunicorn's protocol has the methods that `PixelProtocol` needs."""
    return all(
        list(inspect.signature(getattr(ASGIProtocol, name, lambda: None)).parameters) == parameters
        for name, parameters in _REQUIRED_METHODS.items()
    )
