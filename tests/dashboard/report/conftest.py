"""Fixtures of the report's tests."""

import pytest

from collector.models import Pixel, Project


@pytest.fixture
def other_pixel(db) -> Pixel:
    """A pixel of somebody else's project."""
    other = Project.objects.create(name="Other", slug="other", timezone="UTC")
    return Pixel.objects.create(project=other, title="Elsewhere")
