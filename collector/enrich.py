"""What a spooled hit becomes before it is stored: its agent and page as rows, its platform, its day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.agents import Agent
from collector.attribution import credit
from collector.caps import Caps
from collector.counts import Countable, local_day_and_hour
from collector.models import Pixel, Position, Traffic, Verdict
from collector.platforms import OTHER
from collector.spool import SpooledHit
from collector.strings import KnownAgent, agent_strings, page_host, page_label, page_strings

RETIREMENT_GRACE = timedelta(seconds=60)  # as long as a web process may take to notice, its answers are kept


@dataclass(slots=True)
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


class Enricher:
    """Turns spooled hits into rows; remembers agents, pages and caps between batches."""

    def __init__(self) -> None:
        self._agents = agent_strings()
        self._pages = page_strings()
        self.caps = Caps()

    def enrich(self, spooled: Sequence[tuple[int, SpooledHit]], pixels: Mapping[str, Pixel]) -> list[EnrichedHit]:
        """Return what `(id, hit)` pairs become; `pixels` has the pixel, with its project, of each token.

        Runs no query for agents and pages that were seen before.
        """
        agents = self._agents.resolve(hit.agent for _, hit in spooled if hit.agent)
        enriched = [self._enrich(hit_id, hit, pixels[hit.token], agents.get(hit.agent)) for hit_id, hit in spooled]
        pages = self._pages.resolve(hit.page_url for hit in enriched if hit.page_url)
        for hit in enriched:
            if hit.page_url:
                hit.page_id = pages[hit.page_url]
        return enriched

    def _enrich(self, hit_id: int, hit: SpooledHit, pixel: Pixel, known: KnownAgent | None) -> EnrichedHit:
        project_id, pixel_id = pixel.project_id, pixel.pk
        day, hour = local_day_and_hour(hit.at_us, pixel.project.timezone)
        agent = known.agent if known else _NO_AGENT
        verdict = _BOT if agent.bot and hit.verdict == _COUNTED else hit.verdict
        traffic = _BOT_TRAFFIC if verdict == _BOT else _PROXIED if agent.proxy else _DIRECT
        # A proxy is never passed off as a reader: where it stands and what it is says nothing about those behind it.
        is_direct = traffic != _PROXIED
        page_url = hit.page
        label = page_label(page_url) if page_url else ""
        credited = credit(hit.placement, pixel.placements, agent.proxy, page_host(page_url) if page_url else "")
        platform = credited.platform
        if label and not self.caps.admits_page(project_id, pixel_id, day, label):
            page_url = label = OTHER
        if not self.caps.admits_platform(project_id, pixel_id, day, platform):
            platform = OTHER
        return EnrichedHit(
            id=hit_id,
            at_us=hit.at_us,
            project_id=project_id,
            pixel_id=pixel_id,
            date=day,
            hour=hour,
            position=_END if hit.is_end else _START,
            traffic=traffic,
            verdict=verdict,
            platform=platform,
            page=label,
            country=hit.country if is_direct else "",
            language=hit.language if is_direct else "",
            device=agent.device,
            browser=agent.browser,
            os=agent.os,
            visitor=hit.visitor if is_direct else None,
            user_agent_id=known.id if known else None,
            page_url=page_url,
            evidence=credited.evidence,
            placement=hit.placement,
        )


def counting_pixels(spooled: Iterable[SpooledHit]) -> dict[str, Pixel]:
    """Return the pixels, with their projects, that hits name by their tokens. One query."""
    tokens = {hit.token for hit in spooled}
    return {pixel.token: pixel for pixel in Pixel.objects.select_related("project").filter(token__in=tokens)}


def came_before(retired_at: datetime, hit: SpooledHit) -> bool:
    """Whether a hit came before its pixel was retired, or so shortly after that it was answered as counted."""
    return hit.at_us < int((retired_at + RETIREMENT_GRACE).timestamp() * 1_000_000)
