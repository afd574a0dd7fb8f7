"""What is remembered of what other SDKs send: salts and marks until their window ends, and names that are dropped."""

from django.db import models

from collector.models.projects import Pixel, Project


class Span(models.IntegerChoices):
    """How long the window of a salt is. `date` is its first day: of a week its Monday (ISO 8601)."""

    DAY = 1, "day"
    WEEK = 7, "week"
    MONTH = 31, "month"


class WindowSalt(models.Model):
    """The random key of the marks of one UTC day, ISO week or month.

    Created before its window begins, and deleted within 48 hours of its end: see `collector/storage/window_salts.py`.
    """

    pk = models.CompositePrimaryKey("span", "date")
    span = models.SmallIntegerField(choices=Span.choices)
    date = models.DateField()
    salt = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.span} {self.date}"


class Mark(models.Model):
    """A keyed hash that was counted in one window: of an id, of an id and an event, or of one sent event.

    No row says which marks are of the same installation. Deleted with the salt of its window.
    """

    pk = models.CompositePrimaryKey("project_id", "span", "date", "pixel_id", "mark")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    span = models.SmallIntegerField(choices=Span.choices)
    date = models.DateField()
    mark = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.span} {self.date} {self.mark}"


class DroppedName(models.Model):
    """The name of an event or a property that another SDK sent and no declaration has. Never a value.

    The first ones of a program, until they were not sent for 35 days.
    """

    pk = models.CompositePrimaryKey("project_id", "pixel_id", "name")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    name = models.CharField(max_length=81)
    date = models.DateField(help_text="The last day on which it was sent.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
