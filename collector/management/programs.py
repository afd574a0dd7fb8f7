"""Finds the program that a command's argument names."""

from django.core.management.base import CommandError

from collector.management.projects import project_of
from collector.models import Declaration
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.program import Program


def declared_program(name: str, project_slug: str | None) -> tuple[Declaration, Program]:
    """Return the declaration that a program's id, title or token names, with what it says.

    Raises CommandError, which names the programs that exist, if none or several have this name.
    """
    declarations = Declaration.objects.filter(pixel__retired_at=None).select_related("pixel__project")
    if project_slug is not None:
        declarations = declarations.filter(pixel__project=project_of(project_slug))
    programs = [(one, _read(one)) for one in declarations.order_by("pixel__project__slug", "pixel__title")]
    matching = [pair for pair in programs if name in _names(*pair)]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(
        f"{program.id} in {one.pixel.project.slug} (token {one.pixel.token})" for one, program in programs
    )
    if matching:
        raise CommandError(f"Several programs are named “{name}”. Give --project, or a token: {listed}.")
    hint = f"Choose one of: {listed}." if listed else "Declare it first, with `manage.py declare`."
    raise CommandError(f"There is no declared program “{name}”. {hint}")


def _read(declaration: Declaration) -> Program:
    try:
        return read_declaration(declaration.text)
    except DeclarationError as error:
        raise CommandError(f"The declaration of “{declaration.pixel.title}” can't be used any more.\n{error}") from None


def _names(declaration: Declaration, program: Program) -> set[str]:
    return {program.id, declaration.pixel.title, declaration.pixel.token}
