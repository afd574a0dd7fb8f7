"""Apply today's rules for bots, proxies, devices, platforms and own sites to stored hits.

Hits that the old rules filtered out were kept, so the new rules can judge them. What was never stored stays unknown: a
reader who was taken for a proxy has no visitor and no country.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connection, transaction

from collector.classify.agents import Agent, parse_agent
from collector.classify.pages import counted_page, platform_on
from collector.classify.platforms import OTHER
from collector.classify.sites import Sites, sites_of
from collector.models import (
    DailyReading,
    DailySalt,
    DailyVisitor,
    Evidence,
    Hit,
    Position,
    Project,
    Traffic,
    UserAgent,
    Verdict,
)
from collector.models.counts import WHOLE_PROJECT
from collector.storage.attribution import credit
from collector.storage.caps import is_unlisted
from collector.storage.countable import is_judged, is_readers, is_visit, local_day_and_hour
from collector.storage.enrich import final_verdict
from collector.storage.interned import with_hints
from collector.storage.own_visitors import own_visitors
from collector.storage.reading_sql import keep_latest_ends
from collector.storage.rebuild import rebuild

CHUNK_ROWS = 5_000
_DECIDED_BY_AGENT = frozenset({Verdict.COUNTED, Verdict.BOT, Verdict.TOO_SOON})
UPDATE_HIT = """
    /* reclassify.update_hit */
    UPDATE collector_hit SET verdict = %s, traffic = %s, platform = %s, evidence = %s, visitor = %s,
        user_agent_id = %s, country = %s, language = %s, new_to_pixel = %s, new_to_project = %s
    WHERE project_id = %s AND at = %s AND id = %s
"""


class Judgement(NamedTuple):
    """What the rules decide about one hit: the columns that `UPDATE_HIT` sets."""

    verdict: int
    traffic: int
    platform: str
    evidence: int
    visitor: int | None
    user_agent_id: int | None
    country: str
    language: str
    new_to_pixel: bool
    new_to_project: bool


class HitToJudge(NamedTuple):
    """A stored hit: what the rules look at, and what they decided the last time (`judgement`)."""

    at: datetime
    id: int
    pixel_id: int
    position: int
    placement: str
    placements: list[str]
    page: str | None
    page_host: str | None
    bot: str | None
    proxy: str | None
    judgement: Judgement


def reclassify_agents() -> int:
    """Parse every stored user agent again, and return how many have changed.

    A row that many strings share (`storage.agents`) has none to parse, and stays as it is.
    """
    changed = 0
    for row in UserAgent.objects.exclude(string="").order_by("pk").iterator(CHUNK_ROWS):
        agent = with_hints(parse_agent(row.string), row.hints)
        if agent == Agent(row.browser, row.os, row.device, row.bot, row.proxy):
            continue
        # Not `save`: the drain may have deleted the row meanwhile.
        changed += UserAgent.objects.filter(pk=row.pk).update(**asdict(agent))
    return changed


def reclassify(project: Project, progress: Callable[[int], None] = lambda hits: None) -> int:
    """Judge a project's hits by their agents as stored now, count them again, and return how many have changed.

    One transaction. The drain waits until it is done, as with `rebuild`, which gets `progress`.
    """
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        days_with_salt = {day.isoformat() for day in DailySalt.objects.values_list("date", flat=True)}
        own = own_visitors(project)
        changed, sites = 0, sites_of(project.sites)
        for day, hits_of_day in groupby(_hits(project), key=lambda hit: _local_day(hit, project)):
            hits = list(hits_of_day)
            judgements = _judgements(hits, own.get(day, frozenset()), sites)
            changes = [(hit, new) for hit, new in zip(hits, judgements, strict=True) if new != hit.judgement]
            _update(project, changes)
            if day in days_with_salt:
                _remember_visitors(project, day, changes)
            changed += len(changes)
        rebuild(project, progress)
    return changed


def _hits(project: Project) -> Iterator[HitToJudge]:
    """Yield the project's hits, oldest first. One query, streamed."""
    judged_columns = len(Judgement._fields)
    rows = (
        Hit.objects.filter(project=project, pixel__project=project)  # the latter for Citus, as in `export`
        .order_by("at", "id")
        .values_list(
            "at", "id", "pixel_id", "position", "placement", "pixel__placements", "page__url", "page__host",
            "user_agent__bot", "user_agent__proxy", *Judgement._fields,
        )
    )  # fmt: skip
    for row in rows.iterator(CHUNK_ROWS):
        yield HitToJudge._make((*row[:-judged_columns], Judgement._make(row[-judged_columns:])))


def _local_day(hit: HitToJudge, project: Project) -> str:
    day, _ = local_day_and_hour(int(hit.at.timestamp()) * 1_000_000, project.timezone)
    return day


