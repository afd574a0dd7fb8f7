"""What a program has made public of its installations: the only numbers of them that a badge may show."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from collector.badges.options import INSTALLATIONS, NEWEST_SHARE
from collector.models import Pixel, PublishedPart, PublishedWeek
from collector.programs.declaring import program_of
from collector.programs.published import PublishedInstallations

_SHOWS = {"actives": INSTALLATIONS, "versions": NEWEST_SHARE}  # by what a declaration makes public
_decode = msgspec.json.Decoder(PublishedInstallations).decode


class Public(NamedTuple):
    """What badges may show (`public`), and what was published of the last week.

    None where that is not public, or too few. Versions with few installations are merged, and have no share.
    """

    public: frozenset[str] = frozenset()
    installations: int | None = None
    shares: Mapping[str, float] | None = None


def published(pixel: Pixel) -> Public:
    """Return what is public of a program. One query. Its declaration is loaded already."""
    program = program_of(pixel.declaration)
    public = frozenset(show for panel, show in _SHOWS.items() if program and panel in program.public)
    if not public:
        return Public()
    weeks = PublishedWeek.objects.filter(
        project_id=pixel.project_id, pixel_id=pixel.pk, part=PublishedPart.INSTALLATIONS
    )
    body = weeks.order_by("-week").values_list("body", flat=True).first()
    if body is None:
        return Public(public)
    week = _decode(body)
    table = week.tables.get("version") if NEWEST_SHARE in public else None
    shares = {version: count / table.installations for version, count in table.values} if table else None
    return Public(public, week.installations if INSTALLATIONS in public else None, shares)
