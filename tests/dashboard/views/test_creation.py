"""The forms "New project" and "New article": who may use them, what they store, and that they store it once."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from collector.models import Membership, Pixel, Project, Role
from dashboard.creation import records
from tests.dashboard.views.page_reader import Tables, get

pytestmark = pytest.mark.one_database

PROJECT = {"name": "My blog", "timezone": "new york"}
ARTICLE = {"title": "Hello, readers", "kind": "article", "placements": ["medium", "dev-to"]}


@pytest.fixture
def author(client, stranger) -> Client:
    """A browser in which somebody is logged in who may create projects and has none."""
    client.force_login(stranger)
    return client


def create(client: Client, path: str = "/new/", **values: object) -> str:
    """Send the form, and return the page that it leads to: its address if it was stored, its text if not."""
    response = client.post(path, PROJECT | ARTICLE | values)
    assert response.status_code in {200, 302}
    return getattr(response, "url", "") or response.content.decode()


@pytest.mark.every_database
def test_a_new_project_ends_on_the_snippets_of_its_first_article(author, stranger):
    address = create(author)

    project = Project.objects.get()
    assert (project.name, project.slug, project.timezone) == ("My blog", "my-blog", "America/New_York")
    assert project.ignores_members
    assert [(one.user, one.role) for one in project.memberships.all()] == [(stranger, Role.OWNER)]
    article = project.pixels.get()
    assert (article.title, article.kind, article.placements) == ("Hello, readers", "article", ["medium", "dev-to"])
    assert address == f"/projects/my-blog/{article.pk}/snippets/"
    assert f"/p/{article.token}/dev-to.gif" in get(author, address)
    assert {str(entry) for entry in LogEntry.objects.all()} == {"Added “My blog”.", "Added “Hello, readers”."}


def test_an_editor_creates_an_article_without_the_admin(editor, project):
    assert "/projects/blog/new/" in get(editor, "/projects/blog/")
    address = create(editor, "/projects/blog/new/", kind="newsletter")

    article = project.pixels.get()
    assert (article.title, article.kind) == ("Hello, readers", "newsletter")
    assert address == f"/projects/blog/{article.pk}/snippets/"
    get(editor, address)


def test_others_find_no_form(reader, stranger, project, foreign_client):
    assert "/new/" not in get(reader, "/") + get(reader, "/projects/blog/") + get(reader, "/projects/blog/snippets/")
    for path in ("/new/", "/projects/blog/new/"):
        for answer in (reader.get(path), reader.post(path, PROJECT | ARTICLE)):
            assert answer.status_code == 404
    assert foreign_client.post("/projects/blog/new/", ARTICLE).status_code == 404
    assert foreign_client.get("/new/").status_code == 200
    assert Client().get("/new/").url == "/login/?next=/new/"
    assert not Pixel.objects.exists()


@pytest.fixture
def foreign_client(stranger) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


@pytest.mark.parametrize("path", ["/", "/new/", "/projects/blog/new/", "/projects/blog/"])
def test_reading_a_form_stores_nothing(client, owner, project, path):
    client.force_login(owner)
    get(client, path)
    assert client.head(path).status_code == 200
    assert (Project.objects.count(), Pixel.objects.count(), LogEntry.objects.count()) == (1, 0, 0)


def test_a_form_without_a_token_against_forgery_is_refused(stranger):
    client = Client(enforce_csrf_checks=True)
    client.force_login(stranger)
    assert client.post("/new/", PROJECT | ARTICLE).status_code == 403
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"name": " "}, "id_name", "This field is required."),
        ({"name": "n" * 101}, "id_name", "at most 100 characters (it has 101)"),
        ({"name": "‮evil"}, "id_name", "characters that can&#x27;t be shown"),
        ({"title": ""}, "id_title", "This field is required."),
        ({"title": "t" * 201}, "id_title", "at most 200 characters (it has 201)"),
        ({"timezone": "Mars/Phobos"}, "id_timezone", "“Mars/Phobos” is not a time zone."),
        ({"timezone": "berln"}, "id_timezone", "Did you mean one of these? Europe/Berlin"),
        ({"timezone": ""}, "id_timezone", "This field is required."),
        ({"kind": "app"}, "", "app is not one of the available choices."),
        ({"placements": ["medium", "end"]}, "", "“end” is reserved"),
    ],
)
def test_a_mistake_keeps_what_was_typed_and_stores_nothing(author, wrong, field, words):
    page = create(author, **wrong)

    assert words in page
    focused = [attributes["id"] for _, attributes in Tables(page).tags if "autofocus" in attributes]
    assert focused == ([field] if field else [])
    for typed in (PROJECT | ARTICLE | wrong).values():
        if isinstance(typed, str) and typed.strip() and typed not in {"app", "article"}:
            assert f'value="{typed}"' in page
    assert not Project.objects.exists()
    assert not Pixel.objects.exists()


@pytest.mark.every_database
def test_an_emoji_a_long_title_and_markup_are_stored_as_they_are(author):
    title = "🚀 <b>" + "x" * 194
    address = create(author, title=title, placements=[])
    assert Pixel.objects.get().title == title
    assert "🚀 &lt;b&gt;" in get(author, address)


@pytest.mark.every_database
def test_a_form_that_is_sent_twice_is_stored_once(author):
    assert create(author) == create(author)
    path = f"/projects/{Project.objects.get().slug}/new/"
    assert create(author, path, title="Second") == create(author, path, title="Second")
    assert (Project.objects.count(), Pixel.objects.count()) == (1, 2)


@pytest.mark.every_database
def test_the_same_again_a_minute_later_or_with_other_platforms_is_new(author):
    first = create(author)
    other = create(author, placements=["github"])
    Pixel.objects.update(created_at=Pixel.objects.first().created_at - timedelta(minutes=1))
    later = create(author)
    assert len({first, other, later}) == 3
    assert set(Project.objects.values_list("slug", flat=True)) == {"my-blog", "my-blog-2", "my-blog-3"}


def test_the_project_of_another_user_is_no_twin(author, admin_user):
    create(author)
    other = Client()
    other.force_login(admin_user)
    create(other)
    assert Membership.objects.filter(role=Role.OWNER).count() == Project.objects.count() == 2


@pytest.mark.every_database
def test_a_slug_that_is_taken_meanwhile_is_not_used(author, monkeypatch, project):
    monkeypatch.setattr(records, "free_slugs", lambda name: iter(["blog", "blog-2"]))
    create(author, name="Blog")
    assert Project.objects.filter(slug="blog-2").count() == 1


@pytest.mark.every_database
def test_nothing_is_stored_if_a_part_fails(author, monkeypatch):
    monkeypatch.setattr(records, "_log", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        create(author)
    assert not Project.objects.exists()
    assert not Membership.objects.exists()


def test_users_without_a_project_find_the_form_on_the_list(author):
    page = get(author, "/")
    assert 'action="/new/"' in page
    assert 'name="timezone" value="UTC"' in page
    assert "/admin/collector/pixel/add/?kind=app&amp;project=" in page


def test_a_script_fills_in_the_time_zone_only_before_the_form_is_sent(author):
    assert "data-time-zone" in get(author, "/new/")
    assert "data-time-zone" not in create(author, title="", timezone="UTC")


def test_users_who_may_not_create_are_told_who_to_ask(client, db):
    client.force_login(User.objects.create_user("guest"))
    page = get(client, "/")
    assert "/admin/" not in page
    assert "/new/" not in page
    assert "Ask the person who runs this server" in page


def test_a_project_without_articles_shows_its_editors_the_form(client, owner, reader, project):
    assert "Editors of the project create them." in get(reader, "/projects/blog/")
    client.force_login(owner)
    assert 'action="/projects/blog/new/"' in get(client, "/projects/blog/")


def test_a_list_of_projects_leads_to_the_form(client, owner):
    client.force_login(owner)
    assert 'href="/new/"' in get(client, "/")
