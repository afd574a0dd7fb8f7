"""What private pages have in common."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.passwords.guesses import count_guess, wait_of_guesser
from accounts.passwords.problems import TOO_MANY_STATUS
from collector.intake.clients import client_networks
from collector.intake.page_limits import network_key, seconds_to_wait, wait_message

ViewFunction = Callable[..., HttpResponseBase]
STRANGERS = (60, 600)  # requests of a network in ten minutes that make a session, or ask another server


def uncached_form(view: ViewFunction) -> ViewFunction:
    """Allow GET, HEAD and POST, and let no cache keep the answer."""
    return require_http_methods(["GET", "HEAD", "POST"])(cache_control(private=True, no_store=True)(view))


def wait_of_stranger(request: HttpRequest) -> HttpResponse | None:
    """Count a request of somebody without an account. Return the answer if their network has to wait."""
    wait_seconds = seconds_to_wait("stranger", lambda: network_key(client_networks(request).local, "login"), STRANGERS)
    return _come_again(wait_seconds) if wait_seconds else None


def _come_again(wait_seconds: int) -> HttpResponse:
    words = wait_message(wait_seconds)
    headers = {"Retry-After": str(wait_seconds)}
    return HttpResponse(words, "text/plain; charset=utf-8", status=TOO_MANY_STATUS, headers=headers)


def secret_link(view: ViewFunction) -> ViewFunction:
    """Let everybody open a link with a secret by GET, HEAD and POST, and limit how many a network tries in vain."""

    @wraps(view)
    def limited(request: HttpRequest, **secret: str) -> HttpResponseBase:
        if wait_seconds := wait_of_guesser(request):
            return _come_again(wait_seconds)
        response = view(request, **secret)
        if response.status_code == HTTPStatus.NOT_FOUND:
            count_guess(request)
        return response

    return uncached_form(limited)


def private_form(view: ViewFunction) -> ViewFunction:
    """The same, for users who are logged in."""
    return uncached_form(login_required(view))


def private_page(view: ViewFunction) -> ViewFunction:
    """Allow GET and HEAD to users who are logged in, and let no cache keep the answer."""
    return require_safe(private_form(view))
