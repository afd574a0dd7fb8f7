"""What users see and change in the admin, and that they can't reach each other's projects."""

import datetime

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.utils import timezone

from collector.models import Membership, Pixel, Project, Role
from tests.collector.admin.browsing import count, logged_in, pixel_form, project_form, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_an_author_finds_projects_and_pixels_and_no_users(as_owner):
    page = text_of(as_owner.get("/admin/"))

    assert "/admin/collector/project/add/" in page
    assert "/admin/collector/pixel/add/" in page
    assert "/admin/auth/" not in page


@pytest.mark.every_database
def test_lists_hold_only_what_the_author_may_edit(as_owner, pixel, foreign):
    assert "Blog" in text_of(as_owner.get("/admin/collector/project/"))
    assert "Hello" in text_of(as_owner.get("/admin/collector/pixel/"))
    for url in (
        "/admin/",
        "/admin/collector/project/",
        "/admin/collector/pixel/",
        "/admin/collector/pixel/add/",
        "/admin/collector/pixel/?q=secret",
        "/admin/collector/project/?q=secret",
        f"/admin/collector/pixel/{pixel.pk}/change/",
    ):
        assert "secret p" not in text_of(as_owner.get(url, follow=True)), url
        assert "secret article" not in text_of(as_owner.get(url, follow=True)), url


@pytest.mark.every_database
@pytest.mark.parametrize(
    "query",
    [
        "project={}",
        "project__id__exact={}",
        "project__in={}",
        "project__name__startswith=Their",
        "project__memberships__user__password__startswith=pbkdf2",
        "o=3&all=&state=live",
    ],
)
def test_no_query_brings_up_foreign_pixels(as_owner, pixel, foreign, query):
    response = as_owner.get(f"/admin/collector/pixel/?{query.format(foreign.project_id)}", follow=True)

    assert response.status_code in {200, 400}
    assert "secret article" not in text_of(response)
    assert "secret plans" not in text_of(response)


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("sharelink", "password__startswith=pbkdf2"),
        ("sharelink", "password__isnull=0"),
        ("apitoken", "digest__startswith=a"),
        ("apitoken", "user__password__startswith=pbkdf2"),
        ("project", "members__password__startswith=pbkdf2"),
        ("project", "memberships=1"),
        ("pixel", "token__startswith=a"),
        ("pixel", "kind__exact=%00"),
    ],
)
def test_a_list_is_filtered_only_by_what_it_offers(as_owner, pixel, model, query):
    """Otherwise a list would tell, letter by letter, what no page shows: a hash of a password, for example."""
    assert as_owner.get(f"/admin/collector/{model}/?{query}").status_code == 400


@pytest.mark.every_database
@pytest.mark.parametrize("key", ["x", "\0", "9" * 20, "-1", ""])
def test_an_action_on_a_forged_key_is_refused(as_owner, pixel, key):
    data = {"action": "retire", "_selected_action": [pixel.pk, key]}
    assert as_owner.post("/admin/collector/pixel/", data).status_code == 400


@pytest.mark.every_database
def test_autocomplete_finds_nothing_with_nul(as_owner, project):
    url = "/admin/autocomplete/?app_label=collector&model_name=pixel&field_name=project&term=%00"
    assert as_owner.get(url).json()["results"] == []


@pytest.mark.every_database
def test_the_filters_that_a_list_offers_work(as_owner, pixel):
    for query in ("kind__exact=article", "state=live", f"project={pixel.project_id}"):
        assert "Hello" in text_of(as_owner.get(f"/admin/collector/pixel/?{query}")), query


@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("model", ["pixel", "project"])
def test_a_strangers_access_to_an_object_shows_and_changes_nothing(as_stranger, foreign, model, method, view):
    pk = foreign.pk if model == "pixel" else foreign.project_id
    data = {"post": "yes", **pixel_form(foreign.project, title="Taken")}

    response = getattr(as_stranger, method)(f"/admin/collector/{model}/{pk}/{view}/", data, follow=True)

    assert "secret plans" not in text_of(response)
    assert "secret article" not in text_of(response)
    assert foreign.token not in text_of(response)
    foreign.refresh_from_db()
    assert foreign.title == "Their secret article"


@pytest.mark.parametrize("action", ["mute", "unmute", "retire", "reinstate", "delete_selected"])
def test_actions_skip_foreign_pixels(as_owner, pixel, foreign, action):
    retired = timezone.now() if action == "reinstate" else None
    muted = timezone.now() if action == "unmute" else None
    until = muted + datetime.timedelta(minutes=10) if muted else None
    Pixel.objects.update(retired_at=retired, muted_at=muted, muted_until=until)
    data = {"action": action, "_selected_action": [foreign.pk], "select_across": "1", "post": "yes"}

    response = as_owner.post("/admin/collector/pixel/", data, follow=True)

    assert "secret" not in text_of(response)
    foreign.refresh_from_db()
    assert (foreign.retired_at, foreign.muted_at, foreign.muted_until) == (retired, muted, until)


