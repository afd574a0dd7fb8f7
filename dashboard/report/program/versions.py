"""The versions of a program: which are in use, how fast releases are taken up, and which still have support."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from collector.models import ProgramSection
from collector.programs.forms import OTHER
from collector.programs.program import Versions
from collector.programs.windows import DAY, Window
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Series, Shape
from dashboard.report.program.actives import bucket_points
from dashboard.report.program.colours import BANDS, PALE
from dashboard.report.program.panel import (
    Counted,
    UsageGroup,
    UsagePanel,
    UsageRow,
    installations,
    ranked_rows,
    share_rows,
)
from dashboard.report.program.subject import ProgramSubject, days_label
from dashboard.usage.results import Upgrade
from dashboard.usage.versions import FEWEST_ACTIVES, days_to_half, version_key
from dashboard.visits.periods import Bucket

SECTION = ProgramSection.VERSIONS.value
ByDay = Mapping[date, Mapping[str, int]]


def adoption_chart(subject: ProgramSubject, by_day: ByDay) -> Chart:
    """Draw the share of each version as bands, the newest on top; of a week or a month, that of its average day."""
    windows = subject.bucket_windows()
    means = [_mean_by_version(by_day, window) for window in windows]
    totals: Counter[str] = Counter()
    for mean in means:
        totals.update(mean)
    named = sorted((version for version, _number in totals.most_common(len(BANDS))), key=version_key)
    rest = [version for version in totals if version not in named]
    series = [
        Series(version_label(version, subject.program.versions), BANDS[index], [mean[version] for mean in means])
        for index, version in enumerate(named)
    ]
    if rest:
        label = ngettext("%(versions)s other", "%(versions)s others", len(rest)) % {"versions": len(rest)}
        series.insert(0, Series(label, PALE, [sum(mean[version] for version in rest) for mean in means]))
    marks = {
        window: [
            version
            for version, released in subject.program.versions.released.items()
            if window.start <= released < window.end
        ]
        for window in windows
    }
    is_by_day = subject.period.bucket is Bucket.DAY
    return Chart(
        "adoption",
        SECTION,
        _("Adoption of versions"),
        _("Share of the installations active in a day · UTC")
        if is_by_day
        else _("Share of the installations active in an average day · UTC"),
        str(BUCKET_NAMES[subject.period.bucket]),
        bucket_points(subject, windows, series, marks) if series else [],
        series,
        [one.label for one in series],
        shape=Shape.BANDS,
        total=pgettext("installations", "Active"),
    )


def version_groups(
    subject: ProgramSubject, in_last_week: Mapping[str, int], by_day: ByDay, upgrades: Sequence[Upgrade]
) -> list[UsageGroup]:
    """Return the versions in use, by their support too, the releases of the period, and the upgrades."""
    return [
        UsageGroup("versions", [_versions(subject, in_last_week), _support(subject, in_last_week)]),
        UsageGroup("releases", [_releases(subject, by_day), _upgrades(subject, upgrades)]),
    ]


def version_label(version: str, versions: Versions | None = None) -> str:
    """Write a version. `other` stands for all texts that are not versions, or were never released."""
    if version in {"", OTHER}:
        return _("not released") if versions and versions.released else _("no version")
    return version


def _mean_by_version(by_day: ByDay, window: Window) -> Counter[str]:
    sums: Counter[str] = Counter()
    for number in range(window.days):
        sums.update(by_day.get(window.start + number * DAY, {}))
    return Counter({version: formatting.half_up(number / window.days) for version, number in sums.items()})


def _versions(subject: ProgramSubject, in_last_week: Mapping[str, int]) -> UsagePanel:
    declared = subject.program.versions
    values = [
        Counted(version_label(version, declared), number, _state(version, declared))
        for version, number in in_last_week.items()
    ]
    return UsagePanel(
        "versions", SECTION, _("Versions"), days_label(subject.last_week), _("Version"), [installations()],
        ranked_rows(values, all_of_them=sum(in_last_week.values())),
    )  # fmt: skip


def _state(version: str, declared: Versions) -> str:
    """Return a word for what the developer says about a version; empty for most."""
    if version == declared.newest:
        return _("newest")
    return _("withdrawn") if version in declared.withdrawn else ""


def _support(subject: ProgramSubject, in_last_week: Mapping[str, int]) -> UsagePanel:
    declared = subject.program.versions
    sums: Counter[str] = Counter()
    for version, number in in_last_week.items():
        if version in {"", OTHER}:
            sums[version_label(OTHER, declared)] += number
        elif version in declared.withdrawn:
            sums[_("withdrawn")] += number
        else:
            sums[_("supported") if declared.is_supported(version) else _("unsupported")] += number
    is_declared = bool(declared.supported or declared.withdrawn)
    order = (_("supported"), _("unsupported"), _("withdrawn"), version_label(OTHER, declared))
    values = [Counted(label, sums[label]) for label in order if sums[label] or label != order[-1]]
    return UsagePanel(
        "support", SECTION, _("Support"), days_label(subject.last_week), _("Version"), [installations()],
        share_rows(values, all_of_them=sums.total()) if is_declared and sums else [],
        nothing="" if is_declared else _("The declaration does not say which versions are supported or withdrawn."),
    )  # fmt: skip


def _releases(subject: ProgramSubject, by_day: ByDay) -> UsagePanel:
    """List the releases of the period, newest first, each with the days until half of the actives ran it.

    A day that is not over has too few actives to tell.
    """
    by_day = {day: versions for day, versions in by_day.items() if day <= subject.last_whole_day}
    released = subject.program.versions.released
    in_period = [version for version, day in released.items() if subject.period.start <= day < subject.period.end]
    is_enough = any(sum(versions.values()) >= FEWEST_ACTIVES for versions in by_day.values())
    rows = []
    for version in sorted(in_period, key=lambda version: (released[version], version_key(version)), reverse=True):
        is_known = is_enough and subject.first_day <= released[version]
        words = _taken_up(days_to_half(by_day, version, released[version])) if is_known else _("not enough data")
        rows.append(UsageRow(version, [], cells=[formatting.day(released[version], "yMMMd"), words]))
    return UsagePanel(
        "releases", SECTION, _("Releases"), _("When half of the actives of a day ran it or a newer one"), _("Version"),
        [], rows, headings=[_("Released"), _("Half of the actives")], has_share=False,
        nothing="" if released else _("The declaration names no releases."),
    )  # fmt: skip


def _taken_up(days: int | None) -> str:
    if days is None:
        return _("not so far")
    return ngettext("within %(days)s day", "within %(days)s days", days) % {"days": formatting.exact(days)}


def _upgrades(subject: ProgramSubject, upgrades: Sequence[Upgrade]) -> UsagePanel:
    declared = subject.program.versions
    values = [
        Counted(f"{version_label(one.old, declared)} → {version_label(one.new, declared)}", one.installations)
        for one in upgrades
    ]
    total = sum(one.installations for one in upgrades)
    return UsagePanel(
        "upgrades", SECTION, _("Upgrades"), _("From one version to another"), _("Upgrade"), [installations()],
        ranked_rows(values, all_of_them=total),
    )  # fmt: skip
