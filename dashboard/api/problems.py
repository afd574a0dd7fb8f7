"""What the API answers where it can't do what it is asked: problem details (RFC 9457) that say what to do instead."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import Field, NinjaAPI, Schema
from ninja.errors import ValidationError

CONTENT_TYPE = "application/problem+json"


class ProblemError(Exception):
    """Ends a request with a status and a sentence, which names the parameter at fault where there is one."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, parameter: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = headers or {}


class Mistake(Schema):
    """One parameter that can't be used."""

    parameter: str = Field(examples=["limit"])
    detail: str = Field(examples=["Write a number of 1000 at most."])


class Problem(Schema):
    """Why there is no answer, and what to do (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["limit: Write a number of 1000 at most."])
    errors: list[Mistake] | None = None


def bad_parameter(parameter: str, detail: str) -> ProblemError:
    """Return the refusal of one parameter."""
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, parameter=parameter)


def answer_with_problems(api: NinjaAPI) -> None:
    """Have `api` answer what its views and ninja raise as problem details."""
    api.add_exception_handler(ProblemError, problem_response)
    api.add_exception_handler(ValidationError, _invalid_parameters_response)


def problem_response(request: HttpRequest, refusal: Any) -> HttpResponse:
    """Return the answer that a ProblemError stands for."""
    mistakes = [(refusal.parameter, refusal.detail)] if refusal.parameter else []
    return _problem(refusal.status, refusal.detail, mistakes, refusal.headers)


def _invalid_parameters_response(request: HttpRequest, invalid: Any) -> HttpResponse:
    mistakes = [(str(error["loc"][-1]), _instruction(error)) for error in invalid.errors]
    detail = " ".join(f"{parameter}: {said}" for parameter, said in mistakes)
    return _problem(HTTPStatus.BAD_REQUEST, detail, mistakes, {})


def _problem(
    status: HTTPStatus, detail: str, mistakes: list[tuple[str, str]], headers: Mapping[str, str]
) -> HttpResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    if mistakes:
        body["errors"] = [{"parameter": parameter, "detail": said} for parameter, said in mistakes]
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def _instruction(error: Mapping[str, Any]) -> str:
    """Say what one error of pydantic asks for. Its own words are English alone, and name Python's types."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "int_parsing" | "int_parsing_size" | "int_type" | "int_from_float":
            return _("Write a whole number.")
        case "greater_than_equal":
            return _("Write a number of %(least)s or more.") % {"least": context["ge"]}
        case "less_than_equal":
            return _("Write a number of %(most)s at most.") % {"most": context["le"]}
        case "literal_error" | "enum":
            words = re.findall("'([^']*)'", context["expected"])
            return _("Write one of these: %(words)s.") % {"words": ", ".join(words)}
        case "string_too_long":
            return _("Write %(most)s characters at most.") % {"most": context["max_length"]}
    return _("This can't be used: see the description of this parameter.")
