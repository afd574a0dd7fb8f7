"""The pages of snippets: who may see and change what, what they say, whether visits arrive, and what they cost."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import QueryDict
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from collector.classify.platforms import catalogue
from collector.models import Membership, Pixel, Project, Role, Verdict
from collector.models.projects import PLACEMENTS_AT_MOST
from collector.snippets import snippet
from dashboard.snippets import first_visit
from dashboard.snippets.listing import csv_chunks, last_visits, listing
from tests.hits import CAMO, hit

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGES = ["/projects/blog/snippets/", "/projects/blog/snippets.csv", "/projects/blog/{}/snippets/"]
PAGES += ["/projects/blog/{}/snippets/arrival.json"]


@pytest.fixture(autouse=True)
def noon(monkeypatch, settings):
    """Stop the clock at noon."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    settings.PUBLIC_URL = "https://hits.example.org"


@pytest.fixture
def reader(client, viewer) -> Client:
    """A browser in which a viewer of the project is logged in."""
    client.force_login(viewer)
    return client


@pytest.fixture
def editor(client, viewer) -> Client:
    """A browser in which an editor of the project is logged in, who may not enter the admin."""
    Membership.objects.filter(user=viewer).update(role=Role.EDITOR)
    client.force_login(viewer)
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return b"".join(response).decode() if response.streaming else response.content.decode()


def arrived(client: Client, pixel: Pixel, since: datetime | None = None) -> dict:
    query = f"?since={int(since.timestamp() * 1000)}" if since else ""
    return json.loads(text(client, f"/projects/blog/{pixel.pk}/snippets/arrival.json{query}"))


def ago(seconds: float) -> str:
    return (NOON - timedelta(seconds=seconds)).isoformat()


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


def add(client: Client, pixel: Pixel, place: str, query: str = "") -> str:
    response = client.post(f"/projects/blog/{pixel.pk}/snippets/add/{query}", {"place": place})
    assert response.status_code == 302
    pixel.refresh_from_db()
    return response.url


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
    assert "Read-through is unknown: GitHub loads images for its readers" in page


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


def test_what_is_said_of_a_place_that_the_pixel_has_not_is_true(editor, pixel, take):
    take(hit(pixel, ago(9), placement="github"), hit(pixel, ago(8), placement="team-wiki"))
    assert arrived(editor, pixel)["notes"] == [
        "A visit named the place “team-wiki”, which this pixel does not have: it counts as (other)."
    ]
    add(editor, pixel, "team-wiki")
    take(hit(pixel, ago(1), placement="team-wiki"))
    platforms = sorted(first_visit.Hit.objects.values_list("platform", flat=True))
    assert platforms == ["(other)", "github", "team-wiki"]


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


# Whether it arrives


def test_a_pixel_never_visited_waits(reader, pixel):
    known = arrived(reader, pixel, NOON)
    assert known == {
        "awaited": True,
        "state": "waiting",
        "words": "Waiting for the first visit…",
        "notes": [],
        "version": known["version"],
    }
    assert "Waiting for the first visit…" in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_the_first_visit_is_seen_with_its_page(reader, pixel, take):
    take(hit(pixel, ago(3.2), placement="medium", page="https://medium.com/@ada/hello"))
    known = arrived(reader, pixel, NOON - timedelta(seconds=5))
    assert (known["awaited"], known["state"]) == (False, "seen")
    assert known["words"] == "First visit seen 3 seconds ago, at 12:59:56 (Europe/Berlin), from medium.com."
    assert known["words"] in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_a_first_visit_of_several_is_the_first(reader, pixel, take):
    take(hit(pixel, ago(120), placement="medium"), hit(pixel, ago(60), placement="dev-to", visitor=2))
    assert arrived(reader, pixel)["words"].startswith(
        "First visit seen 2 minutes ago, at 12:58:00 (Europe/Berlin), on M"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "just now"), (1, "1 second ago"), (59, "59 seconds ago"), (61, "1 minute ago")]
)
def test_how_long_ago_is_said_in_words(reader, pixel, take, seconds, words):
    take(hit(pixel, ago(seconds)))
    assert f"First visit seen {words}, at" in arrived(reader, pixel)["words"]


def test_who_is_behind_a_proxy_is_seen_by_platform(reader, pixel, take):
    take(hit(pixel, ago(3), placement="github", agent=CAMO, page=""))
    assert arrived(reader, pixel)["words"].endswith("(Europe/Berlin), on GitHub.")


