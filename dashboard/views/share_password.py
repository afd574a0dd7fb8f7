"""The password of a share link: its form, the limit of tries, and the cookie that proves a right password."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.intake.page_limits import count_wrong_try, minutes_to_wait
from collector.models import ShareLink
from dashboard.views.unlisted import render_public

COOKIE = "shared"  # each link sets its own, limited to the path of the link


def ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Show the form for the link's password. If a password was posted, check it, and set the cookie if it is right."""
    if request.method != "POST":
        return render_public(request, "dashboard/share_password.html")
    if minutes := minutes_to_wait(request, link):
        problem = ngettext(
            "Too many tries. Wait %(minutes)d minute, then try again.",
            "Too many tries. Wait %(minutes)d minutes, then try again.",
            minutes,
        ) % {"minutes": minutes}
        response = render_public(request, "dashboard/share_password.html", {"problem": problem}, status=429)
        response.headers["Retry-After"] = str(minutes * 60)
        return response
    if not link.has_password(request.POST.get("password", "")):
        count_wrong_try(link)
        problem = _("Wrong password. Upper and lower case matter. If unsure, ask the person who gave you the link.")
        return render_public(request, "dashboard/share_password.html", {"problem": problem})
    response = redirect(request.get_full_path())
    response.set_cookie(
        COOKIE,
        _proof(link),
        path=reverse("share", args=[link.key]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _proof(link: ShareLink) -> str:
    """Return what the cookie holds. It is valid for this link only, and until its password changes."""
    return salted_hmac("dashboard.sharing", f"{link.key}:{link.password}", algorithm="sha256").hexdigest()


def is_let_in(request: HttpRequest, link: ShareLink) -> bool:
    """Tell whether the browser has already entered the link's current password."""
    return constant_time_compare(request.COOKIES.get(COOKIE, ""), _proof(link))
