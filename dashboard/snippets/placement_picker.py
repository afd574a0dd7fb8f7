"""Which platforms an author wants snippets for: what the query string says, and what the page offers to choose."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.classify.platforms import catalogue, platform_name, platforms_by_kind
from collector.models import Pixel
from collector.models.validators import PLACEMENTS_AT_MOST, validate_placement
from dashboard import formatting

MAX_QUOTED = 60  # characters of a rejected name that a notice repeats
MAX_NOTICES = 3


class PlatformOption(NamedTuple):
    """One platform to choose, by its placement. A tuple, because templates unpack it faster: a page has 182 of them."""

    placement: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PlatformGroup:
    """Platforms under one heading. The groups of chosen platforms, and of the pixel's own, are open."""

    heading: str
    options: list[PlatformOption]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """The platforms whose snippets a page shows, and notices about names that it can't use.

    `placements` has an empty string for the snippet without a placement.
    """

    placements: list[str]
    notices: list[str]

    def groups(self, pixel: Pixel) -> list[PlatformGroup]:
        """Return what can be chosen: chosen platforms first, then the pixel's others, then the rest by kind."""
        chosen = [placement for placement in self.placements if placement]
        unchosen = [placement for placement in pixel.placements if placement not in chosen]
        groups = []
        if chosen:
            groups.append(PlatformGroup(_("Chosen"), _options(chosen, chosen), is_open=True))
        if unchosen:
            groups.append(PlatformGroup(_("Other platforms of this pixel"), _options(unchosen), is_open=True))
        already_listed = {*chosen, *unchosen}
        for heading, platforms in platforms_by_kind().items():
            others = [platform.slug for platform in platforms if platform.slug not in already_listed]
            if others:
                groups.append(PlatformGroup(_(heading), _options(others)))
        return groups


def read_platform_choice(query: QueryDict, pixel: Pixel) -> PlatformChoice:
    """Read `?platform=…&platform=…&own=…`. Without any, choose all platforms of `pixel`. Never fails."""
    names = [*query.getlist("platform"), *query.getlist("own")]
    if not names:
        return PlatformChoice(pixel.placements or [""], [])
    cleaned = [name.strip().lower() for name in names]
    placements: list[str] = []
    notices: list[str] = []
    for name in dict.fromkeys(filter(None, cleaned)):
        problem = placement_problem(name)
        if problem is None:
            placements.append(name)
        elif problem not in notices:
            notices.append(problem)
    if len(placements) > PLACEMENTS_AT_MOST:
        notices.append(
            ngettext(
                "Only the first %(limit)s platform is shown.",
                "Only the first %(limit)s platforms are shown.",
                PLACEMENTS_AT_MOST,
            )
            % {"limit": formatting.exact(PLACEMENTS_AT_MOST)}
        )
    return PlatformChoice(placements[:PLACEMENTS_AT_MOST], notices[:MAX_NOTICES])


def placement_problem(name: str) -> str | None:
    """Say why a pixel can't have a placement of this name and what to do instead, or return None if it can."""
    platform = catalogue().get(name)
    if platform is not None and platform.kind == "proxy":
        return _("%(platform)s is not a platform you can publish on. Choose another one.") % {"platform": platform.name}
    try:
        validate_placement(name)
    except ValidationError:
        return _(
            "“%(name)s” is not a valid platform name. Use up to 40 letters (a to z), digits and hyphens. “end” and "
            "“badge” are reserved."
        ) % {"name": name[:MAX_QUOTED]}
    return None


def catalogue_groups(chosen: str) -> list[PlatformGroup]:
    """Return every platform that people can publish on, by kind; `chosen` is the placement to mark, or empty."""
    return [
        PlatformGroup(_(heading), _options([platform.slug for platform in platforms], [chosen]))
        for heading, platforms in platforms_by_kind().items()
    ]


def _options(placements: Iterable[str], chosen: Collection[str] = ()) -> list[PlatformOption]:
    return [PlatformOption(placement, platform_name(placement), placement in chosen) for placement in placements]
