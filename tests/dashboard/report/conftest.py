"""Fixtures of the report's tests: a stopped clock, and a second article, in the same project and in another."""

import pytest

from collector.models import Pixel, Project
from tests.dashboard.report.daily_counts import NOON


@pytest.fixture
def noon(monkeypatch):
    """Stop the clock at noon of the day that the counts end with."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture
def second_pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Second")


@pytest.fixture
def other_pixel(db) -> Pixel:
    """A pixel of somebody else's project."""
    other = Project.objects.create(name="Other", slug="other", timezone="UTC")
    return Pixel.objects.create(project=other, title="Elsewhere")
