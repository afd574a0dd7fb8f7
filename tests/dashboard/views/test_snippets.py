"""The pages of snippets: who may see and change what, what to paste, and how many queries they take."""

import re
from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collector.classify.platforms import catalogue
from collector.models import Pixel, Project
from collector.models.validators import PLACEMENTS_AT_MOST
from collector.snippets import snippet
from tests.dashboard.snippets.pages import add, ago, text
from tests.hits import hit

pytestmark = [pytest.mark.usefixtures("noon", "public_url"), pytest.mark.one_database]
PAGES = ["/projects/blog/snippets/", "/projects/blog/snippets.csv", "/projects/blog/{}/snippets/"]
PAGES += ["/projects/blog/{}/snippets/arrival.json", "/projects/blog/arrival.json"]


# Who may see and change what


@pytest.mark.parametrize("path", PAGES)
def test_people_who_are_not_logged_in_are_sent_to_the_login(client, pixel, path):
    path = path.format(pixel.pk)
    response = client.get(path)
    assert (response.status_code, response.url) == (302, f"/login/?next={quote(path)}")


@pytest.mark.parametrize("path", PAGES)
def test_strangers_find_nothing_and_members_find_the_page(client, pixel, stranger, viewer, path):
    client.force_login(stranger)
    text(client, path.format(pixel.pk), 404)
    client.force_login(viewer)
    text(client, path.format(pixel.pk))


@pytest.mark.every_database
@pytest.mark.parametrize("path", PAGES[2:4])
def test_a_pixel_is_only_found_in_its_own_project(reader, project, path):
    other = Project.objects.create(name="Other", slug="other")
    foreign = Pixel.objects.create(project=other, title="Elsewhere")
    text(reader, path.format(foreign.pk), 404)
    text(reader, path.format(foreign.pk).replace("blog", "other"), 404)
    text(reader, path.format(2**31 + 5), 404)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_not_cached_and_accept_no_post(reader, pixel, path):
    path = path.format(pixel.pk)
    assert reader.get(path).headers["Cache-Control"] == "private, no-store"
    assert reader.post(path).status_code == 405


def test_an_editor_adds_a_platform_and_returns_to_the_same_choice(editor, viewer, pixel):
    url = add(editor, pixel, "github", "?platform=github&platform=medium")

    assert url == f"/projects/blog/{pixel.pk}/snippets/?platform=github&platform=medium"
    assert pixel.placements == ["medium", "dev-to", "github"]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (viewer, str(pixel.pk), "Added a platform. github")


def test_the_history_is_in_the_language_of_the_person_who_adds_a_platform(editor, pixel):
    editor.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"

    add(editor, pixel, "github")

    assert LogEntry.objects.get().change_message == "Plattform hinzugefügt. github"


def test_a_platform_that_the_pixel_has_is_not_added_twice(editor, pixel):
    add(editor, pixel, "medium")
    assert pixel.placements == ["medium", "dev-to"]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "end", "image-proxy", "ü", "a/b", "x" * 41, "\0", "a\nb", "📚" * 3000])
def test_an_invalid_platform_name_is_not_added_and_the_page_says_why(editor, pixel, name):
    url = add(editor, pixel, name)
    assert pixel.placements == ["medium", "dev-to"]
    page = text(editor, url)
    assert ('class="notice"' in page) is bool(name.strip())


def test_a_pixel_takes_no_more_platforms_than_the_limit(editor, pixel):
    pixel.placements = [f"site-{number}" for number in range(PLACEMENTS_AT_MOST - 1)]
    pixel.save()
    assert "Add to this pixel" in text(editor, f"/projects/blog/{pixel.pk}/snippets/?platform=github")
    add(editor, pixel, "github")
    add(editor, pixel, "gitlab")
    assert len(pixel.placements) == PLACEMENTS_AT_MOST
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?platform=gitlab")
    assert "Add to this pixel" not in page
    assert "up to 40 platforms" in page


def test_viewers_strangers_and_get_requests_change_no_pixel(client, pixel, viewer, stranger):
    path = f"/projects/blog/{pixel.pk}/snippets/add/"
    for user in (viewer, stranger):
        client.force_login(user)
        assert client.post(path, {"platform": "github"}).status_code == 404
        assert client.get(path).status_code == 405
    client.logout()
    assert client.post(path, {"platform": "github"}).url.startswith("/login/")
    pixel.refresh_from_db()
    assert pixel.placements == ["medium", "dev-to"]


def test_a_platform_is_only_added_from_our_own_page(editor, pixel, viewer):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(viewer)
    assert strict.post(f"/projects/blog/{pixel.pk}/snippets/add/", {"platform": "github"}).status_code == 403


# What to paste


