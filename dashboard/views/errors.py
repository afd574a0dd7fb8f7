"""What people read when a request can't be answered: what happened, and what to do."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.http.request import split_domain_port
from django.middleware.csrf import REASON_BAD_ORIGIN, REASON_BAD_REFERER
from django.utils.translation import gettext as _

from dashboard.views.error_page import accepts_pages, error_page

MAX_SHOWN = 100  # characters of what a client wrote
_OTHER_SITE = tuple(reason.partition(" - ")[0] for reason in (REASON_BAD_ORIGIN, REASON_BAD_REFERER))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that is refused: as a whole, or for the name in its `Host` header."""
    if isinstance(exception, DisallowedHost):
        return _unknown_host(request)
    return error_page(
        request,
        400,
        _("Request not accepted"),
        _("The request was too large or damaged. Go back and try again. If you sent a long form, send less at once."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that the user's account may not make."""
    return error_page(
        request,
        403,
        _("Not allowed"),
        _("Your account may not do this. Ask an administrator, or log in with another account."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request for a page that does not exist, or that the user does not see."""
    return error_page(
        request,
        404,
        _("Page not found"),
        _(
            "Check the address for typing errors. It may also belong to a project you are not a member of: ask the "
            "person who gave it to you."
        ),
    )


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer a request that failed."""
    return error_page(
        request,
        500,
        _("Something went wrong on our side"),
        _("Hits are still recorded. Try again in a moment. The server log has the details."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a form that may come from another site, or whose cookie is missing."""
    texts = _origin_advice(request) if reason.startswith(_OTHER_SITE) else [_cookie_advice(request)]
    return error_page(request, 403, _("Form not accepted"), *texts)


def page_for_wrong_method(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Put words into Django's empty answer to a wrong method: people get it when they open the address of a form."""

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        if response.status_code != 405 or response.content or not accepts_pages(request):
            return response
        page = error_page(
            request, 405, _("This address only takes forms"), _("Go back to the page with the form, and send it again.")
        )
        page.headers["Allow"] = response.headers["Allow"]
        return page

    return middleware


def _unknown_host(request: HttpRequest) -> HttpResponseBase:
    sent = request.headers.get("Host", "")
    host = _shown(split_domain_port(sent)[0] or sent)  # without the port, as ALLOWED_HOSTS takes it
    seen = [_("Footfall does not know the name “%(host)s”.") % {"host": host}] if host else []
    advice = _(
        "If you run this server, set PUBLIC_URL to the address that people use, or add the name to ALLOWED_HOSTS. Then "
        "restart Footfall."
    )
    return error_page(request, 400, _("Unknown address"), *seen, advice, has_home=False)


def _origin_advice(request: HttpRequest) -> list[str]:
    """Say where a form came from, and which setting is missing if that is this site."""
    origin = _origin(request)
    if not origin:
        return [
            _(
                "Your browser did not say which page sent this form. Open the page in a tab of its own, and switch off "
                "extensions that hide addresses for this site."
            )
        ]
    asked = f"{request.scheme}://{request.headers.get('Host', '')}"
    names = {"origin": _shown(origin), "address": _shown(asked)}
    texts = [
        _("Your browser sent this form from %(origin)s, but Footfall received it at %(address)s.") % names,
        _(
            "If %(origin)s is the address of this site, set PUBLIC_URL to it on the server, and restart Footfall. If "
            "not, another site sent this form. Nothing was changed."
        )
        % names,
    ]
    if origin.startswith("https://") and request.scheme == "http":
        proxy_advice = _(
            "If a reverse proxy takes https requests for Footfall, have it send X-Forwarded-Proto, and set "
            "TRUSTED_PROXIES."
        )
        texts.insert(1, proxy_advice)
    return texts


def _origin(request: HttpRequest) -> str:
    """Return the origin that a form's request names, or an empty string if it hides it."""
    origin = request.headers.get("Origin", "")
    if origin and origin != "null":
        return origin
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    return f"{referer.scheme}://{referer.netloc}" if referer.netloc and not origin else ""


def _cookie_advice(request: HttpRequest) -> str:
    if settings.CSRF_COOKIE_SECURE and _origin(request).startswith("http://"):
        return _("This site’s cookies work only over https. Open it at %(address)s, then send the form again.") % {
            "address": settings.PUBLIC_URL
        }
    return _(
        "We could not verify that this form was sent from this site. Allow cookies for this site, open the page again, "
        "then send the form again."
    )


def _shown(text: str) -> str:
    """Return what a client wrote, in a form that can be shown: as UTF-8, printable and short."""
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
