"""What the pages show before the first visit."""

from datetime import timedelta

import pytest

from collector.models import Dimension
from tests.dashboard.report.daily_counts import DAY, add, add_bots, add_visits
from tests.dashboard.views.page_reader import PAGES, get

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]


def test_a_project_never_visited_leads_to_its_articles(reader, pixel):
    page = get(reader, "/projects/blog/")
    assert "Waiting for the first visit" in page
    assert f"/projects/blog/{pixel.pk}/" in page


def test_a_pixel_never_visited_shows_its_snippets(reader, pixel):
    page = get(reader, f"/projects/blog/{pixel.pk}/")
    assert "Waiting for the first visit" in page
    assert f"/p/{pixel.token}/medium.gif" in page
    assert f"/p/{pixel.token}/dev-to.gif" in page


def test_hits_filtered_out_before_the_first_visit_are_named(reader, pixel):
    add_bots(pixel, 7)
    add(pixel, Dimension.VERDICT, "excluded", 2, 0, DAY, "medium")
    for path in PAGES[1:]:
        page = get(reader, path.format(pixel=pixel.pk))
        assert "No visits yet. Filtered out: 7 by bots, 2 from own addresses." in page


def test_a_range_without_visits_names_the_first_visit(reader, pixel):
    add_visits(pixel, 5, day=DAY - timedelta(days=100))
    page = get(reader, "/projects/blog/?range=7d")
    assert "No visits in this range. The first visit was on 14 Aug 2026" in page
