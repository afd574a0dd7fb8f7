"""Pixels in the admin, with their snippets; for owners and editors of their projects."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.addresses import address_warning
from collector.admin.filters import EditableProjectFilter, PixelStateFilter
from collector.admin.forms import PixelForm, SeveralPixelsForm
from collector.admin.pixel_actions import (
    delete_selected,
    has_counts,
    mute,
    refuse_to_delete,
    reinstate,
    retire,
    unmute,
)
from collector.admin.programs import ProgramForm, program_facts, show_changes
from collector.admin.scope import Scope
from collector.admin.wording import joined, moment
from collector.audit import record_changes
from collector.classify.platforms import platform_name
from collector.models import Kind, Pixel, Project, ShareLink
from collector.programs.declaring import declare_pixel
from collector.snippets import base_url, snippets


@admin.register(Pixel)
class PixelAdmin(Scope, admin.ModelAdmin[Pixel]):
    """Pixels of the projects that the user may edit."""

    form = PixelForm
    list_display = ["title", "project", "kind", "platforms", "state", "dashboard"]
    list_filter = [PixelStateFilter, "kind", EditableProjectFilter]
    list_select_related = ["project"]
    search_fields = ["title", "token"]
    actions = [mute, unmute, retire, reinstate, delete_selected]
    fields = ["title", "project", "kind", "placements", "words", "min_reading_seconds"]
    readonly_fields = ["project_name", "token", "state", "created"]

    @admin.display(description=gettext_lazy("project"))
    def project_name(self, pixel: Pixel) -> str:
        """Name the project without Django's link to its page, which editors may not open."""
        return pixel.project.name

    @admin.display(description=gettext_lazy("platforms"))
    def platforms(self, pixel: Pixel) -> str:
        return joined(platform_name(placement) for placement in pixel.placements) or _("none")

    @admin.display(description=gettext_lazy("state"), ordering="retired_at")
    def state(self, pixel: Pixel) -> str:
        if pixel.retired_at:
            return _("Retired %(moment)s") % {"moment": moment(pixel.retired_at, pixel.project)}
        paused = end_of_pause(pixel)
        return _("Paused until %(moment)s") % {"moment": paused} if paused else _("Counting")

    @admin.display(description=gettext_lazy("created"))
    def created(self, pixel: Pixel) -> str:
        return moment(pixel.created_at, pixel.project)

    @admin.display(description=gettext_lazy("dashboard"))
    def dashboard(self, pixel: Pixel) -> SafeString:
        return format_html('<a class="nowrap" href="{}">{}</a>', self.view_on_site(pixel), _("Dashboard"))

    def view_on_site(self, obj: Pixel) -> str:
        return reverse("pixel", args=[obj.project.slug, obj.pk])

    # Who may do what

    def scope(self, user: User | AnonymousUser) -> QuerySet[Pixel]:
        return Pixel.objects.editable_by(user)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (isinstance(obj, Pixel) and has_counts(obj))

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: Pixel | None = None) -> Any:
        """Make the project read-only once the pixel has counts or share links: those would stay in the old project."""
        if obj is None:
            return [(None, {"fields": self.fields})]
        is_project_fixed = has_counts(obj) or is_shared(obj)
        names = ProgramForm.field_names(obj) if obj.kind == Kind.APP else self.fields or []
        fields = ["project_name" if name == "project" and is_project_fixed else name for name in names]
        return [(_("Edit"), {"fields": fields}), (_("Details"), {"fields": ["token", "state", "created"]})]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        if db_field.name == "project":
            kwargs["queryset"] = Project.objects.editable_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Pixel | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer to create a project beside the choice, but not to edit or delete one. A program has its own form."""
        if obj is not None and obj.kind == Kind.APP:
            kwargs = {"form": ProgramForm.beginning_with_example("example" in request.GET), **kwargs}
        else:
            kwargs = {"form": PixelForm.offering(self.scope(request.user)), **kwargs}
        form = super().get_form(request, obj, change, **kwargs)
        if "project" in form.base_fields:
            widget: Any = form.base_fields["project"].widget
            widget.can_change_related = widget.can_view_related = widget.can_delete_related = False
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        projects = list(Project.objects.editable_by(request.user).values_list("pk", flat=True)[:2])
        if len(projects) == 1:
            initial.setdefault("project", str(projects[0]))
        return initial

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Pixels"), **(extra_context or {})})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if self.has_add_permission(request) and not Project.objects.editable_by(request.user).exists():
            return self._redirect_to_first_project(request)
        return super().add_view(request, form_url, extra_context)

    def get_urls(self) -> list[URLPattern]:
        several = path("several/", self.admin_site.admin_view(self.several_view), name="collector_pixel_several")
        return [several, *super().get_urls()]

    def several_view(self, request: HttpRequest) -> HttpResponse:
        """Create a pixel from each line of a pasted list of titles."""
        projects = Project.objects.editable_by(request.user)
        if not projects.exists():
            return self._redirect_to_first_project(request)
        form_class = SeveralPixelsForm.offering(self.scope(request.user))
        form = form_class(request.POST or None, initial=self.get_changeform_initial_data(request))
        choice: Any = form.fields["project"]
        choice.queryset = projects
        if request.method == "POST" and form.is_valid():
            pixels = Pixel.objects.bulk_create(form.pixels())
            record_changes(request.user.pk, pixels, ADDITION, gettext_lazy("Added in bulk."))
            created = ngettext("Created %(count)s pixel.", "Created %(count)s pixels.", len(pixels))
            self.message_user(request, created % {"count": len(pixels)}, messages.SUCCESS)
            if form.instance.kind == Kind.APP:  # programs have no snippets
                return redirect("admin:collector_pixel_changelist")
            return redirect("project_snippets", form.instance.project.slug)
        context = {**self.admin_site.each_context(request), "form": form, "title": _("Add several pixels")}
        return render(request, "admin/collector/pixel/several.html", context)

    def _redirect_to_first_project(self, request: HttpRequest) -> HttpResponse:
        self.message_user(request, _("A pixel belongs to a project. Create your first project here, then add pixels."))
        return redirect("admin:collector_project_add")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        pixel = self.get_object(request, unquote(object_id))
        if pixel is not None:
            extra_context = {
                **(extra_context or {}),
                "title": pixel.title,
                "subtitle": None,
                "address_warning": address_warning(base_url(request), is_for_images=pixel.kind != Kind.APP),
                "snippets": snippets(pixel, base_url(request)) if pixel.kind != Kind.APP else [],
                "program": program_facts(pixel, base_url(request)) if pixel.kind == Kind.APP else None,
                "has_counts": has_counts(pixel),
                "paused_until": end_of_pause(pixel),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Pixel, form: Any, change: bool) -> None:
        """Save a pixel and, if the form has one, its declaration. Say what that changes."""
        super().save_model(request, obj, form, change)
        if text := form.cleaned_data.get("declaration"):
            show_changes(self, request, declare_pixel(obj, text))

    def response_add(self, request: HttpRequest, obj: Pixel, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the page of the new pixel, which shows its snippets, or takes its declaration."""
        if IS_POPUP_VAR in request.POST or "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        if obj.kind == Kind.APP:
            message = _("“%(title)s” is ready. Paste its declaration below.") % {"title": obj}
        else:
            message = _("“%(title)s” is ready. Copy a snippet for each platform.") % {"title": obj}
        self.message_user(request, message, messages.SUCCESS)
        return redirect("admin:collector_pixel_change", obj.pk)

    # Deleting

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        pixel = self.get_object(request, unquote(object_id))
        if pixel is not None and has_counts(pixel):
            refuse_to_delete(self, request, [pixel])
            return redirect("admin:collector_pixel_change", pixel.pk)
        return super().delete_view(request, object_id, extra_context)


def is_shared(pixel: Pixel) -> bool:
    """Say whether there is a share link for this pixel, whatever its state."""
    return ShareLink.objects.filter(pixel=pixel).exists()


def end_of_pause(pixel: Pixel) -> str:
    """Return the time at which counting resumes, with its zone; empty if the pixel is not paused."""
    paused_until = pixel.paused_until(timezone.now())
    return f"{paused_until:%H:%M} {pixel.project.timezone}" if paused_until else ""
