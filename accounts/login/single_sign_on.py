"""Single sign-on: who may log in by the operator's OpenID Connect provider, and who gets an account by it."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_noop

from accounts.invitations.acceptance import pending_invitation
from accounts.names import shown_or_empty
from accounts.notices import tell
from accounts.sessions.ending import end_others
from collector.audit import record_own

PROVIDER = "single-sign-on"
CONNECTED = gettext_noop("Single sign-on connected.")


def has_single_sign_on() -> bool:
    """Say whether the operator has set up a provider."""
    return bool(settings.OIDC_URL)


def is_connected(user: User) -> bool:
    """Say whether a user can log in by single sign-on. One query."""
    return bool(SocialAccount.objects.filter(user=user, provider=PROVIDER).exists())


def disconnect(user: User) -> bool:
    """Stop single sign-on of a user who has a password: others could not log in any more. Say whether it was on."""
    if not user.has_usable_password():
        return False
    removed, _ = SocialAccount.objects.filter(user=user, provider=PROVIDER).delete()
    return bool(removed)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Accounts are connected by their users, never because an email address is the same: anybody can write one down."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse to make a second account for an address that has one."""
        if sociallogin.is_existing or sociallogin.state.get("process") != AuthProcess.LOGIN:
            return
        for email in _addresses(sociallogin):
            if is_taken(email):
                raise _refusal(request, "known", email)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Make accounts for addresses of the operator's domains that the provider has verified, and by invitation."""
        verified = _addresses(sociallogin, only_verified=True)
        domains = {email.rpartition("@")[2].lower() for email in verified}
        if domains & set(settings.OIDC_DOMAINS) or pending_invitation(request.session):
            return True
        raise _refusal(request, "unknown", next(iter(_addresses(sociallogin)), ""))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.first_name, user.last_name = shown_or_empty(user.first_name), shown_or_empty(user.last_name)
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        raise _refusal(request, "failed", status=401)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        record_own(user, gettext_noop("Account created by single sign-on."))
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        """Note that an account was connected, end the other sessions, and return where to go."""
        user = cast("User", request.user)
        end_others(request, user)
        record_own(user, CONNECTED)
        tell(user, CONNECTED, request=request)
        return reverse("second_factor")


def _addresses(sociallogin: SocialLogin, *, only_verified: bool = False) -> list[str]:
    found = [address for address in sociallogin.email_addresses if address.verified or not only_verified]
    return [address.email for address in found]


def is_taken(email: str, besides: User | None = None) -> bool:
    """Say whether an address belongs to an account (`besides` this one), verified or not, in any case. Two queries."""
    pk: Any = besides.pk if besides else None
    of_user = User.objects.filter(email__iexact=email).exclude(pk=pk)
    return bool(of_user.exists() or EmailAddress.objects.filter(email__iexact=email).exclude(user_id=pk).exists())


def _refusal(request: HttpRequest, why: str, email: str = "", status: int = 403) -> ImmediateHttpResponse:
    context = {"why": why, "email": email}
    return ImmediateHttpResponse(render(request, "accounts/single_sign_on.html", context, status=status))
