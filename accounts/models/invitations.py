"""Invitations to projects."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from collector.models import Project, Role
from collector.models.access import digest_of, make_key

VALID = timedelta(days=7)
MOST_OPEN = 50  # of a project
KEPT = timedelta(days=30)  # after it has expired, with the address to which it was sent


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open_at(self, now: datetime) -> Self:
        """Keep the invitations that can be accepted at this moment: neither accepted, revoked nor expired."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def expired_at(self, now: datetime) -> Self:
        """Keep the invitations that are not kept any longer."""
        return self.filter(expires_at__lt=now - KEPT)

    def of_secret(self, secret: str) -> Self:
        """Keep the invitation with this secret."""
        return self.filter(digest=digest_of(secret))

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the invitations to projects that `user` owns."""
        return self.filter(project__in=Project.objects.owned_by(user))


class Invitation(models.Model):
    """Lets somebody become a member of a project, with or without an account. The secret is not stored.

    It is as good as the one who invites: if they own the project no longer, nobody can accept it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(gettext_lazy("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    email = models.EmailField(
        gettext_lazy("email address"),
        blank=True,
        help_text=gettext_lazy("Leave empty to send the link yourself."),
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.role} of {self.project}"

    def make_secret(self, now: datetime) -> str:
        """Give the invitation a secret for a week, and return it. Only its digest is stored. Does not save."""
        secret = make_key()
        self.digest = digest_of(secret)
        self.expires_at = now + VALID
        return secret
