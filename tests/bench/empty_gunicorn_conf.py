"""How gunicorn serves the empty application: as it serves the site, but without Django and our worker."""

import gc
from typing import Any

from telemetry_site.gunicorn_conf import *  # noqa: F403

worker_class = "asgi"  # gunicorn's own


def post_worker_init(worker: Any) -> None:
    """Load no pages: there are none."""
    gc.collect()
    gc.freeze()
