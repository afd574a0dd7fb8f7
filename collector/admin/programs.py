"""Programs in the admin: the declaration is pasted as it is, and its page shows what clients need."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import collector.programs
from collector.admin.wording import joined
from collector.models import Kind, Pixel
from collector.programs.changes import ended_events
from collector.programs.clients import LANGUAGES
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.declaring import Declared, refuse_taken_id

EXAMPLE = Path(str(collector.programs.__file__)).with_name("example.toml")
MAX_LISTED = 12  # fields in one message


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What the page of a program shows. `schema` is empty as long as it has no declaration."""

    schema: str
    endpoint: str
    languages: list[tuple[str, str]]


def program_facts(pixel: Pixel, base: str) -> ProgramFacts:
    """Return what to show of a program. One query."""
    schema = pixel.declaration.schema if hasattr(pixel, "declaration") else ""
    languages = [(key, language.name) for key, language in LANGUAGES.items()]
    return ProgramFacts(schema, f"{base}/e/{pixel.token}", languages)


class ProgramForm(forms.ModelForm[Pixel]):
    """A program. With a declaration, its name is the title, and its kind stays."""

    declaration = forms.CharField(
        label=gettext_lazy("Declaration"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "vLargeTextField declaration", "spellcheck": "false"}),
        help_text=gettext_lazy("Paste your telemetry.toml. It says what the program may report, and why."),
    )
    starts_with_example = False

    class Meta:
        model = Pixel
        fields = ["title", "project", "kind"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_declared(self.instance):
            self.initial["declaration"] = self.instance.declaration.text
        elif self.starts_with_example:
            self.initial["declaration"] = EXAMPLE.read_text("utf-8")

    @classmethod
    def beginning_with_example(cls, starts_with_example: bool) -> "type[ProgramForm]":
        """Return the form, or one whose declaration is filled with an example."""
        return _ProgramFormWithExample if starts_with_example else cls

    @staticmethod
    def field_names(pixel: Pixel) -> list[str]:
        return ["project", "declaration"] if is_declared(pixel) else ["title", "project", "kind", "declaration"]

    def clean_declaration(self) -> str:
        """Return the declaration with the line ends of Unix. Raises ValidationError with everything that is wrong."""
        text = str(self.cleaned_data["declaration"]).replace("\r\n", "\n")
        if not text.strip():
            if is_declared(self.instance):
                raise ValidationError(_("A program keeps its declaration. To stop counting, retire the program."))
            return ""
        try:
            read_declaration(text)
        except DeclarationError as error:
            raise _as_validation_error(error) from error
        return text

    def clean(self) -> dict[str, Any]:
        """Check that no other program of the project has the same id. A declaration makes it a program."""
        data = super().clean() or self.cleaned_data
        project = data.get("project") or getattr(self.instance, "project", None)
        if data.get("declaration") and project is not None:
            data["kind"] = Kind.APP
            try:
                refuse_taken_id(Pixel(pk=self.instance.pk, project=project), data["declaration"])
            except DeclarationError as error:
                self.add_error("declaration", _as_validation_error(error))
        return data


class _ProgramFormWithExample(ProgramForm):
    starts_with_example = True


def is_declared(pixel: Pixel) -> bool:
    """Say whether a program has a declaration. One query, the first time."""
    return hasattr(pixel, "declaration")


def show_changes(model_admin: admin.ModelAdmin[Any], request: HttpRequest, declared: Declared) -> None:
    """Say what a declaration changes for users, and which events are over."""
    changed = declared.changes
    texts = []
    if changed.wider:
        texts.append(_("New fields. Users are told about them before they are sent: %(fields)s") % _few(changed.wider))
    if changed.narrower:
        texts.append(_("Fields that are no longer accepted: %(fields)s") % _few(changed.narrower))
    if changed.others:
        texts.append(_("Also changed: %(fields)s") % _few(changed.others))
    for text in texts:
        model_admin.message_user(request, text, messages.INFO)
    for event in ended_events(declared.program, timezone.now().date())[:MAX_LISTED]:
        text = _("“%(event)s” ended on %(day)s and is no longer recorded. Remove it, or write a later date.")
        model_admin.message_user(request, text % {"event": event.name, "day": event.until}, messages.WARNING)


def _few(fields: Sequence[str]) -> dict[str, str]:
    more = ["…"] if len(fields) > MAX_LISTED else []
    return {"fields": joined([*fields[:MAX_LISTED], *more])}


def _as_validation_error(error: DeclarationError) -> ValidationError:
    return ValidationError([str(problem) for problem in error.problems])
