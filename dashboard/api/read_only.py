"""How the API may be asked: to read, by GET or HEAD alone; and that nobody on the way keeps what it says to a token."""

from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from dashboard.api.problems import ProblemError, problem_response
from dashboard.view_function import ViewFunction


def read_only(view: ViewFunction) -> ViewFunction:
    """Let `view` answer GET, and HEAD by the same without its body; any other method is a problem.

    Without the exemption a form that is posted would be told of CSRF, on a page: there is nothing here to forge.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        method = request.method
        if method not in {"GET", "HEAD"}:
            detail = _("The API only reads: ask by GET or HEAD.")
            problem = ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": "GET, HEAD"})
            return problem_response(request, problem)
        request.method = "GET"  # ninja knows no other here
        try:
            response = cast(HttpResponse, view(request, *args, **named))  # the API streams nothing
        finally:
            request.method = method
        if getattr(request, "auth", None):  # ninja puts there what `Bearer` returns
            response.headers["Cache-Control"] = "private, no-store"
        if method == "HEAD":
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    return answer
