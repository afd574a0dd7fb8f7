"""Share links in the admin: what owners can do, and that they can't reach the links of others."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from collector.models import Membership, Pixel, Project, Role, Section, ShareLink
from tests.collector.admin.test_admin import logged_in, text_of
from tests.dashboard.views.test_share import NOON, PASSWORD, share, url

pytestmark = pytest.mark.django_db

ADD = "/admin/collector/sharelink/add/"
LIST = "/admin/collector/sharelink/"


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


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
def foreign(db) -> Pixel:
    """A pixel in somebody else's project."""
    return Pixel.objects.create(
        project=Project.objects.create(name="Their secret plans", slug="theirs"), title="Their secret article"
    )


# Creating and changing links


def link_form(**changes: object) -> dict[str, object]:
    return {"name": "For Bo", "shows": list(Section.values), "_save": "Save", **changes}


def add(client: Client, project: Project, **changes: object):
    return client.post(ADD, link_form(project=project.pk, **changes))


def change(client: Client, link: ShareLink, **changes: object):
    return client.post(f"{LIST}{link.pk}/change/", link_form(**changes))


def test_an_owner_shares_a_project_and_copies_its_address(as_owner, client, pixel, settings):
    settings.PUBLIC_URL = "https://hits.example.org"
    answer = add(as_owner, pixel.project, shows=["trend", "hours"])

    link = ShareLink.objects.get()
    assert (link.project, link.pixel, link.name, link.shows) == (pixel.project, None, "For Bo", ["trend", "hours"])
    assert (link.password, link.expires_at, link.revoked_at, link.embedded_on) == ("", None, None, "")
    page = text_of(as_owner.get(answer.headers["Location"]))
    assert f">https://hits.example.org/share/{link.key}/</code>" in page
    assert "iframe" not in page
    assert client.get(url(link)).status_code == 200


def test_an_owner_shares_one_article_in_a_frame(as_owner, pixel, settings):
    settings.PUBLIC_URL = "https://hits.example.org"
    pixel.title = 'The "<b>" tag'
    pixel.save()

    answer = add(as_owner, pixel.project, pixel=pixel.pk, embedded_on="https://b\u00fccher.example:8443\n*\n*")

    link = ShareLink.objects.get()
    assert link.pixel == pixel
    assert link.embedded_on == "https://xn--bcher-kva.example:8443\n*"
    page = text_of(as_owner.get(answer.headers["Location"]))
    frame = re.search(r'<code id="share-frame"[^>]*>([^<]*)</code>', page)[1]
    assert unescape(frame) == (
        f"""<iframe src="https://hits.example.org/share/{link.key}/embed/" """
        """title="Visits to The &quot;&lt;b&gt;&quot; tag" width="100%" height="440" loading="lazy" """
        """style="border: 0"></iframe>"""
    )
    assert unescape(frame) in unescape(text_of(as_owner.get(LIST)))


def test_the_form_is_filled_in_from_the_project_or_pixel_in_the_address(as_owner, owner, pixel):
    second = Project.objects.create(name="Second", slug="second")
    Membership.objects.create(project=second, user=owner, role=Role.OWNER)
    Pixel.objects.create(project=second, title="Of the second")

    page = text_of(as_owner.get(ADD))
    assert "Hello" in page
    assert "Of the second" in page
    for query in (f"?project={second.pk}", f"?pixel={second.pixels.get().pk}"):
        page = text_of(as_owner.get(ADD + query))
        assert f'<option value="{second.pk}" selected>Second</option>' in page
        assert "Of the second" in page
        assert "Hello" not in page


def test_an_old_article_is_offered_if_it_was_chosen(as_owner, pixel, monkeypatch):
    monkeypatch.setattr("collector.admin.sharing_form.PIXELS_LISTED", 2)
    for number in range(3):
        Pixel.objects.create(project=pixel.project, title=f"Newer {number}")

    assert "Hello" not in text_of(as_owner.get(ADD))
    assert f'<option value="{pixel.pk}" selected>Hello</option>' in text_of(as_owner.get(f"{ADD}?pixel={pixel.pk}"))
    add(as_owner, pixel.project, pixel=pixel.pk)
    link = ShareLink.objects.get()
    assert link.pixel == pixel


def test_a_link_stays_with_its_project(as_owner, owner, pixel):
    second = Project.objects.create(name="Second", slug="second")
    Membership.objects.create(project=second, user=owner, role=Role.OWNER)
    link = share(pixel)

    change(as_owner, link, project=second.pk, name="Renamed")

    link.refresh_from_db()
    assert (link.project, link.name) == (pixel.project, "Renamed")


