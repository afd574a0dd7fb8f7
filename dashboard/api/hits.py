"""Single hits, as the API shows them: those of `export_hits`, a part at a time, for a copy that is kept up to date."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Meta
from ninja import Field, Query, Router, Schema

from collector.models import Hit, Pixel, Project
from collector.storage.export import hit_rows
from dashboard.api.access import readable_project
from dashboard.api.pagination import LIMIT, MAX_ID, NEXT_CURSOR, Cursor, Limit, cursor_of, place_of
from dashboard.api.problems import bad_parameter
from dashboard.api.projects import Slug, pixel_of
from dashboard.api.ranges import Moment

router = Router()

MAX_SEARCHED = 10_000  # hits of the project that one answer looks at for those of a pixel
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Microseconds since the epoch, id.
Place = tuple[Annotated[int, Meta(ge=0, le=2**55)], Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]]


class HitOut(Schema):
    """A hit, with the fields of `export_hits`. What is not known is null."""

    id: str = Field(examples=["00c5a1e09b3f7d21"], description=gettext_noop("16 hexadecimal digits."))
    at: str = Field(examples=["2026-11-22T08:30:12.345678Z"])
    pixel: str = Field(examples=["Hello, readers"], description=gettext_noop("The title of its pixel."))
    token: str = Field(examples=["k3xq8m2wd7fn4tz9pahe"])
    kind: str = Field(examples=["article"])
    placement: str | None = Field(examples=["medium"])
    platform: str = Field(examples=["medium"])
    position: str = Field(examples=["start"], description="start, end")
    traffic: str = Field(examples=["direct"], description="direct, proxied, bot")
    verdict: str = Field(
        examples=["counted"],
        description="counted, opted-out, bot, excess, prefetch, suspect, muted, excluded",
    )
    page: str | None = Field(examples=["https://medium.com/@ada/hello"])
    country: str | None = Field(examples=["DE"])
    language: str | None = Field(examples=["de"])
    device: str | None = Field(examples=["phone"])
    browser: str | None = Field(examples=["Safari"])
    os: str | None = Field(examples=["iOS"])
    visitor: str | None = Field(
        examples=["8f3a6c0d92e17b45"], description=gettext_noop("16 hexadecimal digits, others on every day.")
    )
    event: str | None = Field(examples=[None])
    version: str | None = Field(examples=[None])
    properties: dict[str, Any] | None = Field(examples=[None])
    evidence: str = Field(examples=["placement"], description="placement, proxy, page, none")


class HitPage(Schema):
    """Hits, oldest first."""

    items: list[HitOut]
    next_cursor: str | None = Field(examples=["WzE3OTU0MDM4MTIzNDU2NzgsIDQyXQ"], description=NEXT_CURSOR)


@router.get(
    "projects/{slug:slug}/hits",
    response=HitPage,
    summary=gettext_noop("List hits"),
    description=gettext_noop(
        "Single hits of a project, oldest first, as long as the project keeps them: visits, and what was set aside. "
        "With “pixel” an answer may hold fewer items than the limit, or none, and still have a next cursor."
    ),
)
def list_hits(
    request: HttpRequest,
    slug: Slug,
    since: Annotated[
        Moment | None,
        Query(
            example="2026-11-01",
            description=gettext_noop("From this day or moment on; UTC where it names no zone."),
        ),
    ] = None,
    until: Annotated[
        Moment | None,
        Query(example="2026-11-22T08:00Z", description=gettext_noop("Before this day or moment.")),
    ] = None,
    pixel: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description=gettext_noop("The id of one pixel, for its hits alone."))
    ] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = "",
) -> HttpResponse:
    """Five queries; of a pixel, two for each 2,000 hits of the project that were looked at."""
    project = readable_project(request, slug)
    if since and until and since >= until:
        raise bad_parameter("until", _("The range is empty: “until” is not in it, and must be after “since”."))
    of_pixel = pixel_of(project, pixel) if pixel is not None else None
    place: tuple[int, int] | None = place_of(cursor, Place)
    after = (EPOCH + place[0] * MICROSECOND, place[1]) if place else None
    page = _page(project, of_pixel, since, until, after, limit)
    # Rows are as HitOut says, which a test holds: to have ninja check a thousand would cost more than to read them.
    return HttpResponse(msgspec.json.encode(page), content_type="application/json; charset=utf-8")


def _page(
    project: Project,
    pixel: Pixel | None,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> dict[str, Any]:
    """Return the next hits after a place. The index tells first where they end, so that no more are read."""
    last = _bound(project, since, until, after, MAX_SEARCHED if pixel else limit)
    start = max(filter(None, [since, after and after[0]]), default=None)
    rows = hit_rows(project, start, last[0] + MICROSECOND if last else until, pixel=pixel)
    places = ((_place(row), row) for row in rows)
    new = ((place, row) for place, row in places if (not after or place > after) and (not last or place <= last))
    found = list(islice(new, limit + 1 if pixel else limit))
    end = found[limit - 1][0] if len(found) > limit else last
    return {
        "items": [row for _place, row in found[:limit]],
        "next_cursor": cursor_of(((end[0] - EPOCH) // MICROSECOND, end[1])) if end else None,
    }


def _bound(
    project: Project, since: datetime | None, until: datetime | None, after: tuple[datetime, int] | None, hits: int
) -> tuple[datetime, int] | None:
    """Return the last of the next `hits` hits, None where these are all. One query, of the index alone."""
    rest = Hit.objects.filter(project=project)
    if since:
        rest = rest.filter(at__gte=since)
    if until:
        rest = rest.filter(at__lt=until)
    if after:
        # The moment is named twice: an index is searched by what is said without an "or".
        rest = rest.filter(Q(at__gt=after[0]) | Q(id__gt=after[1]), at__gte=after[0])
    bound = list(rest.order_by("at", "id").values_list("at", "id")[hits - 1 : hits + 1])
    return bound[0] if len(bound) == 2 else None


def _place(row: dict[str, Any]) -> tuple[datetime, int]:
    return datetime.fromisoformat(row["at"]), int(row["id"], 16)
