"""SQLite takes only so many parameters in one statement: 32,766 by default, and 999 before version 3.32."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from collector.models import Hit, Page, Pixel, Project, UserAgent
from collector.spool.writer import SpoolWriter
from collector.storage import caps as page_caps
from collector.storage import name_caps
from collector.storage.lag import lag
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify, reclassify_agents
from collector.storage.retention import delete_expired
from dashboard.report.page import make_page
from tests.hits import counts, drain, hit, micros, spool

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MANY = 1_100
VERSION = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
)


@pytest.fixture
def few_parameters(db, monkeypatch):
    """Let SQLite take 999 parameters, as its oldest builds do, and let a pixel have many pages and agents."""
    for limit in ("MAX_AGENTS", "MAX_PROJECT_AGENTS", "MAX_SERVER_AGENTS"):
        monkeypatch.setattr(name_caps, limit, 10 * MANY)
    monkeypatch.setattr(page_caps, "MAX_PAGES", 10 * MANY)
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    before = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    yield
    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)


def test_many_strings_and_pixels_at_once_need_no_long_statement(tmp_path, project, owner, client, few_parameters):
    others = Pixel.objects.bulk_create(Pixel(project=project, title=str(number)) for number in range(MANY))
    spool(
        tmp_path,
        (
            hit(each, agent=VERSION.format(number), page=f"https://a.example/{number}", visitor=number)
            for number, each in enumerate(others)
        ),
    )
    drain(tmp_path)
    assert (UserAgent.objects.count(), Page.objects.count(), Hit.objects.count()) == (MANY, MANY, MANY)
    drained = sorted(counts("browser").items())

    rebuild(project)
    assert sorted(counts("browser").items()) == drained
    reclassify_agents()
    reclassify(project)
    assert sorted(counts("browser").items()) == drained
    for filters in ({"country": "DE"}, {"browser": "Chrome"}, {"country": "DE", "range": "today"}, {}):
        assert make_page(filters, project, now=NOON).report.visits == MANY

    client.force_login(owner)
    for address in ("", "projects/blog/", "projects/blog/snippets/", "projects/blog/export/articles.csv"):
        for filters in ("", "?country=DE"):
            response = client.get(f"/{address}{filters}")
            assert response.status_code == 200, address
            assert b"".join(response if response.streaming else [response.content])

    Project.objects.update(retention_days=1)
    delete_expired(NOON, allows_large=True)
    delete_expired(NOON + timedelta(days=5), allows_large=True)
    assert not any(model.objects.exists() for model in (Hit, UserAgent, Page))


def test_a_page_of_many_paths_is_found_by_its_label(tmp_path, project, pixel, few_parameters):
    spool(tmp_path, (hit(pixel, page=f"https://a.example/?utm_source={number}") for number in range(MANY)))
    drain(tmp_path)

    assert make_page({"page": "a.example/"}, project, now=NOON).report.visits == MANY


def test_many_waiting_segments_need_no_long_statement(tmp_path, pixel, few_parameters):
    for _ in range(1_100):
        writer = SpoolWriter(tmp_path)
        writer.append(hit(pixel).to_line())
        writer.close()

    assert lag(tmp_path, micros("2026-11-22T10:00")).bytes > 0
    drain(tmp_path)
    assert Hit.objects.count() == 1_100
