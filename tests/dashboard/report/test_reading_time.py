"""How long an article was read: the median and the distribution, on all platforms and on each."""

import pytest

from collector.models import Dimension
from dashboard.formatting import UNSEEN
from dashboard.visits.readings import Reading
from tests.dashboard.report.daily_counts import DAY, add, add_ends, add_visits, report_on

pytestmark = pytest.mark.usefixtures("noon")


def test_the_article_shows_how_long_it_was_read(project, pixel):
    add_visits(pixel, 40)
    for seconds, ends in {1: 2, 5: 3, 12: 1, 70: 2, 200: 5, 3600: 2}.items():
        add_ends(pixel, ends, seconds=seconds)

    panel = report_on(pixel).reading

    assert [(row.label, row.visits, row.bar) for row in panel.rows] == [
        ("10–30 secs", 1, "20.0%"), ("30–60 secs", 0, "0.0%"), ("1–2 mins", 2, "40.0%"), ("2–4 mins", 5, "100.0%"),
        ("4–8 mins", 0, "0.0%"), ("8–15 mins", 0, "0.0%"), ("15–30 mins", 0, "0.0%"), ("30 mins or more", 2, "40.0%"),
    ]  # fmt: skip
    assert sum(row.share for row in panel.rows) == pytest.approx(1)
    assert panel.lead == "Median: 3 mins 20 secs. Half of those who read to the end took less."
    assert panel.notes == [
        "A visit counts as read to the end if it takes at least 10 secs to get there. 3 visits got there sooner.",
        "2 visits are left out: their browsers loaded the end pixel within 3 secs, together with the start.",
    ]
    assert panel.table()[0] == ["Time", "Visits", "Share"]
    assert [row.cells for row in report_on(project).articles.rows] == [["26% of 38", "3 mins 20 secs"]]


def test_the_reading_time_is_told_by_platform(pixel):
    add_visits(pixel, 40)
    add_ends(pixel, 6, seconds=70)
    add_visits(pixel, 40, platform="substack")
    add_ends(pixel, 2, seconds=70, platform="substack")
    add_ends(pixel, 8, seconds=700, platform="substack")
    add_visits(pixel, 9, platform="dev-to")
    add_ends(pixel, 9, seconds=20, platform="dev-to")  # which loads every image late

    report = report_on(pixel)

    medians = {row.label: row.cells[1] for row in report.placements.rows}
    assert medians == {"Medium": "1 min 10 secs", "Substack": "12 mins", "dev.to": UNSEEN}
    bands = {row.label: [band.label for band in row.bands] for row in report.reading.rows if row.visits}
    assert bands == {"1–2 mins": ["Medium 75%", "Substack 25%"], "8–15 mins": ["Substack 100%"]}
    of_substack = report_on(pixel, platform="substack").reading
    assert {row.label: row.visits for row in of_substack.rows if row.visits} == {"1–2 mins": 2, "8–15 mins": 8}


def test_too_few_readers_have_no_median(pixel):
    add_visits(pixel, 40)
    add_ends(pixel, 4)
    report = report_on(pixel)
    assert report.reading.lead == "Fewer than 5 visits read to the end: too few for a median."
    assert report.placements.rows[0].cells[1] == UNSEEN
    assert sum(row.visits for row in report.reading.rows) == 4


def test_visits_that_were_counted_before_reading_times_are_told_apart_from_those_with_one(pixel):
    add_visits(pixel, 40)
    add(pixel, Dimension.POSITION, "end", 7, 0, DAY, "medium")
    assert report_on(pixel).reading is None
    add_ends(pixel, 5)
    report = report_on(pixel)
    assert report.placements.rows[0].cells[0] == "30% of 40"
    assert sum(row.visits for row in report.reading.rows) == 5
    assert report.reading.notes[-1] == "7 more visits read to the end before reading times were counted."


def test_the_reasons_on_the_page_add_up(pixel):
    """Both kinds of early ends are filtered out as too soon; one of them says nothing about its reader."""
    add_visits(pixel, 40)
    add_ends(pixel, 3, seconds=5)
    add_ends(pixel, 2, seconds=1)
    report = report_on(pixel)
    notes = {figure.key: figure.note for figure in report.figures}
    assert notes["bots"] == "also filtered out: 5 that reached the end too soon"
    assert notes["reading"] == "no visit is known to have read to the end"
    assert [note.partition(" ")[0] for note in report.reading.notes] == ["A", "2"]
    assert report.reading.lead == ""


def test_an_article_without_an_end_pixel_has_no_reading_time(pixel):
    add_visits(pixel, 40)
    assert report_on(pixel).reading is None


@pytest.mark.parametrize(
    ("by_bound", "median"),
    [({}, None), ({60: 1}, 73.5), ({60: 10, 120: 10}, 90), ({1800: 3}, 1800), ({3: 5, 1800: 4}, 4.75)],
)
def test_the_median_lies_within_the_range_that_has_the_middle_reader(by_bound, median):
    reading = Reading()
    reading.by_bound.update(by_bound)
    assert reading.median_seconds == (median if median is None else pytest.approx(median, abs=0.1))
