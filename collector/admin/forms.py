"""Forms of the admin: who is a member of a project, and where a pixel is pasted."""

import re
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.classify.platforms import platform_name, platforms_by_kind
from collector.models import Membership, Pixel, Project, Role
from collector.models.validators import validate_placement, validate_placements

PIXELS_AT_ONCE = 500


class ProjectForm(forms.ModelForm[Project]):
    """A project; its time zone is typed, and completed from the `<datalist>` of the page."""

    class Meta:
        model = Project
        fields = ["name", "slug", "timezone", "retention_days", "excluded_networks", "drops_opted_out"]
        widgets = {
            "timezone": forms.TextInput(attrs={"list": "time-zones", "class": "vTextField"}),
            "excluded_networks": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"}),
        }

    def clean_excluded_networks(self) -> str:
        """Return the typed networks, one a line, without blank lines."""
        return "\n".join(self.cleaned_data["excluded_networks"].split())


class MembershipForm(forms.ModelForm[Membership]):
    """A member by user name: no owner of a project gets to see who else has an account."""

    user = forms.ModelChoiceField(
        label=gettext_lazy("User name"),
        queryset=User.objects.all(),
        to_field_name="username",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={
            "invalid_choice": gettext_lazy(
                "Nobody here is called “%(value)s”. Check the spelling, "
                "or ask an administrator to make the account first."
            )
        },
    )

    class Meta:
        model = Membership
        fields = ["user", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # a row of the table has no labels of its own
            field.widget.attrs["aria-label"] = str(field.label)
        if self.instance.pk:
            self.initial["user"] = self.instance.user


class MembershipFormSet(forms.BaseInlineFormSet[Membership, Project, forms.ModelForm[Membership]]):
    """The members of one project, of whom one at least stays an owner."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Remove this member")

    def clean(self) -> None:
        """Raise ValidationError where a project that has an owner would be left without one."""
        super().clean()
        if any(self.errors) or not self.instance.pk:
            return  # whoever makes a project becomes its owner
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        if any(data.get("role") == Role.OWNER for data in kept):
            return
        if self.instance.memberships.filter(role=Role.OWNER).exists():
            raise ValidationError(_("A project needs an owner. Make another member its owner first, then save again."))


class PixelForm(forms.ModelForm[Pixel]):
    """A pixel, with its placements picked from the catalogue or typed."""

    known_placements = forms.MultipleChoiceField(
        label=gettext_lazy("Where you publish it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [
            (_(heading), [(platform.slug, platform_name(platform.slug)) for platform in platforms])
            for heading, platforms in platforms_by_kind().items()
        ],
        help_text=gettext_lazy("You get one snippet for each, and the dashboard tells them apart."),
    )
    own_placements = forms.CharField(
        label=gettext_lazy("Other places"),
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Short names of your own, with commas between them: team-wiki, print-qr-code."),
    )

    class Meta:
        model = Pixel
        fields = ["title", "project", "kind"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {platform.slug for platforms in platforms_by_kind().values() for platform in platforms}
        placements = self.instance.placements
        self.initial["known_placements"] = [slug for slug in placements if slug in known]
        self.initial["own_placements"] = ", ".join(slug for slug in placements if slug not in known)

    def clean_own_placements(self) -> list[str]:
        """Return the typed placements, each valid by itself."""
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
        """Put the picked and the typed placements together, each once."""
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
    """Many pixels at once: a title on each line, all else the same."""

    titles = forms.CharField(
        label=gettext_lazy("Titles"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=gettext_lazy(
            "One on each line, such as a list of what you have published. Each becomes a pixel of its own."
        ),
    )
    field_order = ["titles", "project", "kind", "known_placements", "own_placements"]

    class Meta:
        model = Pixel
        fields = ["project", "kind"]

    def clean_titles(self) -> list[str]:
        """Return the titles, each valid by itself."""
        titles = [line.strip() for line in self.cleaned_data["titles"].splitlines() if line.strip()]
        longest = Pixel._meta.get_field("title").max_length or 0
        for title in titles:
            if len(title) > longest:
                raise ValidationError(
                    _("“%(title)s…” has %(count)s characters; write %(limit)s at most.")
                    % {"title": title[:40], "count": len(title), "limit": longest}
                )
        if len(titles) > PIXELS_AT_ONCE:
            raise ValidationError(
                _("There are %(count)s titles; paste %(limit)s at most, and the others after that.")
                % {"count": len(titles), "limit": PIXELS_AT_ONCE}
            )
        return titles

    def pixels(self) -> list[Pixel]:
        """Return the pixels, not stored yet, in the order of their titles."""
        made = self.instance
        return [
            Pixel(project=made.project, kind=made.kind, placements=made.placements, title=title)
            for title in self.cleaned_data["titles"]
        ]
