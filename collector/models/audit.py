"""The audit trail: what people changed, what they exported, and who logged in from a new browser."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext, gettext_lazy

from collector.models.projects import Project

AUDIT_KEPT = timedelta(days=366)
MAX_SUBJECT = 250


class About(models.TextChoices):
    """What an entry is about."""

    PROJECT = "project", gettext_lazy("project")
    MEMBER = "member", gettext_lazy("member")
    INVITATION = "invitation", gettext_lazy("invitation")
    PIXEL = "pixel", gettext_lazy("pixel")
    SHARE_LINK = "share_link", gettext_lazy("share link")
    API_TOKEN = "api_token", gettext_lazy("API token")
    EXPORT = "export", gettext_lazy("export")
    ACCOUNT = "account", gettext_lazy("account")
    LOGIN = "login", gettext_lazy("login")


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the entries of the projects that `user` owns. A superuser gets all entries, those of the server too."""
        if user.is_active and getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(project__in=Project.objects.owned_by(user))


class AuditEntry(models.Model):
    """One thing that somebody did. Never changed, and deleted after a year.

    It outlives its user and its project. Without a project it is about the server or an account. `subject` names what
    was changed, as it was called then. `message` is in English, or JSON as in Django's `LogEntry`. Only logins
    have a country, and a `network`: a hash that is the same for all logins from there on that day, and that nobody can
    compute once the day's salt is gone.
    """

    at = models.DateTimeField(gettext_lazy("time (UTC)"), db_default=Now(), db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("project")
    )
    about = models.CharField(gettext_lazy("kind"), max_length=20, choices=About.choices)
    subject = models.CharField(max_length=MAX_SUBJECT)
    message = models.TextField()
    country = models.CharField(gettext_lazy("country"), max_length=2, blank=True)
    network = models.CharField(max_length=32, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        verbose_name = gettext_lazy("audit trail entry")
        verbose_name_plural = gettext_lazy("audit trail entries")

    def __str__(self) -> str:
        return f"{self.subject} · {self.text}"

    @property
    def username(self) -> str:
        """Who did it; an empty string for deleted accounts and commands. Reads the user, unless it is loaded."""
        return self.user.get_username() if self.user else ""

    @property
    def text(self) -> str:
        """What happened, in the language of the request."""
        if self.message.startswith("["):
            return LogEntry(change_message=self.message).get_change_message()
        return gettext(self.message) if self.message else ""
