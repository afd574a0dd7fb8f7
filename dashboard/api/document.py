"""The API's documentation: its OpenAPI document, and a web page generated from it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema, get_schema

from collector.addresses import origin_of
from collector.intake.problems import CONTENT_TYPE
from collector.snippets import base_url
from dashboard.api.pagination import MAX_ID
from dashboard.api.problems import Problem

Json = dict[str, Any]

REFERENCES = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint. `type` is what it accepts, `default` its value if it is left out."""

    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class ResponseField:
    """One field of a response. Fields of a list's items have the name of the list before theirs: `items[].id`."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, with an example of a request and of its response."""

    name: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    fields: list[ResponseField]
    curl: str
    answer: str

    @property
    def command_id(self) -> str:
        return f"curl-{self.name}"


class DocumentedAPI(NinjaAPI):
    """ninja's API, with the problems in its OpenAPI document, and with a documentation page."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the document. It is shared between requests: don't change it."""
        return _document(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    def documentation(self, request: HttpRequest) -> HttpResponse:
        """Show the documentation. It is public and contains no data. No query except for the session."""
        return _documentation(request, self.get_openapi_schema())


@lru_cache(maxsize=1)
def _document(api: NinjaAPI, path_prefix: str) -> OpenAPISchema:
    """Build the document once per process. It is public, and costs tens of milliseconds."""
    document = get_schema(api, path_prefix)
    schema = Problem.model_json_schema(ref_template=f"{REFERENCES}{{model}}")
    document["components"]["schemas"] |= schema.pop("$defs") | {"Problem": schema}
    content = {CONTENT_TYPE: {"schema": {"$ref": f"{REFERENCES}Problem"}}}
    for path, methods in document["paths"].items():
        problems = {400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}
        if "{" in path:
            problems[404] = "Not Found"
        for status, phrase in sorted(problems.items()):
            methods["get"]["responses"][status] = {"description": phrase, "content": content}
    return document


def _documentation(request: HttpRequest, document: Json) -> HttpResponse:
    origin = origin_of(base_url(request))  # the document's paths have the prefix of PUBLIC_URL
    context = {
        "description": gettext(document["info"]["description"]),
        "endpoints": list(_endpoints(document, origin)),
        "document": reverse("api:openapi-json"),
    }
    return render(request, "dashboard/api.html", context)


def _endpoints(document: Json, origin: str) -> Iterator[Endpoint]:
    """Yield the endpoints of the document, in its order and in the user's language."""
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        operation = methods["get"]
        answer = operation["responses"][200]["content"]["application/json"]["schema"]
        yield Endpoint(
            name=operation["operationId"].rpartition("_api_")[2].replace("_", "-"),
            path=path,
            summary=gettext(operation["summary"]),
            description=gettext(operation["description"]),
            parameters=[_parameter(parameter) for parameter in operation["parameters"]],
            fields=list(_fields(answer, schemas)),
            curl=_curl(path, operation["parameters"], origin),
            answer=json.dumps(_example(answer, schemas), indent=2, ensure_ascii=False),
        )


def _parameter(parameter: Json) -> Parameter:
    schema = _without_null(parameter["schema"])
    if "enum" in schema:
        accepted = ", ".join(schema["enum"])
    elif schema.get("maximum", MAX_ID) < MAX_ID:
        accepted = f"{schema['minimum']} – {schema['maximum']}"
    else:
        accepted = str(schema.get("format", schema["type"]))
    default = parameter["schema"].get("default")
    return Parameter(
        name=parameter["name"],
        type=accepted,
        default="" if default is None else str(default),
        description=_translated(parameter),
    )


def _fields(schema: Json, schemas: Json, within: str = "") -> Iterator[ResponseField]:
    for name, described in _resolved(schema, schemas)["properties"].items():
        kind = _without_null(described)
        items = kind.get("items", {})
        if "$ref" in items:
            yield from _fields(items, schemas, f"{within}{name}[].")
            continue
        field_type = f"{items['type']}[]" if items else str(kind.get("format", kind.get("type", "object")))
        yield ResponseField(name=f"{within}{name}", type=field_type, description=_translated(described))


def _example(schema: Json, schemas: Json) -> Any:
    """Return an example response, built from the examples of its fields."""
    if "examples" in schema:
        return schema["examples"][0]
    schema = _without_null(_resolved(schema, schemas))
    if "properties" in schema:
        return {name: _example(field, schemas) for name, field in schema["properties"].items()}
    return [_example(schema["items"], schemas)]


def _curl(path: str, parameters: list[Json], origin: str) -> str:
    """Return a curl command with the example of each parameter."""
    examples: Mapping[str, list[tuple[str, Any]]] = {"path": [], "query": []}
    for parameter in parameters:
        if "example" in parameter:
            examples[parameter["in"]].append((parameter["name"], parameter["example"]))
    query = f"?{urlencode(examples['query'])}" if examples["query"] else ""
    url = f"{origin}{path.format_map(dict(examples['path']))}{query}"
    return f'curl -H "Authorization: Bearer $TOKEN" "{url}"'


def _resolved(schema: Json, schemas: Json) -> Json:
    resolved: Json = schemas[schema["$ref"].removeprefix(REFERENCES)] if "$ref" in schema else schema
    return resolved


def _without_null(schema: Json) -> Json:
    """Return the schema of a field's values other than null."""
    return next((kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"), schema)


def _translated(described: Json) -> str:
    text = described.get("description")
    return gettext(text) if text else ""
