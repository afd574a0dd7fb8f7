"""How far people read: of which visits, and what it leaves out."""

import pytest

from dashboard import formatting
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
    assert [row.cells for row in report.articles.rows] == [[formatting.UNSEEN], ["25% of 8"]]
    assert texts(report_on(second_pixel))["reading"] == formatting.UNSEEN


def test_read_through_leaves_out_proxies_and_platforms_that_make_every_image_lazy(project, pixel):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(pixel, 50, traffic="proxied", platform="github")
    add_visits(pixel, 20, platform="dev-to")
    add_ends(pixel, 20, platform="dev-to")
    for parameters in ({}, {"article": str(pixel.pk)}):
        report = report_on(project, **parameters)
        assert texts(report)["reading"] == "25%"
        assert [row.cells for row in report.articles.rows] == [["25% of 8"]]
    report = report_on(pixel)
    assert texts(report)["reading"] == "25%"
    reading = {row.label: row.cells[0] for row in report.placements.rows}
    assert reading == {"GitHub": formatting.UNSEEN, "dev.to": formatting.UNSEEN, "Medium": "25% of 8"}
    assert texts(report_on(pixel, platform="dev-to"))["reading"] == formatting.UNSEEN


def test_more_ends_than_starts_are_no_more_than_everybody(pixel):
    add_visits(pixel, 2)
    add_ends(pixel, 3)
    report = report_on(pixel)
    assert texts(report)["reading"] == "100%"
    assert report.placements.rows[0].cells[0] == "100% of 2"
