"""What the trend and the grid of hours should show, by a plain count of the raw hits."""

from collections import Counter

from dashboard.report.charts import Chart
from dashboard.report.hours import HoursGrid
from dashboard.report.page_state import PageState
from dashboard.report.trend import TREND_PLATFORMS
from dashboard.visits.periods import Period
from tests.dashboard.report.plain_counts import DAY, Plain, bucket_of, times
from tests.dashboard.report.random_readers import name_of


def assert_trend(state: PageState, trend: Chart, plain: Plain, before: Plain | None) -> None:
    bucket = state.period.bucket
    at = times(state.period, bucket)
    assert [point.at for point in trend.points] == at
    by_bucket = [plain.of(lambda hit, time=time: bucket_of(hit.day, hit.hour, bucket) == time) for time in at]
    are_counted = [point.visits is not None for point in trend.points]  # not before the first visit, nor after now
    for point, group, is_counted in zip(trend.points, by_bucket, are_counted, strict=True):
        assert is_counted or not group.visits
        assert tuple(point.numbers[:2]) == (group.numbers if is_counted else (None, None))
    earlier: list[int] = []
    if before is not None and before.visits:
        last = state.period.end - DAY
        then = state.earlier.start  # type: ignore[union-attr]
        count = Counter(
            bucket_of(min(state.period.start + (hit.day - then), last), hit.hour, bucket) for hit in before.visits
        )
        earlier = [count[time] for time in at]
        assert sum(earlier) == len(before.visits)
        assert [point.numbers[2] for point in trend.points] == list(trend.earlier)
    assert [visits or 0 for visits in trend.earlier] == earlier
    if state.is_line:
        assert [[visits or 0 for visits in series.values] for series in trend.series] == [
            [len(group.visits) for group in by_bucket]
        ]
        return
    platforms = Counter(hit.platform for hit in plain.visits)
    ranked = sorted(platforms, key=lambda slug: (-platforms[slug], slug))
    bands = [{slug} for slug in ranked[:TREND_PLATFORMS]] + [set(ranked[TREND_PLATFORMS:])][: len(ranked) > 6]
    expected = [[sum(hit.platform in band for hit in group.visits) for group in by_bucket] for band in bands]
    assert [[visits or 0 for visits in series.values] for series in trend.series] == expected
    assert [series.label for series in trend.series][:6] == list(map(name_of, ranked[:6]))
    assert [[visits or 0 for visits in point.numbers[-len(bands) :]] for point in trend.points if bands] == [
        list(column) for column in zip(*expected, strict=True)
    ]


def assert_grid(grid: HoursGrid, plain: Plain, period: Period) -> None:
    cells = Counter((hit.day.weekday(), hit.hour) for hit in plain.visits)
    weekdays = sorted({(period.start + number * DAY).weekday() for number in range(min(7, period.days))})
    hours = [f"{hour:02}" for hour in range(24)]
    assert [[cell.visits for cell in line.cells] for line in grid.lines] == [
        [cells[weekday, hour] for hour in hours] for weekday in weekdays
    ]
    assert [line.visits for line in grid.lines] == [sum(cells[day, hour] for hour in hours) for day in weekdays]
    assert [cell.visits for cell in grid.total.cells] == [sum(cells[day, hour] for day in weekdays) for hour in hours]
    assert grid.total.visits == len(plain.visits)
    assert bool(grid.busiest) == bool(plain.visits)
