"""What a spooled hit becomes before it is stored: its agent and page as rows, its platform, its day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.classify.agents import Agent
from collector.classify.platforms import OTHER
from collector.models import Evidence, Pixel, Position, Traffic, Verdict
from collector.spool.writer import SpooledHit
from collector.storage.attribution import credit, elsewhere
from collector.storage.caps import Caps, is_strange
from collector.storage.countable import BOTS, READERS, Countable, local_day_and_hour
from collector.storage.interned import (
    HINTS_FOLLOW,
    KnownAgent,
    agent_strings,
    hinted,
    page_host,
    page_label,
    page_strings,
)

FOREVER_US = 2**63 - 1
RETIREMENT_GRACE = timedelta(seconds=60)  # as long as a web process may take to notice, its answers are kept


class EnrichedHit(Countable):
    """One hit, ready to be stored. `at_us` is microseconds since the epoch."""

    id: int = 0
    at_us: int = 0
    visitor: int | None = None
    user_agent_id: int | None = None
    page_id: int | None = None
    page_url: str = ""
    placement: str = ""


# Members of an enumeration cost a descriptor each time they are named; these are named for every hit.
_START, _END = int(Position.START), int(Position.END)
_DIRECT, _PROXIED, _BOT_TRAFFIC = int(Traffic.DIRECT), int(Traffic.PROXIED), int(Traffic.BOT)
_COUNTED, _BOT, _MUTED = int(Verdict.COUNTED), int(Verdict.BOT), int(Verdict.MUTED)
_PAGE = int(Evidence.PAGE)
_NO_AGENT = Agent()


class CountingPixel(NamedTuple):
    """A pixel, as far as its hits need it. Moments are microseconds since the epoch."""

    id: int
    project_id: int
    timezone: str
    placements: frozenset[str]
    until_us: int  # hits from then on are none
    muted_us: tuple[int, int]  # from and until
    drops_opted_out: bool

    def takes(self, hit: SpooledHit) -> bool:
        """Whether a hit of it is stored at all."""
        return hit.at_us < self.until_us and not (self.drops_opted_out and hit.verdict == Verdict.OPTED_OUT)


class Scene(NamedTuple):
    """Where a hit was seen: page and platform, after the caps."""

    page_url: str
    page: str
    platform: str
    evidence: int
    elsewhere: str


class Enricher:
    """Turns spooled hits into rows; remembers agents, pages and caps between batches."""

    def __init__(self) -> None:
        self._agents = agent_strings()
        self._pages = page_strings()
        self.caps = Caps()

    def enrich(
        self, spooled: Sequence[tuple[int, SpooledHit]], pixels: Mapping[str, CountingPixel]
    ) -> list[EnrichedHit]:
        """Return what `(id, hit)` pairs become; `pixels` has the pixel of each token.

        Runs no query for agents and pages that were seen before.
        """
        agents = self._agents.resolve(hit.agent for _, hit in spooled if hit.agent)
        refined = self._refined(agents, {(hit.agent, hit.hints) for _, hit in spooled if hit.hints and hit.agent})
        batch = _Batch(self.caps)
        enriched = []
        for hit_id, hit in spooled:
            known = agents.get(hit.agent)
            if hit.hints:
                known = refined.get((hit.agent, hit.hints), known)
            enriched.append(batch.enrich(hit_id, hit, pixels[hit.token], known))
        pages = self._pages.resolve(hit.page_url for hit in enriched if hit.page_url)
        for row in enriched:
            if row.page_url:
                row.page_id = pages[row.page_url]
        return enriched

    def _refined(
        self, agents: Mapping[str, KnownAgent], told: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], KnownAgent]:
        """Return the rows of agents with hints, where these tell more than the agent's string does."""
        rows = {
            (string, hints): f"{string}{HINTS_FOLLOW}{hints}"
            for string, hints in told
            if hinted(agents[string].agent, hints) != agents[string].agent
        }
        known = self._agents.resolve(rows.values())
        return {key: known[row] for key, row in rows.items()}


class _Batch:
    """Hits that are enriched together: what one of them was seen in, the next one of its kind is too."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._scenes: dict[tuple[int, str, str, str, str], Scene] = {}

    def enrich(self, hit_id: int, hit: SpooledHit, pixel: CountingPixel, known: KnownAgent | None) -> EnrichedHit:
        pixel_id, project_id, timezone, _, _, (muted_from, muted_until), _ = pixel
        day, hour = local_day_and_hour(hit.at_us, timezone)
        agent = known.agent if known else _NO_AGENT
        verdict, traffic = judged(hit.verdict, agent)
        if muted_from <= hit.at_us < muted_until and verdict in READERS:
            verdict = _MUTED
        # A proxy is never passed off as a reader: where it stands and what it is says nothing about those behind it.
        is_direct = traffic != _PROXIED
        key = (pixel_id, day, hit.placement, agent.proxy, hit.page)
        scene = self._scenes.get(key)
        if scene is None:
            scene = self._scenes[key] = self._scene(pixel, day, hit, agent.proxy)
        return EnrichedHit(
            project_id=project_id,
            pixel_id=pixel_id,
            date=day,
            hour=hour,
            position=_END if hit.is_end else _START,
            traffic=traffic,
            verdict=verdict,
            platform=scene.platform,
            page=scene.page,
            country=hit.country if is_direct else "",
            language=hit.language if is_direct else "",
            device=agent.device,
            browser=agent.browser,
            os=agent.os,
            evidence=scene.evidence,
            elsewhere=scene.elsewhere,
            id=hit_id,
            at_us=hit.at_us,
            visitor=hit.visitor if is_direct else None,
            user_agent_id=known.id if known else None,
            page_url=scene.page_url,
            placement=hit.placement,
        )

    def _scene(self, pixel: CountingPixel, day: str, hit: SpooledHit, proxy: str) -> Scene:
        page_url = hit.page
        label = page_label(page_url) if page_url else ""
        platform, evidence = credit(hit.placement, pixel.placements, proxy, page_host(page_url) if page_url else "")
        if label and not self._caps.admits_page(pixel.project_id, pixel.id, day, label):
            page_url = label = OTHER
        is_invented = evidence == _PAGE and is_strange(platform)
        if is_invented and not self._caps.admits_host(pixel.project_id, pixel.id, day, platform):
            platform = OTHER
        if "?" in page_url and not self._caps.admits_query(pixel.project_id, pixel.id, day, page_url):
            page_url = page_url.partition("?")[0]
        host = page_host(page_url) if page_url else ""
        return Scene(page_url, label, platform, evidence, elsewhere(hit.placement, host))


def judged(verdict: int, agent: Agent) -> tuple[int, int]:
    """Return the verdict on a hit and its traffic, from the verdict of the web process and what its agent is."""
    if agent.bot and verdict == _COUNTED:
        verdict = _BOT
    return verdict, _BOT_TRAFFIC if agent.bot or verdict in BOTS else _PROXIED if agent.proxy else _DIRECT


def counting_pixels(spooled: Iterable[SpooledHit]) -> dict[str, CountingPixel]:
    """Return the pixels that hits name by their tokens. One query."""
    tokens = {hit.token for hit in spooled}
    pixels = Pixel.objects.select_related("project").filter(token__in=tokens)
    return {pixel.token: counting_pixel(pixel) for pixel in pixels}


def counting_pixel(pixel: Pixel) -> CountingPixel:
    """Return what the drain needs of a pixel. One query, unless its project was selected with it."""
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
