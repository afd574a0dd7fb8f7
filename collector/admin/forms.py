"""Forms of the admin: projects and their members, and pixels with their platforms."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.admin.own_addresses import OwnAddresses
from collector.models import Membership, Pixel, Project, Role
from collector.models.validators import validate_title
from collector.platform_picker import PlatformsForm
from collector.time_zone_form import TimeZoneForm

PIXELS_AT_ONCE = 500


class ProjectForm(TimeZoneForm):
    """A project, with all that its owners decide."""

    class Meta:
        model = Project
        fields = [
            "name", "slug", "timezone", "first_weekday", "retention_days", "ignores_members", "excluded_networks",
            "sites", "drops_opted_out", "min_reading_seconds",
        ]  # fmt: skip
        widgets = {
            "timezone": forms.TextInput(attrs={"class": "vTextField"}),
            "excluded_networks": OwnAddresses,
            "sites": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"}),
        }

    def clean_sites(self) -> str:
        """Return the sites, one per line, without blank lines."""
        return "\n".join(filter(None, map(str.strip, self.cleaned_data["sites"].splitlines())))

    def clean_excluded_networks(self) -> str:
        """Return the networks, one per line, without blank lines."""
        return "\n".join(self.cleaned_data["excluded_networks"].split())


class MembershipForm(forms.ModelForm[Membership]):
    """A member, typed by user name: a list to choose from would show owners the accounts of others."""

    user = forms.ModelChoiceField(
        label=gettext_lazy("User name"),
        queryset=User.objects.all(),
        to_field_name="username",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={
            "invalid_choice": gettext_lazy(
                "There is no user “%(value)s”. Check the spelling, or ask an administrator to create the account first."
            )
        },
    )

    class Meta:
        model = Membership
        fields = ["user", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # a row of the table shows no labels
            field.widget.attrs["aria-label"] = str(field.label)
        if self.instance.pk:
            self.initial["user"] = self.instance.user


class MembershipFormSet(forms.BaseInlineFormSet[Membership, Project, forms.ModelForm[Membership]]):
    """The members of one project. At least one must stay an owner."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Remove this member")

    def clean(self) -> None:
        """Raise ValidationError if a project that has an owner would be left without one."""
        super().clean()
        if any(self.errors) or not self.instance.pk:
            return  # the user who creates a project becomes its owner
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        if any(data.get("role") == Role.OWNER for data in kept):
            return
        if self.instance.memberships.filter(role=Role.OWNER).exists():
            raise ValidationError(_("A project needs an owner. Make another member its owner first, then save again."))


class PixelForm(PlatformsForm):
    """A pixel, with the platforms where it is pasted."""

    class Meta:
        model = Pixel
        fields = ["title", "project", "kind", "placements", "words", "min_reading_seconds"]


class SeveralPixelsForm(PixelForm):
    """Several pixels at once: one title per line, everything else the same."""

    titles = forms.CharField(
        label=gettext_lazy("Titles"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy("One title per line, such as a list of your articles. Each becomes a pixel."),
    )
    field_order = ["titles", "project", "kind", "placements"]

    class Meta:
        model = Pixel
        fields = ["project", "kind", "placements"]

    def clean_titles(self) -> list[str]:
        """Return the titles. Raises ValidationError for one that is too long, and for too many."""
        titles = [line.strip() for line in self.cleaned_data["titles"].splitlines() if line.strip()]
        max_length = Pixel._meta.get_field("title").max_length or 0
        for title in titles:
            if len(title) > max_length:
                raise ValidationError(
                    _("“%(title)s…” has %(count)s characters. The limit is %(limit)s.")
                    % {"title": title[:40], "count": len(title), "limit": max_length}
                )
            try:
                validate_title(title)
            except ValidationError as error:
                raise ValidationError(f"“{title[:40]}”: {error.messages[0]}") from error
        if len(titles) > PIXELS_AT_ONCE:
            raise ValidationError(
                _("There are %(count)s titles. Paste at most %(limit)s at once.")
                % {"count": len(titles), "limit": PIXELS_AT_ONCE}
            )
        return titles

    def pixels(self) -> list[Pixel]:
        """Return the pixels in the order of their titles, not saved yet."""
        template = self.instance
        return [
            Pixel(project=template.project, kind=template.kind, placements=template.placements, title=title)
            for title in self.cleaned_data["titles"]
        ]
