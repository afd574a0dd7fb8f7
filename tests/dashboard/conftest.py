"""Fixtures of the dashboard's tests: the clock, the public address, a second article, and people who are logged in."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.test import Client

from collector.models import Membership, Pixel, Role

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def noon(monkeypatch) -> None:
    """Stop the clock at noon of a Sunday."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture
def empty_cache() -> None:
    """Forget all counted requests and tries of passwords."""
    cache.clear()


@pytest.fixture
def second_pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Second")


@pytest.fixture
def public_url(settings) -> None:
    settings.PUBLIC_URL = "https://hits.example.org"


@pytest.fixture
def reader(client, viewer) -> Client:
    """A browser in which a viewer of the project is logged in."""
    client.force_login(viewer)
    return client


@pytest.fixture
def editor(client, viewer) -> Client:
    """A browser in which an editor of the project is logged in, who may not enter the admin."""
    Membership.objects.filter(user=viewer).update(role=Role.EDITOR)
    client.force_login(viewer)
    return client
