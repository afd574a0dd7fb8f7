"""A token, the program that sends it, and hits to read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from collector.models import ApiToken, Pixel, Verdict
from collector.storage.export import hit_rows
from tests.dashboard.api.client import BOT, token_for
from tests.hits import CAMO, FIREFOX, hit


@pytest.fixture(autouse=True)
def unlimited(noon, empty_cache, settings) -> None:
    """Stop the clock, and limit no requests unless a test does."""
    settings.API_RATE_LIMIT = (0, 60)


@pytest.fixture
def token(viewer, project) -> tuple[ApiToken, Client]:
    return token_for(viewer, project)


@pytest.fixture
def program(token) -> Client:
    """A program that sends a viewer's token for the project."""
    return token[1]


@pytest.fixture
def pixels(project, pixel) -> list[Pixel]:
    return [pixel, Pixel.objects.create(project=project, title="Second", placements=["github"])]


@pytest.fixture
def stored_rows(take, pixels) -> list[dict]:
    """Store hits of many kinds and days, and return them as rows, oldest first."""
    first, second = pixels
    kinds = [
        {"visitor": 1, "placement": "medium"},
        {"visitor": 2, "placement": "medium", "country": "FR", "language": "fr", "agent": FIREFOX},
        {"visitor": 1, "placement": "dev-to", "page": "https://elsewhere.example/copy"},
        {"visitor": 3, "page": "https://ada.example/hello", "country": "FR"},
        {"visitor": None, "placement": "github", "agent": CAMO, "country": "", "language": ""},
        {"visitor": None, "placement": "medium", "agent": BOT},
        {"visitor": None, "verdict": int(Verdict.OPTED_OUT), "agent": "", "country": "", "language": ""},
        {"visitor": 1, "placement": "medium", "is_end": True},
    ]
    stored = []
    for number in range(96):
        at = datetime(2026, 10, 20, 21, 30, tzinfo=UTC) + timedelta(hours=7 * (number // 2))  # each moment twice
        kind = kinds[number % 7 if number % 5 else 7]
        stored.append(hit(first if number % 3 else second, f"{at:%Y-%m-%dT%H:%M}", **kind))
    take(*stored)
    return list(hit_rows(first.project))
