"""The page of one program, at the address that an article would have."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collector.models import Declaration, Kind, Pixel
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.program import Program
from dashboard.report.program.page import make_program_page


def declared_program(pixel: Pixel) -> Program | None:
    """Return what a pixel declares; None of an article, and of a program without a declaration. One query at most."""
    if pixel.kind != Kind.APP:
        return None
    declaration = Declaration.objects.filter(pixel=pixel).first()
    try:
        return read_declaration(declaration.text) if declaration else None
    except DeclarationError:  # of a later release of Footfall, which knew more
        return None


def program_page(request: HttpRequest, pixel: Pixel, program: Program) -> HttpResponse:
    """Show one program over a period. The caller has checked that the user may see it."""
    now = timezone.now()
    context = {
        "project": pixel.project,
        "pixel": pixel,
        "program": program,
        "page": make_program_page(request.GET, pixel, program, now=now),
    }
    return render(request, "dashboard/program.html", context)
