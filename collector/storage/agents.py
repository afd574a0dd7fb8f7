"""From the `User-Agent` strings of a batch to rows of agents.

Most strings have a row of their own. Those over a cap of the day (`name_caps`) are judged as all others, but not kept:
their hits share one row with all hits of the same browser, system and device, whose string is empty.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from collector.classify.agents import Agent
from collector.classify.platforms import OTHER
from collector.models import UserAgent
from collector.storage.admitted import Claimant
from collector.storage.interned import HINTS_FOLLOW, MAX_REMEMBERED, DistinctStrings, Texts, judge
from collector.storage.name_caps import BROWSER, OS, NameCaps, StringCaps, is_known

AgentKey = tuple[str, str]  # a string, and the client hints that came with it
_FACTS = ("browser", "os", "device", "bot", "proxy")
MAX_WITHOUT_ROW = 4096  # judged strings that are remembered although they have no row


@dataclass(slots=True)
class Judged:
    """An agent, and the key and id of the row that its hits name. The id is None until that row is stored.

    `is_settled` says that all hits of this agent name this row, whatever their pixel and day.
    """

    agent: Agent
    key: str = ""
    id: int | None = None
    is_settled: bool = False


class AgentStrings:
    """The table of agents. Remembers strings, and what is capped, between batches."""

    def __init__(self, names: NameCaps) -> None:
        self._table: DistinctStrings[Judged] = DistinctStrings(
            UserAgent, ("string", "hints", *_FACTS), _FACTS, _judged_row
        )
        self._remembered: OrderedDict[AgentKey, Judged] = OrderedDict()
        self._without_row: OrderedDict[AgentKey, tuple[str, Agent]] = OrderedDict()
        self._names = names
        self._caps = StringCaps()

    def batch(self, keys: Collection[AgentKey]) -> "AgentBatch":
        """Judge the agents of a batch. No query if all were seen before, else one for each 900 new strings."""
        judged: dict[AgentKey, Judged] = {}
        new: dict[AgentKey, tuple[str, Agent]] = {}
        for key in keys:
            remembered = self._remembered.get(key)
            if remembered is None:
                new[key] = self._without_row.get(key) or judge(*key)
            else:
                judged[key] = remembered
                self._remembered.move_to_end(key)
        if new:
            self._look_up(new, judged)
        return AgentBatch(judged, self._table, self._names, self._caps)

    def forget(self) -> None:
        """Read every string again next time, because some were deleted."""
        self._table.forget()
        self._remembered.clear()

    def _look_up(self, new: dict[AgentKey, tuple[str, Agent]], judged: dict[AgentKey, Judged]) -> None:
        """Add new strings to `judged`, with their row if they have one."""
        rows = self._table.find({row_key for row_key, _ in new.values()})
        for key, (row_key, agent) in new.items():
            row = rows.get(row_key)
            if row:
                judged[key] = self._remembered[key] = row
            else:
                judged[key] = Judged(agent, row_key)
                self._without_row[key] = (row_key, agent)
        for memory, limit in ((self._remembered, MAX_REMEMBERED), (self._without_row, MAX_WITHOUT_ROW)):
            while len(memory) > limit:
                memory.popitem(last=False)


class AgentBatch:
    """The agents of one batch. Ask for the agent of every hit that isn't settled, then `store`, then read the ids."""

    def __init__(
        self,
        judged: dict[AgentKey, Judged],
        table: DistinctStrings[Judged],
        names: NameCaps,
        caps: StringCaps,
    ) -> None:
        self._judged = judged
        self._table = table
        self._names = names
        self._caps = caps
        self._settled: dict[tuple[Claimant, AgentKey], Judged] = {}
        self._shared: dict[Agent, Judged] = {}
        self._new: dict[str, Texts] = {}

    def judged(self, key: AgentKey) -> Judged:
        """Return a judged agent, before any cap."""
        return self._judged[key]

    def of(self, key: AgentKey, claimant: Claimant) -> Judged:
        """Return the agent that a hit counts with, after the caps."""
        place = (claimant, key)
        settled = self._settled.get(place)
        if settled is None:
            settled = self._settled[place] = self._settle(self._judged[key], claimant)
        return settled

    def store(self) -> None:
        """Find or create the rows of new strings, and set their ids. No query without new rows."""
        if not self._new:
            return
        stored = self._table.store(self._new)
        for judged in (*self._judged.values(), *self._shared.values()):
            if judged.id is None and judged.key in stored:
                judged.id = stored[judged.key].id

    def _settle(self, judged: Judged, claimant: Claimant) -> Judged:
        """Return the row for the hits of one claimant: the string's own, or a shared one if it is over a cap."""
        agent = judged.agent
        browser = self._names.admitted(claimant, BROWSER, agent.browser)
        os = self._names.admitted(claimant, OS, agent.os)
        if (browser, os) != (agent.browser, agent.os):
            return self._share(replace(agent, browser=browser, os=os))
        if judged.id is None and judged.key not in self._new:
            if not self._caps.admits(claimant):
                return self._share(agent)
            self._new[judged.key] = _row(judged)
        return judged

    def _share(self, agent: Agent) -> Judged:
        """Return the row of all strings that are judged alike and not kept. All bots share one."""
        if agent.bot:
            agent = Agent(bot=OTHER)
        shared = self._shared.get(agent)
        if shared is None:
            key = HINTS_FOLLOW.join(["", agent.browser, agent.os, agent.device, agent.bot, agent.proxy])
            shared = self._shared[agent] = Judged(agent, key)
            self._new[key] = _row(shared)
        return shared


def _row(judged: Judged) -> Texts:
    string, _, hints = judged.key.partition(HINTS_FOLLOW)
    agent = judged.agent
    facts = (agent.browser, agent.os, agent.device, agent.bot, agent.proxy)
    return string, hints if string else "", *facts


def _judged_row(values: tuple[Any, ...]) -> Judged:
    row_id, *facts = values
    agent = Agent(*facts)
    return Judged(agent, "", row_id, is_known(BROWSER, agent.browser) and is_known(OS, agent.os))
