"""Realistic demo data: readers come in waves after an article is published, at the hours when people read.

Every hit is enriched and stored by the same code as a real one.
"""

import heapq
import math
import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count as count_from
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils.text import slugify

from collector.models import DailyReading, DailyVisitor, Pixel, Project, Verdict
from collector.spool.line import SpooledHit
from collector.storage.enrich import Enricher, counting_pixel
from collector.storage.salts import last_expired_date
from collector.storage.store import store

BATCH_HITS = 50_000
HALF_LIFE_DAYS = 4.0
LASTING_SHARE = 0.06  # of the first day's readers, on every later day
READ_THROUGH = 0.45
SCROLLED_THROUGH = 0.06  # of the visits: to the end within seconds
READING_SECONDS = 190  # the median
OPTED_OUT = 0.03
VISITS_A_VISITOR = 1.4
# Visits by hour of the day, from midnight: a morning peak, a dip at lunch, a long evening.
HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 12, 12, 10, 9, 8, 9, 9, 8, 7, 7, 8, 9, 10, 9, 6, 4)
WEEKDAYS = (1.1, 1.2, 1.15, 1.1, 1.0, 0.7, 0.75)


@dataclass(frozen=True, slots=True)
class Article:
    pixel: Pixel
    slug: str
    appeared_on: date
    popularity: float

    def weight_on(self, day: date) -> float:
        """Return this article's weight among the readers of a day: a first wave, then a trickle."""
        age = (day - self.appeared_on).days
        if age < 0:
            return 0.0
        return self.popularity * (math.exp2(-age / HALF_LIFE_DAYS) + LASTING_SHARE)


@cache
def _facts() -> dict[str, Any]:
    text = Path(__file__).with_name("demo.toml").read_text("utf-8")
    return tomllib.loads(text)


