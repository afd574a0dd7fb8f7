"""What may be written into the fields of projects and pixels.

Migrations name these functions as `collector.models.projects` imports them.
"""

import zoneinfo
from ipaddress import ip_network

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from collector.classify.platforms import PLACEMENT_FORM, RESERVED_PLACEMENTS

NETWORKS_AT_MOST = 50
PLACEMENTS_AT_MOST = 40  # each is a line in the dashboard's table; more would be a mistake


def validate_timezone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Write one like Europe/Berlin or Asia/Tokyo.") % {"name": name}
        )


def validate_placement(slug: str) -> None:
    """Raise ValidationError, naming what to write instead, unless `slug` may stand in a pixel's URL."""
    if slug in RESERVED_PLACEMENTS:
        raise ValidationError(
            _("“%(slug)s” means something else in a pixel's address; write another name, such as my-%(slug)s.")
            % {"slug": slug}
        )
    if not PLACEMENT_FORM.fullmatch(slug):
        offer = slugify(slug).replace("_", "-").strip("-")[:40].rstrip("-")
        instead = offer if PLACEMENT_FORM.fullmatch(offer) and offer not in RESERVED_PLACEMENTS else "my-blog"
        raise ValidationError(
            _(
                "“%(slug)s” can't be a placement; write up to 40 of the letters a to z, digits and hyphens, "
                "like %(instead)s."
            )
            % {"slug": slug, "instead": instead}
        )


def validate_placements(placements: object) -> None:
    """Raise ValidationError unless `placements` is a list of distinct placements, not too long."""
    if not isinstance(placements, list) or not all(isinstance(slug, str) for slug in placements):
        raise ValidationError(_("Placements are a list of names; write them like medium, dev-to."))
    for slug in placements:
        validate_placement(slug)
    if len(set(placements)) < len(placements):
        raise ValidationError(_("A placement is named twice; name each one once."))
    if len(placements) > PLACEMENTS_AT_MOST:
        raise ValidationError(
            _(
                "A pixel has %(limit)s placements at most, not %(count)s; leave some out, or make a second pixel "
                "for them."
            )
            % {"limit": PLACEMENTS_AT_MOST, "count": len(placements)}
        )


def validate_networks(text: str) -> None:
    """Raise ValidationError unless `text` is a list of networks or addresses, one a line."""
    for line in text.split():
        try:
            ip_network(line, strict=False)
        except ValueError as error:
            raise ValidationError(
                _("“%(line)s” is no address and no network; write one a line, like 203.0.113.7 or 2001:db8::/48.")
                % {"line": line}
            ) from error
    if len(text.split()) > NETWORKS_AT_MOST:
        raise ValidationError(
            _("%(limit)s networks are the most; join some to a larger one.") % {"limit": NETWORKS_AT_MOST}
        )
