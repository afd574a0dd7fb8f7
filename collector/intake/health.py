"""Health checks: is the process alive, and can it do its work?"""

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from collector.intake.clock import now_us
from collector.storage.lag import lag


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database can be reached and the drain stores what is taken in. Two queries."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        behind = lag(settings.SPOOL_DIR, now_us())
    except (DatabaseError, InterfaceError):
        return HttpResponse("the database can't be reached\n", status=503, content_type="text/plain")
    if behind.stands_still:
        said = f"the oldest of {behind.bytes} waiting bytes waits for {behind.seconds:.0f} s: is the drain running?\n"
        return HttpResponse(said, status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
