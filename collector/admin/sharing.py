"""Share links in the admin, for the owners of their projects."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import ForeignKey, QuerySet, Value
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.addresses import address_warning, origin_of
from collector.admin.filters import LinkStateFilter, OwnedProjectFilter, is_key
from collector.admin.link_texts import address_of, copyable, frame_of, state_of
from collector.admin.outcomes import Outcome, log_changes, show_outcome
from collector.admin.scope import Scope
from collector.admin.sharing_form import ShareLinkForm
from collector.admin.wording import moment
from collector.models import Pixel, Project, ShareLink
from collector.snippets import base_url

NOTHING = "\N{EN DASH}"


@admin.register(ShareLink)
class ShareLinkAdmin(Scope, admin.ModelAdmin[ShareLink]):
    """Share links of the projects that the user owns."""

    form = ShareLinkForm
    list_display = ["name", "what", "state", "password_state", "copyable_link", "copyable_frame"]
    list_filter = [LinkStateFilter, OwnedProjectFilter]
    search_fields = ["name"]
    actions = ["revoke", "delete_selected"]
    readonly_fields = ["project_name", "article_title", "state", "created"]

    @admin.display(description=gettext_lazy("project"))
    def project_name(self, link: ShareLink) -> str:
        return link.project.name

    @admin.display(description=gettext_lazy("Article"))
    def article_title(self, link: ShareLink) -> str:
        return link.pixel.title if link.pixel else _("The whole project")

    @admin.display(description=gettext_lazy("shared"))
    def what(self, link: ShareLink) -> str:
        """Name the project, and the article if only one is shared."""
        return f"{link.project.name} · {link.pixel.title}" if link.pixel else link.project.name

    @admin.display(description=gettext_lazy("state"))
    def state(self, link: ShareLink) -> str:
        return state_of(link)

    @admin.display(description=gettext_lazy("password"))
    def password_state(self, link: ShareLink) -> str:
        return _("set") if link.password else _("none")

    @admin.display(description=gettext_lazy("created"))
    def created(self, link: ShareLink) -> str:
        return moment(link.created_at, link.project)

    @admin.display(description=gettext_lazy("link"))
    def copyable_link(self, link: ShareLink) -> SafeString | str:
        """Show the address with a button that copies it, as long as the link works."""
        if not link.is_open_at(timezone.now()):
            return NOTHING
        names = {"name": link.name}
        label, copied_label = _("Copy the link “%(name)s”") % names, _("Copied the link “%(name)s”") % names
        return copyable(f"link-{link.pk}", address_of(link, _origin_of(link)), label, copied_label)

    @admin.display(description=gettext_lazy("frame"))
    def copyable_frame(self, link: ShareLink) -> SafeString | str:
        if not (link.embedded_on and link.is_open_at(timezone.now())):
            return NOTHING
        names = {"name": link.name}
        label, copied_label = _("Copy the frame “%(name)s”") % names, _("Copied the frame “%(name)s”") % names
        return copyable(f"frame-{link.pk}", frame_of(link, _origin_of(link)), label, copied_label)

    # Who may do what

    def scope(self, user: User | AnonymousUser) -> QuerySet[ShareLink]:
        return ShareLink.objects.owned_by(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShareLink]:
        owned: QuerySet[ShareLink] = super().get_queryset(request)
        return owned.select_related("project", "pixel").annotate(origin=Value(origin_of(base_url(request))))

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: ShareLink | None = None) -> Any:
        """Make what is shared read-only on an existing link, because readers have its address already."""
        target = ["project_name", "article_title"] if obj else ["project", "pixel"]
        password = ["new_password", "removes_password"] if obj and obj.password else ["new_password"]
        frame_help = _(
            "The frame shows only the total and the trend. Its address contains the key of this link, so readers of "
            "those sites can also open the shared page. Create a separate link that shows only what they may see."
        )
        fieldsets: list[Any] = [
            (None, {"fields": [*target, "name", "shows"]}),
            (_("Password and expiry"), {"fields": [*password, "expires_at"]}),
            (_("Embed on other sites"), {"fields": ["embedded_on"], "description": frame_help}),
        ]
        if obj:
            fieldsets.append((_("Details"), {"fields": ["state", "created"]}))
        return fieldsets

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        owned = Project.objects.owned_by(request.user)
        kwargs["queryset"] = owned if db_field.name == "project" else Pixel.objects.filter(project__in=owned)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: ShareLink | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the choice of a project and an article, without links to create or edit them."""
        form = super().get_form(request, obj, change, **kwargs)
        for name in ("project", "pixel"):
            if name in form.base_fields:
                form.base_fields[name].widget = form.base_fields[name].widget.widget
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take the project from `?project=`, from the pixel in `?pixel=`, or take the only one there is."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        owned = Project.objects.owned_by(request.user)
        pixel = initial.get("pixel", "")
        if is_key(pixel):
            initial.setdefault("project", str(owned.filter(pixels=pixel).values_list("pk", flat=True).first() or ""))
        projects = list(owned.values_list("pk", flat=True)[:2])
        if len(projects) == 1:
            initial["project"] = str(projects[0])
        return initial

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if self.has_add_permission(request) and not Project.objects.owned_by(request.user).exists():
            self.message_user(request, _("Only owners can share a project. Create your first project here."))
            return redirect("admin:collector_project_add")
        return super().add_view(request, form_url, {"title": _("Share"), **(extra_context or {})})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Share links"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        link = self.get_object(request, unquote(object_id))
        if link is not None:
            origin = _origin_of(link)
            extra_context = {
                **(extra_context or {}),
                "title": link.name,
                "subtitle": None,
                "state": state_of(link),
                "is_open": link.is_open_at(timezone.now()),
                "address": address_of(link, origin),
                "address_warning": address_warning(origin, is_for_images=False),
                "frame": frame_of(link, origin) if link.embedded_on else "",
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def response_add(self, request: HttpRequest, obj: ShareLink, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the page of the new link, which shows its address."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, _("“%(name)s” is ready. Copy its address.") % {"name": obj}, messages.SUCCESS)
        return redirect("admin:collector_sharelink_change", obj.pk)

    # Revoking

    @admin.action(description=gettext_lazy("Revoke selected links"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> HttpResponse | None:
        links = list(queryset.filter(revoked_at=None))
        ShareLink.objects.filter(pk__in=[link.pk for link in links]).update(revoked_at=timezone.now())
        done = ngettext("Revoked %(number)d link.", "Revoked %(number)d links.", len(links))
        outcome = Outcome(
            history=gettext_lazy("Revoked."),
            done=done % {"number": len(links)},
            nothing=_("Nothing was revoked: the selected links are already revoked."),
        )
        log_changes(request, links, outcome)
        return show_outcome(self, request, links, outcome)


def _origin_of(link: ShareLink) -> str:
    return str(link.origin)  # type: ignore[attr-defined]
