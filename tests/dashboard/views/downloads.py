"""What a client gets of a download, by WSGI and by ASGI."""

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient, Client


def fetched(client: Client, path: str, status: int = 200, **headers: str) -> bytes:
    response = client.get(path, headers=headers)
    assert response.status_code == status
    return b"".join(response.streaming_content) if response.streaming else response.content


def fetched_by_asgi(user: User, path: str, **headers: str) -> bytes:
    """Return the same by ASGI, where a synchronous iterator would be an error."""

    async def fetch() -> bytes:
        client = AsyncClient()
        await client.aforce_login(user)
        response = await client.get(path, headers=headers)
        assert response.status_code == 200
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(fetch)()
