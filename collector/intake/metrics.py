"""`/metrics`: the numbers of all processes of this machine, as Prometheus reads them, for those with the token."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from collector.intake.health import readiness
from collector.metrics.tally import TALLY


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics if the request has METRICS_TOKEN; with 404 as long as that is not set. Three queries.

    The caller's address decides nothing: behind a proxy on the same machine, every stranger comes from 127.0.0.1.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponse("Not Found\n", status=404, content_type="text/plain")
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(
            "Send METRICS_TOKEN: “Authorization: Bearer …”.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": "Bearer"},
        )
    # Only here: the import takes time and memory, which servers without METRICS_TOKEN need not spend.
    from prometheus_client.exposition import choose_encoder

    from collector.intake.exposition import Snapshot

    snapshot: Any = Snapshot(TALLY.of_all_processes(settings.METRICS_DIR), readiness())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(snapshot), content_type=content_type, headers={"Cache-Control": "no-store"})
