"""Add to spooled hits what storing needs: rows of agents and pages, the platform, the local day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.classify.agents import Agent
from collector.classify.platforms import OTHER
from collector.models import Evidence, Pixel, Position, Traffic, Verdict
from collector.spool.line import SpooledHit
from collector.storage.attribution import credit, elsewhere
from collector.storage.caps import Caps, is_unlisted
from collector.storage.countable import BOTS, READERS, Countable, local_day_and_hour
from collector.storage.interned import (
    HINTS_FOLLOW,
    StoredAgent,
    agent_strings,
    page_host,
    page_label,
    page_strings,
    with_hints,
)

FOREVER_US = 2**63 - 1
RETIREMENT_GRACE = timedelta(seconds=60)  # until all web processes have noticed; hits they took meanwhile are kept


class EnrichedHit(Countable):
    """One hit, ready to be stored. `at_us` is in microseconds since the epoch."""

    id: int = 0
    at_us: int = 0
    visitor: int | None = None
    user_agent_id: int | None = None
    page_id: int | None = None
    page_url: str = ""
    placement: str = ""


# Naming a member of an enumeration costs a descriptor call each time. These are named for every hit: plain integers.
_START, _END = int(Position.START), int(Position.END)
_DIRECT, _PROXIED, _BOT_TRAFFIC = int(Traffic.DIRECT), int(Traffic.PROXIED), int(Traffic.BOT)
_COUNTED, _BOT, _MUTED = int(Verdict.COUNTED), int(Verdict.BOT), int(Verdict.MUTED)
_PAGE = int(Evidence.PAGE)
_NO_AGENT = Agent()


class CountingPixel(NamedTuple):
    """What the drain needs to know of a pixel. Moments are in microseconds since the epoch."""

    id: int
    project_id: int
    timezone: str
    placements: frozenset[str]
    until_us: int  # later hits are not stored
    muted_us: tuple[int, int]  # start and end
    drops_opted_out: bool

    def takes(self, hit: SpooledHit) -> bool:
        """Whether a hit of this pixel is stored at all."""
        return hit.at_us < self.until_us and not (self.drops_opted_out and hit.verdict == Verdict.OPTED_OUT)


class Origin(NamedTuple):
    """Where a hit came from, after the caps: its page and platform."""

    page_url: str
    page: str
    platform: str
    evidence: int
    elsewhere: str


class Enricher:
    """Turns spooled hits into rows. Remembers agents, pages and caps between batches."""

    def __init__(self) -> None:
        self._agents = agent_strings()
        self._pages = page_strings()
        self.caps = Caps()

    def enrich(
        self, spooled: Sequence[tuple[int, SpooledHit]], pixels: Mapping[str, CountingPixel]
    ) -> list[EnrichedHit]:
        """Enrich `(id, hit)` pairs. `pixels` has the pixel of each token.

        Runs no query for agents and pages that were seen before.
        """
        agents = self._agents.resolve(hit.agent for _, hit in spooled if hit.agent)
        refined = self._refined(agents, {(hit.agent, hit.hints) for _, hit in spooled if hit.hints and hit.agent})
        batch = _Batch(self.caps)
        enriched = []
        for hit_id, hit in spooled:
            agent = agents.get(hit.agent)
            if hit.hints:
                agent = refined.get((hit.agent, hit.hints), agent)
            enriched.append(batch.enrich(hit_id, hit, pixels[hit.token], agent))
        pages = self._pages.resolve(hit.page_url for hit in enriched if hit.page_url)
        for hit_with_page in enriched:
            if hit_with_page.page_url:
                hit_with_page.page_id = pages[hit_with_page.page_url]
        return enriched

    def _refined(
        self, agents: Mapping[str, StoredAgent], strings_and_hints: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], StoredAgent]:
        """Return the agents that their hints refine, by string and hints."""
        keys = {
            (string, hints): f"{string}{HINTS_FOLLOW}{hints}"
            for string, hints in strings_and_hints
            if with_hints(agents[string].agent, hints) != agents[string].agent
        }
        refined = self._agents.resolve(keys.values())
        return {pair: refined[key] for pair, key in keys.items()}


class _Batch:
    """Hits that are enriched together. Those with the same placement, proxy and page share an `Origin`."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._origins: dict[tuple[int, str, str, str, str], Origin] = {}

    def enrich(self, hit_id: int, hit: SpooledHit, pixel: CountingPixel, stored: StoredAgent | None) -> EnrichedHit:
        day, hour = local_day_and_hour(hit.at_us, pixel.timezone)
        agent = stored.agent if stored else _NO_AGENT
        verdict, traffic = final_verdict(hit.verdict, agent)
        muted_from, muted_until = pixel.muted_us
        if muted_from <= hit.at_us < muted_until and verdict in READERS:
            verdict = _MUTED
        # A proxy is not a reader: its country and language say nothing about the readers behind it.
        is_direct = traffic != _PROXIED
        visitor = hit.visitor if is_direct else None
        key = (pixel.id, day, hit.placement, agent.proxy, hit.page)
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = self._origin(pixel, day, hit, agent.proxy)
        return EnrichedHit(
            project_id=pixel.project_id,
            pixel_id=pixel.id,
            date=day,
            hour=hour,
            position=_END if hit.is_end else _START,
            traffic=traffic,
            verdict=verdict,
            platform=origin.platform,
            page=origin.page,
            country=hit.country if is_direct else "",
            language=hit.language if is_direct else "",
            device=agent.device,
            browser=agent.browser,
            os=agent.os,
            evidence=origin.evidence,
            elsewhere=origin.elsewhere,
            id=hit_id,
            at_us=hit.at_us,
            visitor=visitor,
            has_visitor=visitor is not None,
            user_agent_id=stored.id if stored else None,
            page_url=origin.page_url,
            placement=hit.placement,
        )

    def _origin(self, pixel: CountingPixel, day: str, hit: SpooledHit, proxy: str) -> Origin:
        page_url = hit.page
        label = page_label(page_url) if page_url else ""
        platform, evidence = credit(hit.placement, pixel.placements, proxy, page_host(page_url) if page_url else "")
        if label and not self._caps.admits_page(pixel.project_id, pixel.id, day, label):
            page_url = label = OTHER
        is_invented = evidence == _PAGE and is_unlisted(platform)
        if is_invented and not self._caps.admits_host(pixel.project_id, pixel.id, day, platform):
            platform = OTHER
        if "?" in page_url and not self._caps.admits_query(pixel.project_id, pixel.id, day, page_url):
            page_url = page_url.partition("?")[0]
        host = page_host(page_url) if page_url else ""
        return Origin(page_url, label, platform, evidence, elsewhere(hit.placement, host))


