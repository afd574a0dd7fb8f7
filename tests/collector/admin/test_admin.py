"""The admin: what authors can do in it, and that they can't see each other's projects."""

import datetime
import re

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from collector.classify.platforms import catalogue
from collector.models import ApiToken, DailyCount, Dimension, Hit, Membership, Pixel, Project, Role, ShareLink

pytestmark = pytest.mark.django_db

PASSWORD = "long-enough-1"


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_owner(owner) -> Client:
    return logged_in(owner)


@pytest.fixture
def as_stranger(stranger) -> Client:
    """A staff user without a project, but with every model permission of Django."""
    stranger.user_permissions.set(Permission.objects.all())
    return logged_in(stranger)


@pytest.fixture
def editor(project) -> User:
    user = User.objects.create_user("editor", is_staff=True)
    Membership.objects.create(project=project, user=user, role=Role.EDITOR)
    return user


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def foreign(db) -> Pixel:
    """A pixel in somebody else's project."""
    theirs = Project.objects.create(name="Their secret plans", slug="theirs")
    Membership.objects.create(project=theirs, user=User.objects.create_user("other"), role=Role.OWNER)
    return Pixel.objects.create(project=theirs, title="Their secret article")


def count(pixel: Pixel) -> DailyCount:
    return DailyCount.objects.create(
        project=pixel.project,
        pixel_id=pixel.pk,
        date=datetime.date(2026, 11, 1),
        dimension=Dimension.TOTAL,
        platform="medium",
        value="",
        hits=1,
        visitors=1,
    )


def store_hit(pixel: Pixel) -> Hit:
    return Hit.objects.create(
        project=pixel.project,
        pixel=pixel,
        at=timezone.now(),
        id=1,
        position=0,
        traffic=0,
        verdict=0,
        evidence=0,
        new_to_pixel=True,
        new_to_project=True,
        platform="medium",
    )


def pixel_form(project: Project, **changes: object) -> dict[str, object]:
    return {"title": "Hello", "project": project.pk, "kind": "article", "_save": "Save", **changes}


def project_form(*members: tuple[str, str], project: Project | None = None, **changes: object) -> dict[str, object]:
    """Return the fields of the project form. Members are pairs of user name and role, existing members first."""
    existing = list(project.memberships.order_by("pk")) if project else []
    form: dict[str, object] = {
        "name": "Blog",
        "slug": "blog",
        "timezone": "Europe/Berlin",
        "retention_days": 730,
        "memberships-TOTAL_FORMS": len(members),
        "memberships-INITIAL_FORMS": len(existing),
        "_save": "Save",
    }
    for number, (name, role) in enumerate(members):
        form |= {f"memberships-{number}-user": name, f"memberships-{number}-role": role}
        if number < len(existing):
            form |= {f"memberships-{number}-id": existing[number].pk, f"memberships-{number}-project": project.pk}
    return form | changes


def text_of(response) -> str:
    return response.content.decode()


# Permissions


def test_an_author_finds_projects_and_pixels_and_no_users(as_owner):
    page = text_of(as_owner.get("/admin/"))

    assert "/admin/collector/project/add/" in page
    assert "/admin/collector/pixel/add/" in page
    assert "/admin/auth/" not in page


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

    assert response.status_code in {403, 404}
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


# Users


def test_a_superuser_creates_an_account(superuser):
    client = logged_in(superuser)
    data = {
        "username": "new",
        "usable_password": "true",
        "password1": "sufficiently-odd",
        "password2": "sufficiently-odd",
    }

    client.post("/admin/auth/user/add/", data)
    user = User.objects.get(username="new")
    client.post(f"/admin/auth/user/{user.pk}/change/", {"username": "new", "is_active": "on", "is_staff": "on"})

    user.refresh_from_db()
    assert user.is_staff
    assert user.check_password("sufficiently-odd")


def test_the_last_owner_of_a_project_can_not_be_deleted(superuser, owner, project):
    client = logged_in(superuser)

    response = client.post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Make someone else its owner first" in text_of(response)
    assert User.objects.filter(pk=owner.pk).exists()


def test_one_of_two_owners_can_be_deleted(superuser, owner, project):
    Membership.objects.create(project=project, user=superuser, role=Role.OWNER)

    logged_in(superuser).post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=owner.pk).exists()


# Projects


