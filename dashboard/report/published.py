"""The articles that appeared in a period, which the trend marks."""

from datetime import datetime
from typing import NamedTuple

from collector.models import Pixel, Project
from dashboard.visits.periods import Period

MAX_MARKS = 30


class PublishedArticle(NamedTuple):
    """The title of an article, and when it appeared."""

    title: str
    at: datetime


def published_articles(
    project: Project, pixel: Pixel | None, pixel_id: int | None, period: Period
) -> list[PublishedArticle]:
    """Return the articles that appeared in the period, newest first. One query, none for a single `pixel`.

    `pixel_id` is the article that the view is filtered by.
    """
    if pixel:
        day = pixel.created_at.astimezone(project.zone).date()
        return [PublishedArticle(pixel.title, pixel.created_at)] if period.start <= day < period.end else []
    from_midnight, to_midnight = period.moments(project.zone)
    pixels = Pixel.objects.filter(project=project, created_at__gte=from_midnight, created_at__lt=to_midnight)
    if pixel_id is not None:
        pixels = pixels.filter(pk=pixel_id)
    return [PublishedArticle(*row) for row in pixels.values_list("title", "created_at")[:MAX_MARKS]]
