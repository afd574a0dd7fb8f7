"""API tokens in the admin: who can create, see and revoke them, and that a secret is shown once and never stored."""

import re

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from collector.models import ApiToken, Membership, Project, Role
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

LIST = "/admin/collector/apitoken/"
SECRET = re.compile(r"ff_[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def unlimited(settings) -> None:
    """Limit no requests of the API: other tests of this process may have used the limit up in the same minute."""
    settings.API_RATE_LIMIT = (0, 60)


@pytest.fixture
def theirs(db) -> ApiToken:
    """Another user's token, for a project that our owner can't see."""
    user = User.objects.create_user("other", is_staff=True)
    project = Project.objects.create(name="Their secret plans", slug="theirs")
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    return make(user, project, name="Their secret script")


def make(user: User, *projects: Project, name: str = "Script") -> ApiToken:
    token = ApiToken(user=user, name=name)
    token.make_secret()
    token.save()
    token.projects.set(projects)
    return token


def reads(secret: str) -> list[str]:
    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/projects")
    return [row["slug"] for row in answer.json()["items"]] if answer.status_code == 200 else [str(answer.status_code)]


def test_a_new_token_shows_its_secret_once_and_reads_its_projects(as_owner, owner, project):
    response = as_owner.post(f"{LIST}add/", {"name": "Script", "projects": [project.pk]})
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    [secret] = set(SECRET.findall(text_of(response)))
    token = ApiToken.objects.get()
    assert token.user == owner
    assert reads(secret) == ["blog"]
    for path in (LIST, f"{LIST}{token.pk}/change/", f"{LIST}{token.pk}/history/", "/admin/"):
        assert secret not in text_of(as_owner.get(path))
    stored = [str(vars(row)) for row in [token, *LogEntry.objects.all()]]
    stored += [str(session.get_decoded()) for session in Session.objects.all()]
    assert secret not in " ".join([*stored, *(cookie.value for cookie in as_owner.cookies.values())])


def test_viewers_create_tokens_only_if_they_are_staff(viewer, project):
    data = {"name": "Script", "projects": [project.pk]}
    assert logged_in(viewer).post(f"{LIST}add/", data).status_code == 302
    User.objects.filter(pk=viewer.pk).update(is_staff=True)
    assert reads(SECRET.findall(text_of(logged_in(viewer).post(f"{LIST}add/", data)))[0]) == ["blog"]
    assert ApiToken.objects.count() == 1


def test_a_forged_project_is_refused_on_a_new_token(as_owner, project, theirs):
    form = text_of(as_owner.get(f"{LIST}add/"))
    assert "Blog" in form
    assert "secret plans" not in form
    projects = [project.pk, theirs.projects.get().pk]
    response = as_owner.post(f"{LIST}add/", {"name": "Script", "projects": projects})
    assert "Select a valid choice" in text_of(response)
    assert not SECRET.search(text_of(response))
    assert ApiToken.objects.count() == 1


def test_a_forged_project_is_refused_on_an_existing_token(as_owner, owner, project, theirs):
    mine = make(owner, project)
    as_owner.post(f"{LIST}{mine.pk}/change/", {"name": "Script", "projects": [theirs.projects.get().pk]})
    assert list(mine.projects.all()) == [project]


def test_other_posted_fields_change_nothing(as_owner, owner, project, stranger):
    mine = make(owner, project)
    forged = {"user": stranger.pk, "digest": "0" * 64, "prefix": "ff_x", "revoked_at": "", "secret": "ff_x"}
    as_owner.post(f"{LIST}{mine.pk}/change/", {"name": "Renamed", "projects": [project.pk], **forged})
    as_owner.post(f"{LIST}add/", {"name": "New", "projects": [project.pk], **forged})
    changed = ApiToken.objects.get(pk=mine.pk)
    assert (changed.name, changed.user, changed.digest, changed.prefix) == ("Renamed", owner, mine.digest, mine.prefix)
    assert ApiToken.objects.get(name="New").user == owner


@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_other_peoples_tokens_can_not_be_opened(stranger, theirs, method, view):
    stranger.user_permissions.set(Permission.objects.all())
    data = {"post": "yes", "name": "Taken", "projects": []}
    response = getattr(logged_in(stranger), method)(f"{LIST}{theirs.pk}/{view}/", data, follow=True)
    assert "secret" not in text_of(response)
    assert ApiToken.objects.get().name == "Their secret script"


@pytest.mark.every_database
@pytest.mark.parametrize(
    "query", ["", "?q=secret", "?projects={}", "?projects__id__exact={}", "?user={}", "?user__password__startswith=p"]
)
def test_lists_show_only_the_users_own_tokens(as_owner, owner, project, theirs, query):
    make(owner, project)
    response = as_owner.get(f"{LIST}{query.format(theirs.projects.get().pk)}", follow=True)
    assert response.status_code in {200, 400}
    assert "secret script" not in text_of(response)
    assert "secret plans" not in text_of(response)


@pytest.mark.parametrize("action", ["revoke", "delete_selected"])
def test_actions_skip_other_peoples_tokens(as_owner, theirs, action):
    data = {"action": action, "_selected_action": [theirs.pk], "select_across": "1", "post": "yes", "from_page": "1"}
    assert "secret" not in text_of(as_owner.post(LIST, data, follow=True))
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_is_revoked_on_its_page(as_owner, project):
    response = as_owner.post(f"{LIST}add/", {"name": "Script", "projects": [project.pk]})
    secret = SECRET.findall(text_of(response))[0]
    token = ApiToken.objects.get()
    assert 'value="revoke"' in text_of(as_owner.get(f"{LIST}{token.pk}/change/"))
    data = {"action": "revoke", "_selected_action": [token.pk], "index": "0", "from_page": "1"}
    page = text_of(as_owner.post(LIST, data, follow=True))
    assert "Revoked" in page
    assert 'value="revoke"' not in page
    assert reads(secret) == ["401"]


def test_a_project_that_the_user_lost_is_no_longer_named(as_owner, owner, project):
    token = make(owner, project)
    Membership.objects.filter(user=owner).delete()
    for path in (LIST, f"{LIST}{token.pk}/change/"):
        assert "Blog" not in text_of(as_owner.get(path))


def test_a_superuser_can_revoke_any_token_but_not_add_projects_its_user_may_not_see(admin_client, project, theirs):
    assert "Their secret script" in text_of(admin_client.get(LIST))
    assert "Blog" not in text_of(admin_client.get(f"{LIST}{theirs.pk}/change/"))
    admin_client.post(f"{LIST}{theirs.pk}/change/", {"name": "Mine", "projects": [project.pk]})
    assert [project.slug for project in theirs.projects.all()] == ["theirs"]
    admin_client.post(LIST, {"action": "revoke", "_selected_action": [theirs.pk], "index": "0"})
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.every_database
def test_a_user_is_deleted_with_their_tokens(admin_client, theirs):
    Membership.objects.create(project=theirs.projects.get(), user=User.objects.get(username="admin"), role=Role.OWNER)
    admin_client.post(f"/admin/auth/user/{theirs.user_id}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="other").exists()
    assert not ApiToken.objects.exists()


@pytest.mark.every_database
def test_a_list_of_many_tokens_needs_no_more_queries(as_owner, owner, project, django_assert_max_num_queries):
    for number in range(30):
        make(owner, project, name=f"Script {number}")
    ApiToken.objects.filter(name="Script 3").update(revoked_at=timezone.now())
    with django_assert_max_num_queries(8):
        assert "Script 29" in text_of(as_owner.get(LIST))


@pytest.mark.parametrize("right", ["view", "change", "delete"])
def test_rights_are_checked_for_each_object(rf, owner, project, theirs, right):
    request = rf.get("/admin/")
    request.user = owner
    may = getattr(site.get_model_admin(ApiToken), f"has_{right}_permission")
    assert may(request, make(owner, project))
    assert not may(request, theirs)
