"""The rollup of hits by day, and what the drain remembers between batches."""

from django.db import models
from django.db.models.functions import Now

from collector.models.hits import Position
from collector.models.projects import Project

# Two scopes that are wider than one pixel. They stand where the id of a pixel stands, which is always positive. Plain
# integers, not an enumeration: the drain compares with them for every hit.
WHOLE_PROJECT = 0  # counts and visitors of all pixels of a project together, by platform
ALL_PLATFORMS = -1  # counts of all pixels and all platforms of a project together; their `platform` is empty


class Dimension(models.IntegerChoices):
    """What visits are counted by, besides pixel, day and platform. Numbers, because each row stores it twice.

    Most dimensions count visits, which are `start` hits of readers. The others are:

    - `verdict`: all hits that were filtered out or opted out, by reason.
    - `traffic`: visits and bots.
    - `position`: direct visits with a visitor, and how many of them read to the end of the article.
    - `reading`: ends by the time from their visitor's start, as `reading_value` names it: the seconds, in ranges, of
      those who read to the end; `too-soon` and `at-once` for the others. Not for whole projects' platforms together.
    - `pixel`: visits by pixel id, with the visitors that were new to that pixel. Only under `ALL_PLATFORMS`.
    - `evidence`: visits by what named the platform. Only for projects.
    - `elsewhere`: visits with a page outside the platform that the pixel was pasted on, by the host of the page.
    - `started`, `finished` and `at-once`: what `position` has, and the ends that were loaded together with the start,
      by pixel id. Only under `ALL_PLATFORMS`, and only on platforms that load the first image at once, because
      read-through means nothing on others.
    - `utm_source` to `utm_id`: visits by the campaign parameters of the page's address; none without the parameter.
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
    READING = 16, "reading"
    AT_ONCE = 17, "at-once"
    UTM_SOURCE = 18, "utm_source"
    UTM_MEDIUM = 19, "utm_medium"
    UTM_CAMPAIGN = 20, "utm_campaign"
    UTM_TERM = 21, "utm_term"
    UTM_CONTENT = 22, "utm_content"
    UTM_ID = 23, "utm_id"


class DailyCount(models.Model):
    """Hits and new visitors of one pixel (or the whole project) on one day of the project's time zone.

    Rows of a pixel and of `WHOLE_PROJECT` are stored by platform. Numbers that the project page shows for all platforms
    together are stored again under `ALL_PLATFORMS`, so that the page reads the same number of rows for any number of
    platforms.

    In the key, the day comes before the pixel: new rows of a project go to the end of its part of the index. This keeps
    the pages of the index full, and the rows that a batch updates close together. Fields of fixed width come first, so
    that none needs padding.
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
    """A visitor who was already seen on a day, by pixel and by project. Deleted with that date's salt."""

    pk = models.CompositePrimaryKey("project_id", "date", "pixel_id", "visitor")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    date = models.DateField()
    pixel_id = models.IntegerField(help_text="0 stands for the whole project.")
    visitor = models.BigIntegerField()
    started_us = models.BigIntegerField(
        null=True, help_text="When the visit was that made this row, in microseconds since the epoch. Only for pixels."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.visitor}"


class OwnVisitor(models.Model):
    """A visitor who is a member of the project: they used the dashboard on this day. Deleted with the salt."""

    pk = models.CompositePrimaryKey("project_id", "date", "visitor")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    date = models.DateField()
    visitor = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.visitor}"


class DailyReading(models.Model):
    """What else is needed to tell how long a visitor read: each further start, and each end. Deleted with the salt.

    A visitor's first start is in `DailyVisitor`. With both, an end is judged by its start in whatever order they were
    drained, and without a search in the hits, which have no index by visitor.
    """

    pk = models.CompositePrimaryKey("project_id", "date", "pixel_id", "position", "visitor", "id")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    date = models.DateField()
    pixel_id = models.IntegerField()
    position = models.SmallIntegerField(choices=Position.choices)
    visitor = models.BigIntegerField()
    id = models.BigIntegerField(help_text="The id of the hit.")
    at_us = models.BigIntegerField(help_text="The moment of the hit, in microseconds since the epoch.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.visitor} {self.position}"


class DailySalt(models.Model):
    """A half of the salt of one date's visitor hashes. Each project uses the salt of its own local date.

    The other half is in a file: see `collector/storage/salt_keys.py`. Created before its date begins, and deleted
    within 48 hours of its end: see `collector/storage/salts.py`.
    """

    date = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)
    key_check = models.BinaryField(max_length=8, db_default=b"", help_text="Tells which key belongs to it.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date}"


class SpoolOffset(models.Model):
    """How far one spool segment has been stored, committed together with its hits; or how many hits a process lost."""

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
