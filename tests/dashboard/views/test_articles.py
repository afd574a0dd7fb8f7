"""The page of one article: retired, paused, seen elsewhere."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from collector.models import Dimension, Membership, Pixel, Role
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import DAY, add, add_visits
from tests.dashboard.views.page_reader import PAGES, Tables, get

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]


def test_a_retired_pixel_says_so(reader, pixel):
    Pixel.objects.filter(pk=pixel.pk).update(retired_at=NOON)
    assert "Retired" in get(reader, f"/projects/blog/{pixel.pk}/")


def test_a_paused_pixel_says_until_when_and_that_it_applies_to_all_readers(reader, pixel):
    pixel.mute(NOON - timedelta(minutes=5))
    page = get(reader, f"/projects/blog/{pixel.pk}/")
    assert (
        "Counting is paused until 13:05 (Europe/Berlin). Until then, the hits of all readers are filtered out" in page
    )
    assert "all readers" in page
    Pixel.objects.update(muted_until=NOON)
    assert "paused" not in get(reader, f"/projects/blog/{pixel.pk}/")


def test_a_retired_pixel_is_not_called_paused(client, admin_user, pixel):
    pixel.mute(NOON)
    Pixel.objects.update(retired_at=NOON)
    client.force_login(admin_user)
    page = get(client, f"/projects/blog/{pixel.pk}/")
    assert "paused" not in page
    assert 'value="unmute"' not in page


@pytest.mark.parametrize(
    ("role", "is_staff", "may"),
    [(Role.VIEWER, True, False), (Role.EDITOR, False, False), (Role.EDITOR, True, True), (Role.OWNER, True, True)],
)
def test_users_who_can_edit_a_pixel_in_the_admin_can_pause_it_on_its_page(client, viewer, pixel, role, is_staff, may):
    User.objects.update(is_staff=is_staff)
    Membership.objects.update(role=role)
    client.force_login(viewer)
    url = f"/projects/blog/{pixel.pk}/"
    assert ('value="mute"' in get(client, url)) == may
    pixel.mute(NOON)
    assert ('value="unmute"' in get(client, url)) == may


def test_the_pause_button_needs_a_csrf_token_and_leads_back_to_the_page(owner, pixel):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    url = f"/projects/blog/{pixel.pk}/?range=7d"

    def press(button: str) -> None:
        form = get(client, url).split('<div class="pause')[1].split("</form>")[0]
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        assert fields["action"] == button
        action = re.search(r'action="([^"]+)"', form)[1]
        assert client.post(action, fields | {"csrfmiddlewaretoken": ""}).status_code == 403
        assert client.post(action, fields).headers["Location"] == url
        pixel.refresh_from_db()

    press("mute")
    assert pixel.is_muted(NOON)
    assert "Counting is paused until 13:10" in get(client, url)
    press("unmute")
    assert not pixel.is_muted(NOON)
    assert "Counting is paused" not in get(client, url)
    assert 'class="messagelist"' not in get(client, "/admin/")  # nothing waits there to be told again


def test_hosts_elsewhere_are_shown_as_text_and_never_linked(reader, pixel):
    add_visits(pixel, 5)
    add(pixel, Dimension.ELSEWHERE, "copies.example", 3, 2, DAY, "medium")
    for path in PAGES[1:]:
        page = get(reader, path.format(pixel=pixel.pk))
        assert Tables(page).panels["elsewhere"] == {"copies.example": "3"}
        assert "copies of the article" in page
        links = [
            str(attributes["href"]) for _, attributes in Tables(page).tags if "copies" in str(attributes.get("href"))
        ]
        assert links == ["?range=30d&elsewhere=copies.example"]  # which shows this page for it alone


def test_a_platform_is_followed_by_unusual_evidence(reader, pixel):
    add_visits(pixel, 5)
    add(pixel, Dimension.EVIDENCE, "page", 5, 5, DAY, "medium")
    assert Tables(get(reader, "/projects/blog/")).panels["platforms"] == {"Medium via the page": "5"}
    assert Tables(get(reader, f"/projects/blog/{pixel.pk}/")).panels["placements"] == {"Medium": "5"}
