"""What the deletion of expired data needs to know."""

from datetime import datetime, timedelta

from django.db import models

from collector.models.projects import Project


class StringKind(models.IntegerChoices):
    """Which table a distinct string is in."""

    AGENT = 0, "agent"
    PAGE = 1, "page"


class StringUse(models.Model):
    """An agent or a page that hits of a project name, with the end of the local day of the newest of them.

    It tells which strings no hit names any more, without a search through all hits. The project comes first in the key,
    as in every table that grows with traffic.
    """

    pk = models.CompositePrimaryKey("project_id", "kind", "string_id")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.SmallIntegerField(choices=StringKind.choices)
    string_id = models.BigIntegerField(help_text="The id of a UserAgent or a Page.")
    seen_before = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["kind", "string_id"], name="uses_of_a_string")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.string_id} before {self.seen_before}"


class Upkeep(models.Model):
    """What the deletion of expired data remembers. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    string_deletions = models.BigIntegerField(
        default=0, help_text="How often strings were deleted: a drain that knows another number forgets their ids."
    )
    trusted_at = models.DateTimeField(null=True, help_text="The newest moment at which the clock was believed.")
    refused_at = models.DateTimeField(null=True, help_text="When deletion stopped because it was too large.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.string_deletions} deletions of strings"


class Collector(models.Model):
    """A server with a spool of its own, and how its drain was when it was last seen. Several may share the database."""

    MAX_NAME, MAX_CHECK = 100, 16
    SILENT = timedelta(minutes=10)  # a drain that works is seen every ten seconds, but a batch may take long

    id = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=MAX_NAME, help_text="The name of its machine.")
    seen_at = models.DateTimeField()
    waiting_bytes = models.BigIntegerField(default=0)
    waiting_since = models.DateTimeField(null=True, help_text="The moment of the oldest line in its spool.")
    secret_check = models.CharField(max_length=MAX_CHECK, help_text="The same on all that have the same SECRET_KEY.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    def is_silent(self, now: datetime) -> bool:
        """Whether it was not seen for so long that its drain does not work."""
        return self.seen_at < now - self.SILENT


class KeyRequest(models.Model):
    """A collector asks for the key of a salt, and gets it sealed: see `collector/storage/key_requests.py`."""

    MAX_NAME = 16

    collector_id = models.CharField(max_length=32)
    name = models.CharField(max_length=MAX_NAME, help_text="Of the key, such as date:2026-11-30.")
    public_key = models.BinaryField(max_length=32)
    sealed = models.BinaryField(max_length=80, null=True, help_text="The answer, for the holder of the private key.")
    asked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["collector_id", "name"], name="one_request_for_a_key")]

    def __str__(self) -> str:
        return f"{self.collector_id} {self.name}"