@pytest.mark.parametrize("typed", [(), (("stranger", "viewer"),)])
def test_the_user_who_creates_a_project_becomes_its_owner(as_stranger, stranger, typed):
    as_stranger.post("/admin/collector/project/add/", project_form(*typed))

    assert Project.objects.owned_by(stranger).get().slug == "blog"


def test_a_superuser_can_create_a_project_for_another_user(superuser, stranger):
    logged_in(superuser).post("/admin/collector/project/add/", project_form(("stranger", "owner")))

    assert [member.user for member in Project.objects.get().memberships.all()] == [stranger]


def test_members_are_added_by_user_name(as_owner, owner, viewer, stranger, project):
    form = project_form(("owner", "owner"), ("viewer", "editor"), ("stranger", "viewer"), project=project)

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    roles = {member.user.username: member.role for member in project.memberships.all()}
    assert roles == {"owner": "owner", "viewer": "editor", "stranger": "viewer"}


def test_the_member_form_lists_no_other_users(as_owner, project, stranger):
    page = text_of(as_owner.get(f"/admin/collector/project/{project.pk}/change/"))

    assert 'name="memberships-0-user" value="owner"' in page
    assert page.count('aria-label="User name"') == 3  # one is there, one is new, one is for more
    assert "stranger" not in page


def test_an_unknown_user_name_says_what_to_do(as_owner, owner, project):
    form = project_form(("owner", "owner"), ("Nemo", "viewer"), project=project)

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert "There is no user “Nemo”. Check the spelling, or ask an administrator" in page
    assert project.memberships.count() == 1


def test_a_member_can_not_be_added_twice(as_owner, owner, viewer, project):
    form = project_form(("owner", "owner"), ("viewer", "viewer"), ("viewer", "editor"), project=project)

    response = as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    assert response.status_code == 200
    assert project.memberships.count() == 2


@pytest.mark.parametrize("loss", [{"memberships-0-role": "editor"}, {"memberships-0-DELETE": "on"}])
def test_a_project_keeps_its_last_owner(as_owner, owner, viewer, project, loss):
    form = project_form(("owner", "owner"), ("viewer", "viewer"), project=project, **loss)

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert "A project needs an owner. Make another member its owner first" in page
    assert Project.objects.owned_by(owner).exists()


def test_an_owner_can_make_another_member_the_owner(as_owner, owner, viewer, project):
    form = project_form(("owner", "viewer"), ("viewer", "owner"), project=project)

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    assert Project.objects.owned_by(viewer).exists()
    assert not Project.objects.owned_by(owner).exists()


def test_a_new_time_zone_says_what_happens_to_past_days(as_owner, owner, project):
    url = f"/admin/collector/project/{project.pk}/change/"
    same = as_owner.post(url, project_form(("owner", "owner"), project=project, name="Other"), follow=True)
    moved = as_owner.post(url, project_form(("owner", "owner"), project=project, timezone="Asia/Tokyo"), follow=True)

    assert "rebuild_counts" not in text_of(same)
    assert "manage.py rebuild_counts blog" in text_of(moved)


def test_an_unknown_time_zone_says_what_to_write(as_owner, owner, project):
    form = project_form(("owner", "owner"), project=project, timezone="Berlin")

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert "Write one like Europe/Berlin or Asia/Tokyo" in page


def test_own_addresses_are_stored_one_per_line_without_blank_lines(as_owner, owner, project):
    typed = "\r\n 203.0.113.7 \r\n\r\n2001:db8::/48 198.51.100.0/24\r\n"
    form = project_form(("owner", "owner"), project=project, excluded_networks=typed, drops_opted_out="on")

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    project.refresh_from_db()
    assert project.excluded_networks == "203.0.113.7\n2001:db8::/48\n198.51.100.0/24"
    assert project.drops_opted_out


def test_an_invalid_own_address_says_what_to_write(as_owner, owner, project):
    form = project_form(("owner", "owner"), project=project, excluded_networks="203.0.113.7\nmy-home")

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert "“my-home” is not an address or network. Write one per line" in page
    project.refresh_from_db()
    assert project.excluded_networks == ""


