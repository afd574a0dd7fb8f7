"""How gunicorn serves the site. `manage.py up` adds the address and the number of workers."""

import gc
from importlib import import_module
from typing import Any

from django.conf import settings

from collector.intake.connections import raise_file_limit

raise_file_limit()

worker_class = "collector.intake.worker.PixelWorker"
http_parser = "python"  # for what the worker doesn't parse itself; the fast one leaks memory with each connection
asgi_loop = "uvloop"
asgi_lifespan = "auto"
limit_request_field_size = 65_536  # a long header must not break an article's image; we cut what we keep
worker_connections = 4096  # of each worker, at most: each may hold a head of 64 kB
keepalive = 5
graceful_timeout = 10
accesslog = None  # an access log would contain addresses, which we promise never to write
logconfig_dict = settings.LOGGING  # gunicorn's own lines are like all others
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
