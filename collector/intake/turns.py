"""How many requests Django answers at the same time in this process. Others wait in the event loop, and cost little.

Each request in progress has a thread, and usually a connection to the database, which has only so many (PostgreSQL, by
default, 97). A stranger with some hundred requests at once would use them up, and members would get errors.
"""

from asyncio import Semaphore
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings

from collector.intake.clients import client_address, networks
from collector.intake.headers import join_headers
from collector.intake.prefix import without_prefix

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

AT_ONCE = 40
OF_STRANGERS = 28  # who have no session, so that members get their turn
OF_ONE_NETWORK = 12  # so that others get theirs
NO_TURN = {"/healthz", "/readyz", "/metrics"}  # which must answer while a flood waits


def in_turns(
    application: Application,
    at_once: int = AT_ONCE,
    of_strangers: int = OF_STRANGERS,
    of_one_network: int = OF_ONE_NETWORK,
) -> Application:
    """Return an ASGI application that passes only so many requests to `application` at the same time.

    A turn begins when the request's body is there, so that slow clients hold none, and ends when the answer begins: a
    long download is sent beside others. Until it has its turn, a request has no thread: Django reads the body first.
    """
    everybody, strangers = Semaphore(at_once), Semaphore(of_strangers)
    by_network: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()  # while a request of it is here

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or without_prefix(scope["path"]) in NO_TURN:
            await application(scope, receive, send)
            return
        headers = join_headers(scope["headers"])
        one_network = by_network.setdefault(_network(scope, headers), Semaphore(of_one_network))
        is_stranger = f"{settings.SESSION_COOKIE_NAME}=".encode() not in headers.get(b"cookie", b"")
        places = [one_network, strangers, everybody] if is_stranger else [one_network, everybody]
        async with AsyncExitStack() as turn:

            async def receive_and_take_turn() -> dict[str, Any]:
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body"):
                    while places:
                        await turn.enter_async_context(places.pop(0))
                return message

            async def end_turn_and_send(message: dict[str, Any]) -> None:
                await turn.aclose()
                await send(message)

            await application(scope, receive_and_take_turn, end_turn_and_send)

    return answer


def _network(scope: Scope, headers: Mapping[bytes, bytes]) -> str:
    """Return the network of a request's client, as a key. It stays in memory while the request does."""
    client = scope.get("client")
    return networks(client_address(client[0] if client else "", headers, settings.TRUSTED_PROXIES)).local
