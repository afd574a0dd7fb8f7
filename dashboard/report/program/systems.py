"""What people run a program on: systems, architectures, runtimes, and countries where they are declared."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrPromise

from collector.models import ProgramSection, ReportDimension
from collector.programs.forms import OTHER
from dashboard import formatting
from dashboard.report.program.panel import Counted, UsageGroup, UsagePanel, installations, ranked_rows
from dashboard.report.program.subject import ProgramSubject, days_label


def _system(value: str) -> str:
    return _other(formatting.system(value))


def _other(value: str) -> str:
    return _("other") if value == OTHER else formatting.verbatim(value)


# By dimension: key, title, heading, and how a value is written.
PANELS: Mapping[ReportDimension, tuple[str, StrPromise, StrPromise, Callable[[str], str]]] = {
    ReportDimension.OS: ("systems", gettext_lazy("Systems"), gettext_lazy("System"), _system),
    ReportDimension.ARCH: ("architectures", gettext_lazy("Architectures"), gettext_lazy("Architecture"), _other),
    ReportDimension.RUNTIME: ("runtimes", gettext_lazy("Runtimes"), gettext_lazy("Runtime"), _other),
    ReportDimension.COUNTRY: ("countries", gettext_lazy("Countries"), gettext_lazy("Country"), formatting.country),
}


def dimensions_of(subject: ProgramSubject) -> list[ReportDimension]:
    """Return what this program's reports say about where it runs."""
    return [one for one in PANELS if one != ReportDimension.COUNTRY or subject.program.with_country]


def systems_group(subject: ProgramSubject, values: Mapping[int, Mapping[str, int]], active: int) -> UsageGroup:
    """Rank the values of each dimension over the window. `active` are all installations in it."""
    panels = []
    for dimension in dimensions_of(subject):
        key, title, heading, label = PANELS[dimension]
        known = {value: number for value, number in values.get(dimension, {}).items() if value}
        panels.append(
            UsagePanel(
                key, ProgramSection.SYSTEMS.value, str(title), days_label(subject.window), str(heading),
                [installations()],
                ranked_rows(
                    [Counted(label(value), number) for value, number in known.items()],
                    all_of_them=active,
                    unknown=active - sum(known.values()),
                ),
            )
        )  # fmt: skip
    return UsageGroup("systems", panels)
