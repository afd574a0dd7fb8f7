"""Who is the same visitor: one reader, on one local day of one project."""

import pytest

from collector.models import DailySalt, Hit, Pixel, Project
from tests.endpoints import AsgiEndpoint
from tests.hits import counts, drain, micros

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Return a function with which one reader reads at the given times: `read(pixel, *moments)`."""
    endpoint = AsgiEndpoint(tmp_path / "spool")

    def read(pixel: Pixel, *moments: str) -> None:
        for moment in moments:
            at_us = micros(moment)
            monkeypatch.setattr("collector.intake.asgi.now_us", lambda at_us=at_us: at_us)
            assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"

    yield read
    endpoint.close()


def visitors_by_day(directory) -> dict[str, int]:
    drain(directory)
    return {day: visitors for (day, _, _), (_, visitors) in counts("total").items()}


@pytest.mark.parametrize(
    ("timezone", "moments", "visitors"),
    [
        ("Asia/Tokyo", ["2026-11-29T23:55+00:00", "2026-11-30T00:05+00:00"], {"2026-11-30": 1}),
        ("Asia/Tokyo", ["2026-11-30T00:00+09:00", "2026-11-30T23:59+09:00"], {"2026-11-30": 1}),
        ("Asia/Tokyo", ["2026-11-29T23:59+09:00", "2026-11-30T00:00+09:00"], {"2026-11-29": 1, "2026-11-30": 1}),
        ("UTC", ["2026-11-29T23:55+00:00", "2026-11-30T00:05+00:00"], {"2026-11-29": 1, "2026-11-30": 1}),
        ("Pacific/Kiritimati", ["2026-11-30T00:00+14:00", "2026-11-30T23:59+14:00"], {"2026-11-30": 1}),
        ("Etc/GMT+12", ["2026-11-30T00:00-12:00", "2026-11-30T23:59-12:00"], {"2026-11-30": 1}),
        ("America/New_York", ["2026-11-01T00:00-04:00", "2026-11-01T23:59-05:00"], {"2026-11-01": 1}),  # 25 hours
        ("Europe/Berlin", ["2026-03-29T00:00+01:00", "2026-03-29T23:59+02:00"], {"2026-03-29": 1}),  # 23 hours
        ("Asia/Kathmandu", ["2026-11-30T00:00+05:45", "2026-11-30T23:59+05:45"], {"2026-11-30": 1}),
    ],
)
def test_a_reader_is_one_visitor_on_each_local_day_of_the_project(
    tmp_path, read, pixel, project, timezone, moments, visitors
):
    project.timezone = timezone
    project.save()
    read(pixel, *moments)

    assert visitors_by_day(tmp_path / "spool") == visitors
    assert len(set(Hit.objects.values_list("visitor", flat=True))) == len(visitors)
    assert {str(day) for day in DailySalt.objects.values_list("date", flat=True)} >= visitors.keys()


def test_visitors_of_two_projects_can_not_be_joined_and_those_of_two_pixels_of_one_project_can(tmp_path, read, pixel):
    sibling = Pixel.objects.create(project=pixel.project, title="Sibling")
    other = Pixel.objects.create(
        project=Project.objects.create(name="Other", slug="other", timezone="Europe/Berlin"), title="Other"
    )
    for each in (pixel, sibling, other):
        read(each, "2026-11-30T12:00+00:00")
    drain(tmp_path / "spool")

    visitor_on = dict(Hit.objects.values_list("pixel_id", "visitor"))
    assert None not in visitor_on.values()
    assert visitor_on[pixel.pk] == visitor_on[sibling.pk] != visitor_on[other.pk]


def test_after_the_clock_jumped_back_every_reader_still_has_a_visitor(tmp_path, read, pixel):
    for _ in range(3):
        read(pixel, "2026-11-30T22:30+00:00", "2026-11-29T12:00+00:00", "2026-11-24T12:00+00:00")

    assert visitors_by_day(tmp_path / "spool") == {"2026-11-30": 1, "2026-11-29": 1, "2026-11-24": 1}
