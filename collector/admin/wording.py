"""How the admin writes moments and lists of titles."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from collector.models import Pixel, Project


def moment(at: datetime, project: Project) -> str:
    """Return a moment in the project's time zone, with the name of the zone."""
    return f"{at.astimezone(project.zone):%Y-%m-%d %H:%M} {project.timezone}"


def quoted(pixels: Iterable[Pixel]) -> str:
    """Return the titles of pixels, each in quotation marks."""
    return joined(_("“%(title)s”") % {"title": pixel} for pixel in pixels)


def joined(words: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(words)
