"""The read-only JSON API at `/api/v1/`: what programs can read with a token.

`access` checks tokens, `read_only` the method, `problems` describes errors, and `pagination` cuts long lists.
`projects`, `counts`, `hits` and `programs` own their endpoints. `document` describes the API, as OpenAPI and as a web
page.
"""

from http import HTTPStatus

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Router

from dashboard.api import audit, counts, hits, programs, projects
from dashboard.api.access import Bearer
from dashboard.api.document import DocumentedAPI
from dashboard.api.problems import ProblemError, answer_with_problems, api_root
from dashboard.api.read_only import read_only

unknown_addresses = Router()


@unknown_addresses.get("{path:rest}", auth=None, include_in_schema=False)
def unknown_address(request: HttpRequest, rest: str) -> None:
    """Answer any other address with a problem that programs can read."""
    advice = _("There is nothing at this address. See %(api)s for all addresses.") % {"api": api_root()}
    raise ProblemError(HTTPStatus.NOT_FOUND, advice)


api = DocumentedAPI(
    title="Footfall",
    version="1",
    description=gettext_noop(
        "Read projects, pixels, counts, hits and installations. All requests use GET, and all responses are JSON. "
        "Ranges include “since” and exclude “until”. Errors are problem details (RFC 9457) that say what to do."
    ),
    docs_url=None,
    urls_namespace="api",
    auth=Bearer(),
)
answer_with_problems(api)
for router in (projects.router, counts.router, hits.router, programs.router, audit.router, unknown_addresses):
    api.add_router("", router)

patterns, app_name, namespace = api.urls
patterns.insert(0, path("", api.documentation, name="documentation"))
for pattern in patterns:
    if isinstance(pattern, URLPattern):  # all of ninja's are
        pattern.callback = read_only(pattern.callback)
urls: tuple[list[URLPattern | URLResolver], str, str] = patterns, app_name, namespace
