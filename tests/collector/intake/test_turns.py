"""How many requests Django answers at the same time, of one network and of all."""

import asyncio
from typing import Any

from collector.intake.turns import in_turns


class Site:
    """An application that answers a path when it is told to. `open` are the paths that it is busy with."""

    def __init__(self, at_once: int, of_one_network: int, of_strangers: int = 9) -> None:
        self.open: dict[str, asyncio.Event] = {}
        self.streams = asyncio.Event()  # until it is set, no answer ends
        self._application = in_turns(self._answer, at_once, of_strangers, of_one_network)

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        self.open[scope["path"]] = asyncio.Event()
        await self.open[scope["path"]].wait()
        if scope["path"].startswith("/fails"):
            raise RuntimeError
        await send({"type": "http.response.start"})
        await self.streams.wait()
        await send({"type": "http.response.body"})

    def ask(self, *paths: str, peer: str = "192.0.2.1", cookie: bytes = b"") -> list[asyncio.Task[None]]:
        headers = [(b"cookie", cookie)]
        scopes = [{"type": "http", "path": path, "headers": headers, "client": (peer, 1)} for path in paths]
        return [asyncio.create_task(self._ask(scope)) for scope in scopes]

    async def _ask(self, scope: dict[str, Any]) -> None:
        async def send(message: dict[str, Any]) -> None:
            self.open.pop(scope["path"], None)

        async def receive() -> dict[str, Any]:
            if scope["path"].startswith("/slow"):
                await asyncio.sleep(0)  # its body never ends
            return {"type": "http.request", "more_body": scope["path"].startswith("/slow")}

        await self._application(scope, receive, send)

    async def busy_with(self) -> list[str]:
        for _ in range(20):  # turns of the loop: everything that can go on does
            await asyncio.sleep(0)
        return sorted(self.open)


def test_a_network_has_some_turns_and_all_together_have_more_and_the_others_wait():
    async def play() -> None:
        site = Site(at_once=3, of_one_network=2)
        tasks = site.ask("/a1", "/a2", "/a3") + site.ask("/b1", "/b2", peer="192.0.2.2")
        assert await site.busy_with() == ["/a1", "/a2", "/b1"]
        tasks += site.ask("/healthz")
        assert await site.busy_with() == ["/a1", "/a2", "/b1", "/healthz"]
        site.open["/b1"].set()  # its answer begins, and never ends
        assert await site.busy_with() == ["/a1", "/a2", "/b2", "/healthz"]
        site.open["/a2"].set()
        assert await site.busy_with() == ["/a1", "/a3", "/b2", "/healthz"]
        for task in tasks:
            task.cancel()

    asyncio.run(play())


def test_members_get_a_turn_while_strangers_wait():
    async def play() -> None:
        site = Site(at_once=3, of_one_network=9, of_strangers=2)
        tasks = site.ask("/s1", "/s2", "/s3", "/s4") + site.ask("/m1", "/m2", cookie=b"a=b; sessionid=x")
        assert await site.busy_with() == ["/m1", "/s1", "/s2"]
        site.open["/m1"].set()
        assert await site.busy_with() == ["/m2", "/s1", "/s2"]
        for task in tasks:
            task.cancel()

    asyncio.run(play())


def test_a_body_that_never_ends_holds_no_turn():
    async def play() -> None:
        site = Site(at_once=1, of_one_network=1)
        tasks = site.ask("/slow1", "/slow2", "/a")
        assert await site.busy_with() == ["/a"]
        for task in tasks:
            task.cancel()

    asyncio.run(play())


def test_a_request_that_fails_or_is_given_up_ends_its_turn():
    async def play() -> None:
        site = Site(at_once=1, of_one_network=1)
        [failed] = site.ask("/fails")
        [given_up] = site.ask("/x")
        [last] = site.ask("/last")
        assert await site.busy_with() == ["/fails"]
        site.open.pop("/fails").set()
        assert await site.busy_with() == ["/x"]
        assert isinstance(failed.exception(), RuntimeError)
        given_up.cancel()
        site.open.pop("/x")
        assert await site.busy_with() == ["/last"]
        last.cancel()

    asyncio.run(play())
