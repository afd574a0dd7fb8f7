"""How many queries the pages need."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collector.models import DailyCount, Dimension, Membership, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.visits.cache import REMEMBERED
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import DAY, add_visits
from tests.dashboard.views.page_reader import RANGES, get

pytestmark = pytest.mark.usefixtures("noon")


PINNED = {
    "{project}": 25,
    "{project}?article={pixel}": 29,
    "{project}?platform=medium": 31,
    "{project}?article={pixel}&platform=medium": 29,
    "{project}?range=7d&by=hour&compare=year": 25,
    "{project}?all=pages": 14,
    "{project}{pixel}/": 19,
    "{project}{pixel}/?platform=medium": 19,
}


def queries_of(client: Client, path: str) -> int:
    """Return how many queries a page asks that nothing is remembered of."""
    REMEMBERED.forget()
    with CaptureQueriesContext(connection) as captured:
        get(client, path)
    return len(captured)


def fill_with(project: Project, number: int) -> None:
    """Give a project so many pixels more, all visited today, the last of them long silent."""
    pixels = Pixel.objects.bulk_create(
        Pixel(project=project, title=f"Article {n}", created_at=NOON - timedelta(days=90)) for n in range(number)
    )
    counted = [
        (pk, dimension, "medium", value, 2, DAY)
        for pk in (pixel.pk for pixel in pixels[:-1])
        for dimension, value in (
            (Dimension.TOTAL, ""), (Dimension.HOUR, "12"), (Dimension.COUNTRY, "DE"), (Dimension.POSITION, "start"),
            (Dimension.POSITION, "end"), (Dimension.PAGE, f"medium.com/{pk}"),
        )
    ]  # fmt: skip
    counted += [
        (ALL_PLATFORMS, dimension, "", str(pixel.pk), 2, DAY)
        for pixel in pixels[:-1]
        for dimension in (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED)
    ]
    counted += [
        (ALL_PLATFORMS, Dimension.PIXEL, "", str(pixels[-1].pk), 1, DAY - timedelta(days=ago)) for ago in range(30, 60)
    ]
    for pk in (WHOLE_PROJECT, ALL_PLATFORMS):
        platform = "medium" if pk == WHOLE_PROJECT else ""
        counted += [(pk, Dimension.TOTAL, platform, "", 2 * number, DAY)] if platform else []
        counted += [(pk, Dimension.COUNTRY, platform, "DE", 2 * number, DAY)]
        counted += [(pk, Dimension.HOUR, platform, "12", 2 * number, DAY)]
        counted += [(pk, Dimension.PAGE, platform, f"medium.com/{pixel.pk}", 2, DAY) for pixel in pixels[:-1]]
    DailyCount.objects.bulk_create(
        DailyCount(
            project=project, pixel_id=pk, dimension=dimension, platform=platform, value=value, hits=hits, visitors=1,
            date=day,
        )
        for pk, dimension, platform, value, hits, day in counted
    )  # fmt: skip


def test_pages_need_the_same_queries_with_ten_pixels_and_with_two_thousand(reader, project, viewer):
    big = Project.objects.create(name="Big", slug="big")
    Membership.objects.create(project=big, user=viewer)
    fill_with(project, 12)  # one more than a panel has rows was visited
    listed = queries_of(reader, "/")
    fill_with(big, 2000)
    for of in (project, big):
        pixel = Pixel.objects.filter(project=of, title="Article 0").get()
        for pixel_id in (WHOLE_PROJECT, pixel.pk):
            DailyCount.objects.create(  # long ago: there is something to look for in any period before
                project=of, pixel_id=pixel_id, dimension=Dimension.TOTAL, date=DAY - timedelta(days=800),
                platform="medium", value="", hits=1, visitors=1,
            )  # fmt: skip
        paths = {path: path.format(project=f"/projects/{of.slug}/", pixel=pixel.pk) for path in PINNED}
        assert {path: queries_of(reader, actual) for path, actual in paths.items()} == PINNED
        assert queries_of(reader, f"/projects/{of.slug}/?all=articles") in {18, 19}  # are there any without visits?
    assert queries_of(reader, "/") == listed == 7


@pytest.mark.parametrize(("path", "most"), [("/", 6), ("/projects/blog/", 25), ("/projects/blog/{pixel}/", 19)])
def test_pages_need_the_same_queries_at_any_traffic_and_in_any_range(reader, viewer, pixel, path, most):
    path = path.format(pixel=pixel.pk)
    for ago in (0, 1, 20):
        add_visits(pixel, 3, day=DAY - timedelta(days=ago))
    few = [queries_of(reader, f"{path}?range={name}") for name in RANGES]
    for place in range(20):
        more = Pixel.objects.create(project=pixel.project, title=f"Article {place}")
        add_visits(more, 3, day=DAY - timedelta(days=place), platform=f"site{place}.example")
        add_visits(pixel, 3, day=DAY - timedelta(days=place), country="FR")
        project = Project.objects.create(name=f"Project {place}", slug=f"project-{place}")
        Membership.objects.create(project=project, user=viewer)
    many = [queries_of(reader, f"{path}?range={name}") for name in RANGES]
    assert max(many) == max(few) == most
