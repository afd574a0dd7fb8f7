"""What private pages have in common."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

ViewFunction = Callable[..., HttpResponseBase]


def uncached_form(view: ViewFunction) -> ViewFunction:
    """Allow GET, HEAD and POST, and let no cache keep the answer."""
    return require_http_methods(["GET", "HEAD", "POST"])(cache_control(private=True, no_store=True)(view))


def private_form(view: ViewFunction) -> ViewFunction:
    """The same, for users who are logged in."""
    return uncached_form(login_required(view))
