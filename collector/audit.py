"""Adds to the audit trail, and to the history that Django's admin shows of each object.

The two are kept apart. The history belongs to an object, knows no projects, and has neither exports nor logins. The
trail belongs to a project or to the server, and goes after a year.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_noop, override

from collector.models import ApiToken, AuditEntry, Membership, Pixel, Project, ShareLink
from collector.models.audit import MAX_SUBJECT, About

logger = logging.getLogger(__name__)

Message = str | Promise | list[dict[str, Any]]  # a list: as the admin makes it of a form

ABOUT = {
    ApiToken: About.API_TOKEN,
    Pixel: About.PIXEL,
    Project: About.PROJECT,
    ShareLink: About.SHARE_LINK,
    User: About.ACCOUNT,
}


def record(
    user_id: Any,
    about: About,
    subject: object,
    message: Message,
    *,
    project: Project | None = None,
    country: str = "",
    network: str = "",
) -> None:
    """Add an entry. One query."""
    AuditEntry.objects.create(
        user_id=user_id,
        project=project,
        about=about,
        subject=str(subject)[:MAX_SUBJECT],
        message=_stored(message),
        country=country,
        network=network,
    )


def record_export(user_id: Any, project: Project, filename: str) -> None:
    """Add an entry for a download. One query. It fails no download: a read-only database can still be exported."""
    try:
        record(user_id, About.EXPORT, filename, gettext_noop("Exported."), project=project)
    except DatabaseError as error:
        logger.warning("An export is missing in the audit trail (%s).", error)


def record_own(user: User, message: Message) -> None:
    """Add an entry for what a user did to their own account. One query."""
    record_objects(user.pk, [user], message)


def record_changes(user_id: Any, objects: Iterable[Model], flag: int, message: Message, detail: str = "") -> None:
    """Add an entry for each object, to the trails of the projects that it concerns and to the object's history.

    `flag` is that of the history. `detail` says more than the message, which is translated.
    """
    changed = list(objects)
    text = message if isinstance(message, list) else " ".join(filter(None, [str(message), detail]))
    LogEntry.objects.log_actions(str(user_id), changed, flag, text)
    record_objects(user_id, changed, message, detail)


def record_objects(user_id: Any, objects: Iterable[Model], message: Message, detail: str = "") -> None:
    """Add an entry for each object to the trails of the projects that it concerns. One query, one more a token."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            user_id=user_id,
            project=project,
            about=about,
            subject=": ".join(filter(None, [str(one), detail]))[:MAX_SUBJECT],
            message=_stored(part),
        )
        for one in objects
        for about, part in _parts(one, message)
        for project in _projects_of(one)
    )


def _parts(one: Model, message: Message) -> Iterator[tuple[About, Message]]:
    """Yield what a message says of an object, and of the members of a project, which are edited on its page."""
    if not isinstance(message, list):
        yield ABOUT[one._meta.model], message
        return
    with override(None):
        member = str(Membership._meta.verbose_name)
    of_members = [part for part in message if next(iter(part.values())).get("name") == member]
    of_object = [part for part in message if part not in of_members]
    if of_object:
        yield ABOUT[one._meta.model], of_object
    if of_members:
        yield About.MEMBER, of_members


def _projects_of(one: Model) -> list[Project | None]:
    """Return the projects whose owners see a change; [None] if only superusers do."""
    if isinstance(one, Project):
        return [one]
    if isinstance(one, ApiToken):
        return list(one.projects.all()) or [None]
    return [getattr(one, "project", None)]


def _stored(message: Message) -> str:
    """Return a message as it is stored: in English, which pages translate."""
    if isinstance(message, list):
        return json.dumps(message)
    with override(None):
        return str(message)
