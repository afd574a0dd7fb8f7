"""Downloads of the files that a developer puts into a program."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from collector.models import Pixel
from collector.programs.clients import LANGUAGES, make_client
from collector.programs.declaring import declared_program
from collector.snippets import base_url
from dashboard.views.access import dashboard_view


@dashboard_view
def program_client(request: HttpRequest, slug: str, pixel_id: int, language: str) -> HttpResponse:
    """Send the client of a program in one of `LANGUAGES`, to those who may edit the program."""
    editable = Pixel.objects.editable_by(request.user).select_related("project", "declaration")
    pixel = get_object_or_404(editable, project__slug=slug, pk=pixel_id)
    program = declared_program(pixel)
    if program is None or language not in LANGUAGES:
        raise Http404
    text = make_client(program, language, base_url(request), pixel.token)
    headers = {"Content-Disposition": f'attachment; filename="telemetry{LANGUAGES[language].ending}"'}
    return HttpResponse(text, "text/plain; charset=utf-8", headers=headers)
