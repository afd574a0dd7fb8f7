"""Make a pixel from the command line, and its project where that is new."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.db import transaction

from collector.models import Kind, Membership, Pixel, Project, Role
from collector.models.projects import validate_placements
from collector.snippets import Snippet, base_url, snippets


class Command(BaseCommand):
    help = "Makes a pixel, and its project where that is new; prints the token and what to paste."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="slug of the project, such as my-blog")
        parser.add_argument("title", metavar="TITLE", help="what the dashboard calls the pixel")
        parser.add_argument("--kind", default=Kind.ARTICLE.value, help=f"{', '.join(Kind.values)}; default article")
        parser.add_argument(
            "--placement",
            metavar="SLUG",
            action="extend",
            nargs="+",
            default=[],
            help="where it is pasted, such as medium or dev-to; several at once, or repeated",
        )
        parser.add_argument("--owner", metavar="USERNAME", help="who owns the project, where it is new")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            project = self.project(options["project"], options["owner"])
            pixel = new_pixel(project, options["title"], options["kind"], options["placement"] or [])
        if not project.memberships.filter(role=Role.OWNER).exists():
            self.stderr.write(
                f"Project “{project.slug}” has no owner: only superusers can edit it. Add one in the admin."
            )
        if options["json"]:
            self.stdout.write(as_json(pixel))
        else:
            self.stdout.write(as_text(pixel))

    def project(self, slug: str, owner: str | None) -> Project:
        """Return the project called `slug`, made now where it is new."""
        user = User.objects.filter(username=owner).first() if owner is not None else None
        if owner is not None and user is None:
            raise CommandError(
                f"Nobody is called “{owner}”; make the account in the admin first, or leave --owner out."
            )
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            return self.new_project(slug, user)
        if user is not None and not project.memberships.filter(user=user, role=Role.OWNER).exists():
            raise CommandError(
                f"Project “{slug}” exists, and “{owner}” doesn't own it; "
                "leave --owner out, or make that member an owner in the admin."
            )
        return project

    def new_project(self, slug: str, owner: User | None) -> Project:
        try:
            validate_slug(slug)
        except ValidationError:
            raise CommandError(
                f"“{slug}” can't be a project's slug; write letters, digits and hyphens, like my-blog."
            ) from None
        max_length = Project._meta.get_field("slug").max_length or 0
        if len(slug) > max_length:
            raise CommandError(f"The project's slug has {len(slug)} characters; write {max_length} at most.")
        name = slug.replace("-", " ").replace("_", " ").strip().capitalize() or slug
        project = Project.objects.create(slug=slug, name=name)
        if owner is not None:
            Membership.objects.create(project=project, user=owner, role=Role.OWNER)
        return project


def new_pixel(project: Project, title: str, kind: str, placements: list[str]) -> Pixel:
    """Store a pixel and return it; raise CommandError where something about it can't be."""
    title = title.strip()
    max_length = Pixel._meta.get_field("title").max_length or 0
    if not title:
        raise CommandError("The title is empty; write the article's headline, or the program's name.")
    if len(title) > max_length:
        raise CommandError(f"The title has {len(title)} characters; write {max_length} at most.")
    if not title.isprintable():
        raise CommandError("The title holds characters that can't be shown; write it as one line of plain text.")
    if kind not in Kind.values:
        raise CommandError(f"“{kind}” is no kind of pixel; write one of {', '.join(Kind.values)}.")
    placements = list(dict.fromkeys(placements))
    try:
        validate_placements(placements)
    except ValidationError as error:
        raise CommandError(error.messages[0]) from None
    return Pixel.objects.create(project=project, title=title, kind=kind, placements=placements)


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
        },
        ensure_ascii=False,
    )


def as_text(pixel: Pixel) -> str:
    """Return the pixel and what to paste where, for people."""
    lines = [f"“{pixel.title}” in project {pixel.project.slug}", f"token {pixel.token}"]
    for snippet in snippets(pixel, base_url()):
        lines += ["", *_snippet_lines(snippet)]
    return "\n".join(lines)


def _snippet_lines(snippet: Snippet) -> list[str]:
    return [
        f"{snippet.platform}: {snippet.sees}",
        *(f"  {form:9} {text}" for form, _, text in snippet.texts if "\n" not in text),
    ]
