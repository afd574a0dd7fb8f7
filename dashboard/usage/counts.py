"""Questions about the reports of programs, answered from their counts alone.

An answer costs by days, values and gaps, never by installations. Only persons and servers are installations: reports of
agents, CI and containers are in no answer but `others`. Days are UTC, ranges are half-open.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from django.db.models import Q, QuerySet, Subquery, Sum

from collector.models import Driver, LeftOut, Pixel, Project, ReportCount, ReportDimension
from collector.models.programs import INSTALLED, NEW, NO_INSTALLATIONS
from collector.programs.forms import MAX_DAYS_LATE
from collector.programs.weeks import monday_of_week, week_of, weeks_between
from collector.programs.windows import DAY, Window, check_length, first_in
from dashboard.usage.actives import PAUSE_DAYS, Actives
from dashboard.usage.facts import UsageScope, facts_by_day
from dashboard.usage.results import (
    CohortWeek,
    EventUse,
    Newcomers,
    ProgramActives,
    Properties,
    PropertyValue,
    Runs,
    Upgrade,
)
from dashboard.visits.cache import REMEMBERED

# Reports of older days can't arrive any more. Ten more days are for reports that a stopped drain has left in the spool.
# What is remembered of such days is read again on the next day at the latest.
SETTLED_DAYS = MAX_DAYS_LATE + 10
Result = TypeVar("Result")


class Usage:
    """The reports of one program. Each method asks one query at most, or two more where nothing is remembered.

    Make one for each page: it reads how many reports there are once. `today` is in UTC.
    """

    def __init__(self, pixel: Pixel, today: date) -> None:
        self._pixel_id = pixel.pk
        # What an owner leaves out changes counts that are remembered, and says so here.
        self._scope: UsageScope = (pixel.pk, pixel.project.recounted_at)
        self._settled_end = today - SETTLED_DAYS * DAY
        self._tomorrow = today + DAY
        self._reports: dict[date, int] = {}  # of installations, by day, as far as this object has read them
        self._counts = ReportCount.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk)
        self._left_out = LeftOut.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk)

    def first_day(self) -> date | None:
        """Return the first day on which anything was counted, or else left out. It reads four heads of indexes."""
        firsts = [
            Subquery(self._counts.filter(dimension=dimension).order_by("date").values("date")[:1])
            for dimension in (ReportDimension.ACTIVE, ReportDimension.RUN, ReportDimension.EVENT)
        ]
        firsts.append(Subquery(self._left_out.order_by("date").values("date")[:1]))
        days: list[date | None] = list(Pixel.objects.filter(pk=self._pixel_id).values_list(*firsts).get())
        *counted, left_out = days
        return min((day for day in counted if day), default=left_out)

    def actives(self, start: date, end: date) -> Actives:
        """Return the reports of these days by gap."""
        by_day = self._by_day(ReportDimension.ACTIVE, "gap", start, end)
        for number in range((end - start).days):
            day = start + number * DAY
            self._reports[day] = sum(by_day.get(day, {}).values())
        return Actives(by_day.items())

    def by_day(self, dimension: ReportDimension, start: date, end: date) -> Mapping[date, Mapping[str, int]]:
        """Return the installations active on each day, by a value that their report of the day gave."""
        settled_end = max(start, min(end, self._settled_end))
        settled = self._by_day(dimension, "value", start, settled_end)
        facts = facts_by_day(self._scope, self._counts, [dimension], self._reports_on(settled_end, end))
        return settled | {day: {value: sums[0] for value, sums in values.items()} for (_, day), values in facts.items()}

    def newcomers(self, start: date, end: date) -> Newcomers:
        """Return how many installations were new, and how often one came back after a pause, in days of any number."""
        rows = self._installed(start, end, ReportDimension.ACTIVE)
        is_back = Q(gap__gt=PAUSE_DAYS)
        sums = rows.filter(Q(gap=NEW) | is_back).aggregate(
            new=Sum("reports", filter=Q(gap=NEW), default=0), back=Sum("reports", filter=is_back, default=0)
        )
        return Newcomers(**sums)

    def in_window(self, window: Window, dimensions: Collection[ReportDimension]) -> dict[int, dict[str, int]]:
        """Return the installations active in a window by dimension and value. The first report in it counts."""
        check_length(window)
        facts = facts_by_day(self._scope, self._counts, dimensions, self._reports_on(window.start, window.end))
        found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (dimension, day), values in facts.items():
            offset = (day - window.start).days
            for value, sums in values.items():
                if first_reports := sums[offset]:
                    found[dimension][value] += first_reports
        return {dimension: dict(values) for dimension, values in found.items()}

    def events(self, window: Window) -> dict[str, EventUse]:
        """Return the reach and the number of each event that was used in a window, by its days of use."""
        return self._until_reports_come("events", window, len, lambda: self._read_events(window))

    def _read_events(self, window: Window) -> dict[str, EventUse]:
        rows = self._installed(window.start, window.end, ReportDimension.EVENT).values("value")
        uses = rows.annotate(reach=Sum("reports", filter=first_in(window), default=0), uses=Sum("number"))
        return {event: EventUse(reach, number) for event, reach, number in uses.values_list("value", "reach", "uses")}

    def properties(self, start: date, end: date) -> Properties:
        """Return how often each value of a property was used, and how often a use fell in each bin of a histogram."""
        return self._until_reports_come(
            "properties", Window(start, end), lambda found: len(found.values) + len(found.bins),
            lambda: self._read_properties(start, end),
        )  # fmt: skip

    def _read_properties(self, start: date, end: date) -> Properties:
        rows = self._counts.filter(
            dimension__in=(ReportDimension.PROPERTY, ReportDimension.BUCKET),
            date__gte=start,
            date__lt=end,
            driver__in=INSTALLED,
        )
        properties = Properties([], [])
        sums = rows.values("dimension", "value").annotate(sum=Sum("number"))
        for dimension, path, number in sums.values_list("dimension", "value", "sum"):
            is_bin = dimension == ReportDimension.BUCKET
            field, _, value = path.partition("#" if is_bin else "=")
            event, _, name = field.partition(".")
            (properties.bins if is_bin else properties.values).append(PropertyValue(event, name, value, number))
        return properties

    def cohorts(self, first: date, last: date) -> list[CohortWeek]:
        """Return how many of each cohort were active in each week, from the week of `first` to that of `last`.

        Older cohorts are left out.
        """
        weeks = weeks_between(first, last)
        rows = self._counts.filter(
            dimension=ReportDimension.COHORT,
            driver=Driver.INSTALLATIONS,
            date__in=weeks,
            value__in=[week_of(week) for week in weeks],
        )
        return [
            CohortWeek(monday_of_week(cohort), week, installations)
            for cohort, week, installations in rows.values_list("value", "date", "reports")
        ]

    def upgrades(self, start: date, end: date) -> list[Upgrade]:
        """Return the upgrades, the most frequent first."""
        rows = self._installed(start, end, ReportDimension.UPGRADE).values("value").annotate(sum=Sum("reports"))
        upgrades = []
        for value, reports in rows.values_list("value", "sum"):
            old, _, new = value.partition(">")
            upgrades.append(Upgrade(old, new, reports))
        return sorted(upgrades, key=lambda upgrade: (-upgrade.installations, upgrade))

    def others(self, start: date, end: date) -> dict[Driver, dict[date, int]]:
        """Return the reports by day of agents, CI and containers, apart. They are not installations."""
        rows = self._range(start, end, ReportDimension.ACTIVE).filter(driver__in=NO_INSTALLATIONS)
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

    def _reports_on(self, start: date, end: date) -> Mapping[date, int]:
        """Return how many installations reported on each day. Read once for all questions of a page, if possible."""
        days = [start + number * DAY for number in range((end - start).days)]
        if not self._reports.keys() >= set(days):
            self.actives(start, end)
        return {day: self._reports[day] for day in days}

    def _until_reports_come(
        self, question: str, window: Window, weight: Callable[[Result], int], read: Callable[[], Result]
    ) -> Result:
        """Remember what was used in a window until another report comes that may say more about it.

        A report names uses of the last `MAX_DAYS_LATE` days. Those of these days count as many as their stamp says.
        """
        last_end = max(window.end, min(window.end + MAX_DAYS_LATE * DAY, self._tomorrow))
        reports = self._reports_on(window.start, last_end)
        key = (self._scope, question, window, sum(reports.values()))
        remembered: Result | None = REMEMBERED.get(key)
        if remembered is not None:
            return remembered
        result = read()
        REMEMBERED.put(key, result, 1 + 2 * weight(result))
        return result

    def _by_day(self, dimension: ReportDimension, column: str, start: date, end: date) -> dict[date, dict[Any, int]]:
        """Add up the installations of each day by a column. Settled days are read once, then remembered."""
        settled_end = max(start, min(end, self._settled_end))
        settled: dict[date, dict[Any, int]] = {}
        if settled_end > start:
            key = (self._scope, dimension, column, start, settled_end)
            remembered = REMEMBERED.get(key)
            settled = self._read_by_day(dimension, column, start, settled_end) if remembered is None else remembered
            if remembered is None:
                REMEMBERED.put(key, settled, sum(map(len, settled.values())))
        if settled_end == end:
            return settled
        return settled | self._read_by_day(dimension, column, settled_end, end)

    def _read_by_day(
        self, dimension: ReportDimension, column: str, start: date, end: date
    ) -> dict[date, dict[Any, int]]:
        rows = self._installed(start, end, dimension)
        # By driver too, so that the groups have the order of the table's key, and SQLite need not sort.
        sums = rows.values("date", "driver", column).annotate(sum=Sum("reports")).values_list("date", column, "sum")
        by_day: dict[date, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        for day, value, reports in sums:
            by_day[day][value] += reports
        return {day: dict(values) for day, values in by_day.items()}

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
        days_7=Sum("reports", filter=first_in(window_7) & Q(date__gte=window_7.start), default=0),
        days_28=Sum("reports", filter=first_in(window_28), default=0),
    )
    return {pixel_id: ProgramActives(*days) for pixel_id, *days in sums.values_list("pixel_id", "days_7", "days_28")}


def installations_on(project: Project, versions: Mapping[int, str], window: Window) -> Mapping[int, int]:
    """Return how many installations ran one version of each of several programs, by pixel id. One query."""
    chosen = Q(pk__in=[])
    for pixel_id, version in versions.items():
        chosen |= Q(pixel_id=pixel_id, value=version)
    rows = ReportCount.objects.filter(
        chosen,
        first_in(window),
        project=project,
        dimension=ReportDimension.VERSION,
        date__gte=window.start,
        date__lt=window.end,
        driver__in=INSTALLED,
    )
    return dict(rows.values("pixel_id").annotate(sum=Sum("reports")).values_list("pixel_id", "sum"))
