"""The pixel as an ordinary Django view: the entry point for `runserver` and WSGI hosts."""

from concurrent.futures import wait

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from collector.intake.clock import now_us
from collector.intake.lookups import WAIT_SECONDS
from collector.intake.receive import PixelRequest
from collector.intake.wiring import receiver


@csrf_exempt
def pixel(request: HttpRequest) -> HttpResponse:
    """Receive a hit and answer it, like `collector.intake.asgi`."""
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
    answer = receiver().receive(pixel_request, at_us)
    if answer is None:
        question = receiver().ask(pixel_request, at_us)
        wait([question], timeout=WAIT_SECONDS)
        answer = receiver().receive_asked(pixel_request, at_us, question)
    if lines := receiver().lines_to_sync(pixel_request, answer):
        answer = receiver().sync(answer, lines)
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        response.headers[name.decode()] = value.decode()
    return response
