"""What is kept about a user, as they can download it. Of secrets, it says only that there are some."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from accounts.models import Invitation, Preference, Session
from accounts.second_factor.factors import factors_of
from collector.models import ApiToken, AuditEntry, LeftOut, Membership

ACCOUNT = (
    "username", "first_name", "last_name", "email", "is_staff", "is_superuser", "date_joined", "last_login",
)  # fmt: skip
SESSION = ("browser", "os", "country", "logged_in_at", "last_used_at", "expire_date")
INVITATION = ("project__name", "role", "email", "created_at", "expires_at", "revoked_at", "accepted_at")

AUDIT = ("at", "project__name", "about", "subject", "message", "country", "network")


def data_of(user: User) -> dict[str, Any]:
    """Return what is kept about a user, in plain values and moments. Thirteen queries."""
    factors = factors_of(user)
    return {
        "account": _rows(User, *ACCOUNT, pk=user.pk)[0],
        "language": next((row["language"] for row in _rows(Preference, "language", user=user)), None),
        "email_addresses": _rows(EmailAddress, "email", "verified", user=user),
        "memberships": _rows(Membership, "project__name", "project__slug", "role", user=user),
        "sessions": _rows(Session, *SESSION, user=user),
        "api_tokens": _rows(ApiToken, "name", "prefix", "created_at", "last_used_on", "revoked_at", user=user),
        "second_factor": {
            "app": factors.has_app,
            "passkeys": [passkey._asdict() for passkey in factors.passkeys],
            "recovery_codes_left": factors.codes_left,
        },
        "single_sign_on": _rows(SocialAccount, "uid", "extra_data", "date_joined", "last_login", user=user),
        "invitations_sent": _rows(Invitation, *INVITATION, invited_by=user),
        "invitations_accepted": _rows(Invitation, *INVITATION, accepted_by=user),
        "decisions": _rows(LeftOut, "project__name", "date", "what", "reason", "decided_at", decided_by=user),
        "audit_trail": _rows(AuditEntry, *AUDIT, user=user),
        "admin_history": _rows(LogEntry, "action_time", "object_repr", "change_message", user=user),
    }


def _rows(model: Any, *fields: str, **which: Any) -> list[dict[str, Any]]:
    """Return some fields of the rows of a model, with plain names. One query."""
    rows = model.objects.filter(**which).order_by("pk").values(*fields)
    return [{name.replace("__", "_"): value for name, value in row.items()} for row in rows]
