"""The pixel and the reports of programs as ordinary Django views: the entry point for `runserver` and WSGI hosts."""

from concurrent.futures import wait

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from collector.intake.answers import Answer
from collector.intake.bodies import MAX_BYTES
from collector.intake.clock import now_us
from collector.intake.doors import MAX_BYTES as MAX_DOOR_BYTES
from collector.intake.lookups import WAIT_SECONDS
from collector.intake.problems import problem_answer
from collector.intake.request import PixelRequest
from collector.intake.wiring import door_receiver, receiver, report_receiver
from collector.metrics.names import Count
from collector.metrics.tally import TALLY


@csrf_exempt
def pixel(request: HttpRequest) -> HttpResponse:
    """Receive a hit and answer it, like `collector.intake.asgi`."""
    pixel_request = _pixel_request(request)
    at_us = now_us()
    answer = receiver().receive(pixel_request, at_us)
    if answer is None:
        question = receiver().ask(pixel_request, at_us)
        wait([question], timeout=WAIT_SECONDS)
        answer = receiver().receive_asked(pixel_request, at_us, question)
    if lines := receiver().lines_to_sync(pixel_request, answer):
        answer = receiver().sync(answer, lines)
    return _response(answer)


@csrf_exempt
def reports(request: HttpRequest) -> HttpResponse:
    """Receive the reports of a program and answer them, like `collector.intake.asgi`."""
    answer = _answer_reports(request)
    TALLY.add(Count.REPORT_REQUESTS, str(answer.status))
    return _response(answer)


def _answer_reports(request: HttpRequest) -> Answer:
    reports = report_receiver()
    pixel_request = _pixel_request(request)
    refusal = reports.refuse(pixel_request)
    if refusal is not None:
        return refusal
    at_us = now_us()
    question = reports.ask(pixel_request, at_us)
    if question is not None:
        wait([question], timeout=WAIT_SECONDS)
    admitted = reports.admit(pixel_request, at_us, question)
    if isinstance(admitted, Answer):
        return admitted
    body = _body(request, MAX_BYTES)
    if isinstance(body, Answer):
        return body
    answer = reports.take(pixel_request, admitted, body, now_us())
    if lines := reports.lines_to_sync(answer):
        answer = reports.sync(answer, lines)
    return answer


@csrf_exempt
def doors(request: HttpRequest) -> HttpResponse:
    """Receive what another SDK posts and answer it, like `collector.intake.asgi`."""
    answer = _answer_door(request)
    TALLY.add(Count.REPORT_REQUESTS, str(answer.status))
    return _response(answer)


def _answer_door(request: HttpRequest) -> Answer:
    doors = door_receiver()
    pixel_request = _pixel_request(request)
    refusal = doors.refuse(pixel_request)
    if refusal is not None:
        return refusal
    body = _body(request, MAX_DOOR_BYTES)
    posted = doors.open(pixel_request, body) if isinstance(body, bytes) else body
    if isinstance(posted, Answer):
        return posted
    at_us = now_us()
    question = doors.ask(pixel_request, posted, at_us)
    if question is not None:
        wait([question], timeout=WAIT_SECONDS)
    program = doors.admit(pixel_request, posted, at_us, question)
    if isinstance(program, Answer):
        return program
    translated = doors.translate(pixel_request, posted, program, at_us)
    if isinstance(translated, Answer):
        return translated
    answer = doors.keep(pixel_request, posted, translated, at_us)
    if lines := doors.lines_to_sync(answer):
        answer = doors.sync(answer, lines)
    return answer


def _body(request: HttpRequest, most: int) -> bytes | Answer:
    try:
        return request.read(most + 1)
    except UnreadablePostError:
        return problem_answer(400, "The body did not arrive as a whole.")


def _pixel_request(request: HttpRequest) -> PixelRequest:
    return PixelRequest(
        method=request.method or "",
        path=request.path_info,
        headers={
            key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1"): value.encode("latin-1", "replace")
            for key, value in request.META.items()
            if key.startswith("HTTP_") or key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        },
        peer=request.META.get("REMOTE_ADDR") or "",
        query=request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
    )


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        response.headers[name.decode()] = value.decode()
    return response