def test_a_link_stays_with_its_article(as_owner, pixel):
    other = Pixel.objects.create(project=pixel.project, title="Unpublished plans")
    link = share(pixel, pixel=pixel)

    page = text_of(as_owner.get(f"{LIST}{link.pk}/change/"))
    assert "Hello" in page
    assert "Unpublished plans" not in page
    assert 'name="pixel"' not in page
    for posted in ({}, {"pixel": ""}, {"pixel": other.pk}):
        assert change(as_owner, link, **posted).status_code == 302
        link.refresh_from_db()
        assert link.pixel == pixel


def test_a_link_to_a_whole_project_stays_one(as_owner, pixel):
    link = share(pixel)

    assert "The whole project" in text_of(as_owner.get(f"{LIST}{link.pk}/change/"))
    change(as_owner, link, pixel=pixel.pk)
    assert ShareLink.objects.get().pixel is None


def test_an_expiry_is_read_in_the_time_zone_of_the_project(as_owner, pixel):
    add(as_owner, pixel.project, expires_at="2026-12-24T18:00")

    link = ShareLink.objects.get()
    assert link.expires_at == datetime(2026, 12, 24, 17, tzinfo=UTC)
    page = text_of(as_owner.get(f"{LIST}{link.pk}/change/"))
    assert 'value="2026-12-24T18:00"' in page
    assert "Date and time in Europe/Berlin" in page
    assert "Open until 2026-12-24 18:00 Europe/Berlin" in page
    change(as_owner, link, expires_at="2026-12-24T18:00", name="Renamed")
    assert ShareLink.objects.get().expires_at == link.expires_at
    assert "expires" not in LogEntry.objects.latest("pk").get_change_message().lower()


@pytest.mark.parametrize(
    "typed", ["2026-11-22T13:00", "2026-11-22T12:59", "1999-01-01T00:00", "soon", "2026-13-01T00:00"]
)
def test_an_expiry_in_the_past_is_refused(as_owner, project, typed):
    page = text_of(add(as_owner, project, expires_at=typed))

    assert not ShareLink.objects.exists()
    assert "errorlist" in page
    if "T1" in typed:
        assert "it is 2026-11-22 13:00 in Europe/Berlin" in page


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
def test_an_expiry_too_far_in_the_future_is_refused(as_owner, project, zone):
    Project.objects.update(timezone=zone)
    for typed in ("9999-12-31T23:59", "3000-01-01T00:00", "0001-01-01T00:00"):
        assert "errorlist" in text_of(add(as_owner, project, expires_at=typed))
        assert not ShareLink.objects.exists()

    add(as_owner, project, expires_at="2999-12-31T23:59")
    assert "Open until 2999-12-31 23:59" in text_of(as_owner.get(LIST))


def test_an_expired_link_can_be_renamed_and_opened_again(as_owner, pixel):
    link = share(pixel, expires_at=NOON - timedelta(hours=1))

    change(as_owner, link, expires_at="2026-11-22T12:00", name="Renamed")
    assert ShareLink.objects.get().name == "Renamed"
    change(as_owner, link, expires_at="2026-11-23T12:00")
    assert ShareLink.objects.open_at(NOON).exists()


def test_a_password_is_set_changed_and_removed_and_never_shown(as_owner, project):
    add(as_owner, project, new_password=PASSWORD)
    link = ShareLink.objects.get()
    assert link.has_password(PASSWORD)
    hashed = link.password

    change(as_owner, link, new_password="", name="Renamed")
    link.refresh_from_db()
    assert link.password == hashed
    for path in (LIST, f"{LIST}{link.pk}/change/", f"{LIST}{link.pk}/history/"):
        page = text_of(as_owner.get(path))
        assert hashed not in page
        assert PASSWORD not in page
    change(as_owner, link, new_password="another password")
    link.refresh_from_db()
    assert link.has_password("another password")
    assert not link.has_password(PASSWORD)
    change(as_owner, link, removes_password="on")
    link.refresh_from_db()
    assert link.password == ""


