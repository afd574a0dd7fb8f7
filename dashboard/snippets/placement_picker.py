"""Which platforms an author wants snippets for: what the query string says, and what the page offers to choose."""

from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.classify.platforms import platform_name, platforms_by_kind
from collector.models import Pixel
from collector.models.validators import PLACEMENTS_AT_MOST
from collector.platform_picker import OWN_NAME, Picker, make_picker, most_used_platforms, validate_choice
from dashboard import formatting

FIELD = "platform"  # the name of each placement in the query string; own ones that are typed have OWN_NAME
MAX_QUOTED = 60  # characters of a rejected name that a notice repeats
MAX_NOTICES = 3


class SelectOption(NamedTuple):
    """One platform of a list from which one is selected."""

    placement: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class SelectGroup:
    """Platforms under one heading."""

    heading: str
    options: list[SelectOption]


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """The platforms whose snippets a page shows, and notices about names that it can't use.

    `placements` has an empty string for the snippet without a placement.
    """

    placements: list[str]
    notices: list[str]

    def picker(self, pixel: Pixel) -> Picker:
        """Return what to choose from. The pixel's own platforms come first, then those of its project. One query."""
        used = most_used_platforms(Pixel.objects.filter(project=pixel.project_id))
        first = list(dict.fromkeys([*pixel.placements, *used]))[: max(len(used), len(pixel.placements))]
        return make_picker(FIELD, [placement for placement in self.placements if placement], first)


def read_platform_choice(query: QueryDict, pixel: Pixel) -> PlatformChoice:
    """Read `?platform=…&platform=…&own=…`. Without any, choose all platforms of `pixel`. Never fails."""
    names = [*query.getlist(FIELD), *query.getlist(OWN_NAME)]
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
    try:
        validate_choice(name[:MAX_QUOTED])  # one that is cut is too long, and stays so
    except ValidationError as error:
        return str(error.messages[0])
    return None


def catalogue_groups(chosen: str) -> list[SelectGroup]:
    """Return every platform that people can publish on, by kind; `chosen` is the placement to mark, or empty."""
    groups = []
    for heading, platforms in platforms_by_kind().items():
        slugs = [platform.slug for platform in platforms]
        options = [SelectOption(slug, platform_name(slug), slug == chosen) for slug in slugs]
        groups.append(SelectGroup(_(heading), options))
    return groups
