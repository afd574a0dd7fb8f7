"""The line that waits for a first visit or report, as pages show it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from collector.models import Pixel, Project
from dashboard.snippets.first_report import first_report_status
from dashboard.snippets.first_visit import WAITING, FirstVisitStatus, first_visit_status, first_visit_status_of_project


@dataclass(frozen=True, slots=True)
class LiveLine:
    """What a page says of the first visit, and where its script asks for news.

    `asks` is empty if there is nothing to wait for. With `reloads`, the page becomes the dashboard by itself when the
    visit has come; otherwise `dashboard` is the address that the line leads to.
    """

    status: FirstVisitStatus
    asks: str
    dashboard: str = ""

    @property
    def reloads(self) -> bool:
        return not self.dashboard

    @property
    def leads_to_dashboard(self) -> bool:
        """Whether there is something to see on the dashboard."""
        return bool(self.dashboard) and self.status.state != WAITING


def line_of_snippets(pixel: Pixel, now: datetime) -> LiveLine:
    """Return the line of a pixel's snippets, which waits for a visit after `now`. At most five queries."""
    slug, milliseconds = pixel.project.slug, int(now.timestamp() * 1000)
    asks = "" if pixel.retired_at else f"{reverse('first_visit', args=[slug, pixel.pk])}?since={milliseconds}"
    return LiveLine(first_visit_status(pixel, now), asks, reverse("pixel", args=[slug, pixel.pk]))


def line_of_article(pixel: Pixel, now: datetime) -> LiveLine:
    """Return the line of an article's page that was never visited. At most five queries."""
    asks = "" if pixel.retired_at else reverse("first_visit", args=[pixel.project.slug, pixel.pk])
    return LiveLine(first_visit_status(pixel, now), asks)


def line_of_project(project: Project, now: datetime) -> LiveLine:
    """Return the line of a project's page that was never visited. At most five queries."""
    return LiveLine(first_visit_status_of_project(project, now), reverse("project_first_visit", args=[project.slug]))


def line_of_program(pixel: Pixel, now: datetime) -> LiveLine:
    """Return the line of a program's page that has no report. Two queries. `pixel.declaration` must be loaded."""
    asks = "" if pixel.retired_at else reverse("first_visit", args=[pixel.project.slug, pixel.pk])
    return LiveLine(first_report_status(pixel, now), asks)