def test_a_password_that_was_refused_is_not_sent_back(as_owner, project):
    page = text_of(add(as_owner, project, new_password="short-1", name=""))

    assert "at least 8 characters" in page
    assert "short-1" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"new_password": PASSWORD, "embedded_on": "*"}, "A frame can&#x27;t ask for a password"),
        ({"shows": ["hours"], "embedded_on": "*"}, "The frame shows the trend"),
        ({"embedded_on": "https://example.org/path"}, "is not a site"),
        ({"embedded_on": "https://example.org; script-src *"}, "is not a site"),
        ({"embedded_on": "https://a..b\u00fc.example"}, "is not a valid name of a site"),
        ({"embedded_on": "'self'"}, "is not a site"),
        ({"embedded_on": "https://["}, "is not a site"),
        ({"embedded_on": "https://[::1"}, "is not a site"),
        ({"embedded_on": "https://[v1.x]"}, "is not a site"),
        ({"embedded_on": "https://a.example*"}, "is not a site"),
        ({"embedded_on": "https://a.*.example"}, "is not a site"),
        ({"embedded_on": "https://a:b"}, "is not a site"),
        ({"embedded_on": "https://a:"}, "is not a site"),
        ({"embedded_on": "https://a:\u0661"}, "is not a site"),
        ({"embedded_on": "https://a%2fb.example"}, "is not a site"),
        ({"embedded_on": "https://a\\b.example"}, "is not a site"),
        ({"embedded_on": "https://a`b.example"}, "is not a site"),
        ({"embedded_on": "https://a\x01b.example"}, "is not a site"),
        ({"embedded_on": "https://a\x7fb.example"}, "is not a site"),
        ({"embedded_on": "https://b\u00fccher\\.example"}, "is not a site"),
        ({"embedded_on": "javascript://example.org"}, "is not a site"),
        ({"shows": ["trend", "secrets"]}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
        ({"pixel": "999999"}, "Choose an article of the project above"),
        ({"pixel": "9" * 40}, "Choose an article of the project above"),
        ({"pixel": "x"}, "Choose an article of the project above"),
    ],
)
def test_invalid_input_is_refused_with_a_reason(as_owner, project, changes, said):
    page = text_of(add(as_owner, project, **changes))

    assert said in page
    assert not ShareLink.objects.exists()


@pytest.mark.parametrize(
    "site",
    [
        "*",
        "https://blog.example.org",
        "https://Blog.example.org",
        "https://*.example.org:8443",
        "http://localhost:8001",
        "http://127.0.0.1",
        "https://[2001:db8::1]",
        "https://[::1]:8443",
        "https://xn--bcher-kva.example",
    ],
)
def test_any_site_can_be_named(as_owner, project, site):
    add(as_owner, project, embedded_on=site)

    assert ShareLink.objects.get().embedded_on == site


def test_a_frame_and_a_password_are_refused_together_later_too(as_owner, pixel):
    locked, framed = share(pixel, password=PASSWORD), share(pixel, embedded_on="*")

    assert "A frame can" in text_of(change(as_owner, locked, embedded_on="*"))
    assert "A frame can" in text_of(change(as_owner, framed, embedded_on="*", new_password=PASSWORD))
    assert change(as_owner, locked, embedded_on="*", removes_password="on").status_code == 302


def test_a_revoked_link_stops_working_at_once_and_for_good(as_owner, client, pixel):
    link, other = share(pixel), share(pixel, name="For Cy")

    page = text_of(as_owner.post(LIST, {"action": "revoke", "_selected_action": [link.pk]}, follow=True))

    assert "Revoked 1 link." in page
    assert "Revoked 2026-11-22 13:00 Europe/Berlin" in page
    assert link.key not in page
    assert client.get(url(link)).status_code == 404
    assert client.get(url(other)).status_code == 200
    change(as_owner, link, name="Renamed", expires_at="2027-01-01T00:00")
    assert client.get(url(link)).status_code == 404
    assert LogEntry.objects.filter(change_message="Revoked.").count() == 1
    assert "Nothing was revoked" in text_of(
        as_owner.post(LIST, {"action": "revoke", "_selected_action": [link.pk]}, follow=True)
    )


def test_a_link_is_revoked_from_its_own_page(as_owner, pixel):
    link = share(pixel)
    data = {"action": "revoke", "_selected_action": [link.pk], "from_page": "1", "index": "0"}

    answer = as_owner.post(LIST, data)

    assert answer.headers["Location"] == f"{LIST}{link.pk}/change/"
    assert "This link is permanently revoked" in text_of(as_owner.get(answer.headers["Location"]))


def test_a_link_can_be_deleted(as_owner, pixel):
    link = share(pixel)
    as_owner.post(f"{LIST}{link.pk}/delete/", {"post": "yes"})
    assert not ShareLink.objects.exists()


def test_the_list_shows_the_state_of_each_link(as_owner, pixel):
    share(pixel, name="For Di", expires_at=NOON + timedelta(days=1), password=PASSWORD)
    share(pixel, name="For Ed", expires_at=NOON - timedelta(days=1), pixel=pixel)
    share(pixel, name="For Flo", revoked_at=NOON)

    page = text_of(as_owner.get(LIST))
    for word in ("Open until 2026-11-23", "Expired 2026-11-21", "Revoked 2026-11-22", "Blog · Hello"):
        assert word in page
    shown = {state: text_of(as_owner.get(f"{LIST}?state={state}")) for state in ("open", "closed", "x")}
    assert ["For Di" in shown["open"], "For Ed" in shown["open"], "For Flo" in shown["open"]] == [True, False, False]
    assert ["For Di" in shown["closed"], "For Ed" in shown["closed"], "For Flo" in shown["closed"]] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("links", [1, 20])
