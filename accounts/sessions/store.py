"""Where sessions are stored: Django's sessions in the database, in a table that knows whose they are.

The database has only a digest of the key that a browser carries. Users see their sessions and end them: a session is
over as soon as its row is gone. A page costs one query for its session, as with Django's own table, and once an hour
one more, which notes that the session is used.
"""

import logging
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models.sessions import Session
from accounts.sessions.browsers import browser_of
from collector.models.access import digest_of

logger = logging.getLogger(__name__)


class SessionStore(DatabaseStore):
    """A session, by the key of a browser. Its name is part of the signature of what it holds."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        session = Session.objects.of_key(str(self.session_key)).open_at(timezone.now()).first()
        if session is None:
            self._session_key = None
        elif session.user_id is not None and session.last_used_at < this_hour():
            _note_use(session)
        return session

    def exists(self, session_key: str) -> bool:
        return Session.objects.of_key(session_key).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        browser = browser_of(data)
        return Session(
            session_key=digest_of(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            browser=browser.name,
            os=browser.os,
            country=browser.country,
            logged_in_at=browser.logged_in_at,
            last_used_at=this_hour(),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.of_key(key).delete()

    # Django asks for these where a request is answered asynchronously.

    async def _aget_session_from_db(self) -> Session | None:
        return await sync_to_async(self._get_session_from_db)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)


def this_hour() -> datetime:
    """Return when this hour began, in UTC."""
    return timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _note_use(session: Session) -> None:
    """Note that a session is used, also for a page that changes nothing else. No page fails for it."""
    hour = this_hour()
    try:
        with transaction.atomic():
            Session.objects.filter(pk=session.pk, last_used_at__lt=hour).update(last_used_at=hour)
    except DatabaseError as error:
        logger.warning("Can't note that a session is used (%s).", error)
