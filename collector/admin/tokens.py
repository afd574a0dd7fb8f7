"""API tokens in the admin. Users see only their own tokens, and each secret only once."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import ManyToManyField, Prefetch, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.admin.outcomes import Outcome, log_changes, show_outcome
from collector.admin.scope import Scope
from collector.models import ApiToken, Project


@admin.register(ApiToken)
class ApiTokenAdmin(Scope, admin.ModelAdmin[ApiToken]):
    """The tokens of the user. Superusers see all tokens, so that they can revoke them."""

    list_display = ["name", "first_characters", "project_names", "username", "state", "last_used"]
    search_fields = ["name", "prefix"]
    actions = ["revoke", "delete_selected"]
    readonly_fields = ["first_characters", "username", "state", "created", "last_used"]

    @admin.display(description=gettext_lazy("begins with"))
    def first_characters(self, token: ApiToken) -> str:
        return f"{token.prefix}…"

    @admin.display(description=gettext_lazy("projects"))
    def project_names(self, token: ApiToken) -> str:
        """Name the projects, except those that the user may no longer see."""
        return ", ".join(project.name for project in token.visible_projects) or _("none")  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("user"))
    def username(self, token: ApiToken) -> str:
        return token.user.get_username()

    @admin.display(description=gettext_lazy("state"))
    def state(self, token: ApiToken) -> str:
        return state_of(token)

    @admin.display(description=gettext_lazy("created"))
    def created(self, token: ApiToken) -> str:
        return f"{token.created_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description=gettext_lazy("last used"), ordering="last_used_on")
    def last_used(self, token: ApiToken) -> str:
        return token.last_used_on.isoformat() if token.last_used_on else _("never")

    # Who may do what

    def scope(self, user: User | AnonymousUser) -> QuerySet[ApiToken]:
        return ApiToken.objects.owned_by(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        own: QuerySet[ApiToken] = super().get_queryset(request)
        visible = Project.objects.visible_to(request.user)
        return own.select_related("user").prefetch_related(
            Prefetch("projects", queryset=visible, to_attr="visible_projects")
        )

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        editable = (None, {"fields": ["name", "projects", "reads_audit"]})
        details = (_("Details"), {"fields": ["first_characters", "username", "state", "created", "last_used"]})
        return [editable, details] if obj else [editable]

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelMultipleChoiceField[Any] | None":
        kwargs["queryset"] = Project.objects.visible_to(request.user)
        kwargs["widget"] = CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: ApiToken | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the projects that the token's user may see. The token can't read others."""
        form = super().get_form(request, obj, change, **kwargs)
        projects: Any = form.base_fields.get("projects")
        if projects is not None:
            projects.widget = projects.widget.widget  # without links to create and edit projects
            if obj is not None:
                projects.queryset = Project.objects.visible_to(obj.user)
            projects.help_text = _("The token can read these projects as long as its user may see them.")
        return form

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("API tokens"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        token = self.get_object(request, unquote(object_id))
        if token is not None:
            extra_context = {
                **(extra_context or {}),
                "title": token.name,
                "subtitle": None,
                "token_state": state_of(token),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    # Creating a token

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not change:
            obj.user_id = int(str(request.user.pk))
            obj.secret = obj.make_secret()  # type: ignore[attr-defined]  # for response_add; never stored
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this response. A message or session would store it, and caches must not."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("“%(name)s” is ready") % {"name": obj.name},
            "opts": self.opts,
            "token": obj,
            "secret": obj.secret,  # type: ignore[attr-defined]
        }
        response = render(request, "admin/collector/apitoken/secret.html", context)
        add_never_cache_headers(response)
        return response

    # Revoking

    @admin.action(description=gettext_lazy("Revoke selected tokens"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        tokens = list(queryset.filter(revoked_at=None))
        ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).update(revoked_at=timezone.now())
        done = ngettext("Revoked %(number)d token.", "Revoked %(number)d tokens.", len(tokens))
        outcome = Outcome(
            history=gettext_lazy("Revoked."),
            done=done % {"number": len(tokens)},
            nothing=_("Nothing was revoked: the selected tokens are already revoked."),
        )
        log_changes(request, tokens, outcome)
        return show_outcome(self, request, tokens, outcome)


def state_of(token: ApiToken) -> str:
    """Return whether the token works, in words for people."""
    if token.revoked_at:
        return _("Revoked %(at)s") % {"at": f"{token.revoked_at:%Y-%m-%d %H:%M} UTC"}
    if not token.user.is_active:
        return _("Blocked: the account of its user is inactive")
    return _("Active")
