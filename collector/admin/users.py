"""Users in the admin: only for superusers, whatever model permissions a user has."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.admin.scope import Scope
from collector.models import Project, Role

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(Scope, DjangoUserAdmin[User]):
    """Accounts. Rights in a project come from its members, so groups and permissions are left out."""

    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email")}),
        (
            gettext_lazy("Access"),
            {
                "fields": ("is_active", "is_staff", "is_superuser"),
                "description": gettext_lazy(
                    "Staff can log in here and create projects. Other users see the dashboards of the projects they "
                    "are members of. Superusers see and edit everything."
                ),
            },
        ),
        (gettext_lazy("Dates (UTC)"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    filter_horizontal = ()

    def scope(self, user: User | AnonymousUser) -> QuerySet[User]:
        return User.objects.all() if self.is_let_in(user) else User.objects.none()

    def is_let_in(self, user: User | AnonymousUser) -> bool:
        return user.is_active and user.is_superuser

    def get_deleted_objects(self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest) -> Any:
        """Protect projects that would lose their last owner."""
        to_delete, model_count, perms_needed, protected = super().get_deleted_objects(objs, request)
        deleted_ids = {user.pk for user in objs}
        owned = Project.objects.filter(memberships__user__in=deleted_ids, memberships__role=Role.OWNER)
        for project in owned.distinct().order_by("name"):
            if not project.memberships.filter(role=Role.OWNER).exclude(user__in=deleted_ids).exists():
                protected.append(
                    _("Project: %(project)s. Make someone else its owner first, or delete it.") % {"project": project}
                )
        return to_delete, model_count, perms_needed, protected
