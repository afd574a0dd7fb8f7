"""Who may see the dashboard's pages, by which HTTP methods, and which projects and articles they find there."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collector.models import Pixel, Project
from dashboard.view_function import ViewFunction
from dashboard.views.at_once import few_at_once, limited_download


def dashboard_view(view: ViewFunction) -> ViewFunction:
    """Allow GET and HEAD by users who are logged in, and let no cache keep the answer."""
    return require_safe(login_required(cache_control(private=True, no_store=True)(view)))


def expensive_view(view: ViewFunction) -> ViewFunction:
    """The same, for views that cost much: a user gets only some of them at the same time."""
    return dashboard_view(few_at_once(view))


def download_view(view: ViewFunction) -> ViewFunction:
    """The same, for downloads, which are limited in number and rate."""
    return dashboard_view(limited_download(view))


def dashboard_action(view: ViewFunction) -> ViewFunction:
    """Allow POST by users who are logged in, and let no cache keep the answer."""
    return require_POST(login_required(cache_control(private=True, no_store=True)(view)))


def dashboard_form(view: ViewFunction) -> ViewFunction:
    """Allow GET, HEAD and POST by users who are logged in, and let no cache keep the answer."""
    methods = require_http_methods(["GET", "HEAD", "POST"])
    return methods(login_required(cache_control(private=True, no_store=True)(view)))


def visible_project(request: HttpRequest, slug: str) -> Project:
    """Return a project that the user may see, with `is_editable` and `is_owned` on it. One query. Raises Http404."""
    editable = Q(pk__in=Project.objects.editable_by(request.user))
    owned = Q(pk__in=Project.objects.owned_by(request.user))
    visible = Project.objects.visible_to(request.user).annotate(is_editable=editable, is_owned=owned)
    return get_object_or_404(visible, slug=slug)


def visible_pixel(request: HttpRequest, slug: str, pixel_id: int) -> Pixel:
    """Return a pixel of this project that the user may see. One query. Raises Http404.

    It comes with its project, and with `is_editable` and `is_owned`: what else the user may do with it.
    """
    editable = Q(project__in=Project.objects.editable_by(request.user))
    owned = Q(project__in=Project.objects.owned_by(request.user))
    visible = Pixel.objects.visible_to(request.user).select_related("project")
    described = visible.annotate(is_editable=editable, is_owned=owned)
    return get_object_or_404(described, project__slug=slug, pk=pixel_id)


def may_use_admin(request: HttpRequest) -> bool:
    """Say whether the user can log in to the admin, where pixels are edited and share links are created."""
    return bool(getattr(request.user, "is_staff", False))
