"""Users in the admin: only for superusers, whatever model permissions a user has."""

from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.names import VALIDATORS
from accounts.notices import tell
from accounts.own.email_links import EMAIL_CHANGED
from accounts.passwords.reset import reset_path
from accounts.second_factor.factors import has_second_factor_sql, remove_all
from accounts.sessions.ending import end_all
from collector.addresses import origin_of
from collector.admin.outcomes import Outcome, log_changes, show_outcome
from collector.admin.scope import Scope
from collector.audit import record_changes
from collector.models import Project, Role
from collector.snippets import base_url

REDIRECTED = 302  # where Django's form was right

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
    list_display = ("username", "second_factor", "is_active", "is_staff", "is_superuser", "last_login")
    actions = ("make_password_link", "remove_second_factor")
    list_filter = ("is_active", "is_staff", "is_superuser")
    filter_horizontal = ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Refuse what others could not read, or could mistake."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in VALIDATORS:
            field.validators.append(VALIDATORS[db_field.name])
        return field

    @admin.display(description=gettext_lazy("second factor"), boolean=True, ordering="second_factor")
    def second_factor(self, user: User) -> bool:
        return bool(user.second_factor)  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request).annotate(second_factor=has_second_factor_sql())
        return users

    @admin.action(description=gettext_lazy("Make a link that sets a new password"))
    def make_password_link(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Show a link for one user, where no mail is set up or the user has no address."""
        users = list(queryset.filter(is_active=True)[:2])
        if len(users) != 1:
            self.message_user(request, _("Select one active user."), messages.WARNING)
            return None
        record_changes(request.user.pk, users, CHANGE, gettext_lazy("Password link made."))
        address = f"{origin_of(base_url(request))}{reset_path(users[0])}"
        context = {**self.admin_site.each_context(request), "account": users[0], "address": address}
        return render(request, "admin/auth/user/password_link.html", {**context, "title": _("New password")})

    @admin.action(description=gettext_lazy("Remove the second factor of selected users"))
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Let people in again who have lost their devices and recovery codes."""
        users = [user for user in queryset if user.second_factor]  # type: ignore[attr-defined]
        for user in users:
            remove_all(user)
            end_all(user)
            tell(user, "Second factor removed.", request=request)
        outcome = Outcome(
            history=gettext_lazy("Second factor removed."),
            done=_("Users can log in by password now: %(names)s") % {"names": ", ".join(map(str, users))},
            nothing=_("Nothing was removed: these users have no second factor."),
        )
        log_changes(request, users, outcome)
        return show_outcome(self, request, users, outcome)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save a user, and tell them of a new address. A former one that was proven is theirs no longer."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()
            former = form.initial["email"]
            transaction.on_commit(lambda: tell(obj, EMAIL_CHANGED, request=request, former_email=former))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set the password of a user, and tell them."""
        response: HttpResponse = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == REDIRECTED:
            tell(User.objects.get(pk=id), "Password changed.", request=request)
        return response

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