def test_own_addresses_are_explained_and_shown_nowhere_else(as_owner, pixel):
    Project.objects.update(excluded_networks="203.0.113.7")
    count(pixel)

    page = text_of(as_owner.get(f"/admin/collector/project/{pixel.project_id}/change/"))

    assert "203.0.113.7</textarea>" in page
    assert "They are stored as you write them." in page
    assert "Hits of readers who opt out (Sec-GPC, DNT) are not stored." in page
    for url in (
        "/admin/collector/project/",
        f"/admin/collector/project/{pixel.project_id}/delete/",
        f"/admin/collector/project/{pixel.project_id}/history/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
        "/projects/blog/",
        f"/projects/blog/{pixel.pk}/",
    ):
        assert "203.0.113.7" not in text_of(as_owner.get(url)), url


def test_deleting_a_project_deletes_its_data_and_no_other(as_owner, pixel, foreign):
    for each in (pixel, foreign):
        count(each)
        store_hit(each)
    url = f"/admin/collector/project/{pixel.project_id}/delete/"

    assert "All its hits, visitors and counts" in text_of(as_owner.get(url))
    as_owner.post(url, {"post": "yes"})

    assert [left.slug for left in Project.objects.all()] == ["theirs"]
    assert Pixel.objects.get() == foreign
    assert DailyCount.objects.get().project == foreign.project
    assert Hit.objects.get().project == foreign.project


def test_deleting_a_project_lists_its_share_links(as_owner, pixel, foreign):
    url = f"/admin/collector/project/{pixel.project_id}/delete/"
    ShareLink.objects.create(project=foreign.project, name="Theirs")
    assert "<li>Share links: 0</li>" in text_of(as_owner.get(url))

    for number in range(2):
        ShareLink.objects.create(project=pixel.project, name=f"For {number}")

    page = text_of(as_owner.get(url))
    assert "<li>Share links: 2</li>" in page
    assert "<li>For 0</li>" in page
    assert "<li>For 1</li>" in page
    assert "Theirs" not in page


def test_the_confirmation_before_deleting_a_project_loads_no_hits(as_owner, pixel, django_assert_max_num_queries):
    store_hit(pixel)

    with django_assert_max_num_queries(15) as queries:
        as_owner.get(f"/admin/collector/project/{pixel.project_id}/delete/")

    assert not any("collector_hit" in query["sql"] for query in queries.captured_queries)


# Pixels


def test_a_new_pixel_shows_its_snippets(as_owner, project, settings):
    settings.PUBLIC_URL = ""
    form = pixel_form(project, known_placements=["medium", "dev-to"], own_placements="team-wiki")

    response = as_owner.post("/admin/collector/pixel/add/", form, follow=True)

    pixel = Pixel.objects.get()
    assert pixel.placements == ["medium", "dev-to", "team-wiki"]
    assert response.redirect_chain[-1][0] == f"/admin/collector/pixel/{pixel.pk}/change/"
    page = text_of(response)
    for placement in pixel.placements:
        url = f"http://testserver/p/{pixel.token}/{placement}.gif"
        assert f'data-snippet="url" data-placement="{placement}">{url}</code>' in page
        assert f'data-snippet="markdown" data-placement="{placement}">![]({url})</code>' in page
        assert f'data-snippet="html" data-placement="{placement}">&lt;img src=&quot;{url}&quot; alt=' in page
    assert catalogue()["dev-to"].sees in page


def test_the_pixel_page_writes_ids_without_thousands_separators(as_owner, project):
    pixel = Pixel.objects.create(pk=12345, project=project, title="Late")

    page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    assert '<input type="hidden" name="_selected_action" value="12345">' in page
    assert 'href="/projects/blog/12345/"' in page


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("My_Blog", "such as my-blog"),
        ("end", "such as my-end"),
        ("badge", "such as my-badge"),
        ("über", "such as uber"),
        ("a" * 41, "up to 40"),
        ("-x", "such as x"),
        ("../../etc", "such as etc"),
        ("<script>", "such as script"),
        (" ".join(f"p{number}" for number in range(41)), "at most 40 platforms, not 41"),
    ],
)
def test_an_invalid_placement_says_what_to_write(as_owner, project, typed, says):
    page = text_of(as_owner.post("/admin/collector/pixel/add/", pixel_form(project, own_placements=typed)))

    assert says in page
    assert not Pixel.objects.exists()


def test_a_placement_that_is_picked_and_typed_is_stored_once(as_owner, project):
    form = pixel_form(project, known_placements=["medium"], own_placements="medium, blog,,blog  team-wiki")

    as_owner.post("/admin/collector/pixel/add/", form)

    assert Pixel.objects.get().placements == ["medium", "blog", "team-wiki"]


