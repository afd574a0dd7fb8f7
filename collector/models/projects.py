"""Projects, their members, and their pixels."""

import secrets
import zoneinfo
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.models.reading import (
    AT_ONCE_SECONDS,
    DEFAULT_MIN_READING_SECONDS,
    MAX_MIN_READING_SECONDS,
    MAX_WORDS,
    bounded_min_seconds,
    min_seconds_of_words,
)
from collector.models.validators import (
    validate_networks,
    validate_placements,
    validate_sites,
    validate_timezone,
    validate_title,
)

# Lower-case letters and digits that can't be confused with each other. Such a token can be read aloud, survives a
# platform that changes it to lower case, and contains no `_`, which Markdown takes for emphasis.
TOKEN_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
TOKEN_LENGTH = 20  # 100 bits

MUTE = timedelta(minutes=10)
MAX_RETENTION_DAYS = 36_500  # a hundred years: later code computes with days of that past
_MIN_READING_SECONDS = (MinValueValidator(AT_ONCE_SECONDS), MaxValueValidator(MAX_MIN_READING_SECONDS))


def make_token() -> str:
    """Return a new public token of 100 random bits, safe in any URL."""
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))


class Role(models.TextChoices):
    """What a member may do. Viewers see, editors also edit pixels, owners also edit the project and its members."""

    VIEWER = "viewer", gettext_lazy("Viewer")
    EDITOR = "editor", gettext_lazy("Editor")
    OWNER = "owner", gettext_lazy("Owner")


class Weekday(models.IntegerChoices):
    """The days that a week may begin with, by their numbers in ISO 8601."""

    MONDAY = 1, gettext_lazy("Monday")
    SATURDAY = 6, gettext_lazy("Saturday")
    SUNDAY = 7, gettext_lazy("Sunday")