def test_the_list_needs_the_same_queries_for_any_number_of_links(as_owner, pixel, links, django_assert_num_queries):
    for number in range(links):
        share(pixel, name=f"For {number}", embedded_on="*", pixel=pixel)
    with django_assert_num_queries(6):
        as_owner.get(LIST)


# Permissions


@pytest.fixture
def theirs(foreign) -> ShareLink:
    return share(foreign, name="Their secret reader")


def test_lists_and_forms_name_nothing_of_other_peoples_projects(as_owner, pixel, theirs, foreign):
    for path in (
        LIST,
        f"{LIST}?project={foreign.project_id}",
        f"{LIST}?project__id__exact={foreign.project_id}",
        f"{LIST}?q=secret",
        f"{LIST}?password__startswith=",
        f"{LIST}?key__startswith={theirs.key[0]}",
        ADD,
        f"{ADD}?project={foreign.project_id}",
        f"{ADD}?pixel={foreign.pk}",
        f"{ADD}?project={foreign.project_id}&pixel={foreign.pk}",
        f"{ADD}?project=x&pixel=%00",
        "/admin/",
    ):
        page = text_of(as_owner.get(path, follow=True))
        for word in ("secret plans", "secret article", "secret reader", theirs.key):
            assert word not in page, path


@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["as_owner", "as_stranger"])
def test_other_peoples_links_can_not_be_seen_or_changed(request, theirs, who, method, view):
    client = request.getfixturevalue(who)
    data = {"post": "yes", **link_form(project=theirs.project_id, name="Taken")}

    page = text_of(getattr(client, method)(f"{LIST}{theirs.pk}/{view}/", data, follow=True))

    assert theirs.key not in page
    assert "secret" not in page
    assert ShareLink.objects.get(pk=theirs.pk).name == "Their secret reader"


@pytest.mark.parametrize("action", ["revoke", "delete_selected"])
def test_actions_skip_other_peoples_links(as_owner, pixel, theirs, action):
    data = {"action": action, "_selected_action": [theirs.pk], "select_across": "1", "post": "yes"}

    page = text_of(as_owner.post(LIST, data, follow=True))

    assert "secret" not in page
    assert ShareLink.objects.get(pk=theirs.pk).revoked_at is None


def test_a_forged_project_is_refused(as_owner, project, foreign):
    page = text_of(add(as_owner, foreign.project))

    assert "Select a valid choice" in page
    assert "secret" not in page
    assert not ShareLink.objects.exists()


@pytest.mark.parametrize("is_owned", [False, True])
def test_an_article_of_another_project_is_refused(as_owner, owner, pixel, foreign, is_owned):
    if is_owned:
        Membership.objects.create(project=foreign.project, user=owner, role=Role.OWNER)
    page = text_of(add(as_owner, pixel.project, pixel=foreign.pk))
    assert "Choose an article of the project above" in page
    assert not ShareLink.objects.exists()

    link = share(pixel)
    change(as_owner, link, pixel=foreign.pk)
    link.refresh_from_db()
    assert link.pixel is None


def test_editors_share_nothing(editor, pixel):
    client = logged_in(editor)
    link = share(pixel)

    assert link.key not in text_of(client.get(LIST))
    assert client.get(f"{LIST}{link.pk}/change/").status_code == 302
    assert client.get(ADD).headers["Location"] == "/admin/collector/project/add/"
    assert client.post(ADD, link_form(project=pixel.project_id)).status_code == 302
    assert ShareLink.objects.count() == 1


def test_users_who_are_not_staff_are_sent_to_the_login(viewer, pixel):
    for path in (LIST, ADD, f"{LIST}{share(pixel).pk}/change/"):
        assert logged_in(viewer).get(path).headers["Location"].startswith("/admin/login/")


def test_a_superuser_shares_any_project(admin_client, pixel, theirs):
    page = text_of(admin_client.get(LIST))
    assert theirs.key in page
    assert add(admin_client, theirs.project).status_code == 302


def test_a_former_owner_can_no_longer_change_links(as_owner, owner, pixel):
    link = share(pixel)
    owner.memberships.update(role=Role.EDITOR)

    assert as_owner.get(f"{LIST}{link.pk}/change/").status_code == 302
    as_owner.post(LIST, {"action": "revoke", "_selected_action": [link.pk]})
    assert ShareLink.objects.get().revoked_at is None
