"""What is never counted as installations: reports of CI, agents and containers, and runs that shells report."""

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from collector.models import Driver, ProgramSection
from dashboard import formatting
from dashboard.report.program.panel import Counted, UsageGroup, UsagePanel, UsageRow, bar_width, ranked_rows
from dashboard.report.program.subject import ProgramSubject
from dashboard.report.program.versions import version_label
from dashboard.usage.results import Runs

SECTION = ProgramSection.OTHERS.value
NAMES = {
    Driver.CI: gettext_lazy("CI"),
    Driver.AGENT: gettext_lazy("Coding agents"),
    Driver.CONTAINER: gettext_lazy("Containers"),
}


def others_panel(subject: ProgramSubject, others: Mapping[Driver, Mapping[date, int]]) -> UsagePanel:
    """List the reports of CI, agents and containers, each apart."""
    declares = subject.program
    are_declared = {Driver.CI: declares.reports_from_ci, Driver.AGENT: declares.reports_from_agents}
    sums = {driver: sum(others.get(driver, {}).values()) for driver in NAMES}
    rows = [
        UsageRow(
            str(name),
            [sums[driver]],
            bar=bar_width(sums[driver], max(sums.values())),
            detail="" if sums[driver] or are_declared.get(driver, True) else _("not declared"),
            cells=[formatting.exact(formatting.half_up(sums[driver] / subject.period.days))],
        )
        for driver, name in NAMES.items()
    ]
    return UsagePanel(
        "others", SECTION, _("CI, agents and containers"), _("Never counted as installations"), _("Who"),
        [_("Reports")], rows, headings=[pgettext("reports", "A day")], has_share=False,
    )  # fmt: skip


def runs_group(runs: Runs) -> UsageGroup | None:
    """Rank the runs that shells report by event and by version. None without runs."""
    if not runs.number:
        return None
    number_headings = [_("Runs")]
    events = [Counted(event or _("no event"), number) for event, number in runs.events.items()]
    versions = [Counted(version_label(version), number) for version, number in runs.versions.items()]
    return UsageGroup(
        "runs",
        [
            UsagePanel(
                "runs", SECTION, _("Runs by shells"), _("Runs, not installations"), _("Event"), number_headings,
                ranked_rows(events, all_of_them=runs.number),
            ),
            UsagePanel(
                "run_versions", SECTION, _("Their versions"), _("Runs, not installations"), _("Version"),
                number_headings,
                ranked_rows(versions, all_of_them=runs.number, unknown=runs.number - sum(runs.versions.values())),
            ),
        ],
    )  # fmt: skip
