"""The API's raw hits, the same as those of `export_hits`, in parts: for programs that keep a copy up to date."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, NamedTuple

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
from dashboard.api.pagination import DEFAULT_LIMIT, MAX_ID, NEXT_CURSOR, Cursor, Limit, decode_cursor, encode_cursor
from dashboard.api.problems import bad_parameter
from dashboard.api.projects import Slug, pixel_in
from dashboard.api.ranges import Moment

router = Router()

MAX_SEARCHED = 10_000  # how many hits of the project one request searches for those of a pixel
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HitKey(NamedTuple):
    """The sort key of a hit: its moment in microseconds since the epoch, then its id."""

    microseconds: Annotated[int, Meta(ge=0, le=2**55)]
    id: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

    @property
    def at(self) -> datetime:
        return EPOCH + self.microseconds * MICROSECOND


class HitOut(Schema):
    """A raw hit, with the fields of `export_hits`. Unknown values are null."""

    id: str = Field(examples=["00c5a1e09b3f7d21"], description=gettext_noop("16 hexadecimal digits."))
    at: str = Field(examples=["2026-11-22T08:30:12.345678Z"])
    pixel: str = Field(examples=["Hello, readers"], description=gettext_noop("The title of the pixel."))
    token: str = Field(examples=["k3xq8m2wd7fn4tz9pahe"])
    kind: str = Field(examples=["article"])
    placement: str | None = Field(examples=["medium"])
    platform: str = Field(examples=["medium"])
    position: str = Field(examples=["start"], description="start, end")
    traffic: str = Field(examples=["direct"], description="direct, proxied, bot")
    verdict: str = Field(
        examples=["counted"],
        description="counted, opted-out, bot, excess, prefetch, suspect, muted, excluded, too-soon, preview, own",
    )
    page: str | None = Field(examples=["https://medium.com/@ada/hello"])
    country: str | None = Field(examples=["DE"])
    language: str | None = Field(examples=["de"])
    device: str | None = Field(examples=["phone"])
    browser: str | None = Field(examples=["Safari"])
    os: str | None = Field(examples=["iOS"])
    visitor: str | None = Field(
        examples=["8f3a6c0d92e17b45"], description=gettext_noop("16 hexadecimal digits, different every day.")
    )
    event: str | None = Field(examples=[None])
    version: str | None = Field(examples=[None])
    properties: dict[str, Any] | None = Field(examples=[None])
    evidence: str = Field(examples=["placement"], description="placement, proxy, page, none")
    reading_seconds: int | None = Field(
        examples=[None],
        description=gettext_noop(
            "For an end: the seconds since the visitor’s latest start on the same day. Null if unknown."
        ),
    )


class HitPage(Schema):
    """Hits, oldest first."""

    items: list[HitOut]
    next_cursor: str | None = Field(examples=["WzE3OTU0MDM4MTIzNDU2NzgsIDQyXQ"], description=NEXT_CURSOR)


@router.get(
    "projects/{slug:slug}/hits",
    response=HitPage,
    summary=gettext_noop("List hits"),
    description=gettext_noop(
        "Raw hits of a project, oldest first, as long as the project keeps them: visits, and hits that were filtered "
        "out. With “pixel”, a response can have fewer items than the limit, or none, and still have a next cursor."
    ),
)
def list_hits(
    request: HttpRequest,
    slug: Slug,
    since: Annotated[
        Moment | None,
        Query(
            example="2026-11-01",
            description=gettext_noop("The start of the range: a day or moment, in UTC if it names no time zone."),
        ),
    ] = None,
    until: Annotated[
        Moment | None,
        Query(example="2026-11-22T08:00Z", description=gettext_noop("The end of the range, not included.")),
    ] = None,
    pixel: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description=gettext_noop("The id of a pixel, to get only its hits."))
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> HttpResponse:
    """Five queries; with a pixel, two more for each 2,000 hits of the project that are searched."""
    project = readable_project(request, slug)
    if since and until and since >= until:
        raise bad_parameter("until", _("The range is empty. “until” must be later than “since”."))
    of_pixel = pixel_in(project, pixel) if pixel is not None else None
    part = _part(project, of_pixel, since, until, decode_cursor(cursor, HitKey), limit)
    # ninja doesn't validate the rows: for a thousand, that would cost more than reading them. A test checks that they
    # have the form of HitOut.
    return HttpResponse(msgspec.json.encode(part), content_type="application/json; charset=utf-8")


def _part(
    project: Project,
    pixel: Pixel | None,
    since: datetime | None,
    until: datetime | None,
    after: HitKey | None,
    limit: int,
) -> dict[str, Any]:
    """Return the next hits after a sort key. The index gives the end of the part first, so that no more is read."""
    bound = _bound(project, since, until, after, MAX_SEARCHED if pixel else limit)
    start = max(filter(None, [since, after and after.at]), default=None)
    rows = hit_rows(project, start, bound.at + MICROSECOND if bound else until, pixel=pixel)
    rows_of_part = _rows_between(rows, after, bound)
    # Without a pixel, the bound is chosen so that the limit holds. With a pixel, there can be more hits up to it.
    items = list(islice(rows_of_part, limit + 1 if pixel else limit))
    last = _sort_key(items[limit - 1]) if len(items) > limit else bound
    return {"items": items[:limit], "next_cursor": encode_cursor(last) if last else None}


def _rows_between(
    rows: Iterable[dict[str, Any]], after: HitKey | None, bound: HitKey | None
) -> Iterator[dict[str, Any]]:
    """Yield the rows after `after`, up to and including `bound`. Several hits can have the same moment."""
    for row in rows:
        key = _sort_key(row)
        if (after is None or key > after) and (bound is None or key <= bound):
            yield row


def _bound(
    project: Project, since: datetime | None, until: datetime | None, after: HitKey | None, hits: int
) -> HitKey | None:
    """Return the sort key of the last of the next `hits` hits, None if no more follow. One query, on the index only."""
    rest = Hit.objects.filter(project=project)
    if since:
        rest = rest.filter(at__gte=since)
    if until:
        rest = rest.filter(at__lt=until)
    if after:
        # The moment is given twice, because an index can't be searched by a condition with OR.
        rest = rest.filter(Q(at__gt=after.at) | Q(id__gt=after.id), at__gte=after.at)
    last_and_next = list(rest.order_by("at", "id").values_list("at", "id")[hits - 1 : hits + 1])
    if len(last_and_next) < 2:
        return None
    at, hit_id = last_and_next[0]
    return HitKey(_microseconds(at), hit_id)


def _sort_key(row: dict[str, Any]) -> HitKey:
    return HitKey(_microseconds(datetime.fromisoformat(row["at"])), int(row["id"], 16))


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND
