"""How much of the server one user may keep busy: views at the same time, and downloads. Strangers share their places.

Only expensive views are limited, so that a page can still say why another one has to wait.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from collector.intake.page_limits import seconds_to_wait
from collector.intake.places import BUSY_SECONDS, Places
from dashboard.view_function import ViewFunction
from dashboard.views.error_page import too_many_requests

VIEWS = Places(at_once=6, waiting=18)  # a browser that opens all its tabs again waits, and is served
DOWNLOADS = Places(at_once=3)  # each may take hours
SHARED = Places(at_once=8, waiting=20)  # by people without an account, all of them together: they are `EVERYBODY`
EVERYBODY = 0


def few_at_once(view: ViewFunction) -> ViewFunction:
    """Let a user have only some of these views computed at the same time. For users who are logged in."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        with place(VIEWS, user_of(request)) as has_place:
            return view(request, *args, **kwargs) if has_place else too_many_requests(request, BUSY_SECONDS)

    return answer


@contextmanager
def place(places: Places, user: int) -> Iterator[bool]:
    """Hold a place during the block. Yield False if there is none."""
    if not places.take(user):
        yield False
        return
    try:
        yield True
    finally:
        places.leave(user)


def limited_download(view: ViewFunction) -> ViewFunction:
    """Limit how often a user downloads, and how many downloads they have at the same time, until each is sent."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        user = user_of(request)
        wait_seconds = seconds_to_wait("export", lambda: str(user), settings.EXPORT_RATE_LIMIT)
        if wait_seconds or not DOWNLOADS.take(user):
            return too_many_requests(request, wait_seconds or BUSY_SECONDS)
        try:
            response = view(request, *args, **kwargs)
        except BaseException:
            DOWNLOADS.leave(user)
            raise
        _leave_with(response, user)
        return response

    return answer


def _leave_with(response: HttpResponseBase, user: int) -> None:
    """Give the place of a download back when it is closed: by then, the server has sent it or given up."""
    leave = weakref.finalize(response, DOWNLOADS.leave, user)  # also if nobody closes it
    if response.streaming:
        response._resource_closers.append(leave)  # type: ignore[attr-defined]  # where Django notes which files to close
    else:
        leave()


def user_of(request: HttpRequest) -> int:
    """Return the key of the user who is logged in."""
    return int(request.user.pk or 0)
