"""The two sources of visits: both answer the same questions with the same rows."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from collector.models import Dimension, Pixel, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.spool.line import SpooledHit
from dashboard.visits.filters import Filters
from dashboard.visits.from_hits import read_raw_hits
from dashboard.visits.periods import Bucket, Period
from dashboard.visits.results import BY_PIXEL
from dashboard.visits.rollup import Rollup
from tests.hits import CAMO, FIREFOX, IPHONE, hit

FIRST = date(2026, 10, 24)  # the clocks of the project change on the next day
PERIOD = Period(FIRST, date(2026, 10, 27), unit=Bucket.HOUR)
OF_ALL_HITS = [Dimension.TRAFFIC, Dimension.VERDICT]  # they have no visitors
OTHERS = {Dimension.TOTAL, Dimension.POSITION, Dimension.EVIDENCE, Dimension.READING, *OF_ALL_HITS, *BY_PIXEL}
VERDICTS = [Verdict.COUNTED] * 4 + [Verdict.OPTED_OUT, Verdict.EXCESS, Verdict.PREFETCH]
DIMENSIONS = [dimension for dimension in Dimension if dimension not in OTHERS]


def random_hits(pixels: list[Pixel], number: int) -> list[SpooledHit]:
    """Return hits of eight visitors, who return on several days and whose facts change, oldest first."""
    rng = random.Random(7)
    start = datetime.combine(FIRST, datetime.min.time(), UTC)
    moments = sorted(start + timedelta(seconds=rng.random() * 2.9 * 86_400) for _ in range(number))
    pages = ["", "https://medium.com/a", "https://copies.example:8443/a"]
    pages += ["https://medium.com/a?utm_source=x&utm_id=1", "https://medium.com/a?utm_source=X"]
    hits = []
    for moment in moments:
        agent, verdict = rng.choice(["", CAMO, FIREFOX, IPHONE, "Googlebot/2.1"]), rng.choice(VERDICTS)
        is_seen = agent in {FIREFOX, IPHONE} and verdict != Verdict.OPTED_OUT
        hits.append(
            hit(
                rng.choice(pixels),
                moment.isoformat(),
                visitor=rng.randrange(8) if is_seen else None,
                agent=agent,
                country=rng.choice(["", "DE", "FR"]),
                language=rng.choice(["", "de", "en"]),
                page=rng.choice(pages),
                placement=rng.choice(["", "medium", "dev-to"]),
                is_end=rng.random() < 0.4,
                verdict=verdict,
            )
        )
    return hits


@pytest.mark.parametrize("scope", ["project", "pixel"])
def test_both_sources_answer_the_same_questions_with_the_same_rows(project, pixel, second_pixel, take, scope):
    take(*random_hits([pixel, second_pixel], 400))
    pixel_id = WHOLE_PROJECT if scope == "project" else pixel.pk
    filters = Filters(None if scope == "project" else pixel.pk)
    hits = read_raw_hits(project, pixel_id, filters, PERIOD, since=FIRST)
    counts = Rollup(project, pixel_id, today=date(2026, 10, 26)).over(PERIOD)
    pixels = [pixel.pk, second_pixel.pk] if scope == "project" else [pixel.pk]

    for question in ("platform_days", "last_day_hours"):
        assert Counter(getattr(hits, question)()) == Counter(getattr(counts, question)())
    for question in ("week", "evidence"):
        assert getattr(hits, question)() == getattr(counts, question)()
    for question in ("pixel_days", "pixel_platforms"):
        assert getattr(hits, question)(pixels) == getattr(counts, question)(pixels)
    times = [source.pixel_readings(pixels) for source in (hits, counts)]
    assert times[0].keys() == times[1].keys()
    assert [times[0][pk].by_bound for pk in pixels] == [times[1][pk].by_bound for pk in pixels]
    of_all_hits = [source.sums(OF_ALL_HITS, with_pixels=False) for source in (hits, counts)]
    for dimension in OF_ALL_HITS:
        assert of_all_hits[0].by_value(dimension) == of_all_hits[1].by_value(dimension)
    assert Counter(hits.value_counts(DIMENSIONS, 3, 1)) == Counter(counts.value_counts(DIMENSIONS, 3, 1))
    sums = [source.sums(DIMENSIONS, with_pixels=scope == "project") for source in (hits, counts)]
    assert sums[0].values == sums[1].values
    assert sums[0].pixels == sums[1].pixels
    if scope == "pixel":  # a whole project is not asked
        of_platforms = [Dimension.HOUR, Dimension.POSITION, Dimension.READING]
        assert Counter(hits.platform_values(of_platforms)) == Counter(counts.platform_values(of_platforms))
        assert hits.read_through() == counts.read_through()
