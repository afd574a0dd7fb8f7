"""Makes the API read-only: only GET and HEAD, and no cache keeps a response to a token."""

from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from dashboard.api.access import give_place_back
from dashboard.api.problems import ProblemError, problem_response
from dashboard.view_function import ViewFunction


def read_only(view: ViewFunction) -> ViewFunction:
    """Let `view` answer GET, and HEAD with the same headers. Any other method is a problem (405).

    The CSRF check is off because nothing can be forged here, and its answer to a POST would be an HTML page.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        method = request.method
        if method not in {"GET", "HEAD"}:
            detail = _("The API is read-only. Use GET or HEAD.")
            problem = ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": "GET, HEAD"})
            return problem_response(request, problem)
        request.method = "GET"  # the only method that ninja has routes for
        try:
            response = cast(HttpResponse, view(request, *args, **kwargs))  # the API streams nothing
        finally:
            request.method = method
            give_place_back(request)
        if getattr(request, "auth", None):  # ninja sets it to what `Bearer` returns
            response.headers["Cache-Control"] = "private, no-store"
        if method == "HEAD":
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    return answer
