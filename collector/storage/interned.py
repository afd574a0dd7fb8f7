"""Distinct user agents and pages: each string has one row, made when it is first seen.

Rows are made in a transaction of their own, before the one that stores the hits: a row too many does no harm, and what
is remembered here holds whatever becomes of the batch.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from collector.classify.agents import Agent, parse_agent, refined
from collector.models import Page, UserAgent

Row = TypeVar("Row", UserAgent, Page)
Known = TypeVar("Known")
MAX_REMEMBERED = 50_000
MAX_LABEL = 255
HINTS_FOLLOW = "\n"  # in no header's value


@dataclass(frozen=True, slots=True)
class KnownAgent:
    id: int
    agent: Agent


class Strings(Generic[Row, Known]):
    """The rows of one table of distinct strings, the last `MAX_REMEMBERED` of them in memory."""

    def __init__(self, model: type[Row], make: Callable[[bytes, str], Row], know: Callable[[Row], Known]) -> None:
        self._model: type[Row] = model
        self._make: Callable[[bytes, str], Row] = make
        self._know: Callable[[Row], Known] = know
        self._known: OrderedDict[str, Known] = OrderedDict()

    def resolve(self, strings: Iterable[str]) -> dict[str, Known]:
        """Return what is known of each string. No query where all were seen before; three otherwise."""
        found: dict[str, Known] = {}
        missing: dict[bytes, str] = {}
        for string in set(strings):
            known = self._known.get(string)
            if known is None:
                missing[digest(string)] = string
            else:
                found[string] = known
        if missing:
            rows = self._model._default_manager.filter(digest__in=sorted(missing))
            present = {bytes(row.digest) for row in rows}
            self._model._default_manager.bulk_create(
                [self._make(key, string) for key, string in sorted(missing.items()) if key not in present],
                ignore_conflicts=True,  # another drain may have been first
            )
            for row in rows.all():
                string = missing[bytes(row.digest)]
                found[string] = self._known[string] = self._know(row)
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return found


def digest(string: str) -> bytes:
    """Return the 16 bytes that a distinct string is found by."""
    return hashlib.blake2b(string.encode(), digest_size=16).digest()


def hinted(agent: Agent, hints: str) -> Agent:
    """Return an agent as hints such as `?0 Android` refine it, or `agent` itself."""
    mobile, _, platform = hints.partition(" ")
    return refined(agent, mobile=mobile, platform=platform)


def agent_strings() -> Strings[UserAgent, KnownAgent]:
    """Return the rows of agents, each by its string, with hints after `HINTS_FOLLOW` where these refine it."""

    def make(key: bytes, told: str) -> UserAgent:
        string, _, hints = told.partition(HINTS_FOLLOW)
        agent = hinted(parse_agent(string), hints)
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

    def know(row: UserAgent) -> KnownAgent:
        return KnownAgent(row.pk, Agent(row.browser, row.os, row.device, row.bot, row.proxy))

    return Strings(UserAgent, make, know)


def page_strings() -> Strings[Page, int]:
    """Return the rows of pages, of which the id is all that a hit needs."""

    def make(key: bytes, url: str) -> Page:
        return Page(digest=key, url=url, host=page_host(url))

    def know(row: Page) -> int:
        return row.pk

    return Strings(Page, make, know)


def page_label(url: str) -> str:
    """Return what counts name a page by, its host and path: `https://a.example/b?c` is `a.example/b`."""
    return (url.partition("://")[2] or url).partition("?")[0][:MAX_LABEL]


def page_host(url: str) -> str:
    """Return the host of a page without its port, empty where it has none."""
    authority = url.partition("://")[2].partition("/")[0]
    host = authority if authority.endswith("]") else authority.rpartition(":")[0] or authority
    return host[:MAX_LABEL]