def test_a_visit_before_the_page_was_opened_is_not_what_it_waits_for(reader, pixel, take):
    take(hit(pixel, ago(60)))
    opened_at = NOON - timedelta(seconds=30)
    before = arrived(reader, pixel, opened_at)
    assert (before["awaited"], before["state"]) == (True, "waiting")
    assert before["words"].startswith("First visit seen 1 minute ago")
    take(hit(pixel, ago(2), visitor=2))
    after = arrived(reader, pixel, opened_at)
    assert (after["awaited"], after["state"]) == (False, "seen")
    assert after["version"] != before["version"]


@pytest.mark.parametrize("earlier", [90 * 60, 3 * 86400, 400 * 86400])
def test_a_visit_after_others_is_not_called_the_first(reader, pixel, take, earlier):
    take(hit(pixel, ago(earlier)))
    known = arrived(reader, pixel, NOON)
    assert known["awaited"]
    assert "Nobody in the last hour; the first visit was on " in known["words"]
    take(hit(pixel, ago(5), visitor=2))
    assert arrived(reader, pixel)["words"].startswith("Last visit seen 5 seconds ago")


def test_visits_of_other_pixels_are_not_mistaken_for_it(reader, project, pixel, take):
    other = Pixel.objects.create(project=project, title="Other")
    take(hit(other, ago(5)))
    assert arrived(reader, pixel)["words"] == "Waiting for the first visit…"


@pytest.mark.parametrize(
    ("verdict", "one", "two"),
    [
        (Verdict.BOT, "1 request by a program", "2 requests by programs"),
        (Verdict.EXCESS, "1 request was over the rate limit", "2 requests were over the rate limit"),
        (Verdict.PREFETCH, "1 request came ahead of any reader", "2 requests came ahead of any reader"),
        (Verdict.SUSPECT, "1 request called itself a browser", "2 requests called themselves browsers"),
        (Verdict.EXCLUDED, "1 request came from the project’s own", "2 requests came from the project’s own"),
    ],
)
def test_what_was_set_aside_is_told_with_its_reason(reader, pixel, take, verdict, one, two):
    take(hit(pixel, ago(9), verdict=int(verdict)))
    known = arrived(reader, pixel, NOON)
    assert (known["state"], known["words"]) == ("waiting", "Waiting for the first visit…")
    (note,) = known["notes"]
    assert note.startswith(one)
    assert "9 seconds ago" in note
    take(hit(pixel, ago(4), verdict=int(verdict)))
    after = arrived(reader, pixel, NOON)
    assert after["notes"][0].startswith(two)
    assert "the last one 4 seconds ago" in after["notes"][0]
    assert after["version"] != known["version"]


def test_a_pause_is_told_before_and_after_its_hits(reader, pixel, take):
    pixel.mute(NOON - timedelta(minutes=1))
    assert arrived(reader, pixel)["notes"] == [
        "Counting is paused until 13:09 (Europe/Berlin): visits until then are set aside."
    ]
    take(hit(pixel, ago(2)))
    assert arrived(reader, pixel)["notes"][1:] == [
        "1 request came while counting was paused and was set aside, 2 seconds ago."
    ]


def test_a_retired_pixel_says_so_and_waits_for_nothing(reader, pixel):
    Pixel.objects.update(retired_at=NOON)
    known = arrived(reader, pixel, NOON)
    assert (known["awaited"], known["state"]) == (False, "retired")
    assert "This pixel is retired" in known["words"]
    assert "data-arrival" not in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_a_project_that_leaves_out_who_opts_out_says_so(reader, project, pixel):
    Project.objects.update(drops_opted_out=True)
    assert "Sec-GPC" in arrived(reader, pixel)["notes"][0]


def test_readers_who_opt_out_are_seen_where_they_count(reader, pixel, take):
    take(hit(pixel, ago(2), verdict=int(Verdict.OPTED_OUT), visitor=None, agent=""))
    assert arrived(reader, pixel)["state"] == "seen"


def test_an_end_without_a_start_is_told(reader, pixel, take):
    take(hit(pixel, ago(7), placement="medium", is_end=True))
    known = arrived(reader, pixel)
    assert known["state"] == "waiting"
    assert known["notes"] == [
        "The image at the end was loaded 7 seconds ago; a visit is counted by the one at the start."
    ]


def test_what_strangers_wrote_is_escaped_on_the_page(reader, pixel, take):
    take(hit(pixel, ago(2), page="https://<b>x</b>.example/"), hit(pixel, ago(1), placement="team-wiki"))
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    assert "<b>x</b>" not in page


