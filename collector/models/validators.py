"""Validators for the fields of projects and pixels.

Migrations refer to them by the names that `collector.models.projects` imports: keep those imports.
"""

import zoneinfo
from ipaddress import ip_network

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from collector.classify.platforms import PLACEMENT_FORM, RESERVED_PLACEMENTS

NETWORKS_AT_MOST = 50
PLACEMENTS_AT_MOST = 40  # each is a row in a table of the dashboard; more would be a mistake


def validate_timezone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Write one like Europe/Berlin or Asia/Tokyo.") % {"name": name}
        )


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
