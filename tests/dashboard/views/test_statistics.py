"""The public statistics of a program: on its page, as JSON and as CSV."""

import csv
import json
import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from django.db import connection

from collector.models import Pixel, ReportDimension
from collector.programs.declaring import declare
from collector.programs.forms import PUBLIC_PANELS
from collector.programs.small_counts import FEWEST
from collector.storage.publication import publish
from tests.collector.admin.browsing import text_of
from tests.collector.programs.declarations import example
from tests.dashboard.conftest import NOON
from tests.dashboard.views.test_about import words_of
from tests.programs import count as write_count

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache", "public_url")]
WEEK = date(2026, 11, 9)
count = partial(write_count, day=WEEK)
DAY = timedelta(days=1)
TODAY = NOON.date()
FIELDS = {"version": ReportDimension.VERSION, "os": ReportDimension.OS, "arch": ReportDimension.ARCH}


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


def test_over_60_days_nothing_public_changes_or_is_small_or_of_days(client, project):
    """Reports come late, versions come and go. Somebody reads everything public on each day."""
    pixel = public_program(project, *PUBLIC_PANELS)
    dice = random.Random(7)
    seen: dict[tuple[str, str], object] = {}
    for number in range(60):
        today = TODAY - (59 - number) * DAY
        add_installations(pixel, [today - dice.choice([0, 0, 0, 1, 5, 12]) * DAY for _ in range(14)], dice)
        list(publish(datetime.combine(today, time(12), UTC), None))
        for week in client.get(f"/about/{pixel.token}/statistics.json").json()["weeks"]:
            for field, content in week.items():
                assert seen.setdefault((week["week"], field), content) == content
        numbers = {int(row[3]) for panel in ("versions", "systems") for row in rows_of(client, pixel, panel)[1:]}
        assert all(number >= FEWEST for number in numbers)
    weeks = {week for week, _ in seen}
    assert len(weeks) == 10
    small = [
        week
        for week in weeks
        for field in FIELDS
        if isinstance(table := seen.get((week, field)), dict) and "other" in table and len(table) > 1
    ]
    assert small  # some tables had small counts beside large ones


def add_installations(pixel: Pixel, days: list[date], dice: random.Random) -> None:
    """Count the first and only report of an installation on each of these days."""
    reports: Counter[tuple[date, int, str]] = Counter()
    for day in days:
        values = {
            ReportDimension.ACTIVE: "",
            ReportDimension.VERSION: dice.choice(["2.4.1"] * 6 + ["2.4.0"] * 3 + ["2.3.0"]),
            ReportDimension.OS: dice.choice(["linux"] * 8 + ["macos"] * 4 + ["windows"] * 4 + ["freebsd"]),
            ReportDimension.ARCH: dice.choice(["arm64", "x86-64"]),
        }
        reports.update((day, int(dimension), value) for dimension, value in values.items())
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
