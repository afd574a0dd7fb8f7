"""The pages of snippets: who may see and change what, what they say, whether visits arrive, and what they cost."""

from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collector.classify.platforms import catalogue
from collector.models import Pixel, Project
from collector.models.projects import PLACEMENTS_AT_MOST
from collector.snippets import snippet
from tests.dashboard.snippets.pages import add, ago, text
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon", "public_url")
PAGES = ["/projects/blog/snippets/", "/projects/blog/snippets.csv", "/projects/blog/{}/snippets/"]
PAGES += ["/projects/blog/{}/snippets/arrival.json"]


# Who may see and change what


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_logged_in_is_sent_to_the_login(client, pixel, path):
    path = path.format(pixel.pk)
    response = client.get(path)
    assert (response.status_code, response.url) == (302, f"/login/?next={quote(path)}")


@pytest.mark.parametrize("path", PAGES)
def test_strangers_find_nothing_and_members_find_the_page(client, pixel, stranger, viewer, path):
    client.force_login(stranger)
    text(client, path.format(pixel.pk), 404)
    client.force_login(viewer)
    text(client, path.format(pixel.pk))


@pytest.mark.parametrize("path", PAGES[2:])
def test_a_pixel_is_found_in_its_own_project_alone(reader, project, path):
    other = Project.objects.create(name="Other", slug="other")
    foreign = Pixel.objects.create(project=other, title="Elsewhere")
    text(reader, path.format(foreign.pk), 404)
    text(reader, path.format(foreign.pk).replace("blog", "other"), 404)
    text(reader, path.format(2**31 + 5), 404)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_never_kept_and_take_no_post(reader, pixel, path):
    path = path.format(pixel.pk)
    assert reader.get(path).headers["Cache-Control"] == "private, no-store"
    assert reader.post(path).status_code == 405


def test_an_editor_adds_a_place_and_comes_back_to_what_was_chosen(editor, viewer, pixel):
    url = add(editor, pixel, "github", "?place=github&place=medium")

    assert url == f"/projects/blog/{pixel.pk}/snippets/?place=github&place=medium"
    assert pixel.placements == ["medium", "dev-to", "github"]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (viewer, str(pixel.pk), "Added the placement github.")


def test_the_history_speaks_the_language_of_who_adds_a_place(editor, pixel, monkeypatch):
    monkeypatch.setattr("dashboard.views.snippets._", {"Added the placement %(place)s.": "Mit %(place)s."}.__getitem__)

    add(editor, pixel, "github")

    assert LogEntry.objects.get().change_message == "Mit github."


def test_a_place_that_is_there_is_not_added_twice(editor, pixel):
    add(editor, pixel, "medium")
    assert pixel.placements == ["medium", "dev-to"]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("place", ["", "  ", "end", "image-proxy", "ü", "a/b", "x" * 41, "\0", "a\nb", "📚" * 3000])
def test_what_is_no_place_is_not_added_and_the_page_says_why(editor, pixel, place):
    url = add(editor, pixel, place)
    assert pixel.placements == ["medium", "dev-to"]
    page = text(editor, url)
    assert ("is no " in page) is bool(place.strip())


def test_a_pixel_takes_as_many_places_as_there_may_be(editor, pixel):
    pixel.placements = [f"place-{number}" for number in range(PLACEMENTS_AT_MOST - 1)]
    pixel.save()
    assert "Add to this pixel" in text(editor, f"/projects/blog/{pixel.pk}/snippets/?place=github")
    add(editor, pixel, "github")
    add(editor, pixel, "gitlab")
    assert len(pixel.placements) == PLACEMENTS_AT_MOST
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?place=gitlab")
    assert "Add to this pixel" not in page
    assert "40 places at most" in page


def test_neither_viewers_nor_strangers_nor_get_change_a_pixel(client, pixel, viewer, stranger):
    path = f"/projects/blog/{pixel.pk}/snippets/add/"
    for user in (viewer, stranger):
        client.force_login(user)
        assert client.post(path, {"place": "github"}).status_code == 404
        assert client.get(path).status_code == 405
    client.logout()
    assert client.post(path, {"place": "github"}).url.startswith("/login/")
    pixel.refresh_from_db()
    assert pixel.placements == ["medium", "dev-to"]


def test_a_place_is_only_added_from_our_own_page(editor, pixel, viewer):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(viewer)
    assert strict.post(f"/projects/blog/{pixel.pk}/snippets/add/", {"place": "github"}).status_code == 403


# What to paste


