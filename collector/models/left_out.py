"""Reports of programs that are stored but left out of all figures, and what they would count."""

from django.conf import settings
from django.db import models

from collector.models.programs import MAX_WHAT, Driver, ReportDimension
from collector.models.projects import Pixel, Project

EXCESS, NEW_ONES = "excess", "new"  # of `LeftOut.what`
FIELDS = ("version", "os", "arch", "runtime", "country")  # of which a value can be left out
MAX_REASON = 500


class LeftOut(models.Model):
    """Some reports of one program and one UTC day, left out of all figures or counted again. Never deleted.

    `what` says which ones: `excess` are those of networks that sent more than they may, as the intake marked them;
    `new` are first reports; `version=2.4.1` are those with this value. `collector.storage.left_out` reads it.

    `is_out` is False once they count again, and where an owner decided that they are real. `is_pending` means that
    stored reports still have to be looked through.

    Days that stand out are here, too, before anybody has decided about them: `decided_at` is null then. They are found
    by `collector.storage.spikes`: `reports` of that day against the `usual` number, and what made them up, as a JSON
    list of field, value and number.
    """

    pk = models.CompositePrimaryKey("project_id", "pixel_id", "date", "what")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    date = models.DateField()
    what = models.CharField(max_length=MAX_WHAT)
    is_out = models.BooleanField(default=True)
    is_pending = models.BooleanField(default=False)
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    reports = models.IntegerField(null=True)
    usual = models.IntegerField(null=True)
    made_up_of = models.TextField(default="[]")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(
                fields=["project", "pixel", "date"], name="leftout_pending", condition=models.Q(is_pending=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.date} {self.what}"


class LeftOutCount(models.Model):
    """What the reports of a `LeftOut` count, as in `ReportCount`. `day` and `what` are its `date` and `what`.

    These counts are not in `ReportCount` while the `LeftOut` is out, and are in it otherwise. They stay in both cases,
    so that each decision can be undone, even after the raw reports are gone.
    """

    pk = models.CompositePrimaryKey(
        "project_id", "pixel_id", "day", "what", "dimension", "date", "driver", "value", "gap"
    )
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    pixel = models.ForeignKey(Pixel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    number = models.BigIntegerField(default=0)
    day = models.DateField()
    date = models.DateField()
    reports = models.IntegerField(default=0)
    dimension = models.SmallIntegerField(choices=ReportDimension.choices)
    driver = models.SmallIntegerField(choices=Driver.choices)
    gap = models.SmallIntegerField()
    what = models.CharField(max_length=MAX_WHAT)
    value = models.CharField(max_length=255)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day} {self.what}: {self.date} {self.dimension}={self.value}: {self.reports}"
