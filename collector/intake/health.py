"""Health checks: is the process alive, and can it do its work?"""

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from collector.intake.clock import now_us
from collector.storage.lag import lag


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database is reachable and the drain keeps storing hits, else 503. Two queries."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        behind = lag(settings.SPOOL_DIR, now_us())
    except (DatabaseError, InterfaceError):
        return HttpResponse("the database can't be reached\n", status=503, content_type="text/plain")
    if behind.stands_still:
        waiting = f"{behind.bytes} bytes wait in the spool, the oldest for {behind.seconds:.0f} s"
        return HttpResponse(f"{waiting}: is the drain running?\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
