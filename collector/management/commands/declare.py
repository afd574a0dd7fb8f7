"""`manage.py declare`: make a program from its declaration, or change it; `--check` only compares."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from collector.addresses import address_warning
from collector.management.projects import project_or_new, warn_without_owner
from collector.models import Project
from collector.programs.changes import Changes, changes, ended_events
from collector.programs.declaration import MAX_BYTES, DeclarationError, read_declaration
from collector.programs.declaring import Declared, declare, find_program, program_of
from collector.programs.program import Door
from collector.snippets import base_url


class Command(BaseCommand):
    help = "Make a program from its declaration, telemetry.toml, or change it. Say what became wider or narrower."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="the project's slug, such as my-tools")
        parser.add_argument("file", metavar="telemetry.toml", help="the declaration; “-” reads standard input")
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit with 1 if the server has another declaration"
        )
        parser.add_argument("--owner", metavar="USERNAME", help="the owner, if the project is new")

    def handle(self, *args: Any, **options: Any) -> None:
        text = read_file(options["file"])
        try:
            if options["check"]:
                self.check_only(options["project"], text)
                return
            read_declaration(text)
            with transaction.atomic():
                project = project_or_new(options["project"], options["owner"])
                declared = declare(project, text)
        except DeclarationError as error:
            raise CommandError(f"{options['file']} can't be used. Nothing was changed.\n{error}") from None
        warn_without_owner(project, self.stderr)
        self.stdout.write(as_text(declared))

    def check_only(self, slug: str, text: str) -> None:
        """Compare a declaration with the stored one. Raises CommandError with what differs, and DeclarationError."""
        program = read_declaration(text)
        project = Project.objects.filter(slug=slug).first()
        pixel = find_program(project, program.id) if project else None
        hint = f"Run `manage.py declare {slug} telemetry.toml`."
        if pixel is None:
            raise CommandError(f"Project “{slug}” has no program “{program.id}”. {hint}")
        if pixel.retired_at:
            raise CommandError(f"“{program.id}” is retired, so nothing is counted. Reinstate it in the admin.")
        differing = changes(program_of(pixel.declaration), program)
        if differing:
            lines = [f"The server has another declaration of “{program.id}”. {hint}", *change_lines(differing)]
            raise CommandError("\n".join(lines))
        self.stdout.write(f"The server has the same declaration. Schema {program.schema}.")


def read_file(name: str) -> str:
    """Return the text of a file, or of standard input. Raises CommandError."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            content = file.read(MAX_BYTES + 4)  # longer files are refused, whatever follows; 3 bytes mark UTF-8
    except (OSError, ValueError) as error:
        raise CommandError(f"Can't read {name}: {getattr(error, 'strerror', None) or error}.") from None
    try:
        return content.decode("utf-8-sig", "strict" if len(content) <= MAX_BYTES else "replace")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(f"Line {line} of {name} is not text in UTF-8. Save the file as UTF-8.") from None


def as_text(declared: Declared) -> str:
    """Return what was declared, what changed, and what to do next, as text for people."""
    pixel, program, base = declared.pixel, declared.program, base_url()
    state = "created" if declared.is_new else "changed" if declared.changes else "unchanged"
    lines = [
        f"Program “{program.name}” ({program.id}) in project {pixel.project.slug}: {state}",
        f"token    {pixel.token}",
        f"schema   {program.schema}",
        f"reports  {base}/e/{pixel.token}",
        f"about    {base}/about/{pixel.token}/",
        *_sdk_lines(program.sdks, base, pixel.token),
        *change_lines(declared.changes),
        *_notes(declared),
    ]
    if declared.is_new or _clients_differ(declared.changes):
        lines += ["Next, make the client and put it into the program:", f"  {make_client_command(declared)}"]
    return "\n".join(lines)


def _sdk_lines(sdks: tuple[Door, ...], base: str, token: str) -> list[str]:
    """Return how each of the other SDKs is pointed here."""
    texts: dict[Door, str] = {
        "posthog": f"host {base}, project key {token}",
        "aptabase": f"host {base}, app key A-SH-{token}",
        "otlp": f"OTEL_EXPORTER_OTLP_ENDPOINT={base}/e/{token}",
    }
    return [f"{sdk:8} {texts[sdk]}" for sdk in sdks]


def _clients_differ(differing: Changes) -> bool:
    """Whether a client made now differs from one made before. Versions are only known to the server."""
    return bool(differing.wider or differing.narrower or set(differing.others) - {"versions"})


def make_client_command(declared: Declared) -> str:
    names = f"{declared.program.id} --project {declared.pixel.project.slug}"
    return f"manage.py make_client {names} --language python --output telemetry.py"


def change_lines(differing: Changes) -> list[str]:
    lines = []
    if differing.wider:
        lines += ["Wider. Users are told about these fields before they are sent:"]
        lines += [f"  + {field}" for field in differing.wider]
    if differing.narrower:
        lines += ["Narrower. These fields are no longer accepted:"]
        lines += [f"  - {field}" for field in differing.narrower]
    if differing.others:
        lines += [f"Also different: {', '.join(differing.others)}"]
    return lines


def _notes(declared: Declared) -> list[str]:
    program = declared.program
    notes = [
        f"Note: “{event.name}” ended on {event.until} and is no longer recorded. Remove it, or write a later date."
        for event in ended_events(program, timezone.now().date())
    ]
    if declared.pixel.retired_at:
        notes.append("Note: this program is retired, so nothing is counted. Reinstate it in the admin.")
    if not settings.PUBLIC_URL:
        notes.append(f"Note: PUBLIC_URL is not set, so clients would report to {base_url()}.")
    elif warning := address_warning(base_url(), is_for_images=False):
        notes.append(f"Note: {warning}")
    return notes
