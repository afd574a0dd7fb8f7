"""Forms of the admin: projects and their members, and pixels with their platforms."""

import re
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.classify.platforms import platform_name, platforms_by_kind
from collector.models import Membership, Pixel, Project, Role
from collector.models.validators import validate_placement, validate_placements, validate_title

PIXELS_AT_ONCE = 500


class ProjectForm(forms.ModelForm[Project]):
    """A project. Its time zone is typed; the page's `<datalist>` completes it."""

    class Meta:
        model = Project
        fields = [
            "name", "slug", "timezone", "retention_days", "excluded_networks", "sites", "drops_opted_out",
            "min_reading_seconds",
        ]  # fmt: skip
        widgets = {
            "timezone": forms.TextInput(attrs={"list": "time-zones", "class": "vTextField"}),
            "excluded_networks": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"}),
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


class PixelForm(forms.ModelForm[Pixel]):
    """A pixel. Its placements are picked from the catalogue or typed."""

    known_placements = forms.MultipleChoiceField(
        label=gettext_lazy("Where you publish it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [
            (_(heading), [(platform.slug, platform_name(platform.slug)) for platform in platforms])
            for heading, platforms in platforms_by_kind().items()
        ],
        help_text=gettext_lazy("You get a snippet for each platform, and the dashboard counts each separately."),
    )
    own_placements = forms.CharField(
        label=gettext_lazy("Other platforms"),
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Your own short names, separated by commas: team-wiki, print-qr-code."),
    )

    class Meta:
        model = Pixel
        fields = ["title", "project", "kind", "words", "min_reading_seconds"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        catalogue_slugs = {platform.slug for platforms in platforms_by_kind().values() for platform in platforms}
        placements = self.instance.placements
        self.initial["known_placements"] = [slug for slug in placements if slug in catalogue_slugs]
        self.initial["own_placements"] = ", ".join(slug for slug in placements if slug not in catalogue_slugs)

    def clean_own_placements(self) -> list[str]:
        """Return the typed placements. Raises ValidationError with all that are invalid."""
        typed = [slug for slug in re.split(r"[,\s]+", self.cleaned_data["own_placements"]) if slug]
        errors = []
        for slug in typed:
            try:
                validate_placement(slug)
            except ValidationError as error:
                errors.append(error)
        if errors:
            raise ValidationError(errors)
        return typed

    def clean(self) -> dict[str, Any]:
        """Combine the picked and the typed placements, without repetitions."""
        data = super().clean() or self.cleaned_data
        if "known_placements" in data and "own_placements" in data:
            placements = list(dict.fromkeys([*data["known_placements"], *data["own_placements"]]))
            try:
                validate_placements(placements)
            except ValidationError as error:
                self.add_error("own_placements", error)
            else:
                self.instance.placements = placements
        return data


class SeveralPixelsForm(PixelForm):
    """Several pixels at once: one title per line, everything else the same."""

    titles = forms.CharField(
        label=gettext_lazy("Titles"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy("One title per line, such as a list of your articles. Each becomes a pixel."),
    )
    field_order = ["titles", "project", "kind", "known_placements", "own_placements"]

    class Meta:
        model = Pixel
        fields = ["project", "kind"]

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