def test_a_placement_outside_the_catalogue_can_not_be_ticked(as_owner, project):
    response = as_owner.post("/admin/collector/pixel/add/", pixel_form(project, known_placements=["nowhere"]))

    assert response.status_code == 200
    assert not Pixel.objects.exists()


def test_placements_are_shown_as_they_are_stored(as_owner, project):
    pixel = Pixel.objects.create(project=project, title="x", placements=["github", "team-wiki"])

    page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    assert re.search(r'value="github"[^>]* checked', page)
    assert not re.search(r'value="medium"[^>]* checked', page)
    assert 'name="own_placements" value="team-wiki"' in page


def test_token_and_dates_can_not_be_edited(as_owner, pixel):
    token = pixel.token
    form = pixel_form(pixel.project, token="mine", retired_at_0="2026-01-01", retired_at="2026-01-01", title="New")

    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/change/", form)

    pixel.refresh_from_db()
    assert (pixel.title, pixel.token, pixel.retired_at) == ("New", token, None)
    assert token in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))


def test_a_pixel_with_counts_stays_in_its_project(as_owner, owner, pixel):
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    url = f"/admin/collector/pixel/{pixel.pk}/change/"

    as_owner.post(url, pixel_form(other))
    pixel.refresh_from_db()
    assert pixel.project == other

    count(pixel)
    as_owner.post(url, pixel_form(Project.objects.get(slug="blog")))
    pixel.refresh_from_db()
    assert pixel.project == other


def test_a_pixel_that_a_link_shares_stays_in_its_project(as_owner, owner, pixel):
    other = Project.objects.create(name="Second blog", slug="second")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    link = ShareLink.objects.create(project=pixel.project, pixel=pixel, name="For Bo")
    url = f"/admin/collector/pixel/{pixel.pk}/change/"

    as_owner.post(url, pixel_form(other, title="Renamed"))
    pixel.refresh_from_db()
    assert (pixel.project, pixel.title) == (link.project, "Renamed")

    link.delete()
    as_owner.post(url, pixel_form(other))
    pixel.refresh_from_db()
    assert pixel.project == other


def test_retiring_and_reinstating_shows_in_list_page_and_history(as_owner, pixel):
    def act(action):
        as_owner.post("/admin/collector/pixel/", {"action": action, "index": "0", "_selected_action": [pixel.pk]})
        pixel.refresh_from_db()

    act("retire")
    assert pixel.retired_at is not None
    assert "Hello" in text_of(as_owner.get("/admin/collector/pixel/?state=retired"))
    assert "0 pixels" in text_of(as_owner.get("/admin/collector/pixel/?state=live"))
    assert "This pixel is retired" in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    act("reinstate")
    assert pixel.retired_at is None
    assert "Hello" in text_of(as_owner.get("/admin/collector/pixel/?state=live"))
    assert sorted(LogEntry.objects.values_list("change_message", flat=True)) == ["Reinstated.", "Retired."]


@pytest.mark.parametrize(("model", "module"), [("sharelink", "sharing"), ("apitoken", "tokens")])
def test_the_history_is_in_the_language_of_the_user_who_revokes(as_owner, owner, project, monkeypatch, model, module):
    monkeypatch.setattr(f"collector.admin.{module}._", "Ja: {}".format)
    link = ShareLink.objects.create(project=project, name="For Bo")
    token = ApiToken.objects.create(user=owner, name="Script")
    picked = {"sharelink": link, "apitoken": token}[model]

    as_owner.post(f"/admin/collector/{model}/", {"action": "revoke", "_selected_action": picked.pk, "index": "0"})

    assert LogEntry.objects.get().change_message == "Ja: Revoked."


def test_a_button_on_a_pixel_page_leads_back_to_it(as_owner, pixel):
    data = {"action": "retire", "index": "0", "from_page": "1", "_selected_action": [pixel.pk]}

    response = as_owner.post("/admin/collector/pixel/", data)

    assert response.headers["Location"] == f"/admin/collector/pixel/{pixel.pk}/change/"


def act(client: Client, action: str, pixel: Pixel, **more: str) -> str:
    """Run an action on a pixel, reload it, and return the address of the redirect."""
    data = {"action": action, "index": "0", "_selected_action": [pixel.pk], **more}
    response = client.post("/admin/collector/pixel/", data)
    pixel.refresh_from_db()
    return response.headers["Location"]


