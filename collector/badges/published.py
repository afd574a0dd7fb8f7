"""What a program has made public of its installations: the only numbers of them that a badge may show."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from django.apps import apps

from collector.badges.options import INSTALLATIONS, NEWEST_SHARE
from collector.models import Pixel
from collector.programs.declaring import program_of

_INSTALLATIONS = 0  # the part of a published week
_SHOWS = {"actives": INSTALLATIONS, "versions": NEWEST_SHARE}  # by what a declaration makes public


class Public(NamedTuple):
    """What badges may show (`public`), and what was published of the last week.

    None where that is not public, or too few. Versions with few installations are merged, and have no share.
    """

    public: frozenset[str] = frozenset()
    installations: int | None = None
    shares: Mapping[str, float] | None = None


def published(pixel: Pixel) -> Public:
    """Return what is public of a program. One query. Its declaration is loaded already."""
    panels = getattr(program_of(pixel.declaration), "public", ())
    public = frozenset(show for panel, show in _SHOWS.items() if panel in panels)
    weeks: Any = apps.all_models["collector"].get("publishedweek")
    if weeks is None or not public:  # None: this version publishes nothing
        return Public()
    rows = weeks.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk, part=_INSTALLATIONS)
    body = rows.order_by("-week").values_list("body", flat=True).first()
    return Public(public) if body is None else _public(msgspec.json.decode(body), public)


def _public(week: Any, public: frozenset[str]) -> Public:
    installations = week["installations"] if INSTALLATIONS in public else None
    table = week["tables"].get("version")
    if NEWEST_SHARE not in public or table is None:
        return Public(public, installations)
    total = table["other"] + sum(count for _, count in table["values"])
    return Public(public, installations, {version: count / total for version, count in table["values"]})
