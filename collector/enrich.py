"""What a spooled hit becomes before it is stored: its agent and page as rows, its platform, its day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collector.attribution import credit
from collector.caps import Caps
from collector.counts import Countable, local_day_and_hour
from collector.models import Evidence, Pixel, Position, Traffic, Verdict
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
    evidence: Evidence = Evidence.NONE
    placement: str = ""


class Enricher:
    """Turns spooled hits into rows; remembers agents, pages and caps between batches."""

    def __init__(self) -> None:
        self._agents = agent_strings()
        self._pages = page_strings()
        self.caps = Caps()

    def enrich(self, spooled: Sequence[tuple[int, SpooledHit]], pixels: Mapping[str, Pixel]) -> list[EnrichedHit]:
        """Return the hits of `(id, hit)` pairs whose token is in `pixels`, which come with their projects.

        Runs no query for agents and pages that were seen before.
        """
        agents = self._agents.resolve(hit.agent for _, hit in spooled if hit.agent)
        enriched = [
            self._enrich(hit_id, hit, pixels[hit.token], agents.get(hit.agent))
            for hit_id, hit in spooled
            if hit.token in pixels
        ]
        pages = self._pages.resolve(hit.page_url for hit in enriched if hit.page_url)
        for hit in enriched:
            if hit.page_url:
                hit.page_id = pages[hit.page_url].id
        return enriched

    def _enrich(self, hit_id: int, hit: SpooledHit, pixel: Pixel, known: KnownAgent | None) -> EnrichedHit:
        day, hour = local_day_and_hour(hit.at_us, pixel.project.zone)
        agent = known.agent if known else None
        proxy = agent.proxy if agent else ""
        verdict = hit.verdict
        if agent and agent.bot and verdict == Verdict.COUNTED:
            verdict = Verdict.BOT
        traffic = Traffic.BOT if verdict == Verdict.BOT else Traffic.PROXIED if proxy else Traffic.DIRECT
        # A proxy is never passed off as a reader: where it stands and what it is says nothing about those behind it.
        is_direct = traffic != Traffic.PROXIED
        page_url, label = hit.page, page_label(hit.page)
        if label and not self.caps.admits_page(pixel.project_id, pixel.pk, day, label):
            page_url = label = OTHER
        credited = credit(hit.placement, pixel.placements, proxy, page_host(hit.page))
        platform = credited.platform
        if not self.caps.admits_platform(pixel.project_id, pixel.pk, day, platform):
            platform = OTHER
        return EnrichedHit(
            id=hit_id,
            at_us=hit.at_us,
            project_id=pixel.project_id,
            pixel_id=pixel.pk,
            date=day,
            hour=hour,
            position=Position.END if hit.is_end else Position.START,
            traffic=traffic,
            verdict=verdict,
            platform=platform,
            page=label,
            country=hit.country if is_direct else "",
            language=hit.language if is_direct else "",
            device=agent.device if agent else "",
            browser=agent.browser if agent else "",
            os=agent.os if agent else "",
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


def still_counts(hit: SpooledHit, pixel: Pixel) -> bool:
    """Whether a hit came before its pixel was retired, or so shortly after that it was answered as counted."""
    if pixel.retired_at is None:
        return True
    return hit.at_us < int((pixel.retired_at + RETIREMENT_GRACE).timestamp() * 1_000_000)
