"""Pausing, retiring, reinstating and deleting pixels in the admin."""

import datetime
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from collector.models import ApiToken, Pixel, ShareLink
from tests.collector.admin.browsing import count, logged_in, text_of
from tests.hits import drain
from tests.reports import report, spool_reports, spooled_report

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def act(client: Client, action: str, pixel: Pixel, **more: str) -> str:
    """Run an action on a pixel, reload it, and return the address of the redirect."""
    data = {"action": action, "index": "0", "_selected_action": [pixel.pk], **more}
    response = client.post("/admin/collector/pixel/", data)
    pixel.refresh_from_db()
    return response.headers["Location"]


def test_retiring_and_reinstating_shows_in_list_page_and_history(as_owner, pixel):
    act(as_owner, "retire", pixel)
    assert pixel.retired_at is not None
    assert "Hello" in text_of(as_owner.get("/admin/collector/pixel/?state=retired"))
    assert "0 pixels" in text_of(as_owner.get("/admin/collector/pixel/?state=live"))
    assert "This pixel is retired" in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    act(as_owner, "reinstate", pixel)
    assert pixel.retired_at is None
    assert "Hello" in text_of(as_owner.get("/admin/collector/pixel/?state=live"))
    assert sorted(LogEntry.objects.values_list("change_message", flat=True)) == ["Reinstated.", "Retired."]


@pytest.mark.parametrize("model", ["sharelink", "apitoken"])
def test_the_history_is_in_the_language_of_the_user_who_revokes(as_owner, owner, project, model):
    link = ShareLink.objects.create(project=project, name="For Bo")
    token = ApiToken.objects.create(user=owner, name="Script")
    pk = {"sharelink": link, "apitoken": token}[model].pk

    form = {"action": "revoke", "_selected_action": pk, "index": "0"}
    as_owner.post(f"/admin/collector/{model}/", form, headers={"Accept-Language": "de"})

    assert LogEntry.objects.get().change_message == "Widerrufen."


def test_a_button_on_a_pixel_page_leads_back_to_it(as_owner, pixel):
    assert act(as_owner, "retire", pixel, from_page="1") == f"/admin/collector/pixel/{pixel.pk}/change/"


@pytest.mark.parametrize("who", ["owner", "editor"])
def test_pausing_and_resuming_shows_in_list_page_and_history(request, who, pixel):
    client = logged_in(request.getfixturevalue(who))
    pixel_list, page = "/admin/collector/pixel/", f"/admin/collector/pixel/{pixel.pk}/change/"

    assert 'value="mute"' in text_of(client.get(page))
    assert "The pause applies to all readers" in text_of(client.get(page))
    assert act(client, "mute", pixel, from_page="1") == page
    assert pixel.is_muted(timezone.now())
    until = f"Paused until {pixel.muted_until.astimezone(pixel.project.zone):%H:%M} Europe/Berlin"
    for url in (pixel_list, page):
        assert until in text_of(client.get(url))
    assert 'value="unmute"' in text_of(client.get(page))

    act(client, "unmute", pixel)
    assert not pixel.is_muted(timezone.now())
    for url in (pixel_list, page):
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


@pytest.mark.every_database
def test_retiring_again_keeps_the_first_moment(as_owner, pixel):
    first = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    Pixel.objects.update(retired_at=first)

    act(as_owner, "retire", pixel)

    assert pixel.retired_at == first


@pytest.mark.every_database
def test_a_pixel_with_counts_is_retired_not_deleted(as_owner, pixel):
    count(pixel)
    action = {"action": "delete_selected", "index": "0", "_selected_action": [pixel.pk], "post": "yes"}

    single = as_owner.post(f"/admin/collector/pixel/{pixel.pk}/delete/", {"post": "yes"}, follow=True)
    several = as_owner.post("/admin/collector/pixel/", action, follow=True)

    for response in (single, several):
        assert "Nothing was deleted: retire it instead" in text_of(response)
    assert "deletelink" not in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))
    assert Pixel.objects.filter(pk=pixel.pk).exists()


@pytest.mark.every_database
def test_a_program_with_counts_of_reports_is_not_deleted(as_owner, program, tmp_path):
    spool_reports(tmp_path, [spooled_report(program.token, report())])
    drain(tmp_path)

    response = as_owner.post(f"/admin/collector/pixel/{program.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Nothing was deleted: retire it instead" in text_of(response)
    assert Pixel.objects.filter(pk=program.pk).exists()


@pytest.mark.every_database
def test_a_pixel_without_counts_can_be_deleted(as_owner, project, pixel):
    another = Pixel.objects.create(project=project, title="Typo")

    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/delete/", {"post": "yes"})
    action = {"action": "delete_selected", "index": "0", "_selected_action": [another.pk]}
    confirmation = text_of(as_owner.post("/admin/collector/pixel/", action))
    assert "Are you sure" in confirmation
    hidden_fields = dict(re.findall(r'<input type="hidden" name="(action|post)" value="(\w+)"', confirmation))
    as_owner.post("/admin/collector/pixel/", {**hidden_fields, "_selected_action": [another.pk]})

    assert not Pixel.objects.exists()
