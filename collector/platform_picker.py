"""The widget in which an author picks platforms: by search, from those used most, or by kind. And its form field.

Without JavaScript, it is a list of checkboxes by kind and a line for names of the author's own. With JavaScript
(`platform_picker.js`), the same checkboxes are searched, and the picked ones are chips. Both send the same: each picked
placement under the widget's name, and what was typed as `own`.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.classify.platforms import (
    KINDS,
    LEVELS,
    catalogue,
    platform_name,
    platforms_by_kind,
    preselected_platforms,
    usual_platforms,
)
from collector.models import Kind, Pixel
from collector.models.validators import validate_placement, validate_placements
from collector.snippets import what_a_platform_shows

OWN_NAME = "own"
MOST_USED = 8
MAX_READ = 1_000  # placements of a form, many more than a pixel may have; the page repeats each
COUNTED_PIXELS = 200  # the newest ones, whose platforms count as used


class PlatformOption(NamedTuple):
    """One platform to pick. A tuple, because templates unpack it faster: a page has 182 of them.

    `kind` is a key of `KINDS`, or empty for the author's own. `level` is a key of `LEVELS`, or empty; `level_name` says
    it in words. `sees` and `instead` are sentences. `hosts` are separated by spaces, for the search.
    """

    placement: str
    name: str
    kind: str
    level: str
    level_name: str
    sees: str
    instead: str
    hosts: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Platforms under one heading. `kind` is a key of `KINDS`; the groups without one come first and stay open."""

    heading: str
    options: Sequence[PlatformOption]
    kind: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Picker:
    """What the template of the widget shows. Each platform is in one group only.

    `preselected` is JSON: what to pick while the author has picked nothing, by kind of pixel. Empty to leave the choice
    alone when the kind changes. Own names that are typed are sent under the name `own_name`.
    """

    name: str
    id: str
    groups: Sequence[OptionGroup]
    preselected: str = ""
    own_name: str = OWN_NAME

    @property
    def blank(self) -> PlatformOption:
        """An option without a name, from which JavaScript makes those of the author's own platforms."""
        return _option("", is_chosen=False)


def make_picker(
    name: str,
    chosen: Sequence[str],
    most_used: Sequence[str],
    *,
    element_id: str = "",
    preselected: str = "",
) -> Picker:
    """Return the picker of the form field `name`, with the placements in `chosen` picked.

    The groups: what is chosen but not among the most used, the most used, then the others by kind.
    """
    groups = []
    if more_chosen := [placement for placement in chosen if placement not in most_used]:
        groups.append(OptionGroup(_("Chosen"), _options(more_chosen, chosen), is_chosen=True))
    groups.append(OptionGroup(_("Most used"), _options(most_used, chosen)))
    listed = {*most_used, *more_chosen}
    for kind, heading in KINDS.items():
        others = [platform.slug for platform in platforms_by_kind()[heading] if platform.slug not in listed]
        groups.append(OptionGroup(_(heading), _options(others), kind))
    return Picker(name, element_id or f"id_{name}", groups, preselected)


def most_used_platforms(pixels: QuerySet[Pixel] | None = None) -> list[str]:
    """Return the placements to offer first: those that the newest `pixels` have most often, then the usual ones.

    One query, none without pixels.
    """
    counts: Counter[str] = Counter()
    if pixels is not None:
        for placements in pixels.order_by("-pk").values_list("placements", flat=True)[:COUNTED_PIXELS]:
            counts.update(placements)
    used = [placement for placement, _times in counts.most_common() if is_choosable(placement)]
    return list(dict.fromkeys([*used, *usual_platforms()]))[:MOST_USED]


def is_choosable(placement: str) -> bool:
    """Whether people can publish on this platform. Those of the author's own are; an image proxy is not."""
    platform = catalogue().get(placement)
    return platform is None or platform.kind in KINDS


def validate_choice(placement: str) -> None:
    """Raise ValidationError, which says what to do instead, unless an author can pick this placement."""
    if not is_choosable(placement):
        raise ValidationError(
            _("%(platform)s is not a platform you can publish on. Choose another one.")
            % {"platform": platform_name(placement)}
        )
    validate_placement(placement)


