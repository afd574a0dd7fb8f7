"""Who may see which pages of the dashboard, and logging in and out."""

from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from collector.models import Membership, Pixel, Project, Role
from tests.dashboard.report.daily_counts import add_visits
from tests.dashboard.views.page_reader import LIVE, PAGES, Tables, get

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]


@pytest.fixture
def foreign_pixel(db) -> Pixel:
    return Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Elsewhere")


@pytest.mark.parametrize("path", [*PAGES, *LIVE, "/projects/nothing/", "/projects/other/"])
def test_users_who_are_not_logged_in_are_sent_to_the_login(client, pixel, path):
    path = path.format(pixel=pixel.pk)
    response = client.get(path)
    assert response.status_code == 302
    assert response.url == f"/login/?next={quote(path)}"


@pytest.mark.parametrize("path", [*PAGES[1:], *LIVE])
def test_strangers_find_nothing(client, pixel, stranger, foreign_pixel, path):
    Membership.objects.create(project=foreign_pixel.project, user=stranger, role=Role.OWNER)
    client.force_login(stranger)
    get(client, path.format(pixel=pixel.pk), 404)
    get(client, path.format(pixel=pixel.pk).replace("blog", "other"), 404 if "{pixel}" in path else 200)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["owner", "viewer", "admin_user"])
def test_members_and_superusers_see_the_pages(client, pixel, request, who, path):
    client.force_login(request.getfixturevalue(who))
    assert "Blog" in get(client, path.format(pixel=pixel.pk))


def test_inactive_users_see_nothing(client, pixel, viewer):
    client.force_login(viewer)
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert client.get("/projects/blog/").status_code == 302


def test_users_who_leave_a_project_no_longer_see_it(reader, viewer, project):
    get(reader, "/projects/blog/")
    Membership.objects.filter(user=viewer).delete()
    get(reader, "/projects/blog/", 404)
    assert "Blog" not in get(reader, "/")


def test_a_pixel_is_shown_only_in_its_own_project(reader, pixel, foreign_pixel, viewer):
    get(reader, f"/projects/blog/{foreign_pixel.pk}/", 404)
    get(reader, f"/projects/other/{foreign_pixel.pk}/", 404)
    get(reader, f"/projects/other/{pixel.pk}/", 404)
    get(reader, f"/projects/blog/{pixel.pk + 1000}/", 404)
    get(reader, f"/projects/blog/{foreign_pixel.pk}/live/", 404)
    get(reader, f"/projects/other/{pixel.pk}/live/", 404)
    Membership.objects.create(project=foreign_pixel.project, user=viewer)
    get(reader, f"/projects/other/{foreign_pixel.pk}/")
    get(reader, f"/projects/blog/{foreign_pixel.pk}/", 404)


@pytest.mark.every_database
def test_the_list_shows_only_the_projects_of_the_user(reader, project, foreign_pixel):
    page = get(reader, "/")
    assert "/projects/blog/" in page
    assert "other" not in page.lower()


@pytest.mark.every_database
def test_a_pixel_id_beyond_any_database_is_not_found(reader, project):
    get(reader, f"/projects/blog/{10**30}/", 404)


@pytest.mark.parametrize("path", [*PAGES, *LIVE])
def test_pages_are_read_only(reader, pixel, path):
    assert reader.post(path.format(pixel=pixel.pk)).status_code == 405


@pytest.mark.parametrize("path", [*PAGES, *LIVE])
def test_pages_are_never_cached(reader, pixel, path):
    response = reader.get(path.format(pixel=pixel.pk))
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))


@pytest.mark.every_database
def test_an_article_of_another_project_can_not_be_filtered_by(reader, pixel, foreign_pixel):
    add_visits(pixel, 5)
    add_visits(foreign_pixel, 7)
    page = get(reader, f"/projects/blog/?article={foreign_pixel.pk}")
    assert "This page has no such article. The filter was ignored." in page
    assert "Elsewhere" not in page
    assert Tables(page).figures["visits"] == 5


def test_logging_in_leads_to_the_requested_page(client, viewer):
    response = client.post(
        "/login/", {"username": "viewer", "password": "viewer-pass-1", "next": "/projects/blog/?range=7d"}
    )
    assert (response.status_code, response.url) == (302, "/projects/blog/?range=7d")


def test_the_login_never_leads_to_another_site(client, viewer):
    response = client.post(
        "/login/", {"username": "viewer", "password": "viewer-pass-1", "next": "https://evil.example/"}
    )
    assert (response.status_code, response.url) == (302, "/")


def test_a_wrong_password_shows_an_error_and_keeps_the_name(client, viewer):
    response = client.post("/login/", {"username": "viewer", "password": "wrong"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'role="alert"' in page
    assert 'value="viewer"' in page
    assert "wrong" not in page


def test_logging_out_needs_a_form(reader):
    assert reader.get("/logout/").status_code == 405
    assert reader.post("/logout/").url == "/login/"
    assert reader.get("/").status_code == 302


def test_an_unknown_address_says_what_to_do_next(viewer, client):
    client.force_login(viewer)

    response = client.get("/projects/nowhere/")

    assert response.status_code == 404
    assert "ask the person who gave it to you" in response.content.decode()
