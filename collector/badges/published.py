"""What a program has made public of its installations: the only numbers of them that a badge may show."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from django.apps import apps

from collector.models import Pixel
from collector.programs.declaring import program_of

_INSTALLATIONS = 0  # the part of a published week


class Public(NamedTuple):
    """The installations of the last published week, and the share of each version. None where that is not public.

    Versions with few installations are merged, and have no share.
    """

    installations: int | None = None
    shares: Mapping[str, float] | None = None


def published(pixel: Pixel) -> Public:
    """Return what is public of a program. One query. Its declaration is loaded already."""
    program = program_of(pixel.declaration)
    panels = getattr(program, "public", ())
    weeks: Any = apps.all_models["collector"].get("publishedweek")
    if weeks is None or not {"actives", "versions"}.intersection(panels):  # None: this version publishes nothing
        return Public()
    rows = weeks.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk, part=_INSTALLATIONS)
    body = rows.order_by("-week").values_list("body", flat=True).first()
    if body is None:
        return Public()
    return _public(msgspec.json.decode(body), panels)


def _public(week: Any, panels: tuple[str, ...]) -> Public:
    installations = week["installations"] if "actives" in panels else None
    table = week["tables"].get("version")
    if "versions" not in panels or table is None:
        return Public(installations)
    total = table["other"] + sum(count for _, count in table["values"])
    return Public(installations, {version: count / total for version, count in table["values"]})
