"""Distinct user agents and pages: each string has one row, created when it is first seen.

Rows are created in a transaction of their own, before the one that stores the hits. If that one fails, unused rows may
stay, which do no harm, and the memory of this process stays correct.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from collector.classify.agents import Agent, parse_agent, refined
from collector.models import Page, UserAgent

StringModel = TypeVar("StringModel", UserAgent, Page)
Stored = TypeVar("Stored")  # what is remembered of a row
MAX_REMEMBERED = 50_000  # strings
MAX_LABEL = 255
HINTS_FOLLOW = "\n"  # between agent and hints; no header's value contains it


@dataclass(frozen=True, slots=True)
class StoredAgent:
    """An agent, and the id of its row."""

    id: int
    agent: Agent


class DistinctStrings(Generic[StringModel, Stored]):
    """One table of distinct strings, with the last `MAX_REMEMBERED` in memory."""

    def __init__(
        self,
        model: type[StringModel],
        new_row: Callable[[bytes, str], StringModel],
        stored: Callable[[StringModel], Stored],
    ) -> None:
        self._model: type[StringModel] = model
        self._new_row: Callable[[bytes, str], StringModel] = new_row
        self._stored: Callable[[StringModel], Stored] = stored
        self._remembered: OrderedDict[str, Stored] = OrderedDict()

    def resolve(self, strings: Iterable[str]) -> dict[str, Stored]:
        """Return what is stored of each string, and store new ones. No query if all were seen before, else three."""
        resolved: dict[str, Stored] = {}
        missing: dict[bytes, str] = {}
        for string in set(strings):
            remembered = self._remembered.get(string)
            if remembered is None:
                missing[digest(string)] = string
            else:
                resolved[string] = remembered
        if missing:
            rows = self._model._default_manager.filter(digest__in=sorted(missing))
            present = {bytes(row.digest) for row in rows}
            self._model._default_manager.bulk_create(
                [self._new_row(key, string) for key, string in sorted(missing.items()) if key not in present],
                ignore_conflicts=True,  # another drain may have been first
            )
            for row in rows.all():
                string = missing[bytes(row.digest)]
                resolved[string] = self._remembered[string] = self._stored(row)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return resolved


def digest(string: str) -> bytes:
    """Return the 16 bytes that a distinct string is looked up by."""
    return hashlib.blake2b(string.encode(), digest_size=16).digest()


def with_hints(agent: Agent, hints: str) -> Agent:
    """Return an agent as refined by client hints such as `?0 Android`, or `agent` itself."""
    mobile, _, platform = hints.partition(" ")
    return refined(agent, mobile=mobile, platform=platform)


def agent_strings() -> DistinctStrings[UserAgent, StoredAgent]:
    """Return the table of agents. A string may end with `HINTS_FOLLOW` and the client hints that refine the agent."""

    def new_row(key: bytes, string_and_hints: str) -> UserAgent:
        string, _, hints = string_and_hints.partition(HINTS_FOLLOW)
        agent = with_hints(parse_agent(string), hints)
        return UserAgent(
            digest=key,
            string=string,
            hints=hints,
            browser=agent.browser,
            os=agent.os,
            device=agent.device,
            bot=agent.bot,
            proxy=agent.proxy,
        )

    def stored(row: UserAgent) -> StoredAgent:
        return StoredAgent(row.pk, Agent(row.browser, row.os, row.device, row.bot, row.proxy))

    return DistinctStrings(UserAgent, new_row, stored)


def page_strings() -> DistinctStrings[Page, int]:
    """Return the table of pages. A hit needs only the id of a page."""

    def new_row(key: bytes, url: str) -> Page:
        return Page(digest=key, url=url, host=page_host(url))

    def stored(row: Page) -> int:
        return row.pk

    return DistinctStrings(Page, new_row, stored)


def page_label(url: str) -> str:
    """Return the name of a page in the counts, its host and path: `a.example/b` for `https://a.example/b?c`."""
    return (url.partition("://")[2] or url).partition("?")[0][:MAX_LABEL]


def page_host(url: str) -> str:
    """Return the host of a page without its port, or an empty string if it has none."""
    authority = url.partition("://")[2].partition("/")[0]
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    return host[:MAX_LABEL]
