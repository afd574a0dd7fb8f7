"""The programs of a project: how many installations are active, and how many of them run the newest version."""

from datetime import UTC, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from collector.models import Declaration, Pixel, Project
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.program import Program
from collector.programs.windows import Window
from dashboard import formatting
from dashboard.report.program.panel import UsagePanel, UsageRow, bar_width
from dashboard.usage.counts import actives_of_programs, installations_on
from dashboard.usage.results import ProgramActives

MAX_PROGRAMS = 50  # the newest ones


def programs_panel(project: Project, now: datetime) -> UsagePanel | None:
    """List the declared programs, most active first. None without any. One query, or three where there are some."""
    declarations = Declaration.objects.filter(pixel__project=project).select_related("pixel")
    declared = list(declarations.order_by("-pixel_id")[:MAX_PROGRAMS])
    if not declared:
        return None
    today = now.astimezone(UTC).date()
    window = Window.to(today, 7)
    actives = actives_of_programs(project, [one.pixel_id for one in declared], today)
    programs = {one.pixel_id: _program_of(one) for one in declared}
    newest = {pk: program.versions.newest for pk, program in programs.items() if program and program.versions.newest}
    on_newest = installations_on(project, newest, window)
    most = max((active.days_28 for active in actives.values()), default=0)
    rows = []
    for one in declared:
        active = actives.get(one.pixel_id, ProgramActives(0, 0))
        share = formatting.UNSEEN
        if one.pixel_id in newest and active.days_7:
            share = formatting.percent(on_newest.get(one.pixel_id, 0) / active.days_7)
        rows.append(
            UsageRow(
                one.pixel.title, [active.days_7, active.days_28],
                bar=bar_width(active.days_28, most),
                detail=_detail(one.pixel, programs[one.pixel_id], active),
                cells=[share],
                url=reverse("pixel", args=[project.slug, one.pixel_id]),
            )
        )  # fmt: skip
    return UsagePanel(
        "programs",
        "",
        _("Programs"),
        _("Active installations, to today (UTC)"),
        _("Program"),
        [_("7 days"), _("28 days")],
        sorted(rows, key=lambda row: (-row.numbers[1], row.label)),
        headings=[_("On the newest version")],
        has_share=False,
        shown=0,
    )


def _detail(pixel: Pixel, program: Program | None, active: ProgramActives) -> str:
    """Say why a program may have no numbers here: other SDKs know no windows of 7 and 28 days."""
    if pixel.retired_at:
        return _("retired")
    return _("from other SDKs") if program and program.sdks and not active.days_28 else ""


def _program_of(declaration: Declaration) -> Program | None:
    try:
        return read_declaration(declaration.text)
    except DeclarationError:  # see declared_program
        return None
