"""The public statistics of a program: on its page, as JSON and as CSV."""

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from collector.badges.figures import figures_of
from collector.models import Pixel, ReportDimension
from collector.programs.declaring import declare
from collector.programs.forms import PUBLIC_PANELS
from collector.programs.small_counts import CHOICES, FEWEST, merge_small
from collector.programs.weeks import week_of
from collector.storage.publication import publish
from tests.collector.admin.browsing import text_of
from tests.collector.programs.declarations import example
from tests.collector.programs.test_small_counts import tables
from tests.dashboard.conftest import NOON
from tests.dashboard.views.test_about import words_of
from tests.programs import count as write_count

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache", "public_url")]
WEEK = date(2026, 11, 9)
count = partial(write_count, day=WEEK)
DAY = timedelta(days=1)
TODAY = NOON.date()
FIELDS = {"version": ReportDimension.VERSION, "os": ReportDimension.OS, "arch": ReportDimension.ARCH}
VALUES = {
    "version": ["2.4.1"] * 6 + ["2.4.0"] * 3 + ["2.3.1"],
    "os": ["linux"] * 8 + ["macos"] * 4 + ["windows"] * 4 + ["freebsd"],
    "arch": ["arm64", "x86-64"],
}  # as often as they come
Cell = tuple[str, str, str]  # a week, a field and a value


def public_program(project, *panels: str) -> Pixel:
    return declare(project, example(('kind = "command"', f'kind = "command"\npublic = {json.dumps(panels)}'))).pixel


@pytest.fixture
def program(project) -> Pixel:
    """Return a program whose panels are all public, with a week of 64 installations."""
    pixel = public_program(project, *PUBLIC_PANELS)
    count(pixel, ReportDimension.ACTIVE, reports=64)
    for version, reports in {"2.4.1": 41, "2.4.0": 20, "2.5.0-rc1": 3}.items():
        count(pixel, ReportDimension.VERSION, version, reports)
    for system, reports in {"linux": 50, "macos": 14}.items():
        count(pixel, ReportDimension.OS, system, reports)
    count(pixel, ReportDimension.ARCH, "arm64", 64)
    count(pixel, ReportDimension.EVENT, "build", 12, number=1300, day=WEEK - 7 * DAY)
    count(pixel, ReportDimension.ACTIVE, reports=4, day=WEEK - 7 * DAY)
    list(publish(NOON, None))
    return pixel


def test_the_page_has_a_table_of_each_public_panel(client, program, django_assert_num_queries):
    with django_assert_num_queries(2):
        page = words_of(text_of(client.get(f"/about/{program.token}/")))

    assert "Active installations CSV Week Installations 9–15 Nov 2026 64 2–8 Nov 2026 fewer than 10" in page
    assert "Versions 9–15 Nov 2026 CSV Version Installations Share 2.4.1 41 64% other 23 36%" in page
    assert "System Installations Share Linux 50 78% macOS 14 22%" in page
    assert "Events 2–8 Nov 2026 CSV Event Installations Times build 12 1,300" in page
    assert "Runtimes 9–15 Nov 2026 CSV Fewer than 10 installations." in page
    assert "Installations that opted out can't be counted." in page.replace("’", "'")
    assert "2.4.0" not in page.rpartition("Active installations")[2]


def test_the_files_have_what_the_page_has(client, program):
    answer = client.get(f"/about/{program.token}/statistics.json")
    week, week_before = answer.json()["weeks"]

    assert week == {
        "week": "2026-W46", "from": "2026-11-09", "to": "2026-11-15", "installations": 64,
        "version": {"2.4.1": 41, "other": 23}, "os": {"linux": 50, "macos": 14}, "arch": {"arm64": 64},
    }  # fmt: skip
    assert week_before["installations"] is None
    assert week_before["events"] == {"build": {"installations": 12, "uses": 1300}}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=300" in answer.headers["Cache-Control"]
    rows = {panel: rows_of(client, program, panel) for panel in PUBLIC_PANELS}
    assert rows["actives"] == [["week", "installations"], ["2026-W46", "64"], ["2026-W45", ""]]
    assert rows["versions"][1:] == [["2026-W46", "version", "2.4.1", "41"], ["2026-W46", "version", "other", "23"]]
    assert rows["events"][1:] == [["2026-W45", "build", "12", "1300"]]


def rows_of(client, program, panel: str) -> list[list[str]]:
    answer = client.get(f"/about/{program.token}/{panel}.csv")
    assert answer.status_code == 200
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))


def test_only_what_the_owner_makes_public_is_public(client, project, program):
    declare(project, example(('kind = "command"', 'kind = "command"\npublic = ["systems"]')))

    page = text_of(client.get(f"/about/{program.token}/"))
    assert "Linux" in page
    assert "2.4.1" not in page.partition('id="statistics"')[2]
    week = client.get(f"/about/{program.token}/statistics.json").json()["weeks"][0]
    assert week.keys() == {"week", "from", "to", "os", "arch"}
    assert client.get(f"/about/{program.token}/systems.csv").status_code == 200
    for panel in ("actives", "versions", "events", "nonsense"):
        assert client.get(f"/about/{program.token}/{panel}.csv").status_code == 404


