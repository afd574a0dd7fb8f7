"""What programs report: their declarations, raw reports, and the counts of reports by day.

Days are UTC. A report says how many days ago its installation last reported (`gap`), and in which week it began
(`since`), but nothing that outlives a day. Installations that were active in the days from s to t, at most 31, are the
reports of those days with `gap` null or `gap > day - s`: exactly the first report of each installation in them.

The numbers equal a recount over who was really active, with these differences:

- An installation is active from the first day of use after the day on which its user was told or switched it on; where
  a variable switches it on, from the first day on. A server is active from one day of use later on.
- Lost state: the installation is never seen again, and a new one is new. What it had not sent is lost.
- Copied state: all copies together count once a day, with what the first report of the day says. In a window of several
  days, each copy may count once: at least 1 and at most as many as there are copies. So does a cohort in a week.
- Uses come with the installation's next report, if that is at most 31 days later. Those of its last day never come.
- A report that reaches no server within 31 days is lost. Windows in which it would have been the installation's first
  miss the installation.
- Wrong clock: once a server has answered, days are the server's. Where a clock was set back to before the last report,
  what was used on the day of that report is lost.

`tests/collector/storage/test_report_numbers.py` holds them to it.
"""

from django.db import models
from django.db.models.functions import Now

from collector.models.projects import Pixel, Project

KEPT_DAYS = 35  # of raw reports
MAX_WHAT = 60  # characters of what is left out: the name of a field and a value
NEW = 0  # stands for a gap of null: the first report, or the first use, of an installation


class Driver(models.IntegerChoices):
    """Who runs a program. Never added together: only persons and servers are installations.

    `DOOR` and `SESSION` are what other SDKs report, of installations with an id of theirs and of single runs: nobody
    knows which of them are installations of ours, too. In their counts, `gap` is a sum of `Part`.
    """

    PERSON = 0, "person"
    SERVER = 1, "server"  # one that remembers its earlier reports
    AGENT = 2, "agent"
    CI = 3, "ci"
    CONTAINER = 4, "container"
    DOOR = 5, "door"
    SESSION = 6, "session"
    INSTALLATIONS = 9, "installations"  # persons and servers together, where a count is not told apart by driver


INSTALLED = (Driver.PERSON, Driver.SERVER)
NO_INSTALLATIONS = (Driver.AGENT, Driver.CI, Driver.CONTAINER)
OF_OTHER_SDKS = (Driver.DOOR, Driver.SESSION)


class Part(models.IntegerChoices):
    """In which calendar windows a count of another SDK is the first of its installation. Windows are UTC.

    Installations in an ISO week are the counts of its days with `WEEK` in their `gap`; in a month, those with `MONTH`.
    A count with a `gap` of 0 is of an installation that was counted on this day already, or of nobody known.
    """

    DAY = 1, "day"
    WEEK = 2, "week"
    MONTH = 4, "month"


class ReportDimension(models.IntegerChoices):
    """What reports are counted by, besides program, day and driver.

    `reports` counts reports. `number` is 0 unless stated otherwise. `gap` is the report's, unless stated otherwise.

    - `active`: all reports; its value is empty.
    - `version`, `os`, `arch`, `runtime`, `country`: reports by what they say.
    - `cohort`: the first reports of persons and servers in an ISO week, by the week of `since`. `date` is the week's
      Monday, `driver` is `INSTALLATIONS`, `gap` is 0: cohorts are crossed with nothing.
    - `upgrade`: reports of another version than the installation's last one: `2.3.0>2.4.1`. `gap` is 0.
    - `event`: `date` is the day of use. `reports` are the installations that used it, `number` how often, and `gap` the
      days since the installation's previous use of this event.
    - `property`: `build.format=html`. `date` is the day of use, `reports` the installations, `number` how often. `gap`
      is 0. A flag's value is `true` or `false`.
    - `bucket`: `build.seconds#2`, the bins of a histogram. Like `property`.
    - `run`, `run_version`: what shells report with a GET: runs by event (empty if it names none) and by version, in
      `number`. They say nothing about installations: `reports` is 0 and `driver` is `PERSON`.
    """

    ACTIVE = 0, "active"
    VERSION = 1, "version"
    OS = 2, "os"
    ARCH = 3, "arch"
    RUNTIME = 4, "runtime"
    COUNTRY = 5, "country"
    COHORT = 6, "cohort"
    UPGRADE = 7, "upgrade"
    EVENT = 8, "event"
    PROPERTY = 9, "property"
    BUCKET = 10, "bucket"
    RUN = 11, "run"
    RUN_VERSION = 12, "run_version"


class Declaration(models.Model):
    """The declaration of one program, as its developer wrote it. `collector.programs.declaration` reads it.

    `releases` has more releases than the text names: what `manage.py releases` read, a JSON object of days by version.
    """

    pixel = models.OneToOneField(Pixel, on_delete=models.CASCADE, primary_key=True, related_name="declaration")
    text = models.TextField()
    releases = models.TextField(default="", db_default="", editable=False)
    schema = models.CharField(max_length=16, editable=False)
    declared_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.schema


class Report(models.Model):
    """One raw report: what one installation sent for one day. Kept for 35 days.

    `id` is the first 64 bits of the id on the wire, as a signed number. `body` is the report in JSON, as it was
    accepted. `left_out` is the `what` of the `LeftOut` that it belongs to, empty for most.
    """

    pk = models.CompositePrimaryKey("project_id", "pixel_id", "date", "id")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    date = models.DateField()
    id = models.BigIntegerField()
    body = models.TextField()
    left_out = models.CharField(max_length=MAX_WHAT, default="", db_default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.id:x}"


class ReportCount(models.Model):
    """Reports of one program on one day, by one dimension. Kept. See `ReportDimension` for what each column means."""

    pk = models.CompositePrimaryKey("project_id", "pixel_id", "dimension", "date", "driver", "value", "gap")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    number = models.BigIntegerField(default=0)
    date = models.DateField()
    reports = models.IntegerField(default=0)
    dimension = models.SmallIntegerField(choices=ReportDimension.choices)
    driver = models.SmallIntegerField(choices=Driver.choices)
    gap = models.SmallIntegerField(help_text="0 stands for null: new. 32 stands for more, too.")
    value = models.CharField(max_length=255)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date} {self.dimension}={self.value}: {self.reports}"


class PublishedPart(models.IntegerChoices):
    """What of a week is published at the same moment."""

    INSTALLATIONS = 0, "installations"
    EVENTS = 1, "events"


class PublishedWeek(models.Model):
    """What everybody may see of a program's ISO week. `collector.storage.publication` makes it once the week is over.

    It never changes afterwards, also where later reports belong to the week: otherwise, the difference of two versions
    would tell what the late reports said. For the same reason, all statistics of a week are stored, even if only some
    of them are public yet.
    """

    pk = models.CompositePrimaryKey("project_id", "pixel_id", "week", "part")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    week = models.DateField(help_text="Its Monday.")
    part = models.SmallIntegerField(choices=PublishedPart.choices)
    body = models.TextField(help_text="JSON, as `collector.programs.published` writes it.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.week} {self.part}"
