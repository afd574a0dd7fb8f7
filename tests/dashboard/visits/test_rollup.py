"""Remembered sums of closed days, and values that are too many for memory."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Dimension, Pixel
from collector.models.counts import WHOLE_PROJECT
from dashboard.visits import closed_days, rollup
from dashboard.visits.cache import ResultCache
from dashboard.visits.periods import Period
from dashboard.visits.rollup import Rollup
from tests.hits import hit

TODAY = date(2026, 11, 22)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
PAGES = [Dimension.PAGE, Dimension.ELSEWHERE]


def visits(pixel: Pixel, day: date, *pages: str) -> list:
    return [hit(pixel, f"{day}T10:00", page=f"https://a.example/{page}") for page in pages]


@pytest.fixture
def visited(pixel, take) -> Pixel:
    """A pixel with visits of one page yesterday, of another today, and of a third on both days."""
    take(*visits(pixel, YESTERDAY, "old", "both", "both"), *visits(pixel, TODAY, "new", "new", "new", "both", "both"))
    return pixel


@pytest.mark.parametrize("most", [0, 1, 2, 20_000])
@pytest.mark.parametrize(
    ("start", "end", "pages"),
    [
        (YESTERDAY, TOMORROW, [("both", 4), ("new", 3), ("old", 1)]),
        (YESTERDAY, TODAY, [("both", 2), ("old", 1)]),
        (TODAY, TOMORROW, [("new", 3), ("both", 2)]),
    ],
)
def test_values_are_ranked_in_the_same_way_however_many_there_are(monkeypatch, visited, most, start, end, pages):
    monkeypatch.setattr(rollup, "MAX_VALUES", most)

    for pixel_id in (WHOLE_PROJECT, visited.pk):
        for _ in ("cold", "warm"):
            source = Rollup(visited.project, pixel_id, today=TODAY).over(Period(start, end))
            counts = source.value_counts([Dimension.PAGE], 10)
            assert [(count.value, count.visits) for count in counts] == [(f"a.example/{page}", n) for page, n in pages]
            assert {count.values for count in counts} == {len(pages)}
            second = source.value_counts([Dimension.PAGE], 1, 1)
            assert [count.value for count in second] == [f"a.example/{pages[1][0]}"]


def test_a_ranking_in_the_database_is_remembered_until_the_next_hit(monkeypatch, visited, take):
    monkeypatch.setattr(rollup, "MAX_VALUES", 1)

    def rankings_and_visits() -> tuple[int, list[int]]:
        with CaptureQueriesContext(connection) as queries:
            counts = Rollup(visited.project, today=TODAY).over(Period(YESTERDAY, TOMORROW)).value_counts(PAGES, 10)
        return sum("ROW_NUMBER" in query["sql"] for query in queries), [count.visits for count in counts]

    assert [rankings_and_visits() for _ in range(3)] == [(1, [4, 3, 1]), (0, [4, 3, 1]), (0, [4, 3, 1])]
    take(*visits(visited, TODAY, "new", "new"))
    assert rankings_and_visits() == (1, [5, 4, 1])
    take(*visits(visited, YESTERDAY, "old"))
    assert rankings_and_visits() == (1, [5, 4, 2])


def test_todays_visits_are_counted_for_each_pixel_in_any_order(visited, take):
    other = Pixel.objects.create(project=visited.project, title="Other")
    take(*visits(other, TODAY, "x", "y"))

    for pixels in ([visited.pk, other.pk], [other.pk, visited.pk]):
        days = Rollup(visited.project, visited.pk, today=TODAY).over(Period(YESTERDAY, TOMORROW)).pixel_days(pixels)
        assert days == {visited.pk: {YESTERDAY: 3, TODAY: 5}, other.pk: {TODAY: 2}}


def test_articles_on_one_platform_are_remembered_in_any_order(visited, take):
    other = Pixel.objects.create(project=visited.project, title="Other", placements=["medium"])
    take(hit(other, f"{YESTERDAY}T10:00", placement="medium"), hit(visited, f"{YESTERDAY}T11:00", placement="medium"))
    period = Period(YESTERDAY, TOMORROW)

    def sums() -> list[int]:
        source = Rollup(visited.project, platform="medium", today=TODAY).over(period)
        return [source.sums([], with_pixels=True).pixels[pixel.pk].visits for pixel in (visited, other)]

    assert sums() == [1, 1]
    take(*visits(other, TODAY, *"abcdefghijk"))  # now it is visited most
    with CaptureQueriesContext(connection) as queries:
        assert sums() == [1, 1]
    assert not [query["sql"] for query in queries if "GROUP BY" in query["sql"] and 'AS "pixel_id"' in query["sql"]]


def test_the_cache_drops_the_least_recently_used_results_when_it_is_full():
    cache = ResultCache(100)
    cache.put("heavy", "x", 51)
    assert cache.get("heavy") is None
    for key in range(12):
        cache.put(key, key * 10, 10)
        cache.put(key, key * 10 + 1, 10)
    assert [cache.get(key) for key in range(12)] == [None, None, *(key * 10 + 1 for key in range(2, 12))]
    cache.get(2)
    cache.put("one more", 0, 1)
    assert (cache.get(2), cache.get(3)) == (21, None)


def test_keys_made_up_by_strangers_weigh_even_without_rows(visited, monkeypatch):
    cache = ResultCache(1000)
    monkeypatch.setattr(closed_days, "REMEMBERED", cache)
    for number in range(200):
        Rollup(visited.project, platform=f"{number}" * 80, today=TODAY).over(Period(YESTERDAY, TODAY)).platform_days()

    assert len(cache._entries) < 150
