"""Raw hits in the API equal those of the export."""

import pytest

from collector.storage.export import FIELDS, hit_rows
from dashboard.api import hits
from tests.dashboard.api.client import all_items
from tests.hits import hit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("limit", [1, 2, 7, 95, 96, 1000])
def test_hits_equal_the_export_without_repetitions_or_gaps(program, stored_rows, limit):
    assert len(stored_rows) == 96
    assert all_items(program, "projects/blog/hits", limit=limit) == stored_rows
    assert set(stored_rows[0]) == set(FIELDS)


@pytest.mark.parametrize("limit", [1, 5, 1000])
@pytest.mark.parametrize("searched", [2, 7, 10_000])
def test_hits_of_a_pixel_are_all_found_however_few_are_searched_at_once(
    program, stored_rows, pixels, limit, searched, monkeypatch
):
    monkeypatch.setattr(hits, "MAX_SEARCHED", searched)
    for pixel in pixels:
        expected = [row for row in stored_rows if row["token"] == pixel.token]
        assert all_items(program, "projects/blog/hits", pixel=pixel.pk, limit=limit) == expected


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_hits_of_a_range_are_those_since_its_start_and_before_its_end(program, stored_rows, limit):
    at = sorted({row["at"] for row in stored_rows})
    expected = [row for row in stored_rows if at[5] <= row["at"] < at[9]]
    assert len(expected) == 8
    assert all_items(program, "projects/blog/hits", since=at[5], until=at[9], limit=limit) == expected
    days = all_items(program, "projects/blog/hits", since="2026-10-22", until="2026-10-25")
    assert days == [row for row in stored_rows if "2026-10-22" <= row["at"] < "2026-10-25"]


def test_hits_at_one_moment_are_read_by_parts(program, take, pixel):
    take(*(hit(pixel, visitor=number) for number in range(9)))
    for limit in (1, 2, 4, 9):
        items = all_items(program, "projects/blog/hits", limit=limit)
        assert [row["id"] for row in items] == sorted({row["id"] for row in hit_rows(pixel.project)})
