"""Public pages that say what a program or an article collects. Nobody has to log in, and no cookie is set.

They follow the browser's language, or `?language=`: a form to switch it would need a cookie. Like all pages, they only
answer to this server's own names (ALLOWED_HOSTS): without PUBLIC_URL, they repeat the name, and caches keep them.
"""

from collections.abc import Callable
from functools import wraps
from typing import NoReturn

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from collector.models import Pixel
from collector.programs.declaring import declared_program, is_declared
from collector.programs.program import Program
from collector.snippets import base_url
from collector.storage.publication import published_weeks
from dashboard.about.article import article_page
from dashboard.about.content import AboutPage, Server
from dashboard.about.markdown import as_markdown
from dashboard.about.program import program_page
from dashboard.about.statistics import statistics_notes, statistics_tables
from dashboard.about.statistics_files import statistics_csv, statistics_json
from dashboard.views.streams import csv_file
from dashboard.views.unlisted import answer_if_too_often, render_public

LANGUAGES = dict(settings.LANGUAGES)
MINUTES = "public, max-age=300"
AboutView = Callable[..., HttpResponse]  # called with a request, a token, and what else is in the path


def public(view: AboutView) -> Callable[..., HttpResponseBase]:
    """Let everybody read a page, in the language asked for: caches for minutes, search engines never.

    Raised Http404 becomes a page for people without an account. Requests are limited in rate like shared pages.
    """

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, token: str, **rest: str) -> HttpResponseBase:
        wanted = request.GET.get("language", "")
        language = wanted if wanted in LANGUAGES else str(get_language())
        with translation.override(language):
            response = answer_if_too_often(request)
            if response is None:
                try:
                    response = view(request, token, **rest)
                    response.headers["Cache-Control"] = MINUTES
                except Http404:
                    response = render_public(request, "about/gone.html", _languages(request), 404)
            response.headers["Content-Language"] = language
        response.headers["X-Robots-Tag"] = "noindex"
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    return answer


@public
def about(request: HttpRequest, token: str) -> HttpResponse:
    """Say what a program or an article collects, and what a program makes public. One query, two with statistics."""
    pixel = _live_pixel(token)
    is_program = is_declared(pixel)
    page = _program_page(request, pixel) if is_program else article_page(pixel.project, _server(request))
    program = declared_program(pixel)
    context: dict[str, object] = {"page": page, "downloads": is_program, **_languages(request)}
    if program and program.public:
        context["tables"] = statistics_tables(program, published_weeks(pixel))
        context["notes"] = statistics_notes(program)
    return render_public(request, "about/page.html", context)


@public
def declaration_json(request: HttpRequest, token: str) -> HttpResponse:
    """Answer what clients compare themselves with: the schema and its fields. One query."""
    pixel = _live_pixel(token)
    program = _program(pixel)
    answer = JsonResponse(
        {
            "program": program.id,
            "mode": program.mode,
            "schema": program.schema,
            "fields": program.fields(),
            "declared": pixel.declaration.declared_at.date().isoformat(),
        }
    )
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@public
def statistics(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a program's public statistics as JSON. Two queries."""
    pixel = _live_pixel(token)
    program = _program(pixel)
    if not program.public:
        raise Http404
    answer = JsonResponse(statistics_json(program, published_weeks(pixel)))
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@public
def statistics_file(request: HttpRequest, token: str, panel: str) -> HttpResponse:
    """Answer one panel of a program's public statistics as CSV. Two queries."""
    pixel = _live_pixel(token)
    program = _program(pixel)
    if panel not in program.public:
        raise Http404
    header, *rows = statistics_csv(panel, published_weeks(pixel))
    answer = csv_file(f"{program.id}-{panel}.csv", header, rows)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@public
def telemetry_md(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a program's page as Markdown for its repository, in English unless another language is asked for."""
    pixel = _live_pixel(token)
    with translation.override(get_language() if "language" in request.GET else "en"):
        text = as_markdown(_program_page(request, pixel))
    headers = {"Content-Disposition": 'attachment; filename="TELEMETRY.md"'}
    return HttpResponse(text, "text/markdown; charset=utf-8", headers=headers)


def _live_pixel(token: str) -> Pixel:
    """Return the pixel of a token, with its project and its declaration, if it has one. One query. Raises Http404."""
    if "\0" in token:  # PostgreSQL rejects it
        raise Http404
    pixel = Pixel.objects.live().select_related("project", "declaration").filter(token=token).first()
    return pixel or _gone()


def _program(pixel: Pixel) -> Program:
    """Return what a pixel declares. Raises Http404 for an article, and for a program without a declaration."""
    return declared_program(pixel) or _gone()


def _program_page(request: HttpRequest, pixel: Pixel) -> AboutPage:
    program = _program(pixel)
    declared_on = pixel.declaration.declared_at.date()
    return program_page(program, _server(request), timezone.now().date(), declared_on)


def _server(request: HttpRequest) -> Server:
    return Server(base_url(request), settings.OPERATOR)


def _languages(request: HttpRequest) -> dict[str, object]:
    return {"about_languages": settings.LANGUAGES, "about_path": request.path}


def _gone() -> NoReturn:
    raise Http404
