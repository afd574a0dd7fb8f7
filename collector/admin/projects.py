"""Projects in the admin, with their members; for their owners."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Model, QuerySet
from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.admin.forms import MembershipForm, MembershipFormSet, ProjectForm
from collector.admin.own_addresses import current_network
from collector.admin.scope import Scope
from collector.classify.time_zones import time_zone_names
from collector.models import Membership, Project, Role


class MembershipInline(Scope, admin.TabularInline[Membership, Project]):
    """The members of a project. Only owners edit them."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    extra = 1
    verbose_name = gettext_lazy("member")
    verbose_name_plural = gettext_lazy("members")

    def scope(self, user: User | AnonymousUser) -> QuerySet[Project]:
        return Project.objects.owned_by(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return Membership.objects.filter(project__in=self.scope(request.user))


@admin.register(Project)
class ProjectAdmin(Scope, admin.ModelAdmin[Project]):
    """Projects that the user owns. The user who creates a project becomes its owner."""

    form = ProjectForm
    inlines = [MembershipInline]
    list_display = ["name", "pixels", "timezone", "retention_days", "dashboard"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = [
        "name", "slug", "timezone", "first_weekday", "retention_days", "ignores_members", "excluded_networks",
        "sites", "drops_opted_out", "min_reading_seconds",
    ]  # fmt: skip

    @admin.display(description=gettext_lazy("pixels"), ordering="pixel_count")
    def pixels(self, project: Project) -> SafeString:
        """Return the number of pixels, as a link to their list."""
        url = reverse("admin:collector_pixel_changelist", query={"project": project.pk})
        return format_html('<a href="{}">{}</a>', url, project.pixel_count)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("dashboard"))
    def dashboard(self, project: Project) -> SafeString:
        return format_html('<a class="nowrap" href="{}">{}</a>', self.view_on_site(project), _("Dashboard"))

    def view_on_site(self, obj: Project) -> str:
        return reverse("project", args=[obj.slug])

    # Who may do what

    def scope(self, user: User | AnonymousUser) -> QuerySet[Project]:
        return Project.objects.owned_by(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        owned: QuerySet[Project] = super().get_queryset(request)
        return owned.annotate(pixel_count=Count("pixels"))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Allow no action on several projects: a deleted project can't be restored."""
        return {}

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return Project.objects.may_be_created_by(request.user)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the form, which also says what the user's current address is."""
        form = super().get_form(request, *args, **kwargs)
        if "excluded_networks" in form.base_fields:  # else they may only look at it
            form.base_fields["excluded_networks"].widget.current = current_network(request)
        return form

    # What happens

    def get_deleted_objects(self, objs: QuerySet[Project] | Sequence[Project], request: HttpRequest) -> Any:
        """List what is deleted with a project, without loading every hit as Django would."""
        to_delete: list[Any] = []
        for project in objs:
            pixels = [_("Pixel: %(pixel)s") % {"pixel": pixel} for pixel in project.pixels.all()]
            links = [link.name for link in project.share_links.all()]
            to_delete += [
                _("Project: %(project)s") % {"project": project},
                [
                    *pixels,
                    _("All its hits, visitors and counts"),
                    _("Its list of members"),
                    *([_("Share links"), links] if links else []),
                ],
            ]
        pixel_count = sum(project.pixels.count() for project in objs)
        link_count = sum(project.share_links.count() for project in objs)
        forbidden = (
            {_("project")} if any(not self.has_delete_permission(request, project) for project in objs) else set()
        )
        numbers = {_("projects"): len(objs), _("pixels"): pixel_count, _("share links"): link_count}
        return to_delete, numbers, forbidden, []

    def save_model(self, request: HttpRequest, obj: Project, form: Form, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "timezone" in form.changed_data:
            self._warn_of_time_zone(request, obj)
        if change and obj.sites != form.initial.get("sites"):
            self._warn_of_sites(request, obj)
        if change and obj.retention_days < form.initial.get("retention_days", 0):
            self.message_user(
                request,
                ngettext(
                    "Raw hits older than %(days)s day will be deleted within an hour. The daily counts stay.",
                    "Raw hits older than %(days)s days will be deleted within an hour. The daily counts stay.",
                    obj.retention_days,
                )
                % {"days": obj.retention_days},
                messages.WARNING,
            )

    def response_add(self, request: HttpRequest, obj: Project, post_url_continue: str | None = None) -> HttpResponse:
        """Offer the next step: the first article of the new project."""
        if IS_POPUP_VAR in request.POST:
            return super().response_add(request, obj, post_url_continue)
        link = format_html(
            '<a href="{}">{}</a>', reverse("new_article", args=[obj.slug]), _("Create its first article")
        )
        ready = _("“%(project)s” is ready.") % {"project": obj}
        self.message_user(request, format_html("{} {}", ready, link), messages.SUCCESS)
        if "_addanother" in request.POST or "_continue" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        return self.response_post_save_add(request, obj)

    def _warn_of_time_zone(self, request: HttpRequest, project: Project) -> None:
        command = f"manage.py rebuild_counts {project.slug}"
        warning = _(
            "Days are now counted in %(zone)s. Past days keep the old time zone until an administrator runs "
            "“%(command)s”."
        ) % {"zone": project.timezone, "command": command}
        self._warn_of_past_days(request, project, warning)

    def _warn_of_sites(self, request: HttpRequest, project: Project) -> None:
        warning = _("Past visits keep their hosts until an administrator runs “%(command)s”.") % {
            "command": "manage.py rebuild_counts --reclassify"
        }
        self._warn_of_past_days(request, project, warning)

    def _warn_of_past_days(self, request: HttpRequest, project: Project, warning: str) -> None:
        if project.counted_from is not None:
            warning += " " + _("Days before %(day)s stay as they are: their raw hits are deleted.") % {
                "day": date_format(project.counted_from)
            }
        self.message_user(request, warning, messages.WARNING)

    def save_related(self, request: HttpRequest, form: "ModelForm[Project]", formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        members = form.instance.memberships
        if change or (request.user.is_superuser and members.filter(role=Role.OWNER).exists()):
            return
        members.update_or_create(user_id=str(request.user.pk), defaults={"role": Role.OWNER})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Projects"), **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["time_zones"] = time_zone_names()
        if context.get("original"):
            context |= {"title": str(context["original"]), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)
