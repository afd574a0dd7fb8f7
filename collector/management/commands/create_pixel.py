"""`manage.py create_pixel`: create a pixel, and its project if that is new."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from collector.addresses import address_warning
from collector.management.projects import project_or_new, warn_without_owner
from collector.models import Kind, Pixel, Project
from collector.models.validators import validate_placements, validate_title
from collector.snippets import Snippet, base_url, snippets


class Command(BaseCommand):
    help = "Create a pixel, and its project if that is new. Print the token and the snippets to paste."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="the project's slug, such as my-blog")
        parser.add_argument("title", metavar="TITLE", help="the article's headline, or the program's name")
        parser.add_argument(
            "--kind", default=Kind.ARTICLE.value, help=f"one of {', '.join(Kind.values)} (default article)"
        )
        parser.add_argument(
            "--placement",
            metavar="SLUG",
            action="extend",
            nargs="+",
            default=[],
            help="where you paste it, such as medium or dev-to; one or more, and you may repeat the option",
        )
        parser.add_argument(
            "--public-badge", action="store_true", help="let everybody read its number of visits from its badge"
        )
        parser.add_argument("--owner", metavar="USERNAME", help="the owner, if the project is new")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            project = project_or_new(options["project"], options["owner"])
            pixel = new_pixel(project, options["title"], options["kind"], options["placement"] or [])
            if options["public_badge"]:
                pixel.has_public_badge = True
                pixel.save(update_fields=["has_public_badge"])
        warn_without_owner(project, self.stderr)
        if warning := address_warning(base_url(), is_for_images=pixel.kind != Kind.APP):
            self.stderr.write(f"Warning: {warning}")
        if options["json"]:
            self.stdout.write(as_json(pixel))
        else:
            self.stdout.write(as_text(pixel))


def new_pixel(project: Project, title: str, kind: str, placements: list[str]) -> Pixel:
    """Store a pixel and return it; raise CommandError if one of its values is not allowed."""
    title = title.strip()
    max_length = Pixel._meta.get_field("title").max_length or 0
    if not title:
        raise CommandError("The title is empty. Write the article's headline or the program's name.")
    if len(title) > max_length:
        raise CommandError(f"The title has {len(title)} characters. Use at most {max_length}.")
    try:
        validate_title(title)
    except ValidationError as error:
        raise CommandError(f"The title can't be used. {error.messages[0]}") from None
    if kind not in Kind.values:
        raise CommandError(f"“{kind}” is not a kind of pixel. Use one of {', '.join(Kind.values)}.")
    placements = list(dict.fromkeys(placements))
    try:
        validate_placements(placements)
    except ValidationError as error:
        raise CommandError(error.messages[0]) from None
    return Pixel.objects.create(project=project, title=title, kind=kind, placements=placements)


def badge_url(pixel: Pixel) -> str:
    """Return the address of the pixel's badge."""
    return f"{base_url()}/p/{pixel.token}/badge.svg"


def as_json(pixel: Pixel) -> str:
    """Return the pixel, its URLs and its snippets as one JSON object."""
    pixel_snippets = snippets(pixel, base_url())
    return json.dumps(
        {
            "project": pixel.project.slug,
            "title": pixel.title,
            "kind": pixel.kind,
            "token": pixel.token,
            "id": pixel.pk,
            "urls": {snippet.placement: snippet.url for snippet in pixel_snippets},
            "snippets": [
                {name: getattr(snippet, name) for name in ("placement", "platform", "url", "html", "markdown")}
                for snippet in pixel_snippets
            ],
        }
        | ({"badge": badge_url(pixel)} if pixel.has_public_badge else {}),
        ensure_ascii=False,
    )


def as_text(pixel: Pixel) -> str:
    """Return the pixel and its snippets as text for people."""
    lines = [f"“{pixel.title}” in project {pixel.project.slug}", f"token {pixel.token}"]
    if pixel.has_public_badge:
        lines.append(f"badge {badge_url(pixel)}")
    for snippet in snippets(pixel, base_url()):
        lines += ["", *_snippet_lines(snippet)]
    return "\n".join(lines)


def _snippet_lines(snippet: Snippet) -> list[str]:
    return [
        f"{snippet.platform}: {snippet.sees}",
        *(f"  {form:9} {text}" for form, _, text in snippet.texts if "\n" not in text),
    ]
