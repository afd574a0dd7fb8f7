"""Links that give an account an email address: signed, for one user, until their address changes."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_noop

from collector.audit import record_own

SALT = "accounts.email"
VALID_SECONDS = 86_400


def link_path(user: User, email: str) -> str:
    """Return the path of the link that proves that a user receives mail at `email`."""
    key = signing.dumps([user.pk, user.email, email], salt=SALT)
    return reverse("verify_email", args=[key])


def user_and_email(key: str) -> tuple[User, str] | None:
    """Return whose address a link sets, and which; None if it no longer works. One query."""
    try:
        pk, former, email = signing.loads(key, salt=SALT, max_age=VALID_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    user = User.objects.filter(pk=pk, email=former, is_active=True).first()
    return (user, str(email)) if user else None


@transaction.atomic
def set_email(user: User, email: str, *, is_verified: bool) -> None:
    """Give a user an address, in place of the one before. Four queries: django-allauth has a list of addresses."""
    User.objects.filter(pk=user.pk).update(email=email)
    record_own(user, gettext_noop("Email address changed."))
    EmailAddress.objects.filter(user=user).delete()
    if is_verified:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
