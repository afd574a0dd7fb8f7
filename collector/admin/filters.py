"""Filters of the admin's lists: by project and by state."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from collector.models import Pixel, Project, ShareLink

MAX_KEY_DIGITS = 9  # a key of this length fits into the column of any database


class ProjectFilter(admin.SimpleListFilter):
    """By project. Django's own filter would list the names of all projects; a subclass decides which ones it lists."""

    title = gettext_lazy("project")
    parameter_name = "project"

    def projects(self, request: HttpRequest) -> QuerySet[Project]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(project.pk), project.name) for project in self.projects(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(project_id=value) if is_key(value) else queryset.none()


class EditableProjectFilter(ProjectFilter):
    def projects(self, request: HttpRequest) -> QuerySet[Project]:
        return Project.objects.editable_by(request.user)


class OwnedProjectFilter(ProjectFilter):
    def projects(self, request: HttpRequest) -> QuerySet[Project]:
        return Project.objects.owned_by(request.user)


class PixelStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", _("Counting")), ("retired", _("Retired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Pixel]) -> QuerySet[Pixel]:
        if self.value() is None:
            return queryset
        return queryset.filter(retired_at__isnull=self.value() == "live")


class LinkStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", pgettext_lazy("a share link", "Open")), ("closed", gettext_lazy("Expired or revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> QuerySet[ShareLink]:
        if self.value() is None:
            return queryset
        open_links = ShareLink.objects.open_at(timezone.now())
        return queryset.filter(pk__in=open_links) if self.value() == "open" else queryset.exclude(pk__in=open_links)


def is_key(text: str) -> bool:
    """Say whether a text from a query string can be the key of a row."""
    return text.isdecimal() and len(text) <= MAX_KEY_DIGITS