def test_the_platforms_of_the_pixel_are_chosen_at_first(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    for placement in pixel.placements:
        expected = snippet(pixel.token, placement, "https://hits.example.org")
        assert re.search(f'<input type="checkbox" name="platform" value="{placement}"[^>]* checked>', page)
        assert f'data-snippet="url" data-placement="{placement}">{expected.url}</code>' in page
        assert expected.why_no_end in page.replace("&#x27;", "'")
    assert page.count("checked>") == 2
    assert "Add to this pixel" not in page


def test_every_platform_is_offered_exactly_once(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?platform=github")
    for slug, platform in catalogue().items():
        times = 0 if platform.kind == "proxy" else 1
        assert page.count(f'type="checkbox" name="platform" value="{slug}"') == times, slug


def test_the_format_of_the_platform_comes_first_and_is_marked(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?platform=dev-to")
    assert 'Markdown <span class="accepted">for this platform</span>' in page
    assert page.index('data-snippet="markdown"') < page.index('data-snippet="html"')
    assert page.count('class="accepted"') == 1


def test_a_platform_that_shows_how_far_people_read_has_a_second_snippet(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?platform=website")
    assert f"https://hits.example.org/p/{pixel.token}/website/end.gif" in page
    assert "after the last paragraph" in page
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?platform=github")
    assert "/end.gif" not in page
    assert "Read-through is unknown: GitHub loads images for its readers" in page


def test_editors_can_add_a_platform_that_the_pixel_does_not_have(editor, pixel):
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?platform=github")
    assert "Its visits count anyway" in page
    assert f'action="/projects/blog/{pixel.pk}/snippets/add/?platform=github"' in page
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?own=Team-Wiki")
    assert "Until it is added, visits from there count as (other)." in page
    assert f"/p/{pixel.token}/team-wiki.gif" in page


def test_viewers_are_told_who_can_add_a_platform(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?own=team-wiki")
    assert "Editors of the project can add it." in page
    assert '<form method="post" action="/projects' not in page


QUERIES = [
    "platform=", "platform=nowhere", "platform=image-proxy", "platform=end", "platform=%00", "platform=%F0%9F%93%9A",
    "platform=%FF%FE", "own=&platform=", "own=<script>", "platform=" + "x" * 3000,
    "&".join(f"platform=p{n}" for n in range(300)), "page=-1", "page=x", "page=99999999999999999999", "q=%00",
    "q=" + "%" * 500, "q='", "form=pdf", "form=html&platform=medium", "platform=<b>&form=<b>&q=<b>", "since=-1",
    "since=x", "since=99999999999999999999", "since=9999999999999", "since=²", "=", "&&&", "?", "a=b",
    "platform=medium&platform=medium",
]  # fmt: skip


@pytest.mark.every_database
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query", QUERIES)
def test_every_query_string_gives_a_page(reader, pixel, path, query):
    page = text(reader, f"{path.format(pixel.pk)}?{query}")
    assert "<script>" not in page
    assert "<b>" not in page


def test_an_invalid_platform_name_is_reported(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?platform=a%20b&platform=github")
    assert "“a b” can&#x27;t name a platform." in page
    assert 'data-placement="github"' in page
    assert "Only the first 40 platforms are shown." in text(
        reader, f"/projects/blog/{pixel.pk}/snippets/?{'&'.join(f'platform=p{n}' for n in range(41))}"
    )


def test_without_a_choice_the_page_says_what_to_do(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?own=")
    assert 'id="platform-' not in page
    assert "Choose at least one platform" in page


def test_a_pixel_without_platforms_has_a_snippet_for_anywhere(reader, project):
    bare = Pixel.objects.create(project=project, title="Bare")
    page = text(reader, f"/projects/blog/{bare.pk}/snippets/")
    assert f"https://hits.example.org/p/{bare.token}.gif" in page
    assert "Anywhere" in page


# What they cost


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/projects/blog/snippets/", 7),
        ("/projects/blog/snippets.csv", 5),
        ("/projects/blog/{}/snippets/", 9),
        ("/projects/blog/{}/snippets/arrival.json", 8),
    ],
)
@pytest.mark.parametrize("pixels", [1, 200])
def test_pages_take_as_many_queries_with_many_pixels(reader, project, pixel, take, path, queries, pixels):
    Pixel.objects.bulk_create(
        Pixel(project=project, title=str(number), placements=["medium", "github"]) for number in range(pixels - 1)
    )
    take(*(hit(each_pixel, ago(number)) for number, each_pixel in enumerate(Pixel.objects.all())))
    with CaptureQueriesContext(connection) as captured:
        text(reader, path.format(pixel.pk))
    assert len(captured) == queries, [query["sql"] for query in captured]
