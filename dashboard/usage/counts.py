"""Questions about the reports of programs, answered from their counts alone.

An answer costs by days, values and gaps, never by installations. Only persons and servers are installations: reports of
agents, CI and containers are in no answer but `others`. Days are UTC, ranges are half-open.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from django.db.models import Q, QuerySet, Subquery, Sum

from collector.models import Driver, Pixel, Project, ReportCount, ReportDimension
from collector.models.programs import INSTALLED
from dashboard.usage.actives import Actives
from dashboard.usage.results import CohortWeek, EventUse, ProgramActives, PropertyValue, Runs, Upgrade
from dashboard.usage.weeks import monday_of, monday_of_week
from dashboard.usage.windows import Window, first_in


class Usage:
    """The reports of one program. Each method asks one query."""

    def __init__(self, pixel: Pixel) -> None:
        self._pixel_id = pixel.pk
        self._counts = ReportCount.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk)

    def first_day(self) -> date | None:
        """Return the first day that any report or run was counted on. It reads two heads of an index."""
        firsts = [
            Subquery(self._counts.filter(dimension=dimension).order_by("date").values("date")[:1])
            for dimension in (ReportDimension.ACTIVE, ReportDimension.RUN)
        ]
        days = Pixel.objects.filter(pk=self._pixel_id).values_list(*firsts).get()
        return min((day for day in days if day), default=None)

    def actives(self, start: date, end: date) -> Actives:
        """Return the reports of these days by gap."""
        rows = self._installed(start, end, ReportDimension.ACTIVE).values("date", "gap").annotate(sum=Sum("reports"))
        gaps: dict[date, dict[int, int]] = defaultdict(dict)
        for day, gap, reports in rows.values_list("date", "gap", "sum"):
            gaps[day][gap] = reports
        return Actives(gaps.items())

    def by_day(self, dimension: ReportDimension, start: date, end: date) -> dict[date, dict[str, int]]:
        """Return the installations active on each day, by a value that their report of the day gave."""
        rows = self._installed(start, end, dimension).values("date", "value").annotate(sum=Sum("reports"))
        by_day: dict[date, dict[str, int]] = defaultdict(dict)
        for day, value, reports in rows.values_list("date", "value", "sum"):
            by_day[day][value] = reports
        return by_day

    def in_window(self, window: Window, dimensions: Collection[ReportDimension]) -> dict[int, dict[str, int]]:
        """Return the installations active in a window by dimension and value. The first report in it counts."""
        rows = self._counts.filter(first_in(window), dimension__in=dimensions, driver__in=INSTALLED)
        sums: dict[int, dict[str, int]] = defaultdict(dict)
        by_value = rows.values("dimension", "value").annotate(sum=Sum("reports"))
        for dimension, value, reports in by_value.values_list("dimension", "value", "sum"):
            sums[dimension][value] = reports
        return sums

    def events(self, window: Window) -> dict[str, EventUse]:
        """Return the reach and the number of each event that was used in a window, by its days of use."""
        rows = self._installed(window.start, window.end, ReportDimension.EVENT).values("value")
        uses = rows.annotate(reach=Sum("reports", filter=first_in(window), default=0), uses=Sum("number"))
        return {event: EventUse(reach, number) for event, reach, number in uses.values_list("value", "reach", "uses")}

    def properties(self, start: date, end: date) -> list[PropertyValue]:
        """Return how often each value of a property was used, the most used first."""
        return self._property_values(ReportDimension.PROPERTY, "=", start, end)

    def histograms(self, start: date, end: date) -> list[PropertyValue]:
        """Return how often a use fell in each bin of a histogram."""
        return self._property_values(ReportDimension.BUCKET, "#", start, end)

    def cohorts(self, first: date, last: date) -> list[CohortWeek]:
        """Return how many of each cohort were active in each week, from the week of `first` to that of `last`.

        Older cohorts are left out.
        """
        first_week = monday_of(first)
        rows = self._counts.filter(
            dimension=ReportDimension.COHORT, driver=Driver.INSTALLATIONS, date__gte=first_week, date__lte=last
        )
        weeks = [
            CohortWeek(monday_of_week(cohort), week, installations)
            for cohort, week, installations in rows.values_list("value", "date", "reports")
        ]
        return [week for week in weeks if week.cohort >= first_week]

    def upgrades(self, start: date, end: date) -> list[Upgrade]:
        """Return the upgrades, the most frequent first."""
        rows = self._installed(start, end, ReportDimension.UPGRADE).values("value").annotate(sum=Sum("reports"))
        upgrades = [Upgrade(*value.split(">", 1), reports) for value, reports in rows.values_list("value", "sum")]
        return sorted(upgrades, key=lambda upgrade: (-upgrade.installations, upgrade))

    def others(self, start: date, end: date) -> dict[Driver, dict[date, int]]:
        """Return the reports by day of agents, CI and containers, apart. They are no installations."""
        rows = self._range(start, end, ReportDimension.ACTIVE).exclude(driver__in=INSTALLED)
        others: dict[Driver, dict[date, int]] = defaultdict(dict)
        sums = rows.values("driver", "date").annotate(sum=Sum("reports"))
        for driver, day, reports in sums.values_list("driver", "date", "sum"):
            others[Driver(driver)][day] = reports
        return others

    def runs(self, start: date, end: date) -> Runs:
        """Return the runs that shells reported."""
        dimensions = Q(dimension__in=(ReportDimension.RUN, ReportDimension.RUN_VERSION))
        rows = self._counts.filter(dimensions, date__gte=start, date__lt=end)
        runs = Runs({}, {})
        sums = rows.values("dimension", "value").annotate(sum=Sum("number"))
        for dimension, value, number in sums.values_list("dimension", "value", "sum"):
            (runs.events if dimension == ReportDimension.RUN else runs.versions)[value] = number
        return runs

    def _property_values(
        self, dimension: ReportDimension, separator: str, start: date, end: date
    ) -> list[PropertyValue]:
        rows = self._installed(start, end, dimension).values("value").annotate(sum=Sum("number"))
        values = []
        for path, number in rows.values_list("value", "sum"):
            field, _, value = path.partition(separator)
            event, _, name = field.partition(".")
            values.append(PropertyValue(event, name, value, number))
        return sorted(values, key=lambda value: (-value.number, value))

    def _range(self, start: date, end: date, dimension: ReportDimension) -> QuerySet[ReportCount]:
        return self._counts.filter(dimension=dimension, date__gte=start, date__lt=end)

    def _installed(self, start: date, end: date, dimension: ReportDimension) -> QuerySet[ReportCount]:
        return self._range(start, end, dimension).filter(driver__in=INSTALLED)


def actives_of_programs(project: Project, pixel_ids: Iterable[int], last_day: date) -> Mapping[int, ProgramActives]:
    """Return the active installations of several programs of a project, by pixel id. One query."""
    window_7, window_28 = Window.to(last_day, 7), Window.to(last_day, 28)
    rows = ReportCount.objects.filter(
        project=project,
        pixel_id__in=list(pixel_ids),
        dimension=ReportDimension.ACTIVE,
        date__gte=window_28.start,
        date__lt=window_28.end,
        driver__in=INSTALLED,
    ).values("pixel_id")
    sums = rows.annotate(
        days_7=Sum("reports", filter=first_in(window_7), default=0),
        days_28=Sum("reports", filter=first_in(window_28), default=0),
    )
    return {pixel_id: ProgramActives(*days) for pixel_id, *days in sums.values_list("pixel_id", "days_7", "days_28")}


def installations_on(project: Project, versions: Mapping[int, str], window: Window) -> Mapping[int, int]:
    """Return how many installations ran one version of each of several programs, by pixel id. One query."""
    chosen = Q(pk__in=[])
    for pixel_id, version in versions.items():
        chosen |= Q(pixel_id=pixel_id, value=version)
    rows = ReportCount.objects.filter(
        chosen, first_in(window), project=project, dimension=ReportDimension.VERSION, driver__in=INSTALLED
    )
    return dict(rows.values("pixel_id").annotate(sum=Sum("reports")).values_list("pixel_id", "sum"))
