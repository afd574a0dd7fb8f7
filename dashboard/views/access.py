"""Who is let in to the pages of the dashboard, and how they may be asked for."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """Make `view` a page of the dashboard: read only, for people who logged in, fresh on every load."""
    return require_safe(login_required(cache_control(private=True, no_store=True)(view)))


def deed(view: View) -> View:
    """Make `view` what a button of the dashboard does: it is only ever posted to, by people who logged in."""
    return require_POST(login_required(cache_control(private=True, no_store=True)(view)))
