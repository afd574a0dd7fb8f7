"""How far people read: of which visits, and what it leaves out."""

import pytest

from dashboard.formatting import UNSEEN, percent
from tests.dashboard.report.daily_counts import (
    add_ends,
    add_visits,
    report_on,
    texts,
)

pytestmark = pytest.mark.usefixtures("noon")


def test_read_through_is_of_the_articles_whose_end_was_seen(project, pixel, second_pixel):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(second_pixel, 100)  # has no pixel at its end
    report = report_on(project)
    figure = next(figure for figure in report.figures if figure.key == "reading")
    assert (figure.text, figure.exact) == ("25%", 2)
    assert figure.note == "of 8 direct visits to articles with an end pixel"
    assert [row.cells for row in report.articles.rows] == [[UNSEEN, UNSEEN], ["25% of 8", UNSEEN]]
    assert texts(report_on(second_pixel))["reading"] == UNSEEN


def test_read_through_leaves_out_proxies_and_platforms_that_make_every_image_lazy(project, pixel):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(pixel, 50, traffic="proxied", platform="github")
    add_visits(pixel, 20, platform="dev-to")
    add_ends(pixel, 20, platform="dev-to")
    for parameters in ({}, {"article": str(pixel.pk)}):
        report = report_on(project, **parameters)
        assert texts(report)["reading"] == "25%"
        assert [row.cells for row in report.articles.rows] == [["25% of 8", UNSEEN]]
    report = report_on(pixel)
    assert texts(report)["reading"] == "25%"
    reading = {row.label: row.cells[0] for row in report.placements.rows}
    assert reading == {"GitHub": UNSEEN, "dev.to": UNSEEN, "Medium": "25% of 8"}
    assert texts(report_on(pixel, platform="dev-to"))["reading"] == UNSEEN


def test_more_ends_than_starts_are_no_more_than_everybody(pixel):
    add_visits(pixel, 2)
    add_ends(pixel, 3)
    report = report_on(pixel)
    assert texts(report)["reading"] == "100%"
    assert report.placements.rows[0].cells[0] == "100% of 2"


def test_a_visit_whose_end_came_with_its_start_is_in_neither_part_of_the_read_through(project, pixel):
    add_visits(pixel, 10)
    add_ends(pixel, 3)
    add_ends(pixel, 2, seconds=5)  # came to the end without reading
    add_ends(pixel, 4, seconds=1)
    for report in (report_on(project), report_on(pixel), report_on(project, platform="medium")):
        assert texts(report)["reading"] == "50%"
    assert report_on(pixel).placements.rows[0].cells[0] == "50% of 6"


@pytest.mark.parametrize(
    ("at_once", "others", "strips"),
    [(20, 0, True), (18, 2, True), (45, 5, True), (19, 0, False), (17, 3, False), (44, 6, False)],
)
def test_a_platform_whose_ends_nearly_all_come_at_once_has_no_read_through(project, pixel, at_once, others, strips):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(pixel, 100, platform="pypi")
    add_ends(pixel, at_once, seconds=0, platform="pypi")
    add_ends(pixel, others, seconds=30, platform="pypi")

    article = report_on(pixel)

    cells = {row.label: (row.detail, row.cells[0]) for row in article.placements.rows}
    of_pypi = f"{percent(others / (100 - at_once))} of {100 - at_once}" if others else UNSEEN
    assert cells == {
        "Medium": ("", "25% of 8"),
        "PyPI": ("loads start and end together", UNSEEN) if strips else ("", of_pypi),
    }
    assert ("PyPI loads the end pixel together with the start" in "".join(article.reading.notes)) == strips
    expected = "25%" if strips else percent((2 + others) / (108 - at_once))
    for report in (article, report_on(project), report_on(project, article=str(pixel.pk))):
        assert texts(report)["reading"] == expected
    of_pypi_alone = texts(report_on(project, platform="pypi"))["reading"]
    assert of_pypi_alone == (UNSEEN if strips else of_pypi.partition(" ")[0])


def test_where_every_platform_loads_the_end_at_once_the_article_says_so(pixel):
    for platform in ("medium", "pypi"):
        add_visits(pixel, 30, platform=platform)
        add_ends(pixel, 25, seconds=0, platform=platform)
    report = report_on(pixel)
    assert texts(report)["reading"] == UNSEEN
    assert report.reading.rows == []
    assert report.reading.notes == [
        "Medium and PyPI load the end pixel together with the start, because they remove lazy loading or the article "
        "is too short. Read-through and reading time are unknown there."
    ]