def test_of_a_busy_project_only_the_newest_hits_are_looked_through(reader, project, pixel, take, monkeypatch):
    monkeypatch.setattr(first_visit, "MOST_HITS", 5)
    other = Pixel.objects.create(project=project, title="Busy")
    take(hit(pixel, ago(50)), *(hit(other, ago(20 + number)) for number in range(4)))
    assert arrived(reader, pixel)["words"].startswith("First visit seen 50 seconds ago")
    take(*(hit(other, ago(number)) for number in range(4)))
    assert "Nobody in the last hour" in arrived(reader, pixel)["words"]


# All articles at once


def test_all_articles_are_listed_with_what_their_first_place_takes(reader, project, pixel, take):
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


def test_articles_are_found_by_title_and_shown_for_one_place_in_one_form(reader, project, pixel):
    Pixel.objects.create(project=project, title="Spring <b>notes</b>")
    page = text(reader, "/projects/blog/snippets/?q=SPRING&place=pypi&form=url")
    assert "Hello" not in page
    assert "Spring &lt;b&gt;notes&lt;/b&gt;" in page
    assert "PyPI · URL only" in page
    assert "/pypi.gif</code>" in page
    assert "No article has “winter”" in text(reader, "/projects/blog/snippets/?q=winter")


def test_many_articles_come_by_the_page(reader, project):
    Pixel.objects.bulk_create(Pixel(project=project, title=f"Title {number:03}") for number in range(120))
    page = text(reader, "/projects/blog/snippets/?place=medium")
    assert page.count("<code") == 50
    assert "Page 1 of 3" in page
    assert '<a rel="next" href="?place=medium&amp;page=2">' in page
    assert "Page 3 of 3" in text(reader, "/projects/blog/snippets/?page=77")


def table(reader: Client, query: str = "") -> list[dict[str, str]]:
    response = reader.get(f"/projects/blog/snippets.csv{query}")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="blog-snippets.csv"'
    return list(csv.DictReader(io.StringIO(b"".join(response).decode(), newline="")))


def test_csv_has_every_place_of_every_article_in_every_form(reader, project, pixel):
    pixel.placements = ["website", "github"]
    pixel.save()
    bare = Pixel.objects.create(project=project, title="Bare")
    rows = table(reader)
    assert [(row["title"], row["placement"], row["platform"]) for row in rows] == [
        ("Bare", "", "Anywhere"),
        ("Hello", "website", "Own site"),
        ("Hello", "github", "GitHub"),
    ]
    one = snippet(pixel.token, "website", "https://hits.example.org")
    assert rows[1] == {
        "title": "Hello", "placement": "website", "platform": "Own site", "html": one.html, "markdown": one.markdown,
        "rst": one.rst, "bbcode": one.bbcode, "url": one.url, "end_url": one.end_url, "end_html": one.end_html,
    }  # fmt: skip
    assert (rows[2]["end_url"], rows[2]["end_html"]) == ("", "")
    assert rows[0]["url"] == f"https://hits.example.org/p/{bare.token}.gif"


def test_csv_is_of_what_is_filtered(reader, project, pixel):
    Pixel.objects.create(project=project, title="Spring")
    rows = table(reader, "?q=spring&place=medium")
    assert [(row["title"], row["placement"]) for row in rows] == [("Spring", "medium")]


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_run_by_a_spreadsheet(reader, project, title):
    Pixel.objects.create(project=project, title=title)
    (row,) = table(reader)
    assert row["title"] == f"'{title}"


def test_csv_of_many_articles_is_read_in_pieces_and_whole(reader, project, monkeypatch):
    monkeypatch.setattr("dashboard.snippets.listing.CHUNK_PIXELS", 7)
    Pixel.objects.bulk_create(Pixel(project=project, title=str(number)) for number in range(50))
    pieces = csv_chunks(listing(QueryDict()), project, "https://hits.example.org")
    assert [piece.count("hits.example.org") // 7 for piece in pieces] == [0, *[7] * 7, 1]
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


# What they cost


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
        found = last_visits(project, [*visited, never])

    assert found == {pixel.pk: day for pixel, day in visited.items()}
    with django_assert_num_queries(2):
        assert len(last_visits(project, [pixel for pixel, day in visited.items() if day > days[2]])) == 2


@pytest.mark.postgresql
def test_who_waits_for_a_visit_does_not_have_the_whole_table_read(pixel, take):
    take(*(hit(pixel, ago(3600 * hours)) for hours in range(2000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collector_hit")

    plan = first_visit._recent_hits(pixel, NOON).explain()

    assert "Seq Scan" not in plan, plan


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
