"""The audit trail in the admin: of the projects that a user owns and, for superusers, of the server."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.admin.filters import OwnedProjectFilter
from collector.admin.scope import Scope
from collector.models import AuditEntry

NETWORK_SHOWN = 8  # digits, enough to tell apart those of one day


@admin.register(AuditEntry)
class AuditEntryAdmin(Scope, admin.ModelAdmin[AuditEntry]):
    """Nobody adds, changes or deletes an entry."""

    list_display = ["moment", "username", "project", "about", "what", "origin"]
    list_display_links = None
    list_filter = ["about", OwnedProjectFilter]
    list_select_related = ["user", "project"]
    list_per_page = 100
    show_full_result_count = False
    search_fields = ["subject", "user__username"]

    @admin.display(description=gettext_lazy("time (UTC)"), ordering="pk")
    def moment(self, entry: AuditEntry) -> str:
        return f"{entry.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description=gettext_lazy("user"))
    def username(self, entry: AuditEntry) -> str:
        return entry.username

    @admin.display(description=gettext_lazy("what happened"))
    def what(self, entry: AuditEntry) -> str:
        return str(entry)

    @admin.display(description=gettext_lazy("from"))
    def origin(self, entry: AuditEntry) -> str:
        """Name the country of a login, and tell networks of the same day apart."""
        return " · ".join(filter(None, [entry.country, entry.network[:NETWORK_SHOWN]]))

    # Who may do what

    def scope(self, user: User | AnonymousUser) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.owned_by(user)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Audit trail"), **(extra_context or {})})
