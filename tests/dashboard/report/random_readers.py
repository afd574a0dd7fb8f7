"""Random hits of few readers, and random wishes for what a page should show."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from collector.classify.sites import sites_of
from collector.models import Pixel, Project, Verdict
from collector.spool.line import SpooledHit
from dashboard.report.panels.platforms import platform_label
from tests.dashboard.report.plain_counts import DAY, PAGES, SITES, Read
from tests.endpoints import CHROME
from tests.hits import CAMO, FIREFOX, IPHONE, drain, spool

# A night on which the clocks change, in zones that lie apart from UTC in all ways.
NIGHTS = {
    "UTC": "2026-03-29",
    "Europe/Berlin": "2026-03-29",
    "America/St_Johns": "2026-11-01",
    "Australia/Lord_Howe": "2026-04-05",
    "Asia/Kathmandu": "2026-01-01",
    "America/New_York": "2024-03-10",
}
WAYS = ["country", "language", "device", "browser", "os", "page", "elsewhere"]


def some_hits(random: Random, number: int) -> list[dict[str, Any]]:
    """Make up hits of few readers, so that the same come back, on another article and in another place."""
    return [
        {
            "pixel": random.choice([0, 0, 1, 2]),
            "minutes": random.randint(-2 * 24 * 60, 3 * 24 * 60),
            "placement": random.choice(["", "medium", "medium", "dev-to", "our-wiki", "invented"]),
            "is_end": random.random() < 0.3,
            "verdict": random.choice([Verdict.COUNTED] * 8 + [Verdict.OPTED_OUT] * 2 + list(Verdict)),
            "agent": random.choice(["", IPHONE, IPHONE, CHROME, FIREFOX, CAMO, "Googlebot/2.1"]),
            "page": random.choice(list(PAGES)),
            "country": random.choice(["", "DE", "DE", "JP"]),
            "language": random.choice(["", "de", "ja"]),
            "visitor": random.choice([None, 1, 2, 3, 4]),
        }
        for _ in range(number)
    ]


def some_wish(random: Random) -> dict[str, Any]:
    """Make up what somebody wants to see."""
    return {
        "first": random.randint(-4, 4),
        "days": random.choice([1, 1, 2, 3, 6, 30, 80, 400]),
        "preset": random.choice(["", "", "", "today", "yesterday", "7d", "all"]),
        "by": random.choice(["", "hour", "day", "week", "month"]),
        "compare": random.choice(["previous", "previous", "year", "none"]),
        "is_line": random.random() < 0.3,
        "of_pixel": random.choice([None, None, 0, 1, 2]),
        "filters": random.sample(["article", "platform", "platform", *WAYS], random.choice([0, 1, 1, 2])),
        "choice": random.random(),
    }


def name_of(platform: str) -> str:
    """Return the name of a platform in a project that `fill` makes."""
    return platform_label(platform, sites_of(SITES))


def fill(directory: Any, stream: list[dict[str, Any]], zone: str) -> tuple[Project, list[Pixel], datetime]:
    """Store a stream of hits in a project of its own, and return it with a moment shortly after the last of them."""
    Project.objects.all().delete()
    project = Project.objects.create(name="Stream", slug="stream", timezone=zone, sites=SITES)
    pixels = [Pixel.objects.create(project=project, title=str(n), placements=["our-wiki"]) for n in range(3)]
    night = datetime.fromisoformat(NIGHTS[zone]).replace(hour=12, tzinfo=UTC)
    stream = sorted(stream, key=lambda row: row["minutes"])
    hits = []
    for place, row in enumerate(stream):
        at = night + timedelta(minutes=row["minutes"], seconds=place % 60, microseconds=place)
        facts = {key: row[key] for key in row.keys() - {"pixel", "minutes"}}
        hits.append(SpooledHit(token=pixels[row["pixel"]].token, at_us=round(at.timestamp() * 1e6), **facts))
    hits.sort(key=lambda hit: hit.at_us)
    spool(directory / "spool", hits)
    drain(directory / "spool", batch_lines=25)
    return project, pixels, night + 3 * DAY + timedelta(minutes=1)


def query_of(wish: dict[str, Any], hits: Sequence[Read], pixels: Sequence[Pixel], today: date) -> dict[str, str]:
    """Return the query string, as a mapping, that a drawn wish comes to."""
    query = {"by": wish["by"], "compare": wish["compare"], "trend": "line" if wish["is_line"] else ""}
    if wish["preset"]:
        query["range"] = wish["preset"]
    else:
        start = today - 3 * DAY + wish["first"] * DAY
        start = min(start, today)
        query |= {"start": f"{start}", "end": f"{start + (wish['days'] - 1) * DAY}"}
    for name in wish["filters"]:
        if name == "article":
            if wish["of_pixel"] is None:
                query[name] = str(pixels[int(3 * wish["choice"])].pk)
            continue
        values = [hit.values[name] for hit in hits if hit.is_visit] + ["nowhere"]
        if name == "elsewhere":
            values = [value for value in values if value]
        query[name] = values[int(len(values) * wish["choice"])] or "(unknown)"
    return {key: value for key, value in query.items() if value}
