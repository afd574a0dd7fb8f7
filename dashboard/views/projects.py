"""The list of projects, and the page of one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collector.models import Pixel, Project
from collector.operations.server_health import server_health
from dashboard.creation.forms import CreationForms
from dashboard.report.live import live_visits
from dashboard.report.page import make_page
from dashboard.report.program.listing import programs_panel
from dashboard.report.project_cards import project_cards
from dashboard.snippets.live_line import line_of_project
from dashboard.views.access import expensive_view, may_use_admin, visible_project


@expensive_view
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects of the user. Six queries at most, and one more for administrators."""
    now = timezone.now()
    cards = project_cards(Project.objects.visible_to(request.user), now)
    may_create = Project.objects.may_be_created_by(request.user)
    context: dict[str, Any] = {"cards": cards, "may_create": may_create}
    if may_create and not cards:
        context["forms"] = CreationForms.of_project(Pixel.objects.editable_by(request.user))
    if getattr(request.user, "is_superuser", False):
        context["server_health"] = server_health(now)
    return render(request, "dashboard/projects.html", context)


@expensive_view
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one project over a period."""
    project = visible_project(request, slug)
    now = timezone.now()
    page = make_page(request.GET, project, now=now)
    is_editable = project.is_editable  # type: ignore[attr-defined]
    context = {
        "project": project,
        "page": page,
        "line": None if page.first_day else line_of_project(project, now),
        "may_edit": is_editable,
        "live": live_visits(project, None, now),
        "programs": programs_panel(project, now),
        "may_share": may_use_admin(request) and project.is_owned,  # type: ignore[attr-defined]
    }
    if is_editable and page.first_day is None:
        context["forms"] = CreationForms.of_article(project.pixels.all())
    return render(request, "dashboard/project.html", context)
