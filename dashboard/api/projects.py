"""The API's projects and pixels."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Meta
from ninja import Field, Path, Router, Schema

from collector.classify.sites import sites_of
from collector.models import Pixel, Project
from dashboard.api.access import readable_project, request_token
from dashboard.api.pagination import DEFAULT_LIMIT, MAX_ID, NEXT_CURSOR, Cursor, Limit, decode_cursor, encode_cursor
from dashboard.api.problems import ProblemError, api_root

router = Router()

Slug = Annotated[str, Path(example="blog", description=gettext_noop("The project’s slug."))]
PixelId = Annotated[int, Path(example=7, description=gettext_noop("The pixel’s id."))]


class SlugKey(NamedTuple):
    """The sort key of a project in its list."""

    slug: Annotated[str, Meta(max_length=60, pattern="^[-a-zA-Z0-9_]+$")]


class IdKey(NamedTuple):
    """The sort key of a pixel in its list."""

    id: Annotated[int, Meta(ge=0, le=MAX_ID)]


class SiteOut(Schema):
    """Hosts of a project that belong together."""

    name: str = Field(examples=["My blog"])
    platform: str = Field(
        examples=["example.com"], description=gettext_noop("What its visits are counted as, in counts and raw hits.")
    )
    hosts: list[str] = Field(
        examples=[["example.com", "old.example.net"]],
        description=gettext_noop("The pages of all hosts are counted under the first one."),
    )


class ProjectOut(Schema):
    """A project."""

    slug: str = Field(examples=["blog"], description=gettext_noop("Its name in addresses, here and on the dashboard."))
    name: str = Field(examples=["My blog"])
    timezone: str = Field(examples=["Europe/Berlin"], description=gettext_noop("The time zone of its days and hours."))
    first_weekday: int = Field(
        examples=[1], description=gettext_noop("The first day of its weeks: 1 is Monday, 6 Saturday, 7 Sunday.")
    )
    retention_days: int = Field(examples=[730], description=gettext_noop("Raw hits older than this are deleted."))
    created_at: datetime = Field(examples=["2026-01-05T09:30:00Z"])
    sites: list[SiteOut]


class ProjectPage(Schema):
    """Projects, by slug."""

    items: list[ProjectOut]
    next_cursor: str | None = Field(examples=[None], description=NEXT_CURSOR)


class PixelOut(Schema):
    """A pixel: an article, README, newsletter or program."""

    id: int = Field(examples=[7])
    title: str = Field(examples=["Hello, readers"])
    kind: str = Field(examples=["article"], description="article, readme, newsletter, app")
    token: str = Field(examples=["k3xq8m2wd7fn4tz9pahe"], description=gettext_noop("Its name in the image’s address."))
    placements: list[str] = Field(
        examples=[["medium", "dev-to"]], description=gettext_noop("The platforms it is pasted on.")
    )
    created_at: datetime = Field(examples=["2026-01-05T09:45:00Z"])
    retired_at: datetime | None = Field(
        examples=[None], description=gettext_noop("When it stopped counting. Null while it counts.")
    )


class PixelPage(Schema):
    """Pixels, oldest first."""

    items: list[PixelOut]
    next_cursor: str | None = Field(examples=[None], description=NEXT_CURSOR)


@router.get(
    "projects",
    response=ProjectPage,
    summary=gettext_noop("List projects"),
    description=gettext_noop("The projects that the token can read, ordered by slug."),
)
def list_projects(request: HttpRequest, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> dict[str, Any]:
    """Two queries, including the one for the token."""
    projects = request_token(request).readable_projects().order_by("slug")
    if after := decode_cursor(cursor, SlugKey):
        projects = projects.filter(slug__gt=after.slug)
    rows = list(projects[: limit + 1])
    has_more = len(rows) > limit
    return {
        "items": [_project(project) for project in rows[:limit]],
        "next_cursor": encode_cursor(SlugKey(rows[limit - 1].slug)) if has_more else None,
    }


@router.get(
    "projects/{slug:slug}",
    response=ProjectOut,
    summary=gettext_noop("Show a project"),
    description=gettext_noop("One project that the token can read."),
)
def show_project(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """Two queries."""
    return _project(readable_project(request, slug))


@router.get(
    "projects/{slug:slug}/pixels",
    response=PixelPage,
    summary=gettext_noop("List pixels"),
    description=gettext_noop("The pixels of a project, including retired ones, oldest first."),
)
def list_pixels(request: HttpRequest, slug: Slug, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> dict[str, Any]:
    """Three queries."""
    pixels = readable_project(request, slug).pixels.order_by("pk")
    if after := decode_cursor(cursor, IdKey):
        pixels = pixels.filter(pk__gt=after.id)
    rows = list(pixels[: limit + 1])
    has_more = len(rows) > limit
    return {
        "items": [_pixel(pixel) for pixel in rows[:limit]],
        "next_cursor": encode_cursor(IdKey(rows[limit - 1].pk)) if has_more else None,
    }


@router.get(
    "projects/{slug:slug}/pixels/{int:pixel_id}",
    response=PixelOut,
    summary=gettext_noop("Show a pixel"),
    description=gettext_noop("One pixel of a project."),
)
def show_pixel(request: HttpRequest, slug: Slug, pixel_id: PixelId) -> dict[str, Any]:
    """Three queries."""
    return _pixel(pixel_in(readable_project(request, slug), pixel_id))


def pixel_in(project: Project, pixel_id: int) -> Pixel:
    """Return a pixel of the project. One query. Raises ProblemError if the project has no such pixel."""
    pixel = project.pixels.filter(pk=pixel_id).first()
    if pixel is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            _("This project has no pixel %(id)s. %(api)sprojects/%(slug)s/pixels lists its pixels.")
            % {"id": pixel_id, "slug": project.slug, "api": api_root()},
        )
    return pixel


def _project(project: Project) -> dict[str, Any]:
    return {
        "slug": project.slug,
        "name": project.name,
        "timezone": project.timezone,
        "first_weekday": project.first_weekday,
        "retention_days": project.retention_days,
        "created_at": project.created_at.astimezone(UTC),
        "sites": [
            {"name": site.name or site.hosts[0], "platform": site.platform, "hosts": list(site.hosts)}
            for site in sites_of(project.sites).listed
        ],
    }


def _pixel(pixel: Pixel) -> dict[str, Any]:
    return {
        "id": pixel.pk,
        "title": pixel.title,
        "kind": pixel.kind,
        "token": pixel.token,
        "placements": pixel.placements,
        "created_at": pixel.created_at,
        "retired_at": pixel.retired_at,
    }
