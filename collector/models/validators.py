"""Validators for the fields of projects and pixels.

Migrations refer to them by the names that `collector.models.projects` imports: keep those imports.
"""

from ipaddress import ip_network
from unicodedata import category

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from collector.classify.platforms import PLACEMENT_FORM, RESERVED_PLACEMENTS
from collector.classify.sites import read_sites
from collector.classify.time_zones import available_time_zones, find_time_zone, is_offset, suggest_time_zones

NETWORKS_AT_MOST = 50
_OVERRIDES = frozenset("\u202d\u202e")
_END_OF_EMBEDDING, _END_OF_ISOLATE = "\u202c", "\u2069"
_OPENING = dict.fromkeys("\u202a\u202b", _END_OF_EMBEDDING) | dict.fromkeys("\u2066\u2067\u2068", _END_OF_ISOLATE)
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # fillers of Korean, and the blank of Braille
PLACEMENTS_AT_MOST = 40  # each is a row in a table of the dashboard; more would be a mistake


def validate_timezone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in available_time_zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Write one like Europe/Berlin or Asia/Tokyo.") % {"name": name}
        )


def read_timezone(typed: str) -> str:
    """Return the name of the time zone that people mean by a city, a country and the like, in the active language.

    Raises ValidationError, with suggestions if there are any.
    """
    language = get_language() or "en"
    name = find_time_zone(typed, language)
    if name is not None:
        return name
    suggestions = ", ".join(suggest_time_zones(typed, language))
    if not suggestions:
        validate_timezone(typed)
        return typed
    message = (
        _("“%(name)s” is an offset from UTC, which changes with summer time. Enter a place, such as %(zones)s.")
        if is_offset(typed)
        else _("“%(name)s” is not a time zone. Did you mean one of these? %(zones)s")
    )
    raise ValidationError(message % {"name": typed, "zones": suggestions})


def validate_title(text: str) -> None:
    """Raise ValidationError unless `text` can be shown as one line, in any of the world's writing systems.

    Writing needs characters that nobody sees: joiners in emoji and in Persian, spaces that don't break a line in
    French, wide ones in Japanese, marks of direction in Arabic and Hebrew. Refused is only what changes the text around
    it or shows it in another order than it is stored: controls and line ends, halves of characters (surrogates) and
    non-characters, overrides of the direction, and embeddings that are not closed (Unicode Technical Report 36, 2.4).
    """
    if any(_is_harmful(character) for character in text) or _has_open_direction(text):
        raise ValidationError(_("This has characters that can't be shown. Write it as one line of plain text."))
    if text and not any(_is_seen(character) for character in text):
        raise ValidationError(_("This has only invisible characters. Write something that people can read."))


def _is_harmful(character: str) -> bool:
    is_non_character = 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE
    return category(character) in {"Cc", "Cs", "Zl", "Zp"} or is_non_character or character in _OVERRIDES


def _has_open_direction(text: str) -> bool:
    """Whether a text leaves an embedding or isolate open (Unicode Standard Annex 9, X1 to X8)."""
    open_ones: list[str] = []
    for character in text:
        if character in _OPENING:
            open_ones.append(_OPENING[character])
        elif character == _END_OF_ISOLATE and _END_OF_ISOLATE in open_ones:
            while open_ones.pop() != _END_OF_ISOLATE:  # it also closes the embeddings within
                pass
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
    return bool(open_ones)


def _is_seen(character: str) -> bool:
    kind = category(character)  # a character that is newer than Python's Unicode is unassigned, Cn
    return kind[0] not in {"Z", "M"} and kind != "Cf" and character not in BLANKS


def validate_placement(slug: str) -> None:
    """Raise ValidationError, with a suggestion, unless `slug` can be used in a pixel's URL."""
    if slug in RESERVED_PLACEMENTS:
        raise ValidationError(
            _("“%(slug)s” is reserved in a pixel's address. Choose another name, such as my-%(slug)s.") % {"slug": slug}
        )
    if not PLACEMENT_FORM.fullmatch(slug):
        suggestion = slugify(slug).replace("_", "-").strip("-")[:40].rstrip("-")
        if suggestion in RESERVED_PLACEMENTS or not PLACEMENT_FORM.fullmatch(suggestion):
            suggestion = "my-blog"
        raise ValidationError(
            _(
                "“%(slug)s” can't name a platform. Write up to 40 letters a to z, digits and hyphens, such as "
                "%(suggestion)s."
            )
            % {"slug": slug, "suggestion": suggestion}
        )


def validate_placements(placements: object) -> None:
    """Raise ValidationError unless `placements` is a list of distinct placements, not too long."""
    if not isinstance(placements, list) or not all(isinstance(slug, str) for slug in placements):
        raise ValidationError(_("Write platforms as a list of names, such as medium, dev-to."))
    for slug in placements:
        validate_placement(slug)
    if len(set(placements)) < len(placements):
        raise ValidationError(_("List each platform only once."))
    if len(placements) > PLACEMENTS_AT_MOST:
        raise ValidationError(
            _("A pixel can have at most %(limit)s platforms, not %(count)s. Remove some, or create a second pixel.")
            % {"limit": PLACEMENTS_AT_MOST, "count": len(placements)}
        )


def validate_networks(text: str) -> None:
    """Raise ValidationError unless `text` is a list of networks or addresses, one per line."""
    for line in text.split():
        try:
            ip_network(line, strict=False)
        except ValueError as error:
            raise ValidationError(
                _("“%(line)s” is not an address or network. Write one per line, such as 203.0.113.7 or 2001:db8::/48.")
                % {"line": line}
            ) from error
    if len(text.split()) > NETWORKS_AT_MOST:
        raise ValidationError(
            _("List at most %(limit)s networks. Combine some into a larger one.") % {"limit": NETWORKS_AT_MOST}
        )


def validate_sites(text: str) -> None:
    """Raise ValidationError unless `text` lists sites, one per line: a name, a colon, and hosts. The name may be left
    out.
    """
    sites, problems = read_sites(text)
    if problems:
        raise ValidationError(problems)
    for site in sites.listed:
        validate_title(site.name)
