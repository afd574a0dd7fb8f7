"""What is remembered of closed days, and what is done with more values than fit in memory."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Dimension, Pixel
from collector.models.counts import WHOLE_PROJECT
from dashboard.visits import rollup
from dashboard.visits.cache import Remembered
from dashboard.visits.periods import Period
from dashboard.visits.rollup import Counted
from tests.hits import hit

TODAY = date(2026, 11, 22)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
PAGES = [Dimension.PAGE, Dimension.ELSEWHERE]


def visits(pixel: Pixel, day: date, *pages: str) -> list:
    return [hit(pixel, f"{day}T10:00", page=f"https://a.example/{page}") for page in pages]


@pytest.fixture
def visited(pixel, take) -> Pixel:
    """A pixel seen on one page yesterday, on another today, and on a third on both days."""
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
def test_values_are_ranked_alike_however_many_there_are(monkeypatch, visited, most, start, end, pages):
    monkeypatch.setattr(rollup, "MAX_VALUES", most)

    for pixel_id in (WHOLE_PROJECT, visited.pk):
        for _ in ("cold", "warm"):
            tally = Counted(visited.project, pixel_id, today=TODAY)
            found = tally.value_counts(Period(start, end), [Dimension.PAGE], 10)
            assert [(count.value, count.visits) for count in found] == [(f"a.example/{page}", n) for page, n in pages]
            assert {count.values for count in found} == {len(pages)}
            second = tally.value_counts(Period(start, end), [Dimension.PAGE], 1, 1)
            assert [count.value for count in second] == [f"a.example/{pages[1][0]}"]


def test_a_ranking_of_too_many_is_made_once_until_the_next_hit(monkeypatch, visited, take):
    monkeypatch.setattr(rollup, "MAX_VALUES", 1)

    def asked() -> tuple[int, list[int]]:
        with CaptureQueriesContext(connection) as queries:
            found = Counted(visited.project, today=TODAY).value_counts(Period(YESTERDAY, TOMORROW), PAGES, 10)
        return sum("ROW_NUMBER" in query["sql"] for query in queries), [count.visits for count in found]

    assert [asked() for _ in range(3)] == [(1, [4, 3, 1]), (0, [4, 3, 1]), (0, [4, 3, 1])]
    take(*visits(visited, TODAY, "new", "new"))
    assert asked() == (1, [5, 4, 1])
    take(*visits(visited, YESTERDAY, "old"))
    assert asked() == (1, [5, 4, 2])


def test_todays_visits_of_a_pixel_count_among_others_whichever_comes_first(visited, take):
    other = Pixel.objects.create(project=visited.project, title="Other")
    take(*visits(other, TODAY, "x", "y"))

    for pixels in ([visited.pk, other.pk], [other.pk, visited.pk]):
        found = Counted(visited.project, visited.pk, today=TODAY).pixel_days(Period(YESTERDAY, TOMORROW), pixels)
        assert found == {visited.pk: {YESTERDAY: 3, TODAY: 5}, other.pk: {TODAY: 2}}


def test_articles_on_one_platform_are_remembered_whatever_their_order(visited, take):
    other = Pixel.objects.create(project=visited.project, title="Other", placements=["medium"])
    take(hit(other, f"{YESTERDAY}T10:00", placement="medium"), hit(visited, f"{YESTERDAY}T11:00", placement="medium"))
    period = Period(YESTERDAY, TOMORROW)

    def sums() -> list[int]:
        tally = Counted(visited.project, platform="medium", today=TODAY)
        return [tally.sums(period, [], with_pixels=True).pixels[pixel.pk].visits for pixel in (visited, other)]

    assert sums() == [1, 1]
    take(*visits(other, TODAY, *"abcdefghijk"))  # now it is visited most
    with CaptureQueriesContext(connection) as queries:
        assert sums() == [1, 1]
    assert not [query["sql"] for query in queries if "GROUP BY" in query["sql"] and 'AS "pixel_id"' in query["sql"]]


def test_what_is_remembered_weighs_no_more_than_it_may():
    memory = Remembered(100)
    memory.put("heavy", "x", 51)
    assert memory.get("heavy") is None
    for key in range(12):
        memory.put(key, key * 10, 10)
        memory.put(key, key * 10 + 1, 10)
    assert [memory.get(key) for key in range(12)] == [None, None, *(key * 10 + 1 for key in range(2, 12))]
    memory.get(2)
    memory.put("one more", 0, 1)
    assert (memory.get(2), memory.get(3)) == (21, None)


def test_words_of_strangers_cannot_fill_the_memory_with_next_to_nothing(visited, monkeypatch):
    memory = Remembered(1000)
    monkeypatch.setattr(rollup, "REMEMBERED", memory)
    for number in range(200):
        Counted(visited.project, platform=f"{number}" * 80, today=TODAY).platform_days(Period(YESTERDAY, TODAY))

    assert len(memory._found) < 150
