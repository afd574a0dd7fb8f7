"""Who else may look: share links for people without an account, and tokens for programs."""

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

KEY_BYTES = 24
ORIGINS_AT_MOST = 20
# It goes into a header as it is. A host, as CSP3 2.3.1 spells it; browsers take addresses of IPv6 too.
SITE = re.compile(
    r"\*|https?://(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)


def make_key() -> str:
    """Return a new unguessable key of 192 random bits, safe in any URL."""
    return secrets.token_urlsafe(KEY_BYTES)


class Section(models.TextChoices):
    """A part of a page that a share link may show. Key figures are always there."""

    TREND = "trend", gettext_lazy("Trend")
    HOURS = "hours", gettext_lazy("When they read")
    ARTICLES = "articles", gettext_lazy("Articles")
    PLATFORMS = "platforms", gettext_lazy("Platforms")
    PAGES = "pages", gettext_lazy("Pages")
    COUNTRIES = "countries", gettext_lazy("Countries and languages")
    DEVICES = "devices", gettext_lazy("Devices, browsers and systems")


def all_sections() -> list[str]:
    return list(Section.values)


def validate_sections(sections: object) -> None:
    """Raise ValidationError unless `sections` is a list of distinct sections."""
    if not isinstance(sections, list) or len(set(map(str, sections))) < len(sections):
        raise ValidationError(_("Name each part once."))
    for section in sections:
        if section not in Section.values:
            raise ValidationError(_("“%(part)s” is no part of a page.") % {"part": section})


def validate_origins(text: str) -> None:
    """Raise ValidationError unless `text` is a list of sites, one a line, as a CSP takes them; `*` stands for all."""
    for line in text.split():
        if not SITE.fullmatch(line):
            raise ValidationError(
                _("“%(line)s” is no site; write one a line, like https://blog.example.org, or * for all.")
                % {"line": line}
            )
    if len(text.split()) > ORIGINS_AT_MOST:
        raise ValidationError(_("%(limit)s sites are the most.") % {"limit": ORIGINS_AT_MOST})


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def open_at(self, now: datetime) -> Self:
        """Keep the links that work at this moment: not revoked, not expired."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked_at=None)

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the links of the projects that `user` owns."""
        return self.filter(project__in=Project.objects.owned_by(user))


class ShareLink(models.Model):
    """An unlisted, read-only page of a project, or of one of its pixels, for whoever has its address."""

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
        help_text=gettext_lazy("One article alone; empty for the whole project."),
    )
    name = models.CharField(
        gettext_lazy("name"), max_length=100, help_text=gettext_lazy("Whom it is for; they do not see it.")
    )
    key = models.CharField(max_length=40, unique=True, default=make_key, editable=False)
    shows = models.JSONField(gettext_lazy("shows"), default=all_sections, blank=True, validators=[validate_sections])
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty for none.")
    expires_at = models.DateTimeField(gettext_lazy("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    embedded_on = models.TextField(
        gettext_lazy("embedded on"),
        blank=True,
        validators=[validate_origins],
        help_text=gettext_lazy(
            "Sites that may show its chart in a frame, one a line, like https://blog.example.org; * for all, empty "
            "for none."
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

    def set_password(self, password: str) -> None:
        """Ask visitors for `password` from now on; for none where it is empty."""
        self.password = make_password(password) if password else ""

    def has_password(self, password: str) -> bool:
        """Whether `password` opens this link."""
        return check_password(password, self.password)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def of_secret(self, secret: str) -> Self:
        """Keep the token whose secret this is, unless it is revoked."""
        return self.filter(digest=digest_of(secret), revoked_at=None, user__is_active=True)

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the tokens that `user` made; a superuser's are those of everybody."""
        if not user.is_active or user.is_anonymous:
            return self.none()
        return self.all() if getattr(user, "is_superuser", False) else self.filter(user_id=user.pk)


class ApiToken(models.Model):
    """Lets a program read some projects, as long as its user may see them. Its secret is shown once and not kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(gettext_lazy("name"), max_length=100, help_text=gettext_lazy("What uses it."))
    projects = models.ManyToManyField(Project, related_name="+", verbose_name=gettext_lazy("projects"))
    prefix = models.CharField(max_length=12, editable=False, help_text="Its first characters, to know it by.")
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
        """Give the token a new secret and return it; its digest alone is kept. Does not save."""
        secret = f"ff_{secrets.token_urlsafe(32)}"
        self.prefix = secret[:8]
        self.digest = digest_of(secret)
        return secret

    def readable_projects(self) -> models.QuerySet[Project]:
        """Return the projects it may read: those it names, as far as its user still sees them."""
        return Project.objects.visible_to(self.user).filter(pk__in=self.projects.values("pk"))


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It has 256 random bits, so a plain hash can't be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()