def test_the_places_of_the_pixel_are_chosen_at_first(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    for place in pixel.placements:
        one = snippet(pixel.token, place, "https://hits.example.org")
        assert f'<input type="checkbox" name="place" value="{place}" checked>' in page
        assert f'data-snippet="url" data-placement="{place}">{one.url}</code>' in page
        assert one.why_no_end in page.replace("&#x27;", "'")
    assert page.count("checked>") == 2
    assert "Add to this pixel" not in page


def test_every_platform_can_be_chosen_and_none_is_offered_twice(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?place=github")
    for slug, platform in catalogue().items():
        times = 0 if platform.kind == "proxy" else 1
        assert page.count(f'type="checkbox" name="place" value="{slug}"') == times, slug


def test_the_form_that_a_platform_takes_comes_first_and_is_marked(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?place=dev-to")
    assert 'Markdown <span class="taken">what this place takes</span>' in page
    assert page.index('data-snippet="markdown"') < page.index('data-snippet="html"')
    assert page.count('class="taken"') == 1


def test_where_it_tells_how_far_people_read_there_is_a_second_snippet(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?place=website")
    assert f"https://hits.example.org/p/{pixel.token}/website/end.gif" in page
    assert "after its last paragraph" in page
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?place=github")
    assert "/end.gif" not in page
    assert "stays unknown: GitHub fetches images for its readers" in page


def test_a_place_that_the_pixel_has_not_is_offered_to_editors(editor, pixel):
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?place=github")
    assert "Its visits count all the same" in page
    assert f'action="/projects/blog/{pixel.pk}/snippets/add/?place=github"' in page
    page = text(editor, f"/projects/blog/{pixel.pk}/snippets/?own=Team-Wiki")
    assert "visits from there count as (other) until it is added" in page
    assert f"/p/{pixel.token}/team-wiki.gif" in page


def test_a_viewer_is_told_who_can_add_a_place(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?own=team-wiki")
    assert "Whoever edits the project can add it." in page
    assert '<form method="post" action="/projects' not in page


QUERIES = [
    "place=", "place=nowhere", "place=image-proxy", "place=end", "place=%00", "place=%F0%9F%93%9A", "place=%FF%FE",
    "own=&place=", "own=<script>", "place=" + "x" * 3000, "&".join(f"place=p{n}" for n in range(300)), "page=-1",
    "page=x", "page=99999999999999999999", "q=%00", "q=" + "%" * 500, "q='", "form=pdf", "form=html&place=medium",
    "place=<b>&form=<b>&q=<b>", "since=-1", "since=x", "since=99999999999999999999", "since=9999999999999", "since=²",
    "=", "&&&", "?", "a=b", "place=medium&place=medium",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query", QUERIES)
def test_every_query_string_gives_a_page(reader, pixel, path, query):
    page = text(reader, f"{path.format(pixel.pk)}?{query}")
    assert "<script>" not in page
    assert "<b>" not in page


def test_what_can_not_be_a_place_is_said(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?place=a%20b&place=github")
    assert "“a b” is no name of a place" in page
    assert 'data-placement="github"' in page
    assert "Only the first 40 places are shown." in text(
        reader, f"/projects/blog/{pixel.pk}/snippets/?{'&'.join(f'place=p{n}' for n in range(41))}"
    )


def test_nothing_chosen_shows_nothing_and_says_what_to_do(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/?own=")
    assert "data-snippet" not in page
    assert "Choose at least one place" in page


def test_a_pixel_without_places_has_a_snippet_for_anywhere(reader, project):
    bare = Pixel.objects.create(project=project, title="Bare")
    page = text(reader, f"/projects/blog/{bare.pk}/snippets/")
    assert f"https://hits.example.org/p/{bare.token}.gif" in page
    assert "Anywhere" in page


# What they cost


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/projects/blog/snippets/", 7),
        ("/projects/blog/snippets.csv", 5),
        ("/projects/blog/{}/snippets/", 8),
        ("/projects/blog/{}/snippets/arrival.json", 8),
    ],
)
@pytest.mark.parametrize("pixels", [1, 200])
def test_pages_ask_the_database_as_often_with_many_pixels(reader, project, pixel, take, path, queries, pixels):
    Pixel.objects.bulk_create(
        Pixel(project=project, title=str(number), placements=["medium", "github"]) for number in range(pixels - 1)
    )
    take(*(hit(one, ago(number)) for number, one in enumerate(Pixel.objects.all())))
    with CaptureQueriesContext(connection) as asked:
        text(reader, path.format(pixel.pk))
    assert len(asked) == queries, [query["sql"] for query in asked]
