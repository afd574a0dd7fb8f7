"""Requests to the API, with a token or without."""

from django.contrib.auth.models import User
from django.test import Client

from collector.models import ApiToken, Project
from tests.dashboard.conftest import NOON

BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
VISITS = {"counted", "opted-out"}
ENDPOINTS = ["projects", "projects/blog", "projects/blog/pixels", "projects/blog/counts", "projects/blog/hits"]
PATHS = {
    "/api/v1/projects",
    "/api/v1/projects/{slug}",
    "/api/v1/projects/{slug}/pixels",
    "/api/v1/projects/{slug}/pixels/{pixel_id}",
    "/api/v1/projects/{slug}/counts",
    "/api/v1/projects/{slug}/hits",
    "/api/v1/projects/{slug}/audit",
    "/api/v1/audit",
    "/api/v1/projects/{slug}/pixels/{pixel_id}/installations",
    "/api/v1/projects/{slug}/pixels/{pixel_id}/installations/{by}",
    "/api/v1/projects/{slug}/pixels/{pixel_id}/events",
    "/api/v1/projects/{slug}/pixels/{pixel_id}/retention",
    "/api/v1/projects/{slug}/pixels/{pixel_id}/other-sdks",
}


def token_for(user: User, *projects: Project) -> tuple[ApiToken, Client]:
    """Return a token that was used today, and a client that sends it."""
    token = ApiToken(user=user, name="Script", last_used_on=NOON.date())
    secret = token.make_secret()
    token.save()
    token.projects.set(projects)
    return token, Client(headers={"Authorization": f"Bearer {secret}"})


def get(client: Client, path: str, status: int = 200, **query: object) -> dict:
    response = client.get(f"/api/v1/{path}", query_params={key: str(value) for key, value in query.items()})
    assert response.status_code == status, response.content
    return response.json()


def all_items(client: Client, path: str, **query: object) -> list[dict]:
    """Follow the cursors from the first part to the last."""
    items: list[dict] = []
    cursor = ""
    while cursor is not None:
        page = get(client, path, **query, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next_cursor"]
    return items
