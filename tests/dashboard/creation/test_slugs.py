"""The slug that a project gets from its name."""

from itertools import islice

import pytest

from collector.models import Project
from dashboard.creation.slugs import free_slugs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My blog", "my-blog"),
        ("Café Straße Ø", "cafe-strasse-o"),
        ("我的博客", "project"),
        ("🚀", "project"),
        ("Блог 2026", "2026"),
        ("---", "project"),
        ("a" * 100, "a" * 60),
        ("new", "new"),
    ],
)
def test_a_slug_is_made_from_any_name(name, slug):
    assert next(free_slugs(name)) == slug


def test_a_slug_that_is_taken_gets_a_number():
    for slug in ("blog", "blog-2", "blogger"):
        Project.objects.create(name=slug, slug=slug)
    assert list(islice(free_slugs("Blog"), 2)) == ["blog-3", "blog-4"]


def test_a_numbered_slug_is_not_too_long():
    Project.objects.create(name="long", slug="a" * 60)
    assert next(free_slugs("a" * 100)) == "a" * 58 + "-2"
