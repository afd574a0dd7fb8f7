"""The list of projects, and the page of one."""

from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from collector.models import Project
from dashboard.report.page import live, make_page
from dashboard.report.project_cards import intake, overview
from dashboard.views.access import page


@page
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects of the user. Five queries at most, and one more for administrators."""
    now = timezone.now()
    context: dict[str, Any] = {"cards": overview(Project.objects.visible_to(request.user), now)}
    if getattr(request.user, "is_superuser", False):
        context["intake"] = intake(now)
    return render(request, "dashboard/projects.html", context)


@page
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one project over a period."""
    owned = Exists(Project.objects.owned_by(request.user).filter(pk=OuterRef("pk")))
    project = get_object_or_404(Project.objects.visible_to(request.user).annotate(is_owned=owned), slug=slug)
    now = timezone.now()
    context = {
        "project": project,
        "page": make_page(request.GET, project, now=now),
        "live": live(project, None, now),
        "may_share": is_staff(request) and project.is_owned,  # type: ignore[attr-defined]
    }
    return render(request, "dashboard/project.html", context)


def is_staff(request: HttpRequest) -> bool:
    """Tell whether the user is let into the admin, where pixels are changed and share links made."""
    return bool(getattr(request.user, "is_staff", False))
