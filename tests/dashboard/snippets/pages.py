"""How the tests of snippets read a page and press its button."""

from datetime import timedelta

from django.test import Client

from collector.models import Pixel
from tests.dashboard.conftest import NOON


def text(client: Client, path: str, status: int = 200) -> str:
    """Return the body of an answer, streamed or not."""
    response = client.get(path)
    assert response.status_code == status
    return b"".join(response).decode() if response.streaming else response.content.decode()


def ago(seconds: float) -> str:
    """Return a moment before noon as `hit` takes it."""
    return (NOON - timedelta(seconds=seconds)).isoformat()


def add(client: Client, pixel: Pixel, name: str, query: str = "") -> str:
    """Add a platform to the pixel and return the address that the answer leads to."""
    response = client.post(f"/projects/blog/{pixel.pk}/snippets/add/{query}", {"platform": name})
    assert response.status_code == 302
    pixel.refresh_from_db()
    return response.url
