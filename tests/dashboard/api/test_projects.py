"""Projects and pixels in the API."""

import pytest

from collector.models import Membership, Pixel, Project, Role
from tests.dashboard.api.client import all_items, get, token_for

pytestmark = pytest.mark.django_db


def test_projects_are_those_of_the_token(program, project):
    Project.objects.create(name="Other", slug="other")
    Project.objects.filter(pk=project.pk).update(sites="My blog: example.com, www.old.example\nMedium: stories.example")
    sites = [
        {"name": "My blog", "platform": "example.com", "hosts": ["example.com", "old.example"]},
        {"name": "Medium", "platform": "medium", "hosts": ["stories.example"]},
    ]
    expected = {"slug": "blog", "name": "Blog", "timezone": "Europe/Berlin", "retention_days": 730, "first_weekday": 1}
    expected |= {"sites": sites}
    [item] = get(program, "projects")["items"]
    assert item | expected == item
    assert get(program, "projects/blog") == item


def test_pixels_are_those_of_the_project(program, pixels):
    Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Theirs")
    items = get(program, "projects/blog/pixels")["items"]
    assert [(row["id"], row["title"], row["token"], row["placements"]) for row in items] == [
        (pixel.pk, pixel.title, pixel.token, pixel.placements) for pixel in pixels
    ]
    assert get(program, f"projects/blog/pixels/{pixels[1].pk}") == items[1]


def test_projects_and_pixels_come_in_parts(viewer):
    projects = [Project.objects.create(name=f"P{number}", slug=f"p-{number}") for number in range(5)]
    for project in projects:
        Membership.objects.create(project=project, user=viewer, role=Role.VIEWER)
    pixel_ids = [Pixel.objects.create(project=projects[0], title=f"T{number}").pk for number in range(5)]
    _token, program = token_for(viewer, *projects)
    for limit in (1, 2, 4, 5, 6):
        assert [row["slug"] for row in all_items(program, "projects", limit=limit)] == [p.slug for p in projects]
        assert [row["id"] for row in all_items(program, "projects/p-0/pixels", limit=limit)] == pixel_ids