def test_of_a_program_that_makes_nothing_public_nothing_is_there(client, project, program):
    declare(project, example())

    assert "ublic statistics" not in text_of(client.get(f"/about/{program.token}/"))
    for name in ("statistics.json", "actives.csv"):
        assert client.get(f"/about/{program.token}/{name}").status_code == 404


def test_before_the_first_week_is_published_the_page_says_so(client, project):
    pixel = public_program(project, *PUBLIC_PANELS)

    assert "No week is published yet." in text_of(client.get(f"/about/{pixel.token}/"))
    assert client.get(f"/about/{pixel.token}/statistics.json").json()["weeks"] == []


def test_nothing_public_over_60_days_tells_a_small_count(client, project):
    """Reports come late, versions come and go. Somebody reads everything public on each day, and knows all values.

    They go through all tables that would be published in the same way. Each small count has at least `CHOICES`
    possible values among them.
    """
    pixel = public_program(project, *PUBLIC_PANELS)
    dice = random.Random(7)
    reported: Counter[Cell] = Counter()
    true_counts: dict[str, Counter[Cell]] = {}  # by week, when it was published
    public: dict[str, dict[str, Any]] = {}
    for number in range(60):
        today = TODAY - (59 - number) * DAY
        reported += add_installations(pixel, [today - dice.choice([0, 0, 0, 1, 5, 12]) * DAY for _ in range(14)], dice)
        list(publish(datetime.combine(today, time(12), UTC), None))
        for week in all_that_is_public(client, pixel):
            true_counts.setdefault(week["week"], reported.copy())
            published = public.setdefault(week["week"], {})
            for field, content in week.items():  # none ever changes: the days tell no more than their weeks
                assert published.setdefault(field, content) == content
    assert len(public) == 10
    attacked = 0
    for name, week in public.items():
        for field in FIELDS:
            if field not in week:  # too few installations in all
                continue
            for value, counts in possible_counts(week[field], sorted(set(VALUES[field]))).items():
                true = true_counts[name][name, field, value]
                assert true in counts
                if 0 < true < FEWEST:
                    assert len(counts) >= CHOICES, (name, field, value)
                    attacked += 1
    assert attacked >= 10


def all_that_is_public(client, pixel: Pixel) -> list[dict[str, Any]]:
    """Return the weeks of the JSON. CSV files and badges tell nothing more."""
    weeks = client.get(f"/about/{pixel.token}/statistics.json").json()["weeks"]
    rows = [row for panel in ("versions", "systems") for row in rows_of(client, pixel, panel)[1:]]
    assert {(week, field, value): int(number) for week, field, value, number in rows} == {
        (week["week"], field, value): number
        for week in weeks
        for field in FIELDS
        for value, number in week.get(field, {}).items()
    }
    actives = {week["week"]: week.get("installations") for week in weeks if "installations" in week}
    assert {week: int(number) if number else None for week, number in rows_of(client, pixel, "actives")[1:]} == actives
    figures = figures_of(pixel.token, "all", timezone.now())
    assert figures
    last = next((week for week in weeks if week.get("installations")), None)
    assert figures.installations == (last["installations"] if last else None)
    shares = {value: number / last["installations"] for value, number in last["version"].items()} if last else {}
    shares.pop("other", None)
    assert dict(figures.shares or {}) == pytest.approx(shares)
    return weeks


def possible_counts(table: dict[str, int], values: Sequence[str]) -> dict[str, set[int]]:
    """Return what each value may count that a published table does not show."""
    hidden = [value for value in values if value not in table]
    possible: dict[str, set[int]] = {value: set() for value in hidden}
    visible = {value: number for value, number in table.items() if value != "other"}
    for numbers in tables(len(hidden), table.get("other", 0)) if hidden else ():
        counts = dict(zip(hidden, numbers, strict=True))
        published = merge_small(visible | counts)
        if dict(published.values) == visible:
            for value, number in counts.items():
                possible[value].add(number)
    return possible


def add_installations(pixel: Pixel, days: list[date], dice: random.Random) -> Counter[Cell]:
    """Count the first and only report of an installation on each of these days. Return how often each value came."""
    reports: Counter[tuple[date, int, str]] = Counter()
    added: Counter[Cell] = Counter()
    for day in days:
        values = {field: dice.choice(choices) for field, choices in VALUES.items()}
        added.update((week_of(day), field, value) for field, value in values.items())
        reports[day, int(ReportDimension.ACTIVE), ""] += 1
        reports.update((day, int(FIELDS[field]), value) for field, value in values.items())
    rows = [(pixel.project_id, pixel.pk, *key, number) for key, number in reports.items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO collector_reportcount"
            " (project_id, pixel_id, date, dimension, value, reports, driver, gap, number)"
            " VALUES (%s, %s, %s, %s, %s, %s, 0, 0, 0)"
            " ON CONFLICT (project_id, pixel_id, dimension, date, driver, value, gap)"
            " DO UPDATE SET reports = collector_reportcount.reports + excluded.reports",
            rows,
        )
    return added