def final_verdict(verdict: int, agent: Agent) -> tuple[int, int]:
    """Return the verdict on a hit and its traffic, from the verdict of the web process and the parsed agent."""
    if agent.bot and verdict == _COUNTED:
        verdict = _BOT
    if agent.bot or verdict in BOTS:
        return verdict, _BOT_TRAFFIC
    return verdict, _PROXIED if agent.proxy else _DIRECT


def counting_pixels(spooled: Iterable[SpooledHit]) -> dict[str, CountingPixel]:
    """Return the pixels of hits, by token. One query."""
    tokens = {hit.token for hit in spooled}
    pixels = Pixel.objects.select_related("project").filter(token__in=tokens)
    return {pixel.token: counting_pixel(pixel) for pixel in pixels}


def counting_pixel(pixel: Pixel) -> CountingPixel:
    """Return what the drain needs to know of a pixel. One query, unless its project was selected with it."""
    project = pixel.project
    return CountingPixel(
        id=pixel.pk,
        project_id=project.pk,
        timezone=project.timezone,
        placements=frozenset(pixel.placements),
        until_us=_us(pixel.retired_at + RETIREMENT_GRACE) if pixel.retired_at else FOREVER_US,
        muted_us=(_us(pixel.muted_at), _us(pixel.muted_until)) if pixel.muted_at and pixel.muted_until else (0, 0),
        drops_opted_out=project.drops_opted_out,
    )


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
