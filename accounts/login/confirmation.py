"""What a session may do only for some minutes after its user has shown who they are.

A stolen session must not be enough to add a second factor of the thief's, or to remove the user's.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control

ViewFunction = Callable[..., HttpResponseBase]

CONFIRMED_AT = "confirmed_at"  # in a session, in seconds since 1970
CONFIRMED_SECONDS = 15 * 60


def note_confirmation(request: HttpRequest) -> None:
    """Note that the session's user has just shown who they are."""
    request.session[CONFIRMED_AT] = int(time.time())


def is_confirmed(request: HttpRequest) -> bool:
    """Say whether the session's user has shown lately who they are."""
    confirmed_at = request.session.get(CONFIRMED_AT, 0)
    return bool(request.user.is_authenticated and 0 <= time.time() - confirmed_at < CONFIRMED_SECONDS)


def confirmed(view: ViewFunction, back: str = "") -> ViewFunction:
    """Allow a page to users who have shown lately who they are. Ask others, then lead back. No cache keeps the page.

    What a form sent is lost. It leads back to its own page, or to the one that `back` names where it has none.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_confirmed(request):
            return view(request, *args, **kwargs)
        is_read = request.method in {"GET", "HEAD"}
        next_page = request.get_full_path() if is_read else reverse(back) if back else request.path
        return redirect(f"{reverse('confirm')}?{urlencode({'next': next_page})}")

    return login_required(cache_control(private=True, no_store=True)(guarded))
