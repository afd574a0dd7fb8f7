"""Makes a program from its declaration, or changes it. The command `declare` and the admin both do it here."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from collector.models import Declaration, Kind, Pixel, Project
from collector.programs.changes import Changes, changes
from collector.programs.declaration import DeclarationError, Problem, read_declaration
from collector.programs.lines import lines_of, nearest
from collector.programs.program import Program
from collector.programs.releases import stored_releases


@dataclass(frozen=True, slots=True)
class Declared:
    """A program as it was just declared. `is_new`: it had no declaration before."""

    pixel: Pixel
    program: Program
    changes: Changes
    is_new: bool


def declare(project: Project, text: str) -> Declared:
    """Make the program that a declaration describes, or change the one of this project with the same id.

    Raises DeclarationError, and then changes nothing.
    """
    program = read_declaration(text)
    with transaction.atomic():
        _lock(project.pk)
        pixel = find_program(project, program.id)
        if pixel is None:
            pixel = Pixel.objects.create(project=project, title=program.name, kind=Kind.APP)
        return declare_pixel(pixel, text)


def declare_pixel(pixel: Pixel, text: str) -> Declared:
    """Store what this program declares, and give it the declared name.

    Raises DeclarationError, and then changes nothing.
    """
    program = read_declaration(text)
    with transaction.atomic():
        _lock(pixel.project_id)
        refuse_taken_id(pixel, text)
        stored = Declaration.objects.filter(pixel=pixel).first()
        changed = changes(program_of(stored) if stored else None, program)
        if stored is None or stored.text != text:
            Declaration.objects.update_or_create(
                pixel=pixel, defaults={"text": text, "schema": program.schema, "declared_at": timezone.now()}
            )
        if (pixel.title, pixel.kind) != (program.name, Kind.APP):
            pixel.title, pixel.kind = program.name, Kind.APP
            pixel.save(update_fields=["title", "kind"])
    return Declared(pixel, program, changed, is_new=stored is None)


def find_program(project: Project, program_id: str) -> Pixel | None:
    """Return the program of a project that declares this id, retired or not. One query."""
    pixels = Pixel.objects.filter(project=project, declaration__isnull=False).select_related("declaration")
    for pixel in pixels.order_by("pk"):
        program = program_of(pixel.declaration)
        if program is not None and program.id == program_id:
            return pixel
    return None


def program_of(declaration: Declaration) -> Program | None:
    """Return what a stored declaration describes; None if it can't be read: a later version may have stricter rules."""
    try:
        return read_declaration(declaration.text)
    except DeclarationError:
        return None


def is_declared(pixel: Pixel) -> bool:
    """Whether a pixel is a program with a declaration. Without one, it is a pixel like any other.

    No query if `pixel.declaration` was selected with it, else one at most.
    """
    return pixel.kind == Kind.APP and hasattr(pixel, "declaration")


def declared_program(pixel: Pixel) -> Program | None:
    """Return what a pixel declares, with its releases; None of an article, and of a program without a declaration.

    No query if `pixel.declaration` was selected with it, else one at most.
    """
    return _with_releases(pixel.declaration) if is_declared(pixel) else None


def refuse_taken_id(pixel: Pixel, text: str) -> None:
    """Raise DeclarationError if another program of the pixel's project has the same id.

    Directories on devices are named after it.
    """
    program = read_declaration(text)
    other = find_program(pixel.project, program.id)
    if other is not None and other.pk != pixel.pk:
        line = nearest(lines_of(text), ("program", "id"))
        reason = _("“%(id)s” is the id of another program in this project. Choose another one.") % {"id": program.id}
        raise DeclarationError([Problem(line, reason)])


def _with_releases(declaration: Declaration) -> Program | None:
    """Return what a stored declaration describes, with the releases that were read from elsewhere."""
    program = program_of(declaration)
    if program is None or not declaration.releases:
        return program
    released = {**stored_releases(declaration.releases), **program.versions.released}
    return replace(program, versions=replace(program.versions, released=released))


def _lock(project_id: int) -> None:
    """Let nobody else declare in this project until the transaction ends: two at once would make two programs."""
    Project.objects.select_for_update().get(pk=project_id)
