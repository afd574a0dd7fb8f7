"""The form of a share link: what it opens, what it shows, and to whom."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.admin.filters import is_key
from collector.models import Project, Section, ShareLink
from collector.models.access import all_sections, validate_origins

PIXELS_LISTED = 500
MIN_PASSWORD = 8
MAX_PASSWORD = 128
LAST_YEAR = 2999  # far from 9999, whose last evening is a year too late for Python by the clock of another zone


class ClockField(forms.DateTimeField):
    """A moment as the clock of some time zone shows it; which one, the form finds out later."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "vTextField"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        return moment and moment.replace(tzinfo=None)


class ShareLinkForm(forms.ModelForm[ShareLink]):
    """A share link. The admin narrows `project` and `pixel` to the user's own; both are fixed once it is made."""

    shows = forms.MultipleChoiceField(
        label=gettext_lazy("Shows"),
        choices=Section.choices,
        initial=all_sections,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("The key figures are always there. Without platforms, the trend is one line for all."),
    )
    new_password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    removes_password = forms.BooleanField(label=gettext_lazy("Remove the password"), required=False)
    expires_at = ClockField(label=gettext_lazy("Expires"), required=False)

    class Meta:
        model = ShareLink
        fields = ["project", "pixel", "name", "shows", "expires_at", "embedded_on"]
        labels = {"pixel": gettext_lazy("Article")}
        error_messages = {"pixel": {"invalid_choice": gettext_lazy("Choose an article of the project above.")}}
        widgets = {"embedded_on": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        link = self.instance
        project = link.project if link.project_id else self._chosen_project()
        if "pixel" in self.fields:
            self._offer_pixels(project)
        has_password = bool(link.password)
        self.fields["new_password"].help_text = (
            _("One is set. Type another to change it; whoever came in with the old one is then asked again.")
            if has_password
            else _("Empty for none. You can't read it here again, only change it.")
        )
        if not has_password:
            del self.fields["removes_password"]
        self.fields["expires_at"].help_text = (
            _("Date and time in %(zone)s; empty for never.") % {"zone": project.timezone}
            if project
            else _("Date and time in the project's own time zone; empty for never.")
        )
        if link.expires_at:
            self.initial["expires_at"] = link.expires_at.astimezone(link.project.zone).replace(tzinfo=None)

    def _chosen_project(self) -> Project | None:
        """Return the project that the page's address or the posted form names, if the user may choose it."""
        choice: Any = self.fields.get("project")
        value = (self.data.get(self.add_prefix("project")) if self.is_bound else None) or self.initial.get("project")
        try:
            chosen: Project | None = choice.clean(value) if choice else None
        except ValidationError:
            return None
        return chosen

    def _offer_pixels(self, project: Project | None) -> None:
        """List the newest pixels that may be chosen, and the one that is, however old."""
        field: Any = self.fields["pixel"]
        field.empty_label = _("The whole project")
        if project:
            field.queryset = field.queryset.filter(project=project)
        pixels = field.queryset.select_related("project").order_by("-created_at", "-pk")
        listed = list(pixels[:PIXELS_LISTED])
        present = str(self.data.get(self.add_prefix("pixel")) or self.initial.get("pixel") or "")
        if is_key(present) and not any(pixel.pk == int(present) for pixel in listed):
            listed += list(pixels.filter(pk=present))
        groups: dict[str, list[tuple[int, str]]] = {}
        for pixel in listed:
            groups.setdefault(pixel.project.name, []).append((pixel.pk, pixel.title))
        named = list(groups.items()) if not project else [pair for group in groups.values() for pair in group]
        field.widget.choices = [("", field.empty_label), *named]
        if len(listed) >= PIXELS_LISTED:
            field.help_text = _("These are the newest; share an older one from its own page.")

    def clean_embedded_on(self) -> str:
        """Return the sites, one a line and each once, their names as browsers compare them (IDNA)."""
        lines = []
        for line in self.cleaned_data["embedded_on"].split():
            scheme, slashes, host = line.partition("://")
            try:
                lines.append(line if line.isascii() else scheme + slashes + host.encode("idna").decode())
            except UnicodeError as error:
                raise ValidationError(_("“%(line)s” has a name that no site can have.") % {"line": line}) from error
        text = "\n".join(dict.fromkeys(lines))
        validate_origins(text)
        return text

    def clean(self) -> dict[str, Any]:
        """Refuse what does not fit together, and read the expiry by the clock of the project."""
        data = super().clean() or self.cleaned_data
        project = self.instance.project if self.instance.project_id else data.get("project")
        expires_at = data.pop("expires_at", None)
        if project:
            data["expires_at"] = expires_at and expires_at.replace(tzinfo=project.zone)
            self._check_expiry(data["expires_at"], project)
        if data.get("new_password") and data.get("removes_password"):
            self.add_error("removes_password", _("Type a new password or remove the present one, not both."))
        if data.get("embedded_on"):
            if data.get("new_password") or (self.instance.password and not data.get("removes_password")):
                self.add_error("embedded_on", _("A frame can't ask for a password: remove it, or name no sites here."))
            if Section.TREND not in data.get("shows", []):
                self.add_error("embedded_on", _("What stands in a frame is the trend: show it, or name no sites here."))
        return data

    def _check_expiry(self, expires_at: datetime | None, project: Project) -> None:
        if expires_at is None or "expires_at" not in self.changed_data:
            return
        if expires_at.year > LAST_YEAR:
            self.add_error("expires_at", self.fields["expires_at"].error_messages["invalid"])
        elif expires_at <= timezone.now():
            now = date_format(timezone.localtime(timezone=project.zone), "Y-m-d H:i")
            self.add_error(
                "expires_at",
                _("That is over: it is %(now)s in %(zone)s. To end the link now, revoke it.")
                % {"now": now, "zone": project.timezone},
            )

    def save(self, commit: bool = True) -> ShareLink:
        if self.cleaned_data["new_password"]:
            self.instance.set_password(self.cleaned_data["new_password"])
        elif self.cleaned_data.get("removes_password"):
            self.instance.set_password("")
        return super().save(commit)
