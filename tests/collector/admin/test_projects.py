"""Projects in the admin, with their members."""

import re

import pytest

from collector.models import DailyCount, Hit, Pixel, Project, ShareLink
from tests.collector.admin.browsing import count, logged_in, project_form, store_hit, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


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


@pytest.mark.every_database
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


def test_own_sites_are_stored_and_the_admin_says_what_happens_to_past_visits(as_owner, owner, project):
    url = f"/admin/collector/project/{project.pk}/change/"
    form = project_form(("owner", "owner"), project=project, sites="\n Blog: example.com \n\nMedium: a.example\n")
    changed = as_owner.post(url, form, follow=True)
    same = as_owner.post(url, form, follow=True)

    assert Project.objects.get().sites == "Blog: example.com\nMedium: a.example"
    assert "manage.py rebuild_counts --reclassify" in text_of(changed)
    assert "--reclassify" not in text_of(same)


def test_wrong_own_sites_are_refused_line_by_line(as_owner, owner, project):
    form = project_form(("owner", "owner"), project=project, sites="Blog: medium.com\nBlog: example")
    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert "Line 1: “medium.com” belongs to Medium." in page
    assert "Line 2: “example” is not a host." in page
    assert Project.objects.get().sites == ""


@pytest.mark.every_database
def test_after_a_change_of_time_zone_the_admin_says_which_days_stay(as_owner, project):
    Project.objects.update(hits_kept_since="2026-11-15T23:00Z", counted_from="2026-11-16")
    form = project_form(("owner", "owner"), project=project, timezone="Asia/Tokyo")

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form, follow=True))

    assert "stay as they are: their raw hits are deleted." in page


def test_the_first_day_of_the_week_is_one_of_three(as_owner, project):
    url = f"/admin/collector/project/{project.pk}/change/"
    for weekday, saved in ((7, 7), (6, 6), (3, 6)):  # a week that begins on Wednesday is refused
        as_owner.post(url, project_form(("owner", "owner"), project=project, first_weekday=weekday))
        assert Project.objects.get().first_weekday == saved


@pytest.mark.every_database
def test_a_shorter_retention_is_accepted_and_says_what_it_deletes(as_owner, project):
    url = f"/admin/collector/project/{project.pk}/change/"

    shorter = as_owner.post(url, project_form(("owner", "owner"), project=project, retention_days=30), follow=True)
    one_day = as_owner.post(url, project_form(("owner", "owner"), project=project, retention_days=1), follow=True)
    longer = as_owner.post(url, project_form(("owner", "owner"), project=project, retention_days=300), follow=True)

    assert "Raw hits older than 1 day will be deleted within an hour." in text_of(one_day)
    assert "Raw hits older than 30 days will be deleted within an hour." in text_of(shorter)
    assert "will be deleted" not in text_of(longer)
    assert Project.objects.get().retention_days == 300

    shortest = as_owner.post(url, project_form(("owner", "owner"), project=project, retention_days=1), follow=True)
    assert "Raw hits older than 1 day will be deleted within an hour." in text_of(shortest)


@pytest.mark.parametrize("days", [0, 1_000_000])
def test_a_retention_out_of_bounds_is_refused(as_owner, project, days):
    form = project_form(("owner", "owner"), project=project, retention_days=days)

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    assert Project.objects.get().retention_days == 730


@pytest.mark.parametrize(
    ("typed", "zone", "says"),
    [
        ("berlin", "Europe/Berlin", ""),
        ("new york", "America/New_York", ""),
        ("Mars/Phobos", "Europe/Berlin", "Write one like Europe/Berlin or Asia/Tokyo"),
        ("utc+2", "Europe/Berlin", "Enter a place, such as Europe/Berlin, Europe/Athens"),
    ],
)
def test_a_time_zone_is_typed_as_people_call_it(as_owner, owner, project, typed, zone, says):
    form = project_form(("owner", "owner"), project=project, timezone=typed)

    page = text_of(as_owner.post(f"/admin/collector/project/{project.pk}/change/", form))

    assert says in page
    assert Project.objects.get().timezone == zone


