"""Challenges for passkeys, which a script asks for, and the login without a password."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from accounts.login.begin import begin_login_by_passkey
from accounts.login.single_sign_on import has_single_sign_on
from accounts.login.stages import user_at_login
from accounts.second_factor.passkeys import challenge, user_of
from accounts.views.next_page import next_page
from accounts.views.pages import wait_of_stranger


@require_POST
@cache_control(private=True, no_store=True)
def passkey_challenge(request: HttpRequest) -> HttpResponse:
    """Answer with a challenge: for the user who is logged in or about to, else for the passkeys of anybody."""
    user = request.user if isinstance(request.user, User) else user_at_login(request)
    if user is None and (answer := wait_of_stranger(request)):
        return answer
    return JsonResponse(challenge(user))


@require_POST
@cache_control(private=True, no_store=True)
def passkey_login(request: HttpRequest) -> HttpResponse:
    """Log in with a passkey alone. Its device has verified who holds it."""
    user = user_of(request.POST.get("credential", ""), None)
    if user is None or not user.is_active:
        problem = _("That passkey doesn’t open an account here.")
        context = {"problem": problem, "next": next_page(request, ""), "has_single_sign_on": has_single_sign_on()}
        return render(request, "registration/login.html", context)
    return begin_login_by_passkey(request, user, next_page(request, reverse("projects")))
