"""How the tests of downloads read an answer, by WSGI and by ASGI."""

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient, Client


def fetched(client: Client, path: str, status: int = 200, **headers: str) -> bytes:
    """Return the body of an answer, streamed or not."""
    response = client.get(path, headers=headers)
    assert response.status_code == status
    return b"".join(response.streaming_content) if response.streaming else response.content


def fetched_by_asgi(user: User, path: str, **headers: str) -> bytes:
    """Return the body by ASGI, where a synchronous iterator would raise an error."""

    async def fetch() -> bytes:
        client = AsyncClient()
        await client.aforce_login(user)
        response = await client.get(path, headers=headers)
        assert response.status_code == 200
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(fetch)()