@pytest.mark.parametrize("who", ["owner", "editor"])
def test_pausing_and_resuming_shows_in_list_page_and_history(request, who, pixel):
    client = logged_in(request.getfixturevalue(who))
    lists, page = "/admin/collector/pixel/", f"/admin/collector/pixel/{pixel.pk}/change/"

    assert 'value="mute"' in text_of(client.get(page))
    assert "The pause applies to all readers" in text_of(client.get(page))
    assert act(client, "mute", pixel, from_page="1") == page
    assert pixel.is_muted(timezone.now())
    until = f"Paused until {pixel.muted_until.astimezone(pixel.project.zone):%H:%M} Europe/Berlin"
    for url in (lists, page):
        assert until in text_of(client.get(url))
    assert 'value="unmute"' in text_of(client.get(page))

    act(client, "unmute", pixel)
    assert not pixel.is_muted(timezone.now())
    for url in (lists, page):
        assert "Paused until" not in text_of(client.get(url))
    assert sorted(LogEntry.objects.values_list("change_message", flat=True)) == ["Paused.", "Resumed."]


@pytest.mark.parametrize("action", ["mute", "unmute"])
def test_a_get_pauses_nothing(as_owner, pixel, action):
    if action == "unmute":
        pixel.mute(timezone.now())
    before = pixel.muted_until

    as_owner.get(f"/admin/collector/pixel/?action={action}&index=0&_selected_action={pixel.pk}", follow=True)

    pixel.refresh_from_db()
    assert pixel.muted_until == before


def test_a_viewer_can_pause_nothing(project, pixel, viewer):
    viewer.is_staff = True
    viewer.save()

    act(logged_in(viewer), "mute", pixel)

    assert pixel.muted_at is None


def test_a_retired_pixel_is_not_paused_and_says_so(as_owner, pixel):
    Pixel.objects.update(retired_at=timezone.now())

    act(as_owner, "mute", pixel)

    assert pixel.muted_at is None
    page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))
    assert "Nothing was paused: the selected pixels are retired." in page
    assert 'value="mute"' not in page


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("/projects/blog/1/?range=7d", "/projects/blog/1/?range=7d"),
        ("https://evil.example/", "/admin/collector/pixel/"),
        ("//evil.example/", "/admin/collector/pixel/"),
        ("/\\evil.example/", "/admin/collector/pixel/"),
        ("javascript:alert(1)", "/admin/collector/pixel/"),
    ],
)
def test_pausing_leads_back_only_to_our_own_pages(as_owner, pixel, page, leads_to):
    assert act(as_owner, "mute", pixel, next=page) == leads_to


def test_retiring_again_keeps_the_first_moment(as_owner, pixel):
    first = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    Pixel.objects.update(retired_at=first)

    as_owner.post("/admin/collector/pixel/", {"action": "retire", "index": "0", "_selected_action": [pixel.pk]})

    pixel.refresh_from_db()
    assert pixel.retired_at == first


def test_a_pixel_with_counts_is_retired_not_deleted(as_owner, pixel):
    count(pixel)
    action = {"action": "delete_selected", "index": "0", "_selected_action": [pixel.pk], "post": "yes"}

    single = as_owner.post(f"/admin/collector/pixel/{pixel.pk}/delete/", {"post": "yes"}, follow=True)
    several = as_owner.post("/admin/collector/pixel/", action, follow=True)

    for response in (single, several):
        assert "Nothing was deleted: retire it instead" in text_of(response)
    assert "deletelink" not in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))
    assert Pixel.objects.filter(pk=pixel.pk).exists()


def test_a_pixel_without_counts_can_be_deleted(as_owner, project, pixel):
    another = Pixel.objects.create(project=project, title="Typo")

    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/delete/", {"post": "yes"})
    action = {"action": "delete_selected", "index": "0", "_selected_action": [another.pk]}
    asked = as_owner.post("/admin/collector/pixel/", action)
    assert "Are you sure" in text_of(asked)
    confirm = dict(re.findall(r'<input type="hidden" name="(action|post)" value="(\w+)"', text_of(asked)))
    as_owner.post("/admin/collector/pixel/", {**confirm, "_selected_action": [another.pk]})

    assert not Pixel.objects.exists()


@pytest.mark.parametrize("view", ["add", "several"])
def test_users_without_a_project_are_sent_to_create_one(as_stranger, view):
    response = as_stranger.get(f"/admin/collector/pixel/{view}/", follow=True)

    assert response.redirect_chain == [("/admin/collector/project/add/", 302)]
    assert "A pixel belongs to a project" in text_of(response)


