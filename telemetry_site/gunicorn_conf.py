"""How gunicorn serves the site. `manage.py up` adds the address and the number of workers."""

import gc
from typing import Any

worker_class = "collector.gunicorn_worker.PixelWorker"
http_parser = "fast"
asgi_loop = "uvloop"
asgi_lifespan = "auto"
limit_request_field_size = 131_072  # a strange header shall cost no article its image; we cut what we keep
keepalive = 5
graceful_timeout = 10
accesslog = None  # an access log would hold the addresses that we promise never to write
loglevel = "warning"
control_socket_disable = True
proc_name = "footfall"


def post_worker_init(worker: Any) -> None:
    """Leave what was loaded out of garbage collections: it stays, and looking at it each time slows pages by 5 %."""
    gc.collect()
    gc.freeze()
