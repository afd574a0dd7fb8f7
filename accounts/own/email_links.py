"""Links that give an account an email address: signed, for one user, until their address changes.

A link is good only as long as the session that asked for it is open, and asked for no other address since. So a thief
who is thrown out, by a new password for example, has no link left that gives them the account later.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_noop

from accounts.sessions.listing import open_session
from collector.audit import record_own
from collector.models.access import digest_of

SALT = "accounts.email"
VALID_SECONDS = 86_400
EMAIL_CHANGED = gettext_noop("Email address changed.")
ASKED_FOR = "email"  # in a session: the address that its user asked for last


def link_path(request: HttpRequest, user: User, email: str) -> str:
    """Return the path of the link that proves that a user receives mail at `email`. Writes the session."""
    request.session[ASKED_FOR] = email
    key = signing.dumps([user.pk, user.email, email, digest_of(request.session.session_key or "")], salt=SALT)
    return reverse("verify_email", args=[key])


def user_and_email(key: str) -> tuple[User, str] | None:
    """Return whose address a link sets, and which; None if it no longer works. Two queries."""
    try:
        pk, former, email, name = signing.loads(key, salt=SALT, max_age=VALID_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    user = User.objects.filter(pk=pk, email=former, is_active=True).first()
    session = open_session(user, name) if user else None
    if user is None or session is None or session.get_decoded().get(ASKED_FOR) != email:
        return None
    return user, str(email)


@transaction.atomic
def set_email(user: User, email: str, *, is_verified: bool) -> None:
    """Give a user an address, in place of the one before. Four queries: django-allauth has a list of addresses.

    Raises IntegrityError if another user has proven the same address meanwhile.
    """
    User.objects.filter(pk=user.pk).update(email=email)
    record_own(user, EMAIL_CHANGED)
    EmailAddress.objects.filter(user=user).delete()
    if is_verified:
        EmailAddress.objects.create(user=user, email=email.lower(), verified=True, primary=True)