def test_each_line_of_a_pasted_list_becomes_a_pixel(as_owner, project):
    form = {"project": project.pk, "kind": "article", "known_placements": ["medium"], "own_placements": "wiki"}

    response = as_owner.post(
        "/admin/collector/pixel/several/", {**form, "titles": "One\r\n\r\n  Two \nThree"}, follow=True
    )

    assert "Created 3 pixels" in text_of(response)
    assert sorted(Pixel.objects.values_list("title", flat=True)) == ["One", "Three", "Two"]
    assert len({pixel.token for pixel in Pixel.objects.all()}) == 3
    assert all(pixel.placements == ["medium", "wiki"] and pixel.project == project for pixel in Pixel.objects.all())
    assert LogEntry.objects.count() == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"titles": " \n "}, "This field is required"),
        ({"titles": "Fine\n" + "x" * 201}, "has 201 characters. The limit is 200."),
        ({"titles": "x\n" * 501}, "Paste at most 500"),
        ({"own_placements": "end"}, "such as my-end"),
        ({"kind": "poem"}, "Select a valid choice"),
    ],
)
def test_a_list_with_a_mistake_creates_no_pixel(as_owner, project, changes, says):
    form = {"project": project.pk, "kind": "article", "titles": "One"}

    assert says in text_of(as_owner.post("/admin/collector/pixel/several/", {**form, **changes}))
    assert not Pixel.objects.exists()


def test_several_pixels_can_not_be_put_into_a_foreign_project(as_owner, project, foreign):
    form = {"project": foreign.project_id, "kind": "article", "titles": "One"}

    page = text_of(as_owner.post("/admin/collector/pixel/several/", form))

    assert "Select a valid choice" in page
    assert "secret plans" not in page
    assert Pixel.objects.get() == foreign


def test_the_list_of_pixels_costs_the_same_however_many_there_are(as_owner, project, django_assert_num_queries):
    Pixel.objects.bulk_create(Pixel(project=project, title=f"Article {number}") for number in range(30))

    with django_assert_num_queries(6):
        as_owner.get("/admin/collector/pixel/")


@pytest.mark.parametrize("asked", ["9" * 5000, "9" * 20, "-1", "x", "\u00b2", "%00"])
@pytest.mark.parametrize("model", ["pixel", "sharelink"])
def test_a_list_filtered_by_an_impossible_project_is_empty(as_owner, pixel, model, asked):
    ShareLink.objects.create(project=pixel.project, name="Hello")

    answer = as_owner.get(f"/admin/collector/{model}/?project={asked}")

    assert answer.status_code == 200
    assert "Hello" not in text_of(answer)


def test_pages_link_to_the_dashboard(as_owner, pixel):
    assert 'href="/projects/blog/"' in text_of(as_owner.get(f"/admin/collector/project/{pixel.project_id}/change/"))
    pixel_page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))
    assert f'href="/projects/blog/{pixel.pk}/" class="viewsitelink">View dashboard</a>' in pixel_page


# Pages


def test_no_page_has_inline_script_or_style(as_owner, pixel):
    count(pixel)
    for url in (
        "/admin/",
        "/admin/login/",
        "/admin/collector/pixel/",
        "/admin/collector/pixel/add/",
        "/admin/collector/pixel/several/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
        f"/admin/collector/pixel/{pixel.pk}/history/",
        "/admin/collector/project/",
        "/admin/collector/project/add/",
        f"/admin/collector/project/{pixel.project_id}/change/",
        f"/admin/collector/project/{pixel.project_id}/delete/",
        "/admin/password_change/",
    ):
        response = as_owner.get(url, follow=True)
        page = text_of(response)
        assert response.status_code == 200, url
        assert "Footfall" in page
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", page), url
        assert response.headers["Content-Security-Policy"]


def test_a_title_is_escaped_everywhere(as_owner, pixel):
    Pixel.objects.update(title="<b>bold</b>")
    Project.objects.update(name="<i>slanted</i>")
    count(pixel)

    for url in (
        "/admin/collector/pixel/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
        f"/admin/collector/pixel/{pixel.pk}/delete/",
        "/admin/collector/project/",
        f"/admin/collector/project/{pixel.project_id}/delete/",
    ):
        page = text_of(as_owner.get(url, follow=True))
        assert "<b>bold" not in page
        assert "<i>slanted" not in page
