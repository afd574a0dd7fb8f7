"""How gunicorn serves the site. `manage.py up` adds the address and the number of workers."""

import gc
from importlib import import_module
from typing import Any

from django.conf import settings

worker_class = "collector.intake.worker.PixelWorker"
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
    """Load the pages now, so that nobody's first one waits for it (0.4 s), and leave what was loaded out of garbage
    collections: it stays, and looking at it each time slows pages by 5 %.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
