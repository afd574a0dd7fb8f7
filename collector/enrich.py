"""What a spooled hit becomes before it is stored: its agent and page as rows, its platform, its day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from collector.agents import Agent
from collector.attribution import credit
from collector.caps import Caps
from collector.counts import Countable, local_day_and_hour
from collector.models import Pixel, Position, Traffic, Verdict
from collector.platforms import OTHER
from collector.spool import SpooledHit
from collector.strings import KnownAgent, agent_strings, page_host, page_label, page_strings

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
    evidence: int = 0
    placement: str = ""


# Members of an enumeration cost a descriptor each time they are named; these are named for every hit.
_START, _END = int(Position.START), int(Position.END)
_DIRECT, _PROXIED, _BOT_TRAFFIC = int(Traffic.DIRECT), int(Traffic.PROXIED), int(Traffic.BOT)
_COUNTED, _BOT = int(Verdict.COUNTED), int(Verdict.BOT)
_NO_AGENT = Agent()


class CountingPixel(NamedTuple):
    """A pixel, as far as its hits need it. Those from `until_us` on, in microseconds since the epoch, don't count."""

    id: int
    project_id: int
    timezone: str
    placements: frozenset[str]
    until_us: int


class Scene(NamedTuple):
    """Where a hit was seen: page and platform, after the caps."""

    page_url: str
    page: str
    platform: str
    evidence: int


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
        batch = _Batch(self.caps)
        enriched = [batch.enrich(hit_id, hit, pixels[hit.token], agents.get(hit.agent)) for hit_id, hit in spooled]
        pages = self._pages.resolve(hit.page_url for hit in enriched if hit.page_url)
        for hit in enriched:
            if hit.page_url:
                hit.page_id = pages[hit.page_url]
        return enriched


class _Batch:
    """Hits that are enriched together: what one of them was seen in, the next one of its kind is too."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._scenes: dict[tuple[int, str, str, str, str], Scene] = {}

    def enrich(self, hit_id: int, hit: SpooledHit, pixel: CountingPixel, known: KnownAgent | None) -> EnrichedHit:
        pixel_id, project_id, timezone, _, _ = pixel
        day, hour = local_day_and_hour(hit.at_us, timezone)
        agent = known.agent if known else _NO_AGENT
        verdict = _BOT if agent.bot and hit.verdict == _COUNTED else hit.verdict
        traffic = _BOT_TRAFFIC if verdict == _BOT else _PROXIED if agent.proxy else _DIRECT
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
            id=hit_id,
            at_us=hit.at_us,
            visitor=hit.visitor if is_direct else None,
            user_agent_id=known.id if known else None,
            page_url=scene.page_url,
            evidence=scene.evidence,
            placement=hit.placement,
        )

    def _scene(self, pixel: CountingPixel, day: str, hit: SpooledHit, proxy: str) -> Scene:
        page_url = hit.page
        label = page_label(page_url) if page_url else ""
        platform, evidence = credit(hit.placement, pixel.placements, proxy, page_host(page_url) if page_url else "")
        if label and not self._caps.admits_page(pixel.project_id, pixel.id, day, label):
            page_url = label = OTHER
        if not self._caps.admits_platform(pixel.project_id, pixel.id, day, platform):
            platform = OTHER
        return Scene(page_url, label, platform, evidence)


def counting_pixels(spooled: Iterable[SpooledHit]) -> dict[str, CountingPixel]:
    """Return the pixels that hits name by their tokens. One query."""
    tokens = {hit.token for hit in spooled}
    pixels = Pixel.objects.select_related("project").filter(token__in=tokens)
    return {pixel.token: counting_pixel(pixel) for pixel in pixels}


def counting_pixel(pixel: Pixel) -> CountingPixel:
    """Return what the drain needs of a pixel. One query, unless its project was selected with it."""
    until = int((pixel.retired_at + RETIREMENT_GRACE).timestamp() * 1_000_000) if pixel.retired_at else FOREVER_US
    return CountingPixel(pixel.pk, pixel.project_id, pixel.project.timezone, frozenset(pixel.placements), until)
