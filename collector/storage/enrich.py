"""Add to spooled hits what storing needs: rows of agents and pages, the platform, the local day and hour."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.classify.agents import Agent
from collector.classify.known_names import known_languages
from collector.classify.pages import NO_PAGE, counted_page
from collector.classify.platforms import OTHER, is_listed_host
from collector.classify.sites import Sites, sites_of
from collector.models import Evidence, Pixel, Position, Traffic, Verdict
from collector.spool.line import SpooledHit
from collector.storage.admitted import Claimant
from collector.storage.agents import AgentBatch, AgentStrings, Judged
from collector.storage.attribution import credit, elsewhere
from collector.storage.bulk_sql import chunks
from collector.storage.campaigns import QUERY_FORMS, Campaign, campaign_of, with_campaign
from collector.storage.caps import Caps, is_unlisted
from collector.storage.countable import BOTS, READERS, Countable, is_visit, local_day_and_hour, stored_page
from collector.storage.interned import HOST_FOLLOWS, PageStrings
from collector.storage.labels import labels_under
from collector.storage.name_caps import LANGUAGE, NameCaps

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
_NOBODY = Judged(Agent())


class CountingPixel(NamedTuple):
    """What the drain needs to know of a pixel. Moments are in microseconds since the epoch."""

    id: int
    project_id: int
    timezone: str
    sites: Sites
    placements: frozenset[str]
    until_us: int  # later hits are not stored
    muted_us: tuple[int, int]  # start and end
    drops_opted_out: bool
    new_labels: str  # of its project's hits, if they are not those that it noted (`storage.labels`)

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
    campaign: Campaign


OriginKey = tuple[int, str, bool, str, str, str]  # pixel, day, whether it is a visit, placement, proxy, page


class Enricher:
    """Turns spooled hits into rows. Remembers agents, pages and caps between batches."""

    def __init__(self) -> None:
        self.caps = Caps()
        self._names = NameCaps()
        self._agents = AgentStrings(self._names)
        self._pages = PageStrings()

    def enrich(
        self, spooled: Sequence[tuple[int, SpooledHit]], pixels: Mapping[str, CountingPixel]
    ) -> list[EnrichedHit]:
        """Enrich `(id, hit)` pairs. `pixels` has the pixel of each token.

        Runs no query for agents and pages that were seen before.
        """
        agents = self._agents.batch({(hit.agent, hit.hints) for _, hit in spooled if hit.agent})
        batch = _Batch(self.caps, self._names, agents)
        enriched = [batch.enrich(hit_id, hit, pixels[hit.token]) for hit_id, hit in spooled]
        batch.set_new_agents()
        pages = self._pages.ids(hit.page_url for hit in enriched if hit.page_url)
        for hit_with_page in enriched:
            if hit_with_page.page_url:
                hit_with_page.page_id = pages[hit_with_page.page_url]
        return enriched

    def forget_counts(self) -> None:
        """Read again next time what was counted, because the last batch was not stored."""
        self.caps.forget()
        self._names.forget()

    def forget_strings(self) -> None:
        """Read agents and pages again next time, because some were deleted."""
        self._agents.forget()
        self._pages.forget()


class _Batch:
    """Hits that are enriched together. Those with the same placement, proxy and page share an `Origin`."""

    def __init__(self, caps: Caps, names: NameCaps, agents: AgentBatch) -> None:
        self._caps = caps
        self._names = names
        self._agents = agents
        self._new_agents: list[tuple[EnrichedHit, Judged]] = []
        self._origins: dict[OriginKey, Origin] = {}
        self._languages = known_languages()

    def set_new_agents(self) -> None:
        """Store the new agents, and point their hits to them."""
        self._agents.store()
        for hit, judged in self._new_agents:
            hit.user_agent_id = judged.id

    def enrich(self, hit_id: int, hit: SpooledHit, pixel: CountingPixel) -> EnrichedHit:
        day, hour = local_day_and_hour(hit.at_us, pixel.timezone)
        agent_key = (hit.agent, hit.hints)
        judged = self._agents.judged(agent_key) if hit.agent else _NOBODY
        verdict, traffic = final_verdict(hit.verdict, judged.agent)
        if pixel.muted_us[0] <= hit.at_us < pixel.muted_us[1] and verdict in READERS:
            verdict = _MUTED
        position = _END if hit.is_end else _START
        counts_as_visit = is_visit(position, verdict, traffic)
        if hit.agent and not judged.is_settled:
            judged = self._agents.of(agent_key, Claimant(pixel.project_id, pixel.id, day, counts_as_visit))
        agent = judged.agent
        # A proxy is not a reader: its country and language say nothing about the readers behind it.
        is_direct = traffic != _PROXIED
        visitor = hit.visitor if is_direct else None
        key = (pixel.id, day, counts_as_visit, hit.placement, agent.proxy, hit.page)
        origin = self._origins.get(key) or self._new_origin(key, pixel)
        enriched = EnrichedHit(
            project_id=pixel.project_id,
            pixel_id=pixel.id,
            date=day, hour=hour,
            position=position, traffic=traffic, verdict=verdict,
            platform=origin.platform, page=origin.page,
            country=hit.country if is_direct else "",
            language=self._language(pixel, day, counts_as_visit, hit.language) if is_direct else "",
            device=agent.device, browser=agent.browser, os=agent.os,
            evidence=origin.evidence,
            elsewhere=origin.elsewhere,
            campaign=origin.campaign,
            id=hit_id,
            at_us=hit.at_us,
            visitor=visitor,
            has_visitor=visitor is not None,
            user_agent_id=judged.id,
            page_url=origin.page_url,
            placement=hit.placement,
        )  # fmt: skip
        if judged.id is None and hit.agent:
            self._new_agents.append((enriched, judged))
        return enriched

    def _language(self, pixel: CountingPixel, day: str, counts_as_visit: bool, language: str) -> str:
        if language in self._languages:
            return language
        claimant = Claimant(pixel.project_id, pixel.id, day, counts_as_visit)
        return self._names.admitted(claimant, LANGUAGE, language)

    def _new_origin(self, key: OriginKey, pixel: CountingPixel) -> Origin:
        _, day, counts_as_visit, placement, proxy, page_url = key
        claimant, sites = Claimant(pixel.project_id, pixel.id, day, counts_as_visit), pixel.sites
        page = counted_page(page_url, sites) if page_url else NO_PAGE
        platform, evidence = credit(placement, pixel.placements, proxy, page_url, sites)
        if page.label and not self._caps.admits_page(claimant, page.label, sites):
            is_known = is_listed_host(page.bare_host) or sites.has_host(page.bare_host)
            host = page.bare_host if is_known else ""
            page_url = f"{OTHER}{HOST_FOLLOWS}{host}" if host else OTHER
            page = stored_page(OTHER, host, sites)
        is_invented = evidence == _PAGE and is_unlisted(platform, sites)
        if is_invented and not self._caps.admits_host(claimant, platform, sites):
            platform = OTHER
        if "?" in page_url:
            page_url = self._with_admitted_campaign(claimant, page_url, page.label, sites)
        origin = self._origins[key] = Origin(
            page_url, page.label, platform, evidence, elsewhere(placement, page.host, sites), campaign_of(page_url)
        )
        return origin

    def _with_admitted_campaign(self, claimant: Claimant, url: str, label: str, sites: Sites) -> str:
        """Return the address of a page with `(other)` for each value over a cap.

        Where a pixel has too many query strings, `(other)` stands for the values that say least.
        """
        campaign = [
            (dimension, self._names.admitted(claimant, dimension, value)) for dimension, value in campaign_of(url)
        ]
        for form, kept in enumerate(QUERY_FORMS):
            shorter = [(dimension, value if dimension in kept else OTHER) for dimension, value in campaign]
            url = with_campaign(url, shorter)
            if self._caps.admits_query(claimant, label, url, form, sites):
                return url
        return with_campaign(url, [(dimension, OTHER) for dimension, _ in campaign])


def final_verdict(verdict: int, agent: Agent) -> tuple[int, int]:
    """Return the verdict on a hit and its traffic, from the verdict of the web process and the parsed agent."""
    if agent.bot and verdict == _COUNTED:
        verdict = _BOT
    if agent.bot or verdict in BOTS:
        return verdict, _BOT_TRAFFIC
    return verdict, _PROXIED if agent.proxy else _DIRECT


def counting_pixels(spooled: Iterable[SpooledHit]) -> dict[str, CountingPixel]:
    """Return the pixels of hits, by token. One query for each 900 pixels."""
    pixels = Pixel.objects.select_related("project")
    return {
        pixel.token: counting_pixel(pixel)
        for tokens in chunks({hit.token for hit in spooled})
        for pixel in pixels.filter(token__in=tokens)
    }


def counting_pixel(pixel: Pixel) -> CountingPixel:
    """Return what the drain needs to know of a pixel. One query, unless its project was selected with it."""
    project = pixel.project
    labels = labels_under(project.sites)
    return CountingPixel(
        id=pixel.pk,
        project_id=project.pk,
        timezone=project.timezone,
        sites=sites_of(project.sites),
        placements=frozenset(pixel.placements),
        until_us=counts_until_us(pixel.retired_at),
        muted_us=(_us(pixel.muted_at), _us(pixel.muted_until)) if pixel.muted_at and pixel.muted_until else (0, 0),
        drops_opted_out=project.drops_opted_out,
        new_labels=labels if labels != project.counted_labels else "",
    )


def counts_until_us(retired_at: datetime | None) -> int:
    """Return until when what a pixel takes is stored, by when it was retired. Microseconds since the epoch."""
    return _us(retired_at + RETIREMENT_GRACE) if retired_at else FOREVER_US


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