@pytest.mark.parametrize("action", ["delete_selected", "retire"])
def test_projects_can_not_be_deleted_several_at_once(as_owner, project, foreign, action):
    data = {"action": action, "_selected_action": [project.pk, foreign.project_id], "post": "yes"}

    as_owner.post("/admin/collector/project/", data)

    assert Project.objects.count() == 2


def test_a_forged_project_is_refused_on_a_new_pixel(as_owner, project, foreign):
    response = as_owner.post("/admin/collector/pixel/add/", pixel_form(foreign.project))

    assert "Select a valid choice" in text_of(response)
    assert Pixel.objects.count() == 1


def test_a_forged_project_is_refused_on_an_existing_pixel(as_owner, pixel, foreign):
    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/change/", pixel_form(foreign.project))

    pixel.refresh_from_db()
    assert pixel.project.slug == "blog"


def test_a_forged_membership_of_another_project_is_refused(as_owner, owner, project, foreign):
    theirs = foreign.project.memberships.get()
    form = project_form(("owner", "owner"), ("owner", "owner"), project=project)
    form |= {
        "memberships-INITIAL_FORMS": 2,
        "memberships-1-id": theirs.pk,
        "memberships-1-project": foreign.project_id,
        "memberships-1-DELETE": "on",
    }

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    theirs.refresh_from_db()
    assert theirs.user.username == "other"


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_only_owners_can_open_a_project(project, pixel, role):
    member = User.objects.create_user("member", is_staff=True)
    Membership.objects.create(project=project, user=member, role=role)
    client = logged_in(member)

    assert client.get(f"/admin/collector/project/{project.pk}/change/").status_code == 302
    assert client.get(f"/admin/collector/project/{project.pk}/delete/").status_code == 302
    assert "Blog" not in text_of(client.get("/admin/collector/project/"))


def test_an_editor_edits_pixels(editor, pixel):
    client = logged_in(editor)

    client.post(f"/admin/collector/pixel/{pixel.pk}/change/", pixel_form(pixel.project, title="Edited"))

    pixel.refresh_from_db()
    assert pixel.title == "Edited"


def test_an_editor_sees_no_link_to_the_project_page(editor, pixel):
    count(pixel)

    page = text_of(logged_in(editor).get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    assert "Blog" in page
    assert f"/admin/collector/project/{pixel.project_id}/" not in page


def test_a_viewer_sees_no_pixels(project, pixel, viewer):
    viewer.is_staff = True
    viewer.save()
    client = logged_in(viewer)

    assert "Hello" not in text_of(client.get("/admin/collector/pixel/"))
    assert client.get(f"/admin/collector/pixel/{pixel.pk}/change/").status_code == 302


def test_users_who_are_not_staff_are_sent_to_the_login(viewer, pixel):
    client = logged_in(viewer)

    for url in (
        "/admin/",
        "/admin/collector/pixel/",
        "/admin/collector/pixel/several/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
    ):
        assert client.get(url).headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    "url",
    [
        "/admin/auth/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/auth/user/{}/change/",
        "/admin/auth/user/{}/password/",
        "/admin/auth/user/{}/delete/",
        "/admin/auth/user/{}/history/",
        "/admin/auth/group/",
        "/admin/autocomplete/?app_label=collector&model_name=membership&field_name=user&term=o",
        "/admin/autocomplete/?app_label=admin&model_name=logentry&field_name=user&term=o",
    ],
)
def test_only_superusers_see_users_whatever_model_permissions_others_have(as_stranger, owner, url):
    response = as_stranger.get(url.format(owner.pk))

    assert response.status_code in {302, 403, 404}
    assert "owner" not in text_of(response).replace("error", "")


@pytest.mark.parametrize("right", ["view", "change", "delete"])
def test_rights_are_checked_for_each_object(rf, owner, pixel, foreign, right):
    request = rf.get("/admin/")
    request.user = owner

    for mine, theirs in ((pixel, foreign), (pixel.project, foreign.project)):
        may = getattr(site.get_model_admin(type(mine)), f"has_{right}_permission")
        assert may(request, mine)
        assert not may(request, theirs)


def test_autocomplete_offers_no_foreign_projects(as_owner, project, foreign):
    url = "/admin/autocomplete/?app_label=collector&model_name=pixel&field_name=project&term="

    assert [row["text"] for row in as_owner.get(url).json()["results"]] == ["Blog"]


def test_a_superuser_sees_everything(superuser, pixel, foreign):
    client = logged_in(superuser)

    assert "Their secret plans" in text_of(client.get("/admin/collector/project/"))
    assert "Their secret article" in text_of(client.get("/admin/collector/pixel/"))
    assert client.get(f"/admin/collector/pixel/{foreign.pk}/change/").status_code == 200
    assert client.get("/admin/auth/user/").status_code == 200
