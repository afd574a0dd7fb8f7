"""The API's audit trail: of a project for its owners, and of the server for superusers."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Field, Router, Schema

from collector.models import AuditEntry, Project
from collector.models.audit import AuditEntryQuerySet
from dashboard.api.access import readable_project, request_token
from dashboard.api.pagination import DEFAULT_LIMIT, NEXT_CURSOR, Cursor, Limit, decode_cursor, encode_cursor
from dashboard.api.problems import ProblemError
from dashboard.api.projects import IdKey, Slug

router = Router()


class AuditEntryOut(Schema):
    """One thing that somebody did."""

    at: datetime = Field(examples=["2026-11-05T09:30:00Z"])
    user: str | None = Field(
        examples=["anna"], description=gettext_noop("Who did it. Null for deleted accounts and commands of the server.")
    )
    about: str = Field(
        examples=["member"],
        description="project, member, invitation, pixel, share_link, api_token, export, account, login",
    )
    subject: str = Field(examples=["ben: viewer → editor"], description=gettext_noop("What it was called then."))
    message: str = Field(
        examples=["Role changed."],
        description=gettext_noop("What happened, in English; or JSON that names the changed fields of a form."),
    )
    country: str | None = Field(examples=[None], description=gettext_noop("Where a login came from, if it is known."))
    network: str | None = Field(
        examples=[None],
        description=gettext_noop(
            "The same for all logins from one network on one day. Nobody can find the address of it."
        ),
    )


class AuditEntryPage(Schema):
    """Entries of the audit trail, newest first."""

    items: list[AuditEntryOut]
    next_cursor: str | None = Field(examples=[None], description=NEXT_CURSOR)


@router.get(
    "projects/{slug:slug}/audit",
    response=AuditEntryPage,
    summary=gettext_noop("List the audit trail of a project"),
    description=gettext_noop(
        "Who changed what and who exported, newest first, for a year. The token needs the right to read the audit "
        "trail, and its user has to own the project."
    ),
)
def list_audit(request: HttpRequest, slug: Slug, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> dict[str, Any]:
    """Four queries, including the one for the token."""
    project = readable_project(request, slug)
    token = request_token(request)
    if not token.reads_audit or not Project.objects.owned_by(token.user).filter(pk=project.pk).exists():
        raise _refusal(_("This token can’t read the audit trail of this project."))
    return _page(AuditEntry.objects.filter(project=project), limit, cursor)


@router.get(
    "audit",
    response=AuditEntryPage,
    summary=gettext_noop("List the audit trail of the server"),
    description=gettext_noop(
        "What belongs to no project: accounts, logins from new browsers, and deleted projects. The token needs the "
        "right to read the audit trail, and its user has to be a superuser."
    ),
)
def list_server_audit(request: HttpRequest, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> dict[str, Any]:
    """Two queries, including the one for the token."""
    token = request_token(request)
    if not token.reads_audit or not token.user.is_superuser:
        raise _refusal(_("This token can’t read the audit trail of the server."))
    return _page(AuditEntry.objects.owned_by(token.user).filter(project=None), limit, cursor)


def _refusal(problem: str) -> ProblemError:
    advice = _("In the admin, edit the token and choose “can read the audit trail”.")
    return ProblemError(HTTPStatus.FORBIDDEN, f"{problem} {advice}")


def _page(entries: AuditEntryQuerySet, limit: int, cursor: str) -> dict[str, Any]:
    if before := decode_cursor(cursor, IdKey):
        entries = entries.filter(pk__lt=before.id)
    rows = list(entries.select_related("user").order_by("-pk")[: limit + 1])
    has_more = len(rows) > limit
    return {
        "items": [_entry(entry) for entry in rows[:limit]],
        "next_cursor": encode_cursor(IdKey(rows[limit - 1].pk)) if has_more else None,
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at.astimezone(UTC),
        "user": entry.username or None,
        "about": entry.about,
        "subject": entry.subject,
        "message": entry.message,
        "country": entry.country or None,
        "network": entry.network or None,
    }
