"""The snippets of all articles of a project: which ones, as a table, as CSV."""

import csv
import io
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.http import QueryDict
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from collector.models import Pixel
from collector.snippets import snippet
from dashboard.snippets.listing import last_visits, listing_csv, read_listing
from tests.dashboard.conftest import NOON
from tests.dashboard.snippets.pages import text
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon", "public_url")


def test_all_articles_are_listed_in_the_format_of_their_first_platform(reader, project, pixel, take):
    Pixel.objects.create(project=project, title="Bare")
    Pixel.objects.create(project=project, title="Read me", placements=["github"])
    Pixel.objects.create(project=project, title="Gone", retired_at=NOON)
    take(hit(pixel, "2026-11-20T23:30"))
    page = text(reader, "/projects/blog/snippets/")
    assert "Read me" in page
    assert "Gone" not in page
    assert f"![](https://hits.example.org/p/{Pixel.objects.get(title='Read me').token}/github.gif)" in page
    assert "Medium · HTML" in page
    assert "Anywhere · HTML" in page
    assert page.count("Never visited") == 2
    assert "Last visit 21 Nov 2026" in page
    assert "3 articles" in page


def test_articles_are_found_by_title_and_shown_for_one_platform_in_one_format(reader, project, pixel):
    Pixel.objects.create(project=project, title="Spring <b>notes</b>")
    page = text(reader, "/projects/blog/snippets/?q=SPRING&platform=pypi&form=url")
    assert "Hello" not in page
    assert "Spring &lt;b&gt;notes&lt;/b&gt;" in page
    assert "PyPI · URL only" in page
    assert "/pypi.gif</code>" in page
    assert "No article has “winter”" in text(reader, "/projects/blog/snippets/?q=winter")


def test_many_articles_are_paginated(reader, project):
    Pixel.objects.bulk_create(Pixel(project=project, title=f"Title {number:03}") for number in range(120))
    page = text(reader, "/projects/blog/snippets/?platform=medium")
    assert page.count("<code") == 50
    assert "Page 1 of 3" in page
    assert '<a rel="next" href="?platform=medium&amp;page=2">' in page
    assert "Page 3 of 3" in text(reader, "/projects/blog/snippets/?page=77")


def table(reader: Client, query: str = "") -> list[dict[str, str]]:
    response = reader.get(f"/projects/blog/snippets.csv{query}")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="blog-snippets.csv"'
    return list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))


def test_csv_has_every_platform_of_every_article_in_every_format(reader, project, pixel):
    pixel.placements = ["website", "github"]
    pixel.save()
    bare = Pixel.objects.create(project=project, title="Bare")
    rows = table(reader)
    assert [(row["title"], row["placement"], row["platform"]) for row in rows] == [
        ("Bare", "", "Anywhere"),
        ("Hello", "website", "Own site"),
        ("Hello", "github", "GitHub"),
    ]
    expected = snippet(pixel.token, "website", "https://hits.example.org")
    assert rows[1] == {
        "title": "Hello",
        "placement": "website",
        "platform": "Own site",
        "html": expected.html,
        "markdown": expected.markdown,
        "rst": expected.rst,
        "bbcode": expected.bbcode,
        "url": expected.url,
        "end_url": expected.end_url,
        "end_html": expected.end_html,
    }
    assert (rows[2]["end_url"], rows[2]["end_html"]) == ("", "")
    assert rows[0]["url"] == f"https://hits.example.org/p/{bare.token}.gif"


def test_csv_obeys_the_filter(reader, project, pixel):
    Pixel.objects.create(project=project, title="Spring")
    rows = table(reader, "?q=spring&platform=medium")
    assert [(row["title"], row["placement"]) for row in rows] == [("Spring", "medium")]


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula_to_a_spreadsheet(reader, project, title):
    Pixel.objects.create(project=project, title=title)
    (row,) = table(reader)
    assert row["title"] == f"'{title}"


def test_csv_of_many_articles_is_read_in_chunks_and_is_complete(reader, project, monkeypatch):
    monkeypatch.setattr("dashboard.snippets.listing.CHUNK_PIXELS", 7)
    Pixel.objects.bulk_create(Pixel(project=project, title=str(number)) for number in range(50))
    with CaptureQueriesContext(connection) as queries:
        lines = list(listing_csv(read_listing(QueryDict()), project, "https://hits.example.org"))
    assert len(lines) == 51
    assert len(queries) == 9  # the last one finds nothing
    assert [row["title"] for row in table(reader)] == [str(number) for number in reversed(range(50))]


@pytest.mark.django_db(transaction=True)
def test_csv_is_streamed_by_an_asgi_server_too(project, pixel, viewer):
    async def fetched() -> bytes:
        client = AsyncClient()
        await client.aforce_login(viewer)
        response = await client.get("/projects/blog/snippets.csv")
        assert response.is_async
        return b"".join([chunk async for chunk in response])

    assert async_to_sync(fetched)().decode().count("hits.example.org") == 2 * 5


def test_the_last_visit_is_found_however_long_ago_it_was(project, take, django_assert_num_queries):
    days = [NOON.date() - timedelta(days=days_ago) for days_ago in (0, 29, 30, 31, 364, 365, 366, 2000)]
    visited = {Pixel.objects.create(project=project, title=f"{day}"): day for day in days}
    never = Pixel.objects.create(project=project, title="Never")
    take(
        *(
            hit(pixel, f"{day - timedelta(days=earlier)}T10:00")
            for pixel, day in visited.items()
            for earlier in (0, 1, 400)
        )
    )

    with django_assert_num_queries(4):
        last_days = last_visits(project, [*visited, never])

    assert last_days == {pixel.pk: day for pixel, day in visited.items()}
    with django_assert_num_queries(2):
        assert len(last_visits(project, [pixel for pixel, day in visited.items() if day > days[2]])) == 2
