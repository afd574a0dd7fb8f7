"""Sessions: what a browser carries a key of, and in whose name it is logged in."""

from datetime import datetime
from importlib import import_module
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from collector.models.access import digest_of


class SessionQuerySet(models.QuerySet["Session"]):
    def of_key(self, key: str) -> Self:
        """Keep the session that a browser's key opens."""
        return self.filter(session_key=digest_of(key))

    def open_at(self, now: datetime) -> Self:
        """Keep the sessions that have not expired."""
        return self.filter(expire_date__gt=now)

    def of_user(self, user: User) -> Self:
        """Keep the sessions in which a user is logged in."""
        return self.filter(user=user)

    def elsewhere(self, key: str | None) -> Self:
        """Leave out the session that a browser's key opens."""
        return self.exclude(session_key=digest_of(key)) if key else self.all()


class Session(AbstractBaseSession):
    """A session. Its key is stored as a digest, so nobody who reads the database can take it over.

    What tells its user which browser it is has neither an address nor a user agent string. Without `user`, nobody is
    logged in.
    """

    session_key = models.CharField(max_length=64, primary_key=True, help_text="A digest of the browser's key.")
    # No constraint: the store saves a session again under a new key as long as the database refuses a row.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="+"
    )
    browser = models.CharField(max_length=60, blank=True)
    os = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True)
    logged_in_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(help_text="Rounded down to the hour.")

    objects = SessionQuerySet.as_manager()  # type: ignore[assignment,misc]

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.browser, self.os)))

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_module(settings.SESSION_ENGINE).SessionStore
