"""The password of a share link: its form, and the cookies of those who entered it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.passwords.check import Lock, check
from accounts.passwords.known_browsers import remember_browser
from accounts.passwords.problems import mark_refused, problem_of
from collector.models import ShareLink
from dashboard.views.unlisted import render_public

COOKIE = "shared"  # each link sets its own, limited to the path of the link
KNOWN_COOKIE = "known"  # the same; it outlives the window
# In an hour at one link, by unknown browsers. More than at an account: the link is a secret too, and new readers come.
MOST_TRIES = 1_000


def ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Show the form for the link's password. If a password was posted, check it, and set the cookies if it is right."""
    if request.method != "POST":
        return render_public(request, "dashboard/share_password.html")
    lock = Lock(
        name=f"link {link.pk}",
        networks=f"link {link.pk}",
        cookie=KNOWN_COOKIE,
        stamp=link.password,
        most_tries=MOST_TRIES,
    )
    outcome = check(request, lock, lambda: link.has_password(request.POST.get("password", "")))
    if problem := problem_of(outcome):
        response = render_public(request, "dashboard/share_password.html", {"problem": problem})
        mark_refused(response, outcome)
        return response
    if not outcome.is_right:
        problem = _("Wrong password. Upper and lower case matter. If unsure, ask the person who gave you the link.")
        return render_public(request, "dashboard/share_password.html", {"problem": problem})
    page = reverse("share", args=[link.key])
    response = redirect(request.get_full_path())
    response.set_cookie(
        COOKIE,
        _proof(link),
        path=page,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    remember_browser(response, KNOWN_COOKIE, link.password, page)
    return response


def _proof(link: ShareLink) -> str:
    """Return what the cookie holds. It is valid for this link only, and until its password changes."""
    return salted_hmac("dashboard.sharing", f"{link.key}:{link.password}", algorithm="sha256").hexdigest()


def is_let_in(request: HttpRequest, link: ShareLink) -> bool:
    """Tell whether the browser has already entered the link's current password."""
    return constant_time_compare(request.COOKIES.get(COOKIE, ""), _proof(link))