def fill(
    project: Project, *, hits: int, days: int, pixels: int, seed: int, now: datetime, progress: Callable[[int], None]
) -> None:
    """Fill an empty project with `pixels` articles and `hits` hits of the last `days`.

    The same `seed` gives the same hits. Calls `progress` with the number of hits in each stored batch.
    """
    rng = random.Random(seed)  # noqa: S311  (not used for secrets)
    today = now.astimezone(project.zone).date()
    period = [today - timedelta(days=ago) for ago in reversed(range(days))]
    articles = _articles(rng, project, period, pixels)
    by_token = {article.pixel.token: counting_pixel(article.pixel) for article in articles}
    enricher = Enricher()
    next_id = rng.getrandbits(62)
    hits_per_day = _hits_per_day(rng, articles, period, hits, now.astimezone(project.zone))
    for day, hits_of_day in zip(period, hits_per_day, strict=True):
        for batch in _batches(_hits_of_day(rng, project, articles, day, hits_of_day, now)):
            numbered = list(enumerate(batch, next_id))
            next_id += len(batch)
            enriched = enricher.enrich(numbered, by_token)
            with transaction.atomic():
                store(enriched)
            progress(len(batch))
        expired = last_expired_date(datetime.combine(day, time.min, project.zone))
        for remembered in (DailyVisitor, DailyReading):
            remembered.objects.filter(project=project, date__lte=expired).delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _articles(rng: random.Random, project: Project, period: list[date], count: int) -> list[Article]:
    facts = _facts()
    placements = list(dict.fromkeys(channel["placement"] for channel in facts["channel"] if channel["placement"]))
    articles = []
    for number in range(count):
        title = facts["titles"][number % len(facts["titles"])]
        if number >= len(facts["titles"]):
            title = f"{title}, part {number // len(facts['titles']) + 1}"
        # The first three articles exist from the start. The others appear during the first nine tenths of the period.
        appeared_on = period[0] if number < 3 else period[rng.randrange(max(1, len(period) * 9 // 10))]
        created_at = datetime.combine(appeared_on, time(7), project.zone)
        pixel = Pixel.objects.create(
            project=project, title=title, placements=placements, created_at=created_at, has_public_badge=True
        )
        articles.append(Article(pixel, slugify(title), appeared_on, rng.paretovariate(1.2)))
    return articles


def _hits_per_day(
    rng: random.Random, articles: list[Article], period: list[date], hits: int, now: datetime
) -> list[int]:
    """Return the hits of each day; they add up to `hits`. The last day counts only up to the hour of `now`."""
    weights = [
        WEEKDAYS[day.weekday()] * rng.uniform(0.85, 1.15) * (1 + sum(article.weight_on(day) for article in articles))
        for day in period
    ]
    weights[-1] *= max(sum(HOURS[: now.hour]), 1) / sum(HOURS)
    hits_per_day, remainder = [], 0.0
    for weight in weights:
        exact = hits * weight / sum(weights) + remainder
        remainder = exact - int(exact)
        hits_per_day.append(int(exact))
    hits_per_day[-1] += hits - sum(hits_per_day)
    return hits_per_day


def _hits_of_day(
    rng: random.Random, project: Project, articles: list[Article], day: date, count: int, now: datetime
) -> Iterator[SpooledHit]:
    facts = _facts()
    midnight = datetime.combine(day, time.min, project.zone)
    hours = [midnight.replace(hour=hour) for hour in range(24)]
    hours = [hour for hour in hours if hour < now]  # of today, only those that have begun
    weights = HOURS[: len(hours)]
    moments = sorted(
        min(int((hour.timestamp() + rng.random() * 3600) * 1e6), int(now.timestamp() * 1e6))
        for hour in rng.choices(hours, weights, k=count)
    )
    chosen = rng.choices(articles, [article.weight_on(day) + 1e-6 for article in articles], k=count)
    channels = rng.choices(facts["channel"], [channel["weight"] for channel in facts["channel"]], k=count)
    visitors = [_Visitor(rng, facts) for _ in range(max(1, int(count / VISITS_A_VISITOR)))]
    ends: list[tuple[int, int, SpooledHit]] = []  # a heap: the readers who are on their way to the end
    numbers = count_from(0)  # no two hits are compared
    for at_us, article, channel, visitor in zip(moments, chosen, channels, rng.choices(visitors, k=count), strict=True):
        if ends and ends[0][0] <= at_us:
            yield heapq.heappop(ends)[2]
            continue
        proxy = channel.get("proxy", "")
        opted_out = not proxy and rng.random() < OPTED_OUT
        start = SpooledHit(
            token=article.pixel.token,
            at_us=at_us,
            placement=channel["placement"],
            verdict=Verdict.OPTED_OUT if opted_out else Verdict.COUNTED,
            agent="" if opted_out else proxy or visitor.agent,
            page=channel.get("page", "").format(slug=article.slug),
            language="" if opted_out or proxy else visitor.language,
            country="" if opted_out or proxy else visitor.country,
            visitor=None if opted_out or proxy else visitor.hash,
        )
        yield start
        seconds = None if proxy else _seconds_to_end(rng, strips_lazy="strips_lazy" in channel)
        if seconds is not None:
            end_us = at_us + int(seconds * 1e6)
            heapq.heappush(ends, (end_us, next(numbers), msgspec.structs.replace(start, at_us=end_us, is_end=True)))


def _seconds_to_end(rng: random.Random, *, strips_lazy: bool) -> float | None:
    """Return how long a reader takes to the end of an article; None if they don't come to it."""
    if strips_lazy:
        return rng.uniform(0.05, 1)
    chance = rng.random()
    if chance < SCROLLED_THROUGH:
        return rng.uniform(1, 9)
    return READING_SECONDS * rng.lognormvariate(0, 0.9) if chance < SCROLLED_THROUGH + READ_THROUGH else None


class _Visitor:
    """One reader of one day."""

    __slots__ = ("agent", "country", "hash", "language")

    def __init__(self, rng: random.Random, facts: dict[str, Any]) -> None:
        agent_weights, country_weights = _cumulative_weights()
        country = rng.choices(facts["country"], cum_weights=country_weights)[0]
        self.agent: str = rng.choices(facts["agent"], cum_weights=agent_weights)[0]["string"]
        self.country: str = country["code"]
        self.language: str = country["language"]
        self.hash = rng.getrandbits(64) - 2**63


@cache
def _cumulative_weights() -> tuple[list[int], list[int]]:
    def summed(rows: list[dict[str, Any]]) -> list[int]:
        total, sums = 0, []
        for row in rows:
            total += row["weight"]
            sums.append(total)
        return sums

    return summed(_facts()["agent"]), summed(_facts()["country"])


def _batches(hits: Iterator[SpooledHit]) -> Iterator[list[SpooledHit]]:
    batch = []
    for hit in hits:
        batch.append(hit)
        if len(batch) == BATCH_HITS:
            yield batch
            batch = []
    if batch:
        yield batch
