"""The password of a share link: its form, its tries, and the cookie of who was let in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.intake.rate_limits import minutes_to_wait, note_wrong
from collector.models import ShareLink
from dashboard.views.unlisted import render_public

COOKIE = "shared"  # each link has one of its own, at its own path


def ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Ask for the link's password, or look at the one that was posted and let its reader in."""
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
        note_wrong(link)
        problem = _("Wrong password. Upper and lower case matter. If unsure, ask the person who gave you the link.")
        return render_public(request, "dashboard/share_password.html", {"problem": problem})
    response = redirect(request.get_full_path())
    response.set_cookie(
        COOKIE,
        _proof_of(link),
        path=reverse("share", args=[link.key]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _proof_of(link: ShareLink) -> str:
    """Return what a browser keeps to show that it was let in: good for this link and its present password alone."""
    return salted_hmac("dashboard.sharing", f"{link.key}:{link.password}", algorithm="sha256").hexdigest()


def is_let_in(request: HttpRequest, link: ShareLink) -> bool:
    return constant_time_compare(request.COOKIES.get(COOKIE, ""), _proof_of(link))