class PlatformPicker(forms.Widget):
    """A widget for a list of placements.

    The platforms of `earlier_pixels` come first; they are read when the widget is rendered. With `preselects`, the kind
    that is chosen in the same form picks platforms, until the author picks some.
    """

    template_name = "platform_picker/picker.html"
    use_fieldset = True

    class Media:
        css = {"all": ["css/platform_picker.css"]}
        js = [Script("js/platform_picker.js", type="module")]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.earlier_pixels: QuerySet[Pixel] | None = None
        self.preselects = False

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        """Return the picked and the typed placements, each once: the first `MAX_READ`."""
        picked = data.getlist(name) if isinstance(data, QueryDict) else data.get(name, [])
        typed = re.split(r"[,\s]+", data.get(OWN_NAME) or "")
        cleaned = [placement.strip().lower() for placement in (*picked, *typed)]
        return list(dict.fromkeys(filter(None, cleaned)))[:MAX_READ]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False  # like any list of checkboxes: nothing is sent if none is checked

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_search" if id_ else ""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Render with our own templates, which the renderer of Django's forms does not find."""
        picker = make_picker(
            name,
            value or [],
            most_used_platforms(self.earlier_pixels),
            element_id=str((attrs or {}).get("id", "")),
            preselected=json.dumps(preselected_platforms()) if self.preselects else "",
        )
        return render_to_string(self.template_name, {"picker": picker})


class PlatformsField(forms.Field):
    """A list of placements, picked from the catalogue or typed. Its value has no invalid or repeated ones."""

    widget = PlatformPicker

    def to_python(self, value: Any) -> list[str]:
        return list(value or [])

    def validate(self, value: list[str]) -> None:
        """Raise ValidationError with what is wrong with each placement."""
        super().validate(value)
        errors: list[ValidationError] = []
        for placement in value:
            try:
                validate_choice(placement)
            except ValidationError as error:
                errors.append(error)
        if errors:
            raise ValidationError(errors)
        validate_placements(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or []) != set(data or [])


class PlatformsForm(forms.ModelForm[Pixel]):
    """A form of a pixel whose platforms are picked. The platforms of `earlier_pixels` come first."""

    earlier_pixels: QuerySet[Pixel] | None = None
    placements = PlatformsField(
        label=gettext_lazy("Where you publish it"),
        required=False,
        help_text=gettext_lazy("You get a snippet for each platform, and the dashboard counts each separately."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        picker: Any = self.fields["placements"].widget
        picker.earlier_pixels = self.earlier_pixels
        if self.instance.pk is None and not self.is_bound and not self.initial.get("placements"):
            picker.preselects = True
            kind = str(self.initial.get("kind") or Kind.ARTICLE)
            self.initial["placements"] = preselected_platforms().get(kind, [])

    @classmethod
    def offering(cls, earlier_pixels: QuerySet[Pixel]) -> type[Self]:
        """Return this form with the platforms of `earlier_pixels` first."""
        return type(cls.__name__, (cls,), {"earlier_pixels": earlier_pixels})

    def clean_placements(self) -> list[str]:
        """Return the placements: those that the pixel has already in their order, then the new ones."""
        placements: list[str] = self.cleaned_data["placements"]
        kept = [placement for placement in self.instance.placements if placement in placements]
        return list(dict.fromkeys([*kept, *placements]))


def _options(placements: Iterable[str], chosen: Collection[str] = ()) -> list[PlatformOption]:
    return [_option(placement, is_chosen=placement in chosen) for placement in placements]


def _option(placement: str, *, is_chosen: bool) -> PlatformOption:
    platform = catalogue().get(placement)
    sees, instead = what_a_platform_shows(placement or "own")
    if platform is None:
        return PlatformOption(placement, placement, "", "", "", sees, instead, "", is_chosen)
    level_name = _(LEVELS[platform.level])
    hosts = " ".join(platform.hosts)
    return PlatformOption(
        placement, platform_name(placement), platform.kind, platform.level, level_name, sees, instead, hosts, is_chosen
    )
