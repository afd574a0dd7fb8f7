"""Which pixels are unusually quiet: a table of visits, and which pixels the page names."""

from datetime import date, datetime, timedelta

import pytest

from collector.models import DailyCount, Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS
from dashboard.report import quiet
from dashboard.report.quiet import HISTORY_DAYS, is_quiet, quiet_pixels
from tests.dashboard.conftest import NOON

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
LONG_AGO = NOON - timedelta(days=400)


def visit(pixel: Pixel, *days_ago: int) -> None:
    DailyCount.objects.bulk_create(
        DailyCount(
            project=pixel.project, pixel_id=ALL_PLATFORMS, dimension=Dimension.PIXEL, platform="", value=str(pixel.pk),
            date=TODAY - timedelta(days=ago), hits=1, visitors=1,
        )
        for ago in days_ago
    )  # fmt: skip


@pytest.fixture
def old_pixel(project, pixel) -> Pixel:
    Pixel.objects.update(created_at=LONG_AGO)
    return pixel


def quiet_in(project: Project, now: datetime = NOON) -> list[tuple[str, int]]:
    return [(quiet_pixel.pixel.title, quiet_pixel.quiet_days) for quiet_pixel in quiet_pixels([project], now)]


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        ([], False),  # never visited: it is waiting, not quiet
        ([50], False),
        ([50, 40], False),  # with two days, nothing is usual
        ([12, 11, 10], True),
        ([9, 8, 7], True),  # daily, then a week without
        ([8, 7, 6], False),  # six days may be a holiday
        ([24, 17, 10], False),  # weekly: five weeks must pass
        ([49, 42, 35], True),
        ([48, 41, 34], False),
        ([40, 30, 20, 10], False),
        ([80, 70, 60, 50], True),
        ([79, 69, 59, 49], False),
        ([119, 100, 70], False),  # once in three weeks: it may yet come
        ([30, 29, 28, 27, 12], False),  # irregular: the mean gap is 4.5 days
        ([30, 29, 28, 27, 23], True),  # 1.75 days
    ],
)
def test_a_pixel_is_quiet_when_it_was_not_visited_for_much_longer_than_usual(days_ago, expected):
    assert is_quiet([TODAY - timedelta(days=ago) for ago in days_ago], TODAY) == expected


def test_a_quiet_pixel_says_since_when_and_what_to_check(project, old_pixel):
    visit(old_pixel, 30, 29, 28, 27)
    [quiet_pixel] = quiet_pixels([project], NOON)
    assert (quiet_pixel.pixel, quiet_pixel.last_visit_on, quiet_pixel.quiet_days) == (old_pixel, date(2026, 10, 26), 27)
    assert quiet_pixel.label == "quiet for 27 days"
    for words in ("last visit was on 26 Oct 2026", "image is still in the article", "article is still online", "proxy"):
        assert words in quiet_pixel.advice


def test_a_pixel_that_was_visited_within_a_week_is_not_quiet(project, old_pixel):
    visit(old_pixel, 30, 29, 28, 27)
    visit(old_pixel, 6)
    assert quiet_in(project) == []


def test_pixels_that_were_never_visited_or_are_new_or_retired_are_not_quiet(project, old_pixel):
    for title, fields in {
        "Never": {"created_at": LONG_AGO},
        "New": {"created_at": NOON - timedelta(days=2)},
        "Retired": {"created_at": LONG_AGO, "retired_at": NOON},
    }.items():
        pixel = Pixel.objects.create(project=project, title=title)
        Pixel.objects.filter(pk=pixel.pk).update(**fields)
        if title != "Never":
            visit(pixel, 30, 29, 28, 27)
    assert quiet_in(project) == []
    visit(old_pixel, 30, 29, 28)
    assert quiet_in(project) == [("Hello", 28)]


def test_visits_older_than_the_history_are_ignored(project, old_pixel):
    visit(old_pixel, *range(HISTORY_DAYS, HISTORY_DAYS + 30))
    assert quiet_in(project) == []
    visit(old_pixel, *range(HISTORY_DAYS - 3, HISTORY_DAYS))
    assert quiet_in(project) == [("Hello", HISTORY_DAYS - 3)]


@pytest.mark.parametrize(("zone", "quiet_days"), [("Pacific/Kiritimati", 8), ("UTC", 7), ("Pacific/Pago_Pago", None)])
def test_quiet_days_are_those_of_the_projects_time_zone(project, old_pixel, zone, quiet_days):
    """Between 10:00 and 11:00 UTC three days of the calendar are lived at once."""
    Project.objects.update(timezone=zone)
    project.refresh_from_db()
    visit(old_pixel, 9, 8, 7)
    assert quiet_in(project, NOON.replace(hour=10, minute=30)) == ([("Hello", quiet_days)] if quiet_days else [])


def test_projects_are_asked_about_together_and_kept_apart(project, old_pixel, django_assert_max_num_queries):
    other = Project.objects.create(name="Other", slug="other", timezone="UTC")
    elsewhere = Pixel.objects.create(project=other, title="Elsewhere")
    Pixel.objects.update(created_at=LONG_AGO)
    visit(old_pixel, 30, 29, 28)
    visit(elsewhere, 20, 19, 18)
    with django_assert_max_num_queries(3):
        both = quiet_pixels([project, other], NOON)
    assert {(quiet_pixel.pixel.project.slug, quiet_pixel.quiet_days) for quiet_pixel in both} == {
        ("blog", 28),
        ("other", 18),
    }
    assert quiet_in(other) == [("Elsewhere", 18)]
    assert quiet_pixels([], NOON) == []


def test_only_a_limited_number_of_pixels_is_checked(project, old_pixel, monkeypatch):
    monkeypatch.setattr(quiet, "MAX_PIXELS", 1)
    newer = Pixel.objects.create(project=project, title="Newer")
    Pixel.objects.filter(pk=newer.pk).update(created_at=LONG_AGO + timedelta(days=1))
    for pixel in (old_pixel, newer):
        visit(pixel, 30, 29, 28)
    assert len(quiet_in(project)) == 1
