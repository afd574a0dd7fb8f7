"""The line that waits for a first visit or report, as pages show it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from collector.models import Kind, Pixel, Project
from dashboard.snippets.first_report import first_report_status
from dashboard.snippets.first_visit import WAITING, FirstVisitStatus, first_visit_status, first_visit_status_of_project


@dataclass(frozen=True, slots=True)
class LiveLine:
    """What a page says of the first visit, and where its script asks for news.

    `asks` is empty if there is nothing to wait for. With `reloads`, the page becomes the dashboard by itself when the
    visit has come; otherwise `dashboard` is the address that the line leads to. `awaits_report`: of a program.
    """

    status: FirstVisitStatus
    asks: str
    dashboard: str = ""
    awaits_report: bool = False

    @property
    def reloads(self) -> bool:
        return not self.dashboard

    @property
    def leads_to_dashboard(self) -> bool:
        """Whether there is something to see on the dashboard."""
        return bool(self.dashboard) and self.status.state != WAITING


def status_of_pixel(pixel: Pixel, now: datetime, since: datetime | None = None) -> FirstVisitStatus:
    """Return whether a pixel was visited after `since`, or a program has ever reported. At most five queries."""
    if pixel.kind == Kind.APP:
        return first_report_status(pixel, now)
    return first_visit_status(pixel, now, since)


def line_of_snippets(pixel: Pixel, now: datetime) -> LiveLine:
    """Return the line of a pixel's snippets, which waits for a visit after `now`. At most five queries."""
    dashboard = reverse("pixel", args=[pixel.project.slug, pixel.pk])
    return _line_of_pixel(pixel, now, dashboard, f"?since={int(now.timestamp() * 1000)}")


def line_of_pixel(pixel: Pixel, now: datetime) -> LiveLine:
    """Return the line of an article's page that was never visited, or of a program's without a report.

    At most five queries.
    """
    return _line_of_pixel(pixel, now)


def line_of_project(project: Project, now: datetime) -> LiveLine:
    """Return the line of a project's page that was never visited. At most five queries."""
    return LiveLine(first_visit_status_of_project(project, now), reverse("project_first_visit", args=[project.slug]))


def _line_of_pixel(pixel: Pixel, now: datetime, dashboard: str = "", query: str = "") -> LiveLine:
    asks = "" if pixel.retired_at else reverse("first_visit", args=[pixel.project.slug, pixel.pk]) + query
    return LiveLine(status_of_pixel(pixel, now), asks, dashboard, awaits_report=pixel.kind == Kind.APP)
