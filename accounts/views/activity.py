"""The audit trail of a project, for its owners."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.views.pages import private_page
from collector.models import AuditEntry, Project

PAGE_ENTRIES = 50


@private_page
def activity(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who changed what, newest first, page by page. Three queries. Answers 404 to all but owners."""
    project = get_object_or_404(Project.objects.owned_by(request.user), slug=slug)
    entries = AuditEntry.objects.filter(project=project).select_related("user")
    before = request.GET.get("before", "")
    if before.isdecimal():
        entries = entries.filter(pk__lt=int(before[:9]))
    rows = list(entries[: PAGE_ENTRIES + 1])
    context = {
        "project": project,
        "entries": rows[:PAGE_ENTRIES],
        "older": rows[PAGE_ENTRIES - 1].pk if len(rows) > PAGE_ENTRIES else None,
    }
    return render(request, "accounts/activity.html", context)
