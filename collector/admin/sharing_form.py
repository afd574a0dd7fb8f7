"""The form of a share link: what it shows, its password, its expiry, and the sites that may embed it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.admin.filters import is_key
from collector.models import Kind, Pixel, ProgramSection, Project, Section, ShareLink
from collector.models.access import all_sections, validate_origins

PIXELS_LISTED = 500
MIN_PASSWORD = 8
MAX_PASSWORD = 128
LAST_YEAR = 2999  # far from 9999: its last evening is in the year 10000 of another time zone, which Python can't hold


class ClockField(forms.DateTimeField):
    """A moment without a time zone. The form adds the time zone of the project later."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "vTextField"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        return moment and moment.replace(tzinfo=None)


class ShareLinkForm(forms.ModelForm[ShareLink]):
    """A share link. The admin limits `project` and `pixel` to the user's own, and fixes both on existing links."""

    shows = forms.MultipleChoiceField(
        label=gettext_lazy("Shows"),
        choices=[(gettext_lazy("Articles"), Section.choices), (gettext_lazy("Programs"), ProgramSection.choices)],
        initial=all_sections,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Key figures are always shown. Without platforms, the trend is a single line. Programs have parts of their "
            "own."
        ),
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
            _("A password is set. Type a new one to change it. Readers who used the old one are then asked again.")
            if has_password
            else _("Leave empty for no password. You can change it later, but not see it.")
        )
        if not has_password:
            del self.fields["removes_password"]
        self.fields["expires_at"].help_text = (
            _("Date and time in %(zone)s. Leave empty for no expiry.") % {"zone": project.timezone}
            if project
            else _("Date and time in the project's time zone. Leave empty for no expiry.")
        )
        if link.expires_at:
            self.initial["expires_at"] = link.expires_at.astimezone(link.project.zone).replace(tzinfo=None)

    def _chosen_project(self) -> Project | None:
        """Return the project named by the posted form or the page's address, if the user may choose it."""
        choice: Any = self.fields.get("project")
        value = (self.data.get(self.add_prefix("project")) if self.is_bound else None) or self.initial.get("project")
        try:
            chosen: Project | None = choice.clean(value) if choice else None
        except ValidationError:
            return None
        return chosen

    def _offer_pixels(self, project: Project | None) -> None:
        """Offer the newest pixels, and the chosen one however old it is."""
        field: Any = self.fields["pixel"]
        field.empty_label = _("The whole project")
        if project:
            field.queryset = field.queryset.filter(project=project)
        pixels = field.queryset.select_related("project").order_by("-created_at", "-pk")
        listed = list(pixels[:PIXELS_LISTED])
        chosen = str(self.data.get(self.add_prefix("pixel")) or self.initial.get("pixel") or "")
        if is_key(chosen) and not any(pixel.pk == int(chosen) for pixel in listed):
            listed += list(pixels.filter(pk=chosen))
        choices: list[Any] = [("", field.empty_label)]
        if project:
            choices += [(pixel.pk, pixel.title) for pixel in listed]
        else:
            choices += _by_project(listed)
        field.widget.choices = choices
        if len(listed) >= PIXELS_LISTED:
            field.help_text = _("Only the newest articles are listed. To share an older one, use “Share” on its page.")

    def clean_embedded_on(self) -> str:
        """Return the sites, one per line and each once. Host names are in IDNA form, as browsers compare them."""
        lines = []
        for line in self.cleaned_data["embedded_on"].split():
            scheme, slashes, host = line.partition("://")
            try:
                lines.append(line if line.isascii() else scheme + slashes + host.encode("idna").decode())
            except UnicodeError as error:
                raise ValidationError(_("“%(line)s” is not a valid name of a site.") % {"line": line}) from error
        text = "\n".join(dict.fromkeys(lines))
        validate_origins(text)
        return text

    def clean(self) -> dict[str, Any]:
        """Refuse fields that contradict each other, and read the expiry in the project's time zone."""
        data = super().clean() or self.cleaned_data
        project = self.instance.project if self.instance.project_id else data.get("project")
        expires_at = data.pop("expires_at", None)
        if project:
            data["expires_at"] = expires_at and expires_at.replace(tzinfo=project.zone)
            self._check_expiry(data["expires_at"], project)
        if data.get("new_password") and data.get("removes_password"):
            self.add_error("removes_password", _("Type a new password or remove the current one, not both."))
        if data.get("embedded_on"):
            self._check_frame(data)
        return data

    def _check_frame(self, data: dict[str, Any]) -> None:
        keeps_password = self.instance.password and not data.get("removes_password")
        if data.get("new_password") or keeps_password:
            self.add_error(
                "embedded_on",
                _("A frame can't ask for a password. Remove the password, or leave this field empty."),
            )
        pixel = self.instance.pixel if self.instance.pk else data.get("pixel")
        if pixel and pixel.kind == Kind.APP:
            if ProgramSection.ACTIVES not in data.get("shows", []):
                self.add_error(
                    "embedded_on",
                    _("The frame shows the active installations. Select them above, or leave this field empty."),
                )
        elif Section.TREND not in data.get("shows", []):
            self.add_error(
                "embedded_on",
                _("The frame shows the trend. Select “Trend” above, or leave this field empty."),
            )

    def _check_expiry(self, expires_at: datetime | None, project: Project) -> None:
        if expires_at is None or "expires_at" not in self.changed_data:
            return
        if expires_at.year > LAST_YEAR:
            self.add_error("expires_at", self.fields["expires_at"].error_messages["invalid"])
        elif expires_at <= timezone.now():
            now = date_format(timezone.localtime(timezone=project.zone), "Y-m-d H:i")
            self.add_error(
                "expires_at",
                _("Choose a later time: it is %(now)s in %(zone)s. To end the link now, revoke it.")
                % {"now": now, "zone": project.timezone},
            )

    def save(self, commit: bool = True) -> ShareLink:
        if self.cleaned_data["new_password"]:
            self.instance.set_password(self.cleaned_data["new_password"])
        elif self.cleaned_data.get("removes_password"):
            self.instance.set_password("")
        return super().save(commit)


def _by_project(pixels: Iterable[Pixel]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the choices of pixels, grouped by the name of their project."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for pixel in pixels:
        groups.setdefault(pixel.project.name, []).append((pixel.pk, pixel.title))
    return list(groups.items())
