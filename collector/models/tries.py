"""How often passwords were tried, so that nobody can try them all."""

from django.db import models


class TryCount(models.Model):
    """The wrong tries that count together, until a moment. The key is a hash: nobody can read an account or address."""

    key = models.CharField(max_length=32, primary_key=True)
    tries = models.IntegerField()
    ends_at = models.DateTimeField(db_index=True, help_text="From then on, the count starts again.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tries} until {self.ends_at}"
