"""The collector's endpoints as ordinary Django views, for `runserver` and WSGI hosts; and how the server is."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from collector.intake.clock import now_us
from collector.intake.receive import PixelRequest
from collector.intake.wiring import receiver
from collector.storage.lag import lag


@csrf_exempt
def pixel(request: HttpRequest) -> HttpResponse:
    """Take a hit in, as `collector.intake.asgi` does."""
    pixel_request = PixelRequest(
        method=request.method or "",
        path=request.path_info,
        headers={
            key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1"): value.encode("latin-1", "replace")
            for key, value in request.META.items()
            if key.startswith("HTTP_")
        },
        peer=request.META.get("REMOTE_ADDR") or "",
    )
    at_us = now_us()
    answer = receiver().receive(pixel_request, at_us) or receiver().ask_and_receive(pixel_request, at_us)
    if lines := receiver().unsynced(pixel_request, answer):
        answer = receiver().synced(answer, lines)
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        response.headers[name.decode()] = value.decode()
    return response


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
