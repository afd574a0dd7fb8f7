"""Share links in the admin: what owners can do, and that they can't reach the links of others."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry

from collector.models import Membership, Role, ShareLink
from tests.collector.admin.browsing import logged_in, text_of
from tests.collector.admin.share_forms import ADD, LIST, add, change, link_form
from tests.dashboard.views.test_share import NOON, PASSWORD, share, url

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


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


@pytest.mark.every_database
@pytest.mark.parametrize("links", [1, 20])
def test_the_list_needs_the_same_queries_for_any_number_of_links(as_owner, pixel, links, django_assert_num_queries):
    for number in range(links):
        share(pixel, name=f"For {number}", embedded_on="*", pixel=pixel)
    with django_assert_num_queries(6):
        as_owner.get(LIST)


@pytest.fixture
def theirs(foreign) -> ShareLink:
    return share(foreign, name="Their secret reader")


@pytest.mark.every_database
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
