"""The form of a share link: its project, article, expiry, password and frame."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry

from collector.models import Membership, Pixel, Project, Role, ShareLink
from tests.collector.admin.browsing import text_of
from tests.collector.admin.share_forms import ADD, LIST, add, change
from tests.dashboard.views.test_share import NOON, PASSWORD, share

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


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


@pytest.mark.every_database
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
    ("changes", "reason"),
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
def test_invalid_input_is_refused_with_a_reason(as_owner, project, changes, reason):
    page = text_of(add(as_owner, project, **changes))

    assert reason in page
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


def test_an_existing_link_can_not_have_both_a_frame_and_a_password(as_owner, pixel):
    locked, framed = share(pixel, password=PASSWORD), share(pixel, embedded_on="*")

    assert "A frame can" in text_of(change(as_owner, locked, embedded_on="*"))
    assert "A frame can" in text_of(change(as_owner, framed, embedded_on="*", new_password=PASSWORD))
    assert change(as_owner, locked, embedded_on="*", removes_password="on").status_code == 302
