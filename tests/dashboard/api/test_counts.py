"""Counts in the API equal counting the raw hits."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from collector.models import Project
from collector.models.reading import LOWER_BOUNDS
from dashboard.api.count_query import DimensionName
from tests.dashboard.api.client import VISITS, all_items, get
from tests.hits import hit

pytestmark = pytest.mark.django_db


def first_day(day: date, interval: str, since: date) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "total": since}[interval]


def value_of(row: dict, dimension: str, ids: dict[str, int]) -> str | None:
    at = datetime.fromisoformat(row["at"]).astimezone(Project.objects.get().zone)
    special = {"total": None, "hour": f"{at:%H}", "pixel": str(ids[row["token"]])}
    if dimension in special:
        return special[dimension]
    if dimension == "traffic" and row["verdict"] in {"bot", "suspect"}:
        return "bot"
    if dimension == "reading":
        if row["verdict"] == "too-soon":
            return "at-once" if row["reading_seconds"] < 3 else "too-soon"
        return str(max(bound for bound in LOWER_BOUNDS if bound <= row["reading_seconds"]))
    if dimension == "page":
        return row["page"].removeprefix("https://") if row["page"] else None
    return row[dimension]


def counted(row: dict, dimension: str) -> bool:
    """Say whether a hit counts in a dimension, by the rules on the API's page."""
    is_visit = row["position"] == "start" and row["verdict"] in VISITS and row["traffic"] != "bot"
    if dimension == "verdict":
        return row["verdict"] != "counted"
    if dimension == "traffic":
        return is_visit or row["verdict"] in {"bot", "suspect"}
    is_timed = row["reading_seconds"] is not None
    if dimension == "reading":
        return is_timed
    if dimension == "position":
        reads = is_timed and row["verdict"] == "counted" if row["position"] == "end" else is_visit
        return reads and row["visitor"] is not None and row["traffic"] == "direct"
    return is_visit


DIMENSIONS = list(DimensionName.__args__)
OF_SOME_PAGES = {"elsewhere", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"}


@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name not in OF_SOME_PAGES])
@pytest.mark.parametrize("scope", ["project", "pixel", "platform", "both"])
def test_counts_equal_counting_the_raw_hits(program, stored_rows, pixels, scope, dimension):
    since, until = date(2026, 10, 22), date(2026, 11, 3)
    scopes = {"pixel": {"pixel": pixels[0].pk}, "platform": {"platform": "medium"}}
    query = {"dimension": dimension, "since": since, "until": until, "limit": 7}
    query |= scopes["pixel"] | scopes["platform"] if scope == "both" else scopes.get(scope, {})
    if dimension == "pixel" and "platform" in query:
        get(program, "projects/blog/counts", 400, **query)
        return
    ids = {pixel.token: pixel.pk for pixel in pixels}
    of_scope = [
        row
        for row in stored_rows
        if ("pixel" not in query or row["token"] == pixels[0].token)
        and ("platform" not in query or row["platform"] == "medium")
        and counted(row, dimension)
    ]
    for interval in ("total", "day", "week", "month"):
        expected: Counter[tuple[str, str | None]] = Counter()
        for row in of_scope:
            day = datetime.fromisoformat(row["at"]).astimezone(pixels[0].project.zone).date()
            if since <= day < until:
                expected[first_day(day, interval, since).isoformat(), value_of(row, dimension, ids)] += 1
        items = all_items(program, "projects/blog/counts", interval=interval, **query)
        assert expected
        assert {(row["date"], row["value"]): row["hits"] for row in items} == expected
        assert len(items) == len(expected)  # none twice
        order = [(row["date"], -row["hits"]) for row in items]
        assert order == sorted(order)


@pytest.mark.parametrize("first_weekday", [1, 6, 7])
def test_weeks_begin_on_the_first_weekday_of_the_project(program, pixel, take, first_weekday):
    days = [date(2025, 12, 20) + timedelta(days=number) for number in range(40)]  # around a new year
    take(*(hit(pixel, f"{day}T12:00") for day in days))
    Project.objects.update(first_weekday=first_weekday)
    query = {"interval": "week", "since": days[0], "until": days[-1] + timedelta(days=1)}
    items = all_items(program, "projects/blog/counts", limit=2, **query)
    firsts = [day - timedelta(days=(day.isoweekday() - first_weekday) % 7) for day in days]
    assert {row["date"]: row["hits"] for row in items} == {f"{day}": hits for day, hits in Counter(firsts).items()}
    assert {date.fromisoformat(row["date"]).isoweekday() for row in items} == {first_weekday}


def test_campaigns_are_counted_by_each_parameter(program, pixel, take):
    take(hit(pixel, page="https://a.example/?utm_source=News&utm_id=7"), hit(pixel, page="https://a.example/"))
    items = {}
    for dimension in sorted(OF_SOME_PAGES):
        for item in get(program, "projects/blog/counts", dimension=dimension, since="2026-10-01")["items"]:
            items[dimension] = item["value"], item["hits"]
    assert items == {"utm_source": ("news", 1), "utm_id": ("7", 1)}


def test_elsewhere_counts_hosts_that_a_pixel_was_not_pasted_for(program, stored_rows):
    expected = sum(1 for row in stored_rows if row["placement"] == "dev-to" and row["page"])
    [item] = get(program, "projects/blog/counts", dimension="elsewhere", since="2026-10-01")["items"]
    assert (item["value"], item["hits"]) == ("elsewhere.example", expected)


def test_visitors_are_daily_and_null_if_none_can_be_seen(program, stored_rows, project):
    daily = {
        (datetime.fromisoformat(row["at"]).astimezone(project.zone).date(), row["visitor"])
        for row in stored_rows
        if counted(row, "total") and row["visitor"]
    }
    [total] = get(program, "projects/blog/counts", since="2026-10-01")["items"]
    assert total["visitors"] == len(daily)
    items = get(program, "projects/blog/counts", since="2026-10-01", dimension="platform")["items"]
    assert {row["value"]: row["visitors"] for row in items}["github"] is None


def test_by_default_counts_cover_thirty_days_up_to_today(program, pixel, take):
    take(hit(pixel, "2026-10-23T22:00"), hit(pixel, "2026-10-23T21:59"), hit(pixel, "2026-11-22T22:59"))
    page = get(program, "projects/blog/counts")
    assert (page["since"], page["until"]) == ("2026-10-24", "2026-11-23")
    assert page["items"][0]["hits"] == 2
