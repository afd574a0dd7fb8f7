"""The Django application of accounts."""

from datetime import datetime

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may log in, and how."""

    name = "accounts"

    def delete_expired(self, now: datetime) -> int:
        """Delete sessions and invitations that have expired, and return how many. Two queries."""
        from accounts.models import Invitation, Session  # once all models are there

        return Session.objects.filter(expire_date__lte=now).delete()[0] + Invitation.objects.expired_at(now).delete()[0]
