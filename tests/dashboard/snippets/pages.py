"""How the tests of snippets read a page and press its button."""

from datetime import timedelta

from django.test import Client

from collector.models import Pixel
from tests.dashboard.conftest import NOON


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return b"".join(response).decode() if response.streaming else response.content.decode()


def ago(seconds: float) -> str:
    return (NOON - timedelta(seconds=seconds)).isoformat()


def add(client: Client, pixel: Pixel, place: str, query: str = "") -> str:
    response = client.post(f"/projects/blog/{pixel.pk}/snippets/add/{query}", {"place": place})
    assert response.status_code == 302
    pixel.refresh_from_db()
    return response.url
