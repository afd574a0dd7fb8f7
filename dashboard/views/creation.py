"""The forms "New project" and "New article". Both end on the snippets of the article."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from collector.models import Pixel, Project
from dashboard.creation.forms import CreationForms
from dashboard.creation.records import create_article, create_project
from dashboard.views.access import dashboard_form


@dashboard_form
def new_project(request: HttpRequest) -> HttpResponse:
    """Create a project with its first article, for those who may. Answers 404 to others."""
    if not Project.objects.may_be_created_by(request.user):
        raise Http404
    forms = CreationForms.of_project(
        Pixel.objects.editable_by(request.user), request.POST if request.method == "POST" else None
    )
    if forms.project is not None and forms.are_valid():
        article = create_project(request.user, forms.project.instance, forms.article.instance)
        return redirect("snippets", article.project.slug, article.pk)
    return render(request, "dashboard/new_project.html", {"forms": forms})


@dashboard_form
def new_article(request: HttpRequest, slug: str) -> HttpResponse:
    """Create an article in a project, for those who may edit pixels there. Answers 404 to others."""
    project = get_object_or_404(Project.objects.editable_by(request.user), slug=slug)
    forms = CreationForms.of_article(project.pixels.all(), request.POST if request.method == "POST" else None)
    if forms.are_valid():
        article = create_article(request.user, project, forms.article.instance)
        return redirect("snippets", project.slug, article.pk)
    return render(request, "dashboard/new_article.html", {"project": project, "forms": forms})
