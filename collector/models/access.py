"""Access for others: share links for people without an account, and API tokens for programs."""

import hashlib
import re
import secrets
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.models.projects import Pixel, Project
from collector.models.validators import validate_title

KEY_BYTES = 24
ORIGINS_AT_MOST = 20
# It is copied into a header unchanged. A host as in CSP3, section 2.3.1; browsers also accept IPv6 addresses.
SITE = re.compile(
    r"\*|https?://(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)


def make_key() -> str:
    """Return a new unguessable key of 192 random bits, safe in any URL."""
    return secrets.token_urlsafe(KEY_BYTES)


class Section(models.TextChoices):
    """A part of a page that a share link can show. Key figures are always shown."""

    TREND = "trend", gettext_lazy("Trend")
    HOURS = "hours", gettext_lazy("When they read")
    ARTICLES = "articles", gettext_lazy("Articles")
    PLATFORMS = "platforms", gettext_lazy("Platforms")
    PAGES = "pages", gettext_lazy("Pages")
    CAMPAIGNS = "campaigns", gettext_lazy("Campaigns")
    COUNTRIES = "countries", gettext_lazy("Countries and languages")
    DEVICES = "devices", gettext_lazy("Devices, browsers and systems")


class ProgramSection(models.TextChoices):
    """A part of a program's page that a share link can show. Key figures are always shown."""

    ACTIVES = "actives", gettext_lazy("Active installations")
    RETENTION = "retention", gettext_lazy("Retention")
    VERSIONS = "versions", gettext_lazy("Versions")
    SYSTEMS = "systems", gettext_lazy("Systems, architectures and runtimes")
    EVENTS = "events", gettext_lazy("Events and failures")
    OTHERS = "others", gettext_lazy("CI, agents and containers")
    SDKS = "sdks", gettext_lazy("From other SDKs")


def all_sections() -> list[str]:
    return [*Section.values, *ProgramSection.values]


def validate_sections(sections: object) -> None:
    """Raise ValidationError unless `sections` is a list of distinct sections."""
    if not isinstance(sections, list) or len(set(map(str, sections))) < len(sections):
        raise ValidationError(_("List each part only once."))
    for section in sections:
        if section not in all_sections():
            raise ValidationError(_("“%(part)s” is not a part of a page.") % {"part": section})


def validate_origins(text: str) -> None:
    """Raise ValidationError unless `text` is a list of sites, one per line, as a CSP accepts them. `*` means all."""
    for line in text.split():
        if not SITE.fullmatch(line):
            raise ValidationError(
                _("“%(line)s” is not a site. Write one per line, such as https://blog.example.org, or * for all.")
                % {"line": line}
            )
    if len(text.split()) > ORIGINS_AT_MOST:
        raise ValidationError(_("List at most %(limit)s sites.") % {"limit": ORIGINS_AT_MOST})


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def open_at(self, now: datetime) -> Self:
        """Keep the links that work at this moment: neither revoked nor expired."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked_at=None)

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the links of the projects that `user` owns."""
        return self.filter(project__in=Project.objects.owned_by(user))


class ShareLink(models.Model):
    """An unlisted, read-only page of a project, or of one of its pixels, for anyone who has its address."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="share_links", verbose_name=gettext_lazy("project")
    )
    pixel = models.ForeignKey(
        Pixel,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("pixel"),
        help_text=gettext_lazy("Leave empty to share the whole project."),
    )
    name = models.CharField(
        gettext_lazy("name"),
        max_length=100,
        validators=[validate_title],
        help_text=gettext_lazy("Who the link is for. They don't see this name."),
    )
    key = models.CharField(max_length=40, unique=True, default=make_key, editable=False)
    shows = models.JSONField(gettext_lazy("shows"), default=all_sections, blank=True, validators=[validate_sections])
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty if there is none.")
    expires_at = models.DateTimeField(gettext_lazy("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    embedded_on = models.TextField(
        gettext_lazy("embedded on"),
        blank=True,
        validators=[validate_origins],
        help_text=gettext_lazy(
            "Sites that may show the chart in a frame, one per line, such as https://blog.example.org. Write * for all "
            "sites, or leave empty for none."
        ),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        verbose_name = gettext_lazy("share link")
        verbose_name_plural = gettext_lazy("share links")

    def __str__(self) -> str:
        return self.name

    def is_open_at(self, now: datetime) -> bool:
        """Whether the link works at this moment; the rule of `ShareLinkQuerySet.open_at`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def set_password(self, password: str) -> None:
        """Set the password, or remove it if `password` is empty. Does not save."""
        self.password = make_password(password) if password else ""

    def has_password(self, password: str) -> bool:
        """Say whether `password` opens this link."""
        return check_password(password, self.password)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def of_secret(self, secret: str) -> Self:
        """Keep the token with this secret, unless it is revoked or its user is inactive."""
        return self.filter(digest=digest_of(secret), revoked_at=None, user__is_active=True)

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the tokens that `user` created. A superuser gets all tokens."""
        if not user.is_active or user.is_anonymous:
            return self.none()
        return self.all() if getattr(user, "is_superuser", False) else self.filter(user_id=user.pk)


class ApiToken(models.Model):
    """Lets a program read some projects, as long as its user may see them. The secret is shown once and not stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(
        gettext_lazy("name"),
        max_length=100,
        validators=[validate_title],
        help_text=gettext_lazy("The program that uses it."),
    )
    projects = models.ManyToManyField(Project, related_name="+", verbose_name=gettext_lazy("projects"))
    reads_audit = models.BooleanField(
        gettext_lazy("can read the audit trail"),
        default=False,
        db_default=False,
        help_text=gettext_lazy(
            "Only of projects that its user owns. A superuser’s token also reads that of the server."
        ),
    )
    prefix = models.CharField(max_length=12, editable=False, help_text="The first characters of its secret.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_on = models.DateField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        verbose_name = gettext_lazy("API token")
        verbose_name_plural = gettext_lazy("API tokens")

    def __str__(self) -> str:
        return self.name

    def make_secret(self) -> str:
        """Give the token a new secret and return it. Only its digest is stored. Does not save."""
        secret = f"ff_{secrets.token_urlsafe(32)}"
        self.prefix = secret[:8]
        self.digest = digest_of(secret)
        return secret

    def readable_projects(self) -> models.QuerySet[Project]:
        """Return the projects it can read: those it was created for, if its user may still see them."""
        return Project.objects.visible_to(self.user).filter(pk__in=self.projects.values("pk"))


def digest_of(secret: str) -> str:
    """Return the stored form of a secret. The secret has 256 random bits, so a plain hash can't be reversed."""
    return hashlib.sha256(secret.encode()).hexdigest()
