"""The way to the operator's OpenID Connect provider and back."""

from functools import partial
from typing import cast

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.openid_connect.views import callback
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from accounts.login.confirmation import confirmed
from accounts.login.single_sign_on import PROVIDER, disconnect, has_single_sign_on
from accounts.notices import tell
from accounts.sessions.ending import end_others
from accounts.views.next_page import next_page
from accounts.views.pages import wait_of_stranger
from collector.audit import record_own

DISCONNECTED = gettext_noop("Single sign-on disconnected.")


@require_POST
@cache_control(private=True, no_store=True)
def to_provider(request: HttpRequest) -> HttpResponse:
    """Begin a login at the provider."""
    if answer := wait_of_stranger(request):
        return answer
    return _leave(request, AuthProcess.LOGIN, next_page(request, reverse("projects")))


@require_POST
@partial(confirmed, back="second_factor")
def connect(request: HttpRequest) -> HttpResponse:
    """Let a user log in by single sign-on from now on, or no longer."""
    if "disconnect" in request.POST:
        user = cast("User", request.user)
        if disconnect(user):
            end_others(request, user)
            record_own(user, DISCONNECTED)
            tell(user, DISCONNECTED, request=request)
        return redirect("second_factor")
    return _leave(request, AuthProcess.CONNECT, reverse("second_factor"))


@require_safe
@cache_control(private=True, no_store=True)
def from_provider(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take the provider's answer. It writes: the standard leads back by GET (OpenID Connect Core, 3.1.2.5)."""
    if not has_single_sign_on():
        raise Http404
    try:
        response: HttpResponseBase = callback(request, provider_id)
    except (RequestException, ValueError, KeyError):  # unreachable, or an answer that is none
        return _unreachable(request)
    return response


def _leave(request: HttpRequest, process: str, next_url: str) -> HttpResponse:
    """Lead to the provider by a page of ours: browsers apply `form-action` to where a form's answer redirects."""
    if not has_single_sign_on():
        raise Http404
    try:
        answer = get_adapter(request).get_provider(request, PROVIDER).redirect(request, process, next_url=next_url)
    except (RequestException, ValueError, KeyError):
        return _unreachable(request)
    address = answer.headers.get("Location", "")
    if not address.startswith(("https://", "http://")):
        return _unreachable(request)
    response = render(request, "accounts/leaving.html", {"address": address})
    response.headers["Refresh"] = f"0; url={address}"
    return response


def _unreachable(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/single_sign_on.html", {"why": "failed"}, status=502)