def _judgements(hits: Sequence[HitToJudge], own: Set[int], sites: Sites) -> list[Judgement]:
    """Return what the rules decide about each hit of one day, on which the visitors in `own` are members.

    Which visitors were new on that day is decided again only if something else has changed.
    """
    judgements = [_judgement(hit, own, sites) for hit in hits]
    if all(new == hit.judgement for hit, new in zip(hits, judgements, strict=True)):
        return judgements
    seen: set[tuple[int, int]] = set()
    for index, (hit, new) in enumerate(zip(hits, judgements, strict=True)):
        new_to_pixel = new_to_project = False
        if new.visitor is not None and is_visit(hit.position, new.verdict, new.traffic):
            on_pixel, in_project = (hit.pixel_id, new.visitor), (WHOLE_PROJECT, new.visitor)
            new_to_pixel, new_to_project = on_pixel not in seen, in_project not in seen
            seen |= {on_pixel, in_project}
        judgements[index] = new._replace(new_to_pixel=new_to_pixel, new_to_project=new_to_project)
    return judgements


def _judgement(hit: HitToJudge, own: Set[int], sites: Sites) -> Judgement:
    """Return what the rules decide about a hit. Whether its visitor is new stays as it was."""
    old = hit.judgement
    if old.verdict == Verdict.PREVIEW and _is_on_own_site(hit, sites):  # listed since then: readers are there
        old = old._replace(verdict=Verdict.OPTED_OUT if old.user_agent_id is None else Verdict.COUNTED)
    if old.user_agent_id is None:  # a reader who opted out, or none that says what it is
        return _credited(hit, old, "", sites)
    agent = Agent(bot=hit.bot or "", proxy=hit.proxy or "")
    verdict, traffic = final_verdict(Verdict.COUNTED if old.verdict in _DECIDED_BY_AGENT else old.verdict, agent)
    if old.verdict == Verdict.TOO_SOON and (verdict, traffic) == (Verdict.COUNTED, Traffic.DIRECT):
        verdict = Verdict.TOO_SOON  # decided by its time; `rebuild` decides that again
    new = old._replace(verdict=verdict, traffic=traffic)
    if traffic == Traffic.PROXIED:
        new = new._replace(visitor=None, country="", language="")
    elif new.visitor in own and is_readers(hit.position, new.verdict, traffic, new.visitor):
        new = new._replace(verdict=Verdict.OWN, visitor=None, user_agent_id=None, country="", language="")
    return _credited(hit, new, agent.proxy, sites)


def _is_on_own_site(hit: HitToJudge, sites: Sites) -> bool:
    page = hit.page or ""
    return bool(sites.platform_of((hit.page_host or "") if page == OTHER else counted_page(page).bare_host))


def _credited(hit: HitToJudge, judgement: Judgement, proxy: str, sites: Sites) -> Judgement:
    """Return a judgement with the platform that today's catalogues and sites name. What was over a cap stays, unless
    named.

    A page over its cap is not known any more, but the host of it may be: if a catalogue or the sites listed it, or as
    the platform that it was.
    """
    if hit.placement:
        return judgement
    if hit.page == OTHER:
        if judgement.evidence != Evidence.PAGE:
            return judgement
        host = hit.page_host or (judgement.platform if is_unlisted(judgement.platform) else "")
        if not host:
            return judgement
        return judgement._replace(platform=platform_on(host, sites, is_app=host.startswith("com.")))
    platform, evidence = credit("", hit.placements, proxy, hit.page or "", sites)
    if judgement.platform == OTHER and is_unlisted(platform, sites):
        return judgement
    return judgement._replace(platform=platform, evidence=evidence)


def _remember_visitors(project: Project, day: str, changes: Iterable[tuple[HitToJudge, Judgement]]) -> None:
    """Remember the visitors of a day, as the drain does: they are not new when they come again.

    Their starts and ends are remembered too, because ends that come later are judged by them.
    """
    seen: list[tuple[int, int]] = []  # pixel or scope, and visitor
    readings: list[DailyReading] = []
    for hit, new in changes:
        if new.visitor is None:
            continue
        if new.new_to_pixel:
            seen.append((hit.pixel_id, new.visitor))
        if new.new_to_project:
            seen.append((WHOLE_PROJECT, new.visitor))
        is_start = is_visit(hit.position, new.verdict, new.traffic)
        if is_start or is_judged(hit.position, new.verdict, new.traffic, new.visitor):
            readings.append(_reading_of(project, day, hit, new.visitor))
    rows = [DailyVisitor(project=project, date=day, pixel_id=pixel_id, visitor=visitor) for pixel_id, visitor in seen]
    DailyVisitor.objects.bulk_create(rows, CHUNK_ROWS, ignore_conflicts=True)
    DailyReading.objects.bulk_create(readings, CHUNK_ROWS, ignore_conflicts=True)
    keep_latest_ends((project.pk, day, row.pixel_id, row.at_us) for row in readings if row.position == Position.END)


def _reading_of(project: Project, day: str, hit: HitToJudge, visitor: int) -> DailyReading:
    return DailyReading(
        project=project, date=day, pixel_id=hit.pixel_id, position=hit.position, visitor=visitor, id=hit.id,
        at_us=round(hit.at.timestamp() * 1_000_000),
    )  # fmt: skip


def _update(project: Project, changes: Iterable[tuple[HitToJudge, Judgement]]) -> None:
    """Store new judgements. One statement for each hit."""
    moment = connection.ops.adapt_datetimefield_value
    rows: list[Any] = [(*new, project.pk, moment(hit.at), hit.id) for hit, new in changes]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(UPDATE_HIT, rows)
