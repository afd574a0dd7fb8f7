"""The administrators' page: whether the server is well, and what comes in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collector.models import Project
from collector.operations.checks.finding import Situation
from collector.operations.checks.run import CHECKS, run, worst_first
from dashboard.report.server_traffic import server_traffic
from dashboard.views.access import expensive_view

TIMEOUT_SECONDS = 2.0  # for an answer from PUBLIC_URL


@expensive_view
def server(request: HttpRequest) -> HttpResponse:
    """Show what `manage.py doctor` finds, and what came in. Only superusers; for all others there is no such page."""
    if not getattr(request.user, "is_superuser", False):
        raise Http404
    now = timezone.now()
    context = {
        "results": worst_first(run(Situation(now, TIMEOUT_SECONDS), CHECKS, in_threads=False)),
        "traffic": server_traffic(Project.objects.visible_to(request.user), now),
    }
    return render(request, "dashboard/server.html", context)
