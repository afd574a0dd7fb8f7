"""Which places an author wants snippets for: what the address says, and the choice that the page offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.classify.platforms import catalogue, platform_name, platforms_by_kind
from collector.models import Pixel
from collector.models.validators import PLACEMENTS_AT_MOST, validate_placement
from dashboard import formatting

SHOWN = 60  # characters of a name that can't be one


@dataclass(frozen=True, slots=True)
class Option:
    """One place to choose."""

    slug: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Places of one kind; those that are chosen already stand in a group of their own, which is open."""

    heading: str
    options: list[Option]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The places whose snippets are shown, and what could not be read. `places` has an empty one for no placement."""

    places: list[str]
    notices: list[str]

    def groups(self, pixel: Pixel) -> list[Group]:
        """Return what can be chosen: what is, then the pixel's other places, then the catalogue by kind."""
        chosen = [slug for slug in self.places if slug]
        left = [slug for slug in pixel.placements if slug not in chosen]
        offered = {*chosen, *left}
        groups = [Group(_("Chosen"), _options(chosen, is_chosen=True), is_open=True)] if chosen else []
        if left:
            groups.append(Group(_("Other places of this pixel"), _options(left), is_open=True))
        for heading, platforms in platforms_by_kind().items():
            others = _options(platform.slug for platform in platforms if platform.slug not in offered)
            if others:
                groups.append(Group(_(heading), others))
        return groups


def choice(query: QueryDict, pixel: Pixel) -> Choice:
    """Read `?place=…&place=…&own=…`; without any, choose the placements of `pixel`. Never fails."""
    asked = [*query.getlist("place"), *query.getlist("own")]
    if not asked:
        return Choice(pixel.placements or [""], [])
    places: list[str] = []
    notices: list[str] = []
    for name in dict.fromkeys(name.strip().lower() for name in asked if name.strip()):
        reason = why_no_place(name)
        if reason is None:
            places.append(name)
        elif reason not in notices:
            notices.append(reason)
    if len(places) > PLACEMENTS_AT_MOST:
        notices.append(
            ngettext(
                "Only the first %(most)s place is shown.",
                "Only the first %(most)s places are shown.",
                PLACEMENTS_AT_MOST,
            )
            % {"most": formatting.exact(PLACEMENTS_AT_MOST)}
        )
    return Choice(places[:PLACEMENTS_AT_MOST], notices[:3])


def why_no_place(name: str) -> str | None:
    """Say why a pixel can't be pasted under `name`, or None where it can."""
    known = catalogue().get(name)
    if known is not None and known.kind == "proxy":
        return _("%(platform)s is no place to publish in.") % {"platform": known.name}
    try:
        validate_placement(name)
    except ValidationError:
        return _(
            "“%(name)s” is no name of a place; write up to 40 of the letters a to z, digits and hyphens, but neither "
            "“end” nor “badge”."
        ) % {"name": name[:SHOWN]}  # fmt: skip
    return None


def _options(slugs: Iterable[str], *, is_chosen: bool = False) -> list[Option]:
    return [Option(slug, platform_name(slug), is_chosen) for slug in slugs]


def platform_choices() -> Mapping[str, list[tuple[str, str]]]:
    """Return slug and name of every platform to paste in, under the headings of their kinds."""
    return {
        _(heading): [(platform.slug, platform.name) for platform in platforms]
        for heading, platforms in platforms_by_kind().items()
    }
