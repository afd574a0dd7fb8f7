"""Hits as they are stored, and the two tables of distinct strings that they point to.

Hits point to pixels, agents and pages without database constraints: a check for each row would cost the drain more
than the row itself. Instead, the drain locks the pixels of a batch while it stores the batch, and agents and pages
are only deleted when no hit names them.
"""

from django.db import models

from collector.models.projects import Pixel, Project


class Position(models.IntegerChoices):
    """Which image of the article was loaded: the usual one, or a second one at the end, loaded lazily if at all."""

    START = 0, "start"
    END = 1, "end"


class Traffic(models.IntegerChoices):
    """Who loaded the image: a reader's own browser, an image proxy for readers we can't see, or a bot."""

    DIRECT = 0, "direct"
    PROXIED = 1, "proxied"
    BOT = 2, "bot"


class Verdict(models.IntegerChoices):
    """Whether a hit is a visit, and if not, why it was filtered out. Opted-out hits are visits without a visitor."""

    COUNTED = 0, "counted"
    OPTED_OUT = 1, "opted-out"
    BOT = 2, "bot"
    EXCESS = 3, "excess"
    PREFETCH = 4, "prefetch"
    SUSPECT = 5, "suspect"  # claims to be a browser, with inconsistent headers
    MUTED = 6, "muted"  # while the author was editing
    EXCLUDED = 7, "excluded"  # from the author's own addresses
    TOO_SOON = 8, "too-soon"  # the end of an article, sooner after its start than anyone can read it
    PREVIEW = 9, "preview"  # on a page that only its author can open: localhost, a private address, .local, .test
    OWN = 10, "own"  # by a member who used the dashboard on this day, in the same browser


class Evidence(models.IntegerChoices):
    """What named the platform of a hit, strongest first."""

    PLACEMENT = 0, "placement"
    PROXY = 1, "proxy"
    PAGE = 2, "page"
    NONE = 3, "none"


class UserAgent(models.Model):
    """One distinct `User-Agent` string, with what was parsed from it.

    If client hints add something to a string, each distinct set of hints has a row of its own. Hints that add nothing
    have none.
    """

    digest = models.BinaryField(max_length=16, unique=True)
    string = models.TextField()
    hints = models.CharField(max_length=40, blank=True, help_text="Sec-CH-UA-Mobile and -Platform, like ?0 Android.")
    browser = models.CharField(max_length=60, blank=True)
    os = models.CharField(max_length=60, blank=True)
    device = models.CharField(max_length=20, blank=True)
    bot = models.CharField(max_length=60, blank=True, help_text="The program's name, empty for a reader.")
    proxy = models.CharField(max_length=60, blank=True, help_text="Slug of the platform whose image proxy it is.")

    def __str__(self) -> str:
        return self.string


class Page(models.Model):
    """One distinct embedding page."""

    digest = models.BinaryField(max_length=16, unique=True)
    url = models.TextField()
    host = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.url


class Hit(models.Model):
    """One request of a pixel, or one event of a program.

    The key begins with the project, so that the table can be distributed by it. The moment comes next, so that a
    project's time range is one index range. `id` is derived from the position in the spool: a line that is drained
    twice gets the same key.
    """

    pk = models.CompositePrimaryKey("project_id", "at", "id")
    at = models.DateTimeField()
    id = models.BigIntegerField()
    visitor = models.BigIntegerField(null=True)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    user_agent = models.ForeignKey(
        UserAgent,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    page = models.ForeignKey(
        Page, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    position = models.SmallIntegerField(choices=Position.choices)
    traffic = models.SmallIntegerField(choices=Traffic.choices)
    verdict = models.SmallIntegerField(choices=Verdict.choices)
    evidence = models.SmallIntegerField(choices=Evidence.choices)
    new_to_pixel = models.BooleanField(help_text="The visitor's first hit of the day on this pixel.")
    new_to_project = models.BooleanField(help_text="The visitor's first hit of the day in this project.")
    placement = models.CharField(max_length=40, blank=True)
    platform = models.CharField(max_length=255)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=8, blank=True)
    event = models.CharField(max_length=40, blank=True)
    version = models.CharField(max_length=40, blank=True)
    properties = models.JSONField(null=True)
    reading_seconds = models.IntegerField(
        null=True, help_text="From the visitor's latest start of the day to this end. Empty where that is not known."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.id:016x}"