def test_a_script_fills_in_the_time_zone_of_a_new_project_but_not_of_one_that_is_there(as_owner, project):
    new = as_owner.get("/admin/collector/project/add/").content.decode()
    sent = as_owner.post("/admin/collector/project/add/", project_form(name="")).content.decode()
    changed = as_owner.get(f"/admin/collector/project/{project.pk}/change/").content.decode()

    assert "data-time-zone" in new
    assert "js/creation.js" in new
    assert 'list="time-zones"' in changed
    assert "data-time-zone" not in sent + changed


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother"])
def test_a_new_project_leads_to_its_first_article(as_stranger, button):
    answer = as_stranger.post("/admin/collector/project/add/", project_form(**{button: "1"}), follow=True)

    assert '“Blog” is ready. <a href="/projects/blog/new/">Create its first article</a>' in answer.content.decode()
    assert as_stranger.get("/projects/blog/new/").status_code == 200


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


@pytest.mark.parametrize(
    ("peer", "forwarded", "public_url", "offered"),
    [
        ("203.0.113.7", "", "https://hits.example.org", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "", "https://hits.example.org", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", "https://hits.example.org", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.8", "https://hits.example.org", "203.0.113.8"),
        ("10.0.0.1", "", "https://hits.example.org", None),  # its own proxy, without TRUSTED_PROXIES: everybody
        ("10.0.0.1", "", "http://footfall.internal", "10.0.0.1"),
        ("127.0.0.1", "", "", None),
    ],
)
def test_the_users_current_address_is_offered(as_owner, settings, project, peer, forwarded, public_url, offered):
    settings.PUBLIC_URL, settings.TRUSTED_PROXIES = public_url, int(bool(forwarded))
    headers = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})

    for url in ("/admin/collector/project/add/", f"/admin/collector/project/{project.pk}/change/"):
        page = text_of(as_owner.get(url, **headers))

        assert re.findall(r"Your current address: <code>(.*?)</code>", page) == ([offered] if offered else [])
        assert re.findall('data-adds="(.*?)" data-to="id_excluded_networks" hidden', page) == [offered] * bool(offered)
        assert "js/own_address.js" in page


def test_whether_members_count_can_be_changed(as_owner, owner, project):
    for typed, expected in (({}, False), ({"ignores_members": "on"}, True)):
        as_owner.post(
            f"/admin/collector/project/{project.pk}/change/",
            project_form(("owner", "owner"), project=project, **typed),
        )
        project.refresh_from_db()
        assert project.ignores_members == expected


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


@pytest.mark.every_database
def test_deleting_a_project_deletes_its_data_and_no_other(as_owner, pixel, foreign):
    for each in (pixel, foreign):
        count(each)
        store_hit(each)
    url = f"/admin/collector/project/{pixel.project_id}/delete/"

    assert "All its hits, visitors and counts" in text_of(as_owner.get(url))
    as_owner.post(url, {"post": "yes"})

    assert [project.slug for project in Project.objects.all()] == ["theirs"]
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


@pytest.mark.every_database
def test_the_confirmation_before_deleting_a_project_loads_no_hits(as_owner, pixel, django_assert_max_num_queries):
    store_hit(pixel)

    with django_assert_max_num_queries(15) as queries:
        as_owner.get(f"/admin/collector/project/{pixel.project_id}/delete/")

    assert not any("collector_hit" in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize(("seconds", "stored"), [(3, 3), (3600, 3600), (2, 10), (3601, 10), (-1, 10), ("", 10)])
def test_the_minimum_reading_time_has_bounds(as_owner, owner, project, seconds, stored):
    form = project_form(("owner", "owner"), project=project) | {"min_reading_seconds": seconds}

    as_owner.post(f"/admin/collector/project/{project.pk}/change/", form)

    assert Project.objects.get().min_reading_seconds == stored
