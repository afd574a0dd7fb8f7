"""The rollup of hits by day, and what the drain remembers between batches."""

from django.db import models
from django.db.models.functions import Now

from collector.models.projects import Project

# Two scopes that are wider than one pixel. They stand where the id of a pixel stands, which is always positive. Plain
# integers, not an enumeration: the drain compares with them for every hit.
WHOLE_PROJECT = 0  # counts and visitors of all pixels of a project together, by platform
ALL_PLATFORMS = -1  # counts of all pixels and all platforms of a project together; their `platform` is empty


class Dimension(models.IntegerChoices):
    """By what visits are counted, beside pixel, day and platform. Numbers, for every row of counts carries one twice.

    `verdict` counts every hit that was set aside or opted out, by its reason; `traffic` visits and bots;
    `position` the direct visits with their article ends. All others count visits: `start` hits of readers.
    `pixel` is counted under `ALL_PLATFORMS` alone: by pixel id, with the visitors that were new to that pixel.
    `evidence` is what told the platform, counted for projects alone. `elsewhere` counts the visits whose page is not
    on the platform that the pixel was pasted for, by the page's host. `started` and `finished` are, by pixel id and
    under `ALL_PLATFORMS` alone, the direct visits and article ends on platforms that load an image only when a reader
    comes to it, which is where the one says something of the other.
    """

    TOTAL = 0, "total"
    HOUR = 1, "hour"
    POSITION = 2, "position"
    TRAFFIC = 3, "traffic"
    VERDICT = 4, "verdict"
    PAGE = 5, "page"
    COUNTRY = 6, "country"
    LANGUAGE = 7, "language"
    DEVICE = 8, "device"
    BROWSER = 9, "browser"
    OS = 10, "os"
    PIXEL = 11, "pixel"
    EVIDENCE = 12, "evidence"
    ELSEWHERE = 13, "elsewhere"
    STARTED = 14, "started"
    FINISHED = 15, "finished"


class DailyCount(models.Model):
    """Hits and new visitors of one pixel (or the whole project) on one day of the project's time zone.

    Rows of a pixel and of `WHOLE_PROJECT` are by platform. What the page of a whole project shows without its
    platforms is there once more under `ALL_PLATFORMS`, so that it reads as much at any number of platforms.

    The key has the day before the pixel: a project's days are written one after another at its end, which keeps pages
    of the index full, and close together what a batch adds to. Fields of fixed width come first: none is padded.
    """

    pk = models.CompositePrimaryKey("project_id", "date", "pixel_id", "dimension", "platform", "value")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel_id = models.IntegerField(help_text="0 stands for the whole project.")
    date = models.DateField()
    hits = models.IntegerField()
    visitors = models.IntegerField()
    dimension = models.SmallIntegerField(choices=Dimension.choices)
    platform = models.CharField(max_length=255)
    value = models.CharField(max_length=255)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.platform} {self.dimension}={self.value}: {self.hits}"


class DailyVisitor(models.Model):
    """A visitor who was already seen on a day, by pixel and by project; deleted with the day's salt."""

    pk = models.CompositePrimaryKey("project_id", "date", "pixel_id", "visitor")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    date = models.DateField()
    pixel_id = models.IntegerField(help_text="0 stands for the whole project.")
    visitor = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.visitor}"


class DailySalt(models.Model):
    """The random key of one UTC day's visitor hashes; deleted 48 hours after the day began."""

    date = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date}"


class SpoolOffset(models.Model):
    """How far one spool segment has been stored, committed with the hits themselves; or what one process lost."""

    segment = models.CharField(max_length=80, primary_key=True)
    offset_bytes = models.BigIntegerField()
    hits = models.BigIntegerField(default=0, help_text="Lines stored as hits.")
    set_aside = models.BigIntegerField(default=0, help_text="Lines that could not be used.")
    private = models.BigIntegerField(default=0, help_text="Lines of readers with a private address.")
    lost = models.BigIntegerField(default=0, help_text="Hits that its process could not spool.")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.segment} at {self.offset_bytes}"
