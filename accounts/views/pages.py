"""What private pages have in common."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

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
    if not wait_seconds:
        return None
    words = wait_message(wait_seconds)
    headers = {"Retry-After": str(wait_seconds)}
    return HttpResponse(words, "text/plain; charset=utf-8", status=TOO_MANY_STATUS, headers=headers)


def private_form(view: ViewFunction) -> ViewFunction:
    """The same, for users who are logged in."""
    return uncached_form(login_required(view))


def private_page(view: ViewFunction) -> ViewFunction:
    """Allow GET and HEAD to users who are logged in, and let no cache keep the answer."""
    return require_safe(private_form(view))
