"""The forms of a new project and of a new article: few fields, for the first five minutes. The admin has the others."""

from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from collector.classify.time_zones import time_zone_names
from collector.models import Kind, Pixel, Project
from collector.platform_picker import PlatformsForm
from collector.time_zone_form import TimeZoneForm

UNPUBLISHED = {Kind.APP}  # a program has no snippets: it is made from its declaration


class ProjectForm(TimeZoneForm):
    """The name and the time zone of a new project."""

    class Meta:
        model = Project
        fields = ["name", "timezone"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"}), "timezone": forms.TextInput}


class ArticleForm(PlatformsForm):
    """A new article: its title, its kind, and the platforms where it is published."""

    class Meta:
        model = Pixel
        fields = ["title", "kind", "placements"]
        widgets = {"title": forms.TextInput(attrs={"autocomplete": "off"}), "kind": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [(kind.value, kind.label) for kind in Kind if kind not in UNPUBLISHED]


@dataclass(frozen=True, slots=True)
class CreationForms:
    """What the page places. `project` is None if the article is for a project that exists.

    The first field, or the first one with an error, has the focus, if it is a single control.
    """

    article: ArticleForm
    project: ProjectForm | None = None

    @classmethod
    def of_project(cls, earlier_pixels: QuerySet[Pixel], data: QueryDict | None = None) -> Self:
        """Return the form of a new project and its first article, filled with `data` if there are any.

        It offers the platforms of `earlier_pixels` first, with one query when it is rendered.
        """
        return cls(ArticleForm.offering(earlier_pixels)(data), ProjectForm(data))._focused()

    @classmethod
    def of_article(cls, earlier_pixels: QuerySet[Pixel], data: QueryDict | None = None) -> Self:
        """Return the form of a new article, in the same way."""
        return cls(ArticleForm.offering(earlier_pixels)(data))._focused()

    def are_valid(self) -> bool:
        return all(form.is_valid() for form in self._forms)

    @property
    def time_zones(self) -> list[str]:
        return time_zone_names()

    @property
    def _forms(self) -> list[ProjectForm | ArticleForm]:
        return [self.article] if self.project is None else [self.project, self.article]

    def _focused(self) -> Self:
        names = [(form, name) for form in self._forms for name in form.fields]
        wrong = [(form, name) for form, name in names if name in form.errors]
        form, name = (wrong or names)[0]
        widget = form.fields[name].widget
        if not widget.use_fieldset:  # of several controls each would ask for the focus
            widget.attrs["autofocus"] = True
        return self