class ProjectQuerySet(models.QuerySet["Project"]):
    def may_be_created_by(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Say whether `user` may create projects, as all who may use the admin do. No query."""
        return user.is_active and bool(getattr(user, "is_staff", False))

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the projects that `user` may see on the dashboard."""
        return self._with_role(user, Role.VIEWER, Role.EDITOR, Role.OWNER)

    def editable_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the projects in which `user` may edit pixels."""
        return self._with_role(user, Role.EDITOR, Role.OWNER)

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the projects that `user` may rename, share and delete."""
        return self._with_role(user, Role.OWNER)

    def _with_role(self, user: AbstractBaseUser | AnonymousUser, *roles: Role) -> Self:
        if not user.is_active or user.is_anonymous:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self.all()
        memberships = Membership.objects.filter(user_id=user.pk, role__in=roles)
        return self.filter(pk__in=memberships.values("project_id"))


class Project(models.Model):
    """What an author or a team measures together."""

    name = models.CharField(gettext_lazy("name"), max_length=100, validators=[validate_title])
    slug = models.SlugField(
        gettext_lazy("slug"),
        max_length=60,
        unique=True,
        help_text=gettext_lazy("Used in the address of the dashboard."),
    )
    timezone = models.CharField(
        gettext_lazy("time zone"),
        max_length=60,
        default="UTC",
        validators=[validate_timezone],
        help_text=gettext_lazy("The dashboard counts days and hours in this time zone, such as Europe/Berlin."),
    )
    first_weekday = models.SmallIntegerField(
        gettext_lazy("first day of the week"),
        choices=Weekday.choices,
        default=Weekday.MONDAY,
        help_text=gettext_lazy("The weeks of programs always begin on Monday."),
    )
    retention_days = models.PositiveIntegerField(
        gettext_lazy("retention in days"),
        default=730,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_RETENTION_DAYS)],
        help_text=gettext_lazy("Raw hits older than this are deleted. The daily counts stay."),
    )
    excluded_networks = models.TextField(
        gettext_lazy("own addresses"),
        blank=True,
        validators=[validate_networks],
        help_text=gettext_lazy(
            "Hits from these addresses don't count. Write one address or network per line, such as 203.0.113.7 or "
            "2001:db8::/48. They are stored as you write them."
        ),
    )
    ignores_members = models.BooleanField(
        gettext_lazy("don’t count members"),
        default=True,
        help_text=gettext_lazy(
            "Members who use the dashboard don’t count as readers on that day, in the same browser and at the same "
            "address. Their readings through an image proxy, on another device, or with a browser that opts out still "
            "count."
        ),
    )
    sites = models.TextField(
        gettext_lazy("own sites"),
        blank=True,
        validators=[validate_sites],
        help_text=gettext_lazy(
            "Hosts that belong together, one site per line, such as “My blog: example.com, old.example.net”. Their "
            "pages count as those of the first host. You don’t need to list www. or other subdomains. To count a "
            "host of your own as a platform, write the name of the platform: “Medium: stories.example.com”."
        ),
    )
    drops_opted_out = models.BooleanField(
        gettext_lazy("ignore readers who opt out"),
        default=False,
        help_text=gettext_lazy(
            "Hits of readers who opt out (Sec-GPC, DNT) are not stored. If this is off, they count in totals, by "
            "platform and hour, without visitor, country, language or browser."
        ),
    )
    min_reading_seconds = models.PositiveIntegerField(
        gettext_lazy("minimum reading time in seconds"),
        default=DEFAULT_MIN_READING_SECONDS,
        validators=_MIN_READING_SECONDS,
        help_text=gettext_lazy(
            "Readers who reach the end of an article sooner don't count as having read it. An article can have its own "
            "minimum. Changes apply to new hits. To apply them to past hits, an administrator runs "
            "“manage.py rebuild_counts”."
        ),
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    recounted_at = models.DateTimeField(null=True, editable=False)  # when its counts were last rebuilt
    # Counts of days before `counted_from` stay as they are: they are of hits before `hits_kept_since`, which may be
    # deleted. Both are null as long as no hit was deleted.
    hits_kept_since = models.DateTimeField(null=True, editable=False)
    counted_from = models.DateField(null=True, editable=False)
    # The time zone of the oldest days whose hits are kept, and when the project changed to another one since.
    counted_zone = models.CharField(max_length=60, blank=True, editable=False)
    zone_changed_at = models.DateTimeField(null=True, editable=False)
    # The labels that hits are counted under (`storage.labels`), and the day since which all counts have them.
    counted_labels = models.CharField(max_length=32, blank=True, editable=False)
    labels_from = models.DateField(null=True, editable=False)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = gettext_lazy("project")
        verbose_name_plural = gettext_lazy("projects")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.counted_zone:
            self.counted_zone = self.timezone
        super().save(*args, **kwargs)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def zone_of_oldest_days(self) -> zoneinfo.ZoneInfo:
        """The time zone in which the oldest days were counted whose raw hits are kept."""
        return zoneinfo.ZoneInfo(self.counted_zone or self.timezone)

    @property
    def retention(self) -> timedelta:
        """How long raw hits are kept. A number out of bounds, which no form lets in, counts as the nearest bound."""
        return timedelta(days=min(max(self.retention_days, 1), MAX_RETENTION_DAYS))


class Membership(models.Model):
    """One user's role in one project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(gettext_lazy("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_a_member")]
        verbose_name = gettext_lazy("member")
        verbose_name_plural = gettext_lazy("members")

    def __str__(self) -> str:
        return _("%(user)s, %(role)s of %(project)s") % {
            "user": self.user,
            "role": self.role,
            "project": self.project,
        }


class Kind(models.TextChoices):
    """What contains the pixel."""

    ARTICLE = "article", gettext_lazy("Article")
    README = "readme", gettext_lazy("Readme")
    NEWSLETTER = "newsletter", gettext_lazy("Newsletter")
    APP = "app", gettext_lazy("Program")


class PixelQuerySet(models.QuerySet["Pixel"]):
    def live(self) -> Self:
        """Keep the pixels that still count."""
        return self.filter(retired_at=None)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the pixels that `user` may see on the dashboard."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the pixels that `user` may edit, pause and retire."""
        return self.filter(project__in=Project.objects.editable_by(user))

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Keep the pixels that `user` may share."""
        return self.filter(project__in=Project.objects.owned_by(user))


class Pixel(models.Model):
    """One article, README, newsletter or program of a project."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="pixels", verbose_name=gettext_lazy("project")
    )
    title = models.CharField(gettext_lazy("title"), max_length=200, validators=[validate_title])
    kind = models.CharField(gettext_lazy("kind"), max_length=10, choices=Kind.choices, default=Kind.ARTICLE)
    token = models.CharField(gettext_lazy("token"), max_length=40, unique=True, default=make_token, editable=False)
    placements = models.JSONField(
        gettext_lazy("platforms"),
        default=list,
        blank=True,
        validators=[validate_placements],
        help_text=gettext_lazy("Where you paste it, such as medium or dev-to. Each platform gets its own snippet."),
    )
    min_reading_seconds = models.PositiveIntegerField(
        gettext_lazy("minimum reading time in seconds"),
        null=True,
        blank=True,
        validators=_MIN_READING_SECONDS,
        help_text=gettext_lazy(
            "Leave empty to use the number of words. If that is empty too, the project's minimum applies."
        ),
    )
    words = models.PositiveIntegerField(
        gettext_lazy("number of words"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WORDS)],
        help_text=gettext_lazy(
            "The length of the article, if you know it. The minimum reading time is then a quarter of the time that "
            "people usually take, at 238 words a minute. For Chinese or Japanese, enter half the number of characters."
        ),
    )
    # Whether everybody may read the numbers from its badge. Its token alone is no permission: it is in every article.
    has_public_badge = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    muted_at = models.DateTimeField(null=True, blank=True, editable=False)
    muted_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PixelQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = gettext_lazy("pixel")
        verbose_name_plural = gettext_lazy("pixels")

    def __str__(self) -> str:
        return self.title

    def mute(self, now: datetime) -> None:
        """Filter out the hits of the next ten minutes, while the author edits the article. One query."""
        if not self.is_muted(now):
            self.muted_at = now
        self.muted_until = now + MUTE
        self.save(update_fields=["muted_at", "muted_until"])

    def unmute(self, now: datetime) -> None:
        """Resume counting now. One query."""
        if self.is_muted(now):
            self.muted_until = now
            self.save(update_fields=["muted_until"])

    def is_muted(self, now: datetime) -> bool:
        """Say whether hits of this moment are filtered out."""
        return self.muted_at is not None and self.muted_until is not None and self.muted_at <= now < self.muted_until

    def fewest_reading_seconds(self) -> int:
        """Return how long a reader takes at least to read it. Reads `project`."""
        if self.min_reading_seconds is not None:
            return bounded_min_seconds(self.min_reading_seconds)
        if self.words is not None:
            return min_seconds_of_words(self.words)
        return bounded_min_seconds(self.project.min_reading_seconds)

    def paused_until(self, now: datetime) -> datetime | None:
        """Return when counting resumes, in the project's time zone; None if it is not paused. Reads `project`."""
        if self.muted_until is None or not self.is_muted(now):
            return None
        return self.muted_until.astimezone(self.project.zone)
