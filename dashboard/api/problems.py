"""The API's error responses: problem details (RFC 9457) that say what to do instead."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Field, NinjaAPI, Schema
from ninja.errors import ValidationError

from collector.intake.problems import CONTENT_TYPE, problem


class ProblemError(Exception):
    """Ends a request with a status and a sentence for people. `parameter` names the invalid parameter, if any."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, parameter: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = headers or {}


class Mistake(Schema):
    """One invalid parameter."""

    parameter: str = Field(examples=["limit"])
    detail: str = Field(examples=["Write a number of at most 1000."])


class Problem(Schema):
    """Why the request failed, and what to do (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["limit: Write a number of at most 1000."])
    errors: list[Mistake] | None = None


def bad_parameter(parameter: str, detail: str) -> ProblemError:
    """Return the error for one invalid parameter, to raise."""
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, parameter=parameter)


def api_root() -> str:
    """Return the path below which all addresses of the API lie, with a slash at its end."""
    return reverse("api:documentation")


def answer_with_problems(api: NinjaAPI) -> None:
    """Make `api` answer the errors of its views and of ninja with problem details."""
    api.add_exception_handler(ProblemError, problem_response)
    api.add_exception_handler(ValidationError, _invalid_parameters_response)


def problem_response(request: HttpRequest, error: Any) -> HttpResponse:
    """Return the response for a ProblemError."""
    mistakes = [(error.parameter, error.detail)] if error.parameter else []
    return _problem(error.status, error.detail, mistakes, error.headers)


def _invalid_parameters_response(request: HttpRequest, invalid: Any) -> HttpResponse:
    mistakes = [(str(error["loc"][-1]), _instruction(error)) for error in invalid.errors]
    detail = " ".join(f"{parameter}: {instruction}" for parameter, instruction in mistakes)
    return _problem(HTTPStatus.BAD_REQUEST, detail, mistakes, {})


def _problem(
    status: HTTPStatus, detail: str, mistakes: list[tuple[str, str]], headers: Mapping[str, str]
) -> HttpResponse:
    body = problem(status, detail)
    if mistakes:
        body["errors"] = [{"parameter": parameter, "detail": instruction} for parameter, instruction in mistakes]
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def _instruction(error: Mapping[str, Any]) -> str:
    """Say what to write instead, for one error of pydantic. Its own messages are in English and name Python types."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "int_parsing" | "int_parsing_size" | "int_type" | "int_from_float":
            return _("Write a whole number.")
        case "greater_than_equal":
            return _("Write a number of at least %(least)s.") % {"least": context["ge"]}
        case "less_than_equal":
            return _("Write a number of at most %(most)s.") % {"most": context["le"]}
        case "literal_error" | "enum":
            words = re.findall("'([^']*)'", context["expected"])
            return _("Write one of: %(words)s.") % {"words": ", ".join(words)}
        case "string_too_long":
            return _("Write at most %(most)s characters.") % {"most": context["max_length"]}
    return _("This value is invalid. See the description of this parameter.")
