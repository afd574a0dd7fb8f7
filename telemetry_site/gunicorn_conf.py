"""How gunicorn serves the site. `manage.py up` adds the address and the number of workers."""

import gc
from importlib import import_module
from logging.config import dictConfig
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from collector.intake.connections import raise_file_limit

raise_file_limit()


class SiteLogger(Logger):  # type: ignore[misc]
    """Writes gunicorn's own lines as all others are written.

    The setting `logconfig_dict` would do so too, but it also switches on the access log, which has addresses, and for
    which each request takes the slow way.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        dictConfig(settings.LOGGING)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = SiteLogger
worker_class = "collector.intake.worker.PixelWorker"
http_parser = "python"  # for what the worker doesn't parse itself; the fast one leaks memory with each connection
asgi_loop = "uvloop"
asgi_lifespan = "auto"
limit_request_field_size = 65_536  # a long header must not break an article's image; we cut what we keep
worker_connections = 4096  # of each worker, at most: each may hold a head of 64 kB
keepalive = 5
graceful_timeout = 10
accesslog = None  # it would contain addresses, which we promise never to write
loglevel = "warning"
control_socket_disable = True
proc_name = "footfall"


def post_worker_init(worker: Any) -> None:
    """Load the dashboard now, so that no first visitor waits for it (0.4 s).

    Then exclude all loaded objects from garbage collection: they stay, and checking them each time makes pages 5 %
    slower.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
