"""Judge stored hits anew, after the rules for bots, proxies and devices have changed.

Nothing was dropped that the old rules set aside, so what the new ones think of it can still be told. What a hit gave up
for good stays unknown: a reader that was taken for a proxy has no visitor and no country.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.db import connection, transaction

from collector.classify.agents import Agent, parse_agent
from collector.classify.platforms import OTHER
from collector.models import DailySalt, DailyVisitor, Hit, Project, Traffic, UserAgent, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.storage.attribution import credit
from collector.storage.countable import is_visit, local_day_and_hour
from collector.storage.enrich import judged
from collector.storage.interned import hinted, page_host
from collector.storage.rebuild import rebuild

CHUNK_ROWS = 5_000
_AGENT_FIELDS = ("browser", "os", "device", "bot", "proxy")
_DECIDED_BY_AGENT = frozenset({Verdict.COUNTED, Verdict.BOT})
UPDATE_HIT = """
    /* reclassify.update_hit */
    UPDATE collector_hit SET verdict = %s, traffic = %s, platform = %s, evidence = %s, visitor = %s, country = %s,
        language = %s, new_to_pixel = %s, new_to_project = %s
    WHERE project_id = %s AND at = %s AND id = %s
"""


class Judgement(NamedTuple):
    """What the rules say of one hit: the columns of `UPDATE_HIT`."""

    verdict: int
    traffic: int
    platform: str
    evidence: int
    visitor: int | None
    country: str
    language: str
    new_to_pixel: bool
    new_to_project: bool


JUDGED = len(Judgement._fields)


class Stored(NamedTuple):
    """What is stored of one hit, as far as it is judged by it."""

    at: datetime
    id: int
    pixel_id: int
    position: int
    placement: str
    placements: list[str]
    page: str | None
    agent_id: int | None
    bot: str | None
    proxy: str | None
    judgement: Judgement


def reclassify_agents() -> int:
    """Parse every stored user agent anew and return how many are told otherwise than before."""
    changed = 0
    for row in UserAgent.objects.order_by("pk").iterator(CHUNK_ROWS):
        agent = hinted(parse_agent(row.string), row.hints)
        if agent != Agent(*(getattr(row, field) for field in _AGENT_FIELDS)):
            for field in _AGENT_FIELDS:
                setattr(row, field, getattr(agent, field))
            row.save(update_fields=_AGENT_FIELDS)
            changed += 1
    return changed


def reclassify(project: Project, progress: Callable[[int], None] = lambda hits: None) -> int:
    """Judge a project's hits by their agents as they are stored now, count them anew, and return how many changed.

    All or nothing; the drain waits for it, as for `rebuild`, which `progress` goes to.
    """
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        salted = set(DailySalt.objects.values_list("date", flat=True))
        changed = 0
        for day, of_day in groupby(_stored(project), key=lambda stored: _day(stored, project)):
            hits = list(of_day)
            judgements = _judged(hits)
            changes = [(hit, new) for hit, new in zip(hits, judgements, strict=True) if new != hit.judgement]
            _update(project, changes)
            _remember(project, day, [(hit, new) for hit, new in changes if hit.at.date() in salted])
            changed += len(changes)
        rebuild(project, progress)
    return changed


def _stored(project: Project) -> Iterator[Stored]:
    rows = (
        Hit.objects.filter(project=project)
        .order_by("at", "id")
        .values_list(
            "at", "id", "pixel_id", "position", "placement", "pixel__placements", "page__url", "user_agent_id",
            "user_agent__bot", "user_agent__proxy", *Judgement._fields,
        )
    )  # fmt: skip
    for row in rows.iterator(CHUNK_ROWS):
        yield Stored._make((*row[:-JUDGED], Judgement._make(row[-JUDGED:])))


def _day(stored: Stored, project: Project) -> str:
    return local_day_and_hour(int(stored.at.timestamp()) * 1_000_000, project.timezone)[0]


def _judged(hits: Sequence[Stored]) -> list[Judgement]:
    """Return what the rules say of each hit of one day.

    Who was new on the day is found out anew only where something else has changed.
    """
    judgements = [_judgement(hit) for hit in hits]
    if all(new == hit.judgement for hit, new in zip(hits, judgements, strict=True)):
        return judgements
    seen: set[tuple[int, int]] = set()
    for place, (hit, new) in enumerate(zip(hits, judgements, strict=True)):
        on_pixel = in_project = False
        if new.visitor is not None and is_visit(hit.position, new.verdict, new.traffic):
            sightings = (hit.pixel_id, new.visitor), (WHOLE_PROJECT, new.visitor)
            on_pixel, in_project = (sighting not in seen for sighting in sightings)
            seen.update(sightings)
        judgements[place] = new._replace(new_to_pixel=on_pixel, new_to_project=in_project)
    return judgements


def _judgement(hit: Stored) -> Judgement:
    """Return what the rules say of a hit; whether its visitor is new stays as it was."""
    old = hit.judgement
    if hit.agent_id is None:
        return old
    agent = Agent(bot=hit.bot or "", proxy=hit.proxy or "")
    verdict, traffic = judged(Verdict.COUNTED if old.verdict in _DECIDED_BY_AGENT else old.verdict, agent)
    new = old._replace(verdict=verdict, traffic=traffic)
    if traffic == Traffic.PROXIED:
        new = new._replace(visitor=None, country="", language="")
    if hit.placement or OTHER in {old.platform, hit.page}:  # told by its placement, or one too many to be kept
        return new
    platform, evidence = credit("", hit.placements, agent.proxy, page_host(hit.page or ""))
    return new._replace(platform=platform, evidence=evidence)


def _remember(project: Project, day: str, changes: Iterable[tuple[Stored, Judgement]]) -> None:
    """Remember who was seen on a day that is not over for its visitors, as the drain does."""
    DailyVisitor.objects.bulk_create(
        [
            DailyVisitor(project=project, date=day, pixel_id=pixel_id, visitor=new.visitor)
            for hit, new in changes
            if new.visitor is not None
            for pixel_id in [hit.pixel_id] * new.new_to_pixel + [WHOLE_PROJECT] * new.new_to_project
        ],
        CHUNK_ROWS,
        ignore_conflicts=True,
    )


def _update(project: Project, changes: Iterable[tuple[Stored, Judgement]]) -> None:
    moment = connection.ops.adapt_datetimefield_value
    rows: list[Any] = [(*new, project.pk, moment(hit.at), hit.id) for hit, new in changes]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(UPDATE_HIT, rows)
