"""The second step of a login, and the confirmation of who somebody is: by a code, a passkey or a password."""

from collections.abc import Callable
from typing import cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.login.confirmation import note_confirmation
from accounts.login.locks import KNOWN_AS, lock_of, second_lock_of
from accounts.login.stages import second_step as current_step
from accounts.passwords.check import Lock, Outcome, check
from accounts.passwords.problems import mark_refused, problem_of
from accounts.second_factor.factors import factors_of, use_code
from accounts.second_factor.passkeys import user_of
from accounts.views.next_page import next_page

NOT_RIGHT = Outcome()


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask somebody who has entered the right password for a code or a passkey, then log them in."""
    step = current_step(request)
    if step is None:
        return redirect("login")
    user: User = step.login.user
    outcome = NOT_RIGHT
    if request.method == "POST":
        outcome = _code_or_passkey(request, user, known_as="")
        if outcome.is_right:
            response: HttpResponse = step.exit()
            return response
    return _page(request, "accounts/second_step.html", user, outcome)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@login_required
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask users who are logged in to show who they are, by the strongest means they have."""
    user = cast("User", request.user)
    outcome = NOT_RIGHT
    if request.method == "POST":
        outcome = _code_or_passkey(request, user, KNOWN_AS) if factors_of(user).is_any else _password(request, user)
        if outcome.is_right:
            note_confirmation(request)
            return redirect(next_page(request, reverse("second_factor")))
    return _page(request, "accounts/confirm.html", user, outcome)


def _page(request: HttpRequest, template: str, user: User, outcome: Outcome) -> HttpResponse:
    problem = problem_of(outcome)
    if request.method == "POST" and not problem:
        problem = _("That is not right. A code works only once, and for about a minute.")
    context = {"factors": factors_of(user), "problem": problem, "next": next_page(request, ""), "who": user}
    response = render(request, template, context)
    if outcome.wait_seconds:
        mark_refused(response, outcome)
    return response


def _code_or_passkey(request: HttpRequest, user: User, known_as: str) -> Outcome:
    """Check what was posted. Passkeys are not limited: nobody can guess one."""
    if answer := request.POST.get("credential", ""):
        return Outcome(is_right=user_of(answer, user) is not None)
    code = request.POST.get("code", "")
    return _checked(request, second_lock_of(user), lambda: use_code(user, code), known_as) if code else NOT_RIGHT


def _password(request: HttpRequest, user: User) -> Outcome:
    password = request.POST.get("password", "")
    lock = lock_of(user.get_username(), user)
    return _checked(request, lock, lambda: user.check_password(password), KNOWN_AS) if password else NOT_RIGHT


def _checked(request: HttpRequest, lock: Lock, is_right: Callable[[], bool], known_as: str) -> Outcome:
    return check(request, lock, is_right, known_as=known_as)
