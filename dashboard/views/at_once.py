"""How much of the server one user may keep busy: views at the same time, and downloads.

By ASGI, each request in progress has a thread and a database connection. So the limits are those of this process: one
member who opens a hundred tabs, or a script with their session, leaves room for all others. So do strangers, however
many there are.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from collector.intake.page_limits import seconds_to_wait
from dashboard.view_function import ViewFunction
from dashboard.views.error_page import too_many_requests

WAIT_SECONDS = 15.0
BUSY_SECONDS = 5  # after which a client may try again


class Places:
    """Who is being served: `at_once` requests of each user, while `waiting` more wait for them."""

    def __init__(self, at_once: int, waiting: int = 0) -> None:
        self._at_once = at_once
        self._waiting = waiting
        self._users: Counter[int] = Counter()  # by user, those who are served
        self._queues: Counter[int] = Counter()  # by user, those who wait
        self._change = threading.Condition()

    def take(self, user: int, wait_seconds: float = WAIT_SECONDS) -> bool:
        """Wait for a place and take it. Return False if too many wait already, or none becomes free in time."""
        with self._change:
            if self._users[user] >= self._at_once:
                if self._queues[user] >= self._waiting:
                    return False
                self._queues[user] += 1
                is_free = self._change.wait_for(lambda: self._users[user] < self._at_once, wait_seconds)
                self._queues[user] -= 1
                if not self._queues[user]:
                    del self._queues[user]
                if not is_free:
                    return False
            self._users[user] += 1
            return True

    def leave(self, user: int) -> None:
        """Give a place back."""
        with self._change:
            self._users[user] -= 1
            if not self._users[user]:
                del self._users[user]
            self._change.notify_all()


VIEWS = Places(at_once=6, waiting=18)  # a browser that opens all its tabs again waits, and is served
DOWNLOADS = Places(at_once=3)  # each may take hours
SHARED = Places(at_once=12, waiting=48)  # by people without an account, all of them together: they are `EVERYBODY`
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
        response._resource_closers.append(leave)  # where Django notes which files to close
    else:
        leave()


def user_of(request: HttpRequest) -> int:
    """Return the key of the user who is logged in."""
    return int(request.user.pk or 0)
