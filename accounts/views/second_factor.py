"""The page of one's second factors, for users, and for those who must set one up before they are let in."""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.adapter import get_adapter
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.login.confirmation import confirmed
from accounts.login.single_sign_on import has_single_sign_on, is_connected
from accounts.login.stages import set_up_step
from accounts.notices import tell
from accounts.second_factor import factors
from accounts.second_factor.factors import NAME_LENGTH
from accounts.second_factor.passkeys import MOST, add_passkey, challenge_to_add
from accounts.second_factor.requirement import must_have_second_factor, note_second_factor
from accounts.sessions.ending import end_others
from accounts.views.next_page import next_page
from collector.audit import record_own
from collector.models.validators import validate_title

OwnView = Callable[..., HttpResponseBase]
SALT = "accounts.second_factor.app"
SECRET_SECONDS = 3600  # to scan a code


def own_second_factor(view: OwnView) -> OwnView:
    """Call a view with the user whose second factors it shows: logged in, or at the last step of a login with none.

    Once there is one, the step is over: it would let in somebody who only knows the password.
    """

    @wraps(view)
    def of_user(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, request.user, *args, **kwargs)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        step = set_up_step(request)
        if step and factors.has_second_factor(step.login.user):
            return redirect("login")
        if step:
            return cache_control(private=True, no_store=True)(view)(request, step.login.user, *args, **kwargs)
        return confirmed(of_user, back="second_factor")(request, *args, **kwargs)

    return answer


@require_safe
@own_second_factor
def second_factor(request: HttpRequest, user: User) -> HttpResponse:
    """Show what a user has set up, and what they can. One query, one more if owners must have one."""
    return _page(request, user)


@require_http_methods(["GET", "HEAD", "POST"])
@own_second_factor
def app(request: HttpRequest, user: User) -> HttpResponse:
    """Set up an authenticator app: show its secret, and keep it once the app has shown a right code.

    Until then the secret is only in the form, signed for this user.
    """
    secret, problem = factors.new_secret(), ""
    if request.method == "POST":
        sent = _secret_in(request, user)
        if sent and factors.is_code_of(sent, request.POST.get("code", "").strip()):
            factors.add_app(user, sent)
            return _set_up(request, user, gettext_noop("Authenticator app set up."))
        secret = sent or secret
        problem = _("That is not right. A code works only once, and for about a minute.")
    address = get_adapter().build_totp_url(user, secret)
    image = base64.b64encode(get_adapter().build_totp_svg(address).encode()).decode()
    context = {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "signed": signing.dumps([user.pk, secret], salt=SALT),
        "image": f"data:image/svg+xml;base64,{image}",
        "problem": problem,
    }
    return render(request, "accounts/app.html", context)


@require_POST
@own_second_factor
def new_passkey(request: HttpRequest, user: User) -> HttpResponse:
    """Add the passkey that a browser made. Without one in the form, answer with the challenge to make it."""
    if "credential" not in request.POST:
        return JsonResponse(challenge_to_add(user))
    name = request.POST.get("name", "").strip()[:NAME_LENGTH]
    try:
        validate_title(name)
    except ValidationError as error:
        return _page(request, user, error.messages[0])
    if add_passkey(user, name, request.POST["credential"]):
        return _set_up(request, user, gettext_noop("Passkey added."))
    return _page(request, user, _("That did not work. Try again, or use another device."))


@require_POST
@own_second_factor
def remove(request: HttpRequest, user: User) -> HttpResponse:
    """Remove the app, or a passkey. The last one stays where a second factor is required."""
    if not _is_kept(factors.factors_of(user), must_have_second_factor(user)):
        pk = request.POST.get("passkey", "")
        if pk.isdecimal() and factors.remove_passkey(user, int(pk[:18])):
            _note(request, user, gettext_noop("Passkey removed."))
        elif "app" in request.POST and factors.remove_app(user):
            _note(request, user, gettext_noop("Authenticator app removed."))
    return redirect("second_factor")


@require_http_methods(["GET", "HEAD", "POST"])
@own_second_factor
def recovery_codes(request: HttpRequest, user: User) -> HttpResponse:
    """Show the recovery codes, or replace them by new ones."""
    if request.method == "POST":
        if factors.renew_recovery_codes(user):
            _note(request, user, gettext_noop("Recovery codes replaced."))
        return redirect("recovery_codes")
    codes = factors.recovery_codes(user)
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "next": next_page(request, "")})


def _page(request: HttpRequest, user: User, problem: str = "") -> HttpResponse:
    own, is_required = factors.factors_of(user), must_have_second_factor(user)
    context = {
        "factors": own,
        "problem": problem,
        "is_required": is_required,
        "is_kept": _is_kept(own, is_required),
        "has_room": len(own.passkeys) < MOST,
        "has_single_sign_on": has_single_sign_on() and request.user.is_authenticated,
        "is_connected": has_single_sign_on() and is_connected(user),
        "has_password": user.has_usable_password(),
    }
    return render(request, "accounts/second_factor.html", context)


def _is_kept(own: factors.Factors, is_required: bool) -> bool:
    """Say whether a user may remove nothing: it is the last second factor, and one is required."""
    return is_required and own.has_app + len(own.passkeys) <= 1


def _set_up(request: HttpRequest, user: User, message: str) -> HttpResponse:
    """Note what was set up, and go on to the recovery codes. Who is at the last step of a login is logged in."""
    step = set_up_step(request)
    codes = reverse("recovery_codes")
    if step is None:
        note_second_factor(request.session)
        _note(request, user, message)
        return redirect(codes)
    response: HttpResponse = step.exit()
    _note(request, user, message)
    response.headers["Location"] = f"{codes}?{urlencode({'next': response.headers['Location']})}"
    return response


def _note(request: HttpRequest, user: User, message: str) -> None:
    """After a change: end all other sessions, add to the audit trail, and tell the user."""
    end_others(request, user)
    record_own(user, message)
    tell(user, message, request=request)


def _secret_in(request: HttpRequest, user: User) -> str:
    """Return the secret in the form, if we signed it for this user lately."""
    try:
        pk, secret = signing.loads(request.POST.get("signed", ""), salt=SALT, max_age=SECRET_SECONDS)
    except signing.BadSignature:
        return ""
    return str(secret) if pk == user.pk else ""
